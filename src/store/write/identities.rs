//! Identity on disk: loads what the resolver asks for and writes what it decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::Rules;
use crate::identity::batch::{
    Before, Claims, Fresh, Stored, StoredCustomer, StoredObservation, claim, plan, settle as decide,
};
use crate::identity::constraints::{Constraints, Sharing};
use crate::identity::moves::Touch;
use crate::identity::resolve::{IdentifierNo, Observation, Seen};
use crate::model::{Identifier, Micros, ObservationNo, Position, TenantKey, TouchKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::conflicts;
use crate::store::write::falling;
use crate::store::write::revision::Taken;
use crate::store::write::settled;
use crate::store::write::stretches::{self, Stretches};

/// A set of identifiers that the resolver has to look at.
pub(in crate::store) struct Evidence {
    pub(in crate::store) no: ObservationNo,
    pub(in crate::store) is_new: bool,
    pub(in crate::store) was: Option<ObservationNo>,
    pub(in crate::store) set: [u8; 16],
    /// Of its first touchpoint, in canonical order.
    pub(in crate::store) position: Position,
    pub(in crate::store) identifiers: Vec<Identifier>,
    pub(in crate::store) severed: String,
    /// A logout that sets its one identifier free.
    pub(in crate::store) releases: bool,
    /// Of such a one: the version of the logout.
    pub(in crate::store) version: i64,
}

macro_rules! identifier_columns {
    () => {
        "d.identifier, d.kind, d.value, d.holder, d.claims, \
         d.first_in, f.first_at_us, f.first_source, f.first_source_id, f.component, \
         d.latest_in, l.first_at_us, l.first_source, l.first_source_id, d.sharing, d.shared, \
         d.blocked"
    };
}
macro_rules! identifier_joins {
    () => {
        " LEFT JOIN observation f ON f.tenant = d.tenant AND f.observation = d.first_in \
          LEFT JOIN observation l ON l.tenant = d.tenant AND l.observation = d.latest_in "
    };
}
pub(in crate::store) const FIND_IDENTIFIERS: &str = concat!(
    "WITH v(kind, value) AS ({rows}) SELECT ",
    identifier_columns!(),
    " FROM v CROSS JOIN identifier d",
    identifier_joins!(),
    "WHERE d.tenant = $1 AND d.kind = v.kind AND d.value = v.value"
);
pub(in crate::store) const LOAD_IDENTIFIERS: &str = concat!(
    "WITH v(identifier) AS ({rows}) SELECT ",
    identifier_columns!(),
    " FROM v CROSS JOIN identifier d",
    identifier_joins!(),
    "WHERE d.tenant = $1 AND d.identifier = v.identifier"
);
const LOAD_CUSTOMERS: &str = "WITH v(customer) AS ({rows}) \
    SELECT c.customer, c.latest_in, c.unsettled, o.first_at_us, o.first_source, o.first_source_id \
    FROM v CROSS JOIN customer c JOIN observation o ON o.tenant = c.tenant AND o.observation = c.latest_in \
    WHERE c.tenant = $1 AND c.customer = v.customer";
const COUNT_HELD: &str = "WITH v(customer) AS ({rows}) \
    SELECT d.holder, d.kind, COUNT(*) FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.holder = v.customer GROUP BY d.holder, d.kind";
const COUNT_COMPONENTS: &str = "WITH v(component) AS ({rows}) \
    SELECT o.component, COUNT(*) FROM v CROSS JOIN observation o \
    WHERE o.tenant = $1 AND o.component = v.component GROUP BY o.component";
pub(in crate::store) const LOAD_COMPONENTS: &str = "WITH v(component) AS ({rows}) \
    SELECT o.observation, o.customer, o.component, o.identifiers, o.severed, \
    o.first_at_us, o.first_source, o.first_source_id, o.releases, o.unsettled \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.component = v.component AND o.live = 1";
const LOAD_HELD: &str = "WITH v(customer) AS ({rows}) \
    SELECT d.identifier, d.holder FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.holder = v.customer";

/// What identity is decided by, beside the evidence.
pub(in crate::store) struct Ground<'a> {
    pub(in crate::store) rules: &'a Rules,
    pub(in crate::store) constraints: Arc<Constraints>,
}

/// What identity has to look at.
#[derive(Default)]
pub(in crate::store) struct News {
    pub(in crate::store) evidence: Vec<Evidence>,
    /// Touches of the batch that may move an identifier.
    pub(in crate::store) touches: Vec<Touch>,
    /// Labels of components that are resolved again whatever came.
    pub(in crate::store) again: FxHashSet<ObservationNo>,
    /// Customers that a link makes one with others: whoever links logs that merge.
    pub(in crate::store) linked: Vec<ObservationNo>,
}

