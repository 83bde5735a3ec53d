//! Lifetime value: histories against the words, a worked example, and what always holds.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::plain::Plain;
use super::world::{Touch, World, at, back, closed, order, random_group_by, random_orders, random_scope};
use crate::shapes::lifetime;
use crate::shapes::lifetime::{Customer, Question, Warning, compute};
use crate::*;
use customer360_model::{Currency, Micros, TimeRange};

/// A customer's history: repeats, days to the last order and to the end, months, net amount.
type Plainly = (u32, u32, u32, u32, u32, i64);

fn histories(plain: &Plain, question: &Question) -> Vec<(Plainly, Option<String>)> {
    let mut all = Vec::new();
    for customer in plain.customers() {
        let orders = plain.orders(&question.orders, customer);
        let in_scope = |t: &&&Touch| plain.in_range(t) && plain.has_place(t);
        let first = match question.first {
            First::Ever => orders.first().filter(in_scope),
            First::InScope => orders.iter().find(in_scope),
        };
        let Some(&first) = first else { continue };
        let counted: Vec<&Touch> =
            orders.iter().copied().filter(|t| (t.at, t.number) >= (first.at, first.number)).collect();
        let mut units = counted.clone();
        if question.orders.unit.is_by_day(true) {
            units.dedup_by(|later, earlier| plain.day(later.at) == plain.day(earlier.at));
        }
        // Returns are never before the first order, and all are of some order then.
        let returns = plain.world.of(customer).into_iter().filter(|t| {
            let its = |currency| plain.scope.currency.is_none_or(|wanted| wanted == currency);
            first.at <= t.at && t.at < plain.observed() && t.back().is_some_and(|b| its(b.amount.currency))
        });
        let bought: i64 = counted.iter().map(|t| t.order().unwrap().amount.minor).sum();
        let returned: i64 = returns.map(|t| t.back().unwrap().amount.minor).sum();
        let last = units[units.len() - 1];
        let mut months: Vec<String> =
            units.iter().map(|t| plain.day(t.at).strftime("%Y-%m").to_string()).collect();
        months.dedup();
        let history = (
            customer,
            units.len() as u32 - 1,
            plain.days_between(first.at, last.at) as u32,
            plain.days_between(first.at, plain.observed() - 1) as u32,
            months.len() as u32,
            bought - returned,
        );
        all.push((history, question.group_by.as_ref().and_then(|by| plain.group(by, customer, first))));
    }
    all
}

fn plainly(customer: &Customer) -> Plainly {
    let Customer { key, repeats, last_days, age_days, months_active, historic, .. } = *customer;
    (key, repeats, last_days, age_days, months_active, historic)
}

#[test]
fn histories_are_what_the_words_say_and_groups_add_up() {
    let mut fitted = 0;
    for seed in 0..200 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 11_000);
        let mut question = Question::of(random_scope(rng));
        question.scope.currency = Some(if rng.random_bool(0.8) { Currency::EUR } else { Currency::GBP });
        question.group_by = random_group_by(rng);
        question.orders = random_orders(rng);
        question.first = *[First::Ever, First::InScope].choose(rng).unwrap();
        question.size = 100;
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let answer = compute(&snapshot, &question).unwrap();
        let plain = Plain { world: &world, scope: &question.scope };
        let expected = histories(&plain, &question);
        let found: Vec<Plainly> = answer.customers.iter().map(plainly).collect();
        assert_eq!(found, expected.iter().map(|(history, _)| *history).collect::<Vec<_>>());
        assert_eq!(answer.basis.excluded.voided, plain.voided(|t| t.order().is_some()));
        let total = &answer.result.total;
        assert_eq!(total.customers, expected.len() as u64);
        assert_eq!(total.historic, expected.iter().map(|(history, _)| history.5).sum::<i64>());
        for group in &answer.result.groups {
            let its = expected.iter().filter(|(_, key)| *key == group.key);
            assert_eq!(group.result.historic, its.map(|(history, _)| history.5).sum::<i64>());
        }
        if question.group_by.is_some() {
            let sum = |of: fn(&lifetime::Lifetime) -> Option<f64>| {
                let parts = answer.result.groups.iter().map(|group| of(&group.result));
                let (sum, total) = (parts.sum::<Option<f64>>(), of(total));
                let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
                sum.zip(total).is_none_or(near)
            };
            assert!(sum(|l| l.alive) && sum(|l| l.purchases) && sum(|l| l.expected));
        }
        // The parts sum to the number, and all are what they may be.
        let score = |customer: &Customer| customer.score;
        if let Some(alive) = total.alive {
            fitted += 1;
            let scores: Vec<_> = answer.customers.iter().map(score).collect();
            assert!(scores.iter().all(|score| (0.0..=1.0).contains(&score.alive.unwrap())));
            assert!((scores.iter().filter_map(|score| score.alive).sum::<f64>() - alive).abs() < 1e-9);
            assert!(
                scores.iter().all(|s| s.purchases.is_some_and(|n| n.is_finite() && n >= 0.0)),
                "{scores:?}"
            );
            assert!(answer.fit.warnings.contains(&Warning::FewRepeatBuyers));
        } else {
            assert_eq!(answer.fit.warnings, [Warning::NothingToFit]);
        }
        // Pages are the same customers.
        question.size = 2;
        let mut paged = Vec::new();
        loop {
            let page = compute(&snapshot, &question).unwrap();
            question.after = page.customers.last().map(|customer| customer.key);
            paged.extend(page.customers.iter().map(|customer| (customer.key, customer.score.purchases)));
            if !page.more {
                break;
            }
        }
        assert_eq!(paged, answer.customers.iter().map(|c| (c.key, c.score.purchases)).collect::<Vec<_>>());
    }
    assert!(fitted > 25, "only {fitted} worlds had anything to fit");
}

