//! The contents of one tenant's mirror, and how a change is applied to them. No I/O here.

use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::MirrorError;
use crate::identity::Rules;
use crate::kpi::facts::as_of::{Home, Homes, Since};
use crate::kpi::facts::objects::{Owners, Told};
use crate::kpi::facts::projection::Given;
use crate::kpi::{
    Dictionary, Fact, FactError, Identity, Live, Segment, Snapshot, Source, Tables, Trust, Voided,
};
use crate::model::Revision;
use crate::store::{Changed, Cursor, Fact as StoredFact};

/// A segment is merged into its elder once it has this share of the elder's living customers:
/// then every fact is gathered a logarithmic number of times.
const MERGE_SHARE: usize = 4;

/// What a mirror takes beside its facts: as small tenants were measured.
const BESIDE_BYTES: usize = 40 << 10;

/// All that a mirror holds.
#[derive(Default)]
pub(super) struct Contents {
    cursor: Cursor,
    rules: Arc<Rules>,
    dictionary: Dictionary,
    published_dictionary: Arc<Dictionary>,
    map: Map,
    segments: Vec<Live>,
    unidentified: Arc<Tables>,
    /// What touchpoints say of orders.
    told: Told,
    voided_numbers: FxHashSet<u32>,
    voided: Arc<Vec<Voided>>,
    /// What was read and is not gathered yet: a first load comes in pages.
    pending: Pending,
    /// Other sources are trusted than when the segments were gathered.
    is_retrusted: bool,
}

#[derive(Default)]
struct Pending {
    identified: Tables,
    unidentified: Tables,
    /// Customers whose facts have to be gathered anew.
    touched: FxHashSet<u32>,
    /// Observations of the facts in `identified`, and of voided ones; some of them more than once.
    observations: Vec<u32>,
}

/// The identity map: from observation to customer, both by number.
#[derive(Clone, Default)]
pub(super) struct Map {
    customer: Vec<u32>,
    registered: FxHashSet<u32>,
    /// Of observations that belong to several customers: from an instant on, to whom.
    stretches: FxHashMap<u32, Vec<(i64, u32)>>,
}

impl Identity for Map {
    fn customer_of(&self, observation: u32, at: i64) -> u32 {
        let home = self.customer.get(observation as usize).copied().unwrap_or(observation);
        if self.stretches.is_empty() {
            return home;
        }
        let later = self.stretches.get(&observation).map_or(&[][..], Vec::as_slice);
        let now = later.partition_point(|(from, _)| *from <= at);
        now.checked_sub(1).map_or(home, |now| later[now].1)
    }

    fn is_registered(&self, customer: u32) -> bool {
        self.registered.contains(&customer)
    }
}

impl Homes for Map {
    fn home(&self, observation: u32) -> Home {
        let later = self.stretches.get(&observation).cloned().unwrap_or_default();
        Home { customer: self.customer_of(observation, i64::MIN), later }
    }
}

impl Contents {
    pub(super) fn cursor(&self) -> Cursor {
        self.cursor
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.clone()
    }

    /// Before the first page of a first load: whatever is read from now on is at least that new.
    pub(super) fn begin(&mut self, present: Revision) {
        if self.cursor == Cursor::default() {
            self.cursor.revision = present;
        }
    }

