//! Questions about the past are asked of snapshots that hold only what they read: they say the same
//! as of everything, to the last bit.

use super::world::closed;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{random_params, rich, scope};
use super::world::{World, at, random_group_by};
use crate::catalogue::measures;
use crate::engine::compare::Against;
use crate::engine::dimension::Dimension;
use crate::engine::measure::{Elsewhere, Params};
use crate::engine::members;
use crate::engine::members::Filter;
use crate::engine::params::AnswersCounted;
use crate::engine::scalar;
use crate::facts::as_of::{Home, Homes, Since};
use crate::facts::projection::{Piece, Pieces};
use crate::ground::calendar::Unit;
use crate::measures::funnel;
use crate::measures::lifecycle;
use crate::measures::returns;
use crate::shapes::affinity;
use crate::shapes::attribution;
use crate::shapes::attribution::Model;
use crate::shapes::board;
use crate::shapes::board::Asked;
use crate::shapes::cost;
use crate::shapes::cost::CostRate;
use crate::shapes::lifetime;
use crate::shapes::mix;
use crate::shapes::nps;
use crate::shapes::paths;
use crate::shapes::repurchase;
use crate::shapes::retention;
use crate::shapes::retention::PeriodOptions;
use crate::shapes::rfm;
use crate::shapes::store_conversion;
use crate::shapes::triangle::TriangleOptions;
use crate::*;
use customer360_model::*;

impl Homes for World {
    fn home(&self, observation: u32) -> Home {
        Home { customer: self.map[observation as usize], later: Vec::new() }
    }
}

/// What was different then, at random: less was recorded, observations belonged to others, some only
/// for a time, customers were of another kind, and what is voided now was not.
fn random_since(world: &World, snapshot: &Snapshot, rng: &mut ChaCha8Rng) -> Since {
    let people = world.map.len() as u32 - 1;
    let mut since = Since { last: rng.random_range(0..=world.touches.len() as u32 + 1), ..Since::default() };
    since.is_retrusted = rng.random_bool(0.2);
    if rng.random_bool(0.2) {
        since.late_until = at("2026-03-20T00:00:00Z").0;
    }
    for observation in 1..=people {
        if rng.random_bool(0.2) {
            let mut any = || rng.random_range(1..=people);
            let (customer, other) = (any(), any());
            let later = rng.random_bool(0.3).then(|| (at("2026-03-25T00:00:00Z").0, other));
            let home = Home { customer, later: later.into_iter().collect() };
            since.touched.extend(home.customers().chain([world.map[observation as usize]]));
            since.homes.insert(observation, home);
        }
        if rng.random_bool(0.1) {
            since.registered.insert(observation, rng.random_bool(0.5));
        }
    }
    let mut names = (*snapshot.dictionary).clone();
    for touch in world.touches.iter().filter(|touch| touch.voided && touch.number <= since.last) {
        let observation = (touch.observation > 0).then_some(ObservationNo(touch.observation.into()));
        let channel = Channel::parse(touch.channel).unwrap();
        let (number, when) = (TouchpointNo(touch.number.into()), Micros(touch.at));
        let details = Details { location: touch.location.map(str::to_owned), ..touch.details.clone() };
        let fact = Fact::of(number, observation, when, &channel, touch.source, &details, &mut names);
        match observation {
            None => since.restored_unidentified.push(&fact.unwrap()),
            Some(_) => {
                let home = since.homes.get(&touch.observation).cloned();
                let home = home.unwrap_or_else(|| world.home(touch.observation));
                since.touched.extend(home.customers());
                since.restored.push(&fact.unwrap());
            }
        }
    }
    since
}

type Asking = Box<dyn Fn(&Snapshot) -> String>;

/// Every measure, alone and by groups, with the customers behind it.
fn measures_asked(rng: &mut ChaCha8Rng) -> Vec<(String, Asking)> {
    let mut all: Vec<(String, Asking)> = Vec::new();
    for &measure in measures::ALL {
        let (scope, params) = (scope(rng), Params { cost_rates: rates(), ..random_params(rng) });
        let by = random_group_by(rng).map(Dimension::Of);
        let also = [Dimension::Item, Dimension::Category, Dimension::OtherChannel];
        let group_by = match rng.random_range(0..3) {
            0 => Vec::new(),
            1 => by.into_iter().collect(),
            _ => by.into_iter().chain(also.choose(rng).cloned()).collect(),
        };
        let question = scalar::Question { scope, measures: vec![measure], params, group_by, spans: vec![] };
        let name = format!("{} by {:?} of {:?}", measure.definition.id, question.group_by, question.scope);
        let filter = Filter { size: 50, ..Filter::default() };
        all.push((
            name,
            Box::new(move |snapshot| {
                let page = members::page(snapshot, &question, &filter);
                format!("{:?} {page:?}", scalar::compute(snapshot, &question))
            }),
        ));
    }
    all
}

