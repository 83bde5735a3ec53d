//! The fit of a population, and what it expects of its customers within a horizon.

use rustc_hash::FxHashMap;

use super::history::History;
use super::{Fit, fit, sample};

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

    /// The same with how many expectations it holds, as [`crate::engine::fits::Fits`] ask.
    pub fn sized(histories: &[History], horizon_days: u32) -> (Self, usize) {
        let fitting = Self::of(histories, horizon_days);
        let expectations = fitting.while_alive.len();
        (fitting, expectations)
    }
}
