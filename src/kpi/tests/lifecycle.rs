//! Lifecycle and RFM against the words, by hand, and what always holds.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::world::{Plain, Touch, World, at, back, order, random_group_by, random_orders, random_scope};
use crate::kpi::calendar::Unit;
use crate::kpi::lifecycle::{self, States};
use crate::kpi::measure::Params;
use crate::kpi::rfm::{self, Bought, Segment};
use crate::kpi::*;
use crate::model::{ActivityType, Currency, Micros, TimeRange};

fn active(plain: &Plain, question: &lifecycle::Question, customer: u32) -> Vec<Touch> {
    let mut all: Vec<Touch> = plain.world.of(customer).into_iter().cloned().collect();
    all.retain(|t| {
        let counts = t.order().is_none() || plain.refusal(&question.orders, t).is_none();
        counts && t.at < plain.observed() && question.activities.contains(&t.activity_type())
    });
    all
}

#[test]
fn states_are_what_the_words_say_and_add_up() {
    for seed in 0..300 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 21_000);
        let question = lifecycle::Question {
            scope: random_scope(rng),
            group_by: random_group_by(rng),
            orders: OrderOptions { min_amount_minor: 0, ..random_orders(rng) },
            unit: *[Unit::Day, Unit::Week, Unit::Month].choose(rng).unwrap(),
            activities: [vec![ActivityType::Order], vec![ActivityType::Order, ActivityType::Visit]]
                .choose(rng)
                .unwrap()
                .clone(),
        };
        let answer =
            lifecycle::compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &question).unwrap();
        let plain = Plain { world: &world, scope: &question.scope };
        let total = &answer.result.total;
        let mut before = TimeRange { from: Micros(i64::MIN), until: question.scope.range.from };
        for (nth, (interval, found)) in answer.intervals.iter().zip(&total.states).enumerate() {
            let mut expected = States::default();
            for customer in plain.customers() {
                let all = active(&plain, &question, customer);
                let has = |from: Micros, until: Micros| {
                    all.iter().any(|t| from.0 <= t.at && t.at < until.0 && plain.has_place(t))
                };
                let now = has(interval.from, interval.until);
                let first = all.first().is_some_and(|t| {
                    interval.from.0 <= t.at && t.at < interval.until.0 && plain.has_place(t)
                });
                // The interval before the first of the range is a whole local one.
                let earlier = match nth {
                    0 => {
                        let local = |at: Micros| start_of(&question, at);
                        let begin = local(Micros(local(question.scope.range.from).0 - 1));
                        has(begin, before.until)
                    }
                    _ => has(before.from, before.until),
                };
                match (now, earlier) {
                    (true, true) => expected.returning += 1,
                    (true, false) if first => expected.new += 1,
                    (true, false) => expected.resurrected += 1,
                    (false, true) => expected.dormant += 1,
                    (false, false) => {}
                }
            }
            assert_eq!(*found, expected, "interval {nth}");
            before = TimeRange { from: interval.from, until: interval.until };
        }
        // Who was active in an interval returns in the next or is dormant in it.
        for pair in total.states.windows(2) {
            let was = pair[0].new + pair[0].returning + pair[0].resurrected;
            assert_eq!(was, pair[1].returning + pair[1].dormant);
        }
        let all: u64 = total.states.iter().map(|s| s.new + s.returning + s.resurrected).sum();
        let by_count = (1..).zip(&total.active_intervals).map(|(n, customers): (u64, _)| n * customers);
        assert_eq!(by_count.sum::<u64>(), all);
        assert_eq!(total.active_intervals.iter().sum::<u64>(), answer.basis.customers);
        if question.group_by.is_some() {
            for nth in 0..total.states.len() {
                let sum = |of: fn(&States) -> u64| {
                    answer.result.groups.iter().map(|group| of(&group.result.states[nth])).sum::<u64>()
                };
                let all = [sum(|s| s.new), sum(|s| s.returning), sum(|s| s.resurrected), sum(|s| s.dormant)];
                let States { new, returning, resurrected, dormant } = total.states[nth];
                assert_eq!(all, [new, returning, resurrected, dormant]);
            }
        }
    }
}

