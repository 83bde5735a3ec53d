//! What becomes of touchpoints that are known already by their key.

use rustc_hash::FxHashMap;

use super::StoreError;
use super::driver::{Column, Scalar, Transaction};
use super::record::{Incoming, Outcome};
use super::stretches::{self, owner_at};
use crate::identity::Rules;
use crate::model::{ObservationNo, TenantKey, TouchKey};

const FIND_KEYS: &str = "WITH v(source, source_id, i) AS ({rows}) \
    SELECT v.i, t.payload_hash, o.customer, o.observation FROM v CROSS JOIN touchpoint t \
    LEFT JOIN observation o ON o.tenant = t.tenant AND o.observation = t.observation \
    WHERE t.tenant = $1 AND t.source = v.source AND t.source_id = v.source_id";

/// A mark that only stands between `known_outcomes` and `resolve_copies`: the outcome of a later
/// copy is that of the first in the batch.
fn first_of_key(batch: &[Incoming]) -> FxHashMap<&TouchKey, usize> {
    let mut first = FxHashMap::default();
    for (i, incoming) in batch.iter().enumerate() {
        first.entry(&incoming.touchpoint.key).or_insert(i);
    }
    first
}

/// Outcomes of what is stored already, and of all but the first of a key within the batch.
pub(super) async fn known_outcomes(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    batch: &[Incoming],
) -> Result<Vec<Option<Outcome>>, StoreError> {
    let first = first_of_key(batch);
    let mut outcomes = vec![None; batch.len()];
    for (i, incoming) in batch.iter().enumerate() {
        let first = &batch[first[&incoming.touchpoint.key]];
        if !std::ptr::eq(first, incoming) {
            let same = first.payload_hash == incoming.payload_hash;
            outcomes[i] = Some(if same { Outcome::Duplicate(None) } else { Outcome::KeyTaken });
        }
    }
    let asked: Vec<usize> = (0..batch.len()).filter(|&i| outcomes[i].is_none()).collect();
    let columns = [
        Column::Text(asked.iter().map(|&i| batch[i].touchpoint.key.source.as_str()).collect()),
        Column::Text(asked.iter().map(|&i| batch[i].touchpoint.key.source_id.as_str()).collect()),
        Column::Int(asked.iter().map(|&i| i as i64).collect()),
    ];
    let rows = tx.fetch_bulk(FIND_KEYS, &[Scalar::Int(tenant.0)], &columns).await?;
    let mut observations = Vec::new();
    for row in &rows {
        observations.extend(row.get::<Option<i64>>(3)?.map(ObservationNo));
    }
    let cut = stretches::load(tx, tenant, rules, observations.into_iter()).await?;
    for row in rows {
        let i = row.get::<i64>(0)? as usize;
        let hash: Vec<u8> = row.get(1)?;
        let home = row.get::<Option<i64>>(2)?.map(ObservationNo);
        let observation = row.get::<Option<i64>>(3)?.map(ObservationNo);
        let at = batch[i].touchpoint.at;
        let customer = home.zip(observation).map(|(home, no)| owner_at(&cut, no, home, at));
        let same = hash == batch[i].payload_hash;
        outcomes[i] = Some(if same { Outcome::Duplicate(customer) } else { Outcome::KeyTaken });
    }
    Ok(outcomes)
}

/// Copies within the batch share the fate of the first: its customer if that was stored, its
/// refusal if it was refused.
pub(super) fn resolve_copies(batch: &[Incoming], outcomes: Vec<Option<Outcome>>) -> Vec<Outcome> {
    let first = first_of_key(batch);
    let resolve = |i: usize| {
        let of_first = outcomes[first[&batch[i].touchpoint.key]].as_ref();
        match (outcomes[i].as_ref(), of_first) {
            (
                Some(Outcome::Duplicate(_)),
                Some(
                    Outcome::Recorded(customer) | Outcome::ToldAgain(customer) | Outcome::Duplicate(customer),
                ),
            ) => Outcome::Duplicate(*customer),
            (Some(Outcome::Duplicate(_)), Some(refused)) => refused.clone(),
            (Some(outcome), _) => outcome.clone(),
            (None, _) => Outcome::KeyTaken,
        }
    };
    (0..batch.len()).map(resolve).collect()
}
