//! Recording: the only road in.

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::driver::{Column, Database, Scalar, Transaction};
use super::identities::{self, Evidence, Ground, News};
use super::orders::{self, Spoken};
use super::outcomes::{known_outcomes, resolve_copies};
use super::stretches::{self, owner_at};
use super::tenants::Tenants;
use crate::identity::moves::Touch;
use crate::model::summary::{self, Summary};
use crate::model::{
    Details, Identifier, Micros, ObservationNo, Position, Revision, TenantKey, TouchKey, Touchpoint,
};

/// A touchpoint on its way in. Everything that needs no database was done by the caller's task.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub touchpoint: Touchpoint,
    /// Of the message as parsed, before normalization and defaults.
    pub payload_hash: [u8; 16],
    details: String,
    set: Option<[u8; 16]>,
}

impl Incoming {
    /// Prepares a touchpoint for the writer.
    #[must_use]
    pub fn new(touchpoint: Touchpoint, payload_hash: [u8; 16]) -> Self {
        let details =
            serde_json::to_string(&touchpoint.details).expect("details are plain values with text keys");
        let set = (!touchpoint.identifiers.is_empty()).then(|| identifier_set(&touchpoint.identifiers));
        Self { touchpoint, payload_hash, details, set }
    }

    /// About how much memory it takes: its texts, most of which are in the document too, and what
    /// holds them together.
    pub(super) fn bytes(&self) -> usize {
        let key = &self.touchpoint.key;
        let named: usize = self.touchpoint.identifiers.iter().map(|one| 64 + one.value.len()).sum();
        512 + 2 * self.details.len() + key.source.len() + key.source_id.len() + named
    }
}

/// What became of a touchpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, with the customer it belongs to; `None` if it is unidentified.
    Recorded(Option<ObservationNo>),
    /// Stored likewise; another touchpoint speaks for the order, or the return, that it tells.
    ToldAgain(Option<ObservationNo>),
    /// The same touchpoint was stored before.
    Duplicate(Option<ObservationNo>),
    /// Another touchpoint has this source and source id.
    KeyTaken,
}

/// The outcomes of a batch, in its order, and the revision at which they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub revision: Revision,
    pub outcomes: Vec<Outcome>,
}

/// The tenant's counters while its row is held.
pub(super) struct Taken {
    pub(super) revision: Revision,
    pub(super) next_touchpoint: i64,
    pub(super) next_observation: i64,
    pub(super) next_identifier: i64,
    pub(super) rules_version: i64,
    pub(super) constraints_at: i64,
    pub(super) next_constraint: i64,
}

impl Taken {
    /// Numbers that nobody has yet, for what is only thought of and never written.
    pub(super) fn beyond(revision: Revision) -> Self {
        let far = i64::MAX / 2;
        Self {
            revision,
            next_touchpoint: far,
            next_observation: far,
            next_identifier: far,
            rules_version: 0,
            constraints_at: 0,
            next_constraint: far,
        }
    }
}

const TAKE_REVISION: &str = "UPDATE tenant SET revision = revision + 1, committed_at_us = $2 WHERE tenant = $1 \
    RETURNING revision, next_touchpoint, next_observation, next_identifier, rules_version, constraints_at, \
    next_constraint";
const KEEP_REVISION: &str = "UPDATE tenant SET next_touchpoint = $2, next_observation = $3, next_identifier = $4 \
    WHERE tenant = $1";
const INSERT_REVISION: &str = "INSERT INTO revision (tenant, revision, committed_at_us, last_touchpoint, \
    last_observation) VALUES ($1, $2, $3, $4, $5)";
pub(super) const FIND_OBSERVATIONS: &str = "WITH v(identifier_set, i) AS ({rows}) \
    SELECT v.i, o.observation, o.customer, o.live, o.severed, o.first_at_us, o.first_source, o.first_source_id, \
    s.summary, o.unsettled FROM v CROSS JOIN observation o \
    LEFT JOIN summary s ON s.tenant = o.tenant AND s.observation = o.observation \
    WHERE o.tenant = $1 AND o.identifier_set = v.identifier_set";
const INSERT_TOUCHPOINTS: &str = "WITH v(touchpoint, source, source_id, payload_hash, observation, at_us, activity, \
    channel, details) AS ({rows}) \
    INSERT INTO touchpoint (tenant, touchpoint, revision, source, source_id, payload_hash, observation, at_us, \
    activity, channel, details) SELECT $1, v.touchpoint, $2, v.source, v.source_id, v.payload_hash, v.observation, \
    v.at_us, v.activity, v.channel, v.details FROM v";
