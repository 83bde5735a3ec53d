//! What happened to one customer, by revision: the log, found by the customer.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::feed::{Event, Moves, gone_from};
use crate::identity::history::{Told, of_customer};
use crate::identity::resolve::IdentifierNo;
use crate::model::{Identifier, Micros, ObservationNo, Position, Revision, TenantKey};
use crate::store::decisions::constraints::{self, StoredConstraint};
use crate::store::decisions::merges::load_numbers;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::feed::{KINDS_THEN, began, stretches_at};
use crate::store::tenants::revision;
use crate::store::write::identities::{read_numbers, read_position};
use crate::store::{Store, StoreError};

/// Why a revision changed the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Touchpoints were recorded.
    Evidence,
    /// A touchpoint was voided.
    Void,
    /// Somebody decided, or took a decision back.
    Decision,
    /// Other rules took effect.
    Rules,
    /// A newer build resolves in another way.
    Upgrade,
}

/// What a history tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Recalled {
    Told(Told),
    /// A decision about the customer was made.
    Made(StoredConstraint),
    /// A decision about the customer was taken back.
    Retracted(StoredConstraint),
}

/// Something that happened to a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    pub revision: Revision,
    pub committed_at: Micros,
    pub cause: Cause,
    pub recalled: Recalled,
}

/// What an observation of a history is.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenTogether {
    /// Of the touchpoint that first proved it.
    pub position: Position,
    pub identifiers: Vec<IdentifierNo>,
    /// A logout that set its identifier free.
    pub releases: bool,
}

/// A page of a customer's history, at one revision.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    pub revision: Revision,
    /// Whose history it is: the asked-for observation, if it ever named a customer.
    pub customer: ObservationNo,
    /// The customer that it is now.
    pub present: ObservationNo,
    /// In order of revisions, and of events in them.
    pub entries: Vec<HistoryEntry>,
    pub observations: FxHashMap<ObservationNo, SeenTogether>,
    pub identifiers: FxHashMap<IdentifierNo, Identifier>,
    /// Where the next page begins: a revision, and how many of its entries were told.
    pub next: Option<HistoryPlace>,
}

/// A revision, and how many of its entries come before.
pub type HistoryPlace = (Revision, usize);

const CUSTOMER_OF: &str = "SELECT customer FROM observation WHERE tenant = $1 AND observation = $2";
const TOUCHED: &str = "SELECT revision, observation FROM reassignment WHERE tenant = $1 AND from_customer = $2 \
    UNION SELECT revision, observation FROM reassignment WHERE tenant = $1 AND to_customer = $2";
const DIVIDED: &str = "SELECT observation, revision_from, revision_until FROM stretch \
    WHERE tenant = $1 AND customer = $2";
const MEMBERS: &str = "SELECT o.observation FROM observation c \
    JOIN observation o ON o.tenant = c.tenant AND o.component = c.component AND o.customer = c.observation \
    WHERE c.tenant = $1 AND c.observation = $2";
const FIRST: &str = "WITH v(observation) AS ({rows}) SELECT o.observation, \
    COALESCE((SELECT r.from_customer FROM reassignment r WHERE r.tenant = o.tenant AND r.observation = o.observation \
    ORDER BY r.revision LIMIT 1), o.customer), \
    (SELECT r.revision FROM revision r WHERE r.tenant = o.tenant AND r.last_observation >= o.observation \
    ORDER BY r.last_observation, r.revision LIMIT 1), o.identifiers \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.observation = v.observation";
const KINDS: &str = "SELECT until_revision FROM customer_was WHERE tenant = $1 AND customer = $2";
const ENDED: &str =
    "SELECT until_revision FROM customer_was WHERE tenant = $1 AND customer = $2 AND ended = 1";
/// Customers that were there until those revisions.
const ENDED_AT: &str = "WITH v(customer, revision) AS ({rows}) SELECT v.customer, v.revision FROM v \
    CROSS JOIN customer_was w WHERE w.tenant = $1 AND w.customer = v.customer AND w.until_revision = v.revision";
const REVISIONS: &str = "WITH v(revision) AS ({rows}) SELECT r.revision, r.committed_at_us, r.last_observation \
    FROM v CROSS JOIN revision r WHERE r.tenant = $1 AND r.revision = v.revision";
const LEFT_BY: &str = "WITH v(revision, customer) AS ({rows}) \
    SELECT r.revision, r.observation, r.from_customer, r.to_customer FROM v CROSS JOIN reassignment r \
    WHERE r.tenant = $1 AND r.from_customer = v.customer AND r.revision = v.revision";
