//! Recording: the only road in.

use rustc_hash::FxHashMap;

use crate::identity::moves::Touch;
use crate::model::summary::{self, Summary};
use crate::model::{Details, Micros, ObservationNo, Position, Revision, TenantKey, TouchKey, Touchpoint};
use crate::store::StoreError;
use crate::store::driver::{Column, Database, Scalar, Transaction};
use crate::store::tenants::Tenants;
use crate::store::tenants::data_key::{DataKey, KeyedHash};
use crate::store::write::content::{content_hash, document, set_hash};
use crate::store::write::identities::{self, Evidence, Ground, News};
use crate::store::write::orders::{self, Spoken};
use crate::store::write::outcomes::look;
use crate::store::write::revision::{Taken, keep_revision, take_revision};
use crate::store::write::stretches::{self, owner_at};
use crate::store::write::versions;

/// A touchpoint on its way in. Everything that needs no database was done by the caller's task.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub touchpoint: Touchpoint,
    /// Which version of it this is.
    pub version: i64,
    details: String,
    is_sealed: bool,
    /// Of what it says, under the tenant's data key.
    pub(in crate::store) payload_hash: KeyedHash,
    /// Of its identifiers, if it has any.
    pub(in crate::store) set: Option<KeyedHash>,
}

impl Incoming {
    /// Prepares a touchpoint for the writer.
    #[must_use]
    pub fn new(touchpoint: Touchpoint) -> Self {
        let details = document(&touchpoint.details);
        Self { touchpoint, version: 0, details, is_sealed: false, payload_hash: [0; 16], set: None }
    }

    #[must_use]
    pub fn with_version(self, version: i64) -> Self {
        Self { version, ..self }
    }

    /// Hashes it under the tenant's key, if that was not done yet.
    #[must_use]
    pub fn sealed(mut self, key: &DataKey) -> Self {
        if !self.is_sealed {
            let identifiers = &self.touchpoint.identifiers;
            self.payload_hash = content_hash(key, &self.touchpoint, &self.details);
            self.set = (!identifiers.is_empty()).then(|| set_hash(key, identifiers));
            self.is_sealed = true;
        }
        self
    }

    /// About how much memory it takes: its texts, most of which are in the document too, and what
    /// holds them together.
    pub(in crate::store) fn bytes(&self) -> usize {
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
    /// It is stored, now or before, and a higher version is known; with the customer of the one that
    /// stands.
    Superseded(Option<ObservationNo>),
    /// Another content has this source, source id and version.
    KeyTaken,
    /// As many versions of it are stored as may be.
    TooManyVersions,
}

impl Outcome {
    /// Whom the touchpoint belongs to.
    pub(in crate::store) fn customer(&self) -> Option<ObservationNo> {
        match self {
            Self::Recorded(customer)
            | Self::ToldAgain(customer)
            | Self::Duplicate(customer)
            | Self::Superseded(customer) => *customer,
            Self::KeyTaken | Self::TooManyVersions => None,
        }
    }
}

/// The outcomes of a batch, in its order, and the revision at which they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub revision: Revision,
    pub outcomes: Vec<Outcome>,
}

pub(in crate::store) const FIND_OBSERVATIONS: &str = "WITH v(set_hash, i) AS ({rows}) \
    SELECT v.i, o.observation, o.customer, o.live, o.severed, o.first_at_us, o.first_source, o.first_source_id, \
    s.summary, o.unsettled FROM v CROSS JOIN observation o \
    LEFT JOIN summary s ON s.tenant = o.tenant AND s.observation = o.observation \
    WHERE o.tenant = $1 AND o.set_hash = v.set_hash";
const INSERT_TOUCHPOINTS: &str = "WITH v(touchpoint, source, source_id, version, payload_hash, observation, at_us, \
    activity, channel, details) AS ({rows}) \
    INSERT INTO touchpoint (tenant, touchpoint, revision, source, source_id, version, payload_hash, observation, \
    at_us, activity, channel, details) SELECT $1, v.touchpoint, $2, v.source, v.source_id, v.version, v.payload_hash, \
    v.observation, v.at_us, v.activity, v.channel, v.details FROM v";
const UPSERT_SUMMARIES: &str = "WITH v(observation, summary) AS ({rows}) \
    INSERT INTO summary (tenant, observation, summary) SELECT $1, v.observation, v.summary FROM v WHERE true \
    ON CONFLICT (tenant, observation) DO UPDATE SET summary = excluded.summary";

