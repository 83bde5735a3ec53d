//! Lifetimes: requests turned into questions, and answers into messages.

use super::answer::{basis, count, estimate, grouped, interval, ratio, reference};
use super::figure::{
    compared, comparison, figure_to_proto, parameters as kpi_parameters, several, value_basis,
};
use super::question::{activity_types, group_by, orders, scope, window_days_or};
use super::{Checks, Path, timestamp};
use crate::kpi::catalogue::measures;
use crate::kpi::engine::compare::Against;
use crate::kpi::engine::dimension::Dimension;
use crate::kpi::engine::fits::Fits;
use crate::kpi::engine::measure::Params;
use crate::kpi::engine::scalar::{self, Figure};
use crate::kpi::ground::calendar::Unit;
use crate::kpi::ground::statistics;
use crate::kpi::measures::lifecycle;
use crate::kpi::shapes::lifetime::{self, Customer, Fit, Fitted, Lifetime, Warning};
use crate::kpi::{GroupBy, KpiError, Ratio, Snapshot, catalogue};
use crate::model::{ActivityType, Reason, Violation};
use crate::rpc::proto;

const HORIZON_DAYS: u32 = 365;
/// The figures of a lifetime.
const LIFETIMES: [&str; 6] = [
    "months_active",
    "historic_value",
    "historic_value_mean",
    "expected_alive",
    "expected_purchases",
    "expected_value",
];
/// The figures of a lifecycle.
const LIFECYCLES: [&str; 5] =
    ["new_buyers", "returning_buyers", "resurrected_buyers", "dormant_buyers", "active_days"];

/// The question of all customers; which page is the caller's.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn lifetime_question(
    mut c: Checks<'_>,
    asked: proto::ComputeLifetimeRequest,
) -> Result<(lifetime::Question, Option<Against>), Vec<Violation>> {
    let root = Path::root();
    let horizon = root.field("horizon_days");
    let mut question = lifetime::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        first: c.choice(&root.field("first"), asked.first),
        value: value_basis(&mut c, &root.field("value_basis"), asked.value_basis),
        horizon_days: window_days_or(&mut c, &horizon, asked.horizon_days, HORIZON_DAYS),
        after: None,
        size: 0,
    };
    question.group_by = question.group_by.map(|by| by.counting(question.orders));
    let against = comparison(&mut c, &root.field("comparison"), asked.comparison);
    c.finish((question, against))
}

/// The totals of lifetimes, compared with another time.
///
/// # Errors
/// As [`scalar::compute`].
pub fn lifetime_compared(
    snapshot: &Snapshot,
    asked: &lifetime::Question,
    fits: &Fits,
    against: Option<Against>,
) -> Result<(Vec<proto::KpiFigures>, String), KpiError> {
    let lifetime::Question { orders, first, value, horizon_days, .. } = *asked;
    let params = Params { orders, first, value, horizon_days, fits: fits.clone(), ..Params::default() };
    compared(snapshot, (&asked.scope, &params), &LIFETIMES, against)
}

/// The answer; `name` gives a customer's id.
#[must_use]
pub fn lifetime(answer: lifetime::Answer, name: impl Fn(u32) -> String) -> proto::ComputeLifetimeResponse {
    let (total, groups) = grouped(answer.result, figures);
    let groups = groups.into_iter();
    proto::ComputeLifetimeResponse {
        kpi: Some(reference(&catalogue::LIFETIME)),
        basis: Some(basis(&answer.basis)),
        fit: Some(fit(&answer.fit)),
        total: Some(total),
        groups: groups
            .map(|(key, figures)| proto::LifetimeGroup { key: Some(key), figures: Some(figures) })
            .collect(),
        customers: answer.customers.iter().map(|one| customer(one, name(one.key))).collect(),
        next_page_token: String::new(),
        figures: Vec::new(),
        comparison_note: String::new(),
    }
}

pub(super) fn fit(fit: &Fit) -> proto::LifetimeFit {
    proto::LifetimeFit {
        purchases: fit.purchases.map(|model| {
            let [r, alpha, a, b] = parameters(&model.fitted);
            let Fitted { log_likelihood, converged, .. } = model.fitted;
            proto::PurchaseFit { r, alpha, a, b, log_likelihood, converged }
        }),
        value: fit.value.map(|model| {
            let [p, q, v] = parameters(&model.fitted);
            let Fitted { log_likelihood, converged, .. } = model.fitted;
            proto::ValueFit { p, q, v, log_likelihood, converged }
        }),
        customers: count(fit.customers),
        repeat_buyers: count(fit.repeat_buyers),
        valued_buyers: count(fit.valued),
        frequency_value_correlation: fit.correlation,
        warnings: warnings(&fit.warnings),
    }
}

