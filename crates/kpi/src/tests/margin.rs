//! Margins and lifetimes as figures: against the words, and against the kernel of lifetimes.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::plain::Plain;
use super::rich::{random_params, scope};
use super::world::{Touch, World, at, back, order, random_group_by};
use crate::catalogue::measures;
use crate::engine::compare;
use crate::engine::compare::{Against, earlier};
use crate::engine::dimension::Dimension;
use crate::engine::measure::{Measure, Params};
use crate::engine::members;
use crate::engine::members::{Filter, page};
use crate::engine::params::ValueBasis;
use crate::engine::scalar;
use crate::engine::scalar::{Answer, Question};
use crate::ground::calendar;
use crate::shapes::lifetime;
use crate::shapes::lifetime::{Lifetime, compute};
use crate::*;
use customer360_model::activity::{Activity, Line};
use customer360_model::{Currency, Micros, Money, TimeRange};

/// The measures that this file is about.
pub const MEASURES: [&str; 8] = [
    "gross_profit",
    "gross_margin",
    "historic_value",
    "historic_value_mean",
    "months_active",
    "expected_alive",
    "expected_purchases",
    "expected_value",
];

fn measures_here() -> Vec<&'static Measure> {
    MEASURES.iter().filter_map(|id| measures::find(id)).collect()
}

fn money(minor: i64, currency: Currency) -> Option<Money> {
    Some(Money { minor, currency })
}

/// A random world some of whose orders say a margin: all of it, or by lines, or by some of them.
fn world_with_margins(seed: u64) -> World {
    let mut world = World::random(seed);
    let rng = &mut ChaCha8Rng::seed_from_u64(seed + 30_000);
    for touch in &mut world.touches {
        let Activity::Order(order) = &mut touch.details.activity else { continue };
        let currency = if rng.random_bool(0.9) { order.amount.currency } else { Currency::GBP };
        let mut margin = || money(rng.random_range(-200..900), currency);
        match order.amount.minor / 500 % 3 {
            0 => order.margin = margin(),
            1 => order.lines = vec![margin(), margin()].into_iter().map(line).collect(),
            _ => order.lines = vec![margin(), None].into_iter().map(line).collect(),
        }
    }
    world
}

fn line(margin: Option<Money>) -> Line {
    Line { quantity_milli: 1_000, margin, ..Line::default() }
}

/// What the order says, or else all of its lines, in its currency.
fn margin_of(touch: &Touch) -> Option<i64> {
    let order = touch.order().unwrap();
    let lines = || {
        let said: Vec<Money> = order.lines.iter().filter_map(|line| line.margin).collect();
        (!said.is_empty() && said.len() == order.lines.len()).then_some(said)
    };
    let said = order.margin.map(|margin| vec![margin]).or_else(lines)?;
    let own = said.iter().all(|margin| margin.currency == order.amount.currency);
    own.then(|| said.iter().map(|margin| margin.minor).sum())
}

