//! A snapshot as it was at a past revision, made of a present one and of what changed since.
//!
//! Segments are shared with the present one. The customers whose map changed, or who have a later
//! touchpoint, are dead in them and gathered anew; only a segment most of whose customers have one
//! is copied without its later rows.

use crate::facts::projection::Piece;
use customer360_model::Micros;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::map::Identity;
use crate::facts::objects::{self, Objects, Owners};
use crate::facts::projection::{Given, Pieces};
use crate::facts::segment::{Segment, Source};
use crate::facts::snapshot::{Live, Snapshot, Voided};
use crate::facts::tables::Tables;
use crate::facts::trust::Trust;
use customer360_model::Revision;

/// To whom an observation belonged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// Before its first later stretch.
    pub customer: u32,
    /// From an instant on, to whom; in order of time.
    pub later: Vec<(i64, u32)>,
}

impl Home {
    /// To whom a touch at that time belonged.
    #[must_use]
    pub fn customer_of(&self, at: i64) -> u32 {
        let now = self.later.partition_point(|(from, _)| *from <= at);
        now.checked_sub(1).map_or(self.customer, |now| self.later[now].1)
    }

    /// All to whom it belonged.
    pub fn customers(&self) -> impl Iterator<Item = u32> + '_ {
        std::iter::once(self.customer).chain(self.later.iter().map(|(_, customer)| *customer))
    }
}

/// A map that tells all to whom an observation belongs.
pub trait Homes: Identity {
    fn home(&self, observation: u32) -> Home;
}

/// What is different between a past revision and a present snapshot.
#[derive(Debug, Clone)]
pub struct Since {
    /// The past revision, and the greatest number of a touchpoint then.
    pub revision: Revision,
    /// When that was committed; `None`: the present one is.
    pub committed: Option<Micros>,
    pub last: u32,
    /// Touchpoints before this instant are known whatever their number.
    pub late_until: i64,
    /// Sources are trusted otherwise: traits are looked at anew everywhere.
    pub is_retrusted: bool,
    /// Observations that were reassigned since: to whom they belonged.
    pub homes: FxHashMap<u32, Home>,
    /// Customers whose kind changed since, or that are no more: whether they were registered.
    pub registered: FxHashMap<u32, bool>,
    /// Customers, of then and of now, whose facts have to be gathered.
    pub touched: FxHashSet<u32>,
    /// Touchpoints known then and voided since.
    pub restored: Tables,
    pub restored_unidentified: Tables,
    /// All that were voided since, known then or not.
    pub voided: Vec<Voided>,
}

impl Default for Since {
    fn default() -> Self {
        Self {
            revision: Revision(0),
            committed: None,
            last: 0,
            late_until: i64::MIN,
            is_retrusted: false,
            homes: FxHashMap::default(),
            registered: FxHashMap::default(),
            touched: FxHashSet::default(),
            restored: Tables::default(),
            restored_unidentified: Tables::default(),
            voided: Vec::new(),
        }
    }
}

impl Since {
    /// Whether a touchpoint of that number and time was known.
    fn knows(&self, number: u32, at: i64) -> bool {
        number <= self.last || at < self.late_until
    }
}

/// The map of then, on top of the present one.
#[derive(Clone, Copy)]
pub struct Then<'a> {
    pub now: &'a dyn Homes,
    pub since: &'a Since,
}

impl Homes for Then<'_> {
    fn home(&self, observation: u32) -> Home {
        self.since.homes.get(&observation).cloned().unwrap_or_else(|| self.now.home(observation))
    }
}

impl Identity for Then<'_> {
    fn customer_of(&self, observation: u32, at: i64) -> u32 {
        match self.since.homes.get(&observation) {
            Some(home) => home.customer_of(at),
            None => self.now.customer_of(observation, at),
        }
    }

    fn is_registered(&self, customer: u32) -> bool {
        self.since.registered.get(&customer).copied().unwrap_or_else(|| self.now.is_registered(customer))
    }
}

