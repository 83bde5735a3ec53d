//! Awareness: visits, where they come from, how long they last, and who is reached.

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, ByPlace, FROM_ZERO, Hit, Measure, Params, Seen, Stat, nothing};
use crate::facts::fact::TouchType;
use crate::facts::tables::UNKNOWN;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    Definition, FACTORS, MEAN, NO_ANCHOR, PHASES, Parameter, QUANTILE, TOUCHPOINTS, WILSON, parameter,
};
use crate::ground::small_map::Few;
use customer360_model::activity::MessageStatus;

const WINDOW: &[Parameter] = &[
    parameter("window.days", "7", "W"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
];

fn visits(_: &Params) -> Types {
    Types::of([TouchType::VISIT])
}

fn reaching(_: &Params) -> Types {
    Types::of([TouchType::IMPRESSION, TouchType::MESSAGE])
}

fn clicking(_: &Params) -> Types {
    Types::of([TouchType::AD_CLICK])
}

fn identifying(_: &Params) -> Types {
    Types::of([TouchType::REGISTRATION, TouchType::LOGIN])
}

pub static VISITS: Measure = Measure {
    definition: Definition::scalar(
        "visits",
        "Visits",
        "visits",
        "Touchpoints of type visit in range, those of nobody too (footfall, sessions without a name). By item: \
         the campaign that a visit came from, as the shop's tagging names it; by category: the channel it came \
         from.",
    )
    .from(FACTORS),
    stat: Stat::Sum,
    scale: 1.0,
    window_days: 0,
    money: false,
    nobody: true,
    anchors: visits,
    beside: nothing,
    each_one: true,
    ..Measure::BASE
};

pub static VISITORS: Measure = Measure {
    definition: Definition::scalar(
        "visitors",
        "Visitors",
        "customers",
        "Distinct customers with a visit in range. Grouped by channel a customer counts once in each, so groups \
         do not add up to the total.",
    )
    .from(FACTORS),
    stat: Stat::Customers,
    each_one: true,
    ..VISITS_LIKE
};

/// What measures of visits have in common.
const VISITS_LIKE: Measure = Measure { anchors: visits, ..Measure::BASE };

/// Whether a message or an advertisement got to the person.
fn reaches(mark: &Mark) -> bool {
    match mark.kind {
        TouchType::IMPRESSION => true,
        TouchType::MESSAGE => mark.detail != MessageStatus::Sent as u8,
        _ => false,
    }
}

pub static VISIT_RATE: Measure = Measure {
    definition: Definition::scalar(
        "visit_rate",
        "Visit rate",
        "share of customers",
        "Of the customers reached in range (an impression, or a message delivered, opened or clicked; the first \
         such counts), the share with a visit, by any channel, within W after it.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(WINDOW),
    stat: Stat::Share,
    window_days: 7,
    ahead: Ahead::Window,
    anchors: reaching,
    beside: visits,
    observe: |seen, hits| {
        let mut reached = seen.marks.iter().enumerate();
        let first = reached.find(|(_, mark)| reaches(mark) && seen.counts(mark));
        hits.extend(first.map(|(nth, _)| seen.asked(nth, |mark| mark.kind == TouchType::VISIT)));
    },
    by_place: ByPlace::Itself,
    ..VISITS_LIKE
};

pub static NEW_CONTACTS: Measure = Measure {
    definition: Definition::scalar(
        "new_contacts",
        "New contacts",
        "customers",
        "Customers whose first touchpoint ever that they made, of any type, lies in range and scope; what was only \
         sent or shown to them is none. What is merged later is one contact, with the earliest of its touchpoints.",
    )
    .revised(2)
    .from(TOUCHPOINTS),
    stat: Stat::Customers,
    anchors: |_| Types::all(),
    first: true,
    observe: |seen, hits| {
        let first = seen.first().map(|first| first.hit);
        hits.extend(first.filter(|hit| seen.has(hit.at, hit.place)).map(|hit| hit.part(1)));
    },
    ..VISITS_LIKE
};

pub static KNOWN_VISITORS: Measure = Measure {
    definition: Definition::scalar(
        "known_visitor_share",
        "Known visitors",
        "share of customers",
        "Of the customers with a visit in range, the share that had any touchpoint before the first of them: \
         known, as opposed to new.",
    )
    .revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(FACTORS),
    stat: Stat::Share,
    beside: |_| Types::all(),
    first: true,
    observe: |seen, hits| {
        let is_known = |mark: &Mark| seen.first().is_some_and(|first| first.number != seen.number(mark));
        let visit = seen.anchors(TouchType::VISIT).next();
        hits.extend(visit.map(|(_, mark)| Hit::of(mark).part(i64::from(is_known(mark)))));
    },
    by_place: ByPlace::Itself,
    ..VISITS_LIKE
};

pub static IDENTIFICATION_RATE: Measure = Measure {
    definition: Definition::scalar(
        "identification_rate",
        "Identification rate",
        "share of customers",
        "Of the customers with a visit in range, the share that is registered by what is known at the answer's \
         revision.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS),
    stat: Stat::Share,
    observe: |seen, hits| {
        let first = seen.anchors(TouchType::VISIT).next();
        hits.extend(first.map(|(_, mark)| Hit::of(mark).part(i64::from(seen.is_registered()))));
    },
    by_place: ByPlace::Itself,
    ..VISITS_LIKE
};

pub static NEWLY_IDENTIFIED: Measure = Measure {
    definition: Definition::scalar(
        "newly_identified",
        "Newly identified customers",
        "customers",
        "Customers whose first registration or login ever lies in range and scope, after an earlier touchpoint \
         of another type: they were anonymous before.",
    ).revised(2)
    .from(TOUCHPOINTS),
    stat: Stat::Customers,
    anchors: identifying,
    beside: |_| Types::all(),
    first: true,
    observe: |seen, hits| {
        let named = |mark: &&Mark| mark.kind == TouchType::REGISTRATION || mark.kind == TouchType::LOGIN;
        let was_known = |mark: &&Mark| seen.first().is_some_and(|first| first.number != seen.number(mark));
        let named = seen.marks.iter().find(named).filter(was_known);
        hits.extend(named.filter(|mark| seen.counts(mark)).map(|mark| Hit::of(mark).part(1)));
    },
    ..VISITS_LIKE
};

pub static CLICK_THROUGH_RATE: Measure = Measure {
    definition: Definition::scalar(
        "click_through_rate",
        "Click-through rate",
        "share of pieces shown",
        "Of the advertisements shown and messages delivered in range (each customer and advertisement or message \
         once, at its first touchpoint; a message that was opened or clicked was delivered), the share that the \
         same customer clicked within W. Without an id each impression or delivery counts by \
         itself, and the next click by that customer without an id answers it.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(PHASES)
    .asking(WINDOW),
    stat: Stat::Share,
    window_days: 7,
    ahead: Ahead::Window,
    anchors: reaching,
    beside: clicking,
    observe: |seen, hits| {
        let mut shown = Few::new();
        for (nth, mark) in seen.marks.iter().enumerate().filter(|(_, mark)| reaches(mark)) {
            let piece = seen.item(mark);
            let again = piece != 0 && !shown.is_new((mark.kind, piece));
            if !again && seen.counts(mark) {
                let end = seen.window_end(mark.at);
                let mut later = seen.marks[nth..].iter().take_while(|later| later.at < end);
                let clicked = later.find(|later| clicks(mark, later) && seen.item(later) == piece);
                hits.push(Hit { censored: end > seen.span.observed, ..Hit::of(mark).answered(clicked) });
            }
        }
    },
    ..VISITS_LIKE
};

/// Whether a touchpoint is a click on such a piece, whichever it is.
fn clicks(shown: &Mark, mark: &Mark) -> bool {
    match shown.kind {
        TouchType::IMPRESSION => mark.kind == TouchType::AD_CLICK,
        _ => mark.kind == TouchType::MESSAGE && mark.detail == MessageStatus::Clicked as u8,
    }
}

/// Visits in range with a measure.
fn measured(seen: &Seen, hits: &mut Hits, part: impl Fn(u32, u32) -> Option<i64>) {
    let visits = &seen.tables.visits;
    for (_, mark) in seen.anchors(TouchType::VISIT) {
        let row = seen.beside(&visits.owner, mark).next();
        if let Some(part) = row.and_then(|row| part(visits.seconds[row], visits.pages[row])) {
            hits.push(Hit::of(mark).part(part));
        }
    }
}

fn seconds(seen: &Seen, hits: &mut Hits) {
    measured(seen, hits, |seconds, _| (seconds != UNKNOWN).then_some(i64::from(seconds)));
}

const DURATION: Measure = Measure { scale: 60.0, observe: seconds, ..VISITS_LIKE };

pub static VISIT_DURATION: Measure = Measure {
    definition: Definition::scalar(
        "visit_duration",
        "Visit duration, median",
        "minutes",
        "The median of the durations of visits in range that say one; visits of nobody are left out.",
    )
    .with(QUANTILE, NO_ANCHOR)
    .from(PHASES),
    stat: Stat::Quantile(0.5),
    ..DURATION
};

pub static VISIT_DURATION_MEAN: Measure = Measure {
    definition: Definition::scalar(
        "visit_duration_mean",
        "Visit duration, mean",
        "minutes",
        "The mean of the durations of visits in range that say one; visits of nobody are left out.",
    )
    .with(MEAN, NO_ANCHOR)
    .from(PHASES),
    stat: Stat::Mean,
    bounds: FROM_ZERO,
    ..DURATION
};

pub static VISIT_DURATION_P90: Measure = Measure {
    definition: Definition::scalar(
        "visit_duration_p90",
        "Visit duration, 90th percentile",
        "minutes",
        "The 90th percentile of the durations of visits in range that say one; visits of nobody are left out.",
    )
    .with(QUANTILE, NO_ANCHOR)
    .from(PHASES),
    stat: Stat::Quantile(0.9),
    ..DURATION
};

pub static BOUNCE_RATE: Measure = Measure {
    definition: Definition::scalar(
        "bounce_rate",
        "Bounce rate",
        "share of visits",
        "Of the visits in range that say how many pages or screens they had, the share with at most one.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(PHASES),
    stat: Stat::Share,
    observe: |seen, hits| {
        measured(seen, hits, |_, pages| (pages != UNKNOWN).then_some(i64::from(pages <= 1)));
    },
    ..VISITS_LIKE
};
