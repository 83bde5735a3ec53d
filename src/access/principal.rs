//! Who calls, and what a call may do.

use std::collections::HashMap;
use std::sync::Arc;

use super::Denied;
use super::directory::TenantEntry;
use super::grant::{Grant, TenantScope};
use super::key::KeyKind;
use super::permission::{Permission, Permissions};
use super::rate::Bucket;
use super::table::Access;
use crate::model::{Micros, TenantName};

/// The tenant of a call that names none, where nobody has to say who they are.
pub const DEFAULT_TENANT: &str = "default";

/// How a principal showed who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Without authentication everybody is one principal, who may do everything.
    Everybody,
    Key(KeyKind),
    Token,
    Certificate,
}

/// Somebody who may ask, with everything that grants add up to.
#[derive(Debug)]
pub struct Principal {
    /// `key:<id>`, `jwt:<issuer>#<subject>`, `spiffe://...`, `dns:<name>`; empty for everybody.
    pub name: String,
    pub kind: PrincipalKind,
    /// The exact grants: nobody grants what they lack.
    pub grants: Vec<Grant>,
    /// When the credential ends (exclusive).
    pub expires: Option<Micros>,
    pub bucket: Option<Arc<Bucket>>,
    all: Option<Arc<Scope>>,
    named: HashMap<TenantName, Arc<Scope>>,
    anywhere: Permissions,
}

/// What a principal may do within one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    pub permissions: Permissions,
    /// Sources that may be written; none: any.
    pub sources: Option<Vec<String>>,
    /// Kinds that a public key may write; empty: the anonymous ones.
    pub kinds: Vec<String>,
}

impl Scope {
    /// Whether touchpoints and records of this source may be written.
    #[must_use]
    pub fn writes_source(&self, source: &str) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.iter().any(|one| one == source))
    }

    /// What the grants add up to for one tenant.
    fn of<'a>(grants: impl Iterator<Item = &'a Grant>) -> Self {
        let mut scope = Self { sources: Some(Vec::new()), ..Self::default() };
        for grant in grants {
            let permissions = grant.all_permissions();
            scope.permissions = scope.permissions.and(permissions);
            scope.kinds.extend(grant.kinds.iter().cloned());
            let writes = [Permission::TouchpointWrite, Permission::TouchpointVoid];
            if !writes.iter().any(|&write| permissions.has(write)) {
                continue;
            }
            match &mut scope.sources {
                Some(sources) if !grant.sources.is_empty() => sources.extend(grant.sources.iter().cloned()),
                _ => scope.sources = None,
            }
        }
        scope
    }
}

impl Principal {
    /// A principal by the grants that hold now.
    #[must_use]
    pub fn new(name: String, kind: PrincipalKind, grants: Vec<Grant>, now: Micros) -> Self {
        let grants: Vec<Grant> = grants.into_iter().filter(|grant| grant.holds_at(now)).collect();
        let for_all = |grant: &&Grant| grant.tenant == TenantScope::All;
        let all = grants.iter().any(|grant| grant.tenant == TenantScope::All);
        let all = all.then(|| Arc::new(Scope::of(grants.iter().filter(for_all))));
        let mut named = HashMap::new();
        for grant in &grants {
            let TenantScope::One(tenant) = &grant.tenant else { continue };
            if !named.contains_key(tenant) {
                let own = |one: &&Grant| for_all(one) || one.tenant == grant.tenant;
                named.insert(tenant.clone(), Arc::new(Scope::of(grants.iter().filter(own))));
            }
        }
        let anywhere = grants.iter().fold(Permissions::NONE, |sum, grant| sum.and(grant.all_permissions()));
        Self { name, kind, grants, expires: None, bucket: None, all, named, anywhere }
    }