impl Snapshot {
    /// The facts and the map of then. `now` is the map of this snapshot, `trust` that of then.
    #[must_use]
    pub fn as_known(&self, since: &Since, now: &dyn Homes, trust: &Trust) -> Self {
        self.as_known_given(since, now, trust, Pieces::ALL)
    }

    /// The same, of which only these pieces are given (see [`crate::facts::projection`]). This snapshot must have
    /// been given everything.
    #[must_use]
    pub fn as_known_given(&self, since: &Since, now: &dyn Homes, trust: &Trust, pieces: Pieces) -> Self {
        let (then, given) = (Then { now, since }, Given::of(pieces));
        let objects = self.objects_as_of(since);
        let settlement = match objects.is_empty() {
            true => self.settlement.clone(),
            false => {
                let knows = |number, at| since.knows(number, at);
                Arc::new(objects.settle(knows, &self.dictionary))
            }
        };
        let resettled = objects::differences(&self.settlement, &settlement);
        let anew: FxHashSet<u32> =
            resettled.iter().flat_map(|one| one.customers(now).chain(one.customers(&then))).collect();
        let by_nobody = resettled.iter().any(|one| one.by_nobody);
        let map = Owners { map: &then, settlement: &settlement, nobody: false };
        let (mut segments, later): (Vec<Live>, Vec<Vec<u32>>) =
            self.segments.par_iter().map(|live| as_known(live, since, trust, &given)).unzip();
        let mut taken: Vec<Vec<u32>> = Vec::with_capacity(segments.len());
        for ((live, present), later) in segments.iter().zip(&self.segments).zip(later) {
            // A segment whose kinds are those of now.
            let (of_now, of_then) = (&present.segment.customers, &live.segment.customers);
            let is_of_now = Arc::ptr_eq(&of_now.registered, &of_then.registered);
            let kinds = since.registered.keys().filter(|_| is_of_now);
            let customers =
                since.touched.iter().chain(&anew).chain(kinds).filter_map(|&key| of_then.find(key));
            let mut customers: Vec<u32> =
                customers.chain(later).filter(|&customer| !live.dead.contains(customer)).collect();
            customers.sort_unstable();
            customers.dedup();
            taken.push(customers);
        }
        let mut sources = vec![Source::New(&since.restored)];
        for (live, customers) in self.segments.iter().zip(&taken).filter(|(_, taken)| !taken.is_empty()) {
            sources.push(Source::Customers(&live.segment, customers));
        }
        if by_nobody {
            sources.extend(self.unidentified.iter().map(|tables| Source::New(tables)));
            sources.push(Source::New(&since.restored_unidentified));
        }
        let knows = |number, at| since.knows(number, at);
        let gathered = Segment::gather_where(&sources, &map, knows, trust, &given);
        let unidentified = match by_nobody {
            true => {
                let map = Owners { nobody: true, ..map };
                vec![Arc::new(Segment::gather_where(&sources, &map, knows, trust, &given).tables)]
            }
            false => self.unidentified_as_of(since, &given),
        };
        for (live, customers) in segments.iter_mut().zip(taken).filter(|(_, taken)| !taken.is_empty()) {
            *live = live.without(customers);
        }
        segments.push(Live::new(gathered));
        let sightings = OnceLock::new();
        if !given.is_all() && given.has(Piece::Sightings) {
            let seen = self.sightings_of(knows);
            let seen = seen.and(&since.restored, &self.dictionary);
            let _ = sightings.set(seen.and(&since.restored_unidentified, &self.dictionary));
        }
        Self {
            revision: since.revision,
            committed: since.committed.or(self.committed),
            sightings,
            segments,
            unidentified,
            dictionary: self.dictionary.clone(),
            objects,
            settlement,
            voided: Arc::new(self.voided_as_of(since)),
            given,
            folded: self.folded,
            given_up: Arc::default(),
        }
    }