/// The historic value of a customer by margin, order by order; and how many orders say none.
fn worth_by_margin(plain: &Plain, asked: &lifetime::Question, customer: u32) -> Option<(i64, u64)> {
    let mut orders = plain.orders(&asked.orders, customer);
    let in_scope = |t: &Touch| plain.in_range(t) && plain.has_place(t);
    let first = match asked.first {
        First::Ever => in_scope(orders.first()?).then_some(0)?,
        First::InScope => orders.iter().position(|t| in_scope(t))?,
    };
    orders.drain(..first);
    let mut units: Vec<Vec<&Touch>> = Vec::new();
    for &touch in &orders {
        let same_day = |unit: &&mut Vec<&Touch>| plain.day(unit[0].at) == plain.day(touch.at);
        match units.last_mut().filter(same_day).filter(|_| asked.orders.unit.is_by_day(true)) {
            Some(unit) => unit.push(touch),
            None => units.push(vec![touch]),
        }
    }
    let worth = |unit: &Vec<&Touch>| unit.iter().map(|t| margin_of(t)).sum::<Option<i64>>();
    let amount = |unit: &Vec<&Touch>| unit.iter().map(|t| t.order().unwrap().amount.minor).sum::<i64>();
    let mut sum: i64 = units.iter().filter_map(worth).sum();
    for touch in plain.world.of(customer) {
        let Some(back) = touch.back() else { continue };
        let its = plain.scope.currency == Some(back.amount.currency);
        if !its || touch.at < orders[0].at || touch.at >= plain.observed() {
            continue;
        }
        let named =
            units.iter().find(|unit| unit.iter().any(|t| t.order().unwrap().order_id == back.order_id));
        let unit = named.or_else(|| units.iter().rfind(|unit| unit[0].at <= touch.at)).unwrap();
        if let Some(worth) = worth(unit) {
            let (worth, amount) = (worth as f64, amount(unit) as f64);
            sum -= match (worth, amount) {
                (worth, amount) if worth == amount => back.amount.minor,
                (_, 0.0) => 0,
                (worth, amount) => (back.amount.minor as f64 * worth / amount + 0.5).floor() as i64,
            };
        }
    }
    Some((sum, orders.iter().filter(|t| margin_of(t).is_none()).count() as u64))
}

fn asked_of(rng: &mut ChaCha8Rng) -> Question {
    let mut scope = scope(rng);
    scope.currency = Some(Currency::EUR);
    let params = Params {
        horizon_days: rng.random_range(1..400),
        value: *[ValueBasis::Revenue, ValueBasis::Margin].choose(rng).unwrap(),
        first: *[First::Ever, First::InScope].choose(rng).unwrap(),
        ..random_params(rng)
    };
    let group_by = random_group_by(rng).map(Dimension::Of).into_iter().collect();
    Question { scope, measures: measures_here(), params, group_by, spans: Vec::new() }
}

/// The same question for the kernel of lifetimes.
fn for_kernel(asked: &Question) -> lifetime::Question {
    let group_by = asked.group_by.first().and_then(|by| match by {
        Dimension::Of(by) => Some(by.clone()),
        _ => None,
    });
    let Params { orders, first, value, horizon_days, .. } = asked.params;
    let scope = asked.scope.clone();
    lifetime::Question { scope, group_by, orders, first, value, horizon_days, after: None, size: 1_000 }
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(1.0),
        (a, b) => a.is_none() && b.is_none(),
    }
}

#[test]
fn gross_margins_are_what_the_words_say() {
    let (mut some, mut left_out) = (0, 0);
    for seed in 0..300 {
        println!("seed {seed}");
        let world = world_with_margins(seed);
        let asked = asked_of(&mut ChaCha8Rng::seed_from_u64(seed + 31_000));
        let answers =
            scalar::compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &asked).unwrap();
        let plain = Plain { world: &world, scope: &asked.scope };
        let in_scope = |t: &&Touch| plain.in_range(t) && plain.has_place(t);
        let orders: Vec<&Touch> = plain
            .customers()
            .into_iter()
            .flat_map(|customer| plain.orders(&asked.params.orders, customer))
            .filter(in_scope)
            .collect();
        let margin: i64 = orders.iter().filter_map(|t| margin_of(t)).sum();
        let known = orders.iter().filter(|t| margin_of(t).is_some());
        let revenue: i64 = known.clone().map(|t| t.order().unwrap().amount.minor).sum();
        let unknown = orders.iter().filter(|t| margin_of(t).is_none()).count() as u64;
        let unseen =
            plain.observed() <= asked.scope.range.from.0 && asked.scope.range.from < asked.scope.range.until;
        assert_eq!(
            (answers[0].total.value, answers[0].total.anchors),
            ((!unseen).then_some(margin as f64), known.count() as u64)
        );
        assert_eq!(answers[1].total.value, (revenue != 0).then(|| margin as f64 / revenue as f64));
        assert!(answers[..2].iter().all(|answer| answer.basis.excluded.no_margin == unknown));
        (some, left_out) = (some + u64::from(margin != 0), left_out + unknown);
    }
    assert!(some > 50 && left_out > 50, "{some} {left_out}");
}

