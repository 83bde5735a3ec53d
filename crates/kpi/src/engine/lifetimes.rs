//! What measures ask of the lifetimes of customers, whoever models them.

use std::ops::Range;

use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::engine::params::Params;
use crate::engine::scope::KpiError;
use crate::engine::span::Span;
use crate::engine::warning::Warning;
use crate::facts::snapshot::Part;
use crate::ground::answer::Excluded;

/// A customer's lifetime so far, and what is expected of it; absent where there is no fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lifetime {
    /// The row of the first order.
    pub first: usize,
    /// Minor units, less what came back.
    pub net: i64,
    /// Local months with an order.
    pub months: u32,
    /// The probability of being still there.
    pub alive: Option<f64>,
    /// Orders within the horizon.
    pub purchases: Option<f64>,
    /// Minor units of those.
    pub value: Option<f64>,
}

/// The lifetimes of the customers of one span.
pub(crate) trait Lifetimes: Send + Sync {
    /// Of a customer whose first order that counts is the first of these rows, which are all of their
    /// orders from there on.
    fn of(&self, part: &Part, customer: u32, orders: Range<usize>) -> Option<Lifetime>;

    /// What a reader of what is expected must know.
    fn warnings(&self) -> &[Warning];

    /// What is left out of them, of the customers of a part.
    fn left_out(&self, part: &Part) -> Excluded;
}

/// Lifetimes by span.
pub(crate) type BySpan<'a> = Vec<(Span, Box<dyn Lifetimes + 'a>)>;

/// How a measure's lifetimes are prepared, once for a question.
#[derive(Clone, Copy)]
pub(crate) struct Prepare {
    /// Whether they are fitted, so that something is expected of them.
    pub fitted: bool,
    pub by_span: for<'a> fn(&'a Lens<'a>, &'a OrderLens, &Params, &[Span]) -> Result<BySpan<'a>, KpiError>,
}
