//! What touchpoints say of orders, and what it comes to. Summaries count what touchpoints say by
//! themselves; where others say something about the same order, corrections stand beside them, by
//! observation and time like everything else, so that a customer's view is still a combination.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::objects::{self, Correction, Delta, Is, Says, Statement};
use crate::model::summary::Summary;
use crate::model::{Activity, Currency, Micros, ObservationNo, Revision, TenantKey};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::write::recording::{decode_summary, parse_details, upsert_summaries};
use crate::store::write::stretches::Span;
use crate::store::{Store, StoreError};

const SPOKEN_OF: &str = "WITH v(order_id) AS ({rows}) SELECT DISTINCT v.order_id FROM v CROSS JOIN order_statement s \
    WHERE s.tenant = $1 AND s.order_id = v.order_id";
const INSERT_STATEMENTS: &str = "WITH v(order_id, touchpoint) AS ({rows}) \
    INSERT INTO order_statement (tenant, order_id, touchpoint) SELECT $1, v.order_id, v.touchpoint FROM v";
/// Those known by a number of touchpoints, but for those void by a revision.
const LOAD_STATEMENTS: &str = "WITH v(order_id) AS ({rows}) \
    SELECT v.order_id, t.touchpoint, COALESCE(t.observation, 0), t.at_us, t.source, t.source_id, t.details \
    FROM v CROSS JOIN order_statement s \
    JOIN touchpoint t ON t.tenant = s.tenant AND t.touchpoint = s.touchpoint \
    WHERE s.tenant = $1 AND s.order_id = v.order_id AND t.touchpoint <= $2 AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint AND x.revision <= $3)";
const LOAD_CORRECTIONS: &str = "WITH v(order_id) AS ({rows}) \
    SELECT c.order_id, c.observation, c.at_us, c.currency, c.orders, c.gross_minor, c.returns, c.returned_minor \
    FROM v CROSS JOIN order_correction c WHERE c.tenant = $1 AND c.order_id = v.order_id";
const DELETE_CORRECTIONS: &str = "WITH v(order_id) AS ({rows}) \
    DELETE FROM order_correction WHERE (tenant, order_id) IN (SELECT {tenant}, v.order_id FROM v)";
const INSERT_CORRECTIONS: &str = "WITH v(order_id, observation, at_us, currency, orders, gross_minor, returns, \
    returned_minor) AS ({rows}) \
    INSERT INTO order_correction (tenant, order_id, observation, at_us, currency, orders, gross_minor, returns, \
    returned_minor) SELECT $1, v.order_id, v.observation, v.at_us, v.currency, v.orders, v.gross_minor, v.returns, \
    v.returned_minor FROM v";
const CORRECTIONS_OF: &str = "WITH v(observation) AS ({rows}) \
    SELECT c.order_id, c.observation, c.at_us, c.currency, c.orders, c.gross_minor, c.returns, c.returned_minor \
    FROM v CROSS JOIN order_correction c WHERE c.tenant = $1 AND c.observation = v.observation";
const SAID_BY: &str = "WITH v(observation) AS ({rows}) SELECT t.details FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.observation = v.observation AND t.touchpoint <= $2 \
    AND t.activity IN ('order', 'return', 'cancellation')";
const LOAD_SUMMARIES: &str = "WITH v(observation) AS ({rows}) \
    SELECT s.observation, s.summary FROM v CROSS JOIN summary s \
    WHERE s.tenant = $1 AND s.observation = v.observation";
const UNSETTLED: &str = "SELECT tenant, order_id FROM order_unsettled WHERE (tenant, order_id) > ($1, $2) \
    ORDER BY tenant, order_id LIMIT $3";
const SETTLED: &str = "WITH v(order_id) AS ({rows}) \
    DELETE FROM order_unsettled WHERE (tenant, order_id) IN (SELECT {tenant}, v.order_id FROM v)";

/// Everything that was recorded and is not void.
const NOW: (i64, Revision) = (i64::MAX, Revision(i64::MAX));

type Corrections = Vec<(ObservationNo, Correction)>;

