//! Attribution: golden journeys, exact sums, and the definitions of Shapley and of removal.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{rich, scope};
use super::world::{World, at, closed, details, order};
use crate::engine::measure::Params;
use crate::shapes::attribution::*;
use crate::*;
use customer360_model::activity::{Activity, Visit};
use customer360_model::*;

const DAY: i64 = 86_400_000_000;
const ALL: [Model; 8] = [
    Model::First,
    Model::Last,
    Model::LastNonDirect,
    Model::Linear,
    Model::Position,
    Model::TimeDecay,
    Model::Markov,
    Model::Shapley,
];

/// Each journey a customer of their own: channels a day apart, then an order or none.
fn world(journeys: &[(&[&'static str], Option<i64>)]) -> World {
    let mut world = World::of_people(journeys.len() as u32);
    let begin = at("2026-03-01T12:00:00Z").0;
    for (who, (channels, amount)) in (1..).zip(journeys) {
        for (day, channel) in (0..).zip(*channels) {
            world.add(who, Micros(begin + day * DAY), Activity::Visit(Visit::default())).channel = channel;
        }
        if let Some(amount) = amount {
            world.add(who, Micros(begin + 9 * DAY), order(&format!("o{who}"), *amount)).channel = "store";
        }
    }
    world
}

fn question(scope: Scope) -> Question {
    Question { scope, params: Params::default(), to: To::Channel, models: ALL.to_vec(), half_life_days: 7 }
}

fn march() -> Scope {
    closed(TimeRange { from: at("2026-03-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") })
}

fn credits(answer: &Answer, model: Model) -> Vec<(&str, f64, i64)> {
    let of = answer.models.iter().find(|of| of.model == model).unwrap();
    of.credits.iter().map(|c| (c.name.as_str(), c.orders as f64 / UNIT as f64, c.revenue)).collect()
}

#[test]
fn the_golden_journeys() {
    let (g, m) = ("web", "email");
    let world = world(&[(&[g], Some(1)), (&[g], Some(1)), (&[m], Some(1)), (&[g, m], Some(7)), (&[g], None)]);
    let answer = compute(&world.snapshot(), &question(march())).unwrap();
    assert_eq!((answer.orders, answer.revenue), (4, 10));
    assert_eq!(credits(&answer, Model::Markov), [("email", 1.6, 4), ("web", 2.4, 6)]);
    // Half of seven each: the third minor unit goes to the first of equal remainders.
    assert_eq!(credits(&answer, Model::Shapley), [("email", 1.5, 5), ("web", 2.5, 5)]);
    assert_eq!(credits(&answer, Model::First), [("email", 1.0, 1), ("web", 3.0, 9)]);
    assert_eq!(credits(&answer, Model::Last), [("email", 2.0, 8), ("web", 2.0, 2)]);
    assert_eq!(credits(&answer, Model::Linear), [("email", 1.5, 5), ("web", 2.5, 5)]);
}

#[test]
fn positions_and_half_lives_weigh() {
    let world = world(&[(&["web", "email", "app", "social"], Some(1_000))]);
    let mut asked = question(march());
    asked.half_life_days = 1;
    let answer = compute(&world.snapshot(), &asked).unwrap();
    let by_position = [("app", 0.1, 100), ("email", 0.1, 100), ("social", 0.4, 400), ("web", 0.4, 400)];
    assert_eq!(credits(&answer, Model::Position), by_position);
    let decayed: Vec<i64> = credits(&answer, Model::TimeDecay).iter().map(|c| c.2).collect();
    // 8 : 4 : 2 : 1 of fifteen parts, in the order of names.
    assert_eq!(decayed, [267, 133, 533, 67]);
}

#[test]
fn what_nobody_led_to_is_unattributed_and_campaigns_get_their_own() {
    let mut world = world(&[(&[], Some(500)), (&["web"], Some(300))]);
    world.touches[1].details = details(Activity::Visit(Visit::default()));
    world.touches[1].details.campaign = Some("spring".into());
    let mut asked = question(march());
    let answer = compute(&world.snapshot(), &asked).unwrap();
    assert!(answer.models.iter().all(|of| (of.unattributed.orders, of.unattributed.revenue) == (UNIT, 500)));
    asked.to = To::Campaign;
    let answer = compute(&world.snapshot(), &asked).unwrap();
    assert_eq!(credits(&answer, Model::Last), [("spring", 1.0, 300)]);
}

/// A visit from a search campaign, two days later a direct one with the order: the source, the campaign
/// and the last that is not direct say google, spring; the last is the direct one.
#[test]
fn a_source_brings_an_order_and_a_direct_visit_does_not() {
    let mut world = World::of_people(1);
    let visit = |source: &str, campaign: &str| {
        let (source_channel, source_campaign) = (source.to_owned(), campaign.to_owned());
        Activity::Visit(Visit { source_channel, source_campaign, ..Visit::default() })
    };
    world.add(1, at("2026-03-01T10:00:00Z"), visit("google/cpc", "spring"));
    world.add(1, at("2026-03-03T10:00:00Z"), visit("(direct)", ""));
    world.add(1, at("2026-03-03T10:10:00Z"), visit("", ""));
    world.add(1, at("2026-03-03T10:30:00Z"), order("o1", 1_000));
    let models = vec![Model::Last, Model::LastNonDirect, Model::First];
    let asked = |to| Question { to, models: models.clone(), ..question(march()) };
    let by = |to| compute(&world.snapshot(), &asked(to)).unwrap();
    let source = by(To::Source);
    assert_eq!(credits(&source, Model::Last), [(DIRECT, 1.0, 1_000)]);
    assert_eq!(credits(&source, Model::LastNonDirect), [("google/cpc", 1.0, 1_000)]);
    assert_eq!(credits(&source, Model::First), [("google/cpc", 1.0, 1_000)]);
    assert_eq!(credits(&by(To::Campaign), Model::Last), [("spring", 1.0, 1_000)], "what the visit came from");
    assert_eq!(credits(&by(To::Channel), Model::LastNonDirect), [("web", 1.0, 1_000)]);
    // Where all are direct, the last of them is what is known.
    world.touches.remove(0);
    let source = compute(&world.snapshot(), &asked(To::Source)).unwrap();
    assert_eq!(credits(&source, Model::LastNonDirect), [(DIRECT, 1.0, 1_000)]);
}

/// G, G, M, G>M convert and a G does not: without G three of four are lost, without M two.
#[test]
fn removal_effects_stand_beside_credits() {
    let (g, m) = ("web", "email");
    let world = world(&[(&[g], Some(1)), (&[g], Some(1)), (&[m], Some(1)), (&[g, m], Some(7)), (&[g], None)]);
    let answer = compute(&world.snapshot(), &question(march())).unwrap();
    for of in &answer.models {
        match of.model {
            Model::Markov => {
                let names: Vec<&str> = of.effects.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["email", "web"]);
                assert!((of.effects[0].1 - 0.5).abs() < 1e-9 && (of.effects[1].1 - 0.75).abs() < 1e-9);
            }
            _ => assert!(of.effects.is_empty()),
        }
    }
}

#[test]
fn credits_sum_exactly_to_orders_and_revenue() {
    let mut attributed = 0;
    for seed in 0..300 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 11_000);
        let mut asked = question(scope(rng));
        asked.scope.currency = Some(Currency::EUR);
        asked.params = super::rich::random_params(rng);
        asked.to = *[To::Channel, To::Campaign, To::Source].choose(rng).unwrap();
        let answer = compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &asked).unwrap();
        let other = compute(&world.snapshot_in_pieces(2, seed + 1), &asked).unwrap();
        assert_eq!(answer.models, other.models, "credits do not depend on how facts lie");
        for of in &answer.models {
            let orders: i64 = of.credits.iter().map(|credit| credit.orders).sum();
            let revenue: i64 = of.credits.iter().map(|credit| credit.revenue).sum();
            assert_eq!(orders + of.unattributed.orders, answer.orders as i64 * UNIT, "{:?}", of.model);
            assert_eq!(revenue + of.unattributed.revenue, answer.revenue, "{:?}", of.model);
            attributed += i32::from(!of.credits.is_empty());
        }
    }
    assert!(attributed > 500);
}

