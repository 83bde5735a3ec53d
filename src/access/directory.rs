//! All keys, grants and tenants' states of a deployment at once, as the store had them at an epoch.
//! Read by every call, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use super::Denied;
use super::grant::{Grant, TenantScope};
use super::key::{self, KeyKind, KeyText, SecretHash};
use super::permission::Role;
use super::principal::{Principal, PrincipalKind};
use super::rate::Bucket;
use crate::model::{Micros, TenantName};

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredKey {
    pub id: String,
    pub kind: KeyKind,
    /// What people call it.
    pub name: String,
    pub hash: SecretHash,
    /// The secret before the last rotation, and until when it is taken.
    pub previous: Option<(SecretHash, i64)>,
    pub grants: Vec<Grant>,
    pub created_us: i64,
    /// The principal that made it; empty: the command line, at the database.
    pub created_by: String,
    pub not_before_us: Option<i64>,
    pub expires_us: Option<i64>,
    pub revoked_us: Option<i64>,
}

impl StoredKey {
    /// Whether it may be used now.
    #[must_use]
    pub fn is_live(&self, now: Micros) -> bool {
        self.revoked_us.is_none()
            && self.expires_us.is_none_or(|end| now.0 < end)
            && self.not_before_us.is_none_or(|begin| begin <= now.0)
    }

    /// Whether it may do everything everywhere, by a grant that does not end by itself.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        owns(&self.grants)
    }
}

/// Whether grants make an owner of the deployment.
#[must_use]
pub fn owns(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| {
        grant.tenant == TenantScope::All && grant.role == Some(Role::Owner) && grant.until_us.is_none()
    })
}

/// Whether somebody owns the deployment, not counting one key.
#[must_use]
pub fn has_owner(keys: &[StoredKey], but: Option<&str>, now: Micros) -> bool {
    keys.iter().any(|key| Some(key.id.as_str()) != but && key.is_live(now) && key.is_owner())
}

/// What a tenant may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantState {
    Active,
    /// Kept, and closed to every call.
    Suspended,
    /// Its facts are gone; its name is not given again for a while.
    Deleted,
}

/// What a tenant may take at most; 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    pub requests_per_second: u64,
    pub touchpoints_per_second: u64,
    /// Ever recorded.
    pub touchpoints: u64,
}

/// What is stored of a tenant beside its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTenant {
    pub name: TenantName,
    pub state: TenantState,
    pub since_us: i64,
    pub quota: Quota,
}

/// A tenant that is not as all others are.
#[derive(Debug)]
pub struct TenantEntry {
    pub state: TenantState,
    pub quota: Quota,
    pub requests: Option<Bucket>,
    pub touchpoints: Option<Bucket>,
}

struct KeyEntry {
    stored: StoredKey,
    principal: Arc<Principal>,
}

/// See the module.
#[derive(Default)]
pub struct Directory {
    keys: HashMap<String, KeyEntry>,
    grants: HashMap<String, Vec<Grant>>,
    tenants: HashMap<TenantName, Arc<TenantEntry>>,
    /// When the next grant ends: what was added up is wrong from then on.
    until: Option<Micros>,
    has_owner: bool,
}

/// What a directory is made of.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub keys: Vec<StoredKey>,
    /// By the principal's name.
    pub grants: Vec<(String, Vec<Grant>)>,
    pub tenants: Vec<StoredTenant>,
}

