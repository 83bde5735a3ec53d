//! One number, one tale: a group is what a filter says, and every figure is absent or a number.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::rich::{random_params, rich, scope};
use crate::catalogue::measures;
use crate::engine::dimension::Dimension;
use crate::engine::measure::{Measure, Stat};
use crate::engine::scalar::{Figure, Question, compute};
use crate::engine::scope::{GroupBy, Scope};
use crate::shapes::cost::CostRate;
use customer360_model::{Currency, CustomerKind, Micros, Value};

/// Figures of records say nothing by what those do not know, and a fit is that of the population.
const OTHERWISE: &[(&str, &[&str])] = &[
    ("footfall", &["channel", "kind", "trait"]),
    ("store_conversion_counted", &["channel", "kind", "trait"]),
    ("store_conversion_counted_adjusted", &["channel", "kind", "trait"]),
    ("reached_people", &["location", "kind", "trait"]),
    ("engagement_over_reach", &["location", "kind", "trait"]),
    ("followers_gained", &["location", "kind", "trait"]),
    ("acquisition_cost", &["location", "kind", "trait"]),
    ("expected_alive", &["channel", "location", "kind", "trait"]),
    ("expected_purchases", &["channel", "location", "kind", "trait"]),
    ("expected_value", &["channel", "location", "kind", "trait"]),
];

fn question(rng: &mut ChaCha8Rng) -> Question {
    let mut params = random_params(rng);
    params.cost_rates = ["web", "store"]
        .map(|channel| CostRate {
            channel: channel.into(),
            activity_type: None,
            currency: Currency::EUR,
            per_touch_micros: 1_234_567,
            per_minute_micros: 600_001,
            from: Micros(super::world::at("2026-03-01T00:00:00Z").0),
        })
        .to_vec();
    let scope = Scope { currency: Some(Currency::EUR), ..scope(rng) };
    Question { scope, measures: measures::ALL.to_vec(), params, group_by: Vec::new(), spans: Vec::new() }
}

/// The scope that filters by a group of places; `None` for other groups, and for what has no name.
pub fn under(scope: &Scope, by: Option<&GroupBy>, key: Option<&String>) -> Option<Scope> {
    let (mut scope, key) = (scope.clone(), key?);
    match by? {
        GroupBy::Channel => scope.channels = vec![key.clone()],
        GroupBy::Location => scope.locations = vec![key.clone()],
        _ => return None,
    }
    Some(scope)
}

pub fn is_of_places(by: Option<&GroupBy>) -> bool {
    matches!(by, Some(GroupBy::Channel | GroupBy::Location | GroupBy::Campaign))
}

/// A dimension that can be filtered by, and the scope that asks for one of its names.
fn filtered(scope: &Scope, by: &str, name: &str) -> Scope {
    let mut scope = scope.clone();
    match by {
        "channel" => scope.channels = vec![name.to_owned()],
        "location" => scope.locations = vec![name.to_owned()],
        "kind" => {
            scope.customer_kind = Some(match name {
                "registered" => CustomerKind::Registered,
                _ => CustomerKind::Anonymous,
            });
        }
        _ => scope.segment = Some(("city".into(), Value::Text(name.to_owned()))),
    }
    scope
}

fn dimension(by: &str) -> Dimension {
    Dimension::Of(match by {
        "channel" => GroupBy::Channel,
        "location" => GroupBy::Location,
        "kind" => GroupBy::CustomerKind,
        _ => GroupBy::Trait("city".into()),
    })
}

fn same(group: &Figure, filter: &Figure) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    let both = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => near(a, b),
        (a, b) => a == b,
    };
    let low = |figure: &Figure| figure.interval.map(|interval| interval.low);
    both(group.value, filter.value)
        && both(group.denominator, filter.denominator)
        && both(low(group), low(filter))
        && near(group.numerator, filter.numerator)
        && (group.anchors, group.customers) == (filter.anchors, filter.customers)
        && group.absent == filter.absent
}

#[test]
fn a_group_is_what_its_filter_says() {
    let mut wrong = std::collections::BTreeMap::new();
    for seed in 0..120 {
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 11_000);
        let mut asked = question(rng);
        (asked.scope.customer_kind, asked.scope.segment) = (None, None);
        let by = *["channel", "location", "kind", "trait"].choose(rng).unwrap();
        match by {
            "channel" => asked.scope.channels = Vec::new(),
            "location" => asked.scope.locations = Vec::new(),
            _ => {}
        }
        let snapshot = world.snapshot_in_pieces(1 + seed as usize % 3, seed);
        asked.group_by = vec![dimension(by)];
        let grouped = compute(&snapshot, &asked).unwrap();
        let names: &[&str] = match by {
            "channel" => &["store", "web", "app", "email", "xp-fair"],
            "location" => &["Rome 1", "Milan 2"],
            "kind" => &["registered", "anonymous"],
            _ => &["Rome", "Milan", "Pisa"],
        };
        for name in names {
            let scope = filtered(&asked.scope, by, name);
            let alone = Question { scope, group_by: Vec::new(), ..asked.clone() };
            let filters = compute(&snapshot, &alone).unwrap();
            for (grouped, filter) in grouped.iter().zip(filters) {
                let id = grouped.kpi.id;
                if OTHERWISE.iter().any(|(other, dimensions)| *other == id && dimensions.contains(&by)) {
                    continue;
                }
                let key = Some((*name).to_owned());
                let group = grouped.groups.iter().find(|cell| cell.keys[0] == key);
                let agrees = match group {
                    Some(cell) => same(&cell.figure, &filter.total),
                    None => filter.total.anchors == 0 && filter.total.numerator == 0.0,
                };
                if !agrees {
                    let found = (seed, *name, group.map(|cell| cell.figure), filter.total);
                    wrong.entry((id, by)).or_insert(found);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} disagree: {:?}\n{wrong:#?}", wrong.len(), wrong.keys());
}

fn is_fine(measure: &Measure, figure: &Figure) {
    let id = measure.definition.id;
    assert_eq!(figure.value.is_none(), figure.absent.is_some(), "{id}: {figure:?}");
    let numbers = [figure.value, figure.denominator, Some(figure.numerator)];
    assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{id}: {figure:?}");
    let Some(interval) = figure.interval else { return };
    let value = figure.value.unwrap();
    let slack = 1e-9 * value.abs().max(1.0);
    assert!(interval.low - slack <= value && value <= interval.high + slack, "{id}: {figure:?}");
    let (least, most) = match measure.stat {
        Stat::Share | Stat::Ended(_) => (0.0, 1.0),
        Stat::Nps => (-100.0, 100.0),
        _ => measure.bounds,
    };
    assert!(least <= interval.low && interval.high <= most, "{id}: {figure:?}");
}

#[test]
fn every_figure_is_absent_or_finite_and_its_interval_holds_it() {
    for seed in 0..150 {
        println!("seed {seed}");
        let world = rich(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed + 12_000);
        let mut asked = question(rng);
        asked.group_by = vec![dimension(["channel", "trait"].choose(rng).unwrap())];
        let snapshot = world.snapshot();
        for (answer, measure) in compute(&snapshot, &asked).unwrap().iter().zip(&asked.measures) {
            is_fine(measure, &answer.total);
            answer.groups.iter().for_each(|cell| is_fine(measure, &cell.figure));
        }
    }
}
