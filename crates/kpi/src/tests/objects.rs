//! Orders as things with an id: in whatever order touchpoints arrive, and however they are known, the
//! same comes out.

use std::sync::Arc;

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;

use super::rich::{random_params, rich, scope};
use super::world::{Touch, World};
use crate::engine::scalar::{self, Question};
use crate::facts::as_of::Since;
use crate::facts::objects::{Owners, Told};
use crate::*;
use customer360_model::activity::{Activity, Cancellation};
use customer360_model::*;

/// A busy world in which orders are told again, cancelled and given back by anybody.
fn told(seed: u64) -> World {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed + 900);
    let mut world = rich(seed);
    let ids: Vec<String> = world.touches.iter().filter_map(|t| Some(t.order()?.order_id.clone())).collect();
    for touch in &mut world.touches {
        let Some(id) = ids.choose(rng) else { break };
        match &mut touch.details.activity {
            Activity::Order(order) if rng.random_bool(0.2) => order.order_id.clone_from(id),
            Activity::Return(back) if rng.random_bool(0.5) => {
                back.order_id.clone_from(id);
                back.return_id = ["", "r1", "r2"].choose(rng).unwrap().to_string();
            }
            Activity::ServiceContact(_) if rng.random_bool(0.5) => {
                let amount = rng
                    .random_bool(0.5)
                    .then(|| Money { minor: rng.random_range(0..3) * 500, currency: Currency::EUR });
                touch.details.activity =
                    Activity::Cancellation(Cancellation { order_id: id.clone(), amount });
            }
            _ => {}
        }
    }
    world
}

fn fact(touch: &Touch, number: u32, names: &mut Dictionary) -> Fact {
    let observation = (touch.observation > 0).then_some(ObservationNo(touch.observation.into()));
    let channel = Channel::parse(touch.channel).unwrap();
    let details = Details { location: touch.location.map(str::to_owned), ..touch.details.clone() };
    let (no, at) = (TouchpointNo(number.into()), Micros(touch.at));
    let fact = Fact::of(no, observation, at, &channel, touch.source, &details, names).unwrap();
    // The source's id is of the touchpoint, whenever it arrives.
    let id = format!("{:06}", touch.number);
    Fact { statement: fact.statement.map(|said| said.named(&id)), ..fact }
}

/// The world's living touchpoints as one segment; they arrived in that order.
fn settled(world: &World, arrived: &[usize], names: &mut Dictionary) -> Snapshot {
    let (mut told, mut identified, mut nobody) = (Told::default(), Tables::default(), Tables::default());
    let mut voided = FxHashSet::default();
    for (&nth, number) in arrived.iter().zip(1..) {
        let touch = &world.touches[nth];
        let fact = fact(touch, number, names);
        told.add(&fact);
        if touch.voided {
            told.void(&fact);
            voided.insert(number);
        }
        if touch.observation == 0 { nobody.push(&fact) } else { identified.push(&fact) }
    }
    told.settle(names);
    let trust = Trust::of(names, &[]);
    let owners = Owners { map: world, settlement: &told.settlement, nobody: false };
    let sources = [Source::New(&identified), Source::New(&nobody)];
    let of_nobody = Segment::gather(&sources, &Owners { nobody: true, ..owners }, &voided, &trust);
    Snapshot {
        revision: Revision(7),
        segments: vec![Live::new(Segment::gather(&sources, &owners, &voided, &trust))],
        unidentified: vec![Arc::new(of_nobody.tables)],
        dictionary: Arc::new(names.clone()),
        objects: told.objects,
        settlement: told.settlement,
        ..Snapshot::default()
    }
}

fn answers(snapshot: &Snapshot, question: &Question) -> Vec<String> {
    let answers = scalar::compute(snapshot, question).unwrap();
    answers.iter().map(|answer| format!("{} {:?} {:?}", answer.kpi.id, answer.total, answer.groups)).collect()
}

fn question(rng: &mut ChaCha8Rng) -> Question {
    let scope = Scope { currency: Some(Currency::EUR), ..scope(rng) };
    let params = random_params(rng);
    let all = crate::catalogue::measures::ALL.to_vec();
    Question { scope, measures: all, params, group_by: Vec::new(), spans: Vec::new() }
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let mut cancelled = 0;
    for seed in 0..150 {
        let mut world = told(seed);
        // Of touchpoints at one instant the number says which is first, for all but orders.
        for (nth, touch) in (0..).zip(&mut world.touches) {
            touch.at += nth;
        }
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut names = Dictionary::default();
        let mut arrived: Vec<usize> = (0..world.touches.len()).collect();
        let first = settled(&world, &arrived, &mut names);
        arrived.shuffle(rng);
        let second = settled(&world, &arrived, &mut names);
        let question = question(rng);
        for (one, other) in answers(&first, &question).into_iter().zip(answers(&second, &question)) {
            assert_eq!(one, other, "seed {seed}");
        }
        cancelled += first.settlement.values().filter(|one| !one.verdict.off.is_empty()).count();
    }
    assert!(cancelled > 100, "only {cancelled} were cancelled");
}

/// What was known then, of a snapshot of now, is what a snapshot of then said.
#[test]
fn orders_are_known_as_of_then() {
    for seed in 0..150 {
        let mut world = told(seed);
        world.touches.iter_mut().for_each(|touch| touch.voided = false);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 1);
        let mut names = Dictionary::default();
        let arrived: Vec<usize> = (0..world.touches.len()).collect();
        let known = rng.random_range(0..=arrived.len());
        let now = settled(&world, &arrived, &mut names);
        let then = settled(&world, &arrived[..known], &mut names);
        let since = Since { last: known as u32, ..Since::default() };
        let made = now.as_known(&since, &world, &Trust::of(&names, &[]));
        let question = question(rng);
        assert_eq!(made.settlement, then.settlement, "seed {seed}");
        for (one, other) in answers(&made, &question).into_iter().zip(answers(&then, &question)) {
            assert_eq!(one, other, "seed {seed}");
        }
    }
}
