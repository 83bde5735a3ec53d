//! What a revision changed, told as events. From them alone the map can be rebuilt.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use customer360_model::{Micros, ObservationNo};

/// What one revision did to the map.
#[derive(Debug, Clone, Default)]
pub struct Moves {
    /// The greatest number of an observation before it.
    pub last_before: i64,
    /// Observations recorded for the first time, and whom they belong to.
    pub new: Vec<(ObservationNo, ObservationNo)>,
    /// Observations that were there: from whom, to whom.
    pub moved: Vec<(ObservationNo, ObservationNo, ObservationNo)>,
    /// Of those that belong to several: from an instant on, to whom.
    pub later: FxHashMap<ObservationNo, Vec<(Micros, ObservationNo)>>,
    /// Customers whose kind is another now.
    pub kinds: Vec<ObservationNo>,
    /// Customers that were there and are no more.
    pub ended: BTreeSet<ObservationNo>,
    /// Customers that came to be again, named by an observation that was void.
    pub again: Vec<ObservationNo>,
    /// Identifiers by kind and value that became shared, or are shared no more.
    pub sharing: Vec<(String, String, bool)>,
    /// The whole map was resolved anew: from which generation of the resolver, to which.
    pub upgraded: Option<(i32, i32)>,
}

/// Whether the observation that names a customer went to another.
pub fn gone_from(customer: ObservationNo) -> impl Fn(&(ObservationNo, ObservationNo, ObservationNo)) -> bool {
    move |(observation, from, to)| *observation == customer && *from == customer && from != to
}

/// One change. Customers and observations by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Created {
        customer: ObservationNo,
        registered: bool,
    },
    Assigned {
        observation: ObservationNo,
        from: Option<ObservationNo>,
        to: ObservationNo,
        later: Vec<(Micros, ObservationNo)>,
    },
    Merged {
        customer: ObservationNo,
        into: ObservationNo,
    },
    Split {
        customer: ObservationNo,
        into: ObservationNo,
    },
    KindChanged {
        customer: ObservationNo,
        registered: bool,
    },
    /// It is no more, and did not become part of one other.
    Ended {
        customer: ObservationNo,
    },
    SharingChanged {
        kind: String,
        value: String,
        shared: bool,
    },
    Upgraded {
        from: i32,
        to: i32,
    },
}

impl Event {
    /// The customers that it names.
    #[must_use]
    pub fn customers(&self) -> Vec<ObservationNo> {
        match self {
            Self::Created { customer, .. }
            | Self::KindChanged { customer, .. }
            | Self::Ended { customer } => vec![*customer],
            Self::Assigned { from, to, later, .. } => {
                from.iter().chain([to]).chain(later.iter().map(|(_, customer)| customer)).copied().collect()
            }
            Self::Merged { customer, into } | Self::Split { customer, into } => vec![*customer, *into],
            Self::SharingChanged { .. } | Self::Upgraded { .. } => Vec::new(),
        }
    }
}

impl Moves {
    /// The customers that the revision made. A customer is named by its least observation: it was
    /// there before if that was, and belonged to it.
    #[must_use]
    pub fn created(&self) -> BTreeSet<ObservationNo> {
        let came =
            |no: &ObservationNo| self.moved.iter().any(|(o, from, to)| o == no && from != no && to == no);
        let by_moves = self.moved.iter().map(|(_, _, to)| *to);
        let by_new = self.new.iter().map(|(_, to)| *to);
        let later = self.later.values().flatten().map(|(_, customer)| *customer);
        let all: BTreeSet<ObservationNo> = by_moves.chain(by_new).chain(later).collect();
        let made = all.into_iter().filter(|no| no.0 > self.last_before || came(no));
        made.chain(self.again.iter().copied()).collect()
    }

    /// The events of the revision, in a fixed order. `kinds` says of created customers and of
    /// those whose kind changed whether they are registered; who is missing is no more.
    #[must_use]
    pub fn events(&self, kinds: &FxHashMap<ObservationNo, bool>) -> Vec<Event> {
        let created = self.created();
        let mut events = Vec::new();
        events.extend(self.upgraded.map(|(from, to)| Event::Upgraded { from, to }));
        for (kind, value, shared) in &self.sharing {
            events.push(Event::SharingChanged { kind: kind.clone(), value: value.clone(), shared: *shared });
        }
        for &customer in &created {
            let registered = kinds.get(&customer).copied().unwrap_or_default();
            events.push(Event::Created { customer, registered });
        }
        let later = |no| self.later.get(no).cloned().unwrap_or_default();
        for (observation, to) in &self.new {
            let later = later(observation);
            events.push(Event::Assigned { observation: *observation, from: None, to: *to, later });
        }
        let mut groups: BTreeMap<ObservationNo, BTreeSet<ObservationNo>> = BTreeMap::new();
        // One that is new and cut is logged as moved to itself too, and was told.
        let was_told = |no: &ObservationNo| no.0 > self.last_before;
        for (observation, from, to) in self.moved.iter().filter(|(no, ..)| !was_told(no)) {
            let later = later(observation);
            events.push(Event::Assigned { observation: *observation, from: Some(*from), to: *to, later });
            if from != to {
                groups.entry(*from).or_default().insert(*to);
            }
        }
        for (customer, into) in groups {
            let gone = self.ended.contains(&customer) && self.moved.iter().any(gone_from(customer));
            let mut into = into.into_iter();
            match (gone, into.next(), into.next()) {
                (true, Some(into), None) if !created.contains(&into) => {
                    events.push(Event::Merged { customer, into });
                }
                (false, first, second) => {
                    let parts = first.into_iter().chain(second).chain(into);
                    let parts = parts.filter(|part| created.contains(part));
                    events.extend(parts.map(|into| Event::Split { customer, into }));
                }
                _ => {}
            }
        }
        let merged = |ended: &ObservationNo| {
            events.iter().any(|event| matches!(event, Event::Merged { customer, .. } if customer == ended))
        };
        let ended: Vec<ObservationNo> = self.ended.iter().copied().filter(|no| !merged(no)).collect();
        events.extend(ended.into_iter().map(|customer| Event::Ended { customer }));
        for customer in self.kinds.iter().filter(|customer| !created.contains(customer)) {
            if let Some(&registered) = kinds.get(customer) {
                events.push(Event::KindChanged { customer: *customer, registered });
            }
        }
        events
    }
}
