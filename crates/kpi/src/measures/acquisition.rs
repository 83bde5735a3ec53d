//! What new customers cost.

use crate::catalogue::{DROP_RETURNED, Definition, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, TOUCHPOINTS};
use crate::engine::events::Types;
use crate::engine::ledger::{RecordHit, part_in};
use crate::engine::measure::{Context, Hit, Measure, Other, Seen, Span, Stat};
use crate::facts::fact::TouchType;
use crate::ground::money::worth;
use customer360_model::{Money, TimeRange};

/// What was spent to win customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    pub channel: String,
    /// Empty: all together.
    pub campaign: String,
    /// Not empty.
    pub interval: TimeRange,
    pub amount: Money,
}

/// What was spent in a span, and how many records were left out for their currency.
pub(crate) fn spent(cx: &Context, span: Span) -> (Vec<RecordHit>, u64) {
    let (mut hits, mut excluded) = (Vec::new(), 0);
    let scope = cx.lens.scope;
    let in_scope = |spend: &&Spend| scope.channels.is_empty() || scope.channels.contains(&spend.channel);
    for spend in cx.params.spend.iter().filter(in_scope) {
        let amount = match scope.currency {
            Some(currency) => worth(&scope.rates, spend.amount, currency, spend.interval.from.0),
            None => Some(spend.amount.minor),
        };
        match part_in(spend.interval, amount.unwrap_or(0), span) {
            Some((at, part)) if amount.is_some() => {
                let (channel, campaign) = (spend.channel.clone(), spend.campaign.clone());
                hits.push(RecordHit { at, channel, campaign, part, ..RecordHit::default() });
            }
            found => excluded += u64::from(found.is_some()),
        }
    }
    (hits, excluded)
}

/// A customer whose first order ever is in range, at their first touchpoint of any kind: there they
/// were won.
fn new_customer(seen: &Seen) -> Option<Hit> {
    let order = seen.marks.iter().find(|mark| mark.kind == TouchType::ORDER)?;
    let first = seen.first()?.hit;
    let other = Some(Other::of(order));
    let in_range = seen.span.from <= order.at && order.at < seen.span.until;
    let counts = in_range && seen.cx.lens.has_place(first.place);
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
        )
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
        .with(NO_INTERVAL, NO_ANCHOR)
        .from(TOUCHPOINTS)
        .asking(&[MIN_AMOUNT, DROP_RETURNED])
    },
    money: true,
    observe: |seen, hits| hits.extend(new_customer(seen)),
    ..COMMON
};
