//! What administrators may do: nobody grants what they may not grant, nobody changes their own grants,
//! and somebody always owns the deployment.

use super::directory::{Stored, StoredKey, has_owner, owns};
use super::grant::{Grant, TenantScope};
use super::key::KeyKind;
use super::permission::{Permission, Permissions, Role};
use super::principal::{Principal, PrincipalKind};
use super::{DAY_US, Denied};
use crate::model::Micros;

/// Keys of a deployment at most, revoked ones included.
pub const KEYS: usize = 10_000;
/// The name of a deleted tenant is not given again for so long.
pub const NAME_RESTS_US: i64 = 90 * DAY_US;

/// Why an administrator's call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("nobody would own the deployment any more; make another owner first")]
    LastOwner,
    #[error("there is no such key")]
    KeyNotFound,
    #[error("there is such a tenant, or was one less than 90 days ago")]
    TenantExists,
    #[error("there are {KEYS} keys already")]
    TooManyKeys,
    /// A field of the request, and what it must be.
    #[error("{field}: {what}")]
    Field { field: &'static str, what: &'static str },
}

/// Whether a principal may do this in all tenants of a grant.
fn administers(principal: &Principal, tenant: &TenantScope, permission: Permission) -> Result<(), Denied> {
    let permitted = match tenant {
        TenantScope::All => principal.everywhere(permission),
        TenantScope::One(name) => {
            principal.scope(name).is_some_and(|scope| scope.permissions.has(permission))
        }
    };
    match permitted {
        true => Ok(()),
        false => Err(Denied::PermissionMissing(permission)),
    }
}

/// Whether all tenants of the grants are the principal's to administer.
#[must_use]
pub fn administers_all(principal: &Principal, grants: &[Grant], permission: Permission) -> bool {
    grants.iter().all(|grant| administers(principal, &grant.tenant, permission).is_ok())
        && (!grants.is_empty() || principal.everywhere(permission))
}

/// What a principal may give to others: an owner everything, though it has not all of it itself.
fn grantable(principal: &Principal, tenant: &TenantScope) -> Permissions {
    let owns = |grant: &&Grant| {
        grant.role == Some(Role::Owner) && (grant.tenant == TenantScope::All || grant.tenant == *tenant)
    };
    if principal.is_everybody() || principal.grants.iter().any(|grant| owns(&grant)) {
        return Permissions::all();
    }
    let of = |grant: &&Grant| grant.tenant == TenantScope::All || grant.tenant == *tenant;
    principal.grants.iter().filter(of).fold(Permissions::NONE, |sum, grant| sum.and(grant.all_permissions()))
}

/// Whether a principal may give this grant.
///
/// # Errors
/// The first permission that it lacks.
pub fn may_grant(principal: &Principal, grant: &Grant) -> Result<(), Denied> {
    let (given, own) = (grant.all_permissions(), grantable(principal, &grant.tenant));
    if let Some(lacking) = given.iter().find(|&permission| !own.has(permission)) {
        return Err(Denied::PermissionMissing(lacking));
    }
    // Who is bound to sources gives no others.
    let TenantScope::One(tenant) = &grant.tenant else { return Ok(()) };
    let bound = principal.scope(tenant).and_then(|scope| scope.sources.as_ref());
    let within = |bound: &Vec<String>| {
        !grant.sources.is_empty() && grant.sources.iter().all(|source| bound.contains(source))
    };
    match bound {
        Some(bound) if given.has(Permission::TouchpointWrite) && !within(bound) => {
            Err(Denied::PermissionMissing(Permission::TouchpointWrite))
        }
        _ => Ok(()),
    }
}

/// Whether a new key may be made.
///
/// # Errors
/// Why not.
pub fn may_make_key(
    principal: &Principal,
    kind: KeyKind,
    grants: &[Grant],
    stored: &Stored,
) -> Result<(), Refused> {
    if stored.keys.len() >= KEYS {
        return Err(Refused::TooManyKeys);
    }
    if grants.is_empty() {
        return Err(Refused::Field { field: "grants", what: "must be set" });
    }
    for grant in grants {
        administers(principal, &grant.tenant, Permission::AdminKey)?;
        may_grant(principal, grant)?;
    }
    if kind == KeyKind::Public {
        may_be_public(grants)?;
    }
    Ok(())
}

