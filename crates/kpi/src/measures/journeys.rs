//! Journeys: what leads to an order.

use crate::engine::mark::Mark;
use crate::engine::measure::{FROM_ZERO, Hit, JOURNEY, Measure, Other, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, FACTORS, MEAN, MIN_AMOUNT, NO_ANCHOR, ORDER_UNIT, Parameter, QUANTILE, WILSON,
    parameter,
};
use customer360_model::time::DAY_US;

const PARAMETERS: &[Parameter] = &[
    parameter("window.days", "30", "W"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ORDER_UNIT,
    MIN_AMOUNT,
    DROP_RETURNED,
];

const COMMON: Measure = Measure {
    stat: Stat::Share,
    window_days: 30,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: |_| *JOURNEY,
    ..Measure::BASE
};

/// Whether a touchpoint leads to an order: what a person did. One message is one touch, at its first
/// statement that says that it was opened or clicked.
fn leads(seen: &Seen, mark: &Mark) -> bool {
    JOURNEY.has(mark.kind)
        && mark.is_made()
        && (mark.kind != TouchType::MESSAGE || is_first_of_message(seen, mark))
}

fn is_first_of_message(seen: &Seen, mark: &Mark) -> bool {
    let message = seen.item(mark);
    let earlier = || seen.marks.iter().take_while(|other| !std::ptr::eq(*other, mark));
    let same =
        |other: &Mark| other.kind == TouchType::MESSAGE && other.is_made() && seen.item(other) == message;
    message == 0 || !earlier().any(same)
}

/// The touchpoints that lead to an order: within W before it and after the order before it.
pub(crate) fn journey<'s>(seen: &'s Seen, order: usize) -> impl DoubleEndedIterator<Item = &'s Mark> {
    let before = seen.before(order);
    let since = before.iter().rposition(|mark| mark.kind == TouchType::ORDER).map_or(0, |nth| nth + 1);
    before[since..].iter().filter(|mark| leads(seen, mark))
}

/// The touchpoints after the customer's last order that led nowhere: within W before the last of
/// them, if that one is in range and scope.
pub(crate) fn lost<'s>(seen: &'s Seen) -> Vec<&'s Mark> {
    let since = seen.marks.iter().rposition(|m| m.kind == TouchType::ORDER).map_or(0, |nth| nth + 1);
    let open = &seen.marks[since..];
    let Some(last) = open.iter().rposition(|mark| leads(seen, mark)).filter(|&last| seen.counts(&open[last]))
    else {
        return Vec::new();
    };
    let begin = seen.window_begin(open[last].at);
    open[..=last].iter().filter(|m| m.at >= begin && leads(seen, m)).collect()
}

pub static ATTRIBUTED_ORDERS: Measure = Measure {
    definition: Definition::scalar(
        "attributed_orders",
        "Orders with a journey",
        "share of orders",
        "Of the identified orders in range, the share with any touchpoint that leads to an order (awareness, \
         consideration, carts, accepted offers; not what was only sent or shown) by the same customer, within W before \
         it and after their order before it: what attribution can credit. The rest is its unattributed bucket.",
    )
    .revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(FACTORS)
    .asking(PARAMETERS),
    observe: |seen, hits| {
        let orders = seen.orders();
        hits.extend(orders.map(|nth| Hit::of(&seen.marks[nth]).answered(journey(seen, nth).next())));
    },
    ..COMMON
};

pub static JOURNEY_LENGTH: Measure = Measure {
    definition: Definition::scalar(
        "journey_length",
        "Touchpoints before an order, mean",
        "touchpoints",
        "The mean number of touchpoints that led to an order in range (awareness, consideration, carts, accepted \
         offers, by the same customer, within W before it and after their order before it), over all identified \
         orders, those without any too. What was only sent or shown leads nowhere; a message that was opened and \
         clicked is one touchpoint, at the first of these.",
    )
    .revised(2)
    .with(MEAN, NO_ANCHOR)
    .from(FACTORS)
    .asking(PARAMETERS),
    stat: Stat::Mean,
    bounds: FROM_ZERO,
    observe: |seen, hits| {
        let orders = seen.orders();
        hits.extend(orders.map(|nth| Hit::of(&seen.marks[nth]).part(journey(seen, nth).count() as i64)));
    },
    ..COMMON
};

pub static JOURNEY_DAYS: Measure = Measure {
    definition: Definition::scalar(
        "journey_days",
        "Days from first touchpoint to order, median",
        "days of 24 hours",
        "The median time from the first touchpoint of a journey to its order in range, over orders with a \
         journey (see journey_length).",
    )
    .revised(2)
    .with(QUANTILE, NO_ANCHOR)
    .from(FACTORS)
    .asking(PARAMETERS),
    stat: Stat::Quantile(0.5),
    scale: DAY_US as f64,
    observe: |seen, hits| {
        for nth in seen.orders() {
            let order = &seen.marks[nth];
            if let Some(first) = journey(seen, nth).next() {
                let other = Some(Other::of(first));
                hits.push(Hit { other, ..Hit::of(order).part(order.at - first.at) });
            }
        }
    },
    ..COMMON
};

/// Help that a journey received.
fn assists(mark: &Mark) -> bool {
    mark.kind == TouchType::CONVERSATION || mark.kind == TouchType::ADVICE
}

pub static ASSISTED_ORDERS: Measure = Measure {
    definition: Definition::scalar(
        "assisted_orders",
        "Assisted orders",
        "share of orders",
        "Of the identified orders in range, the share whose journey (see journey_length) received help: a \
         conversation with a clerk, an advice session or how-to content. Channel by other channel: where it was \
         bought and where help was given.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(FACTORS)
    .asking(PARAMETERS),
    observe: |seen, hits| {
        let orders = seen.orders();
        hits.extend(orders.map(|nth| Hit::of(&seen.marks[nth]).answered(journey(seen, nth).find(|m| assists(m)))));
    },
    ..COMMON
};
