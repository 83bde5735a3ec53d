//! Answers of the KPIs turned into messages.

use super::{Choice, timestamp};
use crate::kpi::catalogue::{self, Definition};
use crate::kpi::facts::fact::AnswerKind;
use crate::kpi::ground::statistics;
use crate::kpi::shapes::cost;
use crate::kpi::shapes::nps;
use crate::kpi::shapes::repurchase;
use crate::kpi::shapes::retention;
use crate::kpi::shapes::triangle;
use crate::kpi::{Absent, Basis, Estimate, Excluded, Folded, Group, Grouped, Ratio, SourceHorizon};
use crate::model::Currency;
use crate::rpc::proto::{self, ExclusionReason};

#[must_use]
pub fn definition(kpi: &Definition) -> proto::KpiDefinition {
    let parameter = |parameter: &catalogue::Parameter| proto::KpiParameter {
        name: parameter.name.to_owned(),
        default: parameter.default.to_owned(),
        meaning: parameter.meaning.to_owned(),
    };
    proto::KpiDefinition {
        kpi: Some(reference(kpi)),
        title: kpi.name.to_owned(),
        definition: kpi.formula.to_owned(),
        first_means: kpi.first_means.to_owned(),
        interval_methods: kpi.intervals.to_owned(),
        rpc: kpi.rpc.to_owned(),
        unit: kpi.unit.to_owned(),
        parameters: kpi.parameters.iter().map(parameter).collect(),
        degenerate: kpi.degenerate.to_owned(),
        source: kpi.source.to_owned(),
    }
}

#[must_use]
pub fn retention(answer: retention::Answer) -> proto::ComputeRetentionResponse {
    let (total, groups) = grouped(answer.result, retention_result);
    proto::ComputeRetentionResponse {
        kpi: Some(reference(&catalogue::RETENTION)),
        basis: Some(basis(&answer.basis)),
        total: Some(total),
        groups: groups
            .into_iter()
            .map(|(key, result)| proto::RetentionGroup { key: Some(key), result: Some(result) })
            .collect(),
    }
}

#[must_use]
pub fn repurchase(answer: repurchase::Answer) -> proto::ComputeRepurchaseResponse {
    let (total, groups) = grouped(answer.result, repurchase_result);
    proto::ComputeRepurchaseResponse {
        kpi: Some(reference(&catalogue::REPURCHASE)),
        basis: Some(basis(&answer.basis)),
        total: Some(total),
        groups: groups
            .into_iter()
            .map(|(key, result)| proto::RepurchaseGroup { key: Some(key), result: Some(result) })
            .collect(),
    }
}

#[must_use]
pub fn nps(answer: nps::Answer) -> proto::ComputeNpsResponse {
    let (total, groups) = grouped(answer.result, nps_result);
    proto::ComputeNpsResponse {
        kpi: Some(reference(&catalogue::NPS)),
        basis: Some(basis(&answer.basis)),
        total: Some(total),
        groups: groups
            .into_iter()
            .map(|(key, result)| proto::NpsGroup { key: Some(key), result: Some(result) })
            .collect(),
    }
}

#[must_use]
pub fn cost_to_serve(answer: cost::Answer) -> proto::ComputeCostToServeResponse {
    let currency = answer.currency;
    let (total, groups) = grouped(answer.result, |result| cost_result(result, currency));
    proto::ComputeCostToServeResponse {
        kpi: Some(reference(&catalogue::COST_TO_SERVE)),
        basis: Some(basis(&answer.basis)),
        currency: currency.map_or_else(String::new, |currency| currency.code().to_owned()),
        total: Some(total),
        groups: groups
            .into_iter()
            .map(|(key, result)| proto::CostGroup { key: Some(key), result: Some(result) })
            .collect(),
        capacity: answer.capacity.into_iter().map(|used| capacity_use(used, currency)).collect(),
    }
}

#[must_use]
pub fn reference(kpi: &Definition) -> proto::KpiRef {
    proto::KpiRef { id: kpi.id.to_owned(), version: kpi.version }
}

/// The total, and each group with its key.
pub(super) fn grouped<T, P>(grouped: Grouped<T>, write: impl Fn(T) -> P) -> (P, Vec<(proto::GroupKey, P)>) {
    let group = |Group { key, result }| (proto::GroupKey { value: key }, write(result));
    (write(grouped.total), grouped.groups.into_iter().map(group).collect())
}