/// Where the local interval of an instant begins.
fn start_of(question: &lifecycle::Question, at: Micros) -> Micros {
    let scope = &question.scope;
    calendar::Intervals::new(&scope.zone, question.unit, scope.week_start, at, at.plus(1)).unwrap().start(0)
}

/// Ada buys in January, February and April, Ben in January and March.
#[test]
fn a_lifecycle_by_hand() {
    let mut world = World::of_people(2);
    for (person, day) in
        [(1, "2026-01-05"), (1, "2026-02-05"), (1, "2026-04-05"), (2, "2026-01-10"), (2, "2026-03-10")]
    {
        world.add(person, at(&format!("{day}T12:00:00Z")), order(&format!("{person}{day}"), 100));
    }
    let range = TimeRange { from: at("2026-02-01T00:00:00Z"), until: at("2026-05-01T00:00:00Z") };
    let question = lifecycle::Question {
        scope: Scope::of(range),
        group_by: None,
        orders: OrderOptions::default(),
        unit: Unit::Month,
        activities: vec![ActivityType::Order],
    };
    let answer = lifecycle::compute(&world.snapshot(), &question).unwrap();
    let states = |new, returning, resurrected, dormant| States { new, returning, resurrected, dormant };
    // February: Ada again, Ben not. March: Ben found again, Ada not. April: the other way round.
    assert_eq!(answer.result.total.states, [states(0, 1, 0, 1), states(0, 0, 1, 1), states(0, 0, 1, 1)]);
    assert_eq!(answer.result.total.active_intervals, [1, 1, 0]);
    assert_eq!(answer.result.total.mean_intervals.value, Some(1.5));
    assert!(answer.intervals.iter().all(|interval| interval.complete));
    let empty = lifecycle::compute(&Snapshot::default(), &question).unwrap();
    assert_eq!(empty.result.total.states, [States::default(); 3]);
    assert_eq!(empty.result.total.mean_intervals.value, None);
}

/// Of one local day against the day before, the shape and the figures are the same.
#[test]
fn the_shape_of_a_day_is_what_the_figures_say() {
    for seed in 0..200 {
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 23_000);
        let mut scope = random_scope(rng);
        scope.currency = None;
        let day = |at: Micros| {
            calendar::Intervals::new(&scope.zone, Unit::Day, scope.week_start, at, at.plus(1)).unwrap()
        };
        let own = day(scope.range.from);
        scope.range = TimeRange { from: own.start(0), until: own.end(0) };
        scope.observed_until = None;
        let orders = OrderOptions::default();
        let activities = vec![ActivityType::Order];
        let question =
            lifecycle::Question { scope: scope.clone(), group_by: None, orders, unit: Unit::Day, activities };
        let shape = lifecycle::compute(&world.snapshot(), &question).unwrap().result.total.states[0];
        let ids = ["new_buyers", "returning_buyers", "resurrected_buyers", "dormant_buyers"];
        let figures = scalar::Question {
            scope,
            measures: ids.iter().filter_map(|id| measures::find(id)).collect(),
            params: Params {
                window: Some(Window { days: 1, kind: WindowKind::Calendar }),
                orders,
                ..Params::default()
            },
            group_by: Vec::new(),
            spans: Vec::new(),
        };
        let figures = scalar::compute(&world.snapshot(), &figures).unwrap();
        let figures: Vec<f64> = figures.iter().map(|answer| answer.total.value.unwrap()).collect();
        let States { new, returning, resurrected, dormant } = shape;
        assert_eq!(figures, [new, returning, resurrected, dormant].map(|n| n as f64), "seed {seed}");
    }
}

