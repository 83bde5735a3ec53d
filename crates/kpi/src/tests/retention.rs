//! Retention and the cohort triangle against the definitions in words.

use jiff::ToSpan;
use jiff::civil::Date;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::one_tale::{is_of_places, under};
use super::plain::Plain;
use super::world::{Touch, World, random_group_by, random_orders, random_scope};
use crate::engine::scope::First;
use crate::engine::scope::KpiError;
use crate::ground::answer::Ratio;
use crate::ground::calendar::Unit;
use crate::shapes::retention::{PeriodOptions, Question, Retention, compute};
use crate::shapes::triangle::{CohortMode, CohortStart, Triangle, TriangleOptions};
use customer360_model::{ActivityType, Micros};

const HOUR: i64 = 3_600_000_000;

/// The events of some types of a customer, by any place, in order of time.
fn events<'w>(
    plain: &Plain<'w>,
    question: &Question,
    types: &[ActivityType],
    customer: u32,
) -> Vec<&'w Touch> {
    let counts = |touch: &&Touch| {
        types.contains(&touch.activity_type())
            && touch.at < plain.observed()
            && (touch.order().is_none() || plain.refusal(&question.orders, touch).is_none())
    };
    let mut events: Vec<&Touch> = plain.world.of(customer).into_iter().filter(counts).collect();
    if question.orders.unit.is_by_day(true) {
        let mut days: Vec<(Date, bool)> = Vec::new();
        events.retain(|touch| {
            if touch.order().is_none() || !plain.has_place(touch) {
                return true;
            }
            let day = (plain.day(touch.at), touch.at < plain.scope.range.from.0);
            let is_new = !days.contains(&day);
            days.push(day);
            is_new
        });
    }
    events
}

/// Something that numbers intervals, by counting on the calendar.
fn interval(plain: &Plain, unit: Unit, at: i64) -> i64 {
    let day = plain.day(at);
    let days = i64::from((day - jiff::civil::date(2020, 1, 1)).get_days());
    match unit {
        Unit::Hour => {
            // Hours of the clock as it stood when the range began.
            let from = plain.scope.range.from;
            let shown = plain.scope.zone.local(from).unwrap();
            let past_hour = i64::from(shown.minute()) * 60_000_000
                + i64::from(shown.second()) * 1_000_000
                + i64::from(shown.subsec_nanosecond()) / 1_000;
            (at - (from.0 - past_hour)).div_euclid(HOUR)
        }
        Unit::Day => days,
        Unit::Week => {
            let mut monday = day;
            let mut back = 0;
            while monday.weekday() != plain.scope.week_start {
                monday -= 1.day();
                back += 1;
            }
            (days - back).div_euclid(7)
        }
        Unit::Month => i64::from(day.year()) * 12 + i64::from(day.month()),
        Unit::Quarter => i64::from(day.year()) * 4 + i64::from((day.month() - 1) / 3),
        Unit::Year => i64::from(day.year()),
    }
}

type Start<'w> = (u32, &'w Touch, Vec<&'w Touch>);

/// Each cohort start: customer, start event, later return events.
fn starts<'w>(plain: &Plain<'w>, question: &Question, options: &TriangleOptions) -> Vec<Start<'w>> {
    let mut starts = Vec::new();
    let mut types = options.return_events.clone();
    types.push(options.start_event);
    for customer in plain.customers() {
        let all = events(plain, question, &types, customer);
        let opening = |t: &&&Touch| t.activity_type() == options.start_event;
        let in_scope = |t: &&&Touch| plain.has_place(t) && plain.in_range(t);
        let own: Vec<&Touch> = match (options.start, options.first) {
            (CohortStart::FirstTime, First::Ever) => {
                all.iter().find(opening).into_iter().filter(in_scope).copied().collect()
            }
            (CohortStart::FirstTime, First::InScope) => {
                all.iter().filter(opening).find(in_scope).into_iter().copied().collect()
            }
            (CohortStart::Recurring, _) => {
                let mut own: Vec<&Touch> = all.iter().filter(opening).filter(in_scope).copied().collect();
                own.dedup_by_key(|touch| interval(plain, options.unit, touch.at));
                own
            }
        };
        for start in own {
            let later = all.iter().copied().filter(|t| (t.at, t.number) > (start.at, start.number));
            let returns =
                later.filter(|t| options.return_events.contains(&t.activity_type()) && plain.has_place(t));
            starts.push((customer, start, returns.collect()));
        }
    }
    starts
}