fn folded(folded: &Folded) -> proto::Folded {
    let Folded { channels, locations, sources, campaigns, surveys, traits, items } = *folded;
    proto::Folded {
        channels: count(channels),
        locations: count(locations),
        sources: count(sources),
        campaigns: count(campaigns),
        surveys: count(surveys),
        traits: count(traits),
        items: count(items),
    }
}

pub(super) fn basis(basis: &Basis) -> proto::Basis {
    let Excluded {
        no_identity,
        other_currency,
        no_consent,
        voided,
        below_min_amount,
        fully_returned,
        no_margin,
        told_again,
        cancelled,
    } = basis.excluded;
    let excluded = [
        (ExclusionReason::NoIdentity, no_identity),
        (ExclusionReason::OtherCurrency, other_currency),
        (ExclusionReason::NoConsent, no_consent),
        (ExclusionReason::Voided, voided),
        (ExclusionReason::BelowMinAmount, below_min_amount),
        (ExclusionReason::FullyReturned, fully_returned),
        (ExclusionReason::NoMargin, no_margin),
        (ExclusionReason::ToldAgain, told_again),
        (ExclusionReason::Cancelled, cancelled),
    ];
    let exclusion =
        |(reason, n)| proto::Exclusion { reason: ExclusionReason::into(reason), touchpoints: count(n) };
    proto::Basis {
        revision: basis.revision.0,
        customers: count(basis.customers),
        touchpoints: count(basis.touchpoints),
        excluded: excluded.into_iter().filter(|(_, n)| *n > 0).map(exclusion).collect(),
        censored: count(basis.censored),
        identity_coverage: Some(ratio(&basis.identity_coverage)),
        folded: (!basis.folded.is_nothing()).then(|| folded(&basis.folded)),
        observed_until: Some(timestamp(basis.observation.until)),
        observed_from: basis.observation.from.map(timestamp),
        open: basis.observation.is_open,
        sources: basis.observation.sources.iter().map(source).collect(),
    }
}

fn source(of: &SourceHorizon) -> proto::SourceObservation {
    proto::SourceObservation {
        source: of.source.clone(),
        latest: of.latest.map(timestamp),
        complete_until: of.complete_until.map(timestamp),
    }
}

pub(super) fn interval(interval: statistics::Interval) -> proto::Interval {
    proto::Interval { low: interval.low, high: interval.high, method: interval.method.name().to_owned() }
}

pub(super) fn absent_reason(absent: Option<Absent>) -> i32 {
    use proto::AbsentReason as Said;
    let said = match absent {
        None => Said::Unspecified,
        Some(Absent::EmptyDenominator) => Said::EmptyDenominator,
        Some(Absent::NotObserved) => Said::NotObserved,
        Some(Absent::NotReached) => Said::NotReached,
        Some(Absent::NotObservedLongEnough) => Said::NotObservedLongEnough,
        Some(Absent::NegativeDenominator) => Said::NegativeDenominator,
        Some(Absent::NothingRecorded) => Said::NothingRecorded,
    };
    said.into()
}

pub(super) fn ratio(ratio: &Ratio) -> proto::Ratio {
    proto::Ratio {
        value: ratio.value,
        numerator: ratio.numerator,
        denominator: ratio.denominator,
        interval: ratio.interval.map(interval),
        absent_reason: absent_reason(ratio.absent),
    }
}

pub(super) fn estimate(estimate: &Estimate) -> proto::Estimate {
    proto::Estimate {
        value: estimate.value,
        interval: estimate.interval.map(interval),
        n: count(estimate.count),
        absent_reason: absent_reason(estimate.absent),
    }
}

fn retention_result(result: retention::Retention) -> proto::RetentionResult {
    let row = |row: triangle::Row| proto::CohortRow {
        start: Some(timestamp(row.start)),
        label: row.label,
        size: count(row.size),
        cells: row.cells.iter().map(cell).collect(),
    };
    proto::RetentionResult {
        period: result.period.map(|period| proto::PeriodRetention {
            retention: Some(ratio(&period.retention)),
            churn: Some(ratio(&period.churn)),
        }),
        triangle: result.triangle.map(|triangle| proto::CohortTriangle {
            rows: triangle.rows.into_iter().map(row).collect(),
            means: triangle.means.iter().map(cell).collect(),
        }),
    }
}

fn cell(cell: &triangle::Cell) -> proto::CohortCell {
    proto::CohortCell { k: cell.k, ratio: Some(ratio(&cell.ratio)), complete: cell.complete }
}

