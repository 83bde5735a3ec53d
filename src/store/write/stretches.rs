//! Observations that belong to several customers by event time: where an identifier of a kind
//! that moves changed hands.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::batch::{Assigned, StoredObservation};
use crate::identity::moves::{self, Handover, Stretch, Touch, is_released};
use crate::identity::resolve::{IdentifierNo, Observation};
use crate::identity::whole::Whole;
use crate::identity::{OnConflict, Rules};
use crate::model::summary::Summary;
use crate::model::{
    Activity, Identifier, Micros, ObservationNo, Position, Revision, TenantKey, TouchKey, Touchpoint,
};
use crate::store::StoreError;
use crate::store::decisions::decision::Reassigned;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::Member;
use crate::store::read::as_of::{AsOf, NOW};
use crate::store::read::rows::parse_member;
use crate::store::tenants::data_key::{DataKey, KeyedHash};
use crate::store::write::identities::Evidence;
use crate::store::write::recording::{Incoming, parse_details};
use crate::store::write::revision::Taken;

/// Later stretches of observations, each list in the order of time.
pub(in crate::store) type Stretches = FxHashMap<ObservationNo, Vec<Stretch<ObservationNo>>>;

const OF_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT s.observation, s.from_at_us, s.customer FROM v CROSS JOIN stretch s \
    WHERE s.tenant = $1 AND s.observation = v.observation AND s.revision_until IS NULL \
    ORDER BY s.observation, s.from_at_us";
/// Observations at home elsewhere of which a customer has a later stretch.
const OF_CUSTOMER: &str = "SELECT DISTINCT o.customer, o.observation, o.identifiers, o.first_source, \
    o.first_source_id, CAST(NULL AS bytea) FROM stretch s JOIN observation o ON o.tenant = s.tenant AND o.observation = s.observation \
    WHERE s.tenant = $1 AND s.customer = $2 AND s.revision_until IS NULL AND o.customer <> $2";
const CLOSE: &str = "WITH v(observation) AS ({rows}) \
    UPDATE stretch SET revision_until = $2 FROM v \
    WHERE stretch.tenant = $1 AND stretch.observation = v.observation AND stretch.revision_until IS NULL";
const INSERT: &str = "WITH v(observation, from_at_us, customer) AS ({rows}) \
    INSERT INTO stretch (tenant, observation, revision_from, from_at_us, customer) \
    SELECT $1, v.observation, $2, v.from_at_us, v.customer FROM v WHERE true \
    ON CONFLICT (tenant, observation, revision_from, from_at_us) \
    DO UPDATE SET customer = excluded.customer, revision_until = NULL";
/// An observation that is cut elsewhere although its first stretch stays: logged as a reassignment
/// to itself, so that who follows the log hears of it.
const LOG: &str = "WITH v(observation, customer) AS ({rows}) \
    INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    SELECT $1, $2, v.observation, v.customer, v.customer FROM v WHERE true \
    ON CONFLICT (tenant, revision, observation) DO NOTHING";
const OF_OBSERVATIONS_THEN: &str = "WITH v(observation) AS ({rows}) \
    SELECT s.observation, s.from_at_us, s.customer FROM v CROSS JOIN stretch s \
    WHERE s.tenant = $1 AND s.observation = v.observation AND s.revision_from <= $2 \
    AND (s.revision_until IS NULL OR s.revision_until > $2) ORDER BY s.observation, s.from_at_us";
const TOUCHES: &str = "WITH v(observation) AS ({rows}) \
    SELECT t.observation, t.at_us, t.source, t.source_id FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.observation = v.observation AND t.touchpoint <= $2 AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint AND x.revision <= $3)";
const IN_STRETCHES: &str = "WITH v(observation, from_at_us, until_at_us, i) AS ({rows}) \
    SELECT v.i, t.source, t.source_id, t.at_us, t.channel, t.details FROM v CROSS JOIN touchpoint t \
    WHERE t.tenant = $1 AND t.observation = v.observation AND t.at_us >= v.from_at_us AND t.at_us < v.until_at_us \
    AND t.touchpoint <= $2 AND NOT EXISTS (SELECT 1 FROM void x WHERE x.tenant = t.tenant \
    AND x.touchpoint = t.touchpoint AND x.revision <= $3) ORDER BY v.i, t.at_us";

