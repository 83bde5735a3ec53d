//! Lifecycle and RFM against the words, by hand, and what always holds.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::one_tale::{is_of_places, under};
use super::plain::Plain;
use super::world::{Touch, World, at, back, order, random_group_by, random_orders, random_scope};
use crate::catalogue::measures;
use crate::engine::compare::Against;
use crate::engine::dimension::Dimension;
use crate::engine::measure::Params;
use crate::engine::members;
use crate::engine::scalar;
use crate::ground::calendar;
use crate::ground::calendar::Unit;
use crate::measures::lifecycle::{self, States};
use crate::shapes::rfm::{self, Bought, Scores, Segment};
use crate::*;
use customer360_model::activity::Return;
use customer360_model::{ActivityType, Currency, Micros, TimeRange};

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
            by: calendar::Granularity {
                unit: *[Unit::Day, Unit::Week, Unit::Month, Unit::Quarter].choose(rng).unwrap(),
                count: 1,
            },
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
        let by = question.group_by.as_ref();
        for group in &answer.result.groups {
            if let Some(scope) = under(&question.scope, by, group.key.as_ref()) {
                let filtered = lifecycle::Question { scope, group_by: None, ..question.clone() };
                let filtered = lifecycle::compute(&world.snapshot(), &filtered).unwrap();
                assert_eq!(filtered.result.total, group.result);
            }
        }
        if by.is_some() && !is_of_places(by) {
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
    calendar::Intervals::new(&scope.zone, question.by.unit, scope.week_start, at, at.plus(1))
        .unwrap()
        .start(0)
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
        scope: closed(range),
        group_by: None,
        orders: OrderOptions::default(),
        by: Unit::Month.into(),
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
        let question = lifecycle::Question {
            scope: scope.clone(),
            group_by: None,
            orders,
            by: Unit::Day.into(),
            activities,
        };
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

impl Plain<'_> {
    /// What customers bought in range and scope, by key.
    fn bought(&self, options: &OrderOptions) -> Vec<(u32, Bought)> {
        let mut all = Vec::new();
        for customer in self.customers() {
            let orders = self.orders(options, customer);
            let mut own: Vec<&Touch> =
                orders.into_iter().filter(|t| self.in_range(t) && self.has_place(t)).collect();
            let Some(last) = own.last() else { continue };
            let recency_days = self.days_between(last.at, self.observed() - 1) as u32;
            let bought: i64 = own.iter().map(|t| t.order().unwrap().amount.minor).sum();
            let returned = self.world.of(customer).into_iter().filter(|t| self.in_range(t));
            let its = |b: &&Return| self.scope.currency.is_none_or(|wanted| b.amount.currency == wanted);
            let returned = returned.filter_map(Touch::back).filter(its);
            let net = bought - returned.map(|b| b.amount.minor).sum::<i64>();
            if options.unit.is_by_day(true) {
                own.dedup_by(|later, earlier| self.day(later.at) == self.day(earlier.at));
            }
            all.push((customer, Bought { recency_days, orders: own.len() as u32, net }));
        }
        all
    }

    /// The fifth of a value is that of the lowest of its equals.
    fn scores(all: &[(u32, Bought)], of: &Bought) -> Scores {
        let score = |value: &dyn Fn(&Bought) -> i64| {
            let below = all.iter().filter(|(_, b)| value(b) < value(of)).count() as f64;
            1 + (5.0 * below / all.len() as f64).floor() as u8
        };
        Scores {
            recency: score(&|b| -i64::from(b.recency_days)),
            frequency: score(&|b| b.orders.into()),
            monetary: score(&|b| b.net),
        }
    }

    pub(super) fn rfm_group(&self, by: RfmBy, orders: &OrderOptions, customer: u32) -> Option<String> {
        let all = self.bought(orders);
        let (_, bought) = all.iter().find(|(its, _)| *its == customer)?;
        let Scores { recency, frequency, monetary } = Self::scores(&all, bought);
        Some(match by {
            RfmBy::Segment => Segment::of(Self::scores(&all, bought)).name().into(),
            RfmBy::Scores => format!("{recency}-{frequency}-{monetary}"),
        })
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
        let expected = plain.bought(&question.orders);
        let found: Vec<(u32, Bought)> = answer.customers.iter().map(|c| (c.key, c.bought)).collect();
        assert_eq!(found, expected);
        let mut by_segment = [0; Segment::ALL.len()];
        for customer in &answer.customers {
            assert_eq!(customer.scores, Plain::scores(&expected, &customer.bought));
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
        scope: closed(range),
        group_by: None,
        orders: OrderOptions::default(),
        after: None,
        size: 9,
    };
    let answer = rfm::compute(&world.snapshot(), &question).unwrap();
    let scores: Vec<(u8, u8, u8)> =
        answer.customers.iter().map(|c| (c.scores.recency, c.scores.frequency, c.scores.monetary)).collect();
    // The fifth bought last and most often, and gave nearly everything back.
    assert_eq!(scores, [(1, 1, 2), (2, 2, 3), (3, 3, 4), (4, 4, 5), (5, 5, 1)], "nobody is equal");
    assert_eq!(answer.result.total[Segment::Champions as usize].net, 500);
    assert_eq!(answer.result.total[Segment::Hibernating as usize].customers, 2);
    let empty = rfm::compute(&Snapshot::default(), &question).unwrap();
    assert!(empty.cells.is_empty() && empty.result.total.iter().all(|sums| sums.customers == 0));
}

/// A list limited to segments and scores holds those of the whole list, and says whether there are more.
#[test]
fn lists_are_limited_to_segments_and_scores() {
    let listing = |segments: &[Segment], scores: &[[u8; 3]], size: usize| {
        let scores =
            scores.iter().map(|&[recency, frequency, monetary]| Scores { recency, frequency, monetary });
        let listed = rfm::Listed { segments: segments.to_vec(), scores: scores.collect() };
        (listed, size)
    };
    let (mut some, mut none) = (0, 0);
    for seed in 0..300 {
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 26_000);
        let mut scope = random_scope(rng);
        scope.currency = Some(Currency::EUR);
        let orders = random_orders(rng);
        let question = rfm::Question { scope, group_by: None, orders, after: None, size: 100 };
        let snapshot = world.snapshot();
        let whole = rfm::compute(&snapshot, &question).unwrap();
        for (listed, size) in [
            listing(&[Segment::Champions, Segment::Hibernating], &[], 100),
            listing(&[], &[[5, 0, 0], [0, 1, 3]], 100),
            listing(&[Segment::Loyal, Segment::AtRisk], &[[0, 0, 4], [0, 0, 5]], 1),
        ] {
            let asked = rfm::Question { size, ..question.clone() };
            let answer = rfm::compute_listing(&snapshot, &asked, &listed).unwrap();
            let fits = |wanted: &Scores, its: Scores| {
                [
                    (wanted.recency, its.recency),
                    (wanted.frequency, its.frequency),
                    (wanted.monetary, its.monetary),
                ]
                .iter()
                .all(|(wanted, its)| *wanted == 0 || wanted == its)
            };
            let mut expected = whole.customers.clone();
            expected
                .retain(|c| listed.segments.is_empty() || listed.segments.contains(&Segment::of(c.scores)));
            expected.retain(|c| listed.scores.is_empty() || listed.scores.iter().any(|w| fits(w, c.scores)));
            assert_eq!(answer.more, expected.len() > size, "seed {seed}");
            expected.truncate(size);
            assert_eq!((&answer.customers, &answer.result), (&expected, &whole.result), "seed {seed}");
            some += expected.len();
            none += whole.customers.len() - expected.len();
        }
    }
    assert!(some > 100 && none > 100, "{some} {none}");
}

