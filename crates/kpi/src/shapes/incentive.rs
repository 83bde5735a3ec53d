//! The incentive card: what a channel or a location sold, what it helped others to sell, and what
//! else it should reach. Its figures are measures; the card groups them and sets targets beside.

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Elsewhere, Hit, JOURNEY, Measure, Other, Params, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MIN_AMOUNT, NO_INTERVAL, ORDER_UNIT, Parameter, SINGLE_VIEW, parameter,
};
use crate::measures::journeys::journey;
use crate::shapes::attribution::apportioned;
use customer360_model::activity::{SocialKind, SubscriptionChange};

const COMMON: Measure = Measure { anchors: |_| Types::of([TouchType::ORDER]), ..Measure::BASE };

pub static RECEIPTS: Measure = Measure {
    definition: Definition::scalar(
        "receipts",
        "Receipts",
        "orders",
        "The orders in range, those of nobody too.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| {
        hits.extend(seen.orders().map(|nth| Hit::of(&seen.marks[nth]).part(1)));
    },
    nobody: true,
    ..COMMON
};

pub static SALES: Measure = Measure {
    definition: Definition::scalar(
        "sales",
        "Sales",
        "minor units",
        "What the orders in range are worth, those of nobody too, where they were placed.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    money: true,
    observe: |seen, hits| {
        let orders = seen.valued_orders();
        hits.extend(orders.map(|(nth, worth)| Hit::of(&seen.marks[nth]).part(worth)));
    },
    nobody: true,
    ..COMMON
};

const CREDITED: &[Parameter] = &[
    parameter("window.days", "30", "W before the order"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ORDER_UNIT,
    MIN_AMOUNT,
    DROP_RETURNED,
];
const ASSISTED: &[Parameter] = &[
    parameter("assisted_by", "CHANNEL", "what is elsewhere: another channel, or another location"),
    parameter("window.days", "30", "W before the order"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ORDER_UNIT,
    MIN_AMOUNT,
    DROP_RETURNED,
];

/// Linear credits of the orders in range: each with its order, at the touchpoints that led to it,
/// or at itself where none did. They sum to what the order is worth. Of a filter or a group those are
/// that were given there, wherever the order was placed.
fn credits(seen: &Seen) -> Vec<(Hit, usize)> {
    let mut credits = Vec::new();
    for (nth, worth) in seen.valued_orders_anywhere() {
        let order = &seen.marks[nth];
        let touches: Vec<&Mark> = journey(seen, nth).collect();
        if touches.is_empty() {
            credits.push((Hit::of(order).part(worth), nth));
            continue;
        }
        let other = Some(Other::of(order));
        let parts = apportioned(worth, &vec![1.0; touches.len()]);
        let hit = |(touch, part): (&&Mark, i64)| (Hit { other, ..Hit::of(touch).part(part) }, nth);
        credits.extend(touches.iter().zip(parts).map(hit));
    }
    credits.retain(|(credit, _)| seen.has_place(credit.place));
    credits
}

/// Whether a credit is given elsewhere than its order was placed.
fn is_elsewhere(seen: &Seen, credit: &Hit, order: usize) -> bool {
    let names = seen.cx.names;
    let (here, there) = (names.place(credit.place), names.place(seen.marks[order].place));
    match seen.cx.params.elsewhere {
        Elsewhere::Channel => here.channel != there.channel,
        Elsewhere::Location => here.location != there.location,
    }
}

pub static CREDITED_SALES: Measure = Measure {
    definition: Definition::scalar(
        "credited_sales",
        "Sales credited to what led to them",
        "minor units",
        "What the identified orders in range are worth, in equal parts (whole minor units, the first ones get what is \
         left over) credited to the touchpoints that led to each (see journey_length); an order without any is \
         credited to where it was placed. Credits sum to the sales to customers. Counted at the touchpoint, and filters ask for the \
         touchpoint: by channel and under the channel's filter the credits are the same. Channel by other channel: \
         what led to an order and where it was placed.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(CREDITED),
    window_days: 30,
    money: true,
    beside: |_| *JOURNEY,
    observe: |seen, hits| hits.extend(credits(seen).into_iter().map(|(hit, _)| hit)),
    ..COMMON
};

pub static ASSISTED_SALES: Measure = Measure {
    definition: Definition::scalar(
        "assisted_sales",
        "Sales assisted elsewhere",
        "minor units",
        "Of credited_sales, what is credited to touchpoints by another channel (or at another location; one that is \
         not said differs from all others) than the order's.",
    )
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(ASSISTED),
    window_days: 30,
    money: true,
    beside: |_| *JOURNEY,
    observe: |seen, hits| {
        let all = credits(seen).into_iter();
        hits.extend(all.filter(|(hit, order)| is_elsewhere(seen, hit, *order)).map(|(hit, _)| hit));
    },
    ..COMMON
};

pub static INTEGRATION_INDEX: Measure = Measure {
    definition: Definition::scalar(
        "integration_index",
        "Integration index",
        "share",
        "assisted_sales / (sales + assisted_sales): 0 where nothing helps others to sell, towards 1 where that is all \
         it does. By channel or location: sales by where they were placed, assistance by where it was given.",
    ).revised(2)
    .with(NO_INTERVAL, "Absent without sales.")
    .from(SINGLE_VIEW)
    .asking(ASSISTED),
    stat: Stat::Quotient,
    window_days: 30,
    money: true,
    beside: |_| *JOURNEY,
    observe: |seen, hits| {
        let own = seen.valued_orders();
        hits.extend(own.map(|(nth, worth)| Hit { whole: worth, ..Hit::of(&seen.marks[nth]) }));
        let all = credits(seen).into_iter().filter(|(hit, order)| is_elsewhere(seen, hit, *order));
        hits.extend(all.map(|(hit, _)| Hit { whole: hit.part, ..hit }));
    },
    ..COMMON
};

/// One kind of social engagement.
fn social(seen: &Seen, hits: &mut Hits, kind: SocialKind) {
    let its = seen.anchors(TouchType::SOCIAL_ENGAGEMENT).filter(|(_, mark)| mark.detail == kind as u8);
    hits.extend(its.map(|(_, mark)| Hit::of(mark).part(1)));
}

const SOCIAL: Measure =
    Measure { nobody: true, anchors: |_: &Params| Types::of([TouchType::SOCIAL_ENGAGEMENT]), ..COMMON };

const fn engaged(id: &'static str, name: &'static str, formula: &'static str) -> Definition {
    Definition::scalar(id, name, id, formula).from(SINGLE_VIEW)
}

pub static LIKES: Measure = Measure {
    definition: engaged("likes", "Likes", "Likes in range, those of nobody too. By item: the network."),
    observe: |seen, hits| social(seen, hits, SocialKind::Like),
    ..SOCIAL
};

pub static SHARES: Measure = Measure {
    definition: engaged(
        "shares",
        "Shares",
        "Shares on social networks in range, those of nobody too. By item: the network.",
    ),
    observe: |seen, hits| social(seen, hits, SocialKind::Share),
    ..SOCIAL
};

pub static MENTIONS: Measure = Measure {
    definition: engaged(
        "mentions",
        "Mentions",
        "Mentions of the retailer on social networks in range, those of nobody too. By item: the network.",
    ),
    observe: |seen, hits| social(seen, hits, SocialKind::Mention),
    ..SOCIAL
};

pub static SUBSCRIPTIONS: Measure = Measure {
    definition: engaged(
        "subscriptions",
        "Subscriptions",
        "Newsletters and loyalty programmes joined in range; what nobody joins does not count.",
    ),
    anchors: |_| Types::of([TouchType::SUBSCRIPTION]),
    observe: |seen, hits| {
        let joins = |mark: &Mark| mark.detail % 8 == SubscriptionChange::Joined as u8;
        let all = seen.anchors(TouchType::SUBSCRIPTION).filter(|(_, mark)| joins(mark));
        hits.extend(all.map(|(_, mark)| Hit::of(mark).part(1)));
    },
    ..COMMON
};