    /// Bytes of all columns.
    pub(super) fn bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(|l| l.segment.bytes() + l.dead.bytes()).sum();
        let pending = self.pending.identified.bytes() + self.pending.unidentified.bytes();
        let beside = self.dictionary.bytes() + self.told.bytes() + BESIDE_BYTES;
        segments + self.unidentified.bytes() + pending + self.map.customer.len() * 4 + beside
    }

    /// Takes in what was read; a snapshot comes out once it is complete.
    pub(super) fn apply(&mut self, changed: Changed) -> Result<Option<Snapshot>, MirrorError> {
        for fact in changed.facts.parse()?.iter().flatten() {
            let fact = self.fact(fact)?;
            self.told.add(&fact);
            if fact.observation == 0 {
                self.pending.unidentified.push(&fact);
            } else {
                self.pending.observations.push(fact.observation);
                self.pending.identified.push(&fact);
            }
        }
        for moved in &changed.assignments {
            let observation = small(moved.observation.0)?;
            self.assign(observation, small(moved.customer.0)?, moved.registered);
            for (_, customer) in self.map.stretches.remove(&observation).into_iter().flatten() {
                self.pending.touched.insert(customer);
            }
        }
        for (from, moved) in &changed.stretches {
            let (observation, customer) = (small(moved.observation.0)?, small(moved.customer.0)?);
            self.set_kind(customer, moved.registered);
            let home = self.map.customer_of(observation, i64::MIN);
            self.pending.touched.extend([home, customer]);
            self.map.stretches.entry(observation).or_default().push((from.0, customer));
        }
        self.cursor = changed.cursor;
        if let Some(rules) = changed.rules {
            let is_other = rules.trait_sources != self.rules.trait_sources;
            self.is_retrusted |= is_other && !self.segments.is_empty();
            self.rules = rules;
        }
        if !changed.complete {
            return Ok(None);
        }
        let mut of_nobody = self.void(&changed.voided.parse()?)?;
        let resettled = self.told.settle(&self.dictionary);
        self.pending.touched.extend(resettled.iter().flat_map(|one| one.customers(&self.map)));
        let crosses = resettled.iter().any(|one| one.by_nobody);
        of_nobody |= crosses || self.pending.unidentified.touchpoints() > 0;
        let taken = self.touched();
        // What is of nobody and what is of customers are gathered from what was, before either changes.
        let unidentified = of_nobody.then(|| self.gather_unidentified(&taken));
        let gathered = self.gather_touched(&taken, crosses);
        self.replace(taken, gathered, unidentified);
        self.merge_segments();
        self.trust_anew();
        if self.published_dictionary.version() != self.dictionary.version() {
            self.published_dictionary = Arc::new(self.dictionary.clone());
        }
        Ok(Some(Snapshot {
            revision: changed.revision,
            segments: self.segments.clone(),
            unidentified: vec![self.unidentified.clone()],
            dictionary: self.published_dictionary.clone(),
            voided: self.voided.clone(),
            objects: self.told.objects.clone(),
            settlement: self.told.settlement.clone(),
            given: Given::default(),
            committed: changed.committed_at,
            sightings: OnceLock::new(),
            folded: self.dictionary.folded(),
            given_up: Arc::default(),
        }))
    }

    /// Whether everything that was read stands in the snapshot that was published last.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.touched.is_empty()
            && self.pending.observations.is_empty()
            && self.pending.unidentified.touchpoints() == 0
    }

    /// The map of the snapshot that was published last.
    pub(super) fn map(&self) -> &Map {
        &self.map
    }

    /// To whom an observation belongs.
    pub(super) fn customers_of(&self, observation: u32) -> Vec<u32> {
        self.map.home(observation).customers().collect()
    }

    /// The facts of a published snapshot under another map.
    pub(super) fn under(&self, now: &Snapshot, since: &Since) -> Snapshot {
        now.as_known(since, &self.map, &self.trust())
    }

    fn fact(&mut self, stored: &StoredFact) -> Result<Fact, FactError> {
        let StoredFact { no, observation, source, source_id, at, channel, details } = stored;
        let fact = Fact::of(*no, *observation, *at, channel, source, details, &mut self.dictionary)?;
        Ok(Fact { statement: fact.statement.map(|said| said.named(source_id)), ..fact })
    }

    fn assign(&mut self, observation: u32, customer: u32, registered: bool) {
        let index = observation as usize;
        if index >= self.map.customer.len() {
            self.map.customer.resize(index + 1, 0);
        }
        let was = std::mem::replace(&mut self.map.customer[index], customer);
        let kind_changed = self.set_kind(customer, registered);
        if was != customer {
            if was != 0 {
                self.pending.touched.insert(was);
            }
            self.pending.touched.insert(customer);
        } else if kind_changed {
            self.pending.touched.insert(customer);
        }
    }

    fn set_kind(&mut self, customer: u32, registered: bool) -> bool {
        match registered {
            true => self.map.registered.insert(customer),
            false => self.map.registered.remove(&customer),
        }
    }

    /// Notes voided touchpoints, and whose customers have to be gathered without them. Returns
    /// whether any was unidentified.
    fn void(&mut self, voided: &[Vec<StoredFact>]) -> Result<bool, MirrorError> {
        let mut unidentified = false;
        for stored in voided.iter().flatten() {
            let fact = self.fact(stored)?;
            if !self.voided_numbers.insert(fact.number) {
                continue;
            }
            self.told.void(&fact);
            let (at, place, touch_type) = (fact.at, fact.place, fact.body.touch_type());
            Arc::make_mut(&mut self.voided).push(Voided { at, place, touch_type });
            match fact.observation {
                0 => unidentified = true,
                observation => self.pending.observations.push(observation),
            }
        }
        Ok(unidentified)
    }

    /// The customers that changes touch, by segment and its numbers.
    fn touched(&mut self) -> Vec<Vec<u32>> {
        let mut touched = std::mem::take(&mut self.pending.touched);
        let mut observations = std::mem::take(&mut self.pending.observations);
        observations.sort_unstable();
        observations.dedup();
        for &observation in &observations {
            touched.extend(self.map.home(observation).customers());
        }
        // A voided observation may have left its customer without a fact in it: its facts stand in
        // a segment under the customer it had there, which `touched` names by its reassignment.
        let of_segment = |live: &Live| {
            let customers = touched.iter().filter_map(|&key| live.segment.customers.find(key));
            let mut customers: Vec<u32> =
                customers.filter(|&customer| !live.dead.contains(customer)).collect();
            customers.sort_unstable();
            customers
        };
        self.segments.iter().map(of_segment).collect()
    }

    /// Whose facts are whose, now.
    fn owners(&self, nobody: bool) -> Owners<'_> {
        Owners { map: &self.map, settlement: &self.told.settlement, nobody }
    }

    /// The touched customers of all segments.
    fn sources<'a>(&'a self, taken: &'a [Vec<u32>]) -> Vec<Source<'a>> {
        let taken = self.segments.iter().zip(taken).filter(|(_, customers)| !customers.is_empty());
        taken.map(|(live, customers)| Source::Customers(&live.segment, customers)).collect()
    }

    /// The touched customers with what is new of them; if any orders of nobody became somebody's, these
    /// too.
    fn gather_touched(&self, taken: &[Vec<u32>], crosses: bool) -> Segment {
        let mut sources = vec![Source::New(&self.pending.identified)];
        sources.extend(self.sources(taken));
        if crosses {
            sources.extend([Source::New(&self.unidentified), Source::New(&self.pending.unidentified)]);
        }
        Segment::gather(&sources, &self.owners(false), &self.voided_numbers, &self.trust())
    }

    /// What is of nobody, with what is new of it, and what is nobody's again.
    fn gather_unidentified(&self, taken: &[Vec<u32>]) -> Tables {
        let mut sources = vec![Source::New(&self.unidentified), Source::New(&self.pending.unidentified)];
        sources.extend(self.sources(taken));
        Segment::gather(&sources, &self.owners(true), &self.voided_numbers, &self.trust()).tables
    }

    /// What was gathered stands for what it was gathered from.
    fn replace(&mut self, taken: Vec<Vec<u32>>, gathered: Segment, unidentified: Option<Tables>) {
        for (live, customers) in self.segments.iter_mut().zip(taken) {
            if !customers.is_empty() {
                *live = live.without(customers);
            }
        }
        if !gathered.customers.is_empty() {
            self.segments.push(Live::new(gathered));
        }
        if let Some(unidentified) = unidentified {
            self.unidentified = Arc::new(unidentified);
        }
        self.pending = Pending::default();
    }

    /// Which values of traits stand is looked at anew when other sources are trusted.
    fn trust_anew(&mut self) {
        if !std::mem::take(&mut self.is_retrusted) {
            return;
        }
        let trust = self.trust();
        let owners = Owners { map: &self.map, settlement: &self.told.settlement, nobody: false };
        for live in &mut self.segments {
            let living = Source::Living(&live.segment, &live.dead);
            *live = Live::new(Segment::gather(&[living], &owners, &FxHashSet::default(), &trust));
        }
    }

    /// Merges young segments into their elders while they are not much smaller, and any segment
    /// of which most is dead.
    fn merge_segments(&mut self) {
        self.segments.retain(|live| living(live) > 0);
        while let [.., elder, younger] = self.segments.as_slice()
            && living(younger) * MERGE_SHARE >= living(elder)
        {
            let sources = [elder, younger].map(|live| Source::Living(&live.segment, &live.dead));
            let merged = Segment::gather(&sources, &self.owners(false), &FxHashSet::default(), &self.trust());
            self.segments.truncate(self.segments.len() - 2);
            self.segments.push(Live::new(merged));
        }
    }

    fn trust(&self) -> Trust {
        Trust::of(&self.dictionary, &self.rules.trait_sources)
    }
}

fn living(live: &Live) -> usize {
    live.segment.customers.len() - live.dead.count()
}

pub(super) fn small(number: i64) -> Result<u32, MirrorError> {
    u32::try_from(number).map_err(|_| MirrorError::Outgrown(FactError::NumberTooLarge))
}