const ROWS: &str = "WITH v(revision, observation) AS ({rows}) \
    SELECT r.revision, r.observation, r.from_customer, r.to_customer FROM v CROSS JOIN reassignment r \
    WHERE r.tenant = $1 AND r.revision = v.revision AND r.observation = v.observation";
const VOIDED: &str = "WITH v(revision) AS ({rows}) SELECT DISTINCT x.revision FROM v CROSS JOIN void x \
    WHERE x.tenant = $1 AND x.revision = v.revision AND x.superseded = 0";
const UPGRADED: &str = "SELECT revision FROM upgrade WHERE tenant = $1";
const PROMOTED: &str = "SELECT revision FROM rule_set WHERE tenant = $1 AND version > 1";
const OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT o.observation, o.identifiers, o.releases, o.first_at_us, o.first_source, o.first_source_id \
    FROM v CROSS JOIN observation o WHERE o.tenant = $1 AND o.observation = v.observation";

/// At which revisions something happened to a customer, and to which of its observations.
#[derive(Default)]
struct Timeline {
    at: BTreeMap<Revision, BTreeSet<ObservationNo>>,
    /// Observations, with the revisions that recorded them and their identifiers.
    seen: FxHashMap<ObservationNo, (Revision, ObservationNo, Vec<IdentifierNo>)>,
    /// Those that the customer has now.
    members: FxHashSet<i64>,
}

impl Store {
    /// A page of what happened to a customer, from a place on; `None` if there never was such an
    /// observation. An observation that never named a customer tells of the one that has it. Looks
    /// at all observations that the customer ever had.
    pub async fn identity_history(
        &self,
        tenant: TenantKey,
        asked: ObservationNo,
        from: HistoryPlace,
        size: usize,
    ) -> Result<Option<HistoryPage>, StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        let key = [tenant.0, asked.0].map(Scalar::Int);
        let Some(row) = tx.fetch_one(CUSTOMER_OF, &key).await? else { return Ok(None) };
        let present = ObservationNo(row.get(0)?);
        let (mut customer, mut timeline) = (asked, Timeline::load(&mut tx, tenant, asked).await?);
        if timeline.at.is_empty() {
            (customer, timeline) = (present, Timeline::load(&mut tx, tenant, present).await?);
        }
        let decisions = timeline.decisions(&mut tx, tenant).await?;
        for revision in decisions.keys() {
            timeline.at.entry(*revision).or_default();
        }
        let (first, skipped) = from;
        let mut chosen: BTreeMap<Revision, BTreeSet<ObservationNo>> = BTreeMap::new();
        let mut expected = 0;
        for (revision, observations) in timeline.at.range(first..) {
            if expected > size + skipped {
                break;
            }
            chosen.insert(*revision, observations.clone());
            expected += observations.len().max(1);
        }
        let last = chosen.keys().next_back().copied();
        let told = told(&mut tx, tenant, customer, &timeline, &chosen).await?;
        let mut entries: Vec<HistoryEntry> = Vec::new();
        let causes = causes(&mut tx, tenant, &chosen).await?;
        for (revision, (committed_at, told)) in told {
            let decided = decisions.get(&revision).map_or(&[][..], Vec::as_slice);
            let cause = causes.get(&revision).copied().unwrap_or(Cause::Evidence);
            let recalled = decided.iter().cloned().chain(told.into_iter().map(Recalled::Told));
            entries.extend(recalled.map(|recalled| HistoryEntry { revision, committed_at, cause, recalled }));
        }
        let next = place_after(&entries, from, size, last.and_then(|last| beyond(&timeline, last)));
        let mut entries: Vec<HistoryEntry> = entries.into_iter().skip(skipped).collect();
        entries.truncate(size);
        let observations = seen_together(&mut tx, tenant, &entries).await?;
        let named = entries.iter().flat_map(|entry| match &entry.recalled {
            Recalled::Made(made) | Recalled::Retracted(made) => constraints::members(&made.decision),
            Recalled::Told(_) => Vec::new(),
        });
        let seen = observations.values().flat_map(|seen| seen.identifiers.iter().copied());
        let identifiers = constraints::names(&mut tx, tenant, named.chain(seen).collect()).await?;
        Ok(Some(HistoryPage { revision, customer, present, entries, observations, identifiers, next }))
    }
}

/// The first revision of a history after one.
fn beyond(timeline: &Timeline, last: Revision) -> Option<Revision> {
    timeline.at.range(Revision(last.0 + 1)..).next().map(|(revision, _)| *revision)
}

