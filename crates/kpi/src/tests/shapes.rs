//! Journeys, baskets and funnels: worked examples, and agreement with the figures.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{random_params, rich, scope};
use super::world::{World, at, order};
use crate::catalogue::measures;
use crate::engine::measure::Params;
use crate::engine::scalar::{Question, compute};
use crate::measures::funnel;
use crate::shapes::affinity;
use crate::shapes::paths;
use crate::*;
use customer360_model::activity::{Activity, Line, Visit};
use customer360_model::*;

const DAY: i64 = 86_400_000_000;

fn march() -> Scope {
    closed(TimeRange { from: at("2026-03-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") })
}

#[test]
fn the_commonest_journey_comes_first() {
    let mut world = World::of_people(4);
    let begin = at("2026-03-02T12:00:00Z").0;
    let visit = || Activity::Visit(Visit::default());
    for who in 1..=3 {
        for (day, channel) in [(0, "web"), (1, "web"), (2, "store")] {
            world.add(who, Micros(begin + day * DAY), visit()).channel = channel;
        }
    }
    world.add(1, Micros(begin + 4 * DAY), order("a", 1));
    world.add(2, Micros(begin + 6 * DAY), order("b", 1));
    world.add(4, Micros(begin), order("c", 1));
    let answer = paths::compute(&world.snapshot(), &march(), &Params::default(), 10).unwrap();
    assert_eq!((answer.orders, answer.lost, answer.distinct), (3, 1, 2));
    let first = &answer.paths[0];
    assert_eq!(first.channels, ["web", "store"], "the same channel twice in a row counts once");
    assert_eq!((first.conversion.numerator, first.conversion.denominator), (2.0, 3.0));
    assert_eq!((first.touchpoints, first.days), (Some(3.0), Some(5.0)));
    assert_eq!(answer.paths[1].channels, Vec::<String>::new(), "an order out of the blue");
}

#[test]
fn what_is_bought_together() {
    let mut world = World::of_people(1);
    let begin = at("2026-03-02T12:00:00Z").0;
    let baskets: [&[&str]; 4] = [&["shoe", "sock"], &["shoe", "sock", "sock"], &["shoe", "hat"], &["hat"]];
    for (day, products) in (0..).zip(baskets) {
        let touch = world.add(1, Micros(begin + day * DAY), order(&format!("o{day}"), 1));
        if let Activity::Order(order) = &mut touch.details.activity {
            let line = |name: &&str| Line {
                product_id: (*name).to_owned(),
                quantity_milli: 1_000,
                ..Line::default()
            };
            order.lines = products.iter().map(line).collect();
        }
    }
    let snapshot = world.snapshot();
    let answer = affinity::compute(&snapshot, &march(), &Params::default(), false, (1, 10)).unwrap();
    assert_eq!((answer.orders, answer.pairs.len()), (4, 2));
    let pair = &answer.pairs[0];
    assert_eq!((pair.first.as_str(), pair.second.as_str()), ("shoe", "sock"));
    // Both in 2 of 4 orders; shoes in 3, socks in 2.
    assert_eq!(pair.support.value, Some(0.5));
    assert_eq!((pair.confidence.value, pair.reverse_confidence.value), (Some(2.0 / 3.0), Some(1.0)));
    assert!((pair.lift - 2.0 * 4.0 / (3.0 * 2.0)).abs() < 1e-12);
    let none = affinity::compute(&snapshot, &march(), &Params::default(), true, (1, 10)).unwrap();
    assert_eq!((none.orders, none.pairs.len()), (0, 0), "nothing has a category");
}

/// The shapes hold what the figures say.
#[test]
fn shapes_agree_with_figures() {
    for seed in 0..200 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 13_000);
        let (scope, params) = (scope(rng), random_params(rng));
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let ids = ["funnel", "journey_length", "items_per_order"];
        let measures = ids.map(|id| measures::find(id).unwrap()).to_vec();
        let (spans, group_by) = (Vec::new(), Vec::new());
        let asked = Question { scope: scope.clone(), measures, params: params.clone(), group_by, spans };
        let figures = compute(&snapshot, &asked).unwrap();
        let funnel = funnel::compute(&snapshot, &scope, &params).unwrap();
        assert_eq!(funnel.steps.len(), params.steps.len());
        assert_eq!(funnel.steps[0].numerator, figures[0].total.denominator.unwrap());
        assert_eq!(funnel.steps[params.steps.len() - 1].numerator, figures[0].total.numerator);
        assert!(funnel.steps.windows(2).all(|pair| pair[0].numerator == pair[1].denominator));
        assert_eq!(funnel.basis.censored, figures[0].basis.censored);
        let paths = paths::compute(&snapshot, &scope, &params, usize::MAX).unwrap();
        assert_eq!(paths.orders, figures[1].total.anchors);
        let touches: f64 = paths
            .paths
            .iter()
            .filter_map(|path| path.touchpoints.map(|mean| mean * path.conversion.numerator))
            .sum();
        assert!((touches - figures[1].total.numerator).abs() < 1e-6);
        let pairs = affinity::compute(&snapshot, &scope, &params, false, (1, usize::MAX)).unwrap();
        assert!(pairs.orders <= figures[2].total.anchors);
        assert!(
            pairs.pairs.iter().all(|p| p.support.numerator <= p.confidence.denominator && p.first < p.second)
        );
    }
}

/// The share to which what was waited for has come by a time: waits as long as they were, whether it came, and whether
/// they were ended at all. Aalen and Johansen, from the definition.
pub fn incidence(waits: &[(f64, bool, bool)], until: f64) -> f64 {
    let mut times: Vec<f64> = waits.iter().filter(|w| w.2 && w.0 <= until).map(|w| w.0).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let (mut left, mut share) = (1.0, 0.0);
    for time in times {
        let count =
            |counts: &dyn Fn(&(f64, bool, bool)) -> bool| waits.iter().filter(|w| counts(w)).count() as f64;
        let at_risk = count(&|w| w.0 >= time);
        share += left * count(&|w| w.0 == time && w.1) / at_risk;
        left *= 1.0 - count(&|w| w.0 == time && w.2) / at_risk;
    }
    share
}

/// The same within a time, if anybody was followed for so long or all were ended before.
pub fn ended(waits: &[(f64, bool, bool)], within: f64) -> Option<f64> {
    let followed = waits.iter().any(|wait| wait.0 >= within);
    let last = waits.iter().map(|wait| wait.0).fold(0.0, f64::max);
    let all_ended = waits.iter().filter(|wait| wait.0 >= last).all(|wait| wait.2);
    ((followed || all_ended) && !waits.is_empty()).then(|| incidence(waits, within))
}
