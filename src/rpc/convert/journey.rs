//! Journeys: requests turned into questions, and answers into messages.

use super::answer::{basis, count, ratio, reference};
use super::figure::parameters;
use super::question::{scope, window_days_or};
use super::{Checks, Path, timestamp};
use crate::kpi::catalogue::measures;
use crate::kpi::engine::measure::Params;
use crate::kpi::measures::funnel;
use crate::kpi::shapes::affinity;
use crate::kpi::shapes::attribution::{self, Credit, Model, To, UNIT};
use crate::kpi::shapes::paths;
use crate::kpi::shapes::store_conversion;
use crate::kpi::{Scope, catalogue};
use crate::model::{Reason, Violation};
use crate::rpc::proto;

/// Rows of one ranking.
const ROWS: u32 = 1_000;
const ROWS_DEFAULT: u32 = 20;
const HALF_LIFE_DAYS: u32 = 7;
const MIN_ORDERS: u32 = 2;

const MODELS: [(proto::AttributionModel, Model); 8] = [
    (proto::AttributionModel::First, Model::First),
    (proto::AttributionModel::Last, Model::Last),
    (proto::AttributionModel::Linear, Model::Linear),
    (proto::AttributionModel::Position, Model::Position),
    (proto::AttributionModel::TimeDecay, Model::TimeDecay),
    (proto::AttributionModel::Markov, Model::Markov),
    (proto::AttributionModel::Shapley, Model::Shapley),
    (proto::AttributionModel::LastNonDirect, Model::LastNonDirect),
];

/// # Errors
/// Everything that is wrong with the request.
pub fn attribution_question(
    mut c: Checks<'_>,
    asked: proto::ComputeAttributionRequest,
) -> Result<attribution::Question, Vec<Violation>> {
    let root = Path::root();
    let mut models: Vec<Model> = Vec::new();
    for (nth, &number) in asked.models.iter().enumerate() {
        let at = root.item("models", nth);
        match MODELS.iter().find(|(said, _)| *said as i32 == number) {
            Some((_, model)) if models.contains(model) => c.refuse(&at, Reason::Conflict, "is named twice"),
            Some((_, model)) => models.push(*model),
            None => c.refuse(&at, Reason::Unknown, format!("{number} is no AttributionModel")),
        }
    }
    if asked.models.is_empty() {
        models = MODELS.map(|(_, model)| model).to_vec();
    }
    let to = match proto::AttributionTo::try_from(asked.to) {
        Ok(proto::AttributionTo::Campaign) => To::Campaign,
        Ok(proto::AttributionTo::Source) => To::Source,
        Ok(_) => To::Channel,
        Err(_) => {
            c.refuse(&root.field("to"), Reason::Unknown, format!("{} is no AttributionTo", asked.to));
            To::Channel
        }
    };
    let half_life = root.field("half_life_days");
    let question = attribution::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        params: parameters(&mut c, &root.field("parameters"), asked.parameters),
        to,
        models,
        half_life_days: window_days_or(&mut c, &half_life, asked.half_life_days, HALF_LIFE_DAYS),
    };
    c.finish(question)
}

/// # Errors
/// Everything that is wrong with the request.
pub fn journeys_question(
    mut c: Checks<'_>,
    asked: proto::ComputeJourneysRequest,
) -> Result<(Scope, Params, usize), Vec<Violation>> {
    let root = Path::root();
    let limit = rows(&mut c, &root, asked.limit);
    let question = scope_and_parameters(&mut c, asked.scope, asked.parameters);
    c.finish((question.0, question.1, limit))
}

/// # Errors
/// Everything that is wrong with the request.
pub fn scoped_question(
    mut c: Checks<'_>,
    asked: Option<proto::Scope>,
    parameters: Option<proto::KpiParameters>,
) -> Result<(Scope, Params), Vec<Violation>> {
    let question = scope_and_parameters(&mut c, asked, parameters);
    c.finish(question)
}

/// The scope and parameters, the least number of orders, and how many rows.
type BasketQuestion = (Scope, Params, (u64, usize));

/// # Errors
/// Everything that is wrong with the request.
pub fn basket_question(
    mut c: Checks<'_>,
    asked: proto::ComputeBasketRequest,
) -> Result<BasketQuestion, Vec<Violation>> {
    let root = Path::root();
    let limit = rows(&mut c, &root, asked.limit);
    let least = c.positive_or(&root.field("min_orders"), asked.min_orders, MIN_ORDERS);
    let (scope, params) = scope_and_parameters(&mut c, asked.scope, asked.parameters);
    c.finish((scope, params, (least.into(), limit)))
}