/// The whole map is read whole.
const ALL_LOGOUTS: &str = "SELECT t.observation, t.at_us, t.source, t.source_id, t.version FROM touchpoint t \
    WHERE t.tenant = $1 AND t.activity = 'logout' AND t.observation IS NOT NULL AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint) ORDER BY t.touchpoint";
const FIND_RELEASES: &str = "WITH v(set_hash) AS ({rows}) \
    SELECT o.observation, o.customer FROM v CROSS JOIN observation o \
    WHERE o.tenant = $1 AND o.set_hash = v.set_hash AND o.live = 1";
const END_RELEASES: &str = "WITH v(observation) AS ({rows}) \
    UPDATE observation SET live = 0 FROM v \
    WHERE observation.tenant = $1 AND observation.observation = v.observation";

/// Some event time of an observation, all of which belongs to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Span {
    pub(in crate::store) observation: ObservationNo,
    pub(in crate::store) from: Micros,
    pub(in crate::store) until: Micros,
}

/// The stretches of observations, now. Asks nothing when nothing moves.
pub(in crate::store) async fn load(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    observations: impl Iterator<Item = ObservationNo>,
) -> Result<Stretches, StoreError> {
    if !rules.moves() {
        return Ok(Stretches::default());
    }
    load_all(tx, tenant, observations).await
}

pub(in crate::store) async fn load_all(
    tx: &mut Transaction,
    tenant: TenantKey,
    observations: impl Iterator<Item = ObservationNo>,
) -> Result<Stretches, StoreError> {
    let mut stretches = Stretches::default();
    let columns = [Column::Int(distinct(observations))];
    for row in tx.fetch_bulk(OF_OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await? {
        add_stretch(&mut stretches, &row)?;
    }
    Ok(stretches)
}

/// The stretches of observations as they were then.
pub(in crate::store) async fn load_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    observations: impl Iterator<Item = ObservationNo>,
) -> Result<Stretches, StoreError> {
    if !known.rules.moves() {
        return Ok(Stretches::default());
    }
    load_at(tx, tenant, known.revision, observations).await
}

/// The stretches of observations as they were at a revision, whatever the rules.
pub(in crate::store) async fn load_at(
    tx: &mut Transaction,
    tenant: TenantKey,
    revision: Revision,
    observations: impl Iterator<Item = ObservationNo>,
) -> Result<Stretches, StoreError> {
    let mut stretches = Stretches::default();
    let scalars = [tenant.0, revision.0].map(Scalar::Int);
    let columns = [Column::Int(distinct(observations))];
    for row in tx.fetch_bulk(OF_OBSERVATIONS_THEN, &scalars, &columns).await? {
        add_stretch(&mut stretches, &row)?;
    }
    Ok(stretches)
}

/// The touchpoints in each of those times, of those that have some.
pub(in crate::store) async fn count(
    tx: &mut Transaction,
    tenant: TenantKey,
    parts: &[Handover],
) -> Result<Vec<Reassigned>, StoreError> {
    let span =
        |part: &Handover| Span { observation: part.observation, from: part.from_at, until: part.until_at };
    let spans: Vec<Span> = parts.iter().map(span).collect();
    let summaries = summaries(tx, tenant, &spans, NOW).await?;
    let counted = parts.iter().zip(summaries).filter(|(_, summary)| summary.touchpoints > 0);
    let one = |(part, summary): (&Handover, Summary)| {
        let Handover { observation, from, to, .. } = *part;
        Reassigned { observation, from, to, touchpoints: summary.touchpoints }
    };
    Ok(counted.map(one).collect())
}

fn add_stretch(stretches: &mut Stretches, row: &Row) -> Result<(), StoreError> {
    let stretch = Stretch { from: Micros(row.get(1)?), owner: ObservationNo(row.get(2)?) };
    stretches.entry(ObservationNo(row.get(0)?)).or_default().push(stretch);
    Ok(())
}

