//! Two maps of the same observations, under the present rules and under others.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::moves::{Handover, Stretch, handovers};
use super::whole::Resolved;
use customer360_model::ObservationNo;

/// What another map would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Observations that would belong to another customer, whose customer would be of another kind,
    /// or that are divided in time in either map.
    pub touched: Vec<Touched>,
    /// Of those that are divided in time: what of them would belong to another customer.
    pub handovers: Vec<Handover>,
    pub merges_gained: usize,
    pub merges_lost: usize,
    /// Customers that would be joined with others.
    pub joined: usize,
    /// Customers of whom there would be several.
    pub split: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    pub observation: ObservationNo,
    /// Whose it is.
    pub from: ObservationNo,
    /// Whose it would be.
    pub to: ObservationNo,
    /// Whether that one would be registered.
    pub registered: bool,
    /// It is divided in time in either map: see [`Compared::handovers`].
    pub divided: bool,
}

/// Compares them; both must be of the same observations.
#[must_use]
pub fn compare(before: &Resolved, after: &Resolved) -> Compared {
    let registered = |resolved: &Resolved| -> FxHashMap<ObservationNo, bool> {
        let customers = resolved.changes.customers.iter();
        customers.map(|customer| (customer.name, customer.registered)).collect()
    };
    let (registered_before, registered_after) = (registered(before), registered(after));
    let customer_of: FxHashMap<ObservationNo, ObservationNo> =
        after.changes.assigned.iter().map(|assigned| (assigned.no, assigned.customer)).collect();
    // What is cut, now or under the other rules, is looked at whoever has its first stretch.
    let cut = before.changes.assigned.iter().chain(&after.changes.assigned);
    let cut: FxHashSet<ObservationNo> = cut.filter(|a| !a.stretches.is_empty()).map(|a| a.no).collect();
    let mut pieces: BTreeMap<ObservationNo, FxHashSet<ObservationNo>> = BTreeMap::new();
    let mut sources: FxHashMap<ObservationNo, FxHashSet<ObservationNo>> = FxHashMap::default();
    let (mut touched, mut parts) = (Vec::new(), Vec::new());
    let stretches: FxHashMap<ObservationNo, &[Stretch<ObservationNo>]> =
        after.changes.assigned.iter().map(|assigned| (assigned.no, assigned.stretches.as_slice())).collect();
    for assigned in &before.changes.assigned {
        let (observation, from) = (assigned.no, assigned.customer);
        let to = customer_of.get(&observation).copied().unwrap_or(observation);
        pieces.entry(from).or_default().insert(to);
        sources.entry(to).or_default().insert(from);
        if cut.contains(&observation) {
            let later = stretches.get(&observation).copied().unwrap_or_default();
            parts.extend(handovers(observation, (from, &assigned.stretches), (to, later)));
        }
        let registered = registered_after.get(&to).copied().unwrap_or_default();
        let kind_changed = registered_before.get(&to).is_some_and(|was| *was != registered);
        if from != to || kind_changed || cut.contains(&observation) {
            let divided = cut.contains(&observation);
            touched.push(Touched { observation, from, to, registered, divided });
        }
    }
    let made = |resolved: &Resolved| -> FxHashSet<(ObservationNo, ObservationNo)> {
        resolved.changes.merges.iter().map(|merge| (merge.observation, merge.absorbed)).collect()
    };
    let (made_before, made_after) = (made(before), made(after));
    Compared {
        touched,
        handovers: parts,
        merges_gained: made_after.difference(&made_before).count(),
        merges_lost: made_before.difference(&made_after).count(),
        joined: pieces.values().filter(|to| to.iter().any(|to| sources[to].len() > 1)).count(),
        split: pieces.values().filter(|to| to.len() > 1).count(),
    }
}
