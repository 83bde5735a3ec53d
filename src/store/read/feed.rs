//! The log of changes as a feed: read by revisions, a page at a time, so that whoever reads slowly
//! holds no memory here.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::identity::feed::{Event, Moves, gone_from};
use crate::model::{Micros, ObservationNo, Revision, TenantKey};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::tenants::present;
use crate::store::{Store, StoreError};

/// What one revision changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionEvents {
    pub revision: Revision,
    pub committed_at: Micros,
    pub events: Vec<Event>,
}

/// Some consecutive revisions.
#[derive(Debug, Clone)]
pub struct FeedPage {
    /// In order; those that changed nothing of the map as well.
    pub revisions: Vec<RevisionEvents>,
    /// The tenant's present revision.
    pub present: Revision,
    /// The revision of the tenant's last erasure.
    pub erased_at: Revision,
}

/// Revisions of a page at most.
const REVISIONS: i64 = 256;
/// Changed rows of a page at most, unless one revision has more.
const ROWS: i64 = 20_000;

const SELECT_REVISIONS: &str = "SELECT revision, committed_at_us, last_observation FROM revision \
    WHERE tenant = $1 AND revision >= $2 ORDER BY revision LIMIT $3";
const NEW: &str = "SELECT o.observation, COALESCE((SELECT r.from_customer FROM reassignment r \
    WHERE r.tenant = o.tenant AND r.observation = o.observation ORDER BY r.revision LIMIT 1), o.customer) \
    FROM observation o WHERE o.tenant = $1 AND o.observation > $2 AND o.observation <= $3 ORDER BY o.observation";
const MOVED: &str = "SELECT revision, observation, from_customer, to_customer FROM reassignment \
    WHERE tenant = $1 AND revision > $2 AND revision <= $3 ORDER BY revision, observation LIMIT $4";
const STRETCHES_THEN: &str = "WITH v(observation, revision) AS ({rows}) \
    SELECT v.revision, s.observation, s.from_at_us, s.customer FROM v CROSS JOIN stretch s \
    WHERE s.tenant = $1 AND s.observation = v.observation AND s.revision_from <= v.revision \
    AND (s.revision_until IS NULL OR s.revision_until > v.revision) ORDER BY v.revision, s.observation, s.from_at_us";
const KINDS_CHANGED: &str = "SELECT until_revision, customer, ended FROM customer_was \
    WHERE tenant = $1 AND until_revision > $2 AND until_revision <= $3 ORDER BY until_revision, customer";
/// Customers that came to be at those revisions.
const BEGAN: &str = "WITH v(customer, revision) AS ({rows}) SELECT v.customer, v.revision FROM v \
    WHERE EXISTS (SELECT 1 FROM customer c WHERE c.tenant = $1 AND c.customer = v.customer AND c.began = v.revision) \
    OR EXISTS (SELECT 1 FROM customer_was w WHERE w.tenant = $1 AND w.customer = v.customer \
    AND w.began = v.revision)";
pub(in crate::store) const KINDS_THEN: &str = "WITH v(customer, revision) AS ({rows}) \
    SELECT v.customer, v.revision, COALESCE((SELECT w.registered FROM customer_was w WHERE w.tenant = $1 \
    AND w.customer = v.customer AND w.until_revision > v.revision ORDER BY w.until_revision LIMIT 1), \
    (SELECT c.registered FROM customer c WHERE c.tenant = $1 AND c.customer = v.customer)) FROM v";
const UPGRADES: &str = "SELECT revision, from_generation, to_generation FROM upgrade WHERE tenant = $1";
const SHARING: &str = "SELECT s.revision, d.kind, d.value, s.shared FROM sharing s \
    JOIN identifier d ON d.tenant = s.tenant AND d.identifier = s.identifier \
    WHERE s.tenant = $1 AND s.revision > $2 AND s.revision <= $3 ORDER BY s.revision, s.identifier";

/// A revision on the way out.
struct Draft {
    revision: Revision,
    committed_at: Micros,
    moves: Moves,
}

impl Store {
    /// What changed after a revision: the next page of the feed.
    pub async fn identity_events(&self, tenant: TenantKey, after: Revision) -> Result<FeedPage, StoreError> {
        let mut tx = self.db.read().await?;
        let (present, erased_at) = present(&mut tx, tenant).await?;
        if present <= after {
            return Ok(FeedPage { revisions: Vec::new(), present, erased_at });
        }
        let mut drafts = read_revisions(&mut tx, tenant, after).await?;
        read_moves(&mut tx, tenant, after, &mut drafts).await?;
        read_stretches(&mut tx, tenant, &mut drafts).await?;
        read_upgrades(&mut tx, tenant, &mut drafts).await?;
        let kinds = read_kinds(&mut tx, tenant, after, &mut drafts).await?;
        let none = FxHashMap::default();
        let told = |draft: Draft| {
            let kinds = kinds.get(&draft.revision).unwrap_or(&none);
            let (revision, committed_at) = (draft.revision, draft.committed_at);
            RevisionEvents { revision, committed_at, events: draft.moves.events(kinds) }
        };
        Ok(FeedPage { revisions: drafts.into_values().map(told).collect(), present, erased_at })
    }
}

