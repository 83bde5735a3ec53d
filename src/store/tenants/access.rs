//! Keys, grants and tenants' states: read as a whole, changed one at a time. What a change may be is
//! decided by `access`, on what its transaction sees.

use crate::access::directory::{Quota, Stored, StoredKey, StoredTenant, TenantState};
use crate::access::{Grant, KeyKind};
use crate::model::TenantName;
use crate::store::driver::{Row, Scalar, Transaction};
use crate::store::{Store, StoreError};

/// One change of access.
#[derive(Debug)]
pub enum AccessChange {
    Key(StoredKey),
    /// All grants of a principal; none takes them away.
    Grants(String, Vec<Grant>),
    Tenant(StoredTenant),
}

const EPOCH: &str = "SELECT epoch FROM access_epoch WHERE one = 1";
pub(in crate::store) const NEXT_EPOCH: &str = "UPDATE access_epoch SET epoch = epoch + 1 WHERE one = 1";
const SELECT_KEYS: &str = "SELECT key_id, kind, name, hash, previous_hash, previous_until_us, grants, \
    created_at_us, created_by, not_before_us, expires_at_us, revoked_at_us FROM access_key ORDER BY key_id";
const KEEP_KEY: &str = "INSERT INTO access_key (key_id, kind, name, hash, previous_hash, previous_until_us, grants, \
    created_at_us, created_by, not_before_us, expires_at_us, revoked_at_us) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (key_id) DO UPDATE SET name = excluded.name, hash = excluded.hash, \
    previous_hash = excluded.previous_hash, previous_until_us = excluded.previous_until_us, \
    grants = excluded.grants, not_before_us = excluded.not_before_us, expires_at_us = excluded.expires_at_us, \
    revoked_at_us = excluded.revoked_at_us";
const SELECT_GRANTS: &str = "SELECT principal, grants FROM access_grant ORDER BY principal";
const KEEP_GRANTS: &str = "INSERT INTO access_grant (principal, grants) VALUES ($1, $2) \
    ON CONFLICT (principal) DO UPDATE SET grants = excluded.grants";
const DROP_GRANTS: &str = "DELETE FROM access_grant WHERE principal = $1";
const SELECT_TENANTS: &str = "SELECT name, state, since_us, requests_per_second, touchpoints_per_second, \
    touchpoints FROM tenant_state ORDER BY name";
const KEEP_TENANT: &str = "INSERT INTO tenant_state (name, state, since_us, requests_per_second, \
    touchpoints_per_second, touchpoints) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (name) DO UPDATE SET state = excluded.state, since_us = excluded.since_us, \
    requests_per_second = excluded.requests_per_second, \
    touchpoints_per_second = excluded.touchpoints_per_second, touchpoints = excluded.touchpoints";

impl Store {
    /// Moves with every change of access.
    pub async fn access_epoch(&self) -> Result<i64, StoreError> {
        let mut tx = self.db.read().await?;
        epoch(&mut tx).await
    }

    /// Everything about access, and the epoch that it is of.
    pub async fn access(&self) -> Result<(i64, Stored), StoreError> {
        let mut tx = self.db.read().await?;
        Ok((epoch(&mut tx).await?, stored(&mut tx).await?))
    }

    /// Changes access by what `decide` makes of the present state. Nobody else changes it meanwhile,
    /// in no other process either.
    ///
    /// # Errors
    /// What `decide` refuses, and then nothing changes; or what the database says.
    pub async fn change_access<T, E: From<StoreError>>(
        &self,
        decide: impl FnOnce(&Stored) -> Result<(AccessChange, T), E>,
    ) -> Result<T, E> {
        let mut tx = self.db.write().await?;
        // First: the row is held until the end.
        tx.run(NEXT_EPOCH, &[]).await?;
        let (change, answer) = decide(&stored(&mut tx).await?)?;
        keep(&mut tx, &change).await?;
        tx.commit().await?;
        Ok(answer)
    }
}

async fn epoch(tx: &mut Transaction) -> Result<i64, StoreError> {
    let row = tx.fetch_one(EPOCH, &[]).await?;
    row.ok_or(StoreError::Corrupt { what: "the epoch of access" })?.get(0)
}

