//! The service of administrators: tenants, keys, grants and quotas. What may be done is decided by
//! `access::admin`, on what the transaction of the change sees.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tonic::{Request, Response, Status};

use super::access::{Demands, caller};
use super::convert::{Path, timestamp};
use super::error::PortError;
use super::page::page_size;
use super::proto::admin_service_server::AdminService;
use super::{Port, detached, proto};
use crate::access::admin;
use crate::access::directory::Stored;
use crate::access::{
    Caller, DAY_US, Grant, KeyKind, Permission, Principal, StoredKey, TenantScope, days_after, key,
};
use crate::model::time::SECOND_US;
use crate::model::{Micros, Reason};
use crate::store::AccessChange;

mod grants;
mod tenants;

use grants::{grant_to_proto, key_kind, key_to_proto, read_grants};

const NAME_BYTES: usize = 128;
const PRINCIPAL_BYTES: usize = 512;
const DEFAULT_DAYS: i64 = 365;
const OWNER_DAYS: i64 = 90;
const MOST_DAYS: i32 = 3_650;
const OVERLAP_SECONDS: i32 = 7 * 86_400;
const MOST_OVERLAP_SECONDS: i32 = 30 * 86_400;

#[tonic::async_trait]
impl AdminService for Port {
    async fn create_tenant(
        &self,
        request: Request<proto::CreateTenantRequest>,
    ) -> Result<Response<proto::CreateTenantResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let made = detached(async move { port.make_tenant(&caller, asked).await });
        Ok(Response::new(proto::CreateTenantResponse { tenant: Some(made.await?) }))
    }

    async fn list_tenants(
        &self,
        request: Request<proto::ListTenantsRequest>,
    ) -> Result<Response<proto::ListTenantsResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let size = page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let after = after(&asked.page_token)?;
        let listed = detached(async move { port.list_tenants(&caller, after, size).await }).await?;
        Ok(Response::new(listed))
    }

    async fn suspend_tenant(
        &self,
        request: Request<proto::SuspendTenantRequest>,
    ) -> Result<Response<proto::SuspendTenantResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let changed = detached(async move { port.suspend(&caller, &asked.name, &asked.reason, true).await });
        Ok(Response::new(proto::SuspendTenantResponse { tenant: Some(changed.await?) }))
    }

    async fn resume_tenant(
        &self,
        request: Request<proto::ResumeTenantRequest>,
    ) -> Result<Response<proto::ResumeTenantResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let changed = detached(async move { port.suspend(&caller, &asked.name, &asked.reason, false).await });
        Ok(Response::new(proto::ResumeTenantResponse { tenant: Some(changed.await?) }))
    }

    async fn delete_tenant(
        &self,
        request: Request<proto::DeleteTenantRequest>,
    ) -> Result<Response<proto::DeleteTenantResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        Ok(Response::new(detached(async move { port.delete(&caller, asked).await }).await?))
    }

    async fn set_tenant_quota(
        &self,
        request: Request<proto::SetTenantQuotaRequest>,
    ) -> Result<Response<proto::SetTenantQuotaResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let changed = detached(async move { port.set_quota(&caller, asked).await });
        Ok(Response::new(proto::SetTenantQuotaResponse { tenant: Some(changed.await?) }))
    }

    async fn create_key(
        &self,
        request: Request<proto::CreateKeyRequest>,
    ) -> Result<Response<proto::CreateKeyResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        Ok(Response::new(detached(async move { port.create_key(&caller, asked).await }).await?))
    }

    async fn list_keys(
        &self,
        request: Request<proto::ListKeysRequest>,
    ) -> Result<Response<proto::ListKeysResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        Ok(Response::new(detached(async move { port.list_keys(&caller, asked).await }).await?))
    }

    async fn rotate_key(
        &self,
        request: Request<proto::RotateKeyRequest>,
    ) -> Result<Response<proto::RotateKeyResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        Ok(Response::new(detached(async move { port.rotate_key(&caller, asked).await }).await?))
    }

    async fn revoke_key(
        &self,
        request: Request<proto::RevokeKeyRequest>,
    ) -> Result<Response<proto::RevokeKeyResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        Ok(Response::new(detached(async move { port.revoke_key(&caller, asked).await }).await?))
    }

    async fn set_grants(
        &self,
        request: Request<proto::SetGrantsRequest>,
    ) -> Result<Response<proto::SetGrantsResponse>, Status> {
        let (port, caller, asked) = self.administrator(request)?;
        let set = detached(async move { port.set_grants(&caller, asked).await });
        Ok(Response::new(proto::SetGrantsResponse { grants: Some(set.await?) }))
    }

    async fn list_grants(
        &self,
        request: Request<proto::ListGrantsRequest>,
    ) -> Result<Response<proto::ListGrantsResponse>, Status> {
        let (port, caller, _) = self.administrator(request)?;
        let listed = detached(async move {
            let (_, stored) = port.store.access().await?;
            let own = |(_, grants): &(String, Vec<Grant>)| {
                admin::administers_all(&caller.principal, grants, Permission::AdminGrant)
            };
            let grants =
                stored.grants.into_iter().filter(own).map(|(principal, grants)| told(principal, &grants));
            Ok(proto::ListGrantsResponse { grants: grants.collect() })
        });
        Ok(Response::new(listed.await?))
    }

    async fn who_am_i(
        &self,
        request: Request<proto::WhoAmIRequest>,
    ) -> Result<Response<proto::WhoAmIResponse>, Status> {
        let (_, caller, _) = self.administrator(request)?;
        Ok(Response::new(proto::WhoAmIResponse {
            principal: caller.principal.name.clone(),
            grants: caller.principal.grants.iter().map(grant_to_proto).collect(),
            expires_at: caller.principal.expires.map(timestamp),
        }))
    }
}

