//! Until when the facts of a snapshot were observed.

use crate::facts::horizon::{AHEAD_US, Sighting, Statements};
use crate::facts::snapshot::Snapshot;
use crate::ground::answer::SourceHorizon;
use customer360_model::Micros;

/// Until when a source was observed.
fn until(of: &SourceHorizon) -> Option<i64> {
    of.latest.map(|at| at.0.saturating_add(1)).max(of.complete_until.map(|at| at.0))
}

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
        let of = |(source, seen): (u32, Sighting)| SourceHorizon {
            source: self.dictionary.sources.name(source).to_owned(),
            latest: Some(Micros(seen.last)),
            complete_until: None,
        };
        let mut all: Vec<SourceHorizon> = self.sightings().by_source().map(of).collect();
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
