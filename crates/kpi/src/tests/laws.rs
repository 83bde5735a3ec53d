//! Laws of all KPIs: how customers are dealt out, what lies outside the scope, and merges.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{random_params, rich, scope};
use super::world::{World, at, random_group_by, random_orders, random_scope};
use crate::catalogue::measures;
use crate::engine::dimension::Dimension;
use crate::engine::params::AnswersCounted;
use crate::engine::scalar;
use crate::engine::scope::GroupBy;
use crate::engine::scope::KpiError;
use crate::engine::scope::OrderOptions;
use crate::engine::scope::Scope;
use crate::facts::snapshot::Snapshot;
use crate::shapes::cost;
use crate::shapes::cost::CostRate;
use crate::shapes::nps;
use crate::shapes::repurchase;
use crate::shapes::retention;
use crate::shapes::retention::PeriodOptions;
use crate::shapes::triangle::TriangleOptions;
use customer360_model::Currency;

#[derive(Debug, PartialEq)]
struct Answers(
    Result<retention::Answer, KpiError>,
    Result<retention::Answer, KpiError>,
    Result<repurchase::Answer, KpiError>,
    Result<nps::Answer, KpiError>,
    Result<cost::Answer, KpiError>,
);

fn ask(snapshot: &Snapshot, scope: &Scope, group_by: Option<&GroupBy>, orders: OrderOptions) -> Answers {
    let (scope, group_by) = (scope.clone(), group_by.cloned());
    let retention = retention::Question {
        scope: scope.clone(),
        group_by: group_by.clone(),
        orders,
        period: Some(PeriodOptions::default()),
        triangle: Some(TriangleOptions::default()),
    };
    let triangle = retention::Question { period: None, ..retention.clone() };
    let repurchase = repurchase::Question {
        group_by: group_by.clone(),
        orders,
        ..repurchase::Question::of(scope.clone())
    };
    let survey = nps::Question {
        scope: scope.clone(),
        group_by: group_by.clone(),
        answers_counted: AnswersCounted::default(),
        survey_id: None,
    };
    let cost = cost::Question { scope, group_by, rates: rates(), capacities: Vec::new() };
    Answers(
        retention::compute(snapshot, &retention),
        retention::compute(snapshot, &triangle),
        repurchase::compute(snapshot, &repurchase),
        nps::compute(snapshot, &survey),
        cost::compute(snapshot, &cost),
    )
}

fn rates() -> Vec<CostRate> {
    ["store", "web"]
        .map(|channel| CostRate {
            channel: channel.into(),
            activity_type: None,
            currency: Currency::EUR,
            per_touch_micros: 123_457,
            per_minute_micros: 777_777,
            from: at("2026-03-10T00:00:00Z"),
        })
        .to_vec()
}

/// To the last bit: sums are of whole numbers, whatever the order.
#[test]
fn the_answer_does_not_depend_on_segments() {
    for seed in 0..300 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 5000);
        let (scope, group_by, orders) = (random_scope(rng), random_group_by(rng), random_orders(rng));
        let whole = ask(&world.snapshot(), &scope, group_by.as_ref(), orders);
        for pieces in [2, 5] {
            let snapshot = world.snapshot_in_pieces(pieces, seed);
            assert_eq!(ask(&snapshot, &scope, group_by.as_ref(), orders), whole, "{pieces} pieces");
        }
    }
}

/// And a question that the kernels answer by a shorter way has the same answer.
#[test]
fn naming_every_channel_is_naming_none() {
    for seed in 0..400 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 8000);
        let (mut scope, group_by) = (random_scope(rng), random_group_by(rng));
        (scope.locations, scope.sources) = (Vec::new(), Vec::new());
        if seed % 4 != 0 {
            scope.currency = None;
        }
        scope.channels = Vec::new();
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let none = ask(&snapshot, &scope, group_by.as_ref(), OrderOptions::default());
        scope.channels = ["store", "web", "app"].map(String::from).to_vec();
        assert_eq!(ask(&snapshot, &scope, group_by.as_ref(), OrderOptions::default()), none);
    }
}

#[test]
fn what_happens_after_the_observation_changes_nothing() {
    for seed in 0..200 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 6000);
        let mut scope = random_scope(rng);
        // The segment and the currency in scope are properties of all facts.
        (scope.segment, scope.currency) = (None, Some(Currency::EUR));
        let group_by = random_group_by(rng).filter(|by| !matches!(by, GroupBy::Trait(_)));
        let orders = random_orders(rng);
        let mut earlier = world.clone();
        let observed = *scope.observed_until.get_or_insert(scope.range.until);
        earlier.touches.retain(|touch| touch.at < observed.0);
        let whole = ask(&world.snapshot(), &scope, group_by.as_ref(), orders);
        assert_eq!(ask(&earlier.snapshot(), &scope, group_by.as_ref(), orders), whole);
    }
}

/// Two customers become one: sums stay, and the customers are one fewer or as many.
#[test]
fn a_merge_conserves_what_adds_up() {
    for seed in 0..300 {
        println!("seed {seed}");
        let world = World::random(seed);
        let customers = world.customers();
        let [.., a, b] = customers[..] else { continue };
        let mut merged = world.clone();
        merged.map.iter_mut().filter(|customer| **customer == b).for_each(|customer| *customer = a);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 7000);
        let mut scope = random_scope(rng);
        (scope.customer_kind, scope.segment, scope.currency) = (None, None, Some(Currency::EUR));
        let question =
            cost::Question { scope: scope.clone(), group_by: None, rates: rates(), capacities: Vec::new() };
        let [before, after] =
            [&world, &merged].map(|world| cost::compute(&world.snapshot(), &question).unwrap());
        let (one, two) = (&before.result.total, &after.result.total);
        assert_eq!((one.total, &one.by_phase, &one.by_channel), (two.total, &two.by_phase, &two.by_channel));
        assert_eq!(one.unidentified, two.unidentified);
        assert_eq!(one.cost_to_net_revenue, two.cost_to_net_revenue);
        assert_eq!(before.basis.touchpoints, after.basis.touchpoints);
        let fewer = before.basis.customers - after.basis.customers;
        assert!(fewer <= 1);
        let question = nps::Question {
            scope,
            group_by: None,
            answers_counted: AnswersCounted::EveryAnswer,
            survey_id: None,
        };
        let [before, after] =
            [&world, &merged].map(|world| nps::compute(&world.snapshot(), &question).unwrap());
        assert_eq!(before.result, after.result);
    }
}

/// Alone a measure may have a quicker way, and none is needed for its hits one by one.
#[test]
fn a_measure_says_the_same_alone_and_among_others() {
    for seed in 0..150 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 7_000);
        let scope = Scope { currency: Some(Currency::EUR), ..scope(rng) };
        let asked = scalar::Question {
            scope,
            measures: measures::ALL.to_vec(),
            params: random_params(rng),
            group_by: vec![Dimension::Item],
            spans: Vec::new(),
        };
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let together = scalar::compute(&snapshot, &asked).unwrap();
        for (answer, &measure) in together.iter().zip(&asked.measures) {
            let by_channel = vec![Dimension::Of(GroupBy::Channel)];
            for group_by in [Vec::new(), by_channel] {
                let alone = scalar::Question { measures: vec![measure], group_by, ..asked.clone() };
                let alone = scalar::compute(&snapshot, &alone).unwrap().remove(0);
                assert_eq!(
                    (alone.total, alone.basis),
                    (answer.total, answer.basis.clone()),
                    "{}",
                    answer.kpi.id
                );
            }
        }
    }
}
