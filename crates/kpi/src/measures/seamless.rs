//! Seamlessness: whether people must repeat themselves when they change the channel.

use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, Hit, JOURNEY, Measure, Other, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, MIN_AMOUNT, NO_ANCHOR, TOUCHPOINTS, WILSON, parameter,
};
use crate::measures::care::{each_opened, is};
use crate::measures::journeys::journey;
use customer360_model::activity::ContactStage;

const COMMON: Measure = Measure {
    stat: Stat::Share,
    window_days: 7,
    ahead: Ahead::Window,
    anchors: |_| Types::of([TouchType::SERVICE_CONTACT]),
    ..Measure::BASE
};

/// Whether the customer says something, rather than the retailer.
fn asks(mark: &Mark) -> bool {
    mark.kind == TouchType::SERVICE_CONTACT
        && [ContactStage::Opened, ContactStage::FollowUp, ContactStage::Reopened].iter().any(|&s| is(mark, s))
}

pub static CASES_REPEATED: Measure = Measure {
    definition: Definition::scalar(
        "cases_repeated_elsewhere",
        "Cases repeated on another channel",
        "share of cases",
        "Of the cases opened in range (see first_reply), the share for which the customer turned to another channel \
         within W: an opening, a follow-up or a reopening by another channel than the opening's, of the same case \
         or for the same reason. Channel by other channel: where it began and where it was repeated.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[
        parameter("window.days", "7", "W"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ]),
    observe: |seen, hits| {
        each_opened(seen, |case, opening| {
            let same = |later: &Mark, of: &dyn Fn(&Mark) -> u32| of(later) != 0 && of(later) == of(opening);
            let elsewhere = |later: &Mark| {
                asks(later)
                    && seen.cx.channel(later.place) != seen.cx.channel(opening.place)
                    && (same(later, &|mark| seen.tie(mark)) || same(later, &|mark| seen.item(mark)))
            };
            hits.push(seen.asked(case.opened, elsewhere));
        });
    },
    ..COMMON
};

/// Kinds of touchpoints in which a customer does something about a subject that is known.
const DOINGS: [TouchType; 5] = [
    TouchType::PRODUCT_VIEW,
    TouchType::CONVERSATION,
    TouchType::ADVICE,
    TouchType::OFFER_SHOWN,
    TouchType::PRODUCT_TRIAL,
];

/// Whether a touchpoint does again what an earlier one by another channel did.
fn repeats(seen: &Seen, earlier: &[&Mark], mark: &Mark) -> bool {
    let item = seen.item(mark);
    let same = |e: &&Mark| {
        let elsewhere = seen.cx.channel(e.place) != seen.cx.channel(mark.place);
        elsewhere && e.kind == mark.kind && seen.item(e) == item
    };
    DOINGS.contains(&mark.kind) && item != 0 && earlier.iter().any(same)
}

pub static SEAMLESS_SWITCHES: Measure = Measure {
    definition: Definition::scalar(
        "seamless_switches",
        "Channel switches without a repeat",
        "share of channel switches",
        "Of the changes of channel between consecutive touchpoints of the journeys to identified orders in range (see \
         journey_length), the share after which the customer did not do again at once what they had done before in \
         that journey by another channel: view the same product, talk or be advised about it, be shown the same \
         offer, try the same product. Counted at the touchpoint after the change, for which filters ask. Channel by other channel: to \
         where and from where.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(&[
        parameter("window.days", "30", "W before the order"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
        MIN_AMOUNT,
        DROP_RETURNED,
    ]),
    window_days: 30,
    ahead: Ahead::Nothing,
    anchors: |_| Types::of([TouchType::ORDER]),
    beside: |_| *JOURNEY,
    observe: |seen, hits| {
        let orders = seen.marks.iter().enumerate().filter(|(_, mark)| mark.kind == TouchType::ORDER);
        for (nth, _) in orders.filter(|(_, order)| seen.span.counts(order.at)) {
            let touches: Vec<&Mark> = journey(seen, nth).collect();
            for (before, pair) in touches.windows(2).enumerate() {
                let [from, to] = pair else { continue };
                if seen.cx.channel(from.place) == seen.cx.channel(to.place) || !seen.has_place(to.place) {
                    continue;
                }
                let repeated = repeats(seen, &touches[..=before], to);
                let other = Some(Other::of(from));
                hits.push(Hit { other, ..Hit::of(to).part(i64::from(!repeated)) });
            }
        }
    },
    ..COMMON
};