/// The order that an activity speaks of, and what it says of it.
pub(in crate::store) fn said<'a>(activity: &'a Activity, source: &str) -> Option<(&'a str, Says<Currency>)> {
    let id = |id: &str| if id.is_empty() { 0 } else { id_hash(source, id) };
    let (order_id, says) = match activity {
        Activity::Order(order) => {
            let says = Says::Order { minor: order.amount.minor, currency: order.amount.currency };
            (&order.order_id, says)
        }
        Activity::Return(back) => {
            let (minor, currency) = (back.amount.minor, back.amount.currency);
            (&back.order_id, Says::Return { id: id(&back.return_id), minor, currency })
        }
        Activity::Cancellation(cancelled) => {
            let amount = cancelled.amount.map(|amount| (amount.minor, amount.currency));
            (&cancelled.order_id, Says::Cancelled { id: 0, amount })
        }
        _ => return None,
    };
    (!order_id.is_empty()).then_some((order_id.as_str(), says))
}

fn id_hash(source: &str, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, id).hash(&mut hasher);
    hasher.finish().max(1)
}

/// Orders that new touchpoints speak of.
#[derive(Default)]
pub(in crate::store) struct Spoken {
    /// With the numbers of the touchpoints.
    statements: Vec<(String, i64)>,
    /// Those whose views need more than what each touchpoint says.
    unsettled: FxHashSet<String>,
}

impl Spoken {
    pub(in crate::store) fn add(&mut self, activity: &Activity, source: &str, touchpoint: i64) {
        if let Some((order_id, says)) = said(activity, source) {
            if !matches!(says, Says::Order { .. }) {
                self.unsettled.insert(order_id.to_owned());
            }
            self.statements.push((order_id.to_owned(), touchpoint));
        }
    }
}

/// Writes what new touchpoints say of orders, and what it comes to into the summaries of all whom it
/// concerns; those in `summaries` are to be written yet. Returns the touchpoints that told something
/// again.
pub(in crate::store) async fn speak(
    tx: &mut Transaction,
    tenant: TenantKey,
    mut spoken: Spoken,
    summaries: &mut FxHashMap<ObservationNo, Summary>,
) -> Result<FxHashSet<i64>, StoreError> {
    let mut known = FxHashSet::default();
    for (order_id, _) in &spoken.statements {
        if !known.insert(order_id.as_str()) {
            spoken.unsettled.insert(order_id.clone());
        }
    }
    let asked: Vec<&str> = known.into_iter().filter(|id| !spoken.unsettled.contains(*id)).collect();
    let scalars = [Scalar::Int(tenant.0)];
    let mut again = Vec::new();
    for row in tx.fetch_bulk(SPOKEN_OF, &scalars, &[Column::Text(asked)]).await? {
        again.push(row.get::<String>(0)?);
    }
    spoken.unsettled.extend(again);
    let columns = [
        Column::Text(spoken.statements.iter().map(|(order_id, _)| order_id.as_str()).collect()),
        Column::Int(spoken.statements.iter().map(|(_, no)| *no).collect()),
    ];
    tx.run_bulk(INSERT_STATEMENTS, &scalars, &columns).await?;
    let order_ids: Vec<String> = spoken.unsettled.into_iter().collect();
    restate(tx, tenant, &order_ids, summaries).await
}