const UPSERT_SUMMARIES: &str = "WITH v(observation, summary) AS ({rows}) \
    INSERT INTO summary (tenant, observation, summary) SELECT $1, v.observation, v.summary FROM v WHERE true \
    ON CONFLICT (tenant, observation) DO UPDATE SET summary = excluded.summary";

/// Records a batch in one transaction.
pub(super) async fn record(
    db: &Database,
    tenants: &Tenants,
    tenant: TenantKey,
    batch: &[Incoming],
    now: Micros,
) -> Result<Recorded, StoreError> {
    let mut tx = db.write().await?;
    let mut taken = take_revision(&mut tx, tenant, now).await?;
    let rules = tenants.rules(&mut tx, tenant, taken.rules_version).await?;
    let mut outcomes = known_outcomes(&mut tx, tenant, &rules, batch).await?;
    let accepted: Vec<usize> = (0..batch.len()).filter(|&i| outcomes[i].is_none()).collect();
    if accepted.is_empty() {
        // Nothing is new: no revision is taken, the transaction rolls back.
        let revision = Revision(taken.revision.0 - 1);
        return Ok(Recorded { revision, outcomes: resolve_copies(batch, outcomes) });
    }
    let mut sets = find_sets(&mut tx, tenant, batch, &accepted).await?;
    let mut news = News { evidence: sets.evidence(batch, &mut taken), ..News::default() };
    if rules.moves() {
        news.evidence.extend(stretches::releases(&rules, batch, &accepted, &mut taken));
        news.touches = sets.touches(batch, &accepted);
    }
    let constraints = tenants.constraints(&mut tx, tenant, taken.constraints_at).await?;
    let ground = Ground { rules: &rules, constraints };
    let stretches =
        identities::settle(&mut tx, tenant, &ground, &mut taken, news, &mut sets.customers).await?;
    let first = taken.next_touchpoint;
    let spoken = write_touchpoints(&mut tx, tenant, batch, &accepted, &sets, &mut taken).await?;
    let mut summaries = std::mem::take(&mut sets.summaries);
    add_touchpoints(&mut summaries, batch, &accepted, &sets.observation_of);
    let told_again = orders::speak(&mut tx, tenant, spoken, &mut summaries).await?;
    upsert_summaries(&mut tx, tenant, &summaries).await?;
    keep_revision(&mut tx, tenant, &taken, now).await?;
    tx.commit().await?;
    for (no, i) in (first..).zip(accepted) {
        let at = batch[i].touchpoint.at;
        let observation = batch[i].set.map(|set| sets.observation_of[&set]);
        let customer = observation.map(|no| owner_at(&stretches, no, sets.customers[&no], at));
        outcomes[i] = Some(match told_again.contains(&no) {
            true => Outcome::ToldAgain(customer),
            false => Outcome::Recorded(customer),
        });
    }
    Ok(Recorded { revision: taken.revision, outcomes: resolve_copies(batch, outcomes) })
}

/// Takes the tenant's next revision, and with it the tenant's row until the end.
pub(super) async fn take_revision(
    tx: &mut Transaction,
    tenant: TenantKey,
    now: Micros,
) -> Result<Taken, StoreError> {
    let row = tx.fetch_one(TAKE_REVISION, &[Scalar::Int(tenant.0), Scalar::Int(now.0)]).await?;
    let row = row.ok_or(StoreError::Corrupt { what: "tenant" })?;
    Ok(Taken {
        revision: Revision(row.get(0)?),
        next_touchpoint: row.get(1)?,
        next_observation: row.get(2)?,
        next_identifier: row.get(3)?,
        rules_version: row.get(4)?,
        constraints_at: row.get(5)?,
        next_constraint: row.get(6)?,
    })
}

/// Writes the counters back, and what the revision reached.
pub(super) async fn keep_revision(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    now: Micros,
) -> Result<(), StoreError> {
    let counters = [taken.next_touchpoint, taken.next_observation, taken.next_identifier].map(Scalar::Int);
    tx.run(KEEP_REVISION, &[&[Scalar::Int(tenant.0)], &counters[..]].concat()).await?;
    let (touchpoint, observation) = (taken.next_touchpoint - 1, taken.next_observation - 1);
    let revision = [tenant.0, taken.revision.0, now.0, touchpoint, observation].map(Scalar::Int);
    tx.run(INSERT_REVISION, &revision).await
}