/// The next revisions with their new observations, as many as fit into a page.
async fn read_revisions(
    tx: &mut Transaction,
    tenant: TenantKey,
    after: Revision,
) -> Result<BTreeMap<Revision, Draft>, StoreError> {
    let rows = tx.fetch(SELECT_REVISIONS, &[tenant.0, after.0, REVISIONS + 1].map(Scalar::Int)).await?;
    let mut drafts = BTreeMap::new();
    let mut first = 0;
    let mut before = 0;
    for row in &rows {
        let (revision, last) = (Revision(row.get(0)?), row.get::<i64>(2)?);
        if revision <= after {
            (first, before) = (last, last);
            continue;
        }
        if !drafts.is_empty() && last - first > ROWS {
            break;
        }
        let moves = Moves { last_before: before, ..Moves::default() };
        before = last;
        drafts.insert(revision, Draft { revision, committed_at: Micros(row.get(1)?), moves });
    }
    for row in tx.fetch(NEW, &[tenant.0, first, before].map(Scalar::Int)).await? {
        let (observation, customer) = (ObservationNo(row.get(0)?), ObservationNo(row.get(1)?));
        // The revision that recorded it is the last that began with fewer observations.
        let home = drafts.values_mut().rev().find(|draft| draft.moves.last_before < observation.0);
        if let Some(draft) = home {
            draft.moves.new.push((observation, customer));
        }
    }
    Ok(drafts)
}

/// Revisions in which the whole map was resolved anew: very few.
async fn read_upgrades(
    tx: &mut Transaction,
    tenant: TenantKey,
    drafts: &mut BTreeMap<Revision, Draft>,
) -> Result<(), StoreError> {
    for row in tx.fetch(UPGRADES, &[Scalar::Int(tenant.0)]).await? {
        if let Some(draft) = drafts.get_mut(&Revision(row.get(0)?)) {
            draft.moves.upgraded = Some((generation(&row, 1)?, generation(&row, 2)?));
        }
    }
    Ok(())
}

fn generation(row: &Row, column: usize) -> Result<i32, StoreError> {
    i32::try_from(row.get::<i64>(column)?).map_err(|_| StoreError::Corrupt { what: "generation" })
}

/// Reassignments; later revisions are left for the next page where these are too many.
async fn read_moves(
    tx: &mut Transaction,
    tenant: TenantKey,
    after: Revision,
    drafts: &mut BTreeMap<Revision, Draft>,
) -> Result<(), StoreError> {
    let last = |drafts: &BTreeMap<Revision, Draft>| drafts.keys().next_back().copied().unwrap_or(after);
    let range = [tenant.0, after.0, last(drafts).0, ROWS + 1].map(Scalar::Int);
    let mut rows = tx.fetch(MOVED, &range).await?;
    if rows.len() as i64 > ROWS {
        let cut: i64 = rows.last().map_or(Ok(0), |row| row.get(0))?;
        let first: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
        // At least one revision, however large.
        let until = (cut - 1).max(first);
        drafts.retain(|revision, _| revision.0 <= until);
        rows = tx.fetch(MOVED, &[tenant.0, after.0, until, i64::MAX].map(Scalar::Int)).await?;
    }
    for row in rows {
        let moved = (ObservationNo(row.get(1)?), ObservationNo(row.get(2)?), ObservationNo(row.get(3)?));
        if let Some(draft) = drafts.get_mut(&Revision(row.get(0)?)) {
            draft.moves.moved.push(moved);
        }
    }
    let range = [tenant.0, after.0, last(drafts).0].map(Scalar::Int);
    for row in tx.fetch(SHARING, &range).await? {
        if let Some(draft) = drafts.get_mut(&Revision(row.get(0)?)) {
            draft.moves.sharing.push((row.get(1)?, row.get(2)?, row.get::<i64>(3)? != 0));
        }
    }
    Ok(())
}

/// The later stretches of what was assigned, as they were at that revision.
async fn read_stretches(
    tx: &mut Transaction,
    tenant: TenantKey,
    drafts: &mut BTreeMap<Revision, Draft>,
) -> Result<(), StoreError> {
    let mut asked: Vec<(i64, i64)> = Vec::new();
    for draft in drafts.values() {
        let moved = draft.moves.moved.iter().map(|(no, ..)| no);
        let assigned = draft.moves.new.iter().map(|(no, _)| no).chain(moved);
        asked.extend(assigned.map(|no| (no.0, draft.revision.0)));
    }
    for ((revision, no), later) in stretches_at(tx, tenant, &asked).await? {
        if let Some(draft) = drafts.get_mut(&revision) {
            draft.moves.later.insert(no, later);
        }
    }
    Ok(())
}