/// Settles orders again, and brings what changes into the summaries; those in `summaries` are to be
/// written by the caller. Returns the touchpoints that tell something again.
pub(in crate::store) async fn restate(
    tx: &mut Transaction,
    tenant: TenantKey,
    order_ids: &[String],
    summaries: &mut FxHashMap<ObservationNo, Summary>,
) -> Result<FxHashSet<i64>, StoreError> {
    if order_ids.is_empty() {
        return Ok(FxHashSet::default());
    }
    let scalars = [Scalar::Int(tenant.0)];
    let named = || [Column::Text(order_ids.iter().map(String::as_str).collect())];
    let mut was: Vec<(String, ObservationNo, Correction)> = Vec::new();
    for row in tx.fetch_bulk(LOAD_CORRECTIONS, &scalars, &named()).await? {
        was.push((row.get(0)?, ObservationNo(row.get(1)?), correction(&row)?));
    }
    let (is, told_again) = settled(tx, tenant, order_ids, NOW).await?;
    tx.run_bulk(DELETE_CORRECTIONS, &scalars, &named()).await?;
    let currencies: Vec<String> = is.iter().map(|(.., one)| one.currency.to_string()).collect();
    let int = |of: fn(&Correction) -> i64| Column::Int(is.iter().map(|(.., one)| of(one)).collect());
    let columns = [
        Column::Text(is.iter().map(|(order_id, ..)| order_id.as_str()).collect()),
        Column::Int(is.iter().map(|(_, observation, _)| observation.0).collect()),
        int(|one| one.at),
        Column::Text(currencies.iter().map(String::as_str).collect()),
        int(|one| one.delta.orders),
        int(|one| one.delta.gross_minor),
        int(|one| one.delta.returns),
        int(|one| one.delta.returned_minor),
    ];
    tx.run_bulk(INSERT_CORRECTIONS, &scalars, &columns).await?;
    let mut changes: FxHashMap<ObservationNo, Vec<Correction>> = FxHashMap::default();
    for (_, observation, one) in was {
        changes.entry(observation).or_default().push(Correction { delta: one.delta.undone(), ..one });
    }
    for (_, observation, one) in is {
        changes.entry(observation).or_default().push(one);
    }
    correct(tx, tenant, changes, summaries).await?;
    Ok(told_again)
}

/// Brings corrections into summaries: those that are at hand, and those that are stored.
async fn correct(
    tx: &mut Transaction,
    tenant: TenantKey,
    mut changes: FxHashMap<ObservationNo, Vec<Correction>>,
    summaries: &mut FxHashMap<ObservationNo, Summary>,
) -> Result<(), StoreError> {
    for (no, summary) in summaries.iter_mut() {
        changes.remove(no).iter().flatten().for_each(|one| summary.correct(one.currency, &one.delta));
    }
    let mut stored: FxHashMap<ObservationNo, Summary> = FxHashMap::default();
    let columns = [Column::Int(changes.keys().map(|no| no.0).collect())];
    for row in tx.fetch_bulk(LOAD_SUMMARIES, &[Scalar::Int(tenant.0)], &columns).await? {
        stored.insert(ObservationNo(row.get(0)?), decode_summary(&row.get::<Vec<u8>>(1)?)?);
    }
    for (no, summary) in &mut stored {
        changes.remove(no).iter().flatten().for_each(|one| summary.correct(one.currency, &one.delta));
    }
    upsert_summaries(tx, tenant, &stored).await
}

/// What orders come to, as corrections by order and observation; and who tells something again. Of the
/// touchpoints known by a number, but for those void by a revision.
async fn settled(
    tx: &mut Transaction,
    tenant: TenantKey,
    order_ids: &[String],
    (last, revision): (i64, Revision),
) -> Result<(Vec<(String, ObservationNo, Correction)>, FxHashSet<i64>), StoreError> {
    type Told = ((i64, String, String), i64, Statement<Currency>);
    let mut orders: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    let scalars = [tenant.0, last, revision.0].map(Scalar::Int);
    let named = [Column::Text(order_ids.iter().map(String::as_str).collect())];
    for row in tx.fetch_bulk(LOAD_STATEMENTS, &scalars, &named).await? {
        let (at, source, source_id): (i64, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let details = parse_details(&row.get::<String>(6)?)?;
        let Some((order_id, says)) = said(&details.activity, &source) else { continue };
        let statement = Statement { observation: row.get(2)?, at, says };
        let told = orders.entry(order_id.to_owned()).or_default();
        told.push(((at, source, source_id), row.get(1)?, statement));
    }
    let (mut corrections, mut told_again) = (Vec::new(), FxHashSet::default());
    for (order_id, mut told) in orders {
        told.sort_by(|a, b| a.0.cmp(&b.0));
        let statements: Vec<Statement<Currency>> = told.iter().map(|(_, _, statement)| *statement).collect();
        let verdicts = objects::settle(&statements);
        let again = told.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is == Is::ToldAgain);
        told_again.extend(again.map(|((_, no, _), _)| *no));
        for (observation, one) in objects::corrections(&statements, &verdicts) {
            corrections.push((order_id.clone(), ObservationNo(observation), one));
        }
    }
    Ok((corrections, told_again))
}

