//! Versions of touchpoints: what stood until a higher one came leaves the answers like a voided one,
//! in the revision that brings the other; what comes below one that is known never enters them.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::model::summary::Summary;
use crate::model::{Activity, Details, Identifier, ObservationNo, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::as_of as known;
use crate::store::tenants::Tenants;
use crate::store::write::identities::Ground;
use crate::store::write::orders;
use crate::store::write::outcomes::Outdated;
use crate::store::write::recording::{Incoming, insert_touchpoints, parse_details};
use crate::store::write::revision::Taken;
use crate::store::write::voiding as void;

const INSERT_SUPERSEDED: &str = "WITH v(touchpoint, taken_back_at) AS ({rows}) \
    INSERT INTO void (tenant, touchpoint, revision, reason, superseded, taken_back_at) \
    SELECT $1, v.touchpoint, $2, '', 1, v.taken_back_at FROM v";
const LOAD_DETAILS: &str = "WITH v(touchpoint) AS ({rows}) SELECT t.source, t.details FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.touchpoint = v.touchpoint AND t.activity IN ('order', 'return', 'cancellation')";

/// A customer whom the withdrawal ended and the same revision made again never ended.
const KEEP_BEGUN: &str = "UPDATE customer SET began = w.began FROM customer_was w \
    WHERE customer.tenant = $1 AND w.tenant = $1 AND w.until_revision = $2 AND w.ended = 1 \
    AND customer.customer = w.customer";
const NEVER_ENDED: &str = "UPDATE customer_was SET ended = 0 WHERE tenant = $1 AND until_revision = $2 AND ended = 1 \
    AND EXISTS (SELECT 1 FROM customer c WHERE c.tenant = customer_was.tenant AND c.customer = customer_was.customer)";

/// Says of customers that were withdrawn and made again in this revision that they stayed.
pub(in crate::store) async fn keep_begun(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    outdated: &[Outdated],
) -> Result<(), StoreError> {
    if outdated.is_empty() {
        return Ok(());
    }
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run(KEEP_BEGUN, &scalars).await?;
    tx.run(NEVER_ENDED, &scalars).await
}

/// Takes out what stood until a version of the batch. Returns what remains of the observations that
/// the batch adds to again, at the same place.
pub(in crate::store) async fn supersede(
    tx: &mut Transaction,
    tenant: TenantKey,
    tenants: &Tenants,
    ground: &Ground<'_>,
    taken: &mut Taken,
    batch: &[Incoming],
    outdated: &[Outdated],
) -> Result<FxHashMap<ObservationNo, Summary>, StoreError> {
    if outdated.is_empty() {
        return Ok(FxHashMap::default());
    }
    let numbers: Vec<i64> = outdated.iter().map(|one| one.was.no.0).collect();
    insert_superseded(tx, tenant, taken, numbers.clone(), vec![None; numbers.len()]).await?;
    let mut order_ids = Vec::new();
    for row in tx.fetch_bulk(LOAD_DETAILS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let details = parse_details(&row.get::<String>(1)?)?;
        let said = orders::said(&details.activity, &row.get::<String>(0)?);
        order_ids.extend(said.map(|(order_id, _)| order_id.to_owned()));
    }
    order_ids.sort_unstable();
    order_ids.dedup();
    // First: what is recomputed below takes the corrections as they are then.
    orders::restate(tx, tenant, &order_ids, &mut FxHashMap::default()).await?;

    let (mut same, mut others) = (FxHashSet::default(), Vec::new());
    for one in outdated {
        let Some(observation) = one.was.observation else { continue };
        match is_in_place(one, &batch[one.by]) {
            true => _ = same.insert(observation),
            false => others.push((observation, one)),
        }
    }
    // Who it was or when changed: resolved as if the one before had been voided.
    let mut withdrawn = FxHashSet::default();
    for (observation, _) in &others {
        if withdrawn.insert(*observation) {
            let logouts = (others.iter().filter(|(of, one)| of == observation && one.was.is_logout))
                .map(|(_, one)| (&batch[one.by].touchpoint.key, one.was.version));
            void::withdraw(tx, tenant, tenants, ground, taken, *observation, logouts.collect()).await?;
        }
    }
    let observations: Vec<ObservationNo> = same.into_iter().collect();
    let numbers = observations.iter().map(|no| no.0).collect();
    let mut remaining = known::sum_touches(tx, tenant, known::NOW, numbers).await?;
    observations.iter().for_each(|no| _ = remaining.entry(*no).or_default());
    for (no, one) in orders::corrections_of(tx, tenant, &observations).await? {
        remaining.entry(no).or_default().correct(one.currency, &one.delta);
    }
    Ok(remaining)
}

/// Whether a version says the same of who it was and when: then nothing of identity changes.
fn is_in_place(outdated: &Outdated, by: &Incoming) -> bool {
    let is_logout = outdated.was.is_logout || matches!(by.touchpoint.details.activity, Activity::Logout(_));
    outdated.was.set == by.set && outdated.was.at == by.touchpoint.at && !is_logout
}

/// Stores what comes below a version that is known. It proves nothing: its identifiers stand with
/// it, and no observation has it.
pub(in crate::store) async fn write_late(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &mut Taken,
    batch: &[Incoming],
    late: &[(usize, bool)],
) -> Result<(), StoreError> {
    if late.is_empty() {
        return Ok(());
    }
    let each = || late.iter().map(|&(i, _)| &batch[i]);
    let documents: Vec<String> = each().map(unlinked_document).collect();
    let details = documents.iter().map(String::as_str).collect();
    let numbers = insert_touchpoints(tx, tenant, taken, each(), vec![None; late.len()], details).await?;
    let taken_back = late.iter().map(|(_, back)| back.then_some(taken.revision.0)).collect();
    insert_superseded(tx, tenant, taken, numbers, taken_back).await
}

async fn insert_superseded(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    numbers: Vec<i64>,
    taken_back: Vec<Option<i64>>,
) -> Result<(), StoreError> {
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    let columns = [Column::Int(numbers), Column::IntOrNull(taken_back)];
    tx.run_bulk(INSERT_SUPERSEDED, &scalars, &columns).await
}

/// The details of a touchpoint that no observation has, with its identifiers.
#[derive(Serialize)]
struct Unlinked<'a> {
    #[serde(flatten)]
    details: &'a Details,
    unlinked: &'a [Identifier],
}

/// What a document says beside the details.
#[derive(Default, Deserialize)]
struct Beside {
    #[serde(default)]
    unlinked: Vec<Identifier>,
}

fn unlinked_document(incoming: &Incoming) -> String {
    let Incoming { touchpoint, .. } = incoming;
    let document = Unlinked { details: &touchpoint.details, unlinked: &touchpoint.identifiers };
    serde_json::to_string(&document).expect("details are plain values with text keys")
}

/// The identifiers that stand in the document of a touchpoint that no observation has.
pub(in crate::store) fn unlinked(document: &str) -> Result<Vec<Identifier>, StoreError> {
    let beside: Beside =
        serde_json::from_str(document).map_err(|_| StoreError::Corrupt { what: "details" })?;
    Ok(beside.unlinked)
}