/// Where the page after this one begins, given all entries of its revisions and the first revision
/// that is not among them.
fn place_after(
    entries: &[HistoryEntry],
    (first, skipped): HistoryPlace,
    size: usize,
    beyond: Option<Revision>,
) -> Option<HistoryPlace> {
    match entries.get(skipped + size) {
        Some(next) => {
            let of_it = entries[..skipped + size].iter().rev().take_while(|e| e.revision == next.revision);
            Some((next.revision, of_it.count()))
        }
        None => beyond.map(|revision| (revision.max(first), 0)),
    }
}

impl Timeline {
    async fn load(
        tx: &mut Transaction,
        tenant: TenantKey,
        customer: ObservationNo,
    ) -> Result<Self, StoreError> {
        let key = [tenant.0, customer.0].map(Scalar::Int);
        let mut timeline = Self::default();
        let mut touched = FxHashSet::default();
        for row in tx.fetch(TOUCHED, &key).await? {
            let (revision, observation) = (Revision(row.get(0)?), ObservationNo(row.get(1)?));
            timeline.at.entry(revision).or_default().insert(observation);
            touched.insert(observation.0);
        }
        for row in tx.fetch(DIVIDED, &key).await? {
            let observation = ObservationNo(row.get(0)?);
            let bounds = [Some(row.get::<i64>(1)?), row.get::<Option<i64>>(2)?];
            for revision in bounds.into_iter().flatten() {
                timeline.at.entry(Revision(revision)).or_default().insert(observation);
            }
            touched.insert(observation.0);
        }
        timeline.members = load_numbers(tx, MEMBERS, &key).await?.into_iter().collect();
        touched.extend(&timeline.members);
        let columns = [Column::Int(touched.into_iter().collect())];
        for row in tx.fetch_bulk(FIRST, &key[..1], &columns).await? {
            let observation = ObservationNo(row.get(0)?);
            let (home, revision) =
                (ObservationNo(row.get(1)?), Revision(row.get::<Option<i64>>(2)?.unwrap_or(0)));
            if home == customer {
                timeline.at.entry(revision).or_default().insert(observation);
            }
            let identifiers = read_numbers(&row.get::<String>(3)?)?;
            timeline.seen.insert(observation, (revision, home, identifiers));
        }
        for revision in load_numbers(tx, KINDS, &key).await? {
            timeline.at.entry(Revision(revision)).or_default();
        }
        Ok(timeline)
    }

    /// Decisions about the customer by the revisions that made them or took them back: those that
    /// changed its map, and those that name an identifier of an observation that it had then.
    async fn decisions(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
    ) -> Result<BTreeMap<Revision, Vec<Recalled>>, StoreError> {
        let mut ends: FxHashMap<ObservationNo, Revision> = FxHashMap::default();
        for (revision, observations) in &self.at {
            ends.extend(observations.iter().map(|no| (*no, *revision)));
        }
        let mut held: FxHashMap<IdentifierNo, Vec<(Revision, Revision)>> = FxHashMap::default();
        for (no, (from, _, identifiers)) in &self.seen {
            let until = if self.members.contains(&no.0) { Revision(i64::MAX) } else { ends[no] };
            let from =
                self.at.iter().find(|(_, observations)| observations.contains(no)).map_or(*from, |f| *f.0);
            for identifier in identifiers {
                held.entry(*identifier).or_default().push((from, until));
            }
        }
        let mut decisions: BTreeMap<Revision, Vec<Recalled>> = BTreeMap::new();
        for made in constraints::all(tx, tenant).await? {
            let members = constraints::members(&made.decision);
            let concerns = |revision: Revision| {
                let mut spans = members.iter().filter_map(|no| held.get(no)).flatten();
                self.at.contains_key(&revision)
                    || spans.any(|(from, until)| (*from..=*until).contains(&revision))
            };
            if concerns(made.since) {
                decisions.entry(made.since).or_default().push(Recalled::Made(made.clone()));
            }
            if let Some(at) = made.retracted.as_ref().map(|retracted| retracted.at).filter(|at| concerns(*at))
            {
                decisions.entry(at).or_default().push(Recalled::Retracted(made));
            }
        }
        Ok(decisions)
    }
}

/// By revision: when it was committed, and the events that concern the customer.
type ToldAt = BTreeMap<Revision, (Micros, Vec<Told>)>;

