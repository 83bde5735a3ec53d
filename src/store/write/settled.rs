//! Writes what the resolver decided.

use rustc_hash::FxHashMap;

use crate::identity::Rules;
use crate::identity::batch::{Assigned, Changes, Fresh, Stored, StoredObservation};
use crate::identity::merges::Merge;
use crate::identity::resolve::IdentifierNo;
use crate::model::{ObservationNo, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::write::identities::{Evidence, write_claims, write_numbers};
use crate::store::write::revision::Taken;

const RELABEL: &str = "WITH v(was, label) AS ({rows}) \
    UPDATE observation SET component = v.label FROM v \
    WHERE observation.tenant = $1 AND observation.component = v.was";
const LOG_MERGES: &str = "WITH v(was, customer, component) AS ({rows}) \
    INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    SELECT $1, $2, o.observation, v.was, v.customer FROM v CROSS JOIN observation o \
    WHERE o.tenant = $1 AND o.component = v.component AND o.customer = v.was \
    ON CONFLICT (tenant, revision, observation) DO UPDATE SET to_customer = excluded.to_customer";
const MERGE: &str = "WITH v(was, customer, component) AS ({rows}) \
    UPDATE observation SET customer = v.customer FROM v \
    WHERE observation.tenant = $1 AND observation.component = v.component AND observation.customer = v.was";
const MERGE_HOLDINGS: &str = "WITH v(was, customer) AS ({rows}) \
    UPDATE identifier SET holder = v.customer FROM v \
    WHERE identifier.tenant = $1 AND identifier.holder = v.was";
const INSERT_OBSERVATIONS: &str = "WITH v(observation, set_hash, identifiers, severed, releases, version, \
    unsettled, customer, component, first_at_us, first_source, first_source_id) AS ({rows}) \
    INSERT INTO observation (tenant, observation, set_hash, identifiers, severed, live, releases, version, unsettled, \
    customer, component, first_at_us, first_source, first_source_id) \
    SELECT $1, v.observation, v.set_hash, v.identifiers, v.severed, 1, v.releases, v.version, v.unsettled, v.customer, \
    v.component, v.first_at_us, v.first_source, v.first_source_id FROM v";
const INSERT_SIGHTINGS: &str = "WITH v(identifier, observation) AS ({rows}) \
    INSERT INTO sighting (tenant, identifier, observation) SELECT $1, v.identifier, v.observation FROM v";
const MOVE_OBSERVATIONS: &str = "WITH v(observation, first_at_us, first_source, first_source_id) AS ({rows}) \
    UPDATE observation SET live = 1, first_at_us = v.first_at_us, first_source = v.first_source, \
    first_source_id = v.first_source_id FROM v \
    WHERE observation.tenant = $1 AND observation.observation = v.observation";
const REASSIGN: &str = "WITH v(observation, customer, component, severed, unsettled) AS ({rows}) \
    UPDATE observation SET customer = v.customer, component = v.component, severed = v.severed, \
    unsettled = v.unsettled FROM v \
    WHERE observation.tenant = $1 AND observation.observation = v.observation";
const LOG_REASSIGNMENTS: &str = "WITH v(observation, was, customer) AS ({rows}) \
    INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    SELECT $1, $2, v.observation, v.was, v.customer FROM v WHERE true \
    ON CONFLICT (tenant, revision, observation) DO UPDATE SET to_customer = excluded.to_customer";
const UPSERT_IDENTIFIERS: &str = "WITH v(identifier, kind, value, holder, first_in, latest_in, claims, shared) AS \
    ({rows}) \
    INSERT INTO identifier (tenant, identifier, kind, value, holder, first_in, latest_in, claims, shared) \
    SELECT $1, v.identifier, v.kind, v.value, v.holder, v.first_in, v.latest_in, v.claims, v.shared FROM v \
    WHERE true ON CONFLICT (tenant, identifier) DO UPDATE SET holder = excluded.holder, \
    first_in = excluded.first_in, latest_in = excluded.latest_in, claims = excluded.claims, \
    shared = excluded.shared";
const LOG_MERGE_EVENTS: &str = "WITH v(observation, absorbed, survivor) AS ({rows}) \
    INSERT INTO merge_event (tenant, observation, absorbed, survivor, revision) \
    SELECT $1, v.observation, v.absorbed, v.survivor, $2 FROM v WHERE true \
    ON CONFLICT (tenant, observation, absorbed) DO NOTHING";
/// Sides are those of the last time: a merge that went may come again.
const LOG_UNBRIDGED: &str = "WITH v(absorbed, survivor, absorbed_held, others_held) AS ({rows}) \
    INSERT INTO merge_event (tenant, observation, absorbed, survivor, revision, absorbed_held, others_held, cause) \
    SELECT $1, v.absorbed, v.absorbed, v.survivor, $2, v.absorbed_held, v.others_held, $3 FROM v WHERE true \
    ON CONFLICT (tenant, observation, absorbed) DO UPDATE SET survivor = excluded.survivor, \
    absorbed_held = excluded.absorbed_held, others_held = excluded.others_held, cause = excluded.cause";
const UPSERT_CUSTOMERS: &str = "WITH v(customer, registered, latest_in, unsettled) AS ({rows}) \
    INSERT INTO customer (tenant, customer, registered, latest_in, unsettled, began) \
    SELECT $1, v.customer, v.registered, v.latest_in, v.unsettled, $2 FROM v WHERE true \
    ON CONFLICT (tenant, customer) DO UPDATE SET registered = excluded.registered, \
    latest_in = excluded.latest_in, unsettled = excluded.unsettled";
const CHANGED_CUSTOMERS: &str = "WITH v(customer, registered) AS ({rows}) \
    SELECT c.customer, c.registered, v.registered, c.began FROM v CROSS JOIN customer c \
    WHERE c.tenant = $1 AND c.customer = v.customer AND c.registered <> v.registered";
const LOG_CUSTOMERS: &str = "WITH v(customer, registered, ended, began) AS ({rows}) \
    INSERT INTO customer_was (tenant, customer, until_revision, registered, ended, began) \
    SELECT $1, v.customer, $2, v.registered, v.ended, v.began FROM v WHERE true \
    ON CONFLICT (tenant, customer, until_revision) DO NOTHING";
/// A customer that is registered no more although none of its observations moved: logged as a
/// reassignment to itself, so that who follows the log hears of it.
const LOG_UNREGISTERED: &str = "WITH v(customer) AS ({rows}) \
    INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    SELECT $1, $2, v.customer, v.customer, v.customer FROM v WHERE true \
    ON CONFLICT (tenant, revision, observation) DO NOTHING";
const LOG_SHARED: &str = "WITH v(identifier, shared) AS ({rows}) \
    INSERT INTO sharing (tenant, identifier, revision, shared) \
    SELECT $1, v.identifier, $2, v.shared FROM v WHERE true \
    ON CONFLICT (tenant, identifier, revision) DO UPDATE SET shared = excluded.shared";
const DELETE_CUSTOMERS: &str = "WITH v(customer) AS ({rows}) \
    DELETE FROM customer WHERE (tenant, customer) IN (SELECT {tenant}, v.customer FROM v)";

/// Labels that became one: from, to.
pub(in crate::store) async fn relabel(
    tx: &mut Transaction,
    tenant: TenantKey,
    relabelled: &[(ObservationNo, ObservationNo)],
) -> Result<(), StoreError> {
    let columns = [
        Column::Int(relabelled.iter().map(|(was, _)| was.0).collect()),
        Column::Int(relabelled.iter().map(|(_, label)| label.0).collect()),
    ];
    tx.run_bulk(RELABEL, &[Scalar::Int(tenant.0)], &columns).await
}

pub(in crate::store) async fn write_merges(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    changes: &Changes,
) -> Result<(), StoreError> {
    let merged = || {
        [
            Column::Int(changes.merged.iter().map(|(was, ..)| was.0).collect()),
            Column::Int(changes.merged.iter().map(|(_, customer, _)| customer.0).collect()),
            Column::Int(changes.merged.iter().map(|(.., component)| component.0).collect()),
        ]
    };
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run_bulk(LOG_MERGES, &scalars, &merged()).await?;
    tx.run_bulk(MERGE, &scalars[..1], &merged()).await?;
    tx.run_bulk(MERGE_HOLDINGS, &scalars[..1], &merged()[..2]).await
}

pub(in crate::store) async fn insert_observations(
    tx: &mut Transaction,
    tenant: TenantKey,
    evidence: &[Evidence],
    fresh: &[Fresh],
    changes: &Changes,
) -> Result<(), StoreError> {
    let assigned: FxHashMap<_, _> = changes.assigned.iter().map(|assigned| (assigned.no, assigned)).collect();
    let observation: FxHashMap<_, _> = fresh.iter().map(|f| (f.observation.no, &f.observation)).collect();
    let new: Vec<_> = (evidence.iter().filter(|e| e.is_new))
        .map(|e| (e, &observation[&e.no].identifiers, assigned[&e.no]))
        .collect();
    let lists: Vec<String> = new.iter().map(|(_, identifiers, _)| write_numbers(identifiers)).collect();
    let severed: Vec<String> = new.iter().map(|(.., assigned)| write_numbers(&assigned.severed)).collect();
    let columns = [
        Column::Int(new.iter().map(|(e, ..)| e.no.0).collect()),
        Column::Bytes(new.iter().map(|(e, ..)| e.set.as_slice()).collect()),
        Column::Text(lists.iter().map(String::as_str).collect()),
        Column::Text(severed.iter().map(String::as_str).collect()),
        Column::Int(new.iter().map(|(e, ..)| i64::from(e.releases)).collect()),
        Column::Int(new.iter().map(|(e, ..)| e.version).collect()),
        Column::Int(new.iter().map(|(.., assigned)| i64::from(assigned.unsettled)).collect()),
        Column::Int(new.iter().map(|(.., assigned)| assigned.customer.0).collect()),
        Column::Int(new.iter().map(|(.., assigned)| assigned.component.0).collect()),
        Column::Int(new.iter().map(|(e, ..)| e.position.at.0).collect()),
        Column::Text(new.iter().map(|(e, ..)| e.position.key.source.as_str()).collect()),
        Column::Text(new.iter().map(|(e, ..)| e.position.key.source_id.as_str()).collect()),
    ];
    let scalars = [Scalar::Int(tenant.0)];
    tx.run_bulk(INSERT_OBSERVATIONS, &scalars, &columns).await?;
    // A must-link is no sighting: claims are counted from these.
    let mut sightings: Vec<(i64, i64)> = (new.iter().filter(|(e, ..)| !observation[&e.no].is_link()))
        .flat_map(|(e, identifiers, _)| identifiers.iter().map(|no| (no.0, e.no.0)))
        .collect();
    sightings.sort_unstable();
    let columns = [
        Column::Int(sightings.iter().map(|(identifier, _)| *identifier).collect()),
        Column::Int(sightings.iter().map(|(_, observation)| *observation).collect()),
    ];
    tx.run_bulk(INSERT_SIGHTINGS, &scalars, &columns).await
}

pub(in crate::store) async fn move_observations(
    tx: &mut Transaction,
    tenant: TenantKey,
    evidence: &[Evidence],
) -> Result<(), StoreError> {
    let moved: Vec<&Evidence> = evidence.iter().filter(|e| !e.is_new).collect();
    let columns = [
        Column::Int(moved.iter().map(|e| e.no.0).collect()),
        Column::Int(moved.iter().map(|e| e.position.at.0).collect()),
        Column::Text(moved.iter().map(|e| e.position.key.source.as_str()).collect()),
        Column::Text(moved.iter().map(|e| e.position.key.source_id.as_str()).collect()),
    ];
    tx.run_bulk(MOVE_OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await
}

/// Writes the observations that a replay put elsewhere, and logs those that changed customer.
/// `was` are the customers of observations that are not loaded because they were void.
pub(in crate::store) async fn reassign(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    was: &FxHashMap<ObservationNo, ObservationNo>,
    loaded: &[StoredObservation],
    changes: &Changes,
) -> Result<(), StoreError> {
    let scalars = &[Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    let stored: FxHashMap<ObservationNo, &StoredObservation> =
        loaded.iter().map(|stored| (stored.observation.no, stored)).collect();
    let mut rewritten = Vec::new();
    for assigned in &changes.assigned {
        let was = match stored.get(&assigned.no) {
            Some(stored) => {
                let same = stored.customer == assigned.customer
                    && stored.component == assigned.component
                    && stored.observation.severed == assigned.severed
                    && stored.unsettled == assigned.unsettled;
                if same {
                    continue;
                }
                stored.customer
            }
            None => match was.get(&assigned.no) {
                Some(was) => *was,
                None => continue,
            },
        };
        rewritten.push((assigned, was));
    }
    let severed: Vec<String> = rewritten.iter().map(|(a, _)| write_numbers(&a.severed)).collect();
    let columns = [
        Column::Int(rewritten.iter().map(|(a, _)| a.no.0).collect()),
        Column::Int(rewritten.iter().map(|(a, _)| a.customer.0).collect()),
        Column::Int(rewritten.iter().map(|(a, _)| a.component.0).collect()),
        Column::Text(severed.iter().map(String::as_str).collect()),
        Column::Int(rewritten.iter().map(|(a, _)| i64::from(a.unsettled)).collect()),
    ];
    tx.run_bulk(REASSIGN, &scalars[..1], &columns).await?;
    // One that was void until now: its customer comes to be again.
    let again = |assigned: &Assigned| assigned.customer == assigned.no && !stored.contains_key(&assigned.no);
    rewritten.retain(|(assigned, was)| assigned.customer != *was || again(assigned));
    let columns = [
        Column::Int(rewritten.iter().map(|(a, _)| a.no.0).collect()),
        Column::Int(rewritten.iter().map(|(_, was)| was.0).collect()),
        Column::Int(rewritten.iter().map(|(a, _)| a.customer.0).collect()),
    ];
    tx.run_bulk(LOG_REASSIGNMENTS, scalars, &columns).await
}

/// Logs merges that are found for the first time. `cause` is the observation that made values one
/// person's, where that is why.
pub(in crate::store) async fn log_merges(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    changes: &Changes,
    cause: Option<ObservationNo>,
) -> Result<(), StoreError> {
    log_bridged(tx, tenant, taken, &changes.merges).await?;
    let absorbed: Vec<String> =
        changes.unbridged.iter().map(|one| write_numbers(&one.absorbed_held)).collect();
    let others: Vec<String> = changes.unbridged.iter().map(|one| write_numbers(&one.others_held)).collect();
    let columns = [
        Column::Int(changes.unbridged.iter().map(|one| one.merge.absorbed.0).collect()),
        Column::Int(changes.unbridged.iter().map(|one| one.merge.survivor.0).collect()),
        Column::Text(absorbed.iter().map(String::as_str).collect()),
        Column::Text(others.iter().map(String::as_str).collect()),
    ];
    let cause = cause.map_or(0, |no| no.0);
    let scalars = [tenant.0, taken.revision.0, cause].map(Scalar::Int);
    tx.run_bulk(LOG_UNBRIDGED, &scalars, &columns).await
}

/// Logs merges that observations or links made.
pub(in crate::store) async fn log_bridged(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    merges: &[Merge],
) -> Result<(), StoreError> {
    let columns = [
        Column::Int(merges.iter().map(|merge| merge.observation.0).collect()),
        Column::Int(merges.iter().map(|merge| merge.absorbed.0).collect()),
        Column::Int(merges.iter().map(|merge| merge.survivor.0).collect()),
    ];
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run_bulk(LOG_MERGE_EVENTS, &scalars, &columns).await
}

/// Writes identifiers, their holders, and the customers.
pub(in crate::store) async fn write_holdings(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    taken: &Taken,
    changes: &Changes,
) -> Result<(), StoreError> {
    let scalars = [Scalar::Int(tenant.0)];
    // A replay speaks after the steps: its word on an identifier is the last.
    let last: FxHashMap<IdentifierNo, &Stored> = changes.identifiers.iter().map(|(no, s)| (*no, s)).collect();
    let mut identifiers: Vec<(IdentifierNo, &Stored)> = last.into_iter().collect();
    identifiers.sort_unstable_by_key(|(no, _)| *no);
    let claims: Vec<String> = identifiers.iter().map(|(_, d)| write_claims(&d.claims)).collect();
    let columns = [
        Column::Int(identifiers.iter().map(|(no, _)| no.0).collect()),
        Column::Text(identifiers.iter().map(|(_, d)| rules.kinds[d.kind].kind.as_str()).collect()),
        Column::Text(identifiers.iter().map(|(_, d)| d.value.as_str()).collect()),
        Column::IntOrNull(identifiers.iter().map(|(_, d)| d.holder.map(|no| no.0)).collect()),
        Column::Int(identifiers.iter().map(|(_, d)| d.first.no.0).collect()),
        Column::Int(identifiers.iter().map(|(_, d)| d.latest.no.0).collect()),
        Column::Text(claims.iter().map(String::as_str).collect()),
        Column::Int(identifiers.iter().map(|(_, d)| i64::from(d.is_shared(rules))).collect()),
    ];
    tx.run_bulk(UPSERT_IDENTIFIERS, &scalars, &columns).await?;
    let turned: Vec<_> = identifiers.iter().filter(|(_, d)| d.is_shared(rules) != d.was_shared).collect();
    let columns = [
        Column::Int(turned.iter().map(|(no, _)| no.0).collect()),
        Column::Int(turned.iter().map(|(_, d)| i64::from(!d.was_shared)).collect()),
    ];
    tx.run_bulk(LOG_SHARED, &[scalars[0], Scalar::Int(taken.revision.0)], &columns).await?;
    let customers: FxHashMap<ObservationNo, usize> =
        changes.customers.iter().enumerate().map(|(i, customer)| (customer.name, i)).collect();
    let mut customers: Vec<usize> = customers.into_values().collect();
    customers.sort_unstable();
    let each = || customers.iter().map(|&i| &changes.customers[i]);
    let columns = [
        Column::Int(each().map(|c| c.name.0).collect()),
        Column::Int(each().map(|c| i64::from(c.registered)).collect()),
        Column::Int(each().map(|c| c.latest_in.0).collect()),
        Column::Int(each().map(|c| i64::from(c.unsettled)).collect()),
    ];
    log_customers(tx, tenant, taken, changes, &columns[..2]).await?;
    tx.run_bulk(UPSERT_CUSTOMERS, &[scalars[0], Scalar::Int(taken.revision.0)], &columns).await?;
    let columns = [Column::Int(changes.vanished.iter().map(|no| no.0).collect())];
    tx.run_bulk(DELETE_CUSTOMERS, &scalars, &columns).await
}

/// A kind that no customer has: that of one who is no more.
const NO_KIND: i64 = -1;

/// Logs what customers were, of those whose kind changes and those that end.
async fn log_customers(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    changes: &Changes,
    written: &[Column<'_>],
) -> Result<(), StoreError> {
    let [Column::Int(names), Column::Int(kinds)] = written else { return Ok(()) };
    let vanished = changes.vanished.iter().map(|no| no.0);
    let columns = [
        Column::Int(names.iter().copied().chain(vanished.clone()).collect()),
        Column::Int(kinds.iter().copied().chain(vanished.map(|_| NO_KIND)).collect()),
    ];
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    let (mut names, mut was, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    let (mut began, mut unregistered) = (Vec::new(), Vec::new());
    for row in tx.fetch_bulk(CHANGED_CUSTOMERS, &scalars[..1], &columns).await? {
        let (customer, registered, now): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        names.push(customer);
        was.push(registered);
        ended.push(i64::from(now == NO_KIND));
        began.push(row.get(3)?);
        if (registered, now) == (1, 0) {
            unregistered.push(customer);
        }
    }
    tx.run_bulk(LOG_CUSTOMERS, &scalars, &[names, was, ended, began].map(Column::Int)).await?;
    tx.run_bulk(LOG_UNREGISTERED, &scalars, &[Column::Int(unregistered)]).await
}
