//! What happened to one customer: the events of the feed, seen from where it stands.

use rustc_hash::FxHashMap;

use super::feed::{Event, Moves};
use customer360_model::{Micros, ObservationNo};

/// What an assignment meant for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing of the observation was the customer's before.
    Came,
    /// Nothing of it is the customer's any more.
    Went,
    /// Another part of its time is the customer's than before.
    Shifted,
}

/// An event that concerns a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub event: Event,
    /// Of an assignment: what it meant.
    pub change: Option<Change>,
}

/// The events of one revision that concern a customer, in the order of the feed. `earlier` are the
/// later stretches that observations had before it, `kinds` as for [`Moves::events`].
#[must_use]
pub fn of_customer(
    moves: &Moves,
    earlier: &FxHashMap<ObservationNo, Vec<(Micros, ObservationNo)>>,
    kinds: &FxHashMap<ObservationNo, bool>,
    customer: ObservationNo,
) -> Vec<Told> {
    let told = |event: Event| {
        let change = match &event {
            Event::Assigned { observation, from, to, later } => {
                let before = earlier.get(observation).map_or(&[][..], Vec::as_slice);
                let was = from.map(|home| owned(home, before, customer)).unwrap_or_default();
                let is = owned(*to, later, customer);
                if was == is {
                    return None;
                }
                Some(match (was.is_empty(), is.is_empty()) {
                    (true, _) => Change::Came,
                    (false, true) => Change::Went,
                    (false, false) => Change::Shifted,
                })
            }
            other if other.customers().contains(&customer) => None,
            _ => return None,
        };
        Some(Told { event, change })
    };
    moves.events(kinds).into_iter().filter_map(told).collect()
}

/// The stretches of an observation's time that are a customer's: from, until.
fn owned(
    home: ObservationNo,
    later: &[(Micros, ObservationNo)],
    customer: ObservationNo,
) -> Vec<(Micros, Micros)> {
    let begins = [(Micros::MIN, home)].into_iter().chain(later.iter().copied());
    let ends = later.iter().map(|(from, _)| *from).chain([Micros::MAX]);
    let spans = begins.zip(ends).filter(|((_, owner), _)| *owner == customer);
    spans.map(|((from, _), until)| (from, until)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(n: i64) -> ObservationNo {
        ObservationNo(n)
    }

    #[test]
    fn an_assignment_is_told_to_whom_it_gives_and_to_whom_it_takes() {
        let at = Micros(7);
        let later = FxHashMap::from_iter([(no(3), vec![(at, no(1))])]);
        let moves = Moves {
            last_before: 3,
            new: vec![(no(4), no(1))],
            moved: vec![(no(2), no(1), no(2)), (no(3), no(3), no(3))],
            later,
            ..Moves::default()
        };
        let none = FxHashMap::default();
        let changes = |earlier: &FxHashMap<_, _>, customer| -> Vec<Change> {
            let told = of_customer(&moves, earlier, &FxHashMap::default(), customer);
            told.into_iter().filter_map(|told| told.change).collect()
        };
        assert_eq!(changes(&none, no(1)), [Change::Came, Change::Went, Change::Came]);
        assert_eq!(changes(&none, no(2)), [Change::Came]);
        assert_eq!(changes(&none, no(3)), [Change::Shifted]);
        assert_eq!(changes(&none, no(9)), []);
        // The stretch was there before: only what is new is told.
        assert_eq!(changes(&moves.later, no(1)), [Change::Came, Change::Went]);
        assert_eq!(changes(&moves.later, no(3)), []);
    }
}