async fn told(
    tx: &mut Transaction,
    tenant: TenantKey,
    customer: ObservationNo,
    timeline: &Timeline,
    chosen: &BTreeMap<Revision, BTreeSet<ObservationNo>>,
) -> Result<ToldAt, StoreError> {
    let mut moves = load_moves(tx, tenant, customer, timeline, chosen).await?;
    let mut asked = Vec::new();
    for (revision, (_, moves)) in &moves {
        let assigned = moves.moved.iter().map(|(no, ..)| no).chain(moves.new.iter().map(|(no, _)| no));
        asked.extend(assigned.flat_map(|no| [(no.0, revision.0), (no.0, revision.0 - 1)]));
    }
    let stretches = stretches_at(tx, tenant, &asked).await?;
    for ((revision, no), later) in &stretches {
        if let Some((_, moves)) = moves.get_mut(revision).filter(|(_, moves)| assigns(moves, *no)) {
            moves.later.insert(*no, later.clone());
        }
    }
    let scalars = [Scalar::Int(tenant.0)];
    let revisions = || chosen.keys().map(|revision| revision.0);
    let columns =
        [Column::Int(revisions().map(|_| customer.0).collect()), Column::Int(revisions().collect())];
    let mut kinds: FxHashMap<Revision, FxHashMap<ObservationNo, bool>> = FxHashMap::default();
    for row in tx.fetch_bulk(KINDS_THEN, &scalars, &columns).await? {
        if let Some(registered) = row.get::<Option<i64>>(2)? {
            let of = FxHashMap::from_iter([(customer, registered != 0)]);
            kinds.insert(Revision(row.get(1)?), of);
        }
    }
    let none = FxHashMap::default();
    let tell = |(revision, (committed_at, moves)): (Revision, (Micros, Moves))| {
        let before = stretches.iter().filter(|((at, _), _)| at.0 == revision.0 - 1);
        let earlier = before.map(|((_, no), later)| (*no, later.clone())).collect();
        let kinds = kinds.get(&revision).unwrap_or(&none);
        (revision, (committed_at, of_customer(&moves, &earlier, kinds, customer)))
    };
    Ok(moves.into_iter().map(tell).collect())
}

fn assigns(moves: &Moves, no: ObservationNo) -> bool {
    moves.new.iter().any(|(new, _)| *new == no) || moves.moved.iter().any(|(moved, ..)| *moved == no)
}

/// What revisions did to the customer and to those that it gave to or took from.
async fn load_moves(
    tx: &mut Transaction,
    tenant: TenantKey,
    customer: ObservationNo,
    timeline: &Timeline,
    chosen: &BTreeMap<Revision, BTreeSet<ObservationNo>>,
) -> Result<BTreeMap<Revision, (Micros, Moves)>, StoreError> {
    let scalars = [Scalar::Int(tenant.0)];
    let wanted: BTreeSet<i64> = chosen.keys().flat_map(|revision| [revision.0 - 1, revision.0]).collect();
    let mut last: FxHashMap<i64, (i64, i64)> = FxHashMap::default();
    for row in tx.fetch_bulk(REVISIONS, &scalars, &[Column::Int(wanted.into_iter().collect())]).await? {
        last.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    }
    let mut moves: BTreeMap<Revision, (Micros, Moves)> = BTreeMap::new();
    for (revision, observations) in chosen {
        let last_before = last.get(&(revision.0 - 1)).map_or(0, |(_, last)| *last);
        let committed_at = Micros(last.get(&revision.0).map_or(0, |(at, _)| *at));
        let new = observations.iter().filter(|no| no.0 > last_before);
        let new = new.filter_map(|no| Some((*no, timeline.seen.get(no)?.1))).collect();
        moves.insert(*revision, (committed_at, Moves { last_before, new, ..Moves::default() }));
    }
    let pairs = |pairs: BTreeSet<(Revision, ObservationNo)>| {
        [
            Column::Int(pairs.iter().map(|(revision, _)| revision.0).collect()),
            Column::Int(pairs.iter().map(|(_, no)| no.0).collect()),
        ]
    };
    let mut found = BTreeSet::new();
    let own = chosen.iter().flat_map(|(revision, all)| all.iter().map(|no| (*revision, *no))).collect();
    add_rows(&mut found, tx.fetch_bulk(ROWS, &scalars, &pairs(own)).await?)?;
    // Whether others ended or came to be with it, their own rows say.
    let others = |side: fn(&Moved) -> (ObservationNo, ObservationNo)| -> BTreeSet<_> {
        let mine = found.iter().filter(|moved: &&Moved| side(moved).0 == customer);
        mine.map(|moved| (moved.0, side(moved).1)).filter(|(_, other)| *other != customer).collect()
    };
    let (sources, targets) = (others(|m| (m.3, m.2)), others(|m| (m.2, m.3)));
    add_rows(&mut found, tx.fetch_bulk(LEFT_BY, &scalars, &pairs(sources)).await?)?;
    add_rows(&mut found, tx.fetch_bulk(ROWS, &scalars, &pairs(targets)).await?)?;
    for (revision, observation, from, to) in found {
        if let Some((_, moves)) = moves.get_mut(&revision) {
            moves.moved.push((observation, from, to));
        }
    }
    let key = [tenant.0, customer.0].map(Scalar::Int);
    let stays = |(revision, (_, moves)): (&Revision, &(Micros, Moves))| {
        let stay = moves.moved.iter().filter(|(no, from, to)| from == to && no == to);
        stay.map(|(no, ..)| (no.0, revision.0)).collect::<Vec<_>>()
    };
    let stays: Vec<(i64, i64)> = moves.iter().flat_map(stays).collect();
    for (customer, revision) in began(tx, tenant, &stays).await? {
        if let Some((_, moves)) = moves.get_mut(&revision) {
            moves.again.push(customer);
        }
    }
    let left = |(revision, (_, moves)): (&Revision, &(Micros, Moves))| {
        let left = moves.moved.iter().filter(|(no, from, to)| no == from && from != to);
        left.map(|(no, ..)| (no.0, revision.0)).collect::<Vec<_>>()
    };
    let left: Vec<(i64, i64)> = moves.iter().flat_map(left).collect();
    let columns = [left.iter().map(|(no, _)| *no).collect(), left.iter().map(|(_, at)| *at).collect()];
    for row in tx.fetch_bulk(ENDED_AT, &scalars, &columns.map(Column::Int)).await? {
        if let Some((_, moves)) = moves.get_mut(&Revision(row.get(1)?)) {
            moves.ended.insert(ObservationNo(row.get(0)?));
        }
    }
    let ended: FxHashSet<i64> = load_numbers(tx, ENDED, &key).await?.into_iter().collect();
    for revision in load_numbers(tx, KINDS, &key).await? {
        if let Some((_, moves)) = moves.get_mut(&Revision(revision)) {
            if ended.contains(&revision) || moves.moved.iter().any(gone_from(customer)) {
                moves.ended.insert(customer);
            } else {
                moves.kinds.push(customer);
            }
        }
    }
    Ok(moves)
}