async fn stored(tx: &mut Transaction) -> Result<Stored, StoreError> {
    let keys = tx.fetch(SELECT_KEYS, &[]).await?.iter().map(key).collect::<Result<_, _>>()?;
    let grants = |row: &Row| Ok::<_, StoreError>((row.get(0)?, grants(row.text(1)?)?));
    let grants = tx.fetch(SELECT_GRANTS, &[]).await?.iter().map(grants).collect::<Result<_, _>>()?;
    let tenants = tx.fetch(SELECT_TENANTS, &[]).await?.iter().map(tenant).collect::<Result<_, _>>()?;
    Ok(Stored { keys, grants, tenants })
}

fn grants(text: Option<&str>) -> Result<Vec<Grant>, StoreError> {
    serde_json::from_str(text.unwrap_or_default()).map_err(|_| StoreError::Corrupt { what: "grants" })
}

fn key(row: &Row) -> Result<StoredKey, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "a key" };
    let hash = |column| -> Result<Option<[u8; 32]>, StoreError> {
        let bytes: Vec<u8> = row.get(column)?;
        match bytes.is_empty() {
            true => Ok(None),
            false => bytes.try_into().map(Some).map_err(|_| corrupt()),
        }
    };
    let (previous, until): (_, Option<i64>) = (hash(4)?, row.get(5)?);
    Ok(StoredKey {
        id: row.get(0)?,
        kind: row.text(1)?.and_then(KeyKind::parse).ok_or_else(corrupt)?,
        name: row.get(2)?,
        hash: hash(3)?.ok_or_else(corrupt)?,
        previous: previous.zip(until),
        grants: grants(row.text(6)?)?,
        created_us: row.get(7)?,
        created_by: row.get(8)?,
        not_before_us: row.get(9)?,
        expires_us: row.get(10)?,
        revoked_us: row.get(11)?,
    })
}

fn tenant(row: &Row) -> Result<StoredTenant, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "a tenant's state" };
    let limit = |column| row.get::<i64>(column).map(i64::cast_unsigned);
    Ok(StoredTenant {
        name: row.text(0)?.and_then(TenantName::parse).ok_or_else(corrupt)?,
        state: row.text(1)?.and_then(state).ok_or_else(corrupt)?,
        since_us: row.get(2)?,
        quota: Quota {
            requests_per_second: limit(3)?,
            touchpoints_per_second: limit(4)?,
            touchpoints: limit(5)?,
        },
    })
}

fn state(name: &str) -> Option<TenantState> {
    [TenantState::Active, TenantState::Suspended, TenantState::Deleted]
        .into_iter()
        .find(|&state| state_name(state) == name)
}

fn state_name(state: TenantState) -> &'static str {
    match state {
        TenantState::Active => "active",
        TenantState::Suspended => "suspended",
        TenantState::Deleted => "deleted",
    }
}

pub(in crate::store) async fn keep(tx: &mut Transaction, change: &AccessChange) -> Result<(), StoreError> {
    let document =
        |grants: &[Grant]| serde_json::to_string(grants).map_err(|_| StoreError::Corrupt { what: "grants" });
    match change {
        AccessChange::Key(key) => {
            let (previous, until) = key.previous.unzip();
            let arguments = [
                Scalar::Text(&key.id),
                Scalar::Text(key.kind.name()),
                Scalar::Text(&key.name),
                Scalar::Bytes(&key.hash),
                Scalar::Bytes(previous.as_ref().map_or(&[], |hash| hash.as_slice())),
                Scalar::IntOrNull(until),
                Scalar::Text(&document(&key.grants)?),
                Scalar::Int(key.created_us),
                Scalar::Text(&key.created_by),
                Scalar::IntOrNull(key.not_before_us),
                Scalar::IntOrNull(key.expires_us),
                Scalar::IntOrNull(key.revoked_us),
            ];
            tx.run(KEEP_KEY, &arguments).await
        }
        AccessChange::Grants(principal, grants) if grants.is_empty() => {
            tx.run(DROP_GRANTS, &[Scalar::Text(principal)]).await
        }
        AccessChange::Grants(principal, grants) => {
            tx.run(KEEP_GRANTS, &[Scalar::Text(principal), Scalar::Text(&document(grants)?)]).await
        }
        AccessChange::Tenant(tenant) => {
            let limit = |limit: u64| Scalar::Int(limit.cast_signed());
            let arguments = [
                Scalar::Text(tenant.name.as_str()),
                Scalar::Text(state_name(tenant.state)),
                Scalar::Int(tenant.since_us),
                limit(tenant.quota.requests_per_second),
                limit(tenant.quota.touchpoints_per_second),
                limit(tenant.quota.touchpoints),
            ];
            tx.run(KEEP_TENANT, &arguments).await
        }
    }
}
