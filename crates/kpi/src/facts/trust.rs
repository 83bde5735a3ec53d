//! How far sources are trusted.

use crate::facts::dictionary::Dictionary;
use customer360_model::survivorship::rank;

/// How far the source of each place is trusted, for the survivorship of traits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// By place: the rank among the trusted sources, and the source's place in the order of names.
    places: Vec<(u32, u32)>,
}

impl Trust {
    /// `trusted` lists sources from most to least trusted.
    #[must_use]
    pub fn of(dictionary: &Dictionary, trusted: &[String]) -> Self {
        let mut order: Vec<u32> = (0..dictionary.sources.len() as u32).collect();
        order.sort_by_key(|&source| dictionary.sources.name(source));
        let mut nth = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&source, n)| nth[source as usize] = n);
        let place = |source: u32| (rank(trusted, dictionary.sources.name(source)), nth[source as usize]);
        Self { places: dictionary.places().iter().map(|at| place(at.source)).collect() }
    }

    pub(crate) fn of_place(&self, place: u16) -> (u32, u32) {
        self.places.get(usize::from(place)).copied().unwrap_or((u32::MAX, 0))
    }
}
