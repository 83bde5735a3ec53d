//! Lifetimes as measures: each customer counts once, at their first order, with what they were worth
//! or what is expected of them. A span is fitted by itself, so that two times can be compared.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::fitting::Fitting;
use super::history::{Asked, Gather, Scratch};
use crate::engine::fits::Key;
use crate::engine::hits::Hits;
use crate::engine::lens::Lens;
use crate::engine::lifetimes::{BySpan, Lifetime, Lifetimes, Prepare};
use crate::engine::measure::{ByPlace, Context, Hit, Measure, Params, Seen, Span, Stat};
use crate::engine::order_lens::OrderLens;
use crate::engine::params::ValueBasis;
use crate::engine::scope::{First, KpiError, WINDOW_DAYS_LIMIT};
use crate::engine::warning::Warning;
use crate::facts::fact::TouchType;
use crate::facts::side_tables::{ORDERS, TouchRow, rows_until};
use crate::facts::snapshot::Part;
use crate::facts::touch_types::Types;
use crate::ground::answer::Excluded;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MEAN, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, OCCASION_UNIT, Parameter,
    TOUCHPOINTS, parameter,
};

/// What is expected of the customers of one span.
pub(crate) struct Expecting<'a> {
    gather: Gather<'a>,
    fitting: Arc<Fitting>,
}

impl<'a> Expecting<'a> {
    /// One for each span, fitted or not.
    ///
    /// # Errors
    /// When the horizon is out of range, or a span leaves the calendar.
    fn by_span(
        fitted: bool,
        lens: &'a Lens<'a>,
        orders: &'a OrderLens,
        params: &Params,
        spans: &[Span],
    ) -> Result<BySpan<'a>, KpiError> {
        if params.horizon_days == 0 || params.horizon_days > WINDOW_DAYS_LIMIT {
            return Err(KpiError::WindowOutOfRange);
        }
        let asked = Asked { unit: params.orders.unit, first: params.first, value: params.value };
        let of = |&span: &Span| {
            let gather = Gather::new(lens, orders, span, asked)?;
            let key = Key { span, observed: lens.observed, horizon_days: params.horizon_days };
            let make = || Fitting::sized(&gather.all(None, None).0, params.horizon_days);
            let fitting = match fitted {
                true => params.fits.get_or(lens.snapshot, key, make),
                false => Arc::default(),
            };
            let lifetimes: Box<dyn Lifetimes + 'a> = Box::new(Self { gather, fitting });
            Ok((span, lifetimes))
        };
        // No more at once than there are threads, for each holds the histories of its customers.
        let at_once = rayon::current_num_threads().max(1);
        let fitted: Result<Vec<Vec<_>>, KpiError> =
            spans.chunks(at_once).map(|spans| spans.par_iter().map(of).collect()).collect();
        Ok(fitted?.into_iter().flatten().collect())
    }
}

impl Lifetimes for Expecting<'_> {
    fn of(&self, part: &Part, customer: u32, orders: Range<usize>) -> Option<Lifetime> {
        let (first, history) = self.gather.one(part, customer, orders, &mut Scratch::default())?;
        let Fitting { fit, while_alive } = &*self.fitting;
        let score = fit.score(&history, while_alive);
        Some(Lifetime {
            first,
            net: history.net,
            months: history.months.into(),
            alive: score.alive,
            purchases: score.purchases,
            value: score.expected,
        })
    }

    fn warnings(&self) -> &[Warning] {
        &self.fitting.fit.warnings
    }

    fn left_out(&self, part: &Part) -> Excluded {
        let orders = &part.segment.tables.orders.stem;
        let mut scratch = Scratch::default();
        for (customer, rows) in orders.runs(orders.rows(part.customers.clone())) {
            if self.gather.lens().has_customer(part, customer) {
                self.gather.one(part, customer, rows, &mut scratch);
            }
        }
        scratch.excluded
    }
}

const KNOWN: Prepare = Prepare {
    fitted: false,
    by_span: |lens, orders, params, spans| Expecting::by_span(false, lens, orders, params, spans),
};
const FITTED: Prepare = Prepare {
    fitted: true,
    by_span: |lens, orders, params, spans| Expecting::by_span(true, lens, orders, params, spans),
};

/// The customer, at their first order, if their lifetime says what is asked for.
fn observe(seen: &Seen, hits: &mut Hits, value: impl Fn(&Lifetime) -> Option<f64>) {
    let Some((part, customer)) = seen.who else { return };
    let Some(lifetimes) = seen.cx.lifetimes(seen.span) else { return };
    let mut orders = seen.marks.iter().filter(|mark| mark.kind == TouchType::ORDER);
    // Most customers began at another time: nothing has to be looked up to see that.
    let first = match seen.cx.params.first {
        First::Ever => orders.next().filter(|mark| seen.counts(mark)),
        First::InScope => orders.find(|mark| seen.counts(mark)),
    };
    let Some(first) = first.map(|mark| mark.row.row()) else { return };
    let column = &part.segment.tables.orders.stem.customer[first..];
    let rows = first..first + rows_until(column, |its| its == customer);
    let Some(lifetime) = lifetimes.of(part, customer, rows) else { return };
    let Some(part) = value(&lifetime) else { return };
    let first = lifetime.first;
    let stem = &seen.tables.orders.stem;
    let hit = Hit::at(stem.at[first], TouchRow::new(ORDERS, first), stem.place[first]);
    hits.push(Hit { item: 0, ..hit.part(part.round() as i64) });
}

