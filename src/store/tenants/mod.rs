//! Tenants: their keys, revisions and rules.

pub(in crate::store) mod access;
pub(in crate::store) mod data_key;
pub(in crate::store) mod deletion;
pub(in crate::store) mod rehash;
pub(in crate::store) mod remembered;
pub(in crate::store) mod upgrade;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::identity::constraints::Constraints;
use crate::identity::{RESOLVER_GENERATION, Rules};
use crate::model::{Micros, Revision, TenantKey, TenantName};
use crate::store::decisions::constraints;
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::tenants::data_key::DataKey;
use crate::store::tenants::remembered::Remembered;
use crate::store::{Store, StoreError};

/// A tenant as of its present revision.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub key: TenantKey,
    pub revision: Revision,
    pub rules_version: i64,
    pub rules: Arc<Rules>,
    pub data_key: DataKey,
}

/// What never changes of tenants, remembered: rules by version, and decisions.
pub(in crate::store) struct Tenants {
    rules: Remembered<(TenantKey, i64), Arc<Rules>>,
    /// Those that tenants begin with, as they are stored: most tenants share them.
    first_rules: (String, Arc<Rules>),
    data_keys: Remembered<TenantKey, DataKey>,
    /// With the revision at which they were made.
    constraints: Remembered<TenantKey, (i64, Arc<Constraints>)>,
}

/// Memory of rules, and of decisions.
const RULES_BYTES: usize = 64 << 20;
const CONSTRAINTS_BYTES: usize = 64 << 20;
const DATA_KEYS_BYTES: usize = 16 << 20;
/// What rules and decisions take in memory, for each byte as text, and beside it.
const BYTES_A_BYTE: usize = 4;
const BYTES_BESIDE: usize = 512;
/// Compiled patterns.
const PATTERNS_BYTES: usize = 1 << 20;

impl Default for Tenants {
    fn default() -> Self {
        let first = Rules::default();
        Self {
            rules: Remembered::new(RULES_BYTES),
            first_rules: (serde_json::to_string(&first).unwrap_or_default(), Arc::new(first)),
            constraints: Remembered::new(CONSTRAINTS_BYTES),
            data_keys: Remembered::new(DATA_KEYS_BYTES),
        }
    }
}

const SELECT: &str = "SELECT tenant, revision, rules_version, data_key FROM tenant WHERE name = $1";
const SELECT_GENERATION: &str = "SELECT resolver_generation FROM tenant WHERE tenant = $1";
const SELECT_DATA_KEY: &str = "SELECT data_key FROM tenant WHERE tenant = $1";
const INSERT: &str = "INSERT INTO tenant (tenant, name, revision, committed_at_us, next_touchpoint, \
    next_observation, next_identifier, rules_version, data_key, sets_hashed, resolver_generation) \
    VALUES ($1, $2, 0, $3, 1, 1, 1, 1, $4, 1, $5) ON CONFLICT DO NOTHING";
const INSERT_RULES: &str = "INSERT INTO rule_set (tenant, version, revision, rules) \
    SELECT tenant, 1, 0, $2 FROM tenant WHERE tenant = $1 ON CONFLICT DO NOTHING";
const SELECT_RULES: &str = "SELECT rules FROM rule_set WHERE tenant = $1 AND version = $2";
const SELECT_BY_KEY: &str =
    "SELECT revision, constraints_at, committed_at_us, erased_at FROM tenant WHERE tenant = $1";
const SELECT_REVISIONS: &str = "WITH v(key) AS ({rows}) SELECT t.tenant, t.revision FROM v CROSS JOIN tenant t \
    WHERE t.tenant = v.key";

