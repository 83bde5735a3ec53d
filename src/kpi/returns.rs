//! Returns: how much comes back, how soon, where, and what is bought on the way.

use super::axis::Dimension;
use super::catalogue::{
    DROP_RETURNED, Definition, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, Parameter, QUANTILE, SINGLE_VIEW, WILSON,
    parameter,
};
use super::events::Types;
use super::fact::TouchType;
use super::measure::{Hit, Measure, Other, Params, Seen, Stat};
use super::scalar::{self, Answer, Figure, Question};
use super::scope::{GroupBy, KpiError, Scope};
use super::snapshot::Snapshot;
use super::timeline::Mark;
use super::trial::same_visit;
use crate::model::time::DAY_US;

const RETURNED: &[Parameter] = &[
    parameter("window.days", "30", "W after the order"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    MIN_AMOUNT,
    DROP_RETURNED,
];

/// Of what was sold.
const SOLD: Measure = Measure {
    definition: Definition::scalar("", "", "", ""),
    stat: Stat::Share,
    scale: 1.0,
    window_days: 30,
    money: false,
    nobody: false,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: |_| Types::of([TouchType::RETURN]),
    observe: |_, _| {},
};

/// Of what came back.
const BACK: Measure = Measure {
    window_days: 0,
    anchors: |_| Types::of([TouchType::RETURN]),
    beside: |_| Types::of([TouchType::ORDER]),
    ..SOLD
};

/// The order that a return is of: the customer's with the id that it names, or where it names none
/// their last one before it.
fn order_of<'s>(seen: &'s Seen, back: &Mark) -> Option<&'s Mark> {
    let key = seen.tables.returns.key[back.row.row()];
    let mut orders = seen.marks.iter().filter(|mark| mark.kind == TouchType::ORDER);
    match key {
        0 => orders.rfind(|order| (order.at, order.number) < (back.at, back.number)),
        _ => orders.find(|order| seen.tables.orders.key[order.row.row()] == key),
    }
}

/// The returns of an order within W.
fn returns_of<'s>(seen: &'s Seen, order: &'s Mark) -> impl Iterator<Item = &'s Mark> {
    let end = seen.window_end(order.at);
    let later = seen
        .marks
        .iter()
        .filter(move |mark| mark.kind == TouchType::RETURN && mark.at >= order.at && mark.at < end);
    later.filter(|back| order_of(seen, back).is_some_and(|its| its.number == order.number))
}

/// Each order in range with what came back of it; `None` leaves an order out.
fn sold(seen: &Seen, hits: &mut Vec<Hit>, measure: impl Fn(&Mark) -> Option<i64>) {
    for (_, order) in seen.anchors(TouchType::ORDER) {
        let Some(whole) = measure(order) else { continue };
        let part = returns_of(seen, order).filter_map(&measure).sum();
        let first = returns_of(seen, order).next();
        let other = first.map(|back| Other { number: back.number, place: back.place });
        hits.push(Hit { other, whole, censored: !seen.is_observed(order.at), ..Hit::of(order).part(part) });
    }
}

pub static RETURNED_ORDERS: Measure = Measure {
    definition: Definition::scalar(
        "returned_orders",
        "Returned orders",
        "share of orders",
        "Of the identified orders in range, the share with a return within W. A return is of the customer's order \
         that it names; where it names none, of their last one before it; returns of nobody, and of orders of \
         others, are of none.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    observe: |seen, hits| {
        for (_, order) in seen.anchors(TouchType::ORDER) {
            let hit = Hit::of(order).answered(returns_of(seen, order).next());
            hits.push(Hit { censored: hit.part == 0 && !seen.is_observed(order.at), ..hit });
        }
    },
    ..SOLD
};

pub static RETURNED_UNITS: Measure = Measure {
    definition: Definition::scalar(
        "returned_units",
        "Returned units",
        "share of units",
        "The quantity of the lines of the returns within W (see returned_orders) of the identified orders in range \
         that have lines, over the quantity of the lines of those orders. Both in thousandths.",
    )
    .with(NO_INTERVAL, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    stat: Stat::Quotient,
    observe: |seen, hits| {
        sold(seen, hits, |mark| {
            let lines = seen.lines_of(mark);
            (!lines.is_empty()).then(|| seen.tables.lines.quantity[lines].iter().sum())
        });
    },
    ..SOLD
};

/// What a return is worth in the question's currency.
fn worth(seen: &Seen, mark: &Mark) -> Option<i64> {
    if mark.kind == TouchType::ORDER {
        return Some(mark.amount);
    }
    let (returns, row) = (&seen.tables.returns, mark.row.row());
    seen.cx.orders.converted(returns.amount[row], returns.currency[row], mark.at)
}

pub static RETURNED_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "returned_value",
        "Returned value",
        "share of revenue",
        "What came back within W (see returned_orders) of the identified orders in range, over what those are worth. \
         Returns in another currency are converted at the rate of their own date; those that cannot be add nothing.",
    )
    .with(NO_INTERVAL, "Absent without revenue.")
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    stat: Stat::Quotient,
    money: true,
    observe: |seen, hits| sold(seen, hits, |mark| worth(seen, mark)),
    ..SOLD
};

/// The returns in range with their orders.
fn back<'s>(seen: &'s Seen) -> impl Iterator<Item = (&'s Mark, &'s Mark)> {
    let all = seen.anchors(TouchType::RETURN);
    all.filter_map(|(_, back)| Some((back, order_of(seen, back).filter(|order| order.at <= back.at)?)))
}

fn days(seen: &Seen, hits: &mut Vec<Hit>) {
    hits.extend(back(seen).map(|(back, order)| {
        let other = Some(Other { number: order.number, place: order.place });
        Hit { other, ..Hit::of(back).part(back.at - order.at) }
    }));
}

