//! By how many channels, and by which, customers deal with the retailer; and what those of the
//! loyalty programme are worth.

use crate::engine::channels_used::{CHANNELS_LIMIT, each_use};
use crate::engine::hits::Added;
use crate::engine::mark::Mark;
use crate::engine::measure::{ByPlace, Context, Hit, Measure, Params, Seen, Span, Stat};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Part;
use crate::facts::touch_types::Types;
use crate::ground::answer::Tally;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MEAN, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, ORDER_UNIT, TOUCHPOINTS, WILSON,
};
use customer360_model::activity::{SubscriptionChange, SubscriptionProgramme};

fn everything(_: &Params) -> Types {
    Types::all()
}

fn orders(_: &Params) -> Types {
    Types::of([TouchType::ORDER])
}

fn subscriptions(_: &Params) -> Types {
    Types::of([TouchType::SUBSCRIPTION])
}

const COMMON: Measure = Measure { stat: Stat::Customers, anchors: everything, ..Measure::BASE };

/// What a customer did in range, anywhere.
pub(crate) fn own<'s>(seen: &'s Seen) -> impl Iterator<Item = &'s Mark> {
    let span = seen.span;
    let in_range = move |mark: &&Mark| span.from <= mark.at && mark.at < span.until;
    seen.marks.iter().filter(in_range).filter(|mark| mark.is_made())
}

/// The first touchpoint by another channel than the first one.
fn elsewhere<'s>(seen: &'s Seen) -> Option<&'s Mark> {
    let first = seen.cx.channel(own(seen).next()?.place);
    own(seen).find(|mark| seen.cx.channel(mark.place) != first)
}

pub static ACTIVE_CUSTOMERS: Measure = Measure {
    definition: Definition::scalar(
        "active_customers",
        "Active customers",
        "customers",
        "Customers who did anything in range: any touchpoint but an impression or a message that was not opened. \
         Grouped by channel a customer counts once in each, so groups do not add up to the total.",
    )
    .from(TOUCHPOINTS),
    observe: |seen, hits| {
        hits.extend(own(seen).filter(|mark| seen.counts(mark)).map(|mark| Hit::of(mark).part(1)));
    },
    ..COMMON
};