/// Records a batch in one transaction.
pub(in crate::store) async fn record(
    db: &Database,
    tenants: &Tenants,
    tenant: TenantKey,
    batch: &[Incoming],
    now: Micros,
) -> Result<Recorded, StoreError> {
    let mut tx = db.write().await?;
    let mut taken = take_revision(&mut tx, tenant, now).await?;
    let rules = tenants.rules(&mut tx, tenant, taken.rules_version).await?;
    let looked = look(&mut tx, tenant, &rules, batch).await?;
    if looked.is_known() {
        // Nothing is new: no revision is taken, the transaction rolls back.
        return Ok(Recorded {
            revision: Revision(taken.revision.0 - 1),
            outcomes: looked.told(|_| Outcome::KeyTaken),
        });
    }
    let constraints = tenants.constraints(&mut tx, tenant, taken.constraints_at).await?;
    let ground = Ground { rules: &rules, constraints };
    let recounted =
        versions::supersede(&mut tx, tenant, tenants, &ground, &mut taken, batch, &looked.outdated).await?;
    let live = &looked.live;
    let mut sets = find_sets(&mut tx, tenant, batch, live).await?;
    sets.summaries.extend(recounted);
    let mut news = News { evidence: sets.evidence(batch, &mut taken), ..News::default() };
    if rules.moves() {
        let key = tenants.data_key(&mut tx, tenant).await?;
        news.evidence.extend(stretches::releases(&rules, &key, batch, live, &mut taken));
        news.touches = sets.touches(batch, live);
    }
    let stretches =
        identities::settle(&mut tx, tenant, &ground, &mut taken, news, &mut sets.customers).await?;
    versions::keep_begun(&mut tx, tenant, &taken, &looked.outdated).await?;
    let first = taken.next_touchpoint;
    let spoken = write_touchpoints(&mut tx, tenant, batch, live, &sets, &mut taken).await?;
    versions::write_late(&mut tx, tenant, &mut taken, batch, &looked.late).await?;
    let mut summaries = std::mem::take(&mut sets.summaries);
    add_touchpoints(&mut summaries, batch, live, &sets.observation_of);
    let told_again = orders::speak(&mut tx, tenant, spoken, &mut summaries).await?;
    upsert_summaries(&mut tx, tenant, &summaries).await?;
    keep_revision(&mut tx, tenant, &taken).await?;
    tx.commit().await?;
    let live: FxHashMap<usize, i64> = live.iter().copied().zip(first..).collect();
    let recorded = |i: usize| {
        let at = batch[i].touchpoint.at;
        let observation = batch[i].set.map(|set| sets.observation_of[&set]);
        let customer = observation.map(|no| owner_at(&stretches, no, sets.customers[&no], at));
        match live.get(&i).is_some_and(|no| told_again.contains(no)) {
            true => Outcome::ToldAgain(customer),
            false => Outcome::Recorded(customer),
        }
    };
    Ok(Recorded { revision: taken.revision, outcomes: looked.told(recorded) })
}

/// The distinct identifier sets of a batch.
struct Sets {
    /// In order of arrival: the set, its earliest position in the batch, an example touchpoint.
    arrived: Vec<(KeyedHash, Position, usize)>,
    stored: FxHashMap<KeyedHash, StoredSet>,
    observation_of: FxHashMap<KeyedHash, ObservationNo>,
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
    let mut index: FxHashMap<KeyedHash, usize> = FxHashMap::default();
    let mut arrived: Vec<(KeyedHash, Position, usize)> = Vec::new();
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
    let asked: Vec<KeyedHash> = arrived.iter().map(|(set, ..)| *set).collect();
    let columns = [
        Column::Bytes(asked.iter().map(<KeyedHash>::as_slice).collect()),
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
                    version: 0,
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
                        version: 0,
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
    let observation = |incoming: &Incoming| incoming.set.map(|set| sets.observation_of[&set].0);
    let observations = each().map(observation).collect();
    let details = each().map(|incoming| incoming.details.as_str()).collect();
    let numbers = insert_touchpoints(tx, tenant, taken, each(), observations, details).await?;
    let mut spoken = Spoken::default();
    for (incoming, &no) in each().zip(&numbers) {
        spoken.add(&incoming.touchpoint.details.activity, &incoming.touchpoint.key.source, no);
    }
    Ok(spoken)
}

/// Numbers touchpoints and stores them; the rest of each is where the two lists have it.
pub(in crate::store) async fn insert_touchpoints<'a>(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &mut Taken,
    each: impl Iterator<Item = &'a Incoming> + Clone,
    observations: Vec<Option<i64>>,
    details: Vec<&str>,
) -> Result<Vec<i64>, StoreError> {
    let first = taken.next_touchpoint;
    taken.next_touchpoint += observations.len() as i64;
    let numbers: Vec<i64> = (first..taken.next_touchpoint).collect();
    let each = || each.clone();
    let columns = [
        Column::Int(numbers.clone()),
        Column::Text(each().map(|i| i.touchpoint.key.source.as_str()).collect()),
        Column::Text(each().map(|i| i.touchpoint.key.source_id.as_str()).collect()),
        Column::Int(each().map(|i| i.version).collect()),
        Column::Bytes(each().map(|i| i.payload_hash.as_slice()).collect()),
        Column::IntOrNull(observations),
        Column::Int(each().map(|i| i.touchpoint.at.0).collect()),
        Column::Text(each().map(|i| i.touchpoint.details.activity.activity_type().name()).collect()),
        Column::Text(each().map(|i| i.touchpoint.channel.as_str()).collect()),
        Column::Text(details),
    ];
    let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
    tx.run_bulk(INSERT_TOUCHPOINTS, &scalars, &columns).await?;
    Ok(numbers)
}

fn add_touchpoints(
    summaries: &mut FxHashMap<ObservationNo, Summary>,
    batch: &[Incoming],
    accepted: &[usize],
    observation_of: &FxHashMap<KeyedHash, ObservationNo>,
) {
    for &i in accepted {
        if let Some(set) = batch[i].set {
            summaries.entry(observation_of[&set]).or_default().add(&batch[i].touchpoint);
        }
    }
}

pub(in crate::store) async fn upsert_summaries(
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

pub(in crate::store) fn decode_summary(bytes: &[u8]) -> Result<Summary, StoreError> {
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
pub(in crate::store) fn parse_details(text: &str) -> Result<Details, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "details" })
}
