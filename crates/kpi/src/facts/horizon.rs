//! The horizon: until when a tenant was observed, which is told by its facts and never by a clock.

use rayon::prelude::*;

use crate::facts::dictionary::Dictionary;
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::ground::bitmap::Bitmap;
use customer360_model::Micros;

/// A touchpoint may say a time so far after the commit of its revision before it is no longer believed: a clock that
/// is wrong must not make the future known.
pub const AHEAD_US: i64 = 5 * 60 * 1_000_000;

/// The first and the last live touchpoint of a source. Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    pub first: i64,
    pub last: i64,
}

impl Sighting {
    /// What nothing was seen of.
    const NONE: Self = Self { first: i64::MAX, last: i64::MIN };

    fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    fn is_some(self) -> bool {
        self.first <= self.last
    }
}

/// When each source was seen, by its number in the dictionary; none where it was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sightings(Vec<Sighting>);

/// What is said of the observation beside the facts: by records, and by settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statements {
    /// Sources that say that everything of theirs before an instant was sent.
    pub complete: Vec<(String, Micros)>,
    /// Sources to be waited for; empty: none in particular.
    pub awaited: Vec<String>,
    /// Where the observation begins; the first live touchpoint when absent.
    pub observed_from: Option<Micros>,
}

impl Sightings {
    /// Nothing was seen.
    pub(crate) const NONE: Self = Self(Vec::new());

    /// Those of these touchpoints, of which customers are dead, as far as they are known by number and time.
    pub(crate) fn of(
        stems: Vec<(&Stem, &Bitmap)>,
        names: &Dictionary,
        knows: impl Fn(u32, i64) -> bool + Sync,
    ) -> Self {
        let places = names.places().len();
        let by_place = stems
            .into_par_iter()
            .flat_map(|(stem, dead)| {
                let rows = (0..stem.len()).step_by(ROWS).map(move |from| from..(from + ROWS).min(stem.len()));
                rows.collect::<Vec<_>>().into_par_iter().map(move |rows| (stem, dead, rows))
            })
            .fold(
                || vec![Sighting::NONE; places],
                |mut seen, (stem, dead, rows)| {
                    let all_live = dead.is_empty() || stem.customer.is_empty();
                    for row in rows {
                        let (at, seen) = (stem.at[row], &mut seen[usize::from(stem.place[row])]);
                        // Few are earlier or later than all before, so the rest is rarely asked.
                        if (at > seen.last || at < seen.first)
                            && knows(stem.number[row], at)
                            && (all_live || !dead.contains(stem.customer[row]))
                        {
                            *seen = seen.with(Sighting { first: at, last: at });
                        }
                    }
                    seen
                },
            )
            .reduce(
                || vec![Sighting::NONE; places],
                |a, b| a.into_iter().zip(b).map(|(a, b)| a.with(b)).collect(),
            );
        let mut sightings = Self::default();
        for (place, seen) in names.places().iter().zip(by_place) {
            sightings.add(place.source, seen);
        }
        sightings
    }

    /// With those of more touchpoints.
    pub(crate) fn and(mut self, tables: &Tables, names: &Dictionary) -> Self {
        for stem in tables.stems() {
            for (&at, &place) in stem.at.iter().zip(&stem.place) {
                self.add(names.place(place).source, Sighting { first: at, last: at });
            }
        }
        self
    }

    fn add(&mut self, source: u32, seen: Sighting) {
        let source = source as usize;
        if source >= self.0.len() {
            self.0.resize(source + 1, Sighting::NONE);
        }
        self.0[source] = self.0[source].with(seen);
    }

    /// By the numbers of sources.
    pub(crate) fn by_source(&self) -> impl Iterator<Item = (u32, Sighting)> + '_ {
        (0..).zip(self.0.iter().copied()).filter(|(_, seen)| seen.is_some())
    }

    /// The first and the last live touchpoint of all.
    pub(crate) fn all(&self) -> Option<Sighting> {
        self.0.iter().copied().reduce(Sighting::with).filter(|seen| seen.is_some())
    }
}

/// Rows looked at in one go.
const ROWS: usize = 1 << 18;