/// The name that a page of tenants begins after.
fn after(token: &str) -> Result<String, PortError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PortError::PageTokenMalformed)?;
    let name = String::from_utf8(bytes).map_err(|_| PortError::PageTokenMalformed)?;
    match name.is_empty() || crate::model::TenantName::parse(&name).is_some() {
        true => Ok(name),
        false => Err(PortError::PageTokenMalformed),
    }
}

fn told(principal: String, grants: &[Grant]) -> proto::PrincipalGrants {
    proto::PrincipalGrants { principal, grants: grants.iter().map(grant_to_proto).collect() }
}

/// Says in the log who changed what. The audit of all calls comes on top of it.
fn log(caller: &Caller, what: &'static str, about: &str, reason: &str) {
    tracing::info!(principal = caller.principal.name, what, about, reason, "access was changed");
}

impl Port {
    fn administrator<T: Demands>(&self, request: Request<T>) -> Result<(Self, Caller, T), PortError> {
        let caller = caller(&request)?;
        Ok((self.clone(), caller, request.into_inner()))
    }

    /// Why something is done: it stands in the log.
    fn reason(&self, reason: &str) -> Result<(), PortError> {
        self.check(|mut c| {
            let reason =
                c.required_text(&Path::root().field("reason"), reason.to_owned(), c.limits.text_bytes);
            c.finish(reason)
        })
        .map(drop)
    }

    async fn create_key(
        &self,
        caller: &Caller,
        asked: proto::CreateKeyRequest,
    ) -> Result<proto::CreateKeyResponse, PortError> {
        self.reason(&asked.reason)?;
        let now = (self.clock)();
        let (name, grants) = self.check(|mut c| {
            let root = Path::root();
            let name = c.required_text(&root.field("name"), asked.name.clone(), NAME_BYTES);
            let grants = read_grants(&mut c, &root, &asked.grants);
            c.finish((name, grants))
        })?;
        let kind = key_kind(asked.kind)?;
        let expires = ends(&asked.days, &grants, now)?;
        let not_before = self.check(|mut c| {
            let at = asked.not_before.map(|at| c.instant(&Path::root().field("not_before"), Some(at)));
            c.finish(at.flatten())
        })?;
        let made = key::make(kind).map_err(|_| PortError::Panicked)?;
        let key = StoredKey {
            id: made.id,
            kind,
            name,
            hash: made.hash,
            previous: None,
            grants,
            created_us: now.0,
            created_by: caller.principal.name.clone(),
            not_before_us: not_before.map(|at| at.0),
            expires_us: Some(expires.0),
            revoked_us: None,
        };
        let principal = caller.principal.clone();
        let key = self
            .change(move |stored| {
                admin::may_make_key(&principal, kind, &key.grants, stored)?;
                Ok((AccessChange::Key(key.clone()), key))
            })
            .await?;
        log(caller, "a key was made", &key.id, &asked.reason);
        Ok(proto::CreateKeyResponse { secret: made.text, key: Some(key_to_proto(&key)) })
    }

    async fn list_keys(
        &self,
        caller: &Caller,
        asked: proto::ListKeysRequest,
    ) -> Result<proto::ListKeysResponse, PortError> {
        let now = (self.clock)();
        let (_, stored) = self.store.access().await?;
        let end = days_after(now, asked.expiring_within_days.into());
        let wanted = |key: &&StoredKey| {
            (asked.all || (key.revoked_us.is_none() && key.expires_us.is_none_or(|end| now.0 < end)))
                && (asked.expiring_within_days == 0 || key.expires_us.is_some_and(|ends| ends <= end.0))
                && admin::administers_all(&caller.principal, &key.grants, Permission::AdminKey)
        };
        let keys = stored.keys.iter().filter(wanted).map(key_to_proto).collect();
        Ok(proto::ListKeysResponse { keys })
    }

