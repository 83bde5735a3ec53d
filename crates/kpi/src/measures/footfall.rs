//! Figures of people who were counted without being known: entries by sensors at doors, reach and
//! followers as networks report them.

use crate::engine::hits::Hits;
use crate::engine::measure::{Ahead, ByPlace, Hit, Measure, Seen, Stat};
use crate::engine::records::Need;
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    CROSS, DROP_RETURNED, Definition, FACTORS, MIN_AMOUNT, NO_INTERVAL, SINGLE_VIEW,
};
use crate::ground::definition::{Parameter, parameter};
use crate::measures::conversion::{Entries, store_visits};
use crate::measures::engagement::interactions;

const COMMON: Measure = Measure { nobody: true, ..Measure::BASE };

const NO_COUNT: &str = "Absent where nobody was counted, or nothing was recorded.";

pub static FOOTFALL: Measure = Measure {
    definition: Definition::scalar(
        "footfall",
        "Footfall",
        "entries",
        "People who entered, as recorded by traffic counts: they stand beside visits and new contacts, which know \
         whom they count. A count takes part with the share of its interval in range, in proportion to time. Of \
         the filters only that by location selects counts.",
    )
    .from(FACTORS),
    need: Some(Need::Entries),
    ..COMMON
};

pub static REACHED: Measure = Measure {
    definition: Definition::scalar(
        "reached_people",
        "People reached",
        "people",
        "People reached, as recorded for channels and campaigns; the same person may be reached by several. A \
         record takes part with the share of its interval in range, in proportion to time. Of the filters only \
         that by channel selects records.",
    )
    .from(SINGLE_VIEW),
    need: Some(Need::Reach),
    ..COMMON
};

pub static ENGAGEMENT_OVER_REACH: Measure = Measure {
    definition: Definition::scalar(
        "engagement_over_reach",
        "Engagement over reach",
        "interactions per person reached",
        "Likes, shares, comments, mentions and follows in range, those of nobody too, over the people reached, as \
         recorded (see reached_people).",
    )
    .with(NO_INTERVAL, NO_COUNT)
    .revised(2)
    .from(SINGLE_VIEW),
    stat: Stat::Quotient,
    anchors: |_| Types::of([TouchType::SOCIAL_ENGAGEMENT]),
    observe: |seen, hits| {
        hits.extend(interactions(seen).map(|hit| Hit { whole: 0, ..hit }));
    },
    need: Some(Need::Reach),
    ..COMMON
};

pub static FOLLOWERS_GAINED: Measure = Measure {
    definition: Definition::scalar(
        "followers_gained",
        "Followers gained",
        "followers",
        "The difference between each recorded total of followers in range and the total recorded before it for \
         the same channel, at whatever time; a channel's first total gains nothing. Of the filters only that by \
         channel selects records.",
    )
    .from(SINGLE_VIEW),
    need: Some(Need::Followers),
    ..COMMON
};

const W: Parameter = parameter("window.days", "7", "W");
const KIND: Parameter = parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each");

const STORE: Measure = Measure {
    stat: Stat::Quotient,
    window_days: 7,
    ahead: Ahead::Window,
    in_stores: true,
    store_visits: true,
    anchors: |_| Types::of([TouchType::VISIT, TouchType::ORDER]),
    ..COMMON
};

pub static COUNTED_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "store_conversion_counted",
        "Store conversion by counted entries",
        "orders per entry",
        "Orders by physical channels in range, those of nobody too, at locations and times of which a traffic \
         count was recorded, over the entries counted there (see footfall).",
    )
    .with(NO_INTERVAL, NO_COUNT)
    .revised(2)
    .from(CROSS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    ahead: Ahead::Nothing,
    observe: |seen, hits| counted(seen, hits, false),
    need: Some(Need::Entries),
    ..STORE
};

pub static COUNTED_ADJUSTED: Measure = Measure {
    definition: Definition::scalar(
        "store_conversion_counted_adjusted",
        "Store conversion by counted entries, with showroomers",
        "orders and showroomers per entry",
        "As store_conversion_counted, with the customers who visited such a location at such a time and ordered by \
         an online channel within W after it and not by a physical one. A lower bound: of those who were only \
         counted nobody knows; ComputeStoreConversion gives both bounds.",
    )
    .with(NO_INTERVAL, NO_COUNT)
    .revised(2)
    .from(CROSS)
    .asking(&[W, KIND, MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| counted(seen, hits, true),
    need: Some(Need::Entries),
    by_place: ByPlace::Itself,
    ..STORE
};

/// Visits of customers where entries were being counted: no figure of its own.
pub static COUNTED_VISITS: Measure = Measure {
    observe: |seen, hits| {
        let entries = Entries { showroomers: true, orders: false, whole: 0 };
        store_visits(seen, hits, entries, |mark| {
            seen.who.is_some() && seen.cx.was_counted(mark.place, mark.at)
        });
    },
    ..STORE
};

/// Orders where entries were being counted, and if asked the visits there: those of showroomers
/// count one, others nothing, entries being what all is divided by.
fn counted(seen: &Seen, hits: &mut Hits, showroomers: bool) {
    let entries = Entries { showroomers, orders: true, whole: 0 };
    store_visits(seen, hits, entries, |mark| {
        let is_visit = mark.kind == TouchType::VISIT;
        seen.cx.was_counted(mark.place, mark.at) && !(is_visit && (!showroomers || seen.who.is_none()))
    });
}
