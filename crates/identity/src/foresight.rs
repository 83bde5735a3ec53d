//! Who would somebody with some identifiers be?

use rustc_hash::FxHashMap;

use super::batch::{Before, Changes};
use super::conflicts::Conflict;
use super::explain::{Reason, names};
use super::moves::owner_at;
use super::resolve::IdentifierNo;
use super::resolve::{Block, Observation, World};
use super::rules::Rules;
use customer360_model::{Micros, ObservationNo};

/// Who somebody with some identifiers would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Foresight {
    /// `None`: a new customer.
    pub customer: Option<ObservationNo>,
    pub registered: bool,
    /// The customers that would become one, that one included.
    pub joined: Vec<ObservationNo>,
    pub dropped: Vec<(IdentifierNo, Reason)>,
}

/// Resolves an observation that was not made, on the holdings of then.
#[must_use]
pub fn foresee(rules: &Rules, before: &Before, observation: &Observation) -> Foresight {
    let mut world = World::new(rules, &before.constraints);
    let mut index = FxHashMap::default();
    for no in &observation.identifiers {
        let Some(stored) = before.identifiers.get(no) else { continue };
        world.know(*no, stored.known(rules));
        let Some((holder, customer)) =
            stored.holder.and_then(|holder| Some((holder, before.customers.get(&holder)?)))
        else {
            continue;
        };
        let block = *index.entry(holder).or_insert_with(|| {
            world.add_block(Block::stored(holder, customer.held.clone(), customer.latest.clone()))
        });
        world.hold(*no, block);
    }
    for (no, holder) in &before.bound {
        if let Some(&block) = index.get(holder) {
            world.hold(*no, block);
        }
    }
    let named = world.named_by(observation);
    let verdict = world.step(observation);
    let joined: Vec<ObservationNo> = names(&named, &verdict);
    let shared = observation.identifiers.iter().filter(|no| world.known(**no).is_some_and(|k| k.shared));
    Foresight {
        customer: joined.iter().min().copied(),
        registered: world.is_registered(verdict.block),
        dropped: (shared.map(|no| (*no, Reason::Shared)))
            .chain(verdict.dropped.iter().map(|(no, reason)| (*no, Reason::from(*reason))))
            .collect(),
        joined,
    }
}

impl Foresight {
    /// What the changes that recording an observation would make say of it: of a touch at that instant.
    #[must_use]
    pub fn of(
        rules: &Rules,
        before: &Before,
        changes: &Changes,
        observation: &Observation,
        at: Micros,
    ) -> Self {
        let assigned = changes.assigned.iter().find(|assigned| assigned.no == observation.no);
        let owner = assigned.map_or(observation.no, |a| owner_at(&a.stretches, a.customer, at));
        let is_there = assigned.is_some_and(|assigned| assigned.was.is_some()) || owner != observation.no;
        let moved = changes.assigned.iter().filter(|assigned| assigned.customer == owner);
        let moved = moved.filter_map(|assigned| assigned.was);
        let merged = changes.merged.iter().filter(|(_, into, _)| *into == owner).map(|(from, ..)| *from);
        let gone = moved.chain(merged).filter(|name| changes.vanished.contains(name));
        let mut joined: Vec<ObservationNo> = gone.chain(is_there.then_some(owner)).collect();
        joined.sort_unstable();
        joined.dedup();
        Self {
            customer: is_there.then_some(owner),
            registered: changes
                .customers
                .iter()
                .any(|customer| customer.name == owner && customer.registered),
            joined,
            dropped: shared(rules, before, observation)
                .chain(
                    changes
                        .conflicts
                        .iter()
                        .filter(|one| one.observation == observation.no)
                        .map(|Conflict { identifier, reason, .. }| (*identifier, *reason)),
                )
                .collect(),
        }
    }

    /// A touch of an observation that is there already and changes nothing.
    #[must_use]
    pub fn known(
        rules: &Rules,
        before: &Before,
        observation: &Observation,
        customer: ObservationNo,
        registered: bool,
    ) -> Self {
        let dropped = shared(rules, before, observation).collect();
        Self { customer: Some(customer), registered, joined: vec![customer], dropped }
    }
}

fn shared<'a>(
    rules: &'a Rules,
    before: &'a Before,
    observation: &'a Observation,
) -> impl Iterator<Item = (IdentifierNo, Reason)> + 'a {
    let is_shared = |no: &&IdentifierNo| before.identifiers.get(no).is_some_and(|d| d.is_shared(rules));
    observation.identifiers.iter().filter(is_shared).map(|no| (*no, Reason::Shared))
}
