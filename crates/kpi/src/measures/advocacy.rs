//! What customers say when they are asked, and who speaks for the retailer unasked.

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{ByPlace, Hit, Measure, Params, Seen, Stat};
use crate::engine::params::AnswersCounted;
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::touch_types::Types;
use crate::ground::definition::{Definition, MEAN, NO_ANCHOR, Parameter, TOUCHPOINTS, WILSON, parameter};

const ASKED: &[Parameter] = &[
    parameter("answers_counted", "LAST_PER_CUSTOMER", "or EVERY_ANSWER"),
    parameter("survey_id", "any", "only answers to this survey"),
];

fn surveys(_: &Params) -> Types {
    Types::of([TouchType::SURVEY_ANSWER])
}

const COMMON: Measure =
    Measure { nobody: true, anchors: surveys, by_place: ByPlace::Itself, ..Measure::BASE };

/// Whether a mark answers a question of the survey that is asked about.
fn answers(seen: &Seen, mark: &Mark, kind: AnswerKind) -> bool {
    let survey = || u32::from(seen.tables.answers.survey[mark.row.row()]);
    mark.kind == TouchType::SURVEY_ANSWER
        && seen.item(mark) == kind as u32
        && seen.cx.survey.is_none_or(|wanted| wanted.is_some_and(|wanted| wanted == survey()))
}

/// The answers in range that count, each with what `part` makes of its score.
pub(crate) fn answered(seen: &Seen, hits: &mut Hits, kind: AnswerKind, part: impl Fn(u8) -> i64) {
    let all = seen.anchors(TouchType::SURVEY_ANSWER).filter(|(_, mark)| answers(seen, mark, kind));
    let hit = |(_, mark): (usize, &Mark)| Hit::of(mark).part(part(mark.detail));
    match seen.cx.params.answers_counted {
        AnswersCounted::EveryAnswer => hits.extend(all.map(hit)),
        AnswersCounted::LastPerCustomer => hits.extend(all.last().map(hit)),
    }
}

pub static CSAT: Measure = Measure {
    definition: Definition::scalar(
        "csat",
        "CSAT, mean",
        "points from 1 to 5",
        "The mean of the answers to satisfaction questions in range, on their own scale; of every customer the last, \
         or every answer, and those of nobody one each.",
    )
    .with(MEAN, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    stat: Stat::Mean,
    bounds: (1.0, 5.0),
    observe: |seen, hits| answered(seen, hits, AnswerKind::Csat, i64::from),
    ..COMMON
};

pub static CSAT_SATISFIED: Measure = Measure {
    definition: Definition::scalar(
        "csat_satisfied",
        "CSAT, satisfied",
        "share of answers",
        "Of the answers that csat counts, the share of 4 and 5.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    stat: Stat::Share,
    observe: |seen, hits| answered(seen, hits, AnswerKind::Csat, |score| i64::from(score >= 4)),
    ..COMMON
};

pub static CES: Measure = Measure {
    definition: Definition::scalar(
        "ces",
        "CES, mean",
        "points from 1 to 7",
        "The mean of the answers to effort questions in range, counted as csat counts.",
    )
    .with(MEAN, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    stat: Stat::Mean,
    bounds: (1.0, 7.0),
    observe: |seen, hits| answered(seen, hits, AnswerKind::Ces, i64::from),
    ..COMMON
};

pub static CES_EASY: Measure = Measure {
    definition: Definition::scalar(
        "ces_easy",
        "CES, easy",
        "share of answers",
        "Of the answers that ces counts, the share of 5 to 7.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(TOUCHPOINTS)
    .asking(ASKED),
    stat: Stat::Share,
    observe: |seen, hits| answered(seen, hits, AnswerKind::Ces, |score| i64::from(score >= 5)),
    ..COMMON
};

pub static ADVOCATES: Measure = Measure {
    definition: Definition::scalar(
        "advocates",
        "Advocates",
        "customers",
        "Customers who in range gave an NPS answer of 9 or 10, made a referral, or wrote a review of 4 stars or more.",
    )
    .from(TOUCHPOINTS)
    .asking(&[parameter("survey_id", "any", "only NPS answers to this survey")]),
    stat: Stat::Customers,
    nobody: false,
    by_place: ByPlace::Hits,
    anchors: |_| Types::of([TouchType::SURVEY_ANSWER, TouchType::REVIEW_WRITTEN, TouchType::REFERRAL_MADE]),
    observe: |seen, hits| {
        let speaks = |mark: &&Mark| match mark.kind {
            TouchType::REFERRAL_MADE => true,
            TouchType::REVIEW_WRITTEN => mark.detail >= 4,
            _ => mark.detail >= 9 && answers(seen, mark, AnswerKind::Nps),
        };
        let all = seen.marks.iter().filter(|mark| seen.counts(mark)).filter(speaks);
        hits.extend(all.map(|mark| Hit::of(mark).part(1)));
    },
    ..COMMON
};