/// Resolves what is new and writes what changes. Adds the customers of the observations, and
/// returns the later stretches of those that are cut.
pub(in crate::store) async fn settle(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    news: News,
    customers: &mut FxHashMap<ObservationNo, ObservationNo>,
) -> Result<Stretches, StoreError> {
    let News { evidence, mut touches, again, linked } = news;
    if evidence.is_empty() && again.is_empty() {
        return Ok(Stretches::default());
    }
    let rules = ground.rules;
    let (mut before, mut fresh) = load_before(tx, tenant, ground, taken, &evidence).await?;
    before.again = again;
    let mut crossed = claim(rules, &mut before, &fresh);
    falling::reach(tx, tenant, ground, taken, &mut before, &mut crossed).await?;
    let plan = plan(rules, &mut before, &mut fresh, &crossed);
    let (loaded, beside, touched) = load_components(tx, tenant, rules, &plan.replay).await?;
    touches.extend(touched);
    let mut changes = decide(rules, before, &plan, &fresh, &loaded, &touches, beside);
    changes.unbridged.retain(|one| !linked.contains(&one.merge.absorbed));
    metrics::counter!("customer360_observations_resolved_total").increment(fresh.len() as u64);
    metrics::counter!("customer360_observations_replayed_total")
        .increment(changes.replayed_observations as u64);
    if plan.severed > 0 {
        tracing::warn!(count = plan.severed, "components are at their limit; links were cut");
        metrics::counter!("customer360_links_severed_total").increment(plan.severed as u64);
    }
    customers.extend(changes.assigned.iter().map(|assigned| (assigned.no, assigned.customer)));
    let moved: FxHashMap<_, _> = changes.merged.iter().map(|&(was, now, _)| (was, now)).collect();
    for customer in customers.values_mut() {
        *customer = moved.get(customer).copied().unwrap_or(*customer);
    }
    settled::relabel(tx, tenant, &plan.relabelled).await?;
    settled::write_merges(tx, tenant, taken, &changes).await?;
    settled::insert_observations(tx, tenant, &evidence, &fresh, &changes).await?;
    settled::move_observations(tx, tenant, &evidence).await?;
    let was = evidence.iter().filter_map(|e| Some((e.no, e.was?))).collect();
    settled::reassign(tx, tenant, taken, &was, &loaded, &changes).await?;
    let named = |f: &&Fresh| crossed.fallen.iter().any(|no| f.observation.identifiers.contains(no));
    let cause = fresh.iter().filter(named).max_by_key(|f| &f.observation.position);
    let cause = cause.map(|f| f.observation.no);
    settled::log_merges(tx, tenant, taken, &changes, cause).await?;
    conflicts::log(tx, tenant, taken, &changes.conflicts).await?;
    settled::write_holdings(tx, tenant, rules, taken, &changes).await?;
    stretches::write(tx, tenant, taken, &loaded, &changes.assigned).await?;
    let cut = changes.assigned.into_iter().filter(|assigned| !assigned.stretches.is_empty());
    Ok(cut.map(|assigned| (assigned.no, assigned.stretches)).collect())
}

/// Numbers the identifiers of the evidence and loads what is known of them and of their holders.
pub(in crate::store) async fn load_before(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    evidence: &[Evidence],
) -> Result<(Before, Vec<Fresh>), StoreError> {
    let rules = ground.rules;
    let mut distinct: Vec<&Identifier> = evidence.iter().flat_map(|e| &e.identifiers).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let columns = [
        Column::Text(distinct.iter().map(|d| d.kind.as_str()).collect()),
        Column::Text(distinct.iter().map(|d| d.value.as_str()).collect()),
    ];
    let mut before = Before { constraints: ground.constraints.clone(), ..Before::default() };
    let mut number_of: FxHashMap<(usize, String), IdentifierNo> = FxHashMap::default();
    for row in tx.fetch_bulk(FIND_IDENTIFIERS, &[Scalar::Int(tenant.0)], &columns).await? {
        let (no, stored) = read_identifier(&row, rules)?;
        number_of.insert((stored.kind, stored.value.clone()), no);
        before.identifiers.insert(no, stored);
    }
    let mut fresh = Vec::with_capacity(evidence.len());
    for e in evidence {
        let mut observation = Observation {
            no: e.no,
            position: e.position.clone(),
            identifiers: Vec::with_capacity(e.identifiers.len()),
            severed: read_numbers(&e.severed)?,
            releases: e.releases,
        };
        for identifier in &e.identifiers {
            let kind = kind_index(rules, identifier.kind.as_str())?;
            let seen = observation.seen();
            let no = *number_of.entry((kind, identifier.value.clone())).or_insert_with(|| {
                taken.next_identifier += 1;
                IdentifierNo(taken.next_identifier - 1)
            });
            observation.identifiers.push(no);
            let new = || Stored::unheld(kind, identifier.value.clone(), seen.clone());
            let stored = before.identifiers.entry(no).or_insert_with(new);
            if stored.component.is_none() && seen < stored.first {
                stored.first = seen;
            }
        }
        fresh.push(Fresh { observation, is_new: e.is_new });
    }
    load_customers(tx, tenant, rules, &mut before).await?;
    load_sizes(tx, tenant, rules, taken, &mut before).await?;
    Ok((before, fresh))
}

