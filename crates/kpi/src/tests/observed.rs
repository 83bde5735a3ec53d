//! What is not observed changes nothing, and neither does in which week a world lies.

use std::sync::Arc;

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::rich;
use super::scalar::question;
use crate::engine::scalar::{Answer, Figure, Question, compute};
use crate::ground::calendar::Zone;
use customer360_model::*;

const WEEK: i64 = 7 * 86_400_000_000;

/// All figures that one question can ask together, of nobody in particular.
fn asked(seed: u64) -> Question {
    let mut question = question(&mut ChaCha8Rng::seed_from_u64(seed));
    // Whom a trait chooses is told by all facts.
    question.scope.segment = None;
    question
}

#[test]
fn facts_after_the_observation_change_no_figure() {
    let mut dropped = 0;
    for seed in 0..150 {
        println!("seed {seed}");
        let (world, mut question) = (rich(seed), asked(seed + 61_000));
        let until = *question.scope.observed_until.get_or_insert(question.scope.range.until);
        let mut earlier = world.clone();
        earlier.touches.retain(|touch| touch.at < until.0);
        dropped += world.touches.len() - earlier.touches.len();
        let whole = compute(&world.snapshot(), &question).unwrap();
        let part = compute(&earlier.snapshot(), &question).unwrap();
        for (whole, mut part) in whole.into_iter().zip(part) {
            part.basis.observation = whole.basis.observation.clone();
            assert_eq!(whole, part);
        }
    }
    assert!(dropped > 500, "only {dropped} facts came after an observation");
}

fn later(at: &mut Micros, by: i64) {
    at.0 += by;
}

fn range_later(range: &mut TimeRange, by: i64) {
    later(&mut range.from, by);
    later(&mut range.until, by);
}

/// The same some time later, with what is said beside the facts.
fn question_later(question: &Question, by: i64) -> Question {
    let mut question = question.clone();
    range_later(&mut question.scope.range, by);
    question.scope.observed_until.iter_mut().for_each(|at| later(at, by));
    let mut rates = (*question.scope.rates).clone();
    rates.iter_mut().for_each(|rate| later(&mut rate.since, by));
    question.scope.rates = Arc::new(rates);
    question.params.spend.iter_mut().for_each(|spend| range_later(&mut spend.interval, by));
    question.params.counted.iter_mut().for_each(|counted| range_later(&mut counted.interval, by));
    question.params.cost_rates.iter_mut().for_each(|rate| later(&mut rate.from, by));
    question
}

/// An answer some time earlier.
fn earlier(mut answer: Answer, by: i64) -> Answer {
    let figure = |figure: &mut Figure| figure.known_at.iter_mut().for_each(|at| *at -= by);
    figure(&mut answer.total);
    answer.groups.iter_mut().for_each(|cell| figure(&mut cell.figure));
    answer
}

#[test]
fn a_world_whole_weeks_later_has_the_same_figures() {
    for seed in 0..150 {
        println!("seed {seed}");
        let (world, mut question) = (rich(seed), asked(seed + 62_000));
        question.scope.zone = Zone::utc();
        let by = WEEK * ChaCha8Rng::seed_from_u64(seed).random_range(-200..200);
        let mut moved = world.clone();
        moved.touches.iter_mut().for_each(|touch| touch.at += by);
        let here = compute(&world.snapshot(), &question).unwrap();
        let there = compute(&moved.snapshot(), &question_later(&question, by)).unwrap();
        for (here, there) in here.into_iter().zip(there) {
            let mut there = earlier(there, by);
            there.basis.observation = here.basis.observation.clone();
            assert_eq!(here, there);
        }
    }
}
