//! Trials: what people try, and whether they buy it.

use rustc_hash::FxHashMap;

use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, ByPlace, Context, FROM_ZERO, Hit, Measure, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, FACTORS, MEAN, MIN_AMOUNT, NO_ANCHOR, WILSON, parameter,
};
use crate::ground::small_map::Few;

const COMMON: Measure =
    Measure { stat: Stat::Share, anchors: |_| Types::of([TouchType::PRODUCT_TRIAL]), ..Measure::BASE };

/// The product that an item is or belongs to; `None` for one without a name.
pub(crate) fn product(cx: &Context, item: u32) -> Option<u32> {
    cx.names.items().product(item)
}

/// Whether an order has a line of a product.
fn buys(seen: &Seen, order: &Mark, product_wanted: u32) -> bool {
    let mut lines = seen.lines_of(order);
    lines.any(|row| product(seen.cx, seen.tables.lines.item[row]) == Some(product_wanted))
}

pub static TRIAL_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "trial_conversion",
        "Trial conversion",
        "share of products tried",
        "Of the customers and products that they tried in range (each pair once, at the first trial in range), the \
         share that the customer ordered within W, by any channel. Trials that name no product are left out, and \
         orders without lines are of no product. By item: the product; channel by other channel: where it was \
         tried and where bought.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(&[
        parameter("window.days", "14", "W"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
        MIN_AMOUNT,
        DROP_RETURNED,
    ]),
    window_days: 14,
    ahead: Ahead::Window,
    beside: |_| Types::of([TouchType::ORDER]),
    observe: |seen, hits| {
        let mut tried = Few::new();
        for (nth, mark) in seen.anchors(TouchType::PRODUCT_TRIAL) {
            let product = product(seen.cx, seen.item(mark)).filter(|&product| tried.is_new(product));
            let Some(product) = product else { continue };
            hits.push(seen.asked(nth, |later| later.kind == TouchType::ORDER && buys(seen, later, product)));
        }
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

/// What touchpoints of one visit have in common: the visit that they name, or where they name none
/// the local day, the channel and the location.
pub(crate) type VisitKey = (u32, usize, u32, Option<u32>);

pub(crate) fn visit_key(seen: &Seen, mark: &Mark) -> VisitKey {
    match seen.tie(mark) {
        0 => {
            let place = seen.cx.names.place(mark.place);
            (0, seen.cx.days.index(mark.at), place.channel, place.location)
        }
        visit => (visit, 0, 0, None),
    }
}

pub static PRODUCTS_TRIED: Measure = Measure {
    definition: Definition::scalar(
        "products_tried_per_visit",
        "Products tried per visit",
        "products",
        "The mean number of products tried in a visit, over the visits in which anything was tried in range. Trials \
         that name the same visit are of one; those that name none, on the same local day by the same channel at \
         the same location. A product counts once a visit; each trial that names no product counts as one.",
    )
    .with(MEAN, NO_ANCHOR)
    .revised(2)
    .from(FACTORS),
    stat: Stat::Mean,
    bounds: FROM_ZERO,
    observe: |seen, hits| {
        let mut visits: Vec<(&Mark, Vec<u32>, i64)> = Vec::new();
        let mut known: FxHashMap<VisitKey, usize> = FxHashMap::default();
        for (_, mark) in seen.anchors(TouchType::PRODUCT_TRIAL) {
            let nth = *known.entry(visit_key(seen, mark)).or_insert_with(|| {
                visits.push((mark, Vec::new(), 0));
                visits.len() - 1
            });
            let (_, products, nameless) = &mut visits[nth];
            match product(seen.cx, seen.item(mark)) {
                Some(product) if products.contains(&product) => {}
                Some(product) => products.push(product),
                None => *nameless += 1,
            }
        }
        let tried = |(first, products, nameless): (&Mark, Vec<u32>, i64)| {
            Hit::of(first).part(products.len() as i64 + nameless)
        };
        hits.extend(visits.into_iter().map(tried));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};