/// By revision and observation: from an instant on, to whom.
pub(in crate::store) type StretchesAt = FxHashMap<(Revision, ObservationNo), Vec<(Micros, ObservationNo)>>;

/// The later stretches of observations as they were at revisions: observation, revision.
pub(in crate::store) async fn stretches_at(
    tx: &mut Transaction,
    tenant: TenantKey,
    asked: &[(i64, i64)],
) -> Result<StretchesAt, StoreError> {
    let asked: BTreeSet<&(i64, i64)> = asked.iter().collect();
    let columns = [
        Column::Int(asked.iter().map(|(no, _)| *no).collect()),
        Column::Int(asked.iter().map(|(_, revision)| *revision).collect()),
    ];
    let mut found = StretchesAt::default();
    for row in tx.fetch_bulk(STRETCHES_THEN, &[Scalar::Int(tenant.0)], &columns).await? {
        let later = found.entry((Revision(row.get(0)?), ObservationNo(row.get(1)?))).or_default();
        later.push((Micros(row.get(2)?), ObservationNo(row.get(3)?)));
    }
    Ok(found)
}

/// The kinds of customers at the revisions that made or changed them.
type Kinds = BTreeMap<Revision, FxHashMap<ObservationNo, bool>>;

async fn read_kinds(
    tx: &mut Transaction,
    tenant: TenantKey,
    after: Revision,
    drafts: &mut BTreeMap<Revision, Draft>,
) -> Result<Kinds, StoreError> {
    let last = drafts.keys().next_back().copied().unwrap_or(after);
    let range = [tenant.0, after.0, last.0].map(Scalar::Int);
    for row in tx.fetch(KINDS_CHANGED, &range).await? {
        if let Some(draft) = drafts.get_mut(&Revision(row.get(0)?)) {
            let customer = ObservationNo(row.get(1)?);
            // Earlier revisions did not say who ended.
            if row.get::<i64>(2)? != 0 || draft.moves.moved.iter().any(gone_from(customer)) {
                draft.moves.ended.insert(customer);
            } else {
                draft.moves.kinds.push(customer);
            }
        }
    }
    let stays = |(revision, draft): (&Revision, &Draft)| {
        let stay = draft.moves.moved.iter().filter(|(no, from, to)| from == to && no == to);
        stay.map(|(no, ..)| (no.0, revision.0)).collect::<Vec<_>>()
    };
    let stays: Vec<(i64, i64)> = drafts.iter().flat_map(stays).collect();
    for (customer, revision) in began(tx, tenant, &stays).await? {
        if let Some(draft) = drafts.get_mut(&revision) {
            draft.moves.again.push(customer);
        }
    }
    let mut asked: BTreeSet<(i64, i64)> = BTreeSet::new();
    for draft in drafts.values() {
        let customers = draft.moves.created().into_iter().chain(draft.moves.kinds.iter().copied());
        asked.extend(customers.map(|customer| (customer.0, draft.revision.0)));
    }
    let columns = [
        Column::Int(asked.iter().map(|(customer, _)| *customer).collect()),
        Column::Int(asked.iter().map(|(_, revision)| *revision).collect()),
    ];
    let mut kinds = Kinds::new();
    for row in tx.fetch_bulk(KINDS_THEN, &[Scalar::Int(tenant.0)], &columns).await? {
        if let Some((revision, customer, registered)) = read_kind(&row)? {
            kinds.entry(revision).or_default().insert(customer, registered);
        }
    }
    Ok(kinds)
}

/// Those of customers, at revisions, that came to be there.
pub(in crate::store) async fn began(
    tx: &mut Transaction,
    tenant: TenantKey,
    asked: &[(i64, i64)],
) -> Result<Vec<(ObservationNo, Revision)>, StoreError> {
    let columns = [
        Column::Int(asked.iter().map(|(customer, _)| *customer).collect()),
        Column::Int(asked.iter().map(|(_, revision)| *revision).collect()),
    ];
    let rows = tx.fetch_bulk(BEGAN, &[Scalar::Int(tenant.0)], &columns).await?;
    rows.iter().map(|row| Ok((ObservationNo(row.get(0)?), Revision(row.get(1)?)))).collect()
}

fn read_kind(row: &Row) -> Result<Option<(Revision, ObservationNo, bool)>, StoreError> {
    let (customer, revision) = (ObservationNo(row.get(0)?), Revision(row.get(1)?));
    Ok(row.get::<Option<i64>>(2)?.map(|registered| (revision, customer, registered != 0)))
}