#[test]
fn lifetimes_by_margin_are_what_the_words_say() {
    let mut some = 0;
    for seed in 0..300 {
        println!("seed {seed}");
        let world = world_with_margins(seed);
        let mut asked = asked_of(&mut ChaCha8Rng::seed_from_u64(seed + 32_000));
        asked.params.value = ValueBasis::Margin;
        let asked = for_kernel(&asked);
        let answer = compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &asked).unwrap();
        let plain = Plain { world: &world, scope: &asked.scope };
        let expected: Vec<(u32, (i64, u64))> = plain
            .customers()
            .into_iter()
            .filter_map(|customer| Some((customer, worth_by_margin(&plain, &asked, customer)?)))
            .collect();
        let found: Vec<(u32, i64)> = answer.customers.iter().map(|one| (one.key, one.historic)).collect();
        assert_eq!(found, expected.iter().map(|(key, (sum, _))| (*key, *sum)).collect::<Vec<_>>());
        assert_eq!(answer.basis.excluded.no_margin, expected.iter().map(|(_, (_, none))| none).sum::<u64>());
        some += u32::from(answer.basis.excluded.no_margin > 0 && answer.result.total.historic != 0);
    }
    assert!(some > 50, "{some}");
}

/// The figure of a measure, from the kernel's answer.
fn said(id: &str, of: &Lifetime) -> Option<f64> {
    match id {
        "historic_value" => Some(of.historic as f64),
        "historic_value_mean" => of.historic_per_customer.value,
        "months_active" => of.months_active.value,
        "expected_alive" => of.alive.filter(|_| of.customers > 0),
        "expected_purchases" => of.purchases.filter(|_| of.customers > 0),
        _ => of.expected.filter(|_| of.customers > 0),
    }
}

/// Total, groups, intervals, exclusions; those behind the number sum to it; and the time it is
/// compared with is answered as if it were asked about by itself.
#[test]
fn a_lifetime_as_a_figure_is_what_the_kernel_says() {
    let mut fitted = 0;
    for seed in 0..300 {
        println!("seed {seed}");
        let world = world_with_margins(seed);
        let mut asked = asked_of(&mut ChaCha8Rng::seed_from_u64(seed + 33_000));
        asked.params.orders.drop_fully_returned = false;
        asked.measures.drain(..2);
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let before =
            earlier(&asked.scope, asked.scope.observed_on(&snapshot), Against::PreviousPeriod).unwrap();
        asked.spans = vec![before];
        let answers = scalar::compute(&snapshot, &asked).unwrap();
        let kernel = compute(&snapshot, &for_kernel(&asked)).unwrap();
        let mut then = for_kernel(&asked);
        then.scope.range = TimeRange { from: Micros(before.from), until: Micros(before.until) };
        then.scope.observed_until = Some(Micros(before.observed));
        let then = compute(&snapshot, &then).unwrap();
        for Answer { kpi, basis, total, groups, spans, warnings } in &answers {
            let expected = if kpi.id.starts_with("expected") { kernel.fit.warnings.as_slice() } else { &[] };
            assert_eq!(warnings, expected, "{}: the same warnings either way", kpi.id);
            let same = |figure: &scalar::Figure, of: &Lifetime| {
                assert!(close(figure.value, said(kpi.id, of)), "{}: {figure:?} {of:?}", kpi.id);
                assert_eq!(figure.absent.is_some(), figure.value.is_none());
            };
            same(total, &kernel.result.total);
            same(&spans[0], &then.result.total);
            for group in &kernel.result.groups {
                let its = groups.iter().find(|cell| cell.keys[0] == group.key);
                // Where nothing tells what to expect there is no group.
                its.map_or_else(
                    || assert_eq!(said(kpi.id, &group.result), None),
                    |cell| same(&cell.figure, &group.result),
                );
            }
            // Orders of nobody that would not count either are left out by figures alone.
            let no_identity = basis.excluded.no_identity;
            assert_eq!(basis.excluded, Excluded { no_identity, ..kernel.basis.excluded }, "{}", kpi.id);
            let means = ["historic_value_mean", "months_active"];
            if !means.contains(&kpi.id) {
                let one = Question { measures: vec![measures::find(kpi.id).unwrap()], ..asked.clone() };
                let found = page(&snapshot, &one, &Filter { size: 1_000, ..Filter::default() }).unwrap();
                let sum = |sum: f64, member: &members::Member| sum + member.hits[0].part as f64 / found.scale;
                assert!(
                    close(Some(found.members.iter().fold(0.0, sum)), Some(total.numerator)),
                    "{}",
                    kpi.id
                );
                assert_eq!(found.members.len() as u64, total.customers);
            }
        }
        fitted += u32::from(kernel.fit.purchases.is_some());
    }
    assert!(fitted > 50, "{fitted}");
}