/// A key that stands in every browser is bound to one tenant and one source, and writes only.
fn may_be_public(grants: &[Grant]) -> Result<(), Refused> {
    let [grant] = grants else {
        return Err(Refused::Field { field: "grants", what: "a public key has one" });
    };
    if grant.tenant == TenantScope::All || grant.sources.len() != 1 {
        return Err(Refused::Field {
            field: "grants[0].sources",
            what: "a public key has one tenant and one source",
        });
    }
    match grant.all_permissions().is_within(Role::IngestPublic.permissions()) {
        true => Ok(()),
        false => Err(Refused::Field {
            field: "grants[0].role",
            what: "a public key has the role ingest_public and no other permission",
        }),
    }
}

/// The key of an id, if the principal administers its tenants; others do not exist for it.
///
/// # Errors
/// When there is none.
pub fn key_of<'a>(principal: &Principal, stored: &'a Stored, id: &str) -> Result<&'a StoredKey, Refused> {
    let key = stored.keys.iter().find(|key| key.id == id);
    key.filter(|key| administers_all(principal, &key.grants, Permission::AdminKey))
        .ok_or(Refused::KeyNotFound)
}

/// Whether a key may be given a second secret: who gets it may do what the key may.
///
/// # Errors
/// Why not.
pub fn may_rotate(principal: &Principal, key: &StoredKey) -> Result<(), Refused> {
    if key.revoked_us.is_some() {
        return Err(Refused::KeyNotFound);
    }
    if principal.name == format!("key:{}", key.id) {
        return Ok(());
    }
    key.grants.iter().try_for_each(|grant| may_grant(principal, grant)).map_err(Refused::Denied)
}

/// Whether somebody owns the deployment without this key.
///
/// # Errors
/// When nobody would.
pub fn may_end(stored: &Stored, key: &StoredKey, now: Micros) -> Result<(), Refused> {
    let others = stored.grants.iter().any(|(_, grants)| owns(grants));
    match key.is_owner() && key.is_live(now) && !others && !has_owner(&stored.keys, Some(&key.id), now) {
        true => Err(Refused::LastOwner),
        false => Ok(()),
    }
}

