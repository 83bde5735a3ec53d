//! What records add to figures, by their definitions in words.

use super::naive::Naive;
use crate::engine::dimension::Dimension;
use crate::engine::measure::Measure;
use crate::engine::records::{Counted, Crowd};
use crate::engine::scalar::Question;
use crate::*;
use customer360_model::*;

/// What records add to numerator and denominator of a figure, and how many they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recorded {
    pub part: f64,
    pub whole: f64,
    pub records: usize,
}

/// The same of one group or of all: of the time that is decided, and of the rest.
pub fn recorded(
    naive: &Naive,
    question: &Question,
    measure: &Measure,
    group: Option<&[Option<String>]>,
) -> [Recorded; 2] {
    let (from, until) =
        (question.scope.range.from.0, question.scope.range.until.0.min(naive.plain.observed()));
    let decided = match measure.definition.id {
        "store_conversion_counted_adjusted" => match naive.window.kind {
            WindowKind::Calendar => {
                let observed = Micros(naive.plain.observed());
                question.scope.zone.day_after(observed, -(naive.window.days as i32)).unwrap().0
            }
            WindowKind::Elapsed => naive.plain.observed() - i64::from(naive.window.days) * 86_400_000_000,
        },
        _ => until,
    };
    let middle = decided.clamp(from, until.max(from));
    [(from, middle), (middle, until)].map(|stretch| recorded_in(question, measure, group, stretch))
}

/// The same in a stretch of time.
fn recorded_in(
    question: &Question,
    measure: &Measure,
    group: Option<&[Option<String>]>,
    (from, until): (i64, i64),
) -> Recorded {
    let (scope, params) = (&question.scope, &question.params);
    if until <= from {
        return Recorded::default();
    }
    let its = |names: [&str; 3]| {
        let name = |by: &Dimension| match by {
            Dimension::Of(GroupBy::Channel) => Some(names[0].to_owned()).filter(|n| !n.is_empty()),
            Dimension::Of(GroupBy::Campaign) => Some(names[1].to_owned()).filter(|n| !n.is_empty()),
            Dimension::Of(GroupBy::Location) => Some(names[2].to_owned()).filter(|n| !n.is_empty()),
            _ => None,
        };
        group.is_none_or(|group| question.group_by.iter().map(name).eq(group.iter().cloned()))
    };
    let within = |interval: TimeRange, amount: i64| {
        let (begin, end) = (interval.from.0, interval.until.0);
        let clamped = |at: i64| i128::from(at.clamp(begin, end) - begin);
        let gone = |at: i64| i128::from(amount) * clamped(at) / i128::from(end - begin);
        (gone(until) - gone(from)) as f64
    };
    let wanted = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    let overlaps = |interval: TimeRange| interval.from.0.max(from) < interval.until.0.min(until);
    let people = |what: Crowd| -> (f64, usize) {
        let counted = params.counted.iter().filter(|counted| counted.what == what);
        let in_scope = counted.filter(|counted| match what {
            Crowd::Entries => its(["", "", &counted.name]) && wanted(&scope.locations, &counted.name),
            _ => its([&counted.name, &counted.campaign, ""]) && wanted(&scope.channels, &counted.name),
        });
        let its: Vec<&Counted> = in_scope.filter(|counted| overlaps(counted.interval)).collect();
        (its.iter().map(|counted| within(counted.interval, counted.people)).sum(), its.len())
    };
    let sum = |(part, records): (f64, usize)| Recorded { part, whole: 0.0, records };
    let below = |(whole, records): (f64, usize)| Recorded { part: 0.0, whole, records };
    match measure.definition.id {
        "acquisition_cost" => {
            let spend = params.spend.iter().filter(|spend| {
                its([&spend.channel, &spend.campaign, ""])
                    && wanted(&scope.channels, &spend.channel)
                    && scope.currency == Some(spend.amount.currency)
            });
            let its: Vec<_> = spend.filter(|spend| overlaps(spend.interval)).collect();
            let spent = its.iter().map(|spend| within(spend.interval, spend.amount.minor)).sum();
            Recorded { part: spent, whole: 0.0, records: its.len() }
        }
        "footfall" => sum(people(Crowd::Entries)),
        "reached_people" => sum(people(Crowd::Reach)),
        "engagement_over_reach" => below(people(Crowd::Reach)),
        "store_conversion_counted" | "store_conversion_counted_adjusted" => below(people(Crowd::Entries)),
        "followers_gained" => {
            let all = params.counted.iter().filter(|counted| counted.what == Crowd::Followers);
            let gain = |last: &Counted| {
                let same = all.clone().filter(|one| one.name == last.name);
                // Of equal times the order is that in which they were said.
                let (mut before, mut passed) = (None, false);
                for one in same {
                    passed |= std::ptr::eq(one, last);
                    let earlier = one.interval.from < last.interval.from
                        || (one.interval.from == last.interval.from && !passed);
                    if earlier && before.is_none_or(|b: &Counted| b.interval.from <= one.interval.from) {
                        before = Some(one);
                    }
                }
                before.map_or(0, |before| last.people - before.people) as f64
            };
            let counts = |last: &&Counted| {
                its([&last.name, "", ""])
                    && wanted(&scope.channels, &last.name)
                    && from <= last.interval.from.0
                    && last.interval.from.0 < until
            };
            sum((all.clone().filter(counts).map(gain).sum(), 0))
        }
        _ => Recorded::default(),
    }
}
