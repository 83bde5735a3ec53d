//! Why a number moved between two revisions: the causes are applied one after another, in a fixed
//! order, to what was known at the first, and the number is computed after each. So the parts sum
//! to the difference exactly, whatever the number.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::facts::as_of::{Home, Homes, Since, Then};
use crate::facts::map::Identity as _;
use crate::facts::snapshot::Snapshot;
use crate::facts::trust::Trust;

/// Why a number moved, in the order in which the causes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Touchpoints that had happened before the first revision was committed, and came later.
    LateTouchpoints,
    /// Touchpoints that happened since.
    NewTouchpoints,
    /// Touchpoints that were voided.
    Voids,
    /// Customers of which evidence took a part away.
    Splits,
    /// Customers that evidence made one.
    Merges,
    /// Observations that a person's decision moved last.
    Decisions,
    /// Observations that a change of rules moved last, and traits by the sources trusted since.
    Rules,
    /// Observations that a newer generation of the resolver moved last.
    Upgrades,
    /// Customers that became registered, or are registered no more.
    Kinds,
}

impl Cause {
    pub const ALL: [Self; 9] = [
        Self::LateTouchpoints,
        Self::NewTouchpoints,
        Self::Voids,
        Self::Splits,
        Self::Merges,
        Self::Decisions,
        Self::Rules,
        Self::Upgrades,
        Self::Kinds,
    ];
}

/// What moved an observation last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mover {
    Evidence,
    Decision,
    Rules,
    Upgrade,
}

/// Everything that lies between two revisions.
pub struct Between {
    since: Since,
    movers: FxHashMap<u32, Mover>,
    /// Where the observations that moved belong at the later revision.
    now: FxHashMap<u32, Home>,
    /// Parts of customers that no revision had, with the customer that each is a part of.
    parts: FxHashMap<(u32, u32), u32>,
    late_until: i64,
    trusts: (Trust, Trust),
}

impl Between {
    /// `since` is the difference of the earlier revision from the later one, whose map is `now`;
    /// `new` are the observations recorded between them. Touchpoints before `late_until` are late.
    #[must_use]
    pub fn new(
        mut since: Since,
        now: &dyn Homes,
        mut movers: FxHashMap<u32, Mover>,
        new: Range<u32>,
        late_until: i64,
        trusts: (Trust, Trust),
    ) -> Self {
        let first_free = new.end;
        // A new observation of a customer that is another's now would have been that other's.
        for observation in new {
            let home = now.home(observation);
            let then = |customer| since.homes.get(&customer).map_or(customer, |home: &Home| home.customer);
            let before = Home {
                customer: then(home.customer),
                later: home.later.iter().map(|(from, customer)| (*from, then(*customer))).collect(),
            };
            if before != home {
                since.touched.extend(home.customers().chain(before.customers()));
                since.homes.insert(observation, before);
                movers.insert(observation, Mover::Evidence);
            }
        }
        let homes: FxHashMap<u32, Home> = since.homes.keys().map(|no| (*no, now.home(*no))).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (observation, before) in &since.homes {
            let after = &homes[observation];
            pairs.extend(stretches(before, after).map(|(_, from, to)| (from, to)).filter(|(a, b)| a != b));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let parts = pairs.into_iter().zip(first_free..).collect();
        Self { since, movers, now: homes, parts, late_until, trusts }
    }

    /// The earlier snapshot, made of the later one.
    #[must_use]
    pub fn before(&self, later: &Snapshot, now: &dyn Homes) -> Snapshot {
        later.as_known(&self.since, now, &self.trusts.0)
    }

    /// The snapshot that has everything up to and including that cause.
    #[must_use]
    pub fn after(&self, cause: Cause, later: &Snapshot, now: &dyn Homes) -> Snapshot {
        let Some(since) = self.since_after(cause, now) else { return later.clone() };
        let trust = if cause < Cause::Rules { &self.trusts.0 } else { &self.trusts.1 };
        later.as_known(&since, now, trust)
    }

    /// What is still different from the later revision after that cause; `None`: nothing.
    fn since_after(&self, cause: Cause, now: &dyn Homes) -> Option<Since> {
        if cause == Cause::Kinds {
            return None;
        }
        let mut since = Since { late_until: self.late_until, ..self.since.clone() };
        if cause >= Cause::NewTouchpoints {
            since.last = u32::MAX;
        }
        if cause >= Cause::Voids {
            since.restored = Default::default();
            since.restored_unidentified = Default::default();
            since.voided = Vec::new();
        }
        match cause {
            Cause::Splits => self.split(&mut since, now),
            _ => since.homes.retain(|observation, _| self.stands(cause, *observation)),
        }
        since.is_retrusted = cause < Cause::Rules && self.since.is_retrusted;
        Some(since)
    }

    /// Whether an observation stays where it was until after that cause.
    fn stands(&self, cause: Cause, observation: u32) -> bool {
        match self.movers.get(&observation) {
            Some(Mover::Upgrade) => cause < Cause::Upgrades,
            Some(Mover::Rules) => cause < Cause::Rules,
            Some(Mover::Decision) => cause < Cause::Decisions,
            Some(Mover::Evidence) | None => cause < Cause::Merges,
        }
    }

    /// Cuts customers into the parts that go different ways.
    fn split(&self, since: &mut Since, now: &dyn Homes) {
        let kinds = Then { now, since: &self.since };
        for (observation, home) in &mut since.homes {
            if self.movers.get(observation).is_some_and(|mover| *mover != Mover::Evidence) {
                continue;
            }
            let part = |from: u32, to: u32| self.parts.get(&(from, to)).copied().unwrap_or(from);
            let mut cut = stretches(home, &self.now[observation]).map(|(at, from, to)| (at, part(from, to)));
            let first = cut.next().map_or(home.customer, |(_, customer)| customer);
            let cut = Home { customer: first, later: cut.collect() };
            *home = cut;
        }
        for (&(from, _), &part) in &self.parts {
            since.registered.insert(part, kinds.is_registered(from));
        }
    }
}

/// The stretches on which both homes stay the same: beginning, customer before, customer after.
fn stretches<'a>(before: &'a Home, after: &'a Home) -> impl Iterator<Item = (i64, u32, u32)> + 'a {
    let mut begins: Vec<i64> = before.later.iter().chain(&after.later).map(|(from, _)| *from).collect();
    begins.push(i64::MIN);
    begins.sort_unstable();
    begins.dedup();
    begins.into_iter().map(|at| (at, before.customer_of(at), after.customer_of(at)))
}
