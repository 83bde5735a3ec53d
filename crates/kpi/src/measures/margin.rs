//! Margins: what orders leave when the goods are paid for, where they say it.

use crate::engine::mark::Mark;
use crate::engine::measure::{Context, Hit, Measure, Seen, Span, Stat};
use crate::engine::order_lens::OrderLens;
use crate::facts::fact::TouchType;
use crate::facts::side_tables::rows_beside;
use crate::facts::snapshot::Part;
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;
use crate::ground::answer::Excluded;
use crate::ground::definition::{DROP_RETURNED, Definition, MIN_AMOUNT, NO_INTERVAL, Parameter, TOUCHPOINTS};

/// The margin of an order, in minor units of the question's currency.
pub(crate) fn of_order(lens: &OrderLens, tables: &Tables, row: usize) -> Option<i64> {
    let (orders, margins) = (&tables.orders, &tables.margins);
    let its = rows_beside(&margins.owner, 0, row..row + 1).next()?;
    lens.converted(margins.margin.get(its), orders.currency[row], orders.stem.at[row])
}

/// The orders in scope of a part that count and say no margin.
fn unknown(cx: &Context, part: &Part, span: Span) -> Excluded {
    let tables = &part.segment.tables;
    let orders = &tables.orders;
    let is_left_out = |&row: &usize| {
        let at = orders.stem.at[row];
        span.from <= at
            && at < span.until.min(span.observed)
            && cx.lens.has_place(orders.stem.place[row])
            && cx.lens.has_customer(part, orders.stem.customer[row])
            && cx.orders.counts(orders, row)
            && of_order(cx.orders, tables, row).is_none()
    };
    let rows = orders.stem.rows(part.customers.clone());
    Excluded { no_margin: rows.filter(is_left_out).count() as u64, ..Excluded::default() }
}

/// The orders that say a margin, and it.
fn known<'s>(seen: &'s Seen) -> impl Iterator<Item = (&'s Mark, i64)> {
    let of = |(_, order): (usize, &'s Mark)| {
        Some((order, of_order(seen.cx.orders, seen.tables, order.row.row())?))
    };
    seen.anchors(TouchType::ORDER).filter_map(of)
}

const COMMON: Measure =
    Measure { money: true, anchors: |_| Types::of([TouchType::ORDER]), left_out: unknown, ..Measure::BASE };

const ASKED: &[Parameter] = &[MIN_AMOUNT, DROP_RETURNED];

pub static GROSS_PROFIT: Measure = Measure {
    definition: Definition::scalar(
        "gross_profit",
        "Gross profit",
        "minor units",
        "The margins of the identified orders in range: what an order says, or else the sum of what its lines say, \
         if each of them says one. Orders without a margin, or with one in another currency than their amount, are \
         left out and counted. What came back later is not taken off.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    observe: |seen, hits| hits.extend(known(seen).map(|(order, margin)| Hit::of(order).part(margin))),
    ..COMMON
};

pub static GROSS_MARGIN: Measure = Measure {
    definition: Definition::scalar(
        "gross_margin",
        "Gross margin",
        "share of revenue",
        "Gross profit (see gross_profit) over the revenue of the same orders.",
    )
    .with(NO_INTERVAL, "Absent without an order that says a margin and is worth anything.")
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    stat: Stat::Quotient,
    observe: |seen, hits| {
        let hit =
            |(order, margin): (&Mark, i64)| Hit { whole: seen.worth(order), ..Hit::of(order).part(margin) };
        hits.extend(known(seen).map(hit));
    },
    ..COMMON
};
