//! Scores of customers: lists by pages, single customers, and the kernels that they repeat.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::plain::Plain;
use super::rich::rich;
use super::world::random_scope;
use crate::engine::measure::Params;
use crate::shapes::lifetime;
use crate::shapes::rfm;
use crate::shapes::rfm::Segment;
use crate::shapes::score::{Bounds, By, Filter, Order, Scored, Scoring, page, ranking, some};
use customer360_model::Currency;
use customer360_model::activity::{Activity, SurveyKind};

#[test]
fn pages_are_in_order_and_hold_what_single_customers_score() {
    for seed in 0..120 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 31_000);
        let mut scope = random_scope(rng);
        scope.currency = Some(Currency::EUR);
        let question = lifetime::Question { size: 100, ..lifetime::Question::of(scope.clone()) };
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let lifetimes = lifetime::compute(&snapshot, &question).unwrap();
        let asked = rfm::Question {
            scope: scope.clone(),
            group_by: None,
            orders: question.orders,
            after: None,
            size: 100,
        };
        let rfm = rfm::compute(&snapshot, &asked).unwrap();
        let scoring = Scoring {
            question,
            purchases: lifetimes.fit.purchases,
            value: lifetimes.fit.value,
            cuts: rfm.cuts,
            params: Params::default(),
        };
        let order = Order {
            by: *[By::Expected, By::Historic, By::LastNps, By::Cost, By::Channels].choose(rng).unwrap(),
            ascending: rng.random_bool(0.5),
        };
        let list = |filter: &Filter| {
            let ranking = ranking(&snapshot, &scoring, filter, order).unwrap();
            let (mut all, mut after) = (Vec::<Scored>::new(), None);
            loop {
                let (found, last) = page(&snapshot, &scoring, &ranking, (after, 2)).unwrap();
                all.extend(found);
                after = last;
                if after.is_none() {
                    return all;
                }
            }
        };
        let all = list(&Filter::default());
        let value = |one: &Scored| match order.by {
            By::Expected => one.lifetime.and_then(|lifetime| lifetime.score.expected),
            By::Historic => one.lifetime.map(|lifetime| lifetime.historic as f64),
            By::LastNps => one.deeds.last_nps.map(f64::from),
            By::Cost => one.deeds.cost,
            By::Channels => Some(one.deeds.channels.len() as f64),
        };
        for pair in all.windows(2) {
            let in_order = match (value(&pair[0]), value(&pair[1])) {
                (Some(a), Some(b)) if a == b => pair[0].key < pair[1].key,
                (Some(a), Some(b)) => (a < b) == order.ascending,
                (a, b) => a.is_some() || (b.is_none() && pair[0].key < pair[1].key),
            };
            assert!(in_order, "{:?} {:?}", value(&pair[0]), value(&pair[1]));
        }
        // The kernels of their own say the same of everyone, and so does a look at one customer.
        let plain = Plain { world: &world, scope: &scope };
        for one in &all {
            let its = lifetimes.customers.iter().find(|customer| customer.key == one.key);
            assert_eq!(one.lifetime.as_ref(), its);
            let its = rfm.customers.iter().find(|customer| customer.key == one.key);
            assert_eq!(one.rfm, its.map(|customer| (customer.bought, customer.scores)));
            let names = one.deeds.channels.iter().map(|&no| snapshot.dictionary.channels.name(no));
            assert_eq!(names.collect::<Vec<_>>(), plain.channels(one.key));
            let score = |touch: &&super::world::Touch| match &touch.details.activity {
                Activity::SurveyAnswer(answer) if answer.kind == SurveyKind::Nps => Some(answer.score),
                _ => None,
            };
            let answers = world.of(one.key).into_iter().filter(|t| plain.in_range(t) && plain.has_place(t));
            assert_eq!(one.deeds.last_nps, answers.collect::<Vec<_>>().iter().rev().find_map(score));
            assert_eq!(some(&snapshot, &scoring, &[one.key, 999]).unwrap(), [Some(one.clone()), None]);
        }
        let buyers = lifetimes.customers.iter().map(|c| c.key).chain(rfm.customers.iter().map(|c| c.key));
        buyers.for_each(|key| assert!(all.iter().any(|one| one.key == key)));
        // Filters keep what they say.
        let segments = vec![Segment::Champions, Segment::AboutToSleep];
        let kept = list(&Filter { segments: segments.clone(), ..Filter::default() });
        let is_its =
            |one: &&Scored| one.rfm.is_some_and(|(_, scores)| segments.contains(&Segment::of(scores)));
        assert_eq!(kept, all.iter().filter(is_its).cloned().collect::<Vec<_>>());
        let bounds = Bounds { least: Some(500.0), most: Some(2_000.0) };
        let kept = list(&Filter { historic: bounds, min_channels: 1, ..Filter::default() });
        let is_its = |one: &&Scored| {
            let historic = one.lifetime.map(|lifetime| lifetime.historic);
            historic.is_some_and(|minor| (500..=2_000).contains(&minor)) && !one.deeds.channels.is_empty()
        };
        assert_eq!(kept, all.iter().filter(is_its).cloned().collect::<Vec<_>>());
    }
}