#[test]
fn quintiles_are_what_the_words_say_and_segments_add_up() {
    for seed in 0..300 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 25_000);
        let mut scope = random_scope(rng);
        scope.currency = Some(Currency::EUR);
        let question = rfm::Question {
            scope,
            group_by: random_group_by(rng),
            orders: random_orders(rng),
            after: None,
            size: 100,
        };
        let answer = rfm::compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &question).unwrap();
        let plain = Plain { world: &world, scope: &question.scope };
        let mut expected = Vec::new();
        for customer in plain.customers() {
            let all = plain.orders(&question.orders, customer);
            let mut own: Vec<&Touch> =
                all.into_iter().filter(|t| plain.in_range(t) && plain.has_place(t)).collect();
            let Some(last) = own.last() else { continue };
            let recency_days = plain.days_between(last.at, plain.observed() - 1) as u32;
            let bought: i64 = own.iter().map(|t| t.order().unwrap().amount.minor).sum();
            let returned = plain.world.of(customer).into_iter().filter(|t| plain.in_range(t));
            let returned = returned.filter_map(Touch::back).filter(|b| b.amount.currency == Currency::EUR);
            let net = bought - returned.map(|b| b.amount.minor).sum::<i64>();
            if question.orders.unit == OrderUnit::CustomerDay {
                own.dedup_by(|later, earlier| plain.day(later.at) == plain.day(earlier.at));
            }
            expected.push((customer, Bought { recency_days, orders: own.len() as u32, net }));
        }
        let found: Vec<(u32, Bought)> = answer.customers.iter().map(|c| (c.key, c.bought)).collect();
        assert_eq!(found, expected);
        // The fifth of a value is that of the middle of its equals.
        let score = |value: i64, all: &dyn Fn(&Bought) -> i64| {
            let below = expected.iter().filter(|(_, b)| all(b) < value).count() as f64;
            let equal = expected.iter().filter(|(_, b)| all(b) == value).count() as f64;
            1 + (5.0 * (below + equal / 2.0) / expected.len() as f64).floor() as u8
        };
        let mut by_segment = [0; Segment::ALL.len()];
        for customer in &answer.customers {
            let Bought { recency_days, orders, net } = customer.bought;
            assert_eq!(
                customer.scores.recency,
                score(-i64::from(recency_days), &|b| -i64::from(b.recency_days))
            );
            assert_eq!(customer.scores.frequency, score(orders.into(), &|b| b.orders.into()));
            assert_eq!(customer.scores.monetary, score(net, &|b| b.net));
            by_segment[Segment::of(customer.scores) as usize] += 1;
        }
        assert_eq!(answer.result.total.map(|sums| sums.customers), by_segment);
        assert_eq!(answer.cells.iter().map(|(_, n)| n).sum::<u64>(), expected.len() as u64);
        let net: i64 = answer.result.total.iter().map(|sums| sums.net).sum();
        assert_eq!(net, expected.iter().map(|(_, bought)| bought.net).sum::<i64>());
        if question.group_by.is_some() {
            for (nth, total) in answer.result.total.iter().enumerate() {
                let sum: i64 = answer.result.groups.iter().map(|group| group.result[nth].net).sum();
                assert_eq!(sum, total.net);
            }
        }
    }
}

#[test]
fn rfm_by_hand() {
    let mut world = World::of_people(5);
    for person in 1..=5_u32 {
        for nth in 0..person {
            let day = at("2026-01-01T12:00:00Z").plus(i64::from(person * 10 + nth) * 86_400_000_000);
            world.add(person, day, order(&format!("{person}-{nth}"), 1_000));
        }
    }
    world.add(5, at("2026-03-01T12:00:00Z"), back("5-0", 4_500));
    let range = TimeRange { from: at("2026-01-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") };
    let question = rfm::Question {
        scope: Scope::of(range),
        group_by: None,
        orders: OrderOptions::default(),
        after: None,
        size: 9,
    };
    let answer = rfm::compute(&world.snapshot(), &question).unwrap();
    let scores: Vec<(u8, u8, u8)> =
        answer.customers.iter().map(|c| (c.scores.recency, c.scores.frequency, c.scores.monetary)).collect();
    // The fifth bought last and most often, and gave nearly everything back.
    assert_eq!(scores, [(1, 1, 2), (2, 2, 3), (3, 3, 4), (4, 4, 5), (5, 5, 1)]);
    assert_eq!(answer.result.total[Segment::Champions as usize].net, 500);
    assert_eq!(answer.result.total[Segment::Hibernating as usize].customers, 2);
    let empty = rfm::compute(&Snapshot::default(), &question).unwrap();
    assert!(empty.cells.is_empty() && empty.result.total.iter().all(|sums| sums.customers == 0));
}