    /// Who everybody is without authentication.
    #[must_use]
    pub fn everybody() -> Self {
        let scope = Scope { permissions: Permissions::all(), ..Scope::default() };
        Self {
            name: String::new(),
            kind: PrincipalKind::Everybody,
            grants: vec![Grant {
                permissions: Permission::ALL.to_vec(),
                role: None,
                ..Grant::of_role(TenantScope::All, super::Role::Owner)
            }],
            expires: None,
            bucket: None,
            all: Some(Arc::new(scope)),
            named: HashMap::new(),
            anywhere: Permissions::all(),
        }
    }

    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.kind == PrincipalKind::Everybody
    }

    /// What it may do within a tenant; `None`: it is not told that the tenant exists.
    #[must_use]
    pub fn scope(&self, tenant: &TenantName) -> Option<&Arc<Scope>> {
        self.named.get(tenant).or(self.all.as_ref())
    }

    /// What it may do in some tenant.
    #[must_use]
    pub fn anywhere(&self) -> Permissions {
        self.anywhere
    }

    /// Whether it may do this in every tenant, those of tomorrow included.
    #[must_use]
    pub fn everywhere(&self, permission: Permission) -> bool {
        self.all.as_ref().is_some_and(|scope| scope.permissions.has(permission))
    }

    /// The only tenant that it may ask.
    fn only_tenant(&self) -> Result<&TenantName, Denied> {
        match (&self.all, self.named.len()) {
            (None, 0) => Err(Denied::TenantDenied),
            (None, 1) => self.named.keys().next().ok_or(Denied::TenantDenied),
            _ => Err(Denied::TenantRequired),
        }
    }
}

/// How the call names its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    Nothing,
    One(&'a str),
    /// Twice, or by bytes that are no text.
    Malformed,
}

/// A call that is let through: goes with the request to its handler.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Arc<Principal>,
    pub scope: Arc<Scope>,
    pub tenant: TenantName,
    /// Where the tenant is not as all others are: its quota.
    pub quota: Option<Arc<TenantEntry>>,
}

impl Caller {
    /// The name that decisions are signed with; `None` where nobody is authenticated.
    #[must_use]
    pub fn signature(&self) -> Option<String> {
        (!self.principal.is_everybody()).then(|| self.principal.name.clone())
    }

    /// Decides a call.
    ///
    /// # Errors
    /// Why it is refused. A tenant that is not granted and one that does not exist are refused alike.
    pub fn admit(principal: &Arc<Principal>, access: Access, named: Named<'_>) -> Result<Self, Denied> {
        let tenant = match named {
            Named::One(name) => Some(TenantName::parse(name).ok_or(Denied::TenantMalformed)?),
            Named::Nothing => None,
            Named::Malformed => return Err(Denied::TenantMalformed),
        };
        match access {
            Access::Within(permission) => {
                let tenant = match tenant {
                    Some(tenant) => tenant,
                    None if principal.is_everybody() => default_tenant()?,
                    None => principal.only_tenant()?.clone(),
                };
                let scope = principal.scope(&tenant).ok_or(Denied::TenantDenied)?;
                if !scope.permissions.has(permission) {
                    return Err(Denied::PermissionMissing(permission));
                }
                Ok(Self { principal: principal.clone(), scope: scope.clone(), tenant, quota: None })
            }
            Access::Somewhere(permission) if !principal.anywhere().has(permission) => {
                Err(Denied::PermissionMissing(permission))
            }
            Access::Anybody | Access::Open | Access::Somewhere(_) => {
                let tenant = match tenant {
                    Some(tenant) => tenant,
                    None => principal.only_tenant().cloned().or_else(|_| default_tenant())?,
                };
                let scope = principal.scope(&tenant).cloned().unwrap_or_default();
                Ok(Self { principal: principal.clone(), scope, tenant, quota: None })
            }
        }
    }

    /// # Errors
    /// When the permission is missing within the call's tenant.
    pub fn needs(&self, permission: Permission) -> Result<(), Denied> {
        match self.scope.permissions.has(permission) {
            true => Ok(()),
            false => Err(Denied::PermissionMissing(permission)),
        }
    }

    #[must_use]
    pub fn permits(&self, permission: Permission) -> bool {
        self.scope.permissions.has(permission)
    }

    /// Whether it is a key that stands in every browser.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.principal.kind == PrincipalKind::Key(KeyKind::Public)
    }
}

fn default_tenant() -> Result<TenantName, Denied> {
    TenantName::parse(DEFAULT_TENANT).ok_or(Denied::TenantRequired)
}

