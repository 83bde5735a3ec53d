//! Tenants that are made, closed, opened and deleted on purpose.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::log;
use crate::access::admin::{NAME_RESTS_US, Refused};
use crate::access::directory::{Quota, Stored, StoredTenant, TenantState};
use crate::access::{Caller, Denied, Permission};
use crate::model::{Micros, Reason, TenantName};
use crate::rpc::convert::timestamp;
use crate::rpc::error::PortError;
use crate::rpc::page::PAGE_BYTES;
use crate::rpc::{Port, proto};
use crate::store::{AccessChange, ListedTenant};

/// The greatest limit of a quota.
const LIMIT: i64 = 1_000_000_000_000;
/// Tenants that are read at once.
const READ: usize = 1_000;

fn parse(name: &str) -> Result<TenantName, PortError> {
    let what = "is no tenant's name: lower-case letters, digits, - and _, at most 63";
    TenantName::parse(name).ok_or_else(|| PortError::field("name", Reason::Malformed, what))
}

/// Whether the caller administers the tenant; one that it does not is not told to exist.
fn administers(caller: &Caller, name: &TenantName) -> Result<(), PortError> {
    match caller.principal.scope(name) {
        Some(scope) if scope.permissions.has(Permission::AdminTenant) => Ok(()),
        _ => Err(PortError::Denied(Denied::TenantDenied)),
    }
}

fn everywhere(caller: &Caller) -> Result<(), PortError> {
    match caller.principal.everywhere(Permission::AdminTenant) {
        true => Ok(()),
        false => Err(PortError::Denied(Denied::PermissionMissing(Permission::AdminTenant))),
    }
}

/// What is stored of a tenant, or what holds as long as nothing is.
fn state_of(stored: &Stored, name: &TenantName) -> StoredTenant {
    let kept = stored.tenants.iter().find(|tenant| tenant.name == *name).cloned();
    kept.unwrap_or_else(|| StoredTenant {
        name: name.clone(),
        state: TenantState::Active,
        since_us: 0,
        quota: Quota::default(),
    })
}

fn info(state: &StoredTenant, listed: Option<&ListedTenant>) -> proto::TenantInfo {
    let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    let quota = &state.quota;
    proto::TenantInfo {
        name: state.name.to_string(),
        state: match state.state {
            TenantState::Active => proto::TenantState::Active,
            TenantState::Suspended => proto::TenantState::Suspended,
            TenantState::Deleted => proto::TenantState::Deleted,
        }
        .into(),
        since: (state.since_us > 0).then(|| timestamp(Micros(state.since_us))),
        quota: Some(proto::TenantQuota {
            requests_per_second: limit(quota.requests_per_second),
            touchpoints_per_second: limit(quota.touchpoints_per_second),
            touchpoints: limit(quota.touchpoints),
        }),
        touchpoints: listed.map_or(0, |listed| listed.touchpoints),
        revision: listed.map_or(0, |listed| listed.revision.0),
    }
}

impl Port {
    pub(super) async fn make_tenant(
        &self,
        caller: &Caller,
        asked: proto::CreateTenantRequest,
    ) -> Result<proto::TenantInfo, PortError> {
        self.reason(&asked.reason)?;
        everywhere(caller)?;
        let name = parse(&asked.name)?;
        if self.store.tenant(&name).await?.is_some() {
            return Err(Refused::TenantExists.into());
        }
        let now = (self.clock)();
        let made = name.clone();
        let state = self
            .store
            .change_access(move |stored: &Stored| {
                let before = state_of(stored, &made);
                let rests = before.state == TenantState::Deleted && now.0 - before.since_us < NAME_RESTS_US;
                if rests {
                    return Err(PortError::from(Refused::TenantExists));
                }
                let state = StoredTenant {
                    state: TenantState::Active,
                    since_us: now.0,
                    quota: Quota::default(),
                    name: made,
                };
                Ok((AccessChange::Tenant(state.clone()), state))
            })
            .await?;
        self.store.open_tenant(&name).await?;
        log(caller, "a tenant was made", name.as_str(), &asked.reason);
        Ok(info(&state, None))
    }

