//! The mix as single figures.

use super::{ASKED, Sold, discounts, sold};
use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Hit, Measure, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{Definition, NO_ANCHOR, NO_INTERVAL, SINGLE_VIEW};

const COMMON: Measure = Measure {
    stat: Stat::Quotient,
    money: true,
    anchors: |_| Types::of([TouchType::ORDER]),
    ..Measure::BASE
};

fn of_line(order: &Mark, item: u32) -> Hit {
    Hit { item, ..Hit::of(order) }
}

fn each_line(seen: &Seen, mut visit: impl FnMut(&Mark, Sold)) {
    for (_, order) in seen.anchors(TouchType::ORDER) {
        sold(seen, order).for_each(|line| visit(order, line));
    }
}

/// The lines with a price; orders with one that cannot be converted are counted as left out.
fn each_priced(seen: &Seen, hits: &mut Hits, mut hit: impl FnMut(&Mark, &Sold, i64) -> Hit) {
    for (_, order) in seen.anchors(TouchType::ORDER) {
        let mut unconverted = false;
        for line in sold(seen, order) {
            unconverted |= line.unconverted;
            hits.extend(line.revenue.map(|revenue| hit(order, &line, revenue)));
        }
        if unconverted {
            hits.leave_out();
        }
    }
}

pub static UNITS_SOLD: Measure = Measure {
    definition: Definition::scalar(
        "units_sold",
        "Units sold",
        "units",
        "The quantity of the lines of the identified orders in range. By item: the product; by category: its \
         category. Each line counts as one.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASKED),
    stat: Stat::Sum,
    scale: 1_000.0,
    money: false,
    observe: |seen, hits| {
        each_line(seen, |order, line| hits.push(of_line(order, line.item).part(line.quantity)));
    },
    ..COMMON
};

pub static LINE_REVENUE: Measure = Measure {
    definition: Definition::scalar(
        "line_revenue",
        "Revenue of lines",
        "minor units",
        "Quantity times price, after discounts, of the lines of the identified orders in range that say a price, \
         each rounded to the minor unit.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASKED),
    stat: Stat::Sum,
    observe: |seen, hits| {
        each_priced(seen, hits, |order, line, revenue| of_line(order, line.item).part(revenue));
    },
    ..COMMON
};

pub static AVERAGE_UNIT_PRICE: Measure = Measure {
    definition: Definition::scalar(
        "average_unit_price",
        "Average price of a unit",
        "minor units",
        "The revenue of the lines of the identified orders in range that say a price (see line_revenue) over their \
         quantity. Numerator and denominator are in thousandths.",
    )
    .with(NO_INTERVAL, NO_ANCHOR)
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASKED),
    observe: |seen, hits| {
        each_priced(seen, hits, |order, line, revenue| Hit {
            whole: line.quantity,
            ..of_line(order, line.item).part(revenue.saturating_mul(1_000))
        });
    },
    ..COMMON
};

pub static DISCOUNT_SHARE: Measure = Measure {
    definition: Definition::scalar(
        "discount_share",
        "Share of discounts",
        "share of the price before discounts",
        "What was taken off the lines of the identified orders in range (their discount, or else list price less \
         price, times quantity), over that and their revenue (see line_revenue). A line and its discount count one \
         each.",
    )
    .with(NO_INTERVAL, "Absent without a line that says a price.")
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASKED),
    observe: |seen, hits| {
        for (_, order) in seen.anchors(TouchType::ORDER) {
            let mut unconverted = false;
            for line in sold(seen, order) {
                unconverted |= line.unconverted;
                hits.extend(line.revenue.map(|whole| Hit { whole, ..of_line(order, line.item) }));
            }
            for (item, off) in discounts(seen, order) {
                unconverted |= off.is_none();
                hits.extend(off.map(|off| Hit { whole: off, ..of_line(order, item).part(off) }));
            }
            if unconverted {
                hits.leave_out();
            }
        }
    },
    ..COMMON
};