/// Ada buys on 1 January, 31 January (10.00 of it goes back) and 1 March, Ben once.
#[test]
fn a_history_by_hand() {
    let mut world = World::of_people(2);
    world.add(1, at("2026-01-01T12:00:00Z"), order("a", 2_000));
    world.add(1, at("2026-01-31T12:00:00Z"), order("b", 3_000));
    world.add(1, at("2026-02-10T12:00:00Z"), back("b", 1_000));
    world.add(1, at("2026-03-01T12:00:00Z"), order("c", 4_000));
    world.add(2, at("2026-02-01T12:00:00Z"), order("d", 500));
    let range = TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") };
    let question = Question { size: 9, ..Question::of(closed(range)) };
    let answer = compute(&world.snapshot(), &question).unwrap();
    assert_eq!(
        answer.customers.iter().map(plainly).collect::<Vec<_>>(),
        [(1, 2, 59, 89, 2, 8_000), (2, 0, 0, 58, 1, 500)]
    );
    let total = &answer.result.total;
    assert_eq!((total.customers, total.repeat_buyers, total.orders, total.historic), (2, 1, 4, 8_500));
    assert_eq!(total.months_active.value, Some(1.5));
    assert_eq!(answer.customers[1].score.alive, Some(1.0), "who never came back may still come");
    // One repeat buyer has no variance of values.
    assert!(answer.fit.value.is_none() && answer.fit.warnings.contains(&Warning::NoValueToFit));
    assert_eq!((total.expected, answer.customers[0].score.expected), (None, None));
}

#[test]
fn nothing_and_two_currencies() {
    let range = TimeRange { from: Micros(0), until: Micros(1) };
    let question = Question::of(closed(range));
    let answer = compute(&Snapshot::default(), &question).unwrap();
    assert_eq!((answer.result.total.customers, answer.result.total.alive), (0, None));
    assert_eq!(answer.fit.warnings, [Warning::NothingToFit]);
    let mut world = World::of_people(1);
    world.add(1, at("2026-01-01T12:00:00Z"), order("a", 1));
    let touch = world.add(1, at("2026-01-02T12:00:00Z"), order("b", 1));
    if let customer360_model::Activity::Order(order) = &mut touch.details.activity {
        order.amount.currency = Currency::GBP;
    }
    assert_eq!(compute(&world.snapshot(), &question), Err(KpiError::CurrencyRequired));
    let far = Question { horizon_days: 0, ..question };
    assert_eq!(compute(&Snapshot::default(), &far), Err(KpiError::WindowOutOfRange));
}

/// Two devices of one person are one customer: a merge restates the history, not only the sums.
#[test]
fn a_merge_joins_histories() {
    let mut world = World::of_people(2);
    world.add(1, at("2026-01-01T12:00:00Z"), order("a", 100));
    world.add(2, at("2026-01-11T12:00:00Z"), order("b", 300));
    let range = TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-02-01T00:00:00Z") };
    let question = Question { size: 9, ..Question::of(closed(range)) };
    let apart = compute(&world.snapshot(), &question).unwrap();
    assert_eq!((apart.result.total.customers, apart.result.total.repeat_buyers), (2, 0));
    world.map[2] = 1;
    let joined = compute(&world.snapshot(), &question).unwrap();
    assert_eq!(joined.customers.iter().map(plainly).collect::<Vec<_>>(), [(1, 1, 10, 30, 1, 400)]);
    assert_eq!(joined.result.total.historic, apart.result.total.historic);
}