fn parameters<const N: usize>(fitted: &Fitted<N>) -> [Option<proto::ModelParameter>; N] {
    std::array::from_fn(|i| {
        let (value, error) = (fitted.parameters[i], fitted.errors.map(|errors| errors[i]));
        Some(proto::ModelParameter {
            value,
            standard_error: error,
            interval: error.map(|error| interval(statistics::of_positive(value, error))),
        })
    })
}

pub(super) fn warnings(warnings: &[Warning]) -> Vec<i32> {
    warnings.iter().map(|warning| warning_of(*warning).into()).collect()
}

fn warning_of(warning: Warning) -> proto::LifetimeWarning {
    match warning {
        Warning::NothingToFit => proto::LifetimeWarning::NothingToFit,
        Warning::FewRepeatBuyers => proto::LifetimeWarning::FewRepeatBuyers,
        Warning::PurchasesNotConverged => proto::LifetimeWarning::PurchasesNotConverged,
        Warning::NoValueToFit => proto::LifetimeWarning::NoValueToFit,
        Warning::ValueNotConverged => proto::LifetimeWarning::ValueNotConverged,
        Warning::ValueWithoutMean => proto::LifetimeWarning::ValueWithoutMean,
        Warning::FrequencyAndValueCorrelated => proto::LifetimeWarning::FrequencyAndValueCorrelated,
        Warning::NoStandardErrors => proto::LifetimeWarning::NoStandardErrors,
    }
}

fn figures(of: Lifetime) -> proto::LifetimeFigures {
    proto::LifetimeFigures {
        customers: count(of.customers),
        repeat_buyers: count(of.repeat_buyers),
        orders: count(of.orders),
        months_active: Some(estimate(&of.months_active)),
        historic_minor: of.historic,
        historic_per_customer: Some(estimate(&of.historic_per_customer)),
        expected_alive: of.alive,
        expected_purchases: of.purchases,
        expected_minor: of.expected,
    }
}

pub(super) fn customer(of: &Customer, customer_id: String) -> proto::CustomerLifetime {
    proto::CustomerLifetime {
        customer_id,
        repeat_orders: of.repeats,
        last_days: of.last_days,
        age_days: of.age_days,
        months_active: of.months_active,
        historic_minor: of.historic,
        alive: of.score.alive,
        expected_purchases: of.score.purchases,
        expected_order_minor: of.score.worth,
        expected_minor: of.score.expected,
    }
}

/// # Errors
/// Everything that is wrong with the request.
pub fn lifecycle_question(
    mut c: Checks<'_>,
    asked: proto::ComputeLifecycleRequest,
) -> Result<(lifecycle::Question, Option<Against>), Vec<Violation>> {
    let root = Path::root();
    let by = several(&mut c, &root, asked.granularity, asked.granularity_count);
    let mut question = lifecycle::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        by: by.unwrap_or(Unit::Month.into()),
        activities: activity_types(&mut c, &root, "activity_types", &asked.activity_types),
    };
    question.group_by = question.group_by.map(|by| by.counting(question.orders));
    let at = root.field("comparison");
    let against = comparison(&mut c, &at, asked.comparison);
    let of_orders = question.activities.is_empty() || question.activities == [ActivityType::Order];
    if against.is_some() && !of_orders {
        c.refuse(&at, Reason::Conflict, "only lifecycles of orders are compared");
    }
    c.finish((question, against))
}

/// # Errors
/// As [`lifecycle::compute`].
pub fn lifecycle(
    snapshot: &Snapshot,
    (question, against): &(lifecycle::Question, Option<Against>),
) -> Result<proto::ComputeLifecycleResponse, KpiError> {
    let params = Params { orders: question.orders, ..Params::default() };
    let (compared, comparison_note) = compared(snapshot, (&question.scope, &params), &LIFECYCLES, *against)?;
    let answer = lifecycle::compute(snapshot, question)?;
    let intervals = answer.intervals;
    let (total, groups) = grouped(answer.result, |of| lifecycle_figures(&intervals, of));
    Ok(proto::ComputeLifecycleResponse {
        kpi: Some(reference(&catalogue::LIFECYCLE)),
        basis: Some(basis(&answer.basis)),
        total: Some(total),
        groups: groups
            .into_iter()
            .map(|(key, figures)| proto::LifecycleGroup { key: Some(key), figures: Some(figures) })
            .collect(),
        figures: compared,
        comparison_note,
    })
}

