//! The horizon: until when a tenant was observed, which is told by its facts and never by a clock.

use rayon::prelude::*;

use crate::facts::dictionary::Dictionary;
use crate::facts::snapshot::Snapshot;
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::ground::answer::SourceHorizon;
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

/// When each source was seen, by its number in the dictionary; [`Sighting::NONE`] where it was not.
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

/// Until when a source was observed.
fn until(of: &SourceHorizon) -> Option<i64> {
    of.latest.map(|at| at.0.saturating_add(1)).max(of.complete_until.map(|at| at.0))
}

impl Sightings {
    /// Nothing was seen.
    pub(crate) const NONE: Self = Self(Vec::new());

    /// Those of a snapshot that was given everything, of the touchpoints that are known by number and time.
    pub(crate) fn of(snapshot: &Snapshot, knows: impl Fn(u32, i64) -> bool + Sync) -> Self {
        let nobody_is_dead = Bitmap::new(0);
        let named = snapshot.segments.iter().map(|live| (&live.segment.tables, &*live.dead));
        let nameless = snapshot.unidentified.iter().map(|tables| (&**tables, &nobody_is_dead));
        let stems: Vec<(&Stem, &Bitmap)> = named
            .chain(nameless)
            .flat_map(|(tables, dead)| tables.given_stems().map(|stem| (stem, dead)))
            .collect();
        let places = snapshot.dictionary.places().len();
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
        for (place, seen) in snapshot.dictionary.places().iter().zip(by_place) {
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

    /// The first and the last live touchpoint of all.
    fn all(&self) -> Option<Sighting> {
        self.0.iter().copied().reduce(Sighting::with).filter(|seen| seen.is_some())
    }
}

/// Rows looked at in one go.
const ROWS: usize = 1 << 18;

impl Snapshot {
    /// Until when the tenant was observed: one microsecond after its latest live touchpoint, or until a source says
    /// that it is complete; of sources that are waited for, the earliest of theirs. At most [`AHEAD_US`] after the
    /// commit of the revision. `None` when nothing was ever seen.
    #[must_use]
    pub fn horizon(&self, said: &Statements) -> Option<Micros> {
        let sources = self.source_horizons(said);
        let latest = match said.awaited.as_slice() {
            [] => sources.iter().filter_map(until).max()?,
            awaited => {
                let its = |name: &String| sources.iter().find(|of| of.source == *name).and_then(until);
                // A source of which nothing came yet holds everything up.
                awaited.iter().map(its).min()??
            }
        };
        Some(Micros(
            self.committed.map_or(latest, |committed| latest.min(committed.0.saturating_add(AHEAD_US))),
        ))
    }

    /// Where the observation begins.
    #[must_use]
    pub fn observed_from(&self, said: &Statements) -> Option<Micros> {
        said.observed_from.or_else(|| self.sightings().all().map(|seen| Micros(seen.first)))
    }

    /// Until when each source was observed, by name.
    #[must_use]
    pub fn source_horizons(&self, said: &Statements) -> Vec<SourceHorizon> {
        let seen = self.sightings().0.iter().zip(0_u32..).filter(|(seen, _)| seen.is_some());
        let of = |(seen, source): (&Sighting, u32)| SourceHorizon {
            source: self.dictionary.sources.name(source).to_owned(),
            latest: Some(Micros(seen.last)),
            complete_until: None,
        };
        let mut all: Vec<SourceHorizon> = seen.map(of).collect();
        for (source, until) in &said.complete {
            match all.iter_mut().find(|of| of.source == *source) {
                Some(of) => of.complete_until = of.complete_until.max(Some(*until)),
                None => all.push(SourceHorizon {
                    source: source.clone(),
                    latest: None,
                    complete_until: Some(*until),
                }),
            }
        }
        all.sort_by(|a, b| a.source.cmp(&b.source));
        all
    }
}
