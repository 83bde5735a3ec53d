//! What new customers cost.

use crate::engine::measure::{Hit, Measure, Other, Seen, Stat};
use crate::engine::records::Need;
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{DROP_RETURNED, Definition, MIN_AMOUNT, NO_INTERVAL, TOUCHPOINTS};

/// A customer whose first order ever is in range, at their first touchpoint of any kind: there they
/// were won.
fn new_customer(seen: &Seen) -> Option<Hit> {
    let order = seen.marks.iter().find(|mark| mark.kind == TouchType::ORDER)?;
    let first = seen.first()?.hit;
    let other = Some(Other::of(order));
    let in_range = seen.span.from <= order.at && order.at < seen.span.until;
    let counts = in_range && seen.has_place(first.place);
    counts.then_some(Hit { other, ..first })
}

const COMMON: Measure = Measure {
    stat: Stat::Quotient,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: |_| Types::all(),
    first: true,
    ..Measure::BASE
};

pub static NEW_CUSTOMERS: Measure = Measure {
    definition: Definition {
        first_means: "first ever, by any channel, at any location, from any source",
        ..Definition::scalar(
            "new_customers",
            "New customers",
            "customers",
            "Customers whose first order ever is in range. They count at the place of their first touchpoint of any \
             kind (channel, location, campaign), where they were won, and filters ask for that one. Channel by other channel: where they were won and where \
             they bought first.",
        ).revised(2)
        .from(TOUCHPOINTS)
        .asking(&[MIN_AMOUNT, DROP_RETURNED])
    },
    stat: Stat::Sum,
    observe: |seen, hits| hits.extend(new_customer(seen).map(|hit| hit.part(1))),
    ..COMMON
};

pub static ACQUISITION_COST: Measure = Measure {
    definition: Definition {
        first_means: "first ever, by any channel, at any location, from any source",
        ..Definition::scalar(
            "acquisition_cost",
            "Acquisition cost",
            "minor units per new customer",
            "Acquisition spend, as recorded, over new customers (see new_customers). A spend counts with the part of \
             its interval in range, in proportion to time, converted at the rate of its beginning. By channel or \
             campaign: spend by its own, customers by that of their first touchpoint of any kind; in other groups \
             spend has no name. Of the filters only that by channel selects spend.",
        )
        .with(NO_INTERVAL, "Absent without a new customer, and where no spend was recorded.")
        .revised(2)
    .from(TOUCHPOINTS)
        .asking(&[MIN_AMOUNT, DROP_RETURNED])
    },
    money: true,
    observe: |seen, hits| hits.extend(new_customer(seen)),
    need: Some(Need::Spend),
    ..COMMON
};