/// Orders without a margin, and returns of another currency.
fn left_out(cx: &Context, part: &Part, span: Span) -> Excluded {
    let Some(lifetimes) = cx.lifetimes(span) else { return Excluded::default() };
    // Where nothing is converted no currency is another.
    if cx.orders.admits_all() && cx.params.value == ValueBasis::Revenue {
        return Excluded::default();
    }
    lifetimes.left_out(part)
}

/// Customers stand where they ordered first; see the manual.
const COMMON: Measure = Measure {
    anchors: |_| Types::of([TouchType::ORDER]),
    by_place: ByPlace::Hits,
    left_out,
    ..Measure::BASE
};

const FIRST: Parameter =
    parameter("first", "EVER", "the first order ever, or the first in scope and in range");
const VALUE: Parameter = parameter(
    "value_basis",
    "REVENUE",
    "what the customer pays, or the margin of orders that say one, off which comes back the order's proportion",
);
const HORIZON: Parameter =
    parameter("horizon_days", "365", "how far expectations reach beyond the observation");
const KNOWN_ASKED: &[Parameter] = &[FIRST, VALUE, OCCASION_UNIT, MIN_AMOUNT, DROP_RETURNED];
const EXPECTED_ASKED: &[Parameter] = &[HORIZON, FIRST, VALUE, OCCASION_UNIT, MIN_AMOUNT, DROP_RETURNED];

const fn defined(
    id: &'static str,
    name: &'static str,
    unit: &'static str,
    formula: &'static str,
) -> Definition {
    Definition {
        first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                      in scope and in range (IN_SCOPE)",
        ..Definition::scalar(id, name, unit, formula)
    }
    .revised(2)
    .from(TOUCHPOINTS)
}

pub static HISTORIC_VALUE: Measure = Measure {
    definition: defined(
        "historic_value",
        "Historic value",
        "minor units",
        "What the customers whose first order is in range and scope bought from it to observed_until, wherever, less \
         what came back; see lifetime. Each counts once, at their first order. Of margins: orders that say none add \
         nothing and are counted as left out.",
    )
    .asking(KNOWN_ASKED),
    money: true,
    observe: |seen, hits| observe(seen, hits, |its| Some(its.net as f64)),
    lifetimes: Some(KNOWN),
    ..COMMON
};

pub static HISTORIC_VALUE_MEAN: Measure = Measure {
    definition: defined(
        "historic_value_mean",
        "Historic value per customer",
        "minor units",
        "The mean of historic_value over the customers whose first order is in range and scope.",
    )
    .with(MEAN, NO_ANCHOR)
    .asking(KNOWN_ASKED),
    stat: Stat::Mean,
    money: true,
    observe: |seen, hits| observe(seen, hits, |its| Some(its.net as f64)),
    lifetimes: Some(KNOWN),
    ..COMMON
};

pub static MONTHS_ACTIVE: Measure = Measure {
    definition: defined(
        "months_active",
        "Months active",
        "months",
        "Local months with an order, from the first order in range and scope to observed_until: the mean over \
         customers.",
    )
    .with(MEAN, NO_ANCHOR)
    .asking(KNOWN_ASKED),
    stat: Stat::Mean,
    bounds: (1.0, f64::INFINITY),
    observe: |seen, hits| observe(seen, hits, |its| Some(f64::from(its.months))),
    lifetimes: Some(KNOWN),
    ..COMMON
};

/// What an expectation is absent without.
const NO_FIT: &str = "Absent without a customer who bought again: nothing tells what to expect.";

pub static EXPECTED_ALIVE: Measure = Measure {
    definition: defined(
        "expected_alive",
        "Customers expected to be alive",
        "customers",
        "The sum of the probabilities that the customers whose first order is in range and scope are still there at \
         observed_until, by BG/NBD fitted to them; see lifetime. Each counts once, at their first order, with their \
         own probability.",
    )
    .with(NO_INTERVAL, NO_FIT)
    .asking(EXPECTED_ASKED),
    stat: Stat::Expected,
    scale: 1e9,
    observe: |seen, hits| observe(seen, hits, |its| its.alive.map(|alive| alive * 1e9)),
    lifetimes: Some(FITTED),
    ..COMMON
};

pub static EXPECTED_PURCHASES: Measure = Measure {
    definition: defined(
        "expected_purchases",
        "Expected orders",
        "orders",
        "The orders that those customers (see expected_alive) are expected to place within the horizon after \
         observed_until.",
    )
    .with(NO_INTERVAL, NO_FIT)
    .asking(EXPECTED_ASKED),
    stat: Stat::Expected,
    scale: 1e9,
    observe: |seen, hits| observe(seen, hits, |its| its.purchases.map(|orders| orders * 1e9)),
    lifetimes: Some(FITTED),
    ..COMMON
};

pub static EXPECTED_VALUE: Measure = Measure {
    definition: defined(
        "expected_value",
        "Expected value",
        "minor units",
        "What those orders (see expected_purchases) are expected to be worth by Gamma-Gamma, not discounted; see \
         lifetime.",
    )
    .with(NO_INTERVAL, "Absent without a fit, and where fitted values have no mean.")
    .asking(EXPECTED_ASKED),
    stat: Stat::Expected,
    scale: 1e6,
    money: true,
    observe: |seen, hits| observe(seen, hits, |its| its.value.map(|value| value * 1e6)),
    lifetimes: Some(FITTED),
    ..COMMON
};