fn lifecycle_figures(intervals: &[lifecycle::Interval], of: lifecycle::Lifecycle) -> proto::LifecycleFigures {
    let interval = |(interval, states): (&lifecycle::Interval, lifecycle::States)| proto::LifecycleInterval {
        start: Some(timestamp(interval.from)),
        end: Some(timestamp(interval.until)),
        new: count(states.new),
        returning: count(states.returning),
        resurrected: count(states.resurrected),
        dormant: interval.complete.then(|| count(states.dormant)),
        complete: interval.complete,
    };
    proto::LifecycleFigures {
        intervals: intervals.iter().zip(of.states).map(interval).collect(),
        customers_by_active_intervals: of.active_intervals.into_iter().map(count).collect(),
        mean_active_intervals: Some(estimate(&of.mean_intervals)),
    }
}

/// The figures of [`omnichannel_question`], in their order.
const OMNICHANNEL: [&str; 5] = ["active_customers", "revenue", "retention", "nps", "cost_to_serve"];

/// The same question by number and by set of channels.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn omnichannel_question(
    mut c: Checks<'_>,
    asked: proto::ComputeOmnichannelRequest,
) -> Result<(scalar::Question, Option<Against>), Vec<Violation>> {
    let root = Path::root();
    let question = scalar::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        measures: OMNICHANNEL.iter().filter_map(|id| measures::find(id)).collect(),
        params: kpi_parameters(&mut c, &root.field("parameters"), asked.parameters),
        group_by: Vec::new(),
        spans: Vec::new(),
    };
    let against = comparison(&mut c, &root.field("comparison"), asked.comparison);
    c.finish((question, against))
}

/// Computes both breakdowns.
///
/// # Errors
/// As [`scalar::compute`].
pub fn omnichannel(
    snapshot: &Snapshot,
    question: &scalar::Question,
    against: Option<Against>,
) -> Result<proto::ComputeOmnichannelResponse, KpiError> {
    let asked = (&question.scope, &question.params);
    let (figures, comparison_note) = compared(snapshot, asked, &OMNICHANNEL, against)?;
    let by = |by: GroupBy| {
        let group_by = vec![Dimension::Of(by)];
        scalar::compute(snapshot, &scalar::Question { group_by, ..question.clone() })
    };
    let (by_number, by_set) = (by(GroupBy::ChannelsUsed)?, by(GroupBy::ChannelSet)?);
    let totals: Vec<Option<Figure>> = by_number.iter().map(|answer| Some(answer.total)).collect();
    Ok(proto::ComputeOmnichannelResponse {
        kpi: Some(reference(&catalogue::OMNICHANNEL)),
        basis: by_number.first().map(|answer| basis(&answer.basis)),
        total: Some(omnichannel_figures(None, &totals, &totals)),
        by_number: omnichannel_groups(&by_number, &totals),
        by_set: omnichannel_groups(&by_set, &totals),
        figures,
        comparison_note,
    })
}

/// One for each name that any of the figures has, by name, those without one last.
fn omnichannel_groups(
    answers: &[scalar::Answer],
    totals: &[Option<Figure>],
) -> Vec<proto::OmnichannelFigures> {
    let keys = answers.iter().flat_map(|answer| &answer.groups).map(|cell| cell.keys[0].clone());
    let keys: std::collections::BTreeSet<(bool, Option<String>)> =
        keys.map(|key| (key.is_none(), key)).collect();
    let figures = |(_, key): (bool, Option<String>)| {
        let cell = |answer: &scalar::Answer| {
            answer.groups.iter().find(|cell| cell.keys[0] == key).map(|cell| cell.figure)
        };
        let own: Vec<Option<Figure>> = answers.iter().map(cell).collect();
        omnichannel_figures(key, &own, totals)
    };
    keys.into_iter().map(figures).collect()
}

fn omnichannel_figures(
    key: Option<String>,
    own: &[Option<Figure>],
    totals: &[Option<Figure>],
) -> proto::OmnichannelFigures {
    let figure = |nth: usize| own.get(nth).copied().flatten();
    let number = |figures: &[Option<Figure>], nth: usize| {
        figures.get(nth).copied().flatten().map_or(0.0, |figure| figure.numerator)
    };
    let customers = Ratio::share(number(own, 0) as u64, number(totals, 0) as u64);
    let revenue = Ratio::quotient(number(own, 1), number(totals, 1));
    let shown = |nth: usize| figure(nth).as_ref().map(figure_to_proto);
    proto::OmnichannelFigures {
        channels: Some(proto::GroupKey { value: key }),
        customers: shown(0),
        share_of_customers: Some(ratio(&customers)),
        revenue: shown(1),
        share_of_revenue: Some(ratio(&revenue)),
        retention: shown(2),
        nps: shown(3),
        cost_to_serve: shown(4),
    }
}