impl Directory {
    /// `rate`: calls a second of one principal at most; 0: no limit. What the one before has counted
    /// goes on.
    #[must_use]
    pub fn new(stored: Stored, before: &Self, rate: u64, now: Micros) -> Self {
        let all_grants = || {
            let of_keys = stored.keys.iter().flat_map(|key| &key.grants);
            of_keys.chain(stored.grants.iter().flat_map(|(_, grants)| grants))
        };
        let until = all_grants().filter_map(|grant| grant.until_us).filter(|&until| now.0 < until).min();
        let has_owner =
            has_owner(&stored.keys, None, now) || stored.grants.iter().any(|(_, grants)| owns(grants));
        let entry = |stored: StoredKey| {
            let bucket = match before.keys.get(&stored.id) {
                Some(known) => known.principal.bucket.clone(),
                None => Bucket::per_second(rate).map(Arc::new),
            };
            let kind = PrincipalKind::Key(stored.kind);
            let mut principal =
                Principal::new(format!("key:{}", stored.id), kind, stored.grants.clone(), now);
            principal.expires = stored.expires_us.map(Micros);
            principal.bucket = bucket;
            (stored.id.clone(), KeyEntry { stored, principal: Arc::new(principal) })
        };
        let tenant = |stored: StoredTenant| {
            let kept = before.tenants.get(&stored.name);
            let kept = kept.filter(|kept| kept.state == stored.state && kept.quota == stored.quota);
            let entry = kept.cloned().unwrap_or_else(|| {
                Arc::new(TenantEntry {
                    state: stored.state,
                    quota: stored.quota,
                    requests: Bucket::per_second(stored.quota.requests_per_second),
                    touchpoints: Bucket::per_second(stored.quota.touchpoints_per_second),
                })
            });
            (stored.name, entry)
        };
        Self {
            until: until.map(Micros),
            has_owner,
            keys: stored.keys.into_iter().map(entry).collect(),
            grants: stored.grants.into_iter().collect(),
            tenants: stored.tenants.into_iter().map(tenant).collect(),
        }
    }

    /// Whether what was added up is no longer so, though nothing was changed.
    #[must_use]
    pub fn is_outdated(&self, now: Micros) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    #[must_use]
    pub fn has_owner(&self) -> bool {
        self.has_owner
    }

    /// The principal of a key as presented.
    ///
    /// # Errors
    /// The same for an unknown key, a wrong secret and a revoked key. That a key has expired is told
    /// to who has its secret.
    pub fn principal_of_key(&self, text: &str, now: Micros) -> Result<Arc<Principal>, Denied> {
        let presented = KeyText::parse(text).ok_or(Denied::CredentialsInvalid)?;
        let hash = presented.hash();
        let known = self.keys.get(presented.id);
        // An unknown key is compared, too: it takes as long.
        const NOBODY: SecretHash = [0; 32];
        let mut right = key::equal(&hash, known.map_or(&NOBODY, |known| &known.stored.hash));
        let known = known.ok_or(Denied::CredentialsInvalid)?;
        if let Some((previous, until)) = &known.stored.previous {
            right |= key::equal(&hash, previous) && now.0 < *until;
        }
        if !right || !presented.is_of(known.stored.kind) || known.stored.revoked_us.is_some() {
            return Err(Denied::CredentialsInvalid);
        }
        match known.stored.is_live(now) {
            true => Ok(known.principal.clone()),
            false => Err(Denied::CredentialsExpired),
        }
    }

    /// Whether a principal that was let in before still is.
    ///
    /// # Errors
    /// Why it is no longer.
    pub fn still_valid(&self, principal: &Principal, now: Micros) -> Result<(), Denied> {
        if principal.expires.is_some_and(|end| end <= now) {
            return Err(Denied::CredentialsExpired);
        }
        let Some(id) = principal.name.strip_prefix("key:") else { return Ok(()) };
        let known = self.keys.get(id).ok_or(Denied::CredentialsInvalid)?;
        match known.stored.is_live(now) {
            true => Ok(()),
            false => Err(Denied::CredentialsInvalid),
        }
    }

    /// What is granted to a principal that has no key.
    #[must_use]
    pub fn grants_of(&self, principal: &str) -> &[Grant] {
        self.grants.get(principal).map_or(&[], Vec::as_slice)
    }

