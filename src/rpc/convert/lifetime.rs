//! Lifetimes: requests turned into questions, and answers into messages.

use super::answer::{basis, count, estimate, grouped, interval, reference};
use super::question::{group_by, orders, scope, window_days_or};
use super::{Checks, Path};
use crate::kpi::lifetime::{self, Customer, Fit, Fitted, Lifetime, Warning};
use crate::kpi::{catalogue, stats};
use crate::model::Violation;
use crate::rpc::proto;

const HORIZON_DAYS: u32 = 365;

/// The question of all customers; which page is the caller's.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn lifetime_question(
    mut c: Checks<'_>,
    asked: proto::ComputeLifetimeRequest,
) -> Result<lifetime::Question, Vec<Violation>> {
    let root = Path::root();
    let horizon = root.field("horizon_days");
    let question = lifetime::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        first: c.choice(&root.field("first"), asked.first),
        horizon_days: window_days_or(&mut c, &horizon, asked.horizon_days, HORIZON_DAYS),
        after: None,
        size: 0,
    };
    c.finish(question)
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
    }
}

fn fit(fit: &Fit) -> proto::LifetimeFit {
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
        warnings: fit.warnings.iter().map(|warning| warning_of(*warning).into()).collect(),
    }
}

fn parameters<const N: usize>(fitted: &Fitted<N>) -> [Option<proto::ModelParameter>; N] {
    std::array::from_fn(|i| {
        let (value, error) = (fitted.parameters[i], fitted.errors.map(|errors| errors[i]));
        Some(proto::ModelParameter {
            value,
            standard_error: error,
            interval: error.map(|error| interval(stats::of_positive(value, error))),
        })
    })
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

fn customer(of: &Customer, customer_id: String) -> proto::CustomerLifetime {
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