/// The members of a customer in whose component something moves, given those at home in it: what
/// is cut counts with its own spans only, and what is at home elsewhere with its later ones.
pub(in crate::store) async fn divide(
    tx: &mut Transaction,
    tenant: TenantKey,
    customer: ObservationNo,
    home: Vec<Member>,
) -> Result<Vec<Member>, StoreError> {
    let key = [Scalar::Int(tenant.0), Scalar::Int(customer.0)];
    let mut members: Vec<(ObservationNo, Member)> =
        home.into_iter().map(|member| (customer, member)).collect();
    for row in tx.fetch(OF_CUSTOMER, &key).await? {
        members.push((ObservationNo(row.get(0)?), parse_member(&row, 1)?));
    }
    let cut = load_all(tx, tenant, members.iter().map(|(_, member)| member.no)).await?;
    members.retain(|(home, member)| *home == customer || cut.contains_key(&member.no));
    let mut members_by_no: FxHashMap<ObservationNo, Member> = FxHashMap::default();
    let mut spans = Vec::new();
    for (home, mut member) in members {
        if cut.contains_key(&member.no) {
            member.spans = spans_of(&cut, member.no, home, customer);
            member.summary = Summary::default();
            spans.extend(member.spans.iter().copied());
        }
        members_by_no.insert(member.no, member);
    }
    for (span, summary) in spans.iter().zip(summaries(tx, tenant, &spans, NOW).await?) {
        if let Some(member) = members_by_no.get_mut(&span.observation) {
            member.summary = std::mem::take(&mut member.summary).combine(summary);
        }
    }
    let mut members: Vec<Member> = members_by_no.into_values().collect();
    members.sort_unstable_by_key(|member| member.no);
    Ok(members)
}

/// Whom a touch belongs to: `home` is its observation's first customer.
pub(in crate::store) fn owner_at(
    stretches: &Stretches,
    observation: ObservationNo,
    home: ObservationNo,
    at: Micros,
) -> ObservationNo {
    let later = stretches.get(&observation).map_or(&[][..], Vec::as_slice);
    moves::owner_at(later, home, at)
}

/// The spans of an observation that belong to a customer.
pub(in crate::store) fn spans_of(
    stretches: &Stretches,
    observation: ObservationNo,
    home: ObservationNo,
    customer: ObservationNo,
) -> Vec<Span> {
    let later = stretches.get(&observation).map_or(&[][..], Vec::as_slice);
    let mut bounds = vec![(Micros::MIN, home)];
    bounds.extend(later.iter().map(|stretch| (stretch.from, stretch.owner)));
    let until = |i: usize| bounds.get(i + 1).map_or(Micros::MAX, |(from, _)| *from);
    (0..bounds.len())
        .filter(|&i| bounds[i].1 == customer)
        .map(|i| Span { observation, from: bounds[i].0, until: until(i) })
        .collect()
}

/// What the touchpoints in each of those spans come to.
/// AsOf are the touchpoints up to a number, but for those void by a revision.
pub(in crate::store) async fn summaries(
    tx: &mut Transaction,
    tenant: TenantKey,
    spans: &[Span],
    (last_touchpoint, revision): (i64, Revision),
) -> Result<Vec<Summary>, StoreError> {
    let mut summaries = vec![Summary::default(); spans.len()];
    let columns = [
        Column::Int(spans.iter().map(|span| span.observation.0).collect()),
        Column::Int(spans.iter().map(|span| span.from.0).collect()),
        Column::Int(spans.iter().map(|span| span.until.0).collect()),
        Column::Int((0..spans.len() as i64).collect()),
    ];
    let scalars = [tenant.0, last_touchpoint, revision.0].map(Scalar::Int);
    for row in tx.fetch_bulk(IN_STRETCHES, &scalars, &columns).await? {
        summaries[row.get::<i64>(0)? as usize].add(&Touchpoint {
            key: TouchKey { source: row.get(1)?, source_id: row.get(2)? },
            at: Micros(row.get(3)?),
            channel: crate::store::records::costs::channel(&row.get::<String>(4)?)?,
            identifiers: Vec::new(),
            details: parse_details(&row.get::<String>(5)?)?,
        });
    }
    crate::store::write::orders::correct_spans(
        tx,
        tenant,
        spans,
        (last_touchpoint, revision),
        &mut summaries,
    )
    .await?;
    Ok(summaries)
}