    /// A snapshot of nobody that was given nothing: what a question reads is what it misses in it.
    #[must_use]
    pub fn of_nobody(&self, revision: Revision) -> Self {
        let given = Given::of(Pieces::NONE);
        let (trust, nobody) = (Trust::default(), Segment::of_one());
        Self {
            revision,
            committed: None,
            sightings: OnceLock::new(),
            segments: vec![Live::new(nobody.shared(|_, _| false, &trust, &given))],
            unidentified: vec![Arc::new(Tables::default().shared(&given))],
            dictionary: self.dictionary.clone(),
            voided: Arc::default(),
            objects: Arc::default(),
            settlement: Arc::default(),
            given,
            folded: self.folded,
            given_up: Arc::default(),
        }
    }

    /// Asks a question of then: of nobody first, and again until it misses nothing.
    pub fn asked_then<T>(
        &self,
        since: &Since,
        now: &dyn Homes,
        trust: &Trust,
        question: impl Fn(&Self) -> T,
    ) -> T {
        let mut then = self.of_nobody(since.revision);
        loop {
            let answer = question(&then);
            let Some(pieces) = then.given.lacking() else { return answer };
            then = self.as_known_given(since, now, trust, pieces);
        }
    }

    /// What was said of orders then.
    fn objects_as_of(&self, since: &Since) -> Arc<Objects> {
        if self.objects.is_empty() {
            return self.objects.clone();
        }
        let restored = [&since.restored, &since.restored_unidentified].into_iter();
        let numbers = restored.flat_map(|tables| tables.stems()).flat_map(|stem| stem.number.iter().copied());
        // What is known by its time is not known by its number.
        let last = if since.late_until == i64::MIN { since.last } else { u32::MAX };
        Arc::new(self.objects.as_of(last, &numbers.collect()))
    }

    fn unidentified_as_of(&self, since: &Since, given: &Given) -> Vec<Arc<Tables>> {
        let knows = |number, at| since.knows(number, at);
        let known = |tables: &Arc<Tables>| {
            let shared = tables.shared(given);
            match shared.all(knows) {
                true if given.is_all() => tables.clone(),
                true => Arc::new(shared),
                false => Arc::new(tables.only(knows, given)),
            }
        };
        let mut known: Vec<Arc<Tables>> = self.unidentified.iter().map(known).collect();
        if since.restored_unidentified.touchpoints() > 0 {
            known.push(Arc::new(since.restored_unidentified.only(|_, _| true, given)));
        }
        known
    }

    fn voided_as_of(&self, since: &Since) -> Vec<Voided> {
        let key = |voided: &Voided| (voided.at, voided.place, voided.touch_type.0);
        let mut later: FxHashMap<_, usize> = FxHashMap::default();
        for voided in &since.voided {
            *later.entry(key(voided)).or_default() += 1;
        }
        let mut then = Vec::new();
        for voided in self.voided.iter() {
            match later.get_mut(&key(voided)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => then.push(*voided),
            }
        }
        then
    }
}

/// A copy is quicker than gathering when more than one in so many customers has a later touchpoint.
const COPIED: usize = 4;

/// A segment of then, and its customers that have to be gathered for what came later. One that was
/// copied without that has none; customers who had no fact then are dead in it.
fn as_known(live: &Live, since: &Since, trust: &Trust, given: &Given) -> (Live, Vec<u32>) {
    let knows = |number, at| since.knows(number, at);
    if !(since.is_retrusted && given.is_all()) {
        let later = live.segment.tables.shared(given).customers_of(|number, at| !knows(number, at));
        if later.len() * COPIED <= live.segment.customers.len() {
            return match given.is_all() {
                true => (live.clone(), later),
                false => {
                    let segment = Arc::new(live.segment.shared(knows, trust, given));
                    (Live { segment, dead: live.dead.clone() }, later)
                }
            };
        }
    }
    let (mut segment, nobody) = live.segment.only(knows, trust, given);
    let customers = &mut segment.customers;
    let kinds = Arc::make_mut(&mut customers.registered);
    for (&key, &registered) in &since.registered {
        if let Ok(customer) = customers.key.binary_search(&key) {
            kinds[customer] = registered;
        }
    }
    let cut = Live { segment: Arc::new(segment), dead: live.dead.clone() };
    (cut.without(nobody), Vec::new())
}
