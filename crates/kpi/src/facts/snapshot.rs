//! A snapshot: all facts of a tenant under the map of one revision, as the kernels read them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use customer360_model::{Micros, Revision};

use crate::facts::dictionary::Dictionary;
use crate::facts::fact::TouchType;
use crate::facts::horizon::Sightings;
use crate::facts::objects::Objects;
use crate::facts::projection::{Given, Piece};
use crate::facts::segment::Segment;
use crate::facts::settlement::Settlement;
use crate::facts::tables::Tables;
use crate::ground::answer::Folded;
use crate::ground::bitmap::Bitmap;

/// Customers per task: the state of a kernel stays in the cache, and a thread always finds work.
pub const TASK_CUSTOMERS: u32 = 1 << 14;

/// A segment and those of its customers whose facts stand elsewhere by now.
#[derive(Debug, Clone)]
pub struct Live {
    pub segment: Arc<Segment>,
    pub dead: Arc<Bitmap>,
}

impl Live {
    #[must_use]
    pub fn new(segment: Segment) -> Self {
        let dead = Arc::new(Bitmap::new(segment.customers.len()));
        Self { segment: Arc::new(segment), dead }
    }

    /// The same segment with more customers dead, by its numbers.
    #[must_use]
    pub fn without(&self, customers: impl IntoIterator<Item = u32>) -> Self {
        let mut dead = (*self.dead).clone();
        customers.into_iter().for_each(|customer| {
            dead.insert(customer);
        });
        Self { segment: self.segment.clone(), dead: Arc::new(dead) }
    }
}

/// A voided touchpoint: only its place in the basis of an answer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided {
    pub at: i64,
    pub place: u16,
    pub touch_type: TouchType,
}

/// All facts of a tenant at a revision. A customer lives in exactly one segment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub revision: Revision,
    /// When the revision was committed; `None` where nobody can tell.
    pub committed: Option<Micros>,
    pub segments: Vec<Live>,
    /// Touchpoints without identifiers: they count in totals, never as customers. In any order;
    /// voided ones are left out.
    pub unidentified: Vec<Arc<Tables>>,
    pub dictionary: Arc<Dictionary>,
    pub voided: Arc<Vec<Voided>>,
    /// What several touchpoints say of one order, and what it comes to.
    pub objects: Arc<Objects>,
    pub settlement: Arc<Settlement>,
    /// Everything but for a question about the past, for which what it reads is made.
    pub given: Given,
    /// When each source was seen, once somebody asked.
    pub sightings: OnceLock<Sightings>,
    /// What was beyond the limits of the dictionary.
    pub folded: Folded,
    /// Set when nobody wants the answer any more: kernels then unwind, so that nothing that was
    /// computed by half is kept.
    pub given_up: Arc<AtomicBool>,
}

static UNSEEN: Sightings = Sightings::NONE;

/// Some consecutive customers of a segment.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The segment's place in [`Snapshot::segments`].
    pub index: usize,
    pub segment: &'a Segment,
    pub dead: &'a Bitmap,
    pub customers: Range<u32>,
}

impl Snapshot {
    /// Folds over all customers in parallel: `observe` adds some customers to a state, `merge`
    /// adds up states. The answer must not depend on how customers are dealt out.
    pub fn fold<S: Send>(
        &self,
        task_customers: u32,
        start: impl Fn() -> S + Sync + Send,
        observe: impl Fn(&mut S, &Part) + Sync + Send,
        merge: impl Fn(S, S) -> S + Sync + Send,
    ) -> S {
        self.parts(task_customers)
            .into_par_iter()
            .fold(&start, |mut state, part| {
                if self.given_up.load(Ordering::Relaxed) {
                    // Without the hook: it is no defect.
                    std::panic::resume_unwind(Box::new("given up"));
                }
                observe(&mut state, &part);
                state
            })
            .reduce_with(merge)
            .unwrap_or_else(start)
    }

    /// The same over some parts only, one after another; over all when none are named.
    pub(crate) fn fold_over<S: Send>(
        &self,
        only: Option<&[Part]>,
        start: impl Fn() -> S + Sync + Send,
        observe: impl Fn(&mut S, &Part) + Sync + Send,
        merge: impl Fn(S, S) -> S + Sync + Send,
    ) -> S {
        let Some(parts) = only else { return self.fold(TASK_CUSTOMERS, start, observe, merge) };
        let mut state = start();
        parts.iter().for_each(|part| observe(&mut state, part));
        state
    }

    /// Whether anything became of any order, as far as orders are given.
    pub(crate) fn has_lives(&self) -> bool {
        let has = |tables: &Tables| tables.orders.given().is_some_and(|orders| !orders.lives.is_empty());
        self.segments.iter().any(|live| has(&live.segment.tables))
            || self.unidentified.iter().any(|tables| has(tables))
    }

    /// Where a customer lives.
    pub(crate) fn part_of(&self, key: u32) -> Option<Part<'_>> {
        self.segments.iter().enumerate().find_map(|(index, live)| {
            let customer = live.segment.customers.find(key).filter(|&no| !live.dead.contains(no))?;
            let (segment, dead) = (&*live.segment, &*live.dead);
            Some(Part { index, segment, dead, customers: customer..customer + 1 })
        })
    }

    /// When each source was seen.
    pub(crate) fn sightings(&self) -> &Sightings {
        match self.given.pieces.has(Piece::Sightings) {
            true => self.sightings.get_or_init(|| self.sightings_of(|_, _| true)),
            false => {
                self.given.missed.note(Piece::Sightings);
                &UNSEEN
            }
        }
    }

    /// The same of the touchpoints that are known by number and time, of a snapshot that was given everything.
    pub(crate) fn sightings_of(&self, knows: impl Fn(u32, i64) -> bool + Sync) -> Sightings {
        let nobody_is_dead = Bitmap::new(0);
        let named = self.segments.iter().map(|live| (&live.segment.tables, &*live.dead));
        let nameless = self.unidentified.iter().map(|tables| (&**tables, &nobody_is_dead));
        let all = named.chain(nameless);
        let stems = all.flat_map(|(tables, dead)| tables.given_stems().map(move |stem| (stem, dead)));
        Sightings::of(stems.collect(), &self.dictionary, knows)
    }

    /// Living customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.segments.iter().map(|live| live.segment.customers.len() - live.dead.count()).sum()
    }

    /// Bytes of all columns, those of dead customers too.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(|l| l.segment.bytes() + l.dead.bytes()).sum();
        let unidentified: usize = self.unidentified.iter().map(|tables| tables.bytes()).sum();
        segments + unidentified
    }

    fn parts(&self, task_customers: u32) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        for (index, live) in self.segments.iter().enumerate() {
            let (segment, dead) = (&*live.segment, &*live.dead);
            let count = segment.customers.len() as u32;
            for from in (0..count).step_by(task_customers.max(1) as usize) {
                let customers = from..from.saturating_add(task_customers.max(1)).min(count);
                parts.push(Part { index, segment, dead, customers });
            }
        }
        parts
    }
}
