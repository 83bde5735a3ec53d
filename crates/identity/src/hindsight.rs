//! A component as it was resolved from the evidence of then.
//!
//! Nothing of it is stored: the evidence known at a revision is settled from nothing by the very
//! steps that recording takes, and any batching of the same evidence gives the same.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::{Before, Fresh, Stored, StoredCustomer, StoredObservation, claim, plan, settle};
use super::constraints::{Constraints, Sharing};
use super::foresight::Foresight;
use super::moves::Touch;
use super::normalize::is_nobody;
use super::resolve::{IdentifierNo, KindIndex, Observation, Seen};
use super::rules::Rules;
use super::whole::Whole;
use customer360_model::{Micros, ObservationNo, Position, TouchKey};

/// What is told of an identifier: the rest follows from the observations.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub kind: KindIndex,
    pub value: String,
    /// It was shared then. Its observations need not be all there.
    pub shared: bool,
}

/// What was known then of some observations and of everything that links them.
#[derive(Debug, Default)]
pub struct Hindsight {
    pub observations: Vec<StoredObservation>,
    /// Identifiers with their holders, and customers with what they held.
    pub before: Before,
    pub registered: FxHashMap<ObservationNo, bool>,
}

impl Hindsight {
    /// What recording an observation then would have done. All observations of its identifiers must
    /// be there, but for those named `partly`: these stay shared or not, as they were. `touches` are
    /// those of then that may move an identifier.
    #[must_use]
    pub fn foresee(
        &mut self,
        rules: &Rules,
        observation: Observation,
        mut touches: Vec<Touch>,
        partly: &FxHashSet<IdentifierNo>,
    ) -> Foresight {
        let at = observation.position.at;
        for no in observation.identifiers.iter().filter(|no| !partly.contains(no)) {
            if let Some(stored) = self.before.identifiers.get_mut(no) {
                stored.sharing = self.before.constraints.sharing(*no);
                stored.blocked = is_nobody(rules, &stored.value);
            }
        }
        if rules.moves() {
            touches.push(Touch { observation: observation.no, position: observation.position.clone() });
        }
        let mut observations = self.observations.clone();
        let same = observations.iter_mut().find(|stored| stored.observation.no == observation.no);
        let is_new = same.is_none();
        match same {
            Some(stored) if observation.position < stored.observation.position => {
                stored.observation.position = observation.position.clone();
            }
            Some(_) => {}
            None => observations.push(StoredObservation {
                customer: observation.no,
                component: observation.no,
                stretches: Vec::new(),
                unsettled: false,
                observation: observation.clone(),
            }),
        }
        let identifiers = self.before.identifiers.clone();
        let constraints = self.before.constraints.clone();
        let whole = Whole { observations, identifiers, constraints, touches };
        let mut changes = whole.resolve(rules).changes;
        if is_new {
            changes.vanished.retain(|name| *name != observation.no);
            let own = changes.assigned.iter_mut().filter(|assigned| assigned.no == observation.no);
            own.for_each(|assigned| assigned.was = None);
        }
        for (no, now) in &changes.identifiers {
            if let Some(stored) = self.before.identifiers.get_mut(no) {
                stored.claims = now.claims.clone();
            }
        }
        Foresight::of(rules, &self.before, &changes, &observation, at)
    }
}

/// Settles observations from nothing, under the rules of then. Identifiers that are not shared
/// must come with all their observations; `touches` are those that may move an identifier.
#[must_use]
pub fn rebuild(
    rules: &Rules,
    constraints: &Arc<Constraints>,
    observations: Vec<Observation>,
    touches: &[Touch],
    named: &FxHashMap<IdentifierNo, Named>,
) -> Hindsight {
    // What was cut at the limit then is cut in the observations already.
    let unlimited = Rules { component_limit: u32::MAX, ..rules.clone() };
    let mut before = Before { constraints: constraints.clone(), ..Before::default() };
    for observation in &observations {
        let seen = observation.seen();
        for no in &observation.identifiers {
            let Some(named) = named.get(no) else { continue };
            let stored = before.identifiers.entry(*no).or_insert_with(|| Stored {
                // As it was then, whatever claims or decisions made it so.
                sharing: Some(if named.shared { Sharing::Shared } else { Sharing::Personal }),
                ..Stored::unheld(named.kind, named.value.clone(), seen.clone())
            });
            if seen < stored.first {
                stored.first = seen.clone();
            }
        }
    }
    let mut fresh: Vec<Fresh> =
        observations.into_iter().map(|observation| Fresh { observation, is_new: true }).collect();
    let crossed = claim(&unlimited, &mut before, &fresh);
    let plan = plan(&unlimited, &mut before, &mut fresh, &crossed);
    let changes = settle(&unlimited, before, &plan, &fresh, &[], touches, FxHashMap::default());
    let evidence: FxHashMap<ObservationNo, Observation> =
        fresh.into_iter().map(|fresh| (fresh.observation.no, fresh.observation)).collect();
    let mut hindsight = Hindsight::default();
    for customer in &changes.customers {
        let latest = evidence[&customer.latest_in].seen();
        let stored =
            StoredCustomer { held: vec![0; rules.kinds.len()], latest, unsettled: customer.unsettled };
        hindsight.before.customers.insert(customer.name, stored);
        hindsight.registered.insert(customer.name, customer.registered);
    }
    for (no, stored) in changes.identifiers {
        let holder = stored.holder.and_then(|holder| hindsight.before.customers.get_mut(&holder));
        if let Some(holder) = holder {
            holder.held[stored.kind] += 1;
        }
        if let Some(holder) = stored.holder.filter(|_| !constraints.sides(no).is_empty()) {
            hindsight.before.bound.push((no, holder));
        }
        hindsight.before.identifiers.insert(no, stored);
    }
    hindsight.before.constraints = constraints.clone();
    hindsight.observations = (changes.assigned.into_iter())
        .filter_map(|assigned| {
            let observation = evidence.get(&assigned.no)?.clone();
            Some(StoredObservation {
                observation,
                customer: assigned.customer,
                component: assigned.component,
                stretches: assigned.stretches,
                unsettled: assigned.unsettled,
            })
        })
        .collect();
    hindsight
}

/// An identifier that was shared then, held by nobody.
#[must_use]
pub fn shared_as_of(named: &Named) -> Stored {
    let position =
        Position { at: Micros(0), key: TouchKey { source: String::new(), source_id: String::new() } };
    let seen = Seen { position, no: ObservationNo(0) };
    let stored = Stored::unheld(named.kind, named.value.clone(), seen);
    Stored { sharing: Some(Sharing::Shared), ..stored }
}
