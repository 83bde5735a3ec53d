//! Upgrades: a tenant whose map is of an older generation of the resolver is resolved anew when its
//! database is opened, in one revision, before anything is answered or recorded. Its rules, and with
//! them its normalizers, stay until it promotes others.

use crate::model::{Revision, TenantKey};
use crate::store::decisions::rules::Anew;
use crate::store::driver::Scalar;
use crate::store::write::revision::{keep_revision, take_revision};
use crate::store::{Store, StoreError};

const OLDER: &str = "SELECT tenant FROM tenant WHERE resolver_generation < $1";
const GENERATION: &str = "SELECT resolver_generation FROM tenant WHERE tenant = $1";
const SET_GENERATION: &str = "UPDATE tenant SET resolver_generation = $2 WHERE tenant = $1";
const INSERT: &str =
    "INSERT INTO upgrade (tenant, revision, from_generation, to_generation) VALUES ($1, $2, $3, $4)";

impl Store {
    /// Brings the maps of all tenants to a generation of the resolver.
    pub(in crate::store) async fn upgrade(&self, generation: i64) -> Result<(), StoreError> {
        let older = self.db.read().await?.fetch(OLDER, &[Scalar::Int(generation)]).await?;
        for row in older {
            let tenant = TenantKey(row.get(0)?);
            if let Some(revision) = self.upgrade_tenant(tenant, generation).await? {
                tracing::info!(revision = revision.0, generation, "a tenant's map was resolved anew");
            }
        }
        Ok(())
    }

    /// Resolves a tenant's map anew; `None` if another process has done it.
    async fn upgrade_tenant(
        &self,
        tenant: TenantKey,
        generation: i64,
    ) -> Result<Option<Revision>, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let mut taken = take_revision(&mut tx, tenant, now).await?;
        let row = tx.fetch_one(GENERATION, &[Scalar::Int(tenant.0)]).await?;
        let was: i64 = row.ok_or(StoreError::Corrupt { what: "tenant" })?.get(0)?;
        if was >= generation {
            return Ok(None);
        }
        let rules = self.tenants.rules(&mut tx, tenant, taken.rules_version).await?;
        let constraints = self.tenants.constraints(&mut tx, tenant, taken.constraints_at).await?;
        let anew = Anew { was: rules.clone(), rules, constraints, is_bounded: false };
        anew.resolve(&mut tx, tenant, &self.tenants, &mut taken).await?;
        tx.run(SET_GENERATION, &[tenant.0, generation].map(Scalar::Int)).await?;
        tx.run(INSERT, &[tenant.0, taken.revision.0, was, generation].map(Scalar::Int)).await?;
        keep_revision(&mut tx, tenant, &taken).await?;
        tx.commit().await?;
        self.writer.wake(tenant, taken.revision);
        Ok(Some(taken.revision))
    }
}
