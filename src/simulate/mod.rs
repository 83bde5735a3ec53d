//! A seeded simulated retailer: the same people do the same things on every machine, and
//! the true person behind each touchpoint is known.
//!
//! Planning draws, person by person, what happens when, as beats of 16 bytes; the sorted
//! beats are then told in the order of time, each rendered when it is its turn. So ten
//! million touchpoints need 160 MB, not the touchpoints themselves.

use crate::rpc::proto::Touchpoint;

pub mod chance;
mod names;
mod plan;
mod render;

/// The first second of the two years: 2024-01-01T00:00:00Z.
pub const START_S: i64 = 1_704_067_200;
/// The length of the two years (2024 is a leap year), in seconds.
pub const SPAN_S: u32 = 731 * 86_400;
/// Beats hold a person in 32 bits; more would also not fit a machine's memory.
pub const MAX_PEOPLE: u32 = 50_000_000;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// True persons, at most [`MAX_PEOPLE`].
    pub people: u32,
    pub seed: u64,
    /// Roughly how many touchpoints a person has on average, 1 to 100.
    pub touchpoints_per_person: u32,
}

impl Settings {
    #[must_use]
    pub fn new(people: u32, seed: u64) -> Self {
        Self { people, seed, touchpoints_per_person: 10 }
    }
}

/// The planned two years.
#[derive(Debug)]
pub struct Retailer {
    settings: Settings,
    beats: Vec<plan::Beat>,
}

impl Retailer {
    #[must_use]
    pub fn plan(settings: Settings) -> Self {
        Self { settings, beats: plan::beats(settings) }
    }

    /// How many touchpoints there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.beats.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.beats.is_empty()
    }

    /// The true person of the touchpoint at this place in the order of time, from 0.
    #[must_use]
    pub fn person(&self, index: usize) -> u32 {
        self.beats[index].person
    }

    /// The touchpoint at this place in the order of time, from 0.
    #[must_use]
    pub fn touchpoint(&self, index: usize) -> Touchpoint {
        render::touchpoint(self.settings.seed, index, &self.beats[index])
    }

    /// Whether the touchpoint only says that two names are one person's: a registration, a
    /// login, an enrolment or a confirmation page. Without these, histories stay apart.
    #[must_use]
    pub fn is_link(&self, index: usize) -> bool {
        self.beats[index].what.is_link()
    }

    /// Whether it is an order.
    #[must_use]
    pub fn is_order(&self, index: usize) -> bool {
        matches!(self.beats[index].what, plan::What::Order)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn lines(settings: Settings) -> Vec<String> {
        let retailer = Retailer::plan(settings);
        (0..retailer.len()).map(|i| serde_json::to_string(&retailer.touchpoint(i)).unwrap()).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_story_and_another_seed_another() {
        let a = lines(Settings::new(50, 1));
        assert_eq!(a, lines(Settings::new(50, 1)));
        assert_ne!(a, lines(Settings::new(50, 2)));
    }

    #[test]
    fn the_retailer_is_of_the_size_and_shape_asked_for() {
        let people = 4_000;
        let retailer = Retailer::plan(Settings::new(people, 7));
        let per_person = retailer.len() as f64 / f64::from(people);
        assert!((8.0..12.0).contains(&per_person), "{per_person} touchpoints a person");

        let mut observations = BTreeSet::new();
        let mut channels = BTreeSet::new();
        let mut ids = BTreeSet::new();
        let mut orders = BTreeSet::new();
        let mut last = 0;
        let mut types: BTreeMap<String, usize> = BTreeMap::new();
        for index in 0..retailer.len() {
            let t = retailer.touchpoint(index);
            assert!(retailer.person(index) < people);
            let at = t.at.unwrap();
            assert!(at.seconds >= last, "out of order at {index}");
            assert!((START_S..START_S + i64::from(SPAN_S)).contains(&at.seconds));
            last = at.seconds;
            if !t.identifiers.is_empty() {
                observations.insert(
                    t.identifiers.iter().map(|i| format!("{} {}", i.kind, i.value)).collect::<Vec<_>>(),
                );
            }
            channels.insert(t.channel);
            assert!(ids.insert((t.source, t.source_id)), "an id came twice");
            let activity = t.activity.unwrap();
            if let crate::rpc::proto::touchpoint::Activity::Order(order) = &activity {
                assert!(orders.insert(order.order_id.clone()), "an order id came twice");
                assert!(order.amount.as_ref().unwrap().minor() > 0);
            }
            let name = format!("{activity:?}");
            *types.entry(name.split('(').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let per_person = observations.len() as f64 / f64::from(people);
        assert!((1.4..2.1).contains(&per_person), "{per_person} observations a person");
        assert_eq!(channels.len(), 8, "{channels:?}");
        for needed in [
            "Visit",
            "Order",
            "Return",
            "ServiceContact",
            "SurveyAnswer",
            "Login",
            "Message",
            "ProductTrial",
            "OfferShown",
        ] {
            assert!(types.contains_key(needed), "no {needed} in {types:?}");
        }
    }
}
