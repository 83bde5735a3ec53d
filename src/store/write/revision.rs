//! The tenant's next revision: taken first in every write transaction, and kept last.

use crate::model::{Micros, Revision, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Scalar, Transaction};

/// The tenant's counters while its row is held.
pub(in crate::store) struct Taken {
    pub(in crate::store) revision: Revision,
    pub(in crate::store) next_touchpoint: i64,
    pub(in crate::store) next_observation: i64,
    pub(in crate::store) next_identifier: i64,
    pub(in crate::store) rules_version: i64,
    pub(in crate::store) constraints_at: i64,
    pub(in crate::store) next_constraint: i64,
    /// Later than every commit before it, whatever the clock says.
    pub(in crate::store) committed_at: Micros,
}

impl Taken {
    /// Numbers that nobody has yet, for what is only thought of and never written.
    pub(in crate::store) fn beyond(revision: Revision) -> Self {
        let far = i64::MAX / 2;
        Self {
            revision,
            next_touchpoint: far,
            next_observation: far,
            next_identifier: far,
            rules_version: 0,
            constraints_at: 0,
            next_constraint: far,
            committed_at: Micros::MAX,
        }
    }
}

/// A clock may be set back, and that of another replica may be behind: commit times never are.
const TAKE_REVISION: &str = "UPDATE tenant SET revision = revision + 1, \
    committed_at_us = CASE WHEN committed_at_us >= $2 THEN committed_at_us + 1 ELSE $2 END WHERE tenant = $1 \
    RETURNING revision, next_touchpoint, next_observation, next_identifier, rules_version, constraints_at, \
    next_constraint, committed_at_us";
const KEEP_REVISION: &str = "UPDATE tenant SET next_touchpoint = $2, next_observation = $3, next_identifier = $4 \
    WHERE tenant = $1";
const INSERT_REVISION: &str = "INSERT INTO revision (tenant, revision, committed_at_us, last_touchpoint, \
    last_observation) VALUES ($1, $2, $3, $4, $5)";

/// Takes the tenant's next revision, and with it the tenant's row until the end.
pub(in crate::store) async fn take_revision(
    tx: &mut Transaction,
    tenant: TenantKey,
    now: Micros,
) -> Result<Taken, StoreError> {
    let row = tx.fetch_one(TAKE_REVISION, &[Scalar::Int(tenant.0), Scalar::Int(now.0)]).await?;
    let row = row.ok_or(StoreError::Corrupt { what: "tenant" })?;
    Ok(Taken {
        revision: Revision(row.get(0)?),
        next_touchpoint: row.get(1)?,
        next_observation: row.get(2)?,
        next_identifier: row.get(3)?,
        rules_version: row.get(4)?,
        constraints_at: row.get(5)?,
        next_constraint: row.get(6)?,
        committed_at: Micros(row.get(7)?),
    })
}

/// Writes the counters back, and what the revision reached.
pub(in crate::store) async fn keep_revision(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
) -> Result<(), StoreError> {
    let counters = [taken.next_touchpoint, taken.next_observation, taken.next_identifier].map(Scalar::Int);
    tx.run(KEEP_REVISION, &[&[Scalar::Int(tenant.0)], &counters[..]].concat()).await?;
    let (touchpoint, observation) = (taken.next_touchpoint - 1, taken.next_observation - 1);
    let revision =
        [tenant.0, taken.revision.0, taken.committed_at.0, touchpoint, observation].map(Scalar::Int);
    tx.run(INSERT_REVISION, &revision).await
}