async fn load_customers(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    before: &mut Before,
) -> Result<(), StoreError> {
    let mut holders: Vec<i64> = before.identifiers.values().filter_map(|d| d.holder).map(|no| no.0).collect();
    holders.sort_unstable();
    holders.dedup();
    let columns = [Column::Int(holders)];
    let scalars = [Scalar::Int(tenant.0)];
    for row in tx.fetch_bulk(LOAD_CUSTOMERS, &scalars, &columns).await? {
        let latest = Seen { position: read_position(&row, 3)?, no: ObservationNo(row.get(1)?) };
        let unsettled = row.get::<i64>(2)? != 0;
        let customer = StoredCustomer { held: vec![0; rules.kinds.len()], latest, unsettled };
        before.customers.insert(ObservationNo(row.get(0)?), customer);
    }
    for row in tx.fetch_bulk(COUNT_HELD, &scalars, &columns).await? {
        let kind = kind_index(rules, &row.get::<String>(1)?)?;
        if let Some(customer) = before.customers.get_mut(&ObservationNo(row.get(0)?)) {
            customer.held[kind] = u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX);
        }
    }
    if before.constraints.keep_apart() {
        for row in tx.fetch_bulk(LOAD_HELD, &scalars, &columns).await? {
            let no = IdentifierNo(row.get(0)?);
            if !before.constraints.sides(no).is_empty() {
                before.bound.push((no, ObservationNo(row.get(1)?)));
            }
        }
    }
    Ok(())
}

/// Counts components, but only those old enough to be near the limit: a component's label is its
/// first observation, and there are no more observations than were numbered since.
async fn load_sizes(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    taken: &Taken,
    before: &mut Before,
) -> Result<(), StoreError> {
    let half = i64::from(rules.component_limit / 2);
    let mut labels: Vec<i64> =
        before.identifiers.values().filter_map(|d| d.component).map(|no| no.0).collect();
    labels.retain(|label| taken.next_observation - label > half);
    labels.sort_unstable();
    labels.dedup();
    for row in tx.fetch_bulk(COUNT_COMPONENTS, &[Scalar::Int(tenant.0)], &[Column::Int(labels)]).await? {
        let size = u32::try_from(row.get::<i64>(1)?).unwrap_or(u32::MAX);
        before.component_sizes.insert(ObservationNo(row.get(0)?), size);
    }
    Ok(())
}

/// Observations in components, together.
pub(in crate::store) async fn count_components(
    tx: &mut Transaction,
    tenant: TenantKey,
    labels: &FxHashSet<ObservationNo>,
) -> Result<i64, StoreError> {
    let columns = [Column::Int(labels.iter().map(|label| label.0).collect())];
    let mut count = 0;
    for row in tx.fetch_bulk(COUNT_COMPONENTS, &[Scalar::Int(tenant.0)], &columns).await? {
        count += row.get::<i64>(1)?;
    }
    Ok(count)
}

/// Live observations, the identifiers in them, and the touches that may have moved one.
pub(in crate::store) type LoadedComponents =
    (Vec<StoredObservation>, FxHashMap<IdentifierNo, Stored>, Vec<Touch>);

