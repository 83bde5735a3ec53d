//! Repurchase against the definition in words.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::one_tale::{is_of_places, under};
use super::plain::Plain;
use super::world::{Touch, World, random_group_by, random_orders, random_scope};
use crate::engine::scope::First;
use crate::engine::scope::KpiError;
use crate::engine::scope::Window;
use crate::engine::scope::WindowKind;
use crate::shapes::repurchase::{Question, Repurchase, compute};

/// The time to the second order, how long they were seen and the window, in days or microseconds.
type Times = (Option<i64>, i64, i64);

const DAY: i64 = 86_400_000_000;

/// What is known of one customer with an order in range.
#[derive(Debug, Clone)]
struct Buyer {
    customer: u32,
    group: Option<String>,
    repeats: bool,
    /// Of a first-time buyer.
    first: Option<Times>,
    /// Days between consecutive orders.
    gaps: Vec<f64>,
    touchpoints: u64,
}

fn buyers(plain: &Plain, question: &Question) -> Vec<Buyer> {
    let mut buyers = Vec::new();
    for customer in plain.customers() {
        let orders = plain.orders(&question.orders, customer);
        let units = plain.units(&question.orders, &orders, true);
        let in_range: Vec<&Touch> = units.iter().copied().filter(|t| plain.in_range(t)).collect();
        let Some(&first) = in_range.first() else { continue };
        let is_first = match question.first {
            First::Ever => orders[0].number == first.number,
            First::InScope => true,
        };
        let later: Vec<&Touch> =
            units.iter().copied().filter(|t| (t.at, t.number) > (first.at, first.number)).collect();
        let days = i64::from(question.window.days);
        let times = match question.window.kind {
            WindowKind::Calendar => {
                let again = later.iter().map(|t| plain.days_between(first.at, t.at)).find(|&d| d > 0);
                let seen = (-1..4000).rev().find(|&d| plain.sees_whole_days(first.at, d)).unwrap_or(-1);
                (again, seen, days)
            }
            WindowKind::Elapsed => {
                (later.first().map(|t| t.at - first.at), plain.observed() - 1 - first.at, days * DAY)
            }
        };
        let mut gaps = Vec::new();
        for pair in units.windows(2).filter(|pair| plain.in_range(pair[0])) {
            gaps.push(match question.window.kind {
                WindowKind::Calendar => plain.days_between(pair[0].at, pair[1].at) as f64,
                WindowKind::Elapsed => (pair[1].at - pair[0].at) as f64 / DAY as f64,
            });
        }
        let touches = orders.iter().filter(|t| plain.has_place(t) && t.at >= question.scope.range.from.0);
        buyers.push(Buyer {
            customer,
            group: question.group_by.as_ref().and_then(|by| plain.group(by, customer, first)),
            repeats: in_range.len() > 1,
            first: is_first.then_some(times),
            gaps,
            touchpoints: touches.count() as u64,
        });
    }
    buyers
}

/// Kaplan-Meier straight from its definition.
fn survival(first: &[Times]) -> f64 {
    let lives: Vec<(i64, bool)> = first
        .iter()
        .map(|&(again, seen, window)| match again {
            Some(after) if after <= window.min(seen) => (after, true),
            _ => (seen.min(window).max(0), false),
        })
        .collect();
    let mut times: Vec<i64> = lives.iter().filter(|(_, event)| *event).map(|&(t, _)| t).collect();
    times.sort_unstable();
    times.dedup();
    times.iter().fold(1.0, |s, &t| {
        let events = lives.iter().filter(|&&life| life == (t, true)).count() as f64;
        let at_risk = lives.iter().filter(|&&(time, _)| time >= t).count() as f64;
        s * (1.0 - events / at_risk)
    })
}

/// Type 7, from the sorted list.
fn quantile(mut values: Vec<f64>, p: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let position = (values.len().checked_sub(1)?) as f64 * p;
    let (low, high) = (position.floor() as usize, position.ceil() as usize);
    Some(values[low] + (position - low as f64) * (values[high] - values[low]))
}

fn near(a: Option<f64>, b: Option<f64>) {
    match (a, b) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{a} is not {b}"),
        _ => assert_eq!(a, b),
    }
}