impl Store {
    /// The tenant of that name; `None` if it never recorded anything.
    pub async fn tenant(&self, name: &TenantName) -> Result<Option<Tenant>, StoreError> {
        let mut tx = self.db.read().await?;
        let Some(row) = tx.fetch_one(SELECT, &[Scalar::Text(name.as_str())]).await? else { return Ok(None) };
        let (key, rules_version) = (TenantKey(row.get(0)?), row.get(2)?);
        let rules = self.tenants.rules(&mut tx, key, rules_version).await?;
        let data_key = self.tenants.remember_key(key, &row.get::<Vec<u8>>(3)?)?;
        Ok(Some(Tenant { key, revision: Revision(row.get(1)?), rules_version, rules, data_key }))
    }

    /// The tenant of that name, made with the default rules if it is new.
    pub async fn open_tenant(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        self.open_tenant_under(name, &Rules::default()).await
    }

    /// The tenant of that name, made with those rules if it is new.
    pub async fn open_tenant_under(&self, name: &TenantName, rules: &Rules) -> Result<Tenant, StoreError> {
        if let Some(tenant) = self.tenant(name).await? {
            return Ok(tenant);
        }
        let rules = serde_json::to_string(rules).map_err(|_| StoreError::Corrupt { what: "rules" })?;
        // Seeded by the process: unguessable enough for a number that only has to be distinct.
        let key = RandomState::new().hash_one(name.as_str()) & 0xFFFF_FFFF_FFFF;
        let key = Scalar::Int(key.cast_signed().max(1));
        let mut tx = self.db.write().await?;
        let mut data_key = [0; DataKey::BYTES];
        getrandom::fill(&mut data_key).map_err(|_| StoreError::NoRandomness)?;
        let row = [
            key,
            Scalar::Text(name.as_str()),
            Scalar::Int(self.now().0),
            Scalar::Bytes(&data_key),
            Scalar::Int(RESOLVER_GENERATION),
        ];
        tx.run(INSERT, &row).await?;
        tx.run(INSERT_RULES, &[key, Scalar::Text(&rules)]).await?;
        tx.commit().await?;
        self.tenant(name).await?.ok_or(StoreError::Contention)
    }

    /// Of which generation of the resolver a tenant's map is.
    pub async fn resolver_generation(&self, tenant: TenantKey) -> Result<i64, StoreError> {
        let row = self.db.read().await?.fetch_one(SELECT_GENERATION, &[Scalar::Int(tenant.0)]).await?;
        row.ok_or(StoreError::Corrupt { what: "tenant" })?.get(0)
    }

    /// When the tenant's last revision was committed.
    pub async fn committed_at(&self, tenant: TenantKey) -> Result<Micros, StoreError> {
        let row = self.db.read().await?.fetch_one(SELECT_BY_KEY, &[Scalar::Int(tenant.0)]).await?;
        row.map_or(Ok(Micros::MIN), |row| row.get(2).map(Micros))
    }

    /// The revision of the tenant's last erasure; 0 if there was none.
    pub async fn erased_at(&self, tenant: TenantKey) -> Result<Revision, StoreError> {
        present(&mut self.db.read().await?, tenant).await.map(|(_, erased_at)| erased_at)
    }

    /// The revision that the tenant is at.
    pub async fn revision(&self, tenant: TenantKey) -> Result<Revision, StoreError> {
        let mut tx = self.db.read().await?;
        revision(&mut tx, tenant).await
    }

    /// The revisions that tenants are at.
    pub async fn revisions(&self, tenants: &[TenantKey]) -> Result<Vec<(TenantKey, Revision)>, StoreError> {
        let keys = [Column::Int(tenants.iter().map(|tenant| tenant.0).collect())];
        let mut tx = self.db.read().await?;
        let rows = tx.fetch_bulk(SELECT_REVISIONS, &[], &keys).await?;
        rows.iter().map(|row| Ok((TenantKey(row.get(0)?), Revision(row.get(1)?)))).collect()
    }
}

/// The revision that a transaction sees.
pub(in crate::store) async fn revision(
    tx: &mut Transaction,
    tenant: TenantKey,
) -> Result<Revision, StoreError> {
    present(tx, tenant).await.map(|(revision, _)| revision)
}