/// What buyers are by segment and by scores is what RFM says, whatever counts as an order; and the
/// customers behind a segment are those that RFM lists in it.
#[test]
fn segments_are_groups_of_any_figure_and_explained() {
    let buyers = measures::find("buyers").unwrap();
    let mut seen = 0;
    for seed in 0..60 {
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 27_000);
        let mut scope = random_scope(rng);
        scope.currency = Some(Currency::EUR);
        let orders = random_orders(rng);
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let question = rfm::Question { scope: scope.clone(), group_by: None, orders, after: None, size: 100 };
        let shape = rfm::compute(&snapshot, &question).unwrap();
        for by in [RfmBy::Segment, RfmBy::Scores] {
            let figures = scalar::Question {
                scope: scope.clone(),
                measures: vec![buyers],
                params: Params { orders, ..Params::default() },
                group_by: vec![Dimension::Of(GroupBy::Rfm(by, orders))],
                spans: Vec::new(),
            };
            let answer = scalar::compute(&snapshot, &figures).unwrap().remove(0);
            let found: Vec<(String, f64)> =
                answer.groups.iter().map(|c| (c.keys[0].clone().unwrap(), c.figure.value.unwrap())).collect();
            let mut expected: Vec<(String, f64)> = match by {
                RfmBy::Segment => Segment::ALL
                    .iter()
                    .zip(&shape.result.total)
                    .map(|(segment, sums)| (segment.name().to_owned(), sums.customers as f64))
                    .filter(|(_, customers)| *customers > 0.0)
                    .collect(),
                RfmBy::Scores => shape.cells.iter().map(|(s, n)| (s.name(), *n as f64)).collect(),
            };
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(found, expected, "seed {seed}");
            for (name, _) in &found {
                let filter =
                    members::Filter { group: vec![Some(name.clone())], size: 100, ..Default::default() };
                let page = members::page(&snapshot, &figures, &filter).unwrap();
                let named = |c: &&rfm::Customer| match by {
                    RfmBy::Segment => Segment::of(c.scores).name() == name,
                    RfmBy::Scores => c.scores.name() == *name,
                };
                let listed: Vec<Option<u32>> =
                    shape.customers.iter().filter(named).map(|c| Some(c.key)).collect();
                let behind: Vec<Option<u32>> = page.members.iter().map(|member| member.customer).collect();
                assert_eq!(behind, listed, "seed {seed} {name}");
                seen += listed.len();
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Ten customers of January, who all hibernate by the scale of February; in which four of ten do.
#[test]
fn segments_are_compared_by_the_scale_of_now() {
    let mut world = World::of_people(20);
    let day = |text: &str| at(&format!("{text}T12:00:00Z"));
    // In both months ten buy: those of January once each at its begin, those of February
    // customer n n times, ever later.
    for person in 1..=10_u32 {
        world.add(person, day("2026-01-02"), order(&format!("jan-{person}"), 1_000));
        for nth in 0..person {
            let on = day("2026-02-01").plus(i64::from(person + nth) * 86_400_000_000);
            world.add(10 + person, on, order(&format!("feb-{person}-{nth}"), 1_000));
        }
    }
    let range = TimeRange { from: at("2026-02-01T00:00:00Z"), until: at("2026-03-01T00:00:00Z") };
    let (scope, orders) = (closed(range), OrderOptions::default());
    let question = rfm::Question { scope, group_by: None, orders, after: None, size: 0 };
    let answer = rfm::compute(&world.snapshot(), &question).unwrap();
    let compared = rfm::compared(&world.snapshot(), &question, &answer, Against::PreviousPeriod).unwrap();
    assert_eq!(compared.span.from, at("2026-01-01T00:00:00Z").0);
    let (before, change) = compared.segments[Segment::Hibernating as usize];
    // Four of ten: frequency and recency 1 or 2. In January nobody bought twice or late.
    assert_eq!((before.numerator, before.denominator), (10.0, Some(10.0)));
    assert!((change.difference.unwrap() + 0.6).abs() < 1e-12);
    // Newcombe: Wilson of 4/10 is 0.1682 to 0.6873, of 10/10 0.7225 to 1.
    let interval = change.interval.unwrap();
    assert!((interval.low - -0.8318).abs() < 1e-3 && (interval.high - -0.2014).abs() < 1e-3, "{interval:?}");
    // Pooled 14/20: z = 0.6 / sqrt(0.7 * 0.3 / 5) = 2.9277, p = 0.0034, times ten tests at most.
    assert!((change.p_value.unwrap() - 0.003_415).abs() < 1e-5);
    let (before, change) = compared.segments[Segment::Champions as usize];
    assert_eq!((before.value, change.difference), (Some(0.0), Some(0.2)));
}
