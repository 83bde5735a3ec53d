//! Awareness: visits, where they come from, how long they last, and who is reached.

use super::catalogue::{
    Definition, FACTORS, MEAN, NO_ANCHOR, PHASES, Parameter, QUANTILE, TOUCHPOINTS, WILSON, parameter,
};
use super::events::Types;
use super::fact::TouchType;
use super::measure::{Hit, Measure, Params, Seen, Stat, nothing};
use super::tables::UNKNOWN;
use super::timeline::Mark;
use crate::model::activity::MessageStatus;

const WINDOW: &[Parameter] = &[
    parameter("window.days", "7", "W"),
    parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
];

fn visits(_: &Params) -> Types {
    Types::of([TouchType::VISIT])
}

fn everything(_: &Params) -> Types {
    Types::of((0..TouchType::COUNT as u8).map(TouchType))
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
    observe: |seen, hits| hits.extend(seen.anchors(TouchType::VISIT).map(|(_, mark)| Hit::of(mark).part(1))),
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
    nobody: false,
    ..VISITS_LIKE
};

/// What measures of visits have in common.
const VISITS_LIKE: Measure = Measure {
    anchors: visits,
    observe: |seen, hits| hits.extend(seen.anchors(TouchType::VISIT).map(|(_, mark)| Hit::of(mark).part(1))),
    ..Measure::BASE
};

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
    .from(FACTORS)
    .asking(WINDOW),
    stat: Stat::Share,
    window_days: 7,
    anchors: reaching,
    beside: visits,
    observe: |seen, hits| {
        let mut reached = seen.marks.iter().enumerate();
        let first = reached.find(|(_, mark)| reaches(mark) && seen.counts(mark));
        hits.extend(first.map(|(nth, _)| seen.asked(nth, |mark| mark.kind == TouchType::VISIT)));
    },
    ..VISITS_LIKE
};

pub static NEW_CONTACTS: Measure = Measure {
    definition: Definition::scalar(
        "new_contacts",
        "New contacts",
        "customers",
        "Customers whose first touchpoint ever, of any type, lies in range and scope. What is merged later is \
         one contact, with the earliest of its touchpoints.",
    )
    .from(TOUCHPOINTS),
    stat: Stat::Customers,
    anchors: everything,
    observe: |seen, hits| hits.extend(seen.marks.first().filter(|m| seen.counts(m)).map(|m| Hit::of(m).part(1))),
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
    .with(WILSON, NO_ANCHOR)
    .from(FACTORS),
    stat: Stat::Share,
    beside: everything,
    observe: |seen, hits| {
        let first = seen.anchors(TouchType::VISIT).next();
        hits.extend(first.map(|(nth, mark)| Hit::of(mark).part(i64::from(nth > 0))));
    },
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
    .from(TOUCHPOINTS),
    stat: Stat::Share,
    observe: |seen, hits| {
        let first = seen.anchors(TouchType::VISIT).next();
        hits.extend(first.map(|(_, mark)| Hit::of(mark).part(i64::from(seen.is_registered()))));
    },
    ..VISITS_LIKE
};

pub static NEWLY_IDENTIFIED: Measure = Measure {
    definition: Definition::scalar(
        "newly_identified",
        "Newly identified customers",
        "customers",
        "Customers whose first registration or login ever lies in range and scope, after an earlier touchpoint \
         of another type: they were anonymous before.",
    )
    .from(TOUCHPOINTS),
    stat: Stat::Customers,
    anchors: identifying,
    beside: everything,
    observe: |seen, hits| {
        let named = |mark: &Mark| mark.kind == TouchType::REGISTRATION || mark.kind == TouchType::LOGIN;
        let first = seen.marks.iter().position(named).filter(|&nth| nth > 0);
        hits.extend(first.map(|nth| &seen.marks[nth]).filter(|m| seen.counts(m)).map(|m| Hit::of(m).part(1)));
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
         same customer clicked before observed_until. Without an id each impression or delivery counts by \
         itself, and the next click by that customer without an id answers it.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(PHASES),
    stat: Stat::Share,
    anchors: reaching,
    beside: clicking,
    observe: |seen, hits| {
        let mut shown: Vec<(TouchType, u32)> = Vec::new();
        for (nth, mark) in seen.marks.iter().enumerate().filter(|(_, mark)| reaches(mark)) {
            let piece = (mark.kind, mark.item);
            let again = mark.item != 0 && shown.contains(&piece);
            shown.push(piece);
            if !again && seen.counts(mark) {
                let clicked = seen.marks[nth..].iter().find(|later| clicks(mark, later));
                hits.push(Hit::of(mark).answered(clicked));
            }
        }
    },
    ..VISITS_LIKE
};

fn clicks(shown: &Mark, mark: &Mark) -> bool {
    let is_click = match shown.kind {
        TouchType::IMPRESSION => mark.kind == TouchType::AD_CLICK,
        _ => mark.kind == TouchType::MESSAGE && mark.detail == MessageStatus::Clicked as u8,
    };
    is_click && mark.item == shown.item
}

/// Visits in range with a measure.
fn measured(seen: &Seen, hits: &mut Vec<Hit>, part: impl Fn(u32, u32) -> Option<i64>) {
    let visits = &seen.tables.visits;
    for (_, mark) in seen.anchors(TouchType::VISIT) {
        let row = seen.beside(&visits.owner, mark).next();
        if let Some(part) = row.and_then(|row| part(visits.seconds[row], visits.pages[row])) {
            hits.push(Hit::of(mark).part(part));
        }
    }
}

fn seconds(seen: &Seen, hits: &mut Vec<Hit>) {
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
