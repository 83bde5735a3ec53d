//! Upselling and cross-selling: offers of more, of better, of something beside it.

use smallvec::SmallVec;

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, ByPlace, FROM_ZERO, Hit, Measure, Seen, Stat, nothing};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MEAN, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, Parameter, TOUCHPOINTS, WILSON,
    parameter,
};
use crate::ground::small_map::Few;
use customer360_model::activity::OfferKind;

const COMMON: Measure = Measure {
    stat: Stat::Share,
    window_days: 14,
    ahead: Ahead::Window,
    by_offer: true,
    anchors: |_| Types::of([TouchType::OFFER_SHOWN]),
    beside: |_| Types::of([TouchType::OFFER_ACCEPTED, TouchType::ORDER]),
    ..Measure::BASE
};

const WINDOW: &[Parameter] = &[
    parameter("window.days", "14", "W"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    MIN_AMOUNT,
    DROP_RETURNED,
];

/// Where an offer of more or of something beside it was shown, each once, and whether it was taken.
fn shown<'s>(seen: &'s Seen) -> impl Iterator<Item = Hit> + 's {
    let asks_more =
        |mark: &Mark| mark.detail == OfferKind::Upsell as u8 || mark.detail == OfferKind::CrossSell as u8;
    let all = seen.anchors(TouchType::OFFER_SHOWN).filter(move |(_, mark)| asks_more(mark));
    let offers = all.map(|(nth, mark)| (nth, seen.item(mark))).filter(|&(_, offer)| offer != 0);
    let mut known = Few::new();
    let firsts = offers.filter(move |&(_, offer)| known.is_new(offer));
    firsts.map(|(nth, offer)| seen.asked(nth, |later| takes(later) && seen.item(later) == offer))
}

fn takes(mark: &Mark) -> bool {
    mark.kind == TouchType::OFFER_ACCEPTED || mark.kind == TouchType::ORDER
}

pub static UPSELL_ACCEPTANCE: Measure = Measure {
    definition: Definition::scalar(
        "upsell_acceptance",
        "Accepted upsell and cross-sell offers",
        "share of offers shown",
        "Of the customers and the upsell or cross-sell offers shown to them in range (each pair once, at the first \
         showing in range), the share that accepted the same offer, or placed an order that names it, within W, by \
         any channel. By item: the offer.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(WINDOW),
    observe: |seen, hits| hits.extend(shown(seen)),
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static UPSELL_CUSTOMERS: Measure = Measure {
    definition: Definition::scalar(
        "upsell_customers",
        "Customers who accept upsell and cross-sell offers",
        "share of customers shown one",
        "Of the customers shown an upsell or cross-sell offer in range, the share that accepted one of them (see \
         upsell_acceptance). A customer counts at the first offer that was accepted, otherwise at the first.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(WINDOW),
    observe: |seen, hits| {
        let all: SmallVec<[Hit; 4]> = shown(seen).collect();
        let censored = all.iter().any(|hit| hit.censored);
        let best = all.iter().find(|hit| hit.part > 0).or(all.first());
        hits.extend(best.map(|hit| Hit { censored, ..*hit }));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

const ORDERS: Measure = Measure {
    window_days: 0,
    ahead: Ahead::Nothing,
    by_offer: false,
    money: true,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: nothing,
    ..COMMON
};

pub static UPSELL_REVENUE_SHARE: Measure = Measure {
    definition: Definition::scalar(
        "upsell_revenue_share",
        "Revenue from upselling and cross-selling",
        "share of revenue",
        "What the identified orders in range are worth that name the upsell or cross-sell offer they answer, over \
         what all of them are worth.",
    )
    .with(NO_INTERVAL, "Absent without revenue.")
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Quotient,
    observe: |seen, hits| {
        for (_, mark) in seen.anchors(TouchType::ORDER) {
            let worth = seen.worth(mark);
            let part = if seen.item(mark) == 0 { 0 } else { worth };
            hits.push(Hit { whole: worth, ..Hit::of(mark).part(part) });
        }
    },
    ..ORDERS
};

fn valued(seen: &Seen, hits: &mut Hits, with: bool) {
    let orders = seen.anchors(TouchType::ORDER).filter(|(_, mark)| (seen.item(mark) != 0) == with);
    hits.extend(orders.map(|(_, mark)| Hit::of(mark).part(seen.worth(mark))));
}

pub static UPSELL_ORDER_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "upsell_order_value",
        "Average value of orders with an upsell or cross-sell",
        "minor units",
        "The mean amount of the identified orders in range that name the upsell or cross-sell offer they answer; \
         plain_order_value is that of the others.",
    )
    .with(MEAN, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Mean,
    bounds: FROM_ZERO,
    observe: |seen, hits| valued(seen, hits, true),
    ..ORDERS
};

pub static PLAIN_ORDER_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "plain_order_value",
        "Average value of orders without an upsell or cross-sell",
        "minor units",
        "The mean amount of the identified orders in range that name no offer.",
    )
    .with(MEAN, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Mean,
    bounds: FROM_ZERO,
    observe: |seen, hits| valued(seen, hits, false),
    ..ORDERS
};