fn check(figures: &Repurchase, buyers: &[Buyer]) {
    let repeating = buyers.iter().filter(|b| b.repeats).count() as f64;
    assert_eq!(figures.repeat_customers.numerator, repeating);
    assert_eq!(figures.repeat_customers.denominator, buyers.len() as f64);
    let first: Vec<_> = buyers.iter().filter_map(|b| b.first).collect();
    let hit = |&(again, _, window): &Times| again.is_some_and(|after| after <= window);
    let seen = |&(_, seen, window): &Times| seen >= window;
    let count = |f: &dyn Fn(&Times) -> bool| first.iter().filter(|t| f(t)).count() as f64;
    assert_eq!(figures.second_order_all.numerator, count(&|t| hit(t)));
    assert_eq!(figures.second_order_all.denominator, first.len() as f64);
    assert_eq!(figures.second_order_observed.numerator, count(&|t| hit(t) && seen(t)));
    assert_eq!(figures.second_order_observed.denominator, count(&|t| seen(t)));
    let incidence = (!first.is_empty()).then(|| 1.0 - survival(&first));
    let followed = first.iter().any(seen) || incidence.is_some_and(|share| share > 1.0 - 1e-12);
    near(figures.second_order_kaplan_meier.value, incidence.filter(|_| followed));
    near(figures.curve.last().map(|point| point.share), incidence.filter(|&share| share > 0.0));
    let events: u64 = figures.curve.iter().map(|point| point.events).sum();
    let expected = count(&|t: &Times| hit(t) && t.0.is_some_and(|after| after <= t.1));
    assert_eq!(events as f64, expected);
    let gaps: Vec<f64> = buyers.iter().flat_map(|b| b.gaps.clone()).collect();
    near(figures.gap_days_median.value, quantile(gaps.clone(), 0.5));
    near(figures.gap_days_p90.value, quantile(gaps, 0.9));
}

#[test]
fn repurchase_is_what_the_words_say() {
    for seed in 0..800 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 2000);
        let mut question = Question::of(random_scope(rng));
        question.group_by = random_group_by(rng);
        question.orders = random_orders(rng);
        question.first = *[First::Ever, First::InScope].choose(rng).unwrap();
        let kind = *[WindowKind::Calendar, WindowKind::Elapsed].choose(rng).unwrap();
        question.window = Window { days: *[1, 3, 14, 60].choose(rng).unwrap(), kind };
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answer = match compute(&snapshot, &question) {
            Err(KpiError::CurrencyRequired) => {
                assert!(question.orders.min_amount_minor > 0 && question.scope.currency.is_none());
                question.orders.min_amount_minor = 0;
                compute(&snapshot, &question).unwrap()
            }
            other => other.unwrap(),
        };
        let plain = Plain { world: &world, scope: &question.scope };
        let buyers = buyers(&plain, &question);
        check(&answer.result.total, &buyers);
        for group in &answer.result.groups {
            let by = question.group_by.as_ref();
            if let Some(scope) = under(&question.scope, by, group.key.as_ref()) {
                let filtered = Question { scope, ..question.clone() };
                check(
                    &group.result,
                    &self::buyers(&Plain { world: &world, scope: &filtered.scope }, &filtered),
                );
            }
            if is_of_places(by) {
                continue;
            }
            let its: Vec<Buyer> = buyers.iter().filter(|b| b.group == group.key).cloned().collect();
            assert!(!its.is_empty());
            check(&group.result, &its);
        }
        let basis = answer.basis;
        assert_eq!(basis.customers, buyers.len() as u64);
        assert_eq!(basis.touchpoints, buyers.iter().map(|b| b.touchpoints).sum::<u64>());
        let registered = buyers.iter().filter(|b| world.is_registered(b.customer));
        assert_eq!(basis.identity_coverage.numerator, registered.map(|b| b.touchpoints).sum::<u64>() as f64);
        let censored = buyers.iter().filter_map(|b| b.first);
        let censored = censored
            .filter(|&(again, seen, window)| seen < window && again.is_none_or(|after| after > window));
        assert_eq!(basis.censored, censored.count() as u64);
        let is_order = |touch: &Touch| touch.order().is_some();
        assert_eq!(basis.excluded.no_identity, plain.nobody(is_order).len() as u64);
        assert_eq!(basis.excluded.voided, plain.voided(is_order));
        let excluded = |reason| plain.excluded_orders(&question.orders, reason);
        assert_eq!(basis.excluded.other_currency, excluded("other_currency"));
        assert_eq!(basis.excluded.below_min_amount, excluded("below_min_amount"));
        assert_eq!(basis.excluded.fully_returned, excluded("fully_returned"));
    }
}
