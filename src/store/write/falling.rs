//! Identifiers that are shared no more, because values beside them turned out to be one person's.

use rustc_hash::FxHashSet;

use crate::identity::batch::{Before, Crossed};
use crate::identity::constraints::{ConstraintNo, Decision, Sharing};
use crate::identity::resolve::IdentifierNo;
use crate::model::{ObservationNo, TenantKey};
use crate::store::StoreError;
use crate::store::decisions::carry_out as deciding;
use crate::store::decisions::constraints::{self, StoredConstraint};
use crate::store::decisions::decision as decide;
use crate::store::driver::{Scalar, Transaction};
use crate::store::write::identities::{self, Ground};
use crate::store::write::revision::Taken;
use crate::store::write::voiding as void;

/// Who keeps an identifier shared at the limit of a component, and why.
const AUTHOR: &str = "customer360";
const REASON: &str = "without it a component would grow past its limit";

/// Finds the components that fallen identifiers connect again, to be resolved together. One that would
/// connect more than a component may have stays shared, by a decision of the system.
pub(in crate::store) async fn reach(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    before: &mut Before,
    crossed: &mut Crossed,
) -> Result<(), StoreError> {
    let mut again = std::mem::take(&mut before.again);
    let mut kept = Vec::new();
    for no in &crossed.fallen {
        if connect(tx, tenant, ground, taken, *no, &mut again).await? {
            continue;
        }
        kept.push(*no);
        if let Some(stored) = before.identifiers.get_mut(no) {
            stored.sharing = Some(Sharing::Shared);
        }
    }
    crossed.fallen.retain(|no| !kept.contains(no));
    before.again = again;
    Ok(())
}

/// Adds the components of all observations that contain the identifier, if they fit into one. If they
/// do not, it stays shared.
pub(in crate::store) async fn connect(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    no: IdentifierNo,
    again: &mut FxHashSet<ObservationNo>,
) -> Result<bool, StoreError> {
    let labels = void::sighted_components(tx, tenant, no).await?;
    let all: FxHashSet<ObservationNo> = again.union(&labels).copied().collect();
    let size = identities::count_components(tx, tenant, &all).await?;
    if size < i64::from(ground.rules.component_limit) {
        *again = all;
        return Ok(true);
    }
    let made = StoredConstraint {
        no: ConstraintNo(taken.next_constraint),
        decision: Decision::Sharing(no, Sharing::Shared),
        author: AUTHOR.to_owned(),
        reason: REASON.to_owned(),
        since: taken.revision,
        principal: None,
        retracted: None,
        observation: None,
        undoes: None,
    };
    constraints::insert(tx, tenant, &made).await?;
    taken.next_constraint += 1;
    let sharing = [(no, Some(Sharing::Shared))];
    deciding::write_sharing(tx, tenant, &sharing).await?;
    let kept = [tenant.0, taken.revision.0, taken.next_constraint].map(Scalar::Int);
    tx.run(decide::KEEP_CONSTRAINTS, &kept).await?;
    tracing::warn!("an identifier stays shared: a component is at its limit");
    Ok(false)
}
