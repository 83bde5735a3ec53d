//! Baskets: what orders are worth, and what is bought together.

use crate::engine::measure::{FROM_ZERO, Hit, Measure, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, FACTORS, MEAN, MIN_AMOUNT, NO_ANCHOR, ORDER_UNIT, QUANTILE,
};

const COMMON: Measure = Measure {
    stat: Stat::Mean,
    nobody: true,
    bounds: FROM_ZERO,
    anchors: |_| Types::of([TouchType::ORDER]),
    ..Measure::BASE
};

pub static AVERAGE_ORDER_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "average_order_value",
        "Average order value",
        "minor units",
        "The mean amount of the orders in range, those of nobody too, in one currency: amounts in others are converted at \
         the rate of the order's date, or else excluded and counted. By customer day, the amounts of a \
         customer's orders on one local day are one.",
    )
    .revised(2)
    .with(MEAN, NO_ANCHOR)
    .from(FACTORS)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    money: true,
    observe: |seen, hits| {
        let orders = seen.valued_orders();
        hits.extend(orders.map(|(nth, worth)| Hit::of(&seen.marks[nth]).part(worth)));
    },
    ..COMMON
};

pub static MEDIAN_ORDER_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "median_order_value",
        "Order value, median",
        "minor units",
        "The median amount of the orders that average_order_value counts: a few large ones do not move it.",
    )
    .with(QUANTILE, NO_ANCHOR)
    .from(FACTORS)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Quantile(0.5),
    ..AVERAGE_ORDER_VALUE
};

pub static ITEMS_PER_ORDER: Measure = Measure {
    definition: Definition::scalar(
        "items_per_order",
        "Items per order",
        "items",
        "The mean quantity of all lines together, over the orders in range that have lines, those of nobody too. A \
         line of quantity 0 was not bought.",
    )
    .revised(2)
    .with(MEAN, NO_ANCHOR)
    .from(FACTORS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    scale: 1_000.0,
    observe: |seen, hits| {
        for (_, mark) in seen.anchors(TouchType::ORDER) {
            let rows = seen.lines_of(mark);
            if !rows.is_empty() {
                let items = seen.tables.lines.quantity[rows].iter().map(|quantity| quantity.milli());
                hits.push(Hit::of(mark).part(items.sum()));
            }
        }
    },
    ..COMMON
};