    async fn rotate_key(
        &self,
        caller: &Caller,
        asked: proto::RotateKeyRequest,
    ) -> Result<proto::RotateKeyResponse, PortError> {
        self.reason(&asked.reason)?;
        let overlap = match asked.overlap_seconds {
            0 => OVERLAP_SECONDS,
            overlap @ 1..=MOST_OVERLAP_SECONDS => overlap,
            _ => {
                let what = format!("must be from 1 to {MOST_OVERLAP_SECONDS}");
                return Err(PortError::field("overlap_seconds", Reason::OutOfRange, what));
            }
        };
        let now = (self.clock)();
        let (principal, id, days) = (caller.principal.clone(), asked.key_id.clone(), asked.days);
        let (secret, key) = self
            .change(move |stored| {
                let key = admin::key_of(&principal, stored, &id)?;
                admin::may_rotate(&principal, key)?;
                let made = key::make_for(key.kind, &key.id).map_err(|_| PortError::Panicked)?;
                let key = StoredKey {
                    hash: made.hash,
                    previous: Some((key.hash, now.0 + i64::from(overlap) * SECOND_US)),
                    expires_us: Some(ends(&days, &key.grants, now)?.0),
                    ..key.clone()
                };
                Ok((AccessChange::Key(key.clone()), (made.text, key)))
            })
            .await?;
        log(caller, "a key was rotated", &key.id, &asked.reason);
        Ok(proto::RotateKeyResponse { secret, key: Some(key_to_proto(&key)) })
    }

    async fn revoke_key(
        &self,
        caller: &Caller,
        asked: proto::RevokeKeyRequest,
    ) -> Result<proto::RevokeKeyResponse, PortError> {
        self.reason(&asked.reason)?;
        let (now, principal, id) = ((self.clock)(), caller.principal.clone(), asked.key_id.clone());
        let key = self
            .change(move |stored| {
                let key = admin::key_of(&principal, stored, &id)?;
                admin::may_end(stored, key, now)?;
                let revoked_us = key.revoked_us.or(Some(now.0));
                let key = StoredKey { revoked_us, previous: None, ..key.clone() };
                Ok((AccessChange::Key(key.clone()), key))
            })
            .await?;
        log(caller, "a key was revoked", &key.id, &asked.reason);
        Ok(proto::RevokeKeyResponse { key: Some(key_to_proto(&key)) })
    }

    async fn set_grants(
        &self,
        caller: &Caller,
        asked: proto::SetGrantsRequest,
    ) -> Result<proto::PrincipalGrants, PortError> {
        self.reason(&asked.reason)?;
        let said = asked.grants.unwrap_or_default();
        let (name, grants) = self.check(|mut c| {
            let root = Path::root();
            let at = root.field("grants");
            let name = c.required_text(&at.field("principal"), said.principal.clone(), PRINCIPAL_BYTES);
            let grants = read_grants(&mut c, &at, &said.grants);
            c.finish((name, grants))
        })?;
        is_principal(&name)?;
        let (now, by) = ((self.clock)(), caller.principal.clone());
        let change = self.change(move |stored| replaced(&by, name, grants, stored, now));
        let (name, grants) = change.await?;
        log(caller, "grants were set", &name, &asked.reason);
        Ok(told(name, &grants))
    }

    async fn change<T>(
        &self,
        decide: impl FnOnce(&Stored) -> Result<(AccessChange, T), PortError>,
    ) -> Result<T, PortError> {
        self.store.change_access(decide).await
    }
}

/// The change that gives a principal these grants instead of its own.
fn replaced(
    by: &Principal,
    name: String,
    grants: Vec<Grant>,
    stored: &Stored,
    now: Micros,
) -> Result<(AccessChange, (String, Vec<Grant>)), PortError> {
    if let Some(id) = name.strip_prefix("key:") {
        let key = admin::key_of(by, stored, id)?;
        admin::may_set_grants(by, &name, &key.grants, &grants, stored, now)?;
        if key.kind == KeyKind::Public {
            admin::may_make_key(by, key.kind, &grants, stored)?;
        }
        let key = StoredKey { grants: grants.clone(), ..key.clone() };
        return Ok((AccessChange::Key(key), (name, grants)));
    }
    let before = stored.grants.iter().find(|(principal, _)| *principal == name);
    let before = before.map_or(&[][..], |(_, grants)| grants);
    admin::may_set_grants(by, &name, before, &grants, stored, now)?;
    Ok((AccessChange::Grants(name.clone(), grants.clone()), (name, grants)))
}

/// Whether grants may be given to a principal of that name.
fn is_principal(name: &str) -> Result<(), PortError> {
    let known = ["key:", "jwt:", "role:", "spiffe://", "dns:"];
    match known.iter().any(|prefix| name.len() > prefix.len() && name.starts_with(prefix)) {
        true => Ok(()),
        false => {
            let what = "begins with key:, jwt:, role:, spiffe:// or dns:";
            Err(PortError::field("grants.principal", Reason::Malformed, what))
        }
    }
}

/// When a key ends that is to live for so many days.
fn ends(days: &i32, grants: &[Grant], now: Micros) -> Result<Micros, PortError> {
    let owner = grants
        .iter()
        .any(|grant| grant.tenant == TenantScope::All && grant.role == Some(crate::access::Role::Owner));
    let days = match *days {
        0 if owner => OWNER_DAYS,
        0 => DEFAULT_DAYS,
        days @ 1..=MOST_DAYS => days.into(),
        _ => {
            return Err(PortError::field(
                "days",
                Reason::OutOfRange,
                format!("must be from 1 to {MOST_DAYS}"),
            ));
        }
    };
    Ok(Micros(now.0.saturating_add(days * DAY_US)))
}
