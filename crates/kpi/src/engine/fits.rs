//! Fits that questions have in common: the next page of customers, the same figures by another group,
//! a month of a series that is asked about alone.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::span::Span;
use crate::facts::snapshot::Snapshot;

/// What a fit is of, beside what all fits of a [`Fits`] have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub span: Span,
    /// Until when orders were observed to be returned.
    pub observed: i64,
    pub horizon_days: u32,
}

/// What was fitted, whatever the model, and how many expectations it holds.
#[derive(Debug, Clone)]
struct Kept {
    of: ([u8; 16], Key),
    fit: Arc<dyn Any + Send + Sync>,
    expectations: usize,
}

/// The latest fits. Cheap to clone; clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct Fits {
    kept: Arc<Mutex<VecDeque<Kept>>>,
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

    /// The fit that was made before, or what `make` makes, with how many expectations it holds.
    pub(crate) fn get_or<T: Any + Send + Sync>(
        &self,
        snapshot: &Snapshot,
        key: Key,
        make: impl FnOnce() -> (T, usize),
    ) -> Arc<T> {
        // Of what a question about the past was not given yet a fit knows nothing.
        let Some(of) = self.of.filter(|_| snapshot.given.is_all()) else { return Arc::new(make().0) };
        let place = (of, key);
        let known = |kept: &VecDeque<Kept>| {
            let its = kept.iter().find(|its| its.of == place)?;
            its.fit.clone().downcast::<T>().ok()
        };
        if let Some(known) = known(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let (made, expectations) = make();
        let made = Arc::new(made);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if known(&kept).is_none() {
            kept.push_back(Kept { of: place, fit: made.clone(), expectations });
        }
        let mut sum: usize = kept.iter().map(|its| its.expectations).sum();
        while sum > EXPECTATIONS || kept.len() > FITS {
            let Some(oldest) = kept.pop_front() else { break };
            sum -= oldest.expectations;
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::projection::{Given, Pieces};

    /// A fit of so many expectations.
    fn expecting(count: usize) -> (&'static str, usize) {
        ("fit", count)
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
                expecting(0)
            });
            is_kept
        };
        assert!(is_kept(1) && is_kept(2) && !is_kept(0));
    }
}