fn correction(row: &Row) -> Result<Correction, StoreError> {
    let currency = Currency::parse(&row.get::<String>(3)?).ok_or(StoreError::Corrupt { what: "currency" })?;
    let delta = Delta {
        orders: row.get(4)?,
        gross_minor: row.get(5)?,
        returns: row.get(6)?,
        returned_minor: row.get(7)?,
    };
    Ok(Correction { at: row.get(2)?, currency, delta })
}

/// The corrections of observations now.
pub(in crate::store) async fn corrections_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    observations: &[ObservationNo],
) -> Result<Corrections, StoreError> {
    let columns = [Column::Int(observations.iter().map(|no| no.0).collect())];
    let rows = tx.fetch_bulk(CORRECTIONS_OF, &[Scalar::Int(tenant.0)], &columns).await?;
    rows.iter().map(|row| Ok((ObservationNo(row.get(1)?), correction(row)?))).collect()
}

/// The corrections of observations, of the touchpoints known by a number, but for those void by a
/// revision.
pub(in crate::store) async fn corrections_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    observations: &[ObservationNo],
    then: (i64, Revision),
) -> Result<Corrections, StoreError> {
    let columns = [Column::Int(observations.iter().map(|no| no.0).collect())];
    let mut order_ids = FxHashSet::default();
    for row in tx.fetch_bulk(SAID_BY, &[tenant.0, then.0].map(Scalar::Int), &columns).await? {
        let details = parse_details(&row.get::<String>(0)?)?;
        order_ids.extend(said(&details.activity, "").map(|(order_id, _)| order_id.to_owned()));
    }
    let order_ids: Vec<String> = order_ids.into_iter().collect();
    let (corrections, _) = settled(tx, tenant, &order_ids, then).await?;
    let wanted: FxHashSet<ObservationNo> = observations.iter().copied().collect();
    let corrections = corrections.into_iter().filter(|(_, no, _)| wanted.contains(no));
    Ok(corrections.map(|(_, no, one)| (no, one)).collect())
}

/// Corrects what spans of observations come to; each summary is of the span in its place.
pub(in crate::store) async fn correct_spans(
    tx: &mut Transaction,
    tenant: TenantKey,
    spans: &[Span],
    then: (i64, Revision),
    summaries: &mut [Summary],
) -> Result<(), StoreError> {
    let mut observations: Vec<ObservationNo> = spans.iter().map(|span| span.observation).collect();
    observations.sort_unstable();
    observations.dedup();
    let corrections = match then.0 == i64::MAX {
        true => corrections_of(tx, tenant, &observations).await?,
        false => corrections_as_of(tx, tenant, &observations, then).await?,
    };
    for (no, one) in corrections {
        let has = |span: &Span| {
            span.observation == no && span.from <= Micros(one.at) && Micros(one.at) < span.until
        };
        if let Some(nth) = spans.iter().position(has) {
            summaries[nth].correct(one.currency, &one.delta);
        }
    }
    Ok(())
}

impl Store {
    /// Settles the orders that an older build left: once after an upgrade, in steps that can be
    /// interrupted.
    pub(in crate::store) async fn settle_orders(&self) -> Result<(), StoreError> {
        const STEP: i64 = 1_000;
        // No order has an empty id.
        let mut settled = (TenantKey(i64::MIN), String::new());
        loop {
            let mut tx = self.db.write().await?;
            let after = [Scalar::Int(settled.0.0), Scalar::Text(&settled.1), Scalar::Int(STEP)];
            let rows = tx.fetch(UNSETTLED, &after).await?;
            let Some(first) = rows.first() else { return Ok(()) };
            let tenant = TenantKey(first.get(0)?);
            let mut order_ids: Vec<String> = Vec::new();
            for row in &rows {
                if row.get::<i64>(0)? == tenant.0 {
                    order_ids.push(row.get(1)?);
                }
            }
            restate(&mut tx, tenant, &order_ids, &mut FxHashMap::default()).await?;
            let named = [Column::Text(order_ids.iter().map(String::as_str).collect())];
            tx.run_bulk(SETTLED, &[Scalar::Int(tenant.0)], &named).await?;
            tx.commit().await?;
            settled = (tenant, order_ids.pop().unwrap_or_default());
        }
    }
}