/// Whether a principal's grants may be replaced by these.
///
/// # Errors
/// Why not.
pub fn may_set_grants(
    by: &Principal,
    principal: &str,
    before: &[Grant],
    after: &[Grant],
    stored: &Stored,
    now: Micros,
) -> Result<(), Refused> {
    if by.name == principal && by.kind != PrincipalKind::Everybody {
        return Err(Denied::PermissionMissing(Permission::AdminGrant).into());
    }
    let changed = |grant: &&Grant| before.contains(grant) != after.contains(grant);
    for grant in before.iter().chain(after).filter(changed) {
        administers(by, &grant.tenant, Permission::AdminGrant)?;
    }
    for grant in after.iter().filter(|grant| !before.contains(grant)) {
        may_grant(by, grant)?;
    }
    if !owns(before) || owns(after) {
        return Ok(());
    }
    let id = principal.strip_prefix("key:");
    let others = stored.grants.iter().any(|(name, grants)| name != principal && owns(grants));
    match others || has_owner(&stored.keys, id, now) {
        true => Ok(()),
        false => Err(Refused::LastOwner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros(5);

    fn with(name: &str, grants: Vec<Grant>) -> Principal {
        Principal::new(name.to_owned(), PrincipalKind::Key(KeyKind::Admin), grants, NOW)
    }

    fn of(tenant: &str, role: Role) -> Grant {
        Grant::of_role(TenantScope::parse(tenant).unwrap(), role)
    }

    fn key(id: &str, grants: Vec<Grant>) -> StoredKey {
        StoredKey {
            id: id.to_owned(),
            kind: KeyKind::Admin,
            name: String::new(),
            hash: [1; 32],
            previous: None,
            grants,
            created_us: 0,
            created_by: String::new(),
            not_before_us: None,
            expires_us: None,
            revoked_us: None,
        }
    }

    #[test]
    fn nobody_grants_what_they_lack() {
        let owner = with("key:o", vec![of("*", Role::Owner)]);
        let admin = with("key:a", vec![of("acme", Role::Admin)]);
        let may = |principal: &Principal, grant| may_grant(principal, &grant).is_ok();
        // An owner may give what it may not use.
        assert!(may(&owner, of("acme", Role::Service)) && may(&owner, of("*", Role::Dpo)));
        assert!(may(&admin, of("acme", Role::Admin)));
        assert!(!may(&admin, of("acme", Role::Viewer)) && !may(&admin, of("acme", Role::Owner)));
        assert!(!may(&admin, of("*", Role::Admin)) && !may(&admin, of("other", Role::Admin)));
        let bound = Grant { sources: vec!["pos".to_owned()], ..of("acme", Role::Ingest) };
        let till = with("key:t", vec![bound.clone()]);
        assert!(may(&till, bound));
        assert!(!may(&till, of("acme", Role::Ingest)));
    }

    #[test]
    fn keys_are_made_within_the_tenants_of_their_maker() {
        let owner = with("key:o", vec![of("*", Role::Owner)]);
        let admin = with("key:a", vec![of("acme", Role::Admin)]);
        let make = |principal: &Principal, kind, grants: Vec<Grant>| {
            may_make_key(principal, kind, &grants, &Stored::default())
        };
        assert_eq!(make(&owner, KeyKind::Secret, vec![of("acme", Role::Service)]), Ok(()));
        assert!(make(&admin, KeyKind::Secret, vec![of("other", Role::Admin)]).is_err());
        assert!(make(&owner, KeyKind::Secret, Vec::new()).is_err());
        let public = |tenant, role, sources: &[&str]| Grant {
            sources: sources.iter().map(|&one| one.to_owned()).collect(),
            ..of(tenant, role)
        };
        let public_key = |grant| make(&owner, KeyKind::Public, vec![grant]);
        assert_eq!(public_key(public("acme", Role::IngestPublic, &["web"])), Ok(()));
        assert!(public_key(public("acme", Role::Ingest, &["web"])).is_err());
        assert!(public_key(public("acme", Role::IngestPublic, &[])).is_err());
        assert!(public_key(public("*", Role::IngestPublic, &["web"])).is_err());
    }

    #[test]
    fn somebody_always_owns_the_deployment() {
        let first = key("one", vec![of("*", Role::Owner)]);
        let stored = |keys: Vec<StoredKey>| Stored { keys, ..Stored::default() };
        let alone = stored(vec![first.clone(), key("two", vec![of("acme", Role::Owner)])]);
        assert_eq!(may_end(&alone, &first, NOW), Err(Refused::LastOwner));
        let both = stored(vec![first.clone(), key("two", vec![of("*", Role::Owner)])]);
        assert_eq!(may_end(&both, &first, NOW), Ok(()));
        let other = with("key:x", vec![of("*", Role::Owner)]);
        let set = |stored: &Stored| {
            may_set_grants(&other, "key:one", &first.grants, &[of("acme", Role::Viewer)], stored, NOW)
        };
        assert_eq!(set(&alone), Err(Refused::LastOwner));
        assert_eq!(set(&both), Ok(()));
    }

    #[test]
    fn nobody_changes_their_own_grants_or_takes_a_stronger_key() {
        let owner = with("key:o", vec![of("*", Role::Owner)]);
        let own = may_set_grants(&owner, "key:o", &[], &[of("acme", Role::Dpo)], &Stored::default(), NOW);
        assert_eq!(own, Err(Refused::Denied(Denied::PermissionMissing(Permission::AdminGrant))));
        let admin = with("key:a", vec![of("*", Role::Admin)]);
        assert!(may_rotate(&admin, &key("o", vec![of("*", Role::Owner)])).is_err());
        assert_eq!(may_rotate(&admin, &key("a", vec![of("*", Role::Owner)])), Ok(()));
        let stored = Stored { keys: vec![key("k", vec![of("other", Role::Viewer)])], ..Stored::default() };
        let local = with("key:l", vec![of("acme", Role::Admin)]);
        assert_eq!(key_of(&local, &stored, "k").unwrap_err(), Refused::KeyNotFound);
        assert!(key_of(&admin, &stored, "k").is_ok());
    }
}
