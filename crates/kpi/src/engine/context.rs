//! What a question brings to every measure: its scope, windows and tables.

use rustc_hash::FxHashMap;

use crate::engine::cost_rates::Costs;
use crate::engine::lens::Lens;
use crate::engine::lifetimes::{BySpan, Lifetimes};
use crate::engine::order_lens::OrderLens;
use crate::engine::params::Params;
use crate::engine::span::Span;
use crate::facts::dictionary::Dictionary;
use crate::ground::calendar::Intervals;
use customer360_model::{Micros, TimeRange};

/// A question's windows and tables, for all measures and spans.
pub(crate) struct Context<'a> {
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    pub params: &'a Params,
    pub names: &'a Dictionary,
    /// Local days that cover all spans and windows.
    pub days: Intervals,
    /// By place.
    pub physical: Vec<bool>,
    /// By place.
    pub channels: Vec<u32>,
    /// Whether first touchpoints are known without reading all, but for their rows.
    pub firsts_known: bool,
    /// `None`: any; `Some(None)`: one that nobody ever answered.
    pub survey: Option<Option<u32>>,
    pub costs: Costs,
    /// By span, the lifetimes of customers, where they are asked for.
    pub lifetimes: BySpan<'a>,
    /// By span, where the windows begin that end with its beginning and its end.
    pub back: Vec<(Span, (i64, i64))>,
    /// By location, when entries were being counted.
    pub counting: FxHashMap<u32, Vec<TimeRange>>,
}

impl<'a> Context<'a> {
    /// Whether entries were being counted at that place and time.
    pub fn was_counted(&self, place: u16, at: i64) -> bool {
        let intervals = self.names.place(place).location.and_then(|location| self.counting.get(&location));
        intervals.is_some_and(|all| all.iter().any(|interval| interval.contains(Micros(at))))
    }

    /// The lifetimes of the customers of a span.
    pub fn lifetimes(&self, span: Span) -> Option<&(dyn Lifetimes + 'a)> {
        self.lifetimes.iter().find(|(of, _)| *of == span).map(|(_, lifetimes)| &**lifetimes)
    }

    pub fn is_physical(&self, place: u16) -> bool {
        self.physical[usize::from(place)]
    }

    pub fn windows_before(&self, span: Span) -> (i64, i64) {
        self.back.iter().find(|(of, _)| *of == span).map_or((span.from, span.until), |(_, back)| *back)
    }

    #[inline]
    pub fn channel(&self, place: u16) -> u32 {
        self.channels[usize::from(place)]
    }
}