fn repurchase_result(result: repurchase::Repurchase) -> proto::RepurchaseResult {
    let point = |point: repurchase::SurvivalPoint| proto::SurvivalPoint {
        days: f64::from(point.days),
        share: point.share,
        interval: point.interval.map(interval),
        at_risk: count(point.at_risk),
        events: count(point.events),
    };
    proto::RepurchaseResult {
        repeat_customers: Some(ratio(&result.repeat_customers)),
        second_order_all: Some(ratio(&result.second_order_all)),
        second_order_observed: Some(ratio(&result.second_order_observed)),
        second_order_kaplan_meier: Some(estimate(&result.second_order_kaplan_meier)),
        curve: result.curve.into_iter().map(point).collect(),
        gap_days_median: Some(estimate(&result.gap_days_median)),
        gap_days_p90: Some(estimate(&result.gap_days_p90)),
    }
}

fn nps_result(result: nps::Scores) -> proto::NpsResult {
    let nps::NetPromoterScore { value, interval: bounds, promoters, passives, detractors } = result.nps;
    let score = |score: nps::ScoreCount| proto::ScoreCount {
        question: question_name(score.question).to_owned(),
        score: score.score.into(),
        answers: count(score.answers),
    };
    proto::NpsResult {
        nps: Some(proto::NetPromoterScore {
            value,
            interval: bounds.map(interval),
            promoters: count(promoters),
            passives: count(passives),
            detractors: count(detractors),
            answers: count(promoters + passives + detractors),
            absent_reason: absent_reason(value.is_none().then_some(Absent::EmptyDenominator)),
        }),
        csat_top_two: Some(ratio(&result.csat_top_two)),
        ces_mean: Some(estimate(&result.ces_mean)),
        ces_easy: Some(ratio(&result.ces_easy)),
        distribution: result.distribution.into_iter().map(score).collect(),
    }
}

fn question_name(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::Nps => "nps",
        AnswerKind::Csat => "csat",
        AnswerKind::Ces => "ces",
        AnswerKind::Rating => "rating",
    }
}

fn cost_result(result: cost::CostToServe, currency: Option<Currency>) -> proto::CostResult {
    let phase = |by: cost::PhaseCost| proto::PhaseCost {
        phase: by.phase.map_or(0, Choice::number),
        cost: Some(amount(by.cost, currency)),
        touchpoints: count(by.touchpoints),
    };
    let channel = |by: cost::ChannelCost| proto::ChannelCost {
        channel: by.channel,
        cost: Some(amount(by.cost, currency)),
        touchpoints: count(by.touchpoints),
    };
    proto::CostResult {
        total: Some(amount(result.total, currency)),
        unidentified: Some(amount(result.unidentified, currency)),
        per_customer: Some(distribution(&result.per_customer)),
        per_costed_customer: Some(distribution(&result.per_costed_customer)),
        by_phase: result.by_phase.into_iter().map(phase).collect(),
        by_channel: result.by_channel.into_iter().map(channel).collect(),
        cost_to_net_revenue: Some(ratio(&result.cost_to_net_revenue)),
        touches_without_rate: count(result.touches_without_rate),
    }
}

/// Nothing has a cost where there is no currency.
fn amount(cost: cost::Cost, currency: Option<Currency>) -> proto::CostAmount {
    currency.map_or_else(proto::CostAmount::default, |currency| proto::CostAmount {
        currency: currency.code().to_owned(),
        micros: cost.micros(),
        minor: cost.minor(currency),
    })
}

fn distribution(distribution: &cost::Distribution) -> proto::CostDistribution {
    proto::CostDistribution {
        mean: Some(estimate(&distribution.mean)),
        p50: Some(estimate(&distribution.p50)),
        p90: Some(estimate(&distribution.p90)),
    }
}

fn capacity_use(used: cost::CapacityUse, currency: Option<Currency>) -> proto::CapacityUse {
    let amount = |cost: Option<cost::Cost>| cost.map(|cost| amount(cost, currency));
    proto::CapacityUse {
        channel: used.channel,
        interval: Some(proto::TimeRange {
            start: Some(timestamp(used.interval.from)),
            end: Some(timestamp(used.interval.until)),
        }),
        cost: amount(used.cost),
        practical_minutes: used.practical_minutes,
        used_minutes: used.used_minutes,
        utilization: Some(ratio(&used.utilization)),
        used_cost: amount(used.used_cost),
        unused_cost: amount(used.unused_cost),
    }
}

pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