pub static OMNICHANNEL_SHARE: Measure = Measure {
    definition: Definition::scalar(
        "omnichannel_share",
        "Omnichannel customers",
        "share of customers",
        "Of the customers who did anything in range and scope (any touchpoint but an impression or a message that \
         was not opened), the share that used two channels or more in range, in scope or not.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS),
    stat: Stat::Share,
    observe: |seen, hits| {
        let first = own(seen).find(|mark| seen.counts(mark));
        hits.extend(first.map(|mark| Hit::of(mark).answered(elsewhere(seen))));
    },
    at_once: Some(by_several),
    by_place: ByPlace::Itself,
    ..COMMON
};

/// How many of the customers used several channels, without the order of what they did.
fn by_several(cx: &Context, part: &Part, span: Span) -> Option<(Added, Tally)> {
    if cx.names.channels.len() > CHANNELS_LIMIT {
        return None;
    }
    let bits: Vec<u64> = cx.names.places().iter().map(|place| 1 << place.channel).collect();
    // By customer: the channels, and whether any touchpoint is in scope.
    let mut did = vec![(0_u64, false); part.customers.len()];
    each_use(
        &part.segment.tables,
        |stem| stem.rows(part.customers.clone()),
        |stem, row| {
            if span.counts(stem.at[row]) {
                let (channels, in_scope) = &mut did[(stem.customer[row] - part.customers.start) as usize];
                *channels |= bits[usize::from(stem.place[row])];
                *in_scope |= cx.lens.has_place(stem.place[row]);
            }
        },
    );
    let (mut sum, mut tally) = (Added::default(), Tally::default());
    for (customer, &(channels, in_scope)) in part.customers.clone().zip(&did) {
        if in_scope && cx.lens.has_customer(part, customer) {
            sum.count(1, i64::from(channels.count_ones() > 1));
            tally.count(1, part.segment.customers.registered[customer as usize]);
        }
    }
    Some((sum, tally))
}

pub static CHANNELS_USED: Measure = Measure {
    definition: Definition::scalar(
        "channels_used",
        "Channels used by a customer, mean",
        "channels",
        "The mean number of channels that customers used in range, in scope or not, over those who did anything in \
         range and scope (any touchpoint but an impression or a message that was not opened).",
    )
    .with(MEAN, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS),
    stat: Stat::Mean,
    bounds: (1.0, f64::INFINITY),
    observe: |seen, hits| {
        let first = own(seen).find(|mark| seen.counts(mark));
        let mut channels: Vec<u32> = own(seen).map(|mark| seen.cx.channel(mark.place)).collect();
        channels.sort_unstable();
        channels.dedup();
        hits.extend(first.map(|mark| Hit::of(mark).part(channels.len() as i64)));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static OMNICHANNEL_REVENUE: Measure = Measure {
    definition: Definition::scalar(
        "omnichannel_revenue_share",
        "Revenue of omnichannel customers",
        "share of revenue",
        "Of what the identified orders in range are worth, the share of customers who used two channels or more in \
         range (see omnichannel_share).",
    )
    .with(NO_INTERVAL, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Quotient,
    money: true,
    anchors: orders,
    beside: everything,
    observe: |seen, hits| {
        let other = elsewhere(seen);
        hits.extend(seen.valued_orders().map(|(nth, worth)| {
            let part = if other.is_some() { worth } else { 0 };
            Hit { whole: worth, ..Hit::of(&seen.marks[nth]).answered(other).part(part) }
        }));
    },
    ..COMMON
};

pub static REVENUE: Measure = Measure {
    definition: Definition::scalar(
        "revenue",
        "Revenue",
        "minor units",
        "What the orders in range are worth together, those of nobody too, before returns.",
    )
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Sum,
    money: true,
    nobody: true,
    anchors: orders,
    observe: |seen, hits| {
        hits.extend(seen.valued_orders().map(|(nth, worth)| Hit::of(&seen.marks[nth]).part(worth)));
    },
    ..COMMON
};

const LOYALTY: u8 = SubscriptionProgramme::Loyalty as u8 * 8;
const JOINED: u8 = LOYALTY + SubscriptionChange::Joined as u8;
const LEFT: u8 = LOYALTY + SubscriptionChange::Left as u8;

/// The last event of the loyalty programme before an instant, if it says that the customer is in it:
/// any but leaving.
fn membership<'s>(seen: &'s Seen, before: i64) -> Option<&'s Mark> {
    let is_loyalty = |mark: &&Mark| mark.kind == TouchType::SUBSCRIPTION && mark.detail & !7 == LOYALTY;
    let last = seen.marks.iter().take_while(|mark| mark.at < before).filter(is_loyalty).last();
    last.filter(|mark| mark.detail != LEFT)
}

pub static PROGRAMME_JOINED: Measure = Measure {
    definition: Definition::scalar(
        "programme_joined",
        "Joined the loyalty programme",
        "customers",
        "Customers who joined the loyalty programme in range.",
    )
    .from(TOUCHPOINTS),
    anchors: subscriptions,
    observe: |seen, hits| {
        let joined = seen.anchors(TouchType::SUBSCRIPTION).filter(|(_, mark)| mark.detail == JOINED);
        hits.extend(joined.map(|(_, mark)| Hit::of(mark).part(1)));
    },
    ..COMMON
};

/// The standing of a member at the end of the range, if it is in scope.
fn member<'s>(seen: &'s Seen) -> Option<&'s Mark> {
    membership(seen, seen.span.until).filter(|mark| seen.has_place(mark.place))
}

pub static PROGRAMME_MEMBERS: Measure = Measure {
    definition: Definition::scalar(
        "programme_members",
        "Members of the loyalty programme",
        "customers",
        "Customers whose last event of the loyalty programme before the end of the range (joining, points earned or \
         redeemed) is not leaving. Filters by channel, location and source select that event.",
    )
    .from(TOUCHPOINTS),
    anchors: subscriptions,
    observe: |seen, hits| hits.extend(member(seen).map(|mark| Hit::of(mark).part(1))),
    ..COMMON
};

pub static PROGRAMME_ACTIVE: Measure = Measure {
    definition: Definition::scalar(
        "programme_active_share",
        "Active members",
        "share of members",
        "Of the members of the loyalty programme at the end of the range (see programme_members), the share with an \
         order in range, by any channel.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Share,
    anchors: subscriptions,
    beside: orders,
    observe: |seen, hits| {
        let order = own(seen).find(|mark| mark.kind == TouchType::ORDER);
        hits.extend(member(seen).map(|mark| Hit::of(mark).answered(order)));
    },
    ..COMMON
};

pub static PROGRAMME_REVENUE: Measure = Measure {
    definition: Definition::scalar(
        "programme_revenue_share",
        "Revenue of members",
        "share of revenue",
        "Of what the identified orders in range are worth, the share of orders made by members of the loyalty \
         programme: whose last event of the programme before the order is not leaving.",
    )
    .with(NO_INTERVAL, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Quotient,
    money: true,
    anchors: orders,
    beside: subscriptions,
    observe: |seen, hits| {
        hits.extend(seen.valued_orders().map(|(nth, worth)| {
            let order = &seen.marks[nth];
            let standing = membership(seen, order.at);
            let part = if standing.is_some() { worth } else { 0 };
            Hit { whole: worth, ..Hit::of(order).answered(standing).part(part) }
        }));
    },
    ..COMMON
};