#[cfg(test)]
mod tests {
    use super::super::permission::Role;
    use super::*;

    const NOW: Micros = Micros(1_000);

    fn one(name: &str) -> TenantScope {
        TenantScope::parse(name).unwrap()
    }

    fn with(grants: Vec<Grant>) -> Arc<Principal> {
        Arc::new(Principal::new("key:x".to_owned(), PrincipalKind::Key(KeyKind::Secret), grants, NOW))
    }

    #[track_caller]
    fn check(principal: &Arc<Principal>, named: Named<'_>, expected: Result<&str, Denied>) {
        let call = Caller::admit(principal, Access::Within(Permission::KpiRead), named);
        assert_eq!(call.map(|call| call.tenant.to_string()), expected.map(str::to_owned));
    }

    #[test]
    fn the_tenant_comes_from_the_header_or_from_the_only_grant() {
        let viewer = with(vec![Grant::of_role(one("acme"), Role::Viewer)]);
        check(&viewer, Named::Nothing, Ok("acme"));
        check(&viewer, Named::One("acme"), Ok("acme"));
        check(&viewer, Named::One("other"), Err(Denied::TenantDenied));
        check(&viewer, Named::One("ACME"), Err(Denied::TenantMalformed));
        check(&viewer, Named::Malformed, Err(Denied::TenantMalformed));
        let two =
            with(vec![Grant::of_role(one("acme"), Role::Viewer), Grant::of_role(one("b"), Role::Ingest)]);
        check(&two, Named::Nothing, Err(Denied::TenantRequired));
        check(&two, Named::One("b"), Err(Denied::PermissionMissing(Permission::KpiRead)));
        check(&with(Vec::new()), Named::Nothing, Err(Denied::TenantDenied));
        let all = with(vec![Grant::of_role(TenantScope::All, Role::Viewer)]);
        check(&all, Named::Nothing, Err(Denied::TenantRequired));
        check(&all, Named::One("any"), Ok("any"));
        check(&Arc::new(Principal::everybody()), Named::Nothing, Ok("default"));
    }

    #[test]
    fn grants_add_up_and_end() {
        let until = |until_us| Grant { until_us, ..Grant::of_role(one("a"), Role::Viewer) };
        check(&with(vec![until(Some(NOW.0 + 1))]), Named::Nothing, Ok("a"));
        check(&with(vec![until(Some(NOW.0))]), Named::Nothing, Err(Denied::TenantDenied));
        let both = with(vec![
            Grant::of_role(TenantScope::All, Role::Ingest),
            Grant::of_role(one("a"), Role::Viewer),
        ]);
        check(&both, Named::One("a"), Ok("a"));
        assert!(
            both.scope(&TenantName::parse("a").unwrap())
                .unwrap()
                .permissions
                .has(Permission::TouchpointWrite)
        );
        assert!(both.everywhere(Permission::TouchpointWrite) && !both.everywhere(Permission::KpiRead));
    }

    #[test]
    fn sources_bind_unless_another_grant_writes_any() {
        let bound = |role, sources: &[&str]| Grant {
            sources: sources.iter().map(|&source| source.to_owned()).collect(),
            ..Grant::of_role(one("a"), role)
        };
        let writes = |grants: Vec<Grant>, source: &str| {
            with(grants).scope(&TenantName::parse("a").unwrap()).unwrap().writes_source(source)
        };
        assert!(writes(vec![bound(Role::Ingest, &["pos"])], "pos"));
        assert!(!writes(vec![bound(Role::Ingest, &["pos"])], "crm"));
        assert!(writes(vec![bound(Role::Ingest, &["pos"]), bound(Role::Ingest, &["crm"])], "crm"));
        assert!(writes(vec![bound(Role::Ingest, &["pos"]), bound(Role::Ingest, &[])], "crm"));
        // A grant that cannot write opens no source.
        assert!(!writes(vec![bound(Role::Ingest, &["pos"]), bound(Role::Viewer, &[])], "crm"));
        assert!(!writes(vec![bound(Role::Viewer, &[])], "crm"));
    }
}
