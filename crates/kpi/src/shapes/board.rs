//! Boards: several figures beside each other, by channel or location, each with what changed and
//! what it was meant to reach; so that a dashboard draws them as they are. The figures are those of
//! [`crate::engine::scalar`], so nothing on a board can differ from what it is explained by.

use crate::engine::compare::days_of;
use std::collections::BTreeSet;

use crate::engine::compare::{Against, Change, changes, earlier};
use crate::engine::dimension::Dimension;
use crate::engine::measure::{Elsewhere, Measure, Params, Span, Stat};
use crate::engine::scalar::{self, Answer, Figure, Question};
use crate::engine::scope::{GroupBy, KpiError, Scope};
use crate::facts::snapshot::Snapshot;
use crate::ground::answer::Basis;
use crate::ground::definition::{Definition, NO_INTERVAL, SINGLE_VIEW, parameter};
use crate::ground::money::worth;
use crate::measures::basket;
use crate::measures::care;
use crate::measures::conversion;
use crate::measures::footfall;
use crate::measures::visits;
use crate::shapes::headline;
use crate::shapes::incentive;
use customer360_model::{Currency, Micros, Money, Phase, TimeRange};

/// What a figure is meant to reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub kpi_id: String,
    /// For one channel or location; `None`: for all.
    pub place: Option<(Elsewhere, String)>,
    /// Not empty.
    pub interval: TimeRange,
    /// In the unit of the figure.
    pub value: f64,
    /// Of money.
    pub currency: Option<Currency>,
}

#[derive(Clone)]
pub struct Asked {
    pub scope: Scope,
    pub params: Params,
    pub measures: Vec<&'static Measure>,
    pub by: Elsewhere,
    pub against: Against,
    pub targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The channels or locations, by name; `None`, those without a location, last.
    pub places: Vec<Option<String>>,
    /// The time that figures are compared with.
    pub before: Span,
    /// Local days of the range that were observed, and of that time.
    pub days: [u32; 2],
    /// One for each measure, in their order.
    pub lines: Vec<Line>,
    /// Tests made at once.
    pub tests: usize,
}

/// One figure over all places.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub kpi: Definition,
    pub basis: Basis,
    pub total: Cell,
    /// One for each place of the board, in their order.
    pub cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    pub now: Figure,
    pub before: Figure,
    pub change: Change,
    pub target: Option<f64>,
    /// The value over the target.
    pub attainment: Option<f64>,
}

/// The phases of the journey, each with its headline figures.
pub static PHASES: [(Phase, &Measure); 6] = [
    (Phase::Awareness, &visits::VISIT_RATE),
    (Phase::Consideration, &conversion::CONVERSION),
    (Phase::Decision, &basket::AVERAGE_ORDER_VALUE),
    (Phase::Decision, &conversion::ROPO),
    (Phase::Service, &care::FIRST_REPLY_MEDIAN),
    (Phase::Loyalty, &headline::RETAINED),
];

/// The measures of the phases.
#[must_use]
pub fn phases() -> Vec<&'static Measure> {
    PHASES.iter().map(|(_, measure)| *measure).collect()
}

/// What the incentive card shows.
#[must_use]
pub fn card() -> Vec<&'static Measure> {
    vec![
        &incentive::SALES,
        &incentive::CREDITED_SALES,
        &incentive::ASSISTED_SALES,
        &incentive::INTEGRATION_INDEX,
        &incentive::RECEIPTS,
        &visits::VISITORS,
        &conversion::VISITOR_CONVERSION,
        &incentive::LIKES,
        &incentive::SHARES,
        &incentive::MENTIONS,
        &incentive::SUBSCRIPTIONS,
        &footfall::FOLLOWERS_GAINED,
    ]
}

/// # Errors
/// As [`scalar::compute`].
pub fn compute(snapshot: &Snapshot, asked: &Asked) -> Result<Board, KpiError> {
    let observed = asked.scope.observed_on(snapshot);
    let before = earlier(&asked.scope, observed, asked.against)?;
    let own = Span { from: asked.scope.range.from.0, until: asked.scope.range.until.0, observed: observed.0 };
    let days = [days_of(&asked.scope.zone, own)?, days_of(&asked.scope.zone, before)?];
    let mut scope = asked.scope.clone();
    scope.range = TimeRange { from: Micros(before.from), until: Micros(before.until) };
    scope.observed_until = Some(Micros(before.observed));
    let dimension = match asked.by {
        Elsewhere::Channel => GroupBy::Channel,
        Elsewhere::Location => GroupBy::Location,
    };
    let question = |scope: Scope| Question {
        scope,
        measures: asked.measures.clone(),
        params: Params { elsewhere: asked.by, ..asked.params.clone() },
        group_by: vec![Dimension::Of(dimension.clone())],
        spans: Vec::new(),
    };
    let now = scalar::compute(snapshot, &question(asked.scope.clone()))?;
    let then = scalar::compute(snapshot, &question(scope))?;
    // The nameless last.
    let names: BTreeSet<(bool, Option<String>)> =
        now.iter().chain(&then).flat_map(|answer| &answer.groups).map(|cell| key(&cell.keys)).collect();
    let places: Vec<Option<String>> = names.into_iter().map(|(_, name)| name).collect();
    let pairs: Vec<(Stat, Figure, Figure)> = asked
        .measures
        .iter()
        .zip(now.iter().zip(&then))
        .flat_map(|(measure, (now, then))| {
            let both = |place: &Option<String>| (of(now, measure, place), of(then, measure, place));
            let cells = places.iter().map(both);
            let all = std::iter::once((now.total, then.total)).chain(cells);
            all.map(|(now, then)| (measure.stat, now, then)).collect::<Vec<_>>()
        })
        .collect();
    let changes = changes(&pairs);
    let tests = changes.iter().filter(|change| change.p_value.is_some()).count();
    let width = places.len() + 1;
    let lines = asked.measures.iter().zip(&now).enumerate().map(|(nth, (measure, answer))| {
        let its = nth * width..(nth + 1) * width;
        let mut cells =
            pairs[its.clone()].iter().zip(&changes[its]).enumerate().map(|(nth, (pair, change))| {
                let place = nth.checked_sub(1).map(|nth| places[nth].as_deref());
                cell(asked, measure, place, pair, change)
            });
        let total = cells.next().expect("the total comes first");
        Line { kpi: answer.kpi, basis: answer.basis.clone(), total, cells: cells.collect() }
    });
    Ok(Board { before, days, lines: lines.collect(), tests, places })
}

