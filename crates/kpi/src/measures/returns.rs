//! Returns: how much comes back, how soon, where, and what is bought on the way.

use crate::engine::dimension::Dimension;
use rustc_hash::FxHashMap;

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, ByPlace, Hit, Measure, Other, Params, Seen, Stat};
use crate::engine::scalar::{self, Answer, Figure, Question};
use crate::engine::scope::{GroupBy, KpiError, Scope};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Snapshot;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, Parameter, QUANTILE, SINGLE_VIEW, WILSON,
    parameter,
};
use crate::measures::trial::{VisitKey, visit_key};
use customer360_model::time::DAY_US;

const RETURNED: &[Parameter] = &[
    parameter("window.days", "30", "W after the order"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    MIN_AMOUNT,
    DROP_RETURNED,
];

/// Of what was sold.
const SOLD: Measure = Measure {
    stat: Stat::Share,
    window_days: 30,
    ahead: Ahead::Window,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: |_| Types::of([TouchType::CAME_BACK]),
    ..Measure::BASE
};

/// Of what came back.
const BACK: Measure = Measure {
    window_days: 0,
    ahead: Ahead::Nothing,
    anchors: |_| Types::of([TouchType::CAME_BACK]),
    beside: |_| Types::of([TouchType::ORDER]),
    ..SOLD
};

/// The returns whose order is known, in order of time: the order first. A return is of the
/// customer's order with the id that it names, or where it names none of their last one before it.
fn links(seen: &Seen) -> Vec<(usize, usize)> {
    let of = |kind| move |mark: &Mark| mark.kind == kind;
    let all = |kind| seen.marks.iter().enumerate().filter(move |(_, mark)| of(kind)(mark));
    let (mut links, mut by_key, mut last) = (Vec::new(), FxHashMap::default(), None);
    if all(TouchType::CAME_BACK).next().is_none() {
        return links;
    }
    let names_order = |(_, back): (usize, &Mark)| seen.tables.returns.key[back.row.row()] != 0;
    if all(TouchType::CAME_BACK).any(names_order) {
        for (nth, order) in all(TouchType::ORDER) {
            by_key.entry(seen.tables.orders.key[order.row.row()]).or_insert(nth);
        }
    }
    for (nth, mark) in seen.marks.iter().enumerate() {
        match mark.kind {
            TouchType::ORDER => last = Some(nth),
            TouchType::CAME_BACK => {
                let order = match seen.tables.returns.key[mark.row.row()] {
                    0 => last,
                    key => by_key.get(&key).copied(),
                };
                links.extend(order.map(|order| (order, nth)));
            }
            _ => {}
        }
    }
    links
}

/// The orders in range, each with its returns within W, in order of time.
fn sold<'s>(seen: &'s Seen) -> impl Iterator<Item = (&'s Mark, Vec<&'s Mark>)> {
    let mut links = links(seen);
    links.sort_by_key(|&(order, _)| order);
    seen.anchors(TouchType::ORDER).map(move |(nth, order)| {
        let from = links.partition_point(|&(its, _)| its < nth);
        let mut its = links[from..].iter().take_while(|&&(its, _)| its == nth).peekable();
        if its.peek().is_none() {
            return (order, Vec::new());
        }
        let end = seen.window_end(order.at);
        let backs = its.map(|&(_, back)| &seen.marks[back]);
        (order, backs.filter(|back| order.at <= back.at && back.at < end).collect())
    })
}

/// Each order in range with what came back of it; `None` leaves an order out, or a return, which may be
/// counted as such.
fn came_back(seen: &Seen, hits: &mut Hits, counts: bool, measure: impl Fn(&Mark) -> Option<i64>) {
    for (order, backs) in sold(seen) {
        let Some(whole) = measure(order) else { continue };
        let mut part = 0_i64;
        for back in &backs {
            match measure(back) {
                Some(measured) => part = part.saturating_add(measured),
                None if counts => hits.leave_out(),
                None => {}
            }
        }
        let other = backs.first().map(|back| Other::of(back));
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
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    observe: |seen, hits| {
        let came = |order: &Mark, back: Option<&Mark>| {
            let hit = Hit::of(order).answered(back);
            Hit { censored: !seen.is_observed(order.at), ..hit }
        };
        // Most customers return nothing.
        if seen.marks.iter().all(|mark| mark.kind == TouchType::ORDER) {
            return hits.extend(seen.anchors(TouchType::ORDER).map(|(_, order)| came(order, None)));
        }
        hits.extend(sold(seen).map(|(order, backs)| came(order, backs.first().copied())));
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
    ).revised(2)
    .with(NO_INTERVAL, NO_ANCHOR)
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    stat: Stat::Quotient,
    observe: |seen, hits| {
        came_back(seen, hits, false, |mark| {
            let units = &seen.tables.lines.quantity[seen.lines_of(mark)];
            (!units.is_empty()).then(|| units.iter().map(|quantity| quantity.milli()).sum())
        });
    },
    ..SOLD
};

/// What a return is worth in the question's currency.
fn worth(seen: &Seen, mark: &Mark) -> Option<i64> {
    if mark.kind == TouchType::ORDER {
        return Some(seen.worth(mark));
    }
    let (returns, row) = (&seen.tables.returns, mark.row.row());
    seen.cx.orders.came_back(returns, row)
}

pub static RETURNED_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "returned_value",
        "Returned value",
        "share of revenue",
        "What came back within W (see returned_orders) of the identified orders in range, over what those are worth. \
         Returns in another currency are converted at the rate of the date of their order; those that cannot be are excluded \
         and counted.",
    ).revised(2)
    .with(NO_INTERVAL, "Absent without revenue.")
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(RETURNED),
    stat: Stat::Quotient,
    money: true,
    observe: |seen, hits| came_back(seen, hits, true, |mark| worth(seen, mark)),
    ..SOLD
};