fn scope_and_parameters(
    c: &mut Checks<'_>,
    asked: Option<proto::Scope>,
    said: Option<proto::KpiParameters>,
) -> (Scope, Params) {
    let root = Path::root();
    (scope(c, &root.field("scope"), asked), parameters(c, &root.field("parameters"), said))
}

fn rows(c: &mut Checks<'_>, root: &Path<'_>, asked: u32) -> usize {
    if asked > ROWS {
        c.refuse(&root.field("limit"), Reason::OutOfRange, format!("at most {ROWS}"));
    }
    if asked == 0 { ROWS_DEFAULT as usize } else { asked as usize }
}

#[must_use]
pub fn attribution(answer: attribution::Answer) -> proto::ComputeAttributionResponse {
    let model = |of: attribution::Attributed| {
        let effect = |name: &str| of.effects.iter().find(|(its, _)| its == name).map(|(_, effect)| *effect);
        let with_effect = |one: Credit| {
            let removal_effect = effect(&one.name);
            proto::Credit { removal_effect, ..credit(one) }
        };
        proto::ModelCredits {
            model: MODELS.iter().find(|(_, model)| *model == of.model).map_or(0, |(said, _)| *said as i32),
            credits: of.credits.into_iter().map(with_effect).collect(),
            unattributed: Some(credit(of.unattributed)),
        }
    };
    proto::ComputeAttributionResponse {
        kpi: Some(reference(&catalogue::ATTRIBUTION)),
        basis: Some(basis(&answer.basis)),
        orders: count(answer.orders),
        revenue_minor: answer.revenue,
        models: answer.models.into_iter().map(model).collect(),
    }
}

fn credit(credit: Credit) -> proto::Credit {
    proto::Credit {
        name: credit.name,
        orders: credit.orders as f64 / UNIT as f64,
        order_billionths: credit.orders,
        revenue_minor: credit.revenue,
        removal_effect: None,
    }
}

#[must_use]
pub fn journeys(answer: paths::Answer) -> proto::ComputeJourneysResponse {
    let path = |path: paths::Path| proto::JourneyPath {
        channels: path.channels,
        conversion: Some(ratio(&path.conversion)),
        mean_touchpoints: path.touchpoints,
        mean_days: path.days,
    };
    proto::ComputeJourneysResponse {
        kpi: Some(reference(&catalogue::JOURNEYS)),
        basis: Some(basis(&answer.basis)),
        paths: answer.paths.into_iter().map(path).collect(),
        distinct: count(answer.distinct),
        orders: count(answer.orders),
        lost: count(answer.lost),
    }
}

#[must_use]
pub fn funnel_steps(answer: funnel::Answer) -> proto::ComputeFunnelResponse {
    proto::ComputeFunnelResponse {
        kpi: measures::find("funnel").map(|measure| reference(&measure.definition)),
        basis: Some(basis(&answer.basis)),
        steps: answer.steps.iter().map(ratio).collect(),
        steps_so_far: answer.known_at.iter().flat_map(|_| answer.so_far.iter().map(ratio)).collect(),
        known_at: answer.known_at.map(timestamp),
    }
}

#[must_use]
pub fn basket(answer: affinity::Answer) -> proto::ComputeBasketResponse {
    let pair = |pair: affinity::Pair| proto::AffinityPair {
        first: pair.first,
        second: pair.second,
        support: Some(ratio(&pair.support)),
        confidence: Some(ratio(&pair.confidence)),
        reverse_confidence: Some(ratio(&pair.reverse_confidence)),
        lift: pair.lift,
    };
    proto::ComputeBasketResponse {
        kpi: Some(reference(&catalogue::AFFINITY)),
        basis: Some(basis(&answer.basis)),
        orders: count(answer.orders),
        left_out: count(answer.left_out),
        pairs: answer.pairs.into_iter().map(pair).collect(),
    }
}

#[must_use]
pub fn store_conversion(answer: store_conversion::StoreConversion) -> proto::ComputeStoreConversionResponse {
    proto::ComputeStoreConversionResponse {
        kpi: measures::find("store_conversion_adjusted").map(|measure| reference(&measure.definition)),
        basis: Some(basis(&answer.basis)),
        raw: Some(ratio(&answer.raw)),
        showroomers: Some(ratio(&answer.showroomers)),
        adjusted_low: Some(ratio(&answer.adjusted_low)),
        adjusted_high: Some(ratio(&answer.adjusted_high)),
        unidentified_entries: count(answer.unidentified_entries),
        counted_entries: count(answer.counted_entries),
        counted_raw: Some(ratio(&answer.counted_raw)),
        counted_low: Some(ratio(&answer.counted_low)),
        counted_high: Some(ratio(&answer.counted_high)),
    }
}