    /// What is said of a tenant; `None` for one that is active and without a quota.
    #[must_use]
    pub fn tenant(&self, name: &TenantName) -> Option<&Arc<TenantEntry>> {
        self.tenants.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::{MadeKey, make, make_for};
    use super::*;

    const NOW: Micros = Micros(10_000_000);

    fn stored(made: &MadeKey) -> StoredKey {
        StoredKey {
            id: made.id.clone(),
            kind: KeyKind::Secret,
            name: "till".to_owned(),
            hash: made.hash,
            previous: None,
            grants: vec![Grant::of_role(TenantScope::All, Role::Owner)],
            created_us: 0,
            created_by: String::new(),
            not_before_us: None,
            expires_us: None,
            revoked_us: None,
        }
    }

    #[track_caller]
    fn check(key: StoredKey, presented: &str, expected: Result<(), Denied>) {
        let stored = Stored { keys: vec![key], ..Stored::default() };
        let directory = Directory::new(stored, &Directory::default(), 0, NOW);
        assert_eq!(directory.principal_of_key(presented, NOW).map(drop), expected);
    }

    #[test]
    fn only_the_right_secret_of_a_live_key_is_taken() {
        let made = make(KeyKind::Secret).unwrap();
        let other = make_for(KeyKind::Secret, &made.id).unwrap();
        let key = || stored(&made);
        check(key(), &made.text, Ok(()));
        check(key(), &other.text, Err(Denied::CredentialsInvalid));
        check(key(), &make(KeyKind::Secret).unwrap().text, Err(Denied::CredentialsInvalid));
        check(key(), &made.text.replacen("c360_s", "c360_a", 1), Err(Denied::CredentialsInvalid));
        check(StoredKey { revoked_us: Some(1), ..key() }, &made.text, Err(Denied::CredentialsInvalid));
        let ended = || StoredKey { expires_us: Some(NOW.0), ..key() };
        check(ended(), &made.text, Err(Denied::CredentialsExpired));
        check(ended(), &other.text, Err(Denied::CredentialsInvalid));
        check(
            StoredKey { not_before_us: Some(NOW.0 + 1), ..key() },
            &made.text,
            Err(Denied::CredentialsExpired),
        );
    }

    #[test]
    fn both_secrets_are_taken_while_a_rotation_lasts() {
        let first = make(KeyKind::Secret).unwrap();
        let second = make_for(KeyKind::Secret, &first.id).unwrap();
        let rotated = |until| StoredKey { previous: Some((first.hash, until)), ..stored(&second) };
        check(rotated(NOW.0 + 1), &first.text, Ok(()));
        check(rotated(NOW.0 + 1), &second.text, Ok(()));
        check(rotated(NOW.0), &first.text, Err(Denied::CredentialsInvalid));
    }

    #[test]
    fn the_last_owner_is_seen() {
        let made = make(KeyKind::Admin).unwrap();
        let keys = [stored(&made)];
        assert!(has_owner(&keys, None, NOW));
        assert!(!has_owner(&keys, Some(&made.id), NOW));
        let ended = [StoredKey { expires_us: Some(NOW.0), ..stored(&made) }];
        assert!(!has_owner(&ended, None, NOW));
        let lesser = Grant { until_us: Some(i64::MAX), ..Grant::of_role(TenantScope::All, Role::Owner) };
        assert!(!owns(&[lesser, Grant::of_role(TenantScope::All, Role::Admin)]));
    }

    #[test]
    fn what_was_counted_goes_on_when_keys_are_read_anew() {
        let made = make(KeyKind::Secret).unwrap();
        let all = || Stored { keys: vec![stored(&made)], ..Stored::default() };
        let first = Directory::new(all(), &Directory::default(), 1, NOW);
        let take = |directory: &Directory| {
            let principal = directory.principal_of_key(&made.text, NOW).unwrap();
            principal.bucket.as_ref().unwrap().take(NOW, 1)
        };
        assert!(take(&first).is_ok());
        assert!(take(&Directory::new(all(), &first, 1, NOW)).is_err());
    }
}