/// The touches of accompanied observations: each may move an identifier. Only where something
/// moves is anything asked.
pub(in crate::store) async fn load_touches(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    loaded: &[StoredObservation],
    kind_of: impl Fn(IdentifierNo) -> Option<usize>,
) -> Result<Vec<Touch>, StoreError> {
    if !rules.moves() {
        return Ok(Vec::new());
    }
    let moves = |no: &IdentifierNo| {
        kind_of(*no).is_some_and(|kind| rules.kinds[kind].on_conflict != OnConflict::Demote)
    };
    let accompanied = loaded
        .iter()
        .map(|stored| &stored.observation)
        .filter(|observation| observation.identifiers.len() > 1 && observation.identifiers.iter().any(moves));
    touches_of(tx, tenant, accompanied, NOW).await
}

/// The touches known then of observations that may be accompanied.
pub(in crate::store) async fn load_touches_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    observations: impl Iterator<Item = &Observation>,
) -> Result<Vec<Touch>, StoreError> {
    if !known.rules.moves() {
        return Ok(Vec::new());
    }
    let accompanied = observations.filter(|observation| observation.identifiers.len() > 1);
    touches_of(tx, tenant, accompanied, (known.last_touchpoint, known.revision)).await
}

async fn touches_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    observations: impl Iterator<Item = &Observation>,
    (last_touchpoint, revision): (i64, Revision),
) -> Result<Vec<Touch>, StoreError> {
    let scalars = [tenant.0, last_touchpoint, revision.0].map(Scalar::Int);
    let columns = [Column::Int(distinct(observations.map(|observation| observation.no)))];
    let rows = tx.fetch_bulk(TOUCHES, &scalars, &columns).await?;
    rows.iter().map(read_touch).collect()
}

fn read_touch(row: &Row) -> Result<Touch, StoreError> {
    Ok(Touch {
        observation: ObservationNo(row.get(0)?),
        position: crate::store::write::identities::read_position(row, 1)?,
    })
}

/// Writes the stretches that a replay cut otherwise.
pub(in crate::store) async fn write(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    loaded: &[StoredObservation],
    assigned: &[Assigned],
) -> Result<(), StoreError> {
    let was: FxHashMap<ObservationNo, &[Stretch<ObservationNo>]> =
        loaded.iter().map(|stored| (stored.observation.no, stored.stretches.as_slice())).collect();
    let was = |no: ObservationNo| was.get(&no).copied().unwrap_or_default();
    let cut: Vec<&Assigned> = assigned.iter().filter(|a| was(a.no) != a.stretches).collect();
    if cut.is_empty() {
        return Ok(());
    }
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    let numbers = || Column::Int(cut.iter().map(|a| a.no.0).collect());
    tx.run_bulk(CLOSE, &scalars, &[numbers()]).await?;
    let new = || cut.iter().flat_map(|a| a.stretches.iter().map(|stretch| (a.no, stretch)));
    let columns = [
        Column::Int(new().map(|(no, _)| no.0).collect()),
        Column::Int(new().map(|(_, stretch)| stretch.from.0).collect()),
        Column::Int(new().map(|(_, stretch)| stretch.owner.0).collect()),
    ];
    tx.run_bulk(INSERT, &scalars, &columns).await?;
    let columns = [numbers(), Column::Int(cut.iter().map(|a| a.customer.0).collect())];
    tx.run_bulk(LOG, &scalars, &columns).await
}

/// The releases of a batch: a logout sets its anonymous identifiers free, of kinds that move.
pub(in crate::store) fn releases(
    rules: &Rules,
    key: &DataKey,
    batch: &[Incoming],
    accepted: &[usize],
    taken: &mut Taken,
) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for &i in accepted {
        let touchpoint = &batch[i].touchpoint;
        if !matches!(touchpoint.details.activity, Activity::Logout(_)) {
            continue;
        }
        for identifier in touchpoint.identifiers.iter().filter(|identifier| is_released(rules, identifier)) {
            evidence.push(Evidence {
                no: ObservationNo(taken.next_observation),
                is_new: true,
                was: None,
                set: release_set(key, identifier, &touchpoint.key, batch[i].version),
                position: touchpoint.position(),
                identifiers: vec![identifier.clone()],
                severed: String::new(),
                releases: true,
                version: batch[i].version,
            });
            taken.next_observation += 1;
        }
    }
    evidence
}

