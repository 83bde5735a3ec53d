//! Merges: the moments at which an observation made one customer of two.
//!
//! Where rules or sharing changed, a customer may become part of another without an observation that
//! made one of two: each is at home where it would have been from the first. Such a merge is known
//! by the absorbed customer alone, and by what both sides held just before.
//!
//! Nothing of this is state: a merge is what a replay does at an observation, so it can be found
//! again whatever came since, and it is gone when a replay does not do it any more.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::Changes;
use super::constraints::Constraints;
use super::moves::Touch;
use super::resolve::{IdentifierNo, Known, Observation, Verdict, World};
use super::rules::Rules;
use customer360_model::ObservationNo;

/// An observation made one customer of two; or a must-link did, which is an observation too.
/// The observation and the absorbed customer identify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Merge {
    pub observation: ObservationNo,
    /// The younger customer, by the name that it had until then.
    pub absorbed: ObservationNo,
    /// The older one, by the name that it had then.
    pub survivor: ObservationNo,
}

impl Merge {
    /// The merges of one observation: none, one, or several at once.
    pub fn of(observation: &Observation, verdict: &Verdict) -> impl Iterator<Item = Self> {
        let survivor = verdict.names.iter().min().copied().unwrap_or(observation.no);
        let absorbed = verdict.names.iter().copied().filter(move |name| *name != survivor);
        let observation = observation.no;
        absorbed.map(move |absorbed| Self { observation, absorbed, survivor })
    }
}

/// A merge as a replay finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub merge: Merge,
    /// What the absorbed customer held just before.
    pub absorbed_held: Vec<IdentifierNo>,
    /// What the others that became one with it held just before.
    pub others_held: Vec<IdentifierNo>,
    /// What moves, is named by the observation and was never held by another side: to keep it where it
    /// is rewrites nothing that was before.
    pub unmoved: Vec<IdentifierNo>,
}

/// Which of the asked-for merges a replay of their component does: by observation and absorbed
/// customer, with what each side held just before.
#[must_use]
pub fn find(
    rules: &Rules,
    constraints: &Constraints,
    known: FxHashMap<IdentifierNo, Known>,
    observations: &[Observation],
    touches: &[Touch],
    asked: &[(ObservationNo, ObservationNo)],
) -> Vec<Found> {
    let mut before: FxHashMap<ObservationNo, (Vec<_>, Vec<_>)> = FxHashMap::default();
    let replayed = World::replay(rules, constraints, known, observations, touches, |world, observation| {
        if asked.iter().any(|(no, _)| *no == observation.no) {
            let unmoved = world.unmoved(observation);
            before.insert(observation.no, (holdings_of_named(world, observation), unmoved));
        }
    });
    let rejoined = replayed.world.rejoined.iter();
    let mut found: Vec<Found> = rejoined
        .filter(|one| asked.contains(&(one.merge.observation, one.merge.absorbed)))
        .cloned()
        .collect();
    for (observation, verdict) in observations.iter().zip(&replayed.verdicts) {
        let Some((held, unmoved)) = before.get(&observation.no) else { continue };
        for merge in Merge::of(observation, verdict) {
            if !asked.contains(&(merge.observation, merge.absorbed)) {
                continue;
            }
            let joined = held.iter().filter(|(name, _)| verdict.names.contains(name));
            let (absorbed, others): (Vec<_>, Vec<_>) = joined.partition(|(name, _)| *name == merge.absorbed);
            let all = |sides: Vec<&(ObservationNo, Vec<IdentifierNo>)>| {
                let mut held: Vec<IdentifierNo> =
                    sides.into_iter().flat_map(|(_, held)| held).copied().collect();
                held.sort_unstable();
                held
            };
            let (absorbed_held, others_held) = (all(absorbed), all(others));
            found.push(Found { merge, absorbed_held, others_held, unmoved: unmoved.clone() });
        }
    }
    found
}

/// Customers that became part of another although no observation made one of the two.
#[must_use]
pub fn unbridged(
    was: &FxHashMap<ObservationNo, ObservationNo>,
    changes: &Changes,
    held: impl Iterator<Item = (IdentifierNo, Option<ObservationNo>)>,
) -> Vec<Found> {
    let living: FxHashSet<ObservationNo> = changes.customers.iter().map(|customer| customer.name).collect();
    let bridged: FxHashSet<ObservationNo> = changes.merges.iter().map(|merge| merge.absorbed).collect();
    let mut into: BTreeMap<ObservationNo, BTreeSet<ObservationNo>> = BTreeMap::new();
    for assigned in &changes.assigned {
        if let Some(was) = was.get(&assigned.no) {
            into.entry(*was).or_default().insert(assigned.customer);
        }
    }
    let absorbed: Vec<(ObservationNo, ObservationNo)> = (into.iter())
        .filter(|(gone, to)| to.len() == 1 && !living.contains(gone) && !bridged.contains(gone))
        .filter_map(|(gone, to)| Some((*gone, *to.first()?)))
        .filter(|(_, survivor)| into.contains_key(survivor))
        .collect();
    if absorbed.is_empty() {
        return Vec::new();
    }
    let mut holdings: FxHashMap<ObservationNo, Vec<IdentifierNo>> = FxHashMap::default();
    held.filter_map(|(no, holder)| Some((no, holder?)))
        .for_each(|(no, holder)| holdings.entry(holder).or_default().push(no));
    let held_by = |customers: &mut dyn Iterator<Item = ObservationNo>| {
        let mut held: Vec<IdentifierNo> =
            customers.filter_map(|name| holdings.get(&name)).flatten().copied().collect();
        held.sort_unstable();
        held
    };
    let found = |(gone, survivor): (ObservationNo, ObservationNo)| {
        let others = into.iter().filter(|(name, to)| **name != gone && to.contains(&survivor));
        Found {
            merge: Merge { observation: gone, absorbed: gone, survivor },
            absorbed_held: held_by(&mut [gone].into_iter()),
            others_held: held_by(&mut others.map(|(name, _)| *name)),
            unmoved: Vec::new(),
        }
    };
    absorbed.into_iter().map(found).collect()
}

fn holdings_of_named(
    world: &World<'_>,
    observation: &Observation,
) -> Vec<(ObservationNo, Vec<IdentifierNo>)> {
    world.named_by(observation).into_iter().map(|(block, name)| (name, world.holdings(block))).collect()
}