/// Revision, observation, from, to.
type Moved = (Revision, ObservationNo, ObservationNo, ObservationNo);

fn add_rows(found: &mut BTreeSet<Moved>, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in rows {
        let [observation, from, to] = [row.get(1)?, row.get(2)?, row.get(3)?].map(ObservationNo);
        found.insert((Revision(row.get(0)?), observation, from, to));
    }
    Ok(())
}

async fn causes(
    tx: &mut Transaction,
    tenant: TenantKey,
    chosen: &BTreeMap<Revision, BTreeSet<ObservationNo>>,
) -> Result<FxHashMap<Revision, Cause>, StoreError> {
    let scalars = [Scalar::Int(tenant.0)];
    let columns = [Column::Int(chosen.keys().map(|revision| revision.0).collect())];
    let mut causes = FxHashMap::default();
    for row in tx.fetch_bulk(VOIDED, &scalars, &columns).await? {
        causes.insert(Revision(row.get(0)?), Cause::Void);
    }
    for made in constraints::all(tx, tenant).await? {
        let revisions = [Some(made.since), made.retracted.map(|retracted| retracted.at)];
        causes.extend(revisions.into_iter().flatten().map(|revision| (revision, Cause::Decision)));
    }
    for revision in load_numbers(tx, PROMOTED, &scalars).await? {
        causes.insert(Revision(revision), Cause::Rules);
    }
    for revision in load_numbers(tx, UPGRADED, &scalars).await? {
        causes.insert(Revision(revision), Cause::Upgrade);
    }
    Ok(causes)
}

/// The observations that entries speak of.
async fn seen_together(
    tx: &mut Transaction,
    tenant: TenantKey,
    entries: &[HistoryEntry],
) -> Result<FxHashMap<ObservationNo, SeenTogether>, StoreError> {
    let assigned = entries.iter().filter_map(|entry| match &entry.recalled {
        Recalled::Told(Told { event: Event::Assigned { observation, .. }, .. }) => Some(observation.0),
        _ => None,
    });
    let numbers: BTreeSet<i64> = assigned.collect();
    let columns = [Column::Int(numbers.into_iter().collect())];
    let mut seen = FxHashMap::default();
    for row in tx.fetch_bulk(OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await? {
        let together = SeenTogether {
            identifiers: read_numbers(&row.get::<String>(1)?)?,
            releases: row.get::<i64>(2)? != 0,
            position: read_position(&row, 3)?,
        };
        seen.insert(ObservationNo(row.get(0)?), together);
    }
    Ok(seen)
}