fn rates() -> Vec<CostRate> {
    let rate = |channel: &str| CostRate {
        channel: channel.into(),
        activity_type: None,
        currency: Currency::EUR,
        per_touch_micros: 123_457,
        per_minute_micros: 777_777,
        from: at("2026-03-10T00:00:00Z"),
    };
    ["store", "web"].map(rate).to_vec()
}

const MODELS: [Model; 7] = [
    Model::First,
    Model::Last,
    Model::Linear,
    Model::Position,
    Model::TimeDecay,
    Model::Markov,
    Model::Shapley,
];

/// Every shape.
fn shapes_asked(rng: &mut ChaCha8Rng) -> Vec<(String, Asking)> {
    let mut all: Vec<(String, Asking)> = Vec::new();
    let (scope, params, group_by) = (scope(rng), random_params(rng), random_group_by(rng));
    let orders = params.orders;
    let mut add =
        |name: &str, asking: Asking| all.push((format!("{name} of {scope:?} {group_by:?}"), asking));
    for (period, triangle) in [(true, false), (false, true)] {
        let question = retention::Question {
            scope: scope.clone(),
            group_by: group_by.clone(),
            orders,
            period: period.then(PeriodOptions::default),
            triangle: triangle.then(TriangleOptions::default),
        };
        add("retention", Box::new(move |s| format!("{:?}", retention::compute(s, &question))));
    }
    let question = repurchase::Question {
        group_by: group_by.clone(),
        orders,
        ..repurchase::Question::of(scope.clone())
    };
    add("repurchase", Box::new(move |s| format!("{:?}", repurchase::compute(s, &question))));
    let (answers_counted, survey_id) = (AnswersCounted::default(), None);
    let question =
        nps::Question { scope: scope.clone(), group_by: group_by.clone(), answers_counted, survey_id };
    add("survey", Box::new(move |s| format!("{:?}", nps::compute(s, &question))));
    let interval = scope.range;
    let cost = Money { minor: 100_000, currency: Currency::EUR };
    let capacity = cost::Capacity { channel: "web".into(), interval, cost, practical_minutes: 1_000 };
    let question = cost::Question {
        scope: scope.clone(),
        group_by: group_by.clone(),
        rates: rates(),
        capacities: vec![capacity],
    };
    add("cost", Box::new(move |s| format!("{:?}", cost::compute(s, &question))));
    for to in [attribution::To::Channel, attribution::To::Campaign] {
        let question = attribution::Question {
            scope: scope.clone(),
            params: params.clone(),
            to,
            models: MODELS.to_vec(),
            half_life_days: 7,
        };
        add("attribution", Box::new(move |s| format!("{:?}", attribution::compute(s, &question))));
    }
    let asked = (scope.clone(), params.clone());
    add("journeys", Box::new(move |s| format!("{:?}", paths::compute(s, &asked.0, &asked.1, 10))));
    let asked = (scope.clone(), params.clone());
    add("funnel", Box::new(move |s| format!("{:?}", funnel::compute(s, &asked.0, &asked.1))));
    let asked = (scope.clone(), params.clone());
    add(
        "basket",
        Box::new(move |s| format!("{:?}", affinity::compute(s, &asked.0, &asked.1, true, (1, 10)))),
    );
    let asked = (scope.clone(), params.clone());
    add("returns", Box::new(move |s| format!("{:?}", returns::compute(s, &asked.0, &asked.1))));
    let asked = (scope.clone(), params.clone());
    add("mix", Box::new(move |s| format!("{:?}", mix::compute(s, &asked.0, &asked.1))));
    let question = lifetime::Question {
        group_by: group_by.clone(),
        orders,
        size: 50,
        ..lifetime::Question::of(scope.clone())
    };
    add("lifetime", Box::new(move |s| format!("{:?}", lifetime::compute(s, &question))));
    let question =
        rfm::Question { scope: scope.clone(), group_by: group_by.clone(), orders, after: None, size: 50 };
    add("rfm", Box::new(move |s| format!("{:?}", rfm::compute(s, &question))));
    let question = lifecycle::Question {
        scope: scope.clone(),
        group_by: group_by.clone(),
        orders,
        by: Unit::Month.into(),
        activities: vec![ActivityType::Order, ActivityType::Visit],
    };
    add("lifecycle", Box::new(move |s| format!("{:?}", lifecycle::compute(s, &question))));
    let measures = store_conversion::STORE_MEASURES.to_vec();
    let (scope, group_by, spans) = (scope.clone(), Vec::new(), Vec::new());
    let question =
        scalar::Question { scope: scope.clone(), measures, params: params.clone(), group_by, spans };
    add("store", Box::new(move |s| format!("{:?}", store_conversion::compute(s, &question))));
    for (measures, by) in [(board::phases(), Elsewhere::Channel), (board::card(), Elsewhere::Location)] {
        let (scope, params) = (scope.clone(), params.clone());
        let asked = Asked { scope, params, measures, by, against: Against::PreviousPeriod, targets: vec![] };
        add("board", Box::new(move |s| format!("{:?}", board::compute(s, &asked))));
    }
    all
}