const DAYS: &str = "The time from an order to its return (see returned_orders), over the identified returns in range \
                    whose order is known and not later.";

pub static RETURN_DAYS: Measure = Measure {
    definition: Definition::scalar("return_days", "Days to return, median", "days of 24 hours", DAYS)
        .with(QUANTILE, NO_ANCHOR)
        .from(SINGLE_VIEW)
        .asking(&[MIN_AMOUNT]),
    stat: Stat::Quantile(0.5),
    scale: DAY_US as f64,
    observe: days,
    ..BACK
};

pub static RETURN_DAYS_P90: Measure = Measure {
    definition: Definition::scalar(
        "return_days_p90",
        "Days to return, 90th percentile",
        "days of 24 hours",
        DAYS,
    )
    .with(QUANTILE, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT]),
    stat: Stat::Quantile(0.9),
    ..RETURN_DAYS
};

pub static RETURNS_ELSEWHERE: Measure = Measure {
    definition: Definition::scalar(
        "returns_elsewhere",
        "Returns by another channel",
        "share of returns",
        "Of the identified returns in range whose order is known (see returned_orders) and not later, the share by \
         another channel than the order. Channel by other channel: where it was returned and where bought.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT]),
    observe: |seen, hits| {
        hits.extend(back(seen).map(|(back, order)| {
            let elsewhere = seen.cx.channel(back.place) != seen.cx.channel(order.place);
            let other = Some(Other { number: order.number, place: order.place });
            Hit { other, ..Hit::of(back).part(i64::from(elsewhere)) }
        }));
    },
    ..BACK
};

pub static ONLINE_RETURNED_IN_STORE: Measure = Measure {
    definition: Definition::scalar(
        "online_returned_in_store",
        "Bought online, returned in store",
        "share of returns",
        "Of the identified returns in range of orders by online channels (see returned_orders), the share by a \
         physical channel.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT]),
    observe: |seen, hits| {
        let online = back(seen).filter(|(_, order)| !seen.cx.is_physical(order.place));
        hits.extend(online.map(|(back, order)| {
            let other = Some(Other { number: order.number, place: order.place });
            Hit { other, ..Hit::of(back).part(i64::from(seen.cx.is_physical(back.place))) }
        }));
    },
    ..BACK
};

pub static ORDERS_AT_RETURNS: Measure = Measure {
    definition: Definition::scalar(
        "orders_at_returns",
        "Returns with an order in the same visit",
        "share of returns",
        "Of the identified returns in range, the share with another order of the customer in the same visit than the \
         one that came back (see returned_orders): both name the same visit; where neither names one, on the same \
         local day by the same channel at the same location.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| {
        for (_, back) in seen.anchors(TouchType::RETURN) {
            let came_back = order_of(seen, back).map(|order| order.number);
            let mut orders = seen.marks.iter().filter(|mark| mark.kind == TouchType::ORDER);
            let bought =
                orders.find(|order| Some(order.number) != came_back && same_visit(seen, back, order));
            hits.push(Hit::of(back).answered(bought));
        }
    },
    ..BACK
};

/// Where things were bought and where they came back.
pub const RETURN_MATRIX: Definition = Definition {
    rpc: "ComputeReturns",
    ..Definition::scalar(
        "return_matrix",
        "Returns by purchase and return channel",
        "returns",
        "The identified returns in range whose order is known (see returned_orders) and not later, by the channel of \
         the order and that of the return, with median days to return; beside returned_orders, returned_units, \
         returned_value, return_days, returns_elsewhere, online_returned_in_store and orders_at_returns.",
    )
    .with(QUANTILE, "No cell without a return whose order is known.")
    .from(SINGLE_VIEW)
    .asking(RETURNED)
};

/// What the answer about returns shows beside the matrix, whose measures come first.
pub const SHOWN: [&Measure; 8] = [
    &RETURNS_ELSEWHERE,
    &RETURN_DAYS,
    &RETURN_DAYS_P90,
    &RETURNED_ORDERS,
    &RETURNED_UNITS,
    &RETURNED_VALUE,
    &ONLINE_RETURNED_IN_STORE,
    &ORDERS_AT_RETURNS,
];

/// Where things were bought, where they came back, how many, and after how many days.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub bought: String,
    pub returned: String,
    pub returns: u64,
    /// Median, with its interval.
    pub days: Figure,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Those of [`SHOWN`], their totals.
    pub figures: Vec<Answer>,
    /// By names. The returns sum to those of all that are counted.
    pub cells: Vec<Cell>,
}

/// # Errors
/// As [`scalar::compute`].
pub fn compute(snapshot: &Snapshot, scope: &Scope, params: &Params) -> Result<Matrix, KpiError> {
    let question = Question {
        scope: scope.clone(),
        measures: SHOWN.to_vec(),
        params: params.clone(),
        group_by: vec![Dimension::OtherChannel, Dimension::Of(GroupBy::Channel)],
        spans: Vec::new(),
    };
    let mut figures = scalar::compute(snapshot, &question)?;
    let groups = figures.iter_mut().map(|answer| std::mem::take(&mut answer.groups));
    let mut groups = groups.collect::<Vec<_>>().into_iter();
    let (returns, days) = (groups.next().unwrap_or_default(), groups.next().unwrap_or_default());
    // Both measures count the same returns.
    let cell = |(returns, days): (scalar::Cell, scalar::Cell)| {
        let mut names = returns.keys.into_iter().map(Option::unwrap_or_default);
        let (bought, returned) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        Cell { bought, returned, returns: returns.figure.anchors, days: days.figure }
    };
    let cells = returns.into_iter().zip(days).map(cell).collect();
    Ok(Matrix { figures, cells })
}
