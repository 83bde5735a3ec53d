//! Care: how soon people answer, and whether what they answer holds.

use smallvec::SmallVec;

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, Hit, Measure, Other, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{Definition, NO_ANCHOR, TOUCHPOINTS, WILSON, parameter};
use crate::ground::small_map::Few;
use customer360_model::activity::ContactStage;

const COMMON: Measure =
    Measure { stat: Stat::Share, anchors: |_| Types::of([TouchType::SERVICE_CONTACT]), ..Measure::BASE };

const SURVIVAL: &str = "of the quantile: where the log-log bounds of the incidence (Aalen-Johansen, Greenwood) reach it; \
                        none where one does not";
const UNKNOWN: &str = "Absent without a case, and where so many are still open, or were closed without it, that the quantile is not reached.";

/// A case: its opening, and everything that happened to it from then on, by number of the mark.
pub(crate) struct Case {
    pub opened: usize,
    pub contacts: Vec<usize>,
}

pub(crate) fn is(mark: &Mark, stage: ContactStage) -> bool {
    mark.detail == stage as u8
}

/// The cases of a customer who had several contacts, in order of their openings. Contacts with an id
/// are of the case that was opened with it; without, of the last that was opened without one for the
/// same reason.
fn cases(seen: &Seen) -> SmallVec<[Case; 4]> {
    let (mut cases, mut latest) = (SmallVec::new(), Few::<_, usize>::new());
    for (nth, mark) in contacts(seen) {
        let tie = seen.tie(mark);
        let key = if tie == 0 { (0, seen.item(mark)) } else { (tie, 0) };
        let known = latest.get(key);
        let opens = is(mark, ContactStage::Opened) && (tie == 0 || known.is_none());
        match known {
            Some(case) if !opens => {
                let case: &mut Case = &mut cases[case];
                case.contacts.push(nth);
            }
            // What was opened before anything was recorded has no beginning.
            _ if !opens => {}
            _ => {
                latest.insert(key, cases.len());
                cases.push(Case { opened: nth, contacts: Vec::new() });
            }
        }
    }
    cases
}

fn contacts<'s>(seen: &'s Seen) -> impl Iterator<Item = (usize, &'s Mark)> {
    seen.marks.iter().enumerate().filter(|(_, mark)| mark.kind == TouchType::SERVICE_CONTACT)
}

/// Calls `visit` with each case that was opened in range and scope, and its opening.
#[inline]
pub(crate) fn each_opened<'s>(seen: &'s Seen, mut visit: impl FnMut(&Case, &'s Mark)) {
    let mut visit = |case: &Case| {
        let opening = &seen.marks[case.opened];
        if seen.counts(opening) {
            visit(case, opening);
        }
    };
    // Mostly there is one contact, and whose case it is need not be asked.
    let mut all = contacts(seen);
    match (all.next(), all.next()) {
        (Some((opened, mark)), None) if is(mark, ContactStage::Opened) => {
            visit(&Case { opened, contacts: Vec::new() });
        }
        (Some(_), Some(_)) => cases(seen).iter().for_each(visit),
        _ => {}
    }
}

impl Case {
    pub fn first<'s>(&self, seen: &'s Seen, stage: ContactStage) -> Option<&'s Mark> {
        self.contacts.iter().map(|&nth| &seen.marks[nth]).find(|mark| is(mark, stage))
    }
}

/// Calls `visit` with how long each case waited for a stage: until it came, until the case was closed without it (there
/// is no other touchpoint then), or as long as was observed (censored).
#[inline]
fn each_wait(seen: &Seen, stage: ContactStage, mut visit: impl FnMut(Hit)) {
    each_opened(seen, |case, opening| {
        let end = case.first(seen, stage);
        let closed = case.first(seen, ContactStage::Resolved);
        let end = end.filter(|end| closed.is_none_or(|closed| seen.order(closed) >= seen.order(end)));
        let until = end.or(closed).map_or(seen.span.observed, |mark| mark.at);
        let hit = Hit::of(opening).part(until - opening.at);
        // A case that was closed without it will never have it.
        visit(Hit { other: end.map(Other::of), censored: end.or(closed).is_none(), ..hit });
    });
}

const MINUTE: f64 = 60e6;
const HOUR: f64 = 3_600e6;

const FIRST_REPLY: &str = "The time from the opening of a case in range to the first reply of a person, by Aalen and \
                           Johansen's cumulative incidence: a case that was closed without one will never have it, \
                           others count as waiting as long as was observed. A case is what is named by one id; contacts without an id belong to the last \
                           case opened without one for the same reason. Cases whose opening is not recorded do not \
                           count. The numerator is the time waited by all.";
const RESOLUTION: &str = "The time from the opening of a case in range (see first_reply) to its first resolution, by \
                          Kaplan and Meier's estimate: open cases count as waiting as long as was observed. The \
                          numerator is the time waited by all.";