/// The distinct identifier sets of a batch.
struct Sets {
    /// In order of arrival: the set, its earliest position in the batch, an example touchpoint.
    arrived: Vec<([u8; 16], Position, usize)>,
    stored: FxHashMap<[u8; 16], StoredSet>,
    observation_of: FxHashMap<[u8; 16], ObservationNo>,
    /// The customer of each observation in the batch; what is new is added when it is resolved.
    customers: FxHashMap<ObservationNo, ObservationNo>,
    summaries: FxHashMap<ObservationNo, Summary>,
}

struct StoredSet {
    no: ObservationNo,
    customer: ObservationNo,
    live: bool,
    severed: String,
    first: Position,
    unsettled: bool,
}

async fn find_sets(
    tx: &mut Transaction,
    tenant: TenantKey,
    batch: &[Incoming],
    accepted: &[usize],
) -> Result<Sets, StoreError> {
    let mut index: FxHashMap<[u8; 16], usize> = FxHashMap::default();
    let mut arrived: Vec<([u8; 16], Position, usize)> = Vec::new();
    for &i in accepted {
        let Some(set) = batch[i].set else { continue };
        let touchpoint = &batch[i].touchpoint;
        match index.get(&set) {
            None => {
                index.insert(set, arrived.len());
                arrived.push((set, touchpoint.position(), i));
            }
            Some(&known) => {
                let first = &arrived[known].1;
                if (touchpoint.at, &touchpoint.key) < (first.at, &first.key) {
                    arrived[known].1 = touchpoint.position();
                }
            }
        }
    }
    let asked: Vec<[u8; 16]> = arrived.iter().map(|(set, ..)| *set).collect();
    let columns = [
        Column::Bytes(asked.iter().map(<[u8; 16]>::as_slice).collect()),
        Column::Int((0..arrived.len() as i64).collect()),
    ];
    let mut sets = Sets {
        stored: FxHashMap::default(),
        observation_of: FxHashMap::default(),
        customers: FxHashMap::default(),
        summaries: FxHashMap::default(),
        arrived,
    };
    for row in tx.fetch_bulk(FIND_OBSERVATIONS, &[Scalar::Int(tenant.0)], &columns).await? {
        let set = sets.arrived[row.get::<i64>(0)? as usize].0;
        let (no, customer) = (ObservationNo(row.get(1)?), ObservationNo(row.get(2)?));
        let key = TouchKey { source: row.get(6)?, source_id: row.get(7)? };
        let first = Position { at: Micros(row.get(5)?), key };
        let live = row.get::<i64>(3)? != 0;
        let unsettled = row.get::<i64>(9)? != 0;
        sets.stored.insert(set, StoredSet { no, customer, live, severed: row.get(4)?, first, unsettled });
        sets.observation_of.insert(set, no);
        sets.customers.insert(no, customer);
        if let Some(summary) = row.get::<Option<Vec<u8>>>(8)? {
            sets.summaries.insert(no, decode_summary(&summary)?);
        }
    }
    Ok(sets)
}

impl Sets {
    /// What the resolver has to look at: sets never seen, sets seen earlier than was known, sets
    /// whose every touchpoint was void until now, and sets whose every touch may move something.
    /// New ones are numbered in order of arrival.
    fn evidence(&mut self, batch: &[Incoming], taken: &mut Taken) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for (set, position, example) in &self.arrived {
            let identifiers = batch[*example].touchpoint.identifiers.clone();
            match self.stored.get(set) {
                Some(stored) if stored.live && !stored.unsettled && stored.first <= *position => {}
                Some(stored) => evidence.push(Evidence {
                    no: stored.no,
                    is_new: false,
                    was: Some(stored.customer),
                    set: *set,
                    position: match stored.live {
                        true => stored.first.clone().min(position.clone()),
                        false => position.clone(),
                    },
                    identifiers,
                    severed: stored.severed.clone(),
                    releases: false,
                }),
                None => {
                    let no = ObservationNo(taken.next_observation);
                    taken.next_observation += 1;
                    self.observation_of.insert(*set, no);
                    evidence.push(Evidence {
                        no,
                        is_new: true,
                        was: None,
                        set: *set,
                        position: position.clone(),
                        identifiers,
                        severed: String::new(),
                        releases: false,
                    });
                }
            }
        }
        evidence
    }

    /// Every touch of the batch: each may move an identifier.
    fn touches(&self, batch: &[Incoming], accepted: &[usize]) -> Vec<Touch> {
        let touch = |&i: &usize| {
            let observation = self.observation_of[&batch[i].set?];
            Some(Touch { observation, position: batch[i].touchpoint.position() })
        };
        accepted.iter().filter_map(touch).collect()
    }
}