fn check_triangle(plain: &Plain, options: &TriangleOptions, triangle: &Triangle, starts: &[Start]) {
    let number = |at: i64| interval(plain, options.unit, at);
    let mut cohorts: Vec<i64> = starts.iter().map(|(_, start, _)| number(start.at)).collect();
    cohorts.sort_unstable();
    cohorts.dedup();
    assert_eq!(triangle.rows.len(), cohorts.len());
    let columns: Vec<(i64, i64)> = match &options.mode {
        CohortMode::Brackets(begins) => {
            let ends = begins.iter().skip(1).copied().chain([options.periods + 1]);
            begins.iter().zip(ends).map(|(&a, b)| (i64::from(a), i64::from(b) - 1)).collect()
        }
        CohortMode::Exact => (0..=i64::from(options.periods)).map(|k| (k, k)).collect(),
        CohortMode::Rolling => {
            (0..=i64::from(options.periods)).map(|k| (k, i64::from(options.periods))).collect()
        }
    };
    let mut sums = vec![(0.0, 0.0); columns.len()];
    for (row, &cohort) in triangle.rows.iter().zip(&cohorts) {
        let members: Vec<&Start> = starts.iter().filter(|(_, s, _)| number(s.at) == cohort).collect();
        assert_eq!(row.size, members.len() as u64);
        assert_eq!(number(row.start.0), cohort);
        assert_ne!(number(row.start.0 - 1), cohort);
        for ((cell, &(from, to)), sum) in row.cells.iter().zip(&columns).zip(&mut sums) {
            let back = |(_, _, returns): &&&Start| {
                let inside = |t: &&&Touch| (from..=to).contains(&(number(t.at) - cohort));
                returns.iter().filter(inside).count() >= options.min_count as usize
            };
            let count = members.iter().filter(back).count() as f64;
            // Complete: the last instant before the observation ends lies after the interval.
            assert_eq!(cell.complete, number(plain.observed()) > cohort + to);
            let begun = number(plain.observed() - 1) >= cohort + from;
            assert_eq!(cell.ratio.value.is_some(), begun, "cohort {cohort} {from}");
            assert_eq!(cell.ratio.denominator, members.len() as f64);
            if begun {
                assert_eq!(cell.ratio.numerator, count);
            }
            if cell.complete {
                *sum = (sum.0 + count, sum.1 + members.len() as f64);
            }
        }
    }
    for (mean, (back, size)) in triangle.means.iter().zip(sums) {
        assert_eq!((mean.ratio.numerator, mean.ratio.denominator), (back, size));
    }
}

/// The last activity in the window before the start, and whether there is one before the end.
fn period<'w>(
    plain: &Plain<'w>,
    question: &Question,
    options: &PeriodOptions,
) -> Vec<(u32, &'w Touch, bool)> {
    let range = plain.scope.range;
    let own = plain.days_between(range.from.0, range.until.0).max(1);
    let asked = options.window_days.map_or(own, i64::from);
    let days = if options.overlapping { asked } else { asked.min(own) };
    let back = |at: Micros| plain.scope.zone.plus_days(at, -days as i32).unwrap().0;
    let mut active = Vec::new();
    for customer in plain.customers() {
        // Whether orders are counted by day does not matter.
        let mut each = question.clone();
        each.orders.unit = crate::OrderUnit::Order;
        let events = events(plain, &each, &options.activity_types, customer);
        let inside = |from: i64, until: i64| {
            let counts = move |t: &&&Touch| from <= t.at && t.at < until && plain.has_place(t);
            events.iter().filter(counts).copied().collect::<Vec<_>>()
        };
        let before = inside(back(range.from), range.from.0);
        let after = inside(back(range.until), range.until.0);
        if let Some(last) = before.last() {
            active.push((customer, *last, !after.is_empty()));
        }
    }
    active
}

fn check(plain: &Plain, question: &Question, figures: &Retention, group: Option<&Option<String>>) {
    let is_its = |customer: u32, touch: &Touch| match (group, &question.group_by) {
        (Some(group), Some(by)) => plain.group(by, customer, touch) == *group,
        _ => true,
    };
    if let Some(options) = &question.period {
        let mut active = period(plain, question, options);
        active.retain(|(customer, touch, _)| is_its(*customer, touch));
        let period = figures.period.unwrap();
        let kept = active.iter().filter(|(_, _, kept)| *kept).count() as u64;
        if plain.scope.range.until.0 <= plain.observed() {
            assert_eq!(period.retention, Ratio::share(kept, active.len() as u64));
            assert_eq!(period.churn.numerator, (active.len() as u64 - kept) as f64);
        } else {
            assert_eq!(period.retention, Ratio::unobserved(active.len() as u64));
        }
    }
    if let Some(options) = &question.triangle {
        let mut starts = starts(plain, question, options);
        starts.retain(|(customer, start, _)| is_its(*customer, start));
        check_triangle(plain, options, figures.triangle.as_ref().unwrap(), &starts);
    }
}

