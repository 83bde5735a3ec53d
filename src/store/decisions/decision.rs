//! Decisions of people are carried out here: link, unlink, share, retract, unmerge. A dry run is
//! the same transaction, looked at and rolled back.

use crate::identity::constraints::{ConstraintNo, Sharing};
use crate::identity::moves::{Handover, handovers};
use crate::model::{Identifier, ObservationNo, Revision, TenantKey};
use crate::store::decisions::carry_out::Deciding;
use crate::store::decisions::constraints;
use crate::store::driver::{Scalar, Transaction};
use crate::store::read::changes::{Moved, assignments_since};
use crate::store::write::idempotency::{Request, begin_request};
use crate::store::write::recording::decode_summary;
use crate::store::write::revision::{keep_revision, take_revision};
use crate::store::write::stretches::{self, Stretches};
use crate::store::{Store, StoreError};

/// Whom a decision is about.
#[derive(Debug, Clone)]
pub enum Party {
    /// Also ones that were never seen.
    Identifiers(Vec<Identifier>),
    /// What the customer of this observation holds at that moment.
    Customer(ObservationNo),
}

/// What somebody wants decided.
#[derive(Debug, Clone)]
pub enum Proposal {
    Link(Vec<Party>),
    Unlink(Party, Party),
    Share(Identifier, Sharing),
    Retract(ConstraintNo),
    /// By the observation that made the merge, and the customer that it absorbed.
    Unmerge(ObservationNo, ObservationNo),
}

/// Who wants it, and why.
#[derive(Debug, Clone)]
pub struct Mandate {
    pub author: String,
    pub reason: String,
    /// Who was authenticated.
    pub principal: Option<String>,
    pub request: Request,
    /// Only says what would happen.
    pub dry_run: bool,
}

/// What a decision did, or would do.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Of the decision; for a dry run, the revision that it looked at.
    pub revision: Revision,
    /// The decision made or retracted.
    pub constraint: ConstraintNo,
    /// It had been decided before; nothing changed.
    pub already: bool,
    pub reassigned: Vec<Reassigned>,
    /// The map's changes, for who wants to look at the facts under it.
    pub assignments: Vec<Moved>,
    /// Later stretches of those of them that are cut.
    pub cut: Stretches,
}

/// An observation that changed its customer, or some of its touchpoints that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reassigned {
    pub observation: ObservationNo,
    pub from: ObservationNo,
    pub to: ObservationNo,
    pub touchpoints: u64,
}

pub(in crate::store) const KEEP_CONSTRAINTS: &str =
    "UPDATE tenant SET constraints_at = $2, next_constraint = $3 WHERE tenant = $1";
const REASSIGNED: &str = "SELECT r.observation, r.from_customer, r.to_customer, s.summary FROM reassignment r \
    JOIN summary s ON s.tenant = r.tenant AND s.observation = r.observation \
    WHERE r.tenant = $1 AND r.revision = $2 ORDER BY r.observation";

impl Store {
    /// How many touchpoints changed hands; those times that have some.
    pub async fn count_handovers(
        &self,
        tenant: TenantKey,
        parts: &[Handover],
    ) -> Result<Vec<Reassigned>, StoreError> {
        let mut tx = self.db.read().await?;
        stretches::count(&mut tx, tenant, parts).await
    }

    /// Decides, or says what a decision would do; `None` if what it speaks of does not exist.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the reason when it cannot stand;
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn decide(
        &self,
        tenant: TenantKey,
        proposal: &Proposal,
        mandate: &Mandate,
    ) -> Result<Option<Decided>, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let taken = take_revision(&mut tx, tenant, now).await?;
        let before = taken.next_observation - 1;
        if !mandate.dry_run
            && let Some(at) = begin_request(&mut tx, tenant, &mandate.request, taken.revision).await?
        {
            return decided_before(&mut tx, tenant, at).await;
        }
        let rules = self.tenants.rules(&mut tx, tenant, taken.rules_version).await?;
        let constraints = self.tenants.constraints(&mut tx, tenant, taken.constraints_at).await?;
        let mut deciding = Deciding { tx, tenant, rules: &rules, constraints: &constraints, taken, mandate };
        let Some((constraint, already)) = deciding.carry_out(proposal).await? else { return Ok(None) };
        let Deciding { mut tx, taken, .. } = deciding;
        if already {
            let revision = Revision(taken.revision.0 - 1);
            let (reassigned, assignments, cut) = Default::default();
            return Ok(Some(Decided { revision, constraint, already, reassigned, assignments, cut }));
        }
        let kept = [tenant.0, taken.revision.0, taken.next_constraint].map(Scalar::Int);
        tx.run(KEEP_CONSTRAINTS, &kept).await?;
        keep_revision(&mut tx, tenant, &taken).await?;
        let reassigned = reassigned(&mut tx, tenant, taken.revision).await?;
        let mut decided = Decided {
            revision: taken.revision,
            constraint,
            already,
            reassigned,
            assignments: Vec::new(),
            cut: Stretches::default(),
        };
        if mandate.dry_run {
            let since = Revision(taken.revision.0 - 1);
            decided.assignments = assignments_since(&mut tx, tenant, since, before).await?;
            let moved = decided.assignments.iter().map(|moved| moved.observation);
            decided.cut = stretches::load(&mut tx, tenant, &rules, moved).await?;
            decided.revision = since;
        } else {
            tx.commit().await?;
            self.writer.wake(tenant, taken.revision);
        }
        Ok(Some(decided))
    }
}

async fn decided_before(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
) -> Result<Option<Decided>, StoreError> {
    let Some(made) = constraints::decided_at(tx, tenant, revision).await? else { return Ok(None) };
    let reassigned = reassigned(tx, tenant, revision).await?;
    let (assignments, cut) = Default::default();
    Ok(Some(Decided { revision, constraint: made.no, already: true, reassigned, assignments, cut }))
}

/// What of observations with touchpoints a revision reassigned: whole, or the times that changed hands.
async fn reassigned(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
) -> Result<Vec<Reassigned>, StoreError> {
    let rows = tx.fetch(REASSIGNED, &[tenant.0, revision.0].map(Scalar::Int)).await?;
    let mut touched = Vec::with_capacity(rows.len());
    for row in &rows {
        touched.push(ObservationNo(row.get(0)?));
    }
    let earlier = Revision(revision.0 - 1);
    let before = stretches::load_at(tx, tenant, earlier, touched.iter().copied()).await?;
    let after = stretches::load_at(tx, tenant, revision, touched.into_iter()).await?;
    let (mut reassigned, mut parts) = (Vec::new(), Vec::new());
    for row in &rows {
        let [observation, from, to] = [row.get(0)?, row.get(1)?, row.get(2)?].map(ObservationNo);
        let cut = [&before, &after].map(|cut| cut.get(&observation).map_or(&[][..], Vec::as_slice));
        if cut != [&[][..]; 2] {
            parts.extend(handovers(observation, (from, cut[0]), (to, cut[1])));
        } else if from != to {
            let touchpoints = decode_summary(&row.get::<Vec<u8>>(3)?)?.touchpoints;
            reassigned.push(Reassigned { observation, from, to, touchpoints });
        }
    }
    reassigned.extend(stretches::count(tx, tenant, &parts).await?);
    reassigned.sort_by_key(|one| (one.observation, one.from, one.to));
    Ok(reassigned)
}