#[test]
fn what_a_question_reads_is_made_for_it_and_says_the_same() {
    let mut less = 0;
    for seed in 0..40 {
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 21_000);
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        let since = random_since(&world, &snapshot, rng);
        let trust = Trust::of(&snapshot.dictionary, &["crm".to_owned()]);
        let everything = snapshot.as_known(&since, &world, &trust);
        for (name, asking) in measures_asked(rng).into_iter().chain(shapes_asked(rng)) {
            let given = std::cell::Cell::new(Pieces::NONE);
            let of_then = snapshot.asked_then(&since, &world, &trust, |then| {
                given.set(then.given.pieces);
                asking(then)
            });
            assert_eq!(of_then, asking(&everything), "seed {seed}: {name}");
            less += usize::from(given.get() != Pieces::ALL);
        }
    }
    assert!(less > 3_000, "only {less} were asked of less than everything");
}

/// What is made for a question is what it reads, and no more.
#[test]
fn a_plain_question_is_given_one_table() {
    let world = rich(3);
    let snapshot = world.snapshot();
    let since = Since { last: 60, ..Since::default() };
    let trust = Trust::of(&snapshot.dictionary, &[]);
    let scope = closed(TimeRange { from: at("2026-02-01T00:00:00Z"), until: at("2026-06-01T00:00:00Z") });
    let given = |asking: &dyn Fn(&Snapshot)| {
        let given = std::cell::Cell::new(Pieces::NONE);
        snapshot.asked_then(&since, &world, &trust, |then| {
            given.set(then.given.pieces);
            asking(then);
        });
        given.get()
    };
    let orders = OrderOptions::default();
    let mut triangle = retention::Question {
        scope: scope.clone(),
        group_by: None,
        orders,
        period: None,
        triangle: Some(TriangleOptions::default()),
    };
    assert_eq!(
        given(&|s| drop(retention::compute(s, &triangle))),
        Pieces::of(&[Piece::Sightings, Piece::Orders])
    );
    triangle.group_by = Some(GroupBy::AcquisitionChannel);
    let expected = Pieces::of(&[Piece::Sightings, Piece::Orders, Piece::Acquired]);
    assert_eq!(given(&|s| drop(retention::compute(s, &triangle))), expected);
    triangle.group_by = Some(GroupBy::Trait("city".into()));
    let expected = Pieces::of(&[Piece::Sightings, Piece::Orders, Piece::TraitWrites]);
    assert_eq!(given(&|s| drop(retention::compute(s, &triangle))), expected);
    let repurchase = repurchase::Question::of(scope.clone());
    assert_eq!(
        given(&|s| drop(repurchase::compute(s, &repurchase))),
        Pieces::of(&[Piece::Sightings, Piece::Orders])
    );
    let (answers_counted, survey_id) = (AnswersCounted::default(), None);
    let survey = nps::Question { scope: scope.clone(), group_by: None, answers_counted, survey_id };
    assert_eq!(given(&|s| drop(nps::compute(s, &survey))), Pieces::of(&[Piece::Sightings, Piece::Answers]));
    let question = scalar::Question {
        scope,
        measures: vec![measures::find("average_order_value").unwrap()],
        params: Params::default(),
        group_by: Vec::new(),
        spans: Vec::new(),
    };
    assert_eq!(given(&|s| drop(scalar::compute(s, &question))), Pieces::of(&[Piece::Orders]));
}