/// The revision that a transaction sees, and that of the last erasure.
pub(in crate::store) async fn present(
    tx: &mut Transaction,
    tenant: TenantKey,
) -> Result<(Revision, Revision), StoreError> {
    match tx.fetch_one(SELECT_BY_KEY, &[Scalar::Int(tenant.0)]).await? {
        Some(row) => Ok((Revision(row.get(0)?), Revision(row.get(3)?))),
        None => Ok((Revision(0), Revision(0))),
    }
}

impl Tenants {
    /// The decisions that stand; `at` is the revision at which they last changed, as the
    /// transaction sees it.
    pub(in crate::store) async fn constraints(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
        at: i64,
    ) -> Result<Arc<Constraints>, StoreError> {
        if at == 0 {
            return Ok(Arc::default());
        }
        let known = self.constraints.get(&tenant);
        if let Some((_, constraints)) = known.filter(|(known_at, _)| *known_at == at) {
            return Ok(constraints);
        }
        let constraints = Arc::new(constraints::standing(tx, tenant).await?);
        let bytes = BYTES_BESIDE * (1 + constraints.size());
        self.constraints.keep(tenant, (at, constraints.clone()), bytes);
        Ok(constraints)
    }

    /// The decisions that stand as a reading transaction sees them, and its revision.
    pub(in crate::store) async fn present_constraints(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
    ) -> Result<(Revision, Arc<Constraints>), StoreError> {
        let Some(row) = tx.fetch_one(SELECT_BY_KEY, &[Scalar::Int(tenant.0)]).await? else {
            return Ok((Revision(0), Arc::default()));
        };
        Ok((Revision(row.get(0)?), self.constraints(tx, tenant, row.get(1)?).await?))
    }

    /// The key of what is hashed of a tenant.
    pub(in crate::store) async fn data_key(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
    ) -> Result<DataKey, StoreError> {
        if let Some(key) = self.known_key(tenant) {
            return Ok(key);
        }
        let row = tx.fetch_one(SELECT_DATA_KEY, &[Scalar::Int(tenant.0)]).await?;
        let bytes: Vec<u8> = row.ok_or(StoreError::Corrupt { what: "tenant" })?.get(0)?;
        self.remember_key(tenant, &bytes)
    }

    pub(in crate::store) fn known_key(&self, tenant: TenantKey) -> Option<DataKey> {
        self.data_keys.get(&tenant)
    }

    fn remember_key(&self, tenant: TenantKey, bytes: &[u8]) -> Result<DataKey, StoreError> {
        if let Some(key) = self.known_key(tenant) {
            return Ok(key);
        }
        let key = DataKey::new(bytes)?;
        self.data_keys.keep(tenant, key.clone(), BYTES_BESIDE);
        Ok(key)
    }

    pub(in crate::store) async fn rules(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
        version: i64,
    ) -> Result<Arc<Rules>, StoreError> {
        let remembered = self.rules.get(&(tenant, version));
        if let Some(rules) = remembered {
            return Ok(rules);
        }
        let row = tx.fetch_one(SELECT_RULES, &[Scalar::Int(tenant.0), Scalar::Int(version)]).await?;
        let text: String = row.ok_or(StoreError::Corrupt { what: "rules" })?.get(0)?;
        let (first_text, first) = &self.first_rules;
        if text == *first_text {
            self.rules.keep((tenant, version), first.clone(), BYTES_BESIDE);
            return Ok(first.clone());
        }
        let rules: Rules = serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { what: "rules" })?;
        let patterns = if rules.blocked_patterns.texts().is_empty() { 0 } else { PATTERNS_BYTES };
        let (bytes, rules) = (BYTES_BESIDE + BYTES_A_BYTE * text.len() + patterns, Arc::new(rules));
        self.rules.keep((tenant, version), rules.clone(), bytes);
        Ok(rules)
    }
}
