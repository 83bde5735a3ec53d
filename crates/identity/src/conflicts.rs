//! Conflicts: identifiers that evidence brought and that did not link, because one customer of all
//! of it would have broken a limit, a knob or a decision, or a component would have grown too large.
//!
//! As merges, they are no state: a conflict is what a replay does at an observation, so it is found
//! again whatever came since, and it is gone when a replay does not do it any more. What is shared
//! is none: it says nothing about whose it is.

use rustc_hash::FxHashMap;

use super::constraints::Constraints;
use super::explain::Reason;
use super::moves::Touch;
use super::resolve::{IdentifierNo, Known, Observation, Verdict, World};
use super::rules::Rules;
use customer360_model::ObservationNo;

/// An identifier that did not link where it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    pub observation: ObservationNo,
    pub identifier: IdentifierNo,
    pub reason: Reason,
}

impl Conflict {
    /// The conflicts of one observation. An identifier that moved to it is none: it went where its
    /// rule says.
    pub fn of(observation: &Observation, verdict: &Verdict) -> impl Iterator<Item = Self> {
        let no = observation.no;
        let severed = observation.severed.iter().map(|severed| (*severed, Reason::ComponentLimit));
        let refused = verdict.dropped.iter().filter(|(dropped, _)| !verdict.taken.contains(dropped));
        let refused = refused.map(|(dropped, reason)| (*dropped, Reason::from(*reason)));
        severed.chain(refused).map(move |(identifier, reason)| Self { observation: no, identifier, reason })
    }
}

/// A conflict as a replay finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub conflict: Conflict,
    /// The customer that held the identifier just before, by the name that it had then; `None`:
    /// nobody, but one more of its kind was too many.
    pub held_by: Option<ObservationNo>,
}

/// The conflicts that a replay of whole components finds at the asked-for observations.
#[must_use]
pub fn find(
    rules: &Rules,
    constraints: &Constraints,
    known: FxHashMap<IdentifierNo, Known>,
    observations: &[Observation],
    touches: &[Touch],
    asked: impl Fn(ObservationNo) -> bool,
) -> Vec<Found> {
    let mut holders: FxHashMap<(ObservationNo, IdentifierNo), ObservationNo> = FxHashMap::default();
    let replayed = World::replay(rules, constraints, known, observations, touches, |world, observation| {
        if asked(observation.no) {
            let holder = |no: &IdentifierNo| Some(world.block(world.holder(*no)?).name);
            let held = observation.identifiers.iter().filter_map(|no| Some((*no, holder(no)?)));
            holders.extend(held.map(|(no, holder)| ((observation.no, no), holder)));
        }
    });
    let shared = |no: IdentifierNo| replayed.world.known(no).is_some_and(|known| known.shared);
    let of = |(observation, verdict)| Conflict::of(observation, verdict);
    let all = observations.iter().zip(&replayed.verdicts).filter(|(observation, _)| asked(observation.no));
    let standing = all.flat_map(of).filter(|conflict| !shared(conflict.identifier));
    let found = |conflict: Conflict| Found {
        held_by: holders.get(&(conflict.observation, conflict.identifier)).copied(),
        conflict,
    };
    standing.map(found).collect()
}