/// The returns in range with their orders, where these are not later.
fn back<'s>(seen: &'s Seen) -> impl Iterator<Item = (&'s Mark, &'s Mark)> {
    let all = links(seen).into_iter().map(|(order, back)| (&seen.marks[back], &seen.marks[order]));
    all.filter(|(back, order)| seen.counts(back) && order.at <= back.at)
}

fn days(seen: &Seen, hits: &mut Hits) {
    hits.extend(back(seen).map(|(back, order)| {
        let other = Some(Other::of(order));
        Hit { other, ..Hit::of(back).part(back.at - order.at) }
    }));
}

const DAYS: &str = "The time from an order to its return (see returned_orders), over the identified returns in range \
                    whose order is known and not later.";

pub static RETURN_DAYS: Measure = Measure {
    definition: Definition::scalar("return_days", "Days to return, median", "days of 24 hours", DAYS)
        .revised(2)
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
    .revised(2)
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
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT]),
    observe: |seen, hits| {
        hits.extend(back(seen).map(|(back, order)| {
            let elsewhere = seen.cx.channel(back.place) != seen.cx.channel(order.place);
            let other = Some(Other::of(order));
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
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT]),
    observe: |seen, hits| {
        let online = back(seen).filter(|(_, order)| !seen.cx.is_physical(order.place));
        hits.extend(online.map(|(back, order)| {
            let other = Some(Other::of(order));
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
        "Of the returns in range that somebody identified came with, the share with another order of theirs in the same \
         visit than the one that came back (see returned_orders): both name the same visit; where neither names one, on the same \
         local day by the same channel at the same location.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| {
        let mut orders: FxHashMap<VisitKey, Vec<&Mark>> = FxHashMap::default();
        for order in seen.marks.iter().filter(|mark| mark.kind == TouchType::ORDER) {
            orders.entry(visit_key(seen, order)).or_default().push(order);
        }
        // By the number of the touchpoint: whoever came with it may be another than whose order it is.
        let links = links(seen).into_iter();
        let of: FxHashMap<u32, usize> =
            links.map(|(order, back)| (seen.number(&seen.marks[back]), order)).collect();
        for (_, back) in seen.anchors(TouchType::RETURN) {
            let its = of.get(&seen.number(back)).map(|&order| seen.marks[order].row);
            let bought = orders.get(&visit_key(seen, back));
            let bought = bought.and_then(|all| all.iter().find(|order| Some(order.row) != its));
            hits.push(Hit::of(back).answered(bought.copied()));
        }
    },
    anchors: |_| Types::of([TouchType::RETURN]),
    beside: |_| Types::of([TouchType::ORDER, TouchType::CAME_BACK]),
    ..BACK
};

pub static NET_SALES: Measure = Measure {
    definition: Definition::scalar(
        "net_sales",
        "Net sales",
        "minor units",
        "What the identified orders in range are worth, less what came back in range: each order and each return on \
         its own day and at its own place. A return of an order that is not known, or does not count, is taken off \
         nothing. Returns in another currency are converted at the rate of the date of their order; those that cannot \
         be are excluded and counted.",
    )
    .from(SINGLE_VIEW)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Sum,
    money: true,
    by_place: ByPlace::Hits,
    anchors: |_| Types::of([TouchType::ORDER, TouchType::CAME_BACK]),
    observe: |seen, hits| {
        hits.extend(seen.anchors(TouchType::ORDER).map(|(_, order)| Hit::of(order).part(seen.worth(order))));
        for (_, back) in links(seen) {
            let back = &seen.marks[back];
            if seen.counts(back) {
                match worth(seen, back) {
                    Some(worth) => hits.push(Hit::of(back).part(-worth)),
                    None => hits.leave_out(),
                }
            }
        }
    },
    ..Measure::BASE
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
    ).revised(2)
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
