//! Fits that questions have in common: the next page of customers, the same figures by another group,
//! a month of a series that is asked about alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::history::History;
use super::{Fit, fit, sample};
use crate::engine::measure::Span;
use crate::facts::snapshot::Snapshot;

/// A fit, and what it expects of customers within a horizon.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    pub fit: Fit,
    /// See [`super::PurchaseModel::expectations`].
    pub while_alive: FxHashMap<(u32, u16), f64>,
}

impl Fitting {
    pub fn of(histories: &[History], horizon_days: u32) -> Self {
        let sample = sample(histories);
        let fit = fit(histories, &sample);
        let model = fit.purchases.as_ref();
        let while_alive = model.map(|model| model.expectations(&sample, f64::from(horizon_days)));
        Self { while_alive: while_alive.unwrap_or_default(), fit }
    }
}

/// What a fit is of, beside what all fits of a [`Fits`] have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub span: Span,
    /// Until when orders were observed to be returned.
    pub observed: i64,
    pub horizon_days: u32,
}

type Kept = VecDeque<(([u8; 16], Key), Arc<Fitting>)>;

/// The latest fits. Cheap to clone; clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct Fits {
    kept: Arc<Mutex<Kept>>,
    /// `None`: nothing is kept.
    of: Option<[u8; 16]>,
}

/// Expectations that are kept at most: 24 MiB or so.
const EXPECTATIONS: usize = 1 << 20;
/// Fits that are kept at most.
const FITS: usize = 1_024;

impl Fits {
    /// Those of customers and orders that these bytes stand for: facts, map, scope but for its times,
    /// and what counts as an order and as its worth.
    #[must_use]
    pub fn of(&self, inputs: [u8; 16]) -> Self {
        Self { of: Some(inputs), ..self.clone() }
    }

    /// The fit that was made before, or what `make` makes.
    pub(super) fn get_or(
        &self,
        snapshot: &Snapshot,
        key: Key,
        make: impl FnOnce() -> Fitting,
    ) -> Arc<Fitting> {
        // Of what a question about the past was not given yet a fit knows nothing.
        let Some(of) = self.of.filter(|_| snapshot.given.is_all()) else { return Arc::new(make()) };
        let place = (of, key);
        let known = |kept: &Kept| kept.iter().find(|(its, _)| *its == place).map(|(_, one)| one.clone());
        if let Some(known) = known(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let made = Arc::new(make());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if known(&kept).is_none() {
            kept.push_back((place, made.clone()));
        }
        let mut sum: usize = kept.iter().map(|(_, one)| one.while_alive.len()).sum();
        while sum > EXPECTATIONS || kept.len() > FITS {
            let Some((_, oldest)) = kept.pop_front() else { break };
            sum -= oldest.while_alive.len();
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::projection::{Given, Pieces};

    fn expecting(count: usize) -> Fitting {
        let while_alive = (0..count as u32).map(|repeats| ((repeats, 0), 0.5)).collect();
        Fitting { while_alive, ..Fitting::default() }
    }

    fn key(from: i64) -> Key {
        Key { span: Span { from, until: 10, observed: 10 }, observed: 10, horizon_days: 365 }
    }

    #[test]
    fn a_fit_is_made_once_for_the_same_inputs_and_key() {
        let all = Fits::default();
        let made = std::cell::Cell::new(0);
        let ask = |fits: &Fits, key: Key| {
            fits.get_or(&Snapshot::default(), key, || {
                made.set(made.get() + 1);
                expecting(1)
            });
            made.get()
        };
        let one = all.of([1; 16]);
        assert_eq!((ask(&one, key(0)), ask(&one, key(0)), ask(&all.of([1; 16]), key(0))), (1, 1, 1));
        assert_eq!((ask(&all.of([2; 16]), key(0)), ask(&one, key(1))), (2, 3), "others are others");
        assert_eq!(ask(&one, Key { horizon_days: 30, ..key(0) }), 4);
        assert_eq!(ask(&one, Key { observed: 9, ..key(0) }), 5);
        assert_eq!((ask(&all, key(0)), ask(&all, key(0))), (6, 7), "nothing is kept of nobody knows what");
        let then = Snapshot { given: Given::of(Pieces::NONE), ..Snapshot::default() };
        let is_new = |fits: &Fits, key: Key| {
            let mut is_new = false;
            fits.get_or(&then, key, || {
                is_new = true;
                expecting(1)
            });
            is_new
        };
        assert!(is_new(&one, key(5)) && is_new(&one, key(5)), "nor of what was not given");
    }

    #[test]
    fn the_oldest_make_room() {
        let fits = Fits::default().of([0; 16]);
        let half = EXPECTATIONS / 2;
        (0..3).for_each(|from| drop(fits.get_or(&Snapshot::default(), key(from), || expecting(half))));
        let is_kept = |from| {
            let mut is_kept = true;
            fits.get_or(&Snapshot::default(), key(from), || {
                is_kept = false;
                Fitting::default()
            });
            is_kept
        };
        assert!(is_kept(1) && is_kept(2) && !is_kept(0));
    }
}