async fn write_touchpoints(
    tx: &mut Transaction,
    tenant: TenantKey,
    batch: &[Incoming],
    accepted: &[usize],
    sets: &Sets,
    taken: &mut Taken,
) -> Result<Spoken, StoreError> {
    let each = || accepted.iter().map(|&i| &batch[i]);
    let first = taken.next_touchpoint;
    taken.next_touchpoint += accepted.len() as i64;
    let numbers: Vec<i64> = (first..taken.next_touchpoint).collect();
    let mut spoken = Spoken::default();
    for (incoming, &no) in each().zip(&numbers) {
        spoken.add(&incoming.touchpoint.details.activity, &incoming.touchpoint.key.source, no);
    }
    let columns = [
        Column::Int(numbers),
        Column::Text(each().map(|i| i.touchpoint.key.source.as_str()).collect()),
        Column::Text(each().map(|i| i.touchpoint.key.source_id.as_str()).collect()),
        Column::Bytes(each().map(|i| i.payload_hash.as_slice()).collect()),
        Column::IntOrNull(each().map(|i| i.set.map(|set| sets.observation_of[&set].0)).collect()),
        Column::Int(each().map(|i| i.touchpoint.at.0).collect()),
        Column::Text(each().map(|i| i.touchpoint.details.activity.activity_type().name()).collect()),
        Column::Text(each().map(|i| i.touchpoint.channel.as_str()).collect()),
        Column::Text(each().map(|i| i.details.as_str()).collect()),
    ];
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run_bulk(INSERT_TOUCHPOINTS, &scalars, &columns).await?;
    Ok(spoken)
}

fn add_touchpoints(
    summaries: &mut FxHashMap<ObservationNo, Summary>,
    batch: &[Incoming],
    accepted: &[usize],
    observation_of: &FxHashMap<[u8; 16], ObservationNo>,
) {
    for &i in accepted {
        if let Some(set) = batch[i].set {
            summaries.entry(observation_of[&set]).or_default().add(&batch[i].touchpoint);
        }
    }
}

pub(super) async fn upsert_summaries(
    tx: &mut Transaction,
    tenant: TenantKey,
    summaries: &FxHashMap<ObservationNo, Summary>,
) -> Result<(), StoreError> {
    let mut numbers: Vec<ObservationNo> = summaries.keys().copied().collect();
    numbers.sort_unstable();
    let encoded: Vec<Vec<u8>> = numbers.iter().map(|no| encode_summary(&summaries[no])).collect();
    let columns = [
        Column::Int(numbers.iter().map(|no| no.0).collect()),
        Column::Bytes(encoded.iter().map(Vec::as_slice).collect()),
    ];
    tx.run_bulk(UPSERT_SUMMARIES, &[Scalar::Int(tenant.0)], &columns).await
}

/// The first byte names the form of a stored summary.
const SUMMARY_FORM: u8 = 2;
/// That of before values of traits could be taken back.
const FIRST_SUMMARY_FORM: u8 = 1;

fn encode_summary(summary: &Summary) -> Vec<u8> {
    postcard::to_extend(summary, vec![SUMMARY_FORM]).expect("a summary is plain values")
}

pub(super) fn decode_summary(bytes: &[u8]) -> Result<Summary, StoreError> {
    let corrupt = StoreError::Corrupt { what: "summary" };
    match bytes.split_first() {
        Some((&SUMMARY_FORM, body)) => postcard::from_bytes(body).map_err(|_| corrupt),
        Some((&FIRST_SUMMARY_FORM, body)) => {
            let first: summary::first::Summary = postcard::from_bytes(body).map_err(|_| corrupt)?;
            Ok(first.into())
        }
        _ => Err(corrupt),
    }
}

/// The document of a touchpoint's details.
pub(super) fn parse_details(text: &str) -> Result<Details, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "details" })
}

/// The key of a distinct set of identifiers: 16 bytes of SHA-256 over its sorted members. The
/// separators cannot occur in a kind or a value.
pub(super) fn identifier_set(sorted: &[Identifier]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for identifier in sorted {
        hash.update(identifier.kind.as_str());
        hash.update([0]);
        hash.update(&identifier.value);
        hash.update([0]);
    }
    let digest = hash.finalize();
    std::array::from_fn(|i| digest[i])
}