/// All live observations of components, and what bears on them.
pub(in crate::store) async fn load_components(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    labels: &FxHashSet<ObservationNo>,
) -> Result<LoadedComponents, StoreError> {
    let columns = [Column::Int(labels.iter().map(|label| label.0).collect())];
    let mut loaded = Vec::new();
    for row in tx.fetch_bulk(LOAD_COMPONENTS, &[Scalar::Int(tenant.0)], &columns).await? {
        loaded.push(StoredObservation {
            observation: Observation {
                no: ObservationNo(row.get(0)?),
                position: read_position(&row, 5)?,
                identifiers: read_numbers(&row.get::<String>(3)?)?,
                severed: read_numbers(&row.get::<String>(4)?)?,
                releases: row.get::<i64>(8)? != 0,
            },
            customer: ObservationNo(row.get(1)?),
            component: ObservationNo(row.get(2)?),
            stretches: Vec::new(),
            unsettled: row.get::<i64>(9)? != 0,
        });
    }
    let mut cut = stretches::load(tx, tenant, rules, loaded.iter().map(|o| o.observation.no)).await?;
    for stored in &mut loaded {
        stored.stretches = cut.remove(&stored.observation.no).unwrap_or_default();
    }
    let mut numbers: Vec<i64> =
        loaded.iter().flat_map(|o| &o.observation.identifiers).map(|no| no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut beside = FxHashMap::default();
    for row in tx.fetch_bulk(LOAD_IDENTIFIERS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await? {
        let (no, stored) = read_identifier(&row, rules)?;
        beside.insert(no, stored);
    }
    let kind_of = |no| Some(beside.get(&no)?.kind);
    let touches = stretches::load_touches(tx, tenant, rules, &loaded, kind_of).await?;
    Ok((loaded, beside, touches))
}

/// An identifier that was only decided about was never seen: first never, latest never.
pub(in crate::store) fn read_identifier(
    row: &Row,
    rules: &Rules,
) -> Result<(IdentifierNo, Stored), StoreError> {
    let claims: String = row.get(4)?;
    let component = row.get::<Option<i64>>(9)?.map(ObservationNo);
    let seen = |no: usize, at: usize, never: Micros| match component {
        Some(_) => Ok(Seen { no: ObservationNo(row.get(no)?), position: read_position(row, at)? }),
        None => {
            let key = TouchKey { source: String::new(), source_id: String::new() };
            Ok::<_, StoreError>(Seen { no: ObservationNo(0), position: Position { at: never, key } })
        }
    };
    let sharing = match row.get::<Option<i64>>(14)? {
        Some(0) => Some(Sharing::Personal),
        Some(_) => Some(Sharing::Shared),
        None => None,
    };
    let stored = Stored {
        kind: kind_index(rules, &row.get::<String>(1)?)?,
        value: row.get(2)?,
        holder: row.get::<Option<i64>>(3)?.map(ObservationNo),
        claims: read_claims(&claims)?,
        first: seen(5, 6, Micros::MAX)?,
        component,
        latest: seen(10, 11, Micros::MIN)?,
        sharing,
        was_shared: row.get::<i64>(15)? != 0,
        blocked: row.get::<i64>(16)? != 0,
    };
    Ok((IdentifierNo(row.get(0)?), stored))
}

/// A position in three columns: instant, source, source id.
pub(in crate::store) fn read_position(row: &Row, column: usize) -> Result<Position, StoreError> {
    let key = TouchKey { source: row.get(column + 1)?, source_id: row.get(column + 2)? };
    Ok(Position { at: Micros(row.get(column)?), key })
}

pub(in crate::store) fn kind_index(rules: &Rules, name: &str) -> Result<usize, StoreError> {
    let found = rules.kinds.iter().position(|rule| rule.kind.as_str() == name);
    found.ok_or(StoreError::Corrupt { what: "identifier kind" })
}

/// Numbers in a text column: `3,17`.
pub(in crate::store) fn write_numbers(numbers: &[IdentifierNo]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|no| no.0.to_string()).collect();
    numbers.join(",")
}

pub(in crate::store) fn read_numbers(text: &str) -> Result<Vec<IdentifierNo>, StoreError> {
    let numbers = text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().map(IdentifierNo));
    numbers.collect::<Result<_, _>>().map_err(|_| StoreError::Corrupt { what: "list of identifiers" })
}

pub(in crate::store) fn write_claims(claims: &Claims) -> String {
    if claims.is_empty() { String::new() } else { serde_json::to_string(claims).unwrap_or_default() }
}

pub(in crate::store) fn read_claims(text: &str) -> Result<Claims, StoreError> {
    if text.is_empty() {
        return Ok(Claims::new());
    }
    if let Ok(claims) = serde_json::from_str(text) {
        return Ok(claims);
    }
    // As counted until they were grouped: each value by itself.
    let flat: BTreeMap<String, Vec<i64>> =
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "claims" })?;
    let mut claims = Claims::new();
    for (kind, values) in flat {
        values.iter().for_each(|value| claims.add(&kind, &[*value]));
    }
    Ok(claims)
}