/// The Shapley value by its definition over all coalitions, and the removal effect by following
/// every journey of the chain to its end.
#[test]
fn shapley_and_removal_are_what_their_definitions_say() {
    let names = ["app", "email", "social", "web"];
    for seed in 0..40 {
        println!("seed {seed}");
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut journeys: Vec<(Vec<&'static str>, Option<i64>)> = Vec::new();
        for _ in 0..rng.random_range(1..12) {
            let channels = (0..rng.random_range(1..5)).map(|_| *names.choose(rng).unwrap()).collect();
            journeys.push((channels, rng.random_bool(0.6).then_some(100)));
        }
        let plain: Vec<(&[&'static str], Option<i64>)> = journeys.iter().map(|(c, a)| (&c[..], *a)).collect();
        let answer = compute(&world(&plain).snapshot(), &question(march())).unwrap();
        let got = |model, name: &str| {
            credits(&answer, model).iter().find(|credit| credit.0 == name).map_or(0.0, |credit| credit.1)
        };
        // What a set of channels wins by itself.
        let worth = |set: u32| {
            let within = |channels: &[&str]| {
                channels.iter().all(|c| set >> names.iter().position(|n| n == c).unwrap() & 1 == 1)
            };
            journeys.iter().filter(|(channels, won)| won.is_some() && within(channels)).count() as f64
        };
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        for (nth, name) in names.iter().enumerate() {
            let others = (0..16_u32).filter(|set| set >> nth & 1 == 0);
            let value: f64 = others
                .map(|set| {
                    let (size, all) = (set.count_ones(), names.len() as u32);
                    let weight = factorial(size) * factorial(all - size - 1) / factorial(all);
                    weight * (worth(set | 1 << nth) - worth(set))
                })
                .sum();
            assert!((got(Model::Shapley, name) - value).abs() < 1e-6, "{name}");
        }
        let whole = won(&journeys, None);
        let effects =
            names.map(|name| if whole > 0.0 { 1.0 - won(&journeys, Some(name)) / whole } else { 0.0 });
        let (sum, orders) = (effects.iter().sum::<f64>(), answer.orders as f64);
        for (name, effect) in names.iter().zip(effects) {
            let expected = if sum > 0.0 { orders * effect / sum } else { 0.0 };
            assert!((got(Model::Markov, name) - expected).abs() < 1e-6, "{name}");
        }
    }
}

/// The probability of conversion by walking the chain many steps: no system is solved.
fn won(journeys: &[(Vec<&'static str>, Option<i64>)], without: Option<&str>) -> f64 {
    let mut steps: Vec<(&str, &str)> = Vec::new();
    for (channels, amount) in journeys {
        let end = if amount.is_some() { "won" } else { "lost" };
        let path: Vec<&str> = ["begin"].into_iter().chain(channels.iter().copied()).chain([end]).collect();
        steps.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
    }
    let mut here = std::collections::BTreeMap::from([("begin", 1.0)]);
    let mut won = 0.0;
    for _ in 0..4_000 {
        let mut next = std::collections::BTreeMap::new();
        for (state, mass) in here {
            let out: Vec<&str> = steps.iter().filter(|(from, _)| *from == state).map(|(_, to)| *to).collect();
            for to in &out {
                let share = mass / out.len() as f64;
                match *to {
                    "won" => won += share,
                    "lost" => {}
                    _ if Some(*to) == without => {}
                    _ => *next.entry(*to).or_insert(0.0) += share,
                }
            }
        }
        here = next;
    }
    won
}

#[test]
fn whole_numbers_are_dealt_out_by_largest_remainder() {
    assert_eq!(apportioned(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
    assert_eq!(apportioned(7, &[0.5, 0.25, 0.25]), [3, 2, 2]);
    assert_eq!(apportioned(5, &[0.0, 1.0]), [0, 5]);
    assert_eq!(apportioned(5, &[0.0, 0.0]), [0, 0]);
    assert_eq!(apportioned(0, &[1.0, 2.0]), [0, 0]);
}
