//! Who would somebody with some identifiers be?

use super::batch::{Before, Changes};
use super::conflicts::Conflict;
use super::explain::Reason;
use super::moves::owner_at;
use super::resolve::IdentifierNo;
use super::resolve::Observation;
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