/// Adds the releases that rules see in a history and that were not recorded with it, for other
/// rules held then (`was` are those that it was read with). They are numbered from `next` on.
pub(in crate::store) async fn add_releases(
    tx: &mut Transaction,
    tenant: TenantKey,
    (was, rules): (&Rules, &Rules),
    key: &DataKey,
    whole: &mut Whole,
    next: i64,
) -> Result<Vec<Evidence>, StoreError> {
    let mut released = Vec::new();
    if !rules.moves() {
        return Ok(released);
    }
    let stored = whole.observations.iter().map(|stored| &stored.observation);
    let recorded: FxHashSet<(Position, IdentifierNo)> = (stored.clone().filter(|o| o.releases))
        .flat_map(|o| o.identifiers.iter().map(|no| (o.position.clone(), *no)))
        .collect();
    let sets: FxHashMap<ObservationNo, Vec<IdentifierNo>> =
        stored.map(|o| (o.no, o.identifiers.clone())).collect();
    for row in tx.fetch(ALL_LOGOUTS, &[Scalar::Int(tenant.0)]).await? {
        let Touch { observation, position } = read_touch(&row)?;
        let version = row.get(4)?;
        for number in sets.get(&observation).into_iter().flatten() {
            let Some(found) = whole.identifiers.get(number) else { continue };
            let kind = was.kinds[found.kind].kind.clone();
            let identifier = Identifier { kind, value: found.value.clone() };
            if !is_released(rules, &identifier) || recorded.contains(&(position.clone(), *number)) {
                continue;
            }
            let no = ObservationNo(next + released.len() as i64);
            whole.observations.push(StoredObservation {
                observation: Observation {
                    no,
                    position: position.clone(),
                    identifiers: vec![*number],
                    severed: Vec::new(),
                    releases: true,
                },
                customer: no,
                component: no,
                stretches: Vec::new(),
                unsettled: false,
            });
            released.push(Evidence {
                no,
                is_new: true,
                was: None,
                set: release_set(key, &identifier, &position.key, version),
                position: position.clone(),
                identifiers: vec![identifier],
                severed: String::new(),
                releases: true,
                version,
            });
        }
    }
    Ok(released)
}

/// Takes back what a logout set free, also under rules that held then: the observations that stood
/// for it, and their customers. Their components are resolved again by the caller.
pub(in crate::store) async fn take_back_releases(
    tx: &mut Transaction,
    tenant: TenantKey,
    data_key: &DataKey,
    identifiers: &[Identifier],
    (key, version): (&TouchKey, i64),
) -> Result<Vec<(ObservationNo, ObservationNo)>, StoreError> {
    let sets: Vec<KeyedHash> =
        identifiers.iter().map(|identifier| release_set(data_key, identifier, key, version)).collect();
    let scalars = [Scalar::Int(tenant.0)];
    let columns = [Column::Bytes(sets.iter().map(KeyedHash::as_slice).collect())];
    let mut found = Vec::new();
    for row in tx.fetch_bulk(FIND_RELEASES, &scalars, &columns).await? {
        found.push((ObservationNo(row.get(0)?), ObservationNo(row.get(1)?)));
    }
    let columns = [Column::Int(found.iter().map(|(no, _)| no.0).collect())];
    tx.run_bulk(END_RELEASES, &scalars, &columns).await?;
    Ok(found)
}

/// The key of a release: no set of identifiers has it, for there is no kind "release".
pub(in crate::store) fn release_set(
    data_key: &DataKey,
    identifier: &Identifier,
    key: &TouchKey,
    version: i64,
) -> KeyedHash {
    let version = version.to_string();
    let parts =
        ["release", identifier.kind.as_str(), &identifier.value, &key.source, &key.source_id, &version];
    data_key.hash(parts.map(str::as_bytes))
}

fn distinct(observations: impl Iterator<Item = ObservationNo>) -> Vec<i64> {
    let distinct: FxHashSet<i64> = observations.map(|no| no.0).collect();
    let mut distinct: Vec<i64> = distinct.into_iter().collect();
    distinct.sort_unstable();
    distinct
}