fn random_types(rng: &mut ChaCha8Rng) -> Vec<ActivityType> {
    use ActivityType::{Custom, Order, Return, ServiceContact, SurveyAnswer, Visit};
    let all =
        [vec![Order], vec![Visit], vec![Order, SurveyAnswer, Custom], vec![Return, ServiceContact, Order]];
    if rng.random_bool(0.5) { vec![Order] } else { all.choose(rng).unwrap().clone() }
}

fn random_triangle(rng: &mut ChaCha8Rng) -> TriangleOptions {
    TriangleOptions {
        start_event: random_types(rng)[0],
        return_events: random_types(rng),
        start: *[CohortStart::FirstTime, CohortStart::Recurring].choose(rng).unwrap(),
        first: *[First::Ever, First::InScope].choose(rng).unwrap(),
        unit: *[Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year]
            .choose(rng)
            .unwrap(),
        min_count: rng.random_range(1..=2),
        mode: match rng.random_range(0..3) {
            0 => CohortMode::Exact,
            1 => CohortMode::Rolling,
            _ => CohortMode::Brackets([vec![0, 1, 2], vec![1, 3], vec![2]].choose(rng).unwrap().clone()),
        },
        periods: *[3, 4, 30].choose(rng).unwrap(),
    }
}

#[test]
fn retention_is_what_the_words_say() {
    for seed in 0..800 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 3000);
        let mut question = Question {
            scope: random_scope(rng),
            group_by: random_group_by(rng),
            orders: random_orders(rng),
            period: rng.random_bool(0.7).then(|| PeriodOptions {
                window_days: *[None, Some(1), Some(7), Some(30)].choose(rng).unwrap(),
                overlapping: rng.random_bool(0.3),
                activity_types: random_types(rng),
            }),
            triangle: rng.random_bool(0.8).then(|| random_triangle(rng)),
        };
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answer = match compute(&snapshot, &question) {
            Err(KpiError::CurrencyRequired) => {
                question.orders.min_amount_minor = 0;
                compute(&snapshot, &question).unwrap()
            }
            other => other.unwrap(),
        };
        let plain = Plain { world: &world, scope: &question.scope };
        check(&plain, &question, &answer.result.total, None);
        for group in &answer.result.groups {
            let by = question.group_by.as_ref();
            if let Some(scope) = under(&question.scope, by, group.key.as_ref()) {
                check(&Plain { world: &world, scope: &scope }, &question, &group.result, None);
            }
            if !is_of_places(by) {
                check(&plain, &question, &group.result, Some(&group.key));
            }
        }
        check_basis(&plain, &question, &answer);
    }
}

fn check_basis(plain: &Plain, question: &Question, answer: &crate::shapes::retention::Answer) {
    let active = question.period.as_ref().map_or(Vec::new(), |options| period(plain, question, options));
    let begun = question.triangle.as_ref().map_or(Vec::new(), |options| starts(plain, question, options));
    let mut people: Vec<u32> =
        active.iter().map(|(c, ..)| *c).chain(begun.iter().map(|(c, ..)| *c)).collect();
    people.sort_unstable();
    people.dedup();
    assert_eq!(answer.basis.customers, people.len() as u64);
    if let (Some(_), 0) = (&question.triangle, question.period.iter().len()) {
        // From a customer's first start on, every event in scope counts.
        let options = question.triangle.as_ref().unwrap();
        let mut types = options.return_events.clone();
        types.push(options.start_event);
        let mut touchpoints = 0;
        for customer in &people {
            let start = begun.iter().find(|(c, ..)| c == customer).unwrap().1;
            let events = events(plain, question, &types, *customer);
            let counted = events.iter().filter(|t| (t.at, t.number) >= (start.at, start.number));
            touchpoints += counted.filter(|t| plain.has_place(t)).count() as u64;
        }
        assert_eq!(answer.basis.touchpoints, touchpoints);
        let wanted = |touch: &Touch| types.contains(&touch.activity_type());
        assert_eq!(answer.basis.excluded.no_identity, plain.nobody(wanted).len() as u64);
        assert_eq!(answer.basis.excluded.voided, plain.voided(wanted));
        if types.contains(&ActivityType::Order) {
            let excluded = plain.excluded_orders(&question.orders, "fully_returned");
            assert_eq!(answer.basis.excluded.fully_returned, excluded);
        }
    }
}
