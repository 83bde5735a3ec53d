//! Figures: one number each, with what it is made of, and their groups.

use crate::engine::warning::Warning;
use crate::ground::answer::{Absent, Basis};
use crate::ground::definition::Definition;
use crate::ground::statistics::{Interval, Moments};

/// Groups of one figure; each names up to two things.
pub const PAIRS_LIMIT: usize = 10_000;
/// Spans of one question: intervals of a series, and those it is compared with.
pub const SPANS_LIMIT: usize = 800;

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub kpi: Definition,
    pub basis: Basis,
    pub total: Figure,
    /// By names, those without one last.
    pub groups: Vec<Cell>,
    /// One for each further span, in their order.
    pub spans: Vec<Figure>,
    /// What a reader of an expectation must know of the fit it stands on.
    pub warnings: Vec<Warning>,
}

/// One group: a name for each dimension, `None` for those without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub keys: Vec<Option<String>>,
    pub figure: Figure,
}

/// One number with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    pub numerator: f64,
    /// Anchors for means and quantiles; `None` for sums and counts.
    pub denominator: Option<f64>,
    pub anchors: u64,
    /// Customers with an anchor, censored ones too.
    pub customers: u64,
    /// Anchors of which not all of the window was observed: they are on neither side.
    pub open: u64,
    /// With those, where there are any.
    pub so_far: Option<SoFar>,
    /// When all of them will have been observed, and all that the range may still bring.
    pub known_at: Option<i64>,
    pub absent: Option<Absent>,
    /// Mean and variance of what was averaged, for comparisons.
    pub moments: Moments,
}

/// A number that is not final: those are in it too of which not all of the window was observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoFar {
    pub value: Option<f64>,
    pub numerator: f64,
    pub denominator: Option<f64>,
}