/// Ada pays 100.00 with a margin of 40.00 and gives 25.00 back: 30.00 is left. What she pays without
/// saying a margin adds nothing, and is told.
#[test]
fn a_margin_by_hand() {
    let mut world = World::of_people(1);
    let mut add = |on: &str, id: &str, minor, margin: Option<i64>| {
        let touch = world.add(1, at(on), order(id, minor));
        if let Activity::Order(order) = &mut touch.details.activity {
            order.margin = margin.and_then(|margin| money(margin, Currency::EUR));
        }
    };
    add("2026-01-01T12:00:00Z", "a", 10_000, Some(4_000));
    add("2026-01-10T12:00:00Z", "b", 5_000, None);
    add("2026-01-20T12:00:00Z", "c", 2_000, Some(-500));
    world.add(1, at("2026-02-01T12:00:00Z"), back("a", 2_500));
    let range = TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-03-01T00:00:00Z") };
    let by = |value| lifetime::Question { value, ..lifetime::Question::of(closed(range)) };
    let margin = compute(&world.snapshot(), &by(ValueBasis::Margin)).unwrap();
    assert_eq!((margin.result.total.historic, margin.result.total.orders), (2_500, 3));
    assert_eq!(margin.basis.excluded.no_margin, 1);
    let revenue = compute(&world.snapshot(), &by(ValueBasis::Revenue)).unwrap();
    assert_eq!((revenue.result.total.historic, revenue.basis.excluded.no_margin), (14_500, 0));
    let measures = measures_here();
    let asked = Question {
        scope: closed(range),
        measures,
        params: Params::default(),
        group_by: vec![],
        spans: vec![],
    };
    let answers = scalar::compute(&world.snapshot(), &asked).unwrap();
    assert_eq!(answers[0].total.value, Some(3_500.0));
    assert_eq!(answers[1].total.value, Some(3_500.0 / 12_000.0), "of the orders that say it");
}

/// Where fits are kept a question says the same, whatever was asked before it.
#[test]
fn kept_fits_say_the_same() {
    for seed in 0..40 {
        let world = world_with_margins(seed);
        let asked = asked_of(&mut ChaCha8Rng::seed_from_u64(seed + 33_000));
        let months =
            compare::series(&asked.scope, asked.scope.range.until, calendar::Unit::Month.into()).unwrap();
        let snapshot = world.snapshot();
        let whole = scalar::compute(&snapshot, &Question { spans: months.clone(), ..asked.clone() }).unwrap();
        let params =
            Params { fits: crate::engine::fits::Fits::default().of([1; 16]), ..asked.params.clone() };
        for spans in [Vec::new(), months.clone(), months[..months.len() / 2].to_vec()] {
            let again = Question { params: params.clone(), spans: spans.clone(), ..asked.clone() };
            for (found, expected) in scalar::compute(&snapshot, &again).unwrap().into_iter().zip(&whole) {
                assert_eq!((found.total, &found.groups), (expected.total, &expected.groups), "seed {seed}");
                assert_eq!(found.spans, expected.spans[..spans.len()], "seed {seed}");
            }
        }
    }
}