const fn wait(id: &'static str, name: &'static str, unit: &'static str, formula: &'static str) -> Definition {
    Definition::scalar(id, name, unit, formula).with(SURVIVAL, UNKNOWN).revised(2).from(TOUCHPOINTS)
}

pub static FIRST_REPLY_MEDIAN: Measure = Measure {
    definition: wait("first_reply", "First human reply, median", "minutes", FIRST_REPLY),
    stat: Stat::Survival(0.5),
    scale: MINUTE,
    observe: first_replies,
    ..COMMON
};

pub static FIRST_REPLY_P90: Measure = Measure {
    definition: wait("first_reply_p90", "First human reply, 90th percentile", "minutes", FIRST_REPLY),
    stat: Stat::Survival(0.9),
    ..FIRST_REPLY_MEDIAN
};

/// A point of the curve of first replies.
const fn replied_within(id: &'static str, name: &'static str, hours: f64) -> Measure {
    Measure {
        definition: Definition::scalar(
            id,
            name,
            "share of cases",
            "The share of the cases opened in range that had a first reply of a person within so many hours, by \
             Aalen and Johansen's cumulative incidence: a case that was closed without one will never have it, others \
             count as waiting as long as was observed (see first_reply). By channel and with the other hours it is the curve of replies.",
        )
        .with(
            "log-log bounds of the incidence (Aalen-Johansen; Greenwood where nothing else ends the wait); none at 0 and 1",
            "Absent without a case, and where none was followed for so long.",
        )
        .from(TOUCHPOINTS),
        stat: Stat::Ended(hours),
        scale: HOUR,
        observe: first_replies,
        ..COMMON
    }
}

fn first_replies(seen: &Seen, hits: &mut Hits) {
    each_wait(seen, ContactStage::FirstHumanReply, |wait| hits.push(wait));
}

pub static REPLIED_1H: Measure = replied_within("replied_within_1h", "Replied within an hour", 1.0);
pub static REPLIED_4H: Measure = replied_within("replied_within_4h", "Replied within 4 hours", 4.0);
pub static REPLIED_8H: Measure = replied_within("replied_within_8h", "Replied within 8 hours", 8.0);
pub static REPLIED_24H: Measure = replied_within("replied_within_24h", "Replied within a day", 24.0);
pub static REPLIED_48H: Measure = replied_within("replied_within_48h", "Replied within two days", 48.0);

pub static RESOLUTION_MEDIAN: Measure = Measure {
    definition: wait("resolution", "Resolution of a case, median", "hours", RESOLUTION),
    stat: Stat::Survival(0.5),
    scale: HOUR,
    observe: |seen, hits| each_wait(seen, ContactStage::Resolved, |wait| hits.push(wait)),
    ..COMMON
};

pub static RESOLUTION_P90: Measure = Measure {
    definition: wait("resolution_p90", "Resolution of a case, 90th percentile", "hours", RESOLUTION),
    stat: Stat::Survival(0.9),
    ..RESOLUTION_MEDIAN
};

pub static WITHIN_TARGET: Measure = Measure {
    definition: Definition::scalar(
        "care_within_target",
        "Replied within the target",
        "share of cases",
        "Of the cases opened in range (see first_reply), the share with a first reply of a person within the \
         target, before they were closed.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[parameter("care_target_minutes", "60", "the target, the limit included")]),
    ahead: Ahead::Target,
    observe: |seen, hits| {
        let target = i64::from(seen.cx.params.care_target_minutes) * MINUTE as i64;
        each_wait(seen, ContactStage::FirstHumanReply, |wait| {
            let replied = wait.other.is_some() && wait.part <= target;
            let open = wait.at + target >= seen.span.observed;
            let other = wait.other.filter(|_| replied);
            hits.push(Hit { part: i64::from(replied), other, censored: open, ..wait });
        });
    },
    ..COMMON
};

pub static FIRST_CONTACT_RESOLUTION: Measure = Measure {
    definition: Definition::scalar(
        "first_contact_resolution",
        "First-contact resolution",
        "share of resolved cases",
        "Of the cases opened in range (see first_reply) and resolved, the share that was not opened again within W \
         of its first resolution.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[
        parameter("window.days", "7", "W"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ]),
    window_days: 7,
    observe: |seen, hits| {
        each_opened(seen, |case, opening| {
            let Some(resolved) = case.first(seen, ContactStage::Resolved) else { return };
            let again = case.contacts.iter().map(|&nth| &seen.marks[nth]).find(|later| {
                let opens = is(later, ContactStage::Reopened) || is(later, ContactStage::Opened);
                let is_later = seen.order(later) > seen.order(resolved);
                opens && is_later && later.at < seen.window_end(resolved.at)
            });
            let held = again.is_none();
            let hit = Hit::of(opening).part(i64::from(held));
            let censored = !seen.is_observed(resolved.at);
            hits.push(Hit { other: Some(Other::of(again.unwrap_or(resolved))), censored, ..hit });
        });
    },
    ..COMMON
};