    pub(super) async fn list_tenants(
        &self,
        caller: &Caller,
        mut after: String,
        size: usize,
    ) -> Result<proto::ListTenantsResponse, PortError> {
        let (_, stored) = self.store.access().await?;
        let mut tenants: Vec<proto::TenantInfo> = Vec::new();
        loop {
            let read = self.store.tenants(&after, READ).await?;
            let last = read.len() < READ;
            for listed in &read {
                if administers(caller, &listed.name).is_err() {
                    continue;
                }
                if tenants.len() == size || tenants.len() * 512 > PAGE_BYTES {
                    let token = tenants.last().map(|tenant| URL_SAFE_NO_PAD.encode(&tenant.name));
                    return Ok(proto::ListTenantsResponse {
                        tenants,
                        next_page_token: token.unwrap_or_default(),
                    });
                }
                tenants.push(info(&state_of(&stored, &listed.name), Some(listed)));
            }
            match read.last() {
                Some(listed) if !last => after = listed.name.to_string(),
                _ => return Ok(proto::ListTenantsResponse { tenants, next_page_token: String::new() }),
            }
        }
    }

    /// Closes or opens a tenant.
    pub(super) async fn suspend(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        closed: bool,
    ) -> Result<proto::TenantInfo, PortError> {
        let state = if closed { TenantState::Suspended } else { TenantState::Active };
        let now = (self.clock)();
        let change = move |before: StoredTenant| StoredTenant { state, since_us: now.0, ..before };
        let changed = self.change_tenant(caller, name, reason, change).await?;
        let what = if closed { "a tenant was suspended" } else { "a tenant was resumed" };
        log(caller, what, name, reason);
        Ok(changed)
    }

    pub(super) async fn set_quota(
        &self,
        caller: &Caller,
        asked: proto::SetTenantQuotaRequest,
    ) -> Result<proto::TenantInfo, PortError> {
        let said = asked.quota.unwrap_or_default();
        let limit = |field: &str, limit: i64| match limit {
            0..=LIMIT => Ok(limit.unsigned_abs()),
            _ => {
                let what = format!("must be from 0 to {LIMIT}");
                Err(PortError::field(format!("quota.{field}"), Reason::OutOfRange, what))
            }
        };
        let quota = Quota {
            requests_per_second: limit("requests_per_second", said.requests_per_second)?,
            touchpoints_per_second: limit("touchpoints_per_second", said.touchpoints_per_second)?,
            touchpoints: limit("touchpoints", said.touchpoints)?,
        };
        let change = move |before: StoredTenant| StoredTenant { quota, ..before };
        let changed = self.change_tenant(caller, &asked.name, &asked.reason, change).await?;
        log(caller, "a quota was set", &asked.name, &asked.reason);
        Ok(changed)
    }

    async fn change_tenant(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        change: impl FnOnce(StoredTenant) -> StoredTenant,
    ) -> Result<proto::TenantInfo, PortError> {
        self.reason(reason)?;
        let name = parse(name)?;
        administers(caller, &name)?;
        let listed = self.store.listed_tenant(&name).await?.ok_or(PortError::TenantNotFound)?;
        let state = self
            .store
            .change_access(move |stored: &Stored| {
                let state = change(state_of(stored, &name));
                Ok::<_, PortError>((AccessChange::Tenant(state.clone()), state))
            })
            .await?;
        Ok(info(&state, Some(&listed)))
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        asked: proto::DeleteTenantRequest,
    ) -> Result<proto::DeleteTenantResponse, PortError> {
        self.reason(&asked.reason)?;
        everywhere(caller)?;
        let name = parse(&asked.name)?;
        if asked.confirm_name != asked.name {
            return Err(PortError::field("confirm_name", Reason::Conflict, "is not the name"));
        }
        let (_, stored) = self.store.access().await?;
        self.store.tenant(&name).await?.ok_or(PortError::TenantNotFound)?;
        if state_of(&stored, &name).state != TenantState::Suspended {
            return Err(PortError::field("name", Reason::Conflict, "the tenant is not suspended"));
        }
        let now = (self.clock)();
        let gone = self.store.delete_tenant(&name, now).await?.ok_or(PortError::TenantNotFound)?;
        self.forget(&name);
        log(caller, "a tenant was deleted", name.as_str(), &asked.reason);
        let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let row = |(table, rows): (String, u64)| proto::DeletedRows { table, rows: count(rows) };
        Ok(proto::DeleteTenantResponse {
            deleted: gone.rows.into_iter().map(row).collect(),
            rows_left: count(gone.left),
            deleted_at: Some(timestamp(now)),
        })
    }
}
