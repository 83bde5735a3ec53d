//! Scores against counting by hand.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::one_tale::{is_of_places, under};
use super::plain::Plain;
use super::world::{World, random_group_by, random_scope};
use crate::engine::params::AnswersCounted;
use crate::facts::fact::AnswerKind;
use crate::shapes::nps::{Question, Scores, compute};
use customer360_model::Activity;
use customer360_model::activity::SurveyKind;

/// (question, score, customer, group) of every answer that counts.
fn answers(plain: &Plain, question: &Question) -> Vec<(SurveyKind, u8, u32, Option<String>)> {
    let mut counted = Vec::new();
    for customer in plain.customers().into_iter().chain([0]) {
        let touches = if customer == 0 { plain.nobody(|_| true) } else { plain.world.of(customer) };
        for kind in [SurveyKind::Nps, SurveyKind::Csat, SurveyKind::Ces] {
            let answer = |touch: &&crate::tests::world::Touch| match &touch.details.activity {
                Activity::SurveyAnswer(answer) => {
                    answer.kind == kind
                        && question.survey_id.as_ref().is_none_or(|id| *id == answer.survey_id)
                        && plain.in_range(touch)
                        && plain.has_place(touch)
                }
                _ => false,
            };
            let mut its: Vec<_> = touches.iter().copied().filter(answer).collect();
            if question.answers_counted == AnswersCounted::LastPerCustomer && customer > 0 {
                its = its.pop().into_iter().collect();
            }
            for touch in its {
                let Activity::SurveyAnswer(answer) = &touch.details.activity else { unreachable!() };
                let group = question.group_by.as_ref().and_then(|by| plain.group(by, customer, touch));
                counted.push((kind, answer.score, customer, group));
            }
        }
    }
    counted
}

fn check(scores: &Scores, answers: &[(SurveyKind, u8, u32, Option<String>)]) {
    let count = |kind: SurveyKind, from: u8, to: u8| {
        answers.iter().filter(|(k, score, ..)| *k == kind && (from..=to).contains(score)).count() as u64
    };
    let (promoters, detractors) = (count(SurveyKind::Nps, 9, 10), count(SurveyKind::Nps, 0, 6));
    assert_eq!(scores.nps.promoters, promoters);
    assert_eq!(scores.nps.detractors, detractors);
    assert_eq!(scores.nps.passives, count(SurveyKind::Nps, 7, 8));
    let all = count(SurveyKind::Nps, 0, 10);
    let nps = (all > 0).then(|| 100.0 * (promoters as f64 - detractors as f64) / all as f64);
    assert_eq!(scores.nps.value, nps);
    let (top, csat) = (count(SurveyKind::Csat, 4, 5) as f64, count(SurveyKind::Csat, 1, 5) as f64);
    assert_eq!((scores.csat_top_two.numerator, scores.csat_top_two.denominator), (top, csat));
    assert_eq!(scores.csat_top_two.value.is_none(), csat == 0.0);
    let ces: Vec<f64> =
        answers.iter().filter(|(k, ..)| *k == SurveyKind::Ces).map(|(_, s, ..)| f64::from(*s)).collect();
    assert_eq!(scores.ces_mean.count, ces.len() as u64);
    let mean = (!ces.is_empty()).then(|| ces.iter().sum::<f64>() / ces.len() as f64);
    assert_eq!(scores.ces_mean.value, mean);
    assert_eq!(scores.ces_easy.numerator, count(SurveyKind::Ces, 5, 7) as f64);
    for count_of in &scores.distribution {
        let same = |kind: SurveyKind| AnswerKind::from(kind) == count_of.question;
        let expected = answers.iter().filter(|(k, s, ..)| same(*k) && *s == count_of.score).count();
        assert_eq!(count_of.answers, expected as u64);
    }
    assert_eq!(scores.distribution.iter().map(|c| c.answers).sum::<u64>(), answers.len() as u64);
}

#[test]
fn scores_are_those_of_counting_by_hand() {
    for seed in 0..400 {
        println!("seed {seed}");
        let world = World::random(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 1000);
        let question = Question {
            scope: random_scope(rng),
            group_by: random_group_by(rng),
            answers_counted: *[AnswersCounted::LastPerCustomer, AnswersCounted::EveryAnswer]
                .choose(rng)
                .unwrap(),
            survey_id: rng.random_bool(0.3).then(|| ["spring", "", "other"].choose(rng).unwrap().to_string()),
        };
        let plain = Plain { world: &world, scope: &question.scope };
        let expected = answers(&plain, &question);
        let answer = compute(&world.snapshot_in_pieces(1 + seed as usize % 3, seed), &question).unwrap();
        check(&answer.result.total, &expected);
        let mut keys: Vec<_> = expected.iter().map(|(.., group)| group.clone()).collect();
        keys.sort();
        keys.dedup();
        let by = question.group_by.as_ref();
        for group in &answer.result.groups {
            if let Some(scope) = under(&question.scope, by, group.key.as_ref()) {
                check(&group.result, &answers(&Plain { world: &world, scope: &scope }, &question));
            }
        }
        if by.is_some() && !is_of_places(by) {
            assert_eq!(answer.result.groups.len(), keys.len());
            for group in &answer.result.groups {
                let its: Vec<_> = expected.iter().filter(|(.., key)| *key == group.key).cloned().collect();
                assert!(!its.is_empty());
                check(&group.result, &its);
            }
        }
        let mut people: Vec<u32> = expected.iter().map(|&(_, _, c, _)| c).filter(|&c| c > 0).collect();
        people.sort_unstable();
        people.dedup();
        assert_eq!(answer.basis.customers, people.len() as u64);
        assert_eq!(answer.basis.touchpoints, expected.len() as u64);
        let registered = expected.iter().filter(|(_, _, c, _)| *c > 0 && world.is_registered(*c)).count();
        assert_eq!(answer.basis.identity_coverage.numerator, registered as f64);
        assert_eq!(answer.basis.identity_coverage.denominator, expected.len() as f64);
        let is_answer =
            |t: &crate::tests::world::Touch| matches!(t.details.activity, Activity::SurveyAnswer(_));
        assert_eq!(answer.basis.excluded.voided, plain.voided(is_answer));
    }
}