fn key(keys: &[Option<String>]) -> (bool, Option<String>) {
    let name = keys.first().cloned().flatten();
    (name.is_none(), name)
}

/// The figure of a place; that of nothing where nothing was counted.
fn of(answer: &Answer, measure: &Measure, place: &Option<String>) -> Figure {
    let its = answer.groups.iter().find(|cell| cell.keys.first() == Some(place));
    its.map_or_else(|| scalar::nothing(measure), |cell| cell.figure)
}

/// `place`: `None` for all, `Some(None)` for those without a location.
fn cell(
    asked: &Asked,
    measure: &Measure,
    place: Option<Option<&str>>,
    pair: &(Stat, Figure, Figure),
    change: &Change,
) -> Cell {
    let (_, now, before) = *pair;
    let target = target(asked, measure, place);
    let attainment =
        now.value.zip(target.filter(|&target| target != 0.0)).map(|(value, target)| value / target);
    Cell { now, before, change: *change, target, attainment }
}

/// What is meant to be reached in range. Counts and sums: each target's part of its interval that
/// is in range, in proportion to time, added up; other figures: the mean of the targets, weighted
/// by the time that each has in range.
fn target(asked: &Asked, measure: &Measure, place: Option<Option<&str>>) -> Option<f64> {
    let is_its = |target: &&Target| {
        target.kpi_id == measure.definition.id
            && match (&target.place, place) {
                (None, None) => true,
                (Some((by, name)), Some(Some(place))) => *by == asked.by && name == place,
                _ => false,
            }
    };
    let range = asked.scope.range;
    let is_sum = matches!(measure.stat, Stat::Sum | Stat::Customers);
    let (mut sum, mut time) = (0.0, 0.0);
    for target in asked.targets.iter().filter(is_its) {
        let (begin, end) = (target.interval.from, target.interval.until);
        let in_range = (end.min(range.until).0 - begin.max(range.from).0).max(0) as f64;
        let Some(value) = valued(asked, target).filter(|_| in_range > 0.0) else { continue };
        sum += if is_sum { value * in_range / (end.0 - begin.0) as f64 } else { value * in_range };
        time += in_range;
    }
    (time > 0.0).then(|| if is_sum { sum } else { sum / time })
}

/// The value in the question's currency, at the rate of the interval's beginning.
fn valued(asked: &Asked, target: &Target) -> Option<f64> {
    match (target.currency, asked.scope.currency) {
        (Some(said), Some(wanted)) if said != wanted => {
            let amount = Money { minor: target.value.round() as i64, currency: said };
            worth(&asked.scope.rates, amount, wanted, target.interval.from.0).map(|minor| minor as f64)
        }
        _ => Some(target.value),
    }
}

/// The phase x channel model.
pub const PHASE_MODEL: Definition = Definition {
    rpc: "ComputePhaseModel",
    ..Definition::scalar(
        "phase_model",
        "Phase x channel model",
        "a table",
        "Headline figures of the five phases of the journey, for all and by channel of what is counted: awareness \
         visit_rate, consideration conversion, decision average_order_value and ropo, service first_reply, loyalty \
         retention; each with the same of another time, its difference, significance (adjusted by Holm for all cells \
         at once) and target. A target of a count or a sum holds with the part of its interval in range; of other \
         figures, targets are averaged by the time that each has in range.",
    )
    .with("those of its figures", "A cell without anything counted is absent, or 0 where it is a count.")
    .revised(2)
    .from(crate::ground::definition::PHASES)
    .asking(&[parameter("comparison", "PREVIOUS_PERIOD", "with what figures are compared")])
};

/// The incentive card.
pub const INCENTIVE_CARD: Definition = Definition {
    rpc: "ComputeIncentiveCard",
    ..Definition::scalar(
        "incentive_card",
        "Incentive card",
        "a table",
        "For each channel or location: its own sales, the sales credited to it (credited_sales: linear, so that the \
         credits of all sum to the sales to customers), those of them that were made elsewhere (assisted_sales), the \
         integration index, receipts, visitors, the share of visitors who buy (visitor_conversion), likes, shares, \
         mentions, subscriptions and followers gained; each with the same of another time, its difference, significance and target (see \
         phase_model).",
    )
    .with(NO_INTERVAL, "A cell without anything counted is absent, or 0 where it is a count.")
    .revised(2)
    .from(SINGLE_VIEW)
    .asking(&[
        parameter("by", "CHANNEL", "channels or locations"),
        parameter("comparison", "PREVIOUS_PERIOD", "with what figures are compared"),
    ])
};
