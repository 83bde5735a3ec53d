//! Lifetime value: what customers were worth, whether they are still there, and what they are
//! expected to buy.

mod expected;
mod fit;
mod fitting;
mod history;
mod purchases;
mod value;

#[cfg(test)]
mod tests;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use crate::engine::warning::Warning;
pub use expected::{
    EXPECTED_ALIVE, EXPECTED_PURCHASES, EXPECTED_VALUE, HISTORIC_VALUE, HISTORIC_VALUE_MEAN, MONTHS_ACTIVE,
};
pub use fit::Fitted;
pub use purchases::Model as PurchaseModel;
pub use value::Model as ValueModel;

use crate::engine::fits::Fits;
use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::measure::Span;
use crate::engine::order_lens::OrderLens;
use crate::engine::params::ValueBasis;
use crate::engine::scope::{First, GroupBy, KpiError, OrderOptions, Scope, WINDOW_DAYS_LIMIT};
use crate::facts::snapshot::{Part, Snapshot};
use crate::ground::answer::{Basis, Estimate, Grouped, Tally};
use crate::ground::statistics::Moments;
use fitting::Fitting;
use history::{Asked, Gather, History};
use purchases::Known;
use value::Worth;

/// Fewer repeat buyers tell little: the fit is warned of.
pub const REPEAT_BUYERS: u64 = 100;
/// A stronger correlation of frequency and value than this is warned of.
pub const CORRELATION: f64 = 0.2;

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    /// By the first order, or by the customer.
    pub group_by: Option<GroupBy>,
    pub orders: OrderOptions,
    pub first: First,
    /// What purchases are worth.
    pub value: ValueBasis,
    /// How far the expectations reach, in days after the observation.
    pub horizon_days: u32,
    /// Which customers are listed: those after a key, at most so many.
    pub after: Option<u32>,
    pub size: usize,
}

impl Question {
    /// The documented defaults: first orders ever in range, a year ahead, nobody listed.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        let orders = OrderOptions::default();
        let (first, value) = (First::Ever, ValueBasis::Revenue);
        Self { scope, group_by: None, orders, first, value, horizon_days: 365, after: None, size: 0 }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub fit: Fit,
    pub result: Grouped<Lifetime>,
    pub customers: Vec<Customer>,
    pub more: bool,
}

/// Both models, as far as the data tell them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fit {
    /// `None` where there is nothing to tell it from; likewise below.
    pub purchases: Option<PurchaseModel>,
    pub value: Option<ValueModel>,
    pub customers: u64,
    pub repeat_buyers: u64,
    /// Those of them whose repeat purchases were worth anything: the value is fitted to them.
    pub valued: u64,
    /// Of number and mean value of repeat purchases, over those; the value's model takes it for 0.
    pub correlation: Option<f64>,
    pub warnings: Vec<Warning>,
}

/// Of the customers of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Lifetime {
    pub customers: u64,
    pub repeat_buyers: u64,
    pub orders: u64,
    pub months_active: Estimate,
    /// Minor units, net of returns.
    pub historic: i64,
    pub historic_per_customer: Estimate,
    /// How many are expected to be alive; `None` without a fit. Likewise below.
    pub alive: Option<f64>,
    pub purchases: Option<f64>,
    /// Minor units, within the horizon.
    pub expected: Option<f64>,
}

/// One customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Customer {
    pub key: u32,
    pub repeats: u32,
    /// Days from the first order to the last.
    pub last_days: u32,
    /// Days from the first order to the end of the observation.
    pub age_days: u32,
    pub months_active: u32,
    /// Minor units, net of returns.
    pub historic: i64,
    pub score: Score,
}

/// What is expected of a customer, as far as the models go.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// The probability of being alive.
    pub alive: Option<f64>,
    /// Within the horizon.
    pub purchases: Option<f64>,
    /// Of the next purchase, minor units.
    pub worth: Option<f64>,
    /// `purchases * worth`.
    pub expected: Option<f64>,
}

/// # Errors
/// When the question is malformed, leaves the calendar, has too many groups or adds several
/// currencies.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    compute_with(snapshot, question, &Fits::default())
}

/// The same with fits that are kept, of the same customers.
///
/// # Errors
/// As [`compute`].
pub fn compute_with(snapshot: &Snapshot, question: &Question, fits: &Fits) -> Result<Answer, KpiError> {
    if question.scope.currency.is_none() && snapshot.dictionary.currencies().len() > 1 {
        return Err(KpiError::CurrencyRequired);
    }
    if question.horizon_days == 0 || question.horizon_days > WINDOW_DAYS_LIMIT {
        return Err(KpiError::WindowOutOfRange);
    }
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let (histories, tally) = histories(&lens, None, Some(&grouping), question)?;
    let (span, horizon_days) = (span(&lens), question.horizon_days);
    let key = crate::engine::fits::Key { span, observed: lens.observed, horizon_days };
    let fitting = fits.get_or(snapshot, key, || Fitting::sized(&histories, horizon_days));
    let Fitting { fit, while_alive } = &*fitting;
    let scores: Vec<Score> = histories.par_iter().map(|history| fit.score(history, while_alive)).collect();
    let mut groups = vec![Sums::default(); grouping.len()];
    for (history, score) in histories.iter().zip(&scores) {
        groups[history.group as usize].count(history, score);
    }
    let result = grouping.answer(groups, |sums| sums.customers == 0, Sums::add, |sums| sums.lifetime(fit));
    let begin = histories.partition_point(|h| question.after.is_some_and(|after| h.key <= after));
    let end = (begin + question.size).min(histories.len());
    let customer = |(history, score): (&History, &Score)| Customer::of(history, *score);
    let customers = histories[begin..end].iter().zip(&scores[begin..end]).map(customer).collect();
    let fit = fit.clone();
    Ok(Answer {
        basis: tally.basis(snapshot.revision, lens.observation(), snapshot.folded),
        fit,
        result,
        customers,
        more: end < histories.len(),
    })
}

/// What a known fit expects of customers: all, or those of some parts; by key. Sums restate with
/// every merge and void; the fit does not.
pub(crate) fn scored(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    question: &Question,
    (purchases, value): (Option<PurchaseModel>, Option<ValueModel>),
) -> Result<Vec<Customer>, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let (histories, _) = histories(&lens, only, None, question)?;
    let fit = Fit { purchases, value, ..Fit::default() };
    let scores = scores(&histories, &sample(&histories), &fit, question.horizon_days);
    Ok(histories.iter().zip(scores).map(|(history, score)| Customer::of(history, score)).collect())
}

fn histories(
    lens: &Lens,
    only: Option<&[Part]>,
    grouping: Option<&Grouping>,
    question: &Question,
) -> Result<(Vec<History>, Tally), KpiError> {
    let orders = OrderLens::new(lens, &question.orders)?;
    let asked = Asked { unit: question.orders.unit, first: question.first, value: question.value };
    Ok(Gather::new(lens, &orders, span(lens), asked)?.all(only, grouping))
}

/// That of the question itself.
fn span(lens: &Lens) -> Span {
    Span { from: lens.from, until: lens.scope.range.until.0, observed: lens.observed }
}

fn sample(histories: &[History]) -> purchases::Sample {
    let known = |h: &History| Known { repeats: h.repeats, last: h.last, age: h.age };
    purchases::Sample::of(histories.par_iter().map(known).collect(), 1.0)
}

fn fit(histories: &[History], sample: &purchases::Sample) -> Fit {
    let repeats = histories.iter().filter(|history| history.repeats > 0);
    let worth = |h: &History| Worth { repeats: h.valued, mean: h.repeat_net as f64 / f64::from(h.valued) };
    let valued: Vec<Worth> =
        repeats.clone().filter(|h| h.valued > 0 && h.repeat_net > 0).map(worth).collect();
    let mut fit = Fit {
        purchases: sample.fit(),
        customers: histories.len() as u64,
        repeat_buyers: repeats.count() as u64,
        valued: valued.len() as u64,
        correlation: correlation(&valued),
        ..Fit::default()
    };
    fit.value = fit.purchases.and_then(|_| value::Sample::of(valued).fit());
    fit.warnings = warnings(&fit);
    fit
}

fn warnings(fit: &Fit) -> Vec<Warning> {
    let Some(purchases) = &fit.purchases else { return vec![Warning::NothingToFit] };
    let value = fit.value.as_ref();
    let has_errors = purchases.fitted.errors.is_some() && value.is_none_or(|v| v.fitted.errors.is_some());
    let all = [
        (fit.repeat_buyers < REPEAT_BUYERS, Warning::FewRepeatBuyers),
        (!purchases.fitted.converged, Warning::PurchasesNotConverged),
        (value.is_none(), Warning::NoValueToFit),
        (value.is_some_and(|value| !value.fitted.converged), Warning::ValueNotConverged),
        (value.is_some_and(|value| !value.has_mean()), Warning::ValueWithoutMean),
        (fit.correlation.is_some_and(|r| r.abs() > CORRELATION), Warning::FrequencyAndValueCorrelated),
        (!has_errors, Warning::NoStandardErrors),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning).collect()
}

/// Pearson's, of number and mean value of repeat purchases; `None` where either does not vary.
fn correlation(buyers: &[Worth]) -> Option<f64> {
    let n = buyers.len() as f64;
    let mean = |of: fn(&Worth) -> f64| buyers.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|b| f64::from(b.repeats)), mean(|b| b.mean));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for buyer in buyers {
        let (dx, dy) = (f64::from(buyer.repeats) - x, buyer.mean - y);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// In the order of the histories.
fn scores(histories: &[History], sample: &purchases::Sample, fit: &Fit, horizon_days: u32) -> Vec<Score> {
    let Some(model) = &fit.purchases else { return vec![Score::default(); histories.len()] };
    let while_alive = model.expectations(sample, f64::from(horizon_days));
    histories.par_iter().map(|history| fit.score(history, &while_alive)).collect()
}

impl Fit {
    /// What is expected of a customer; `while_alive` as [`PurchaseModel::expectations`] gives it.
    fn score(&self, history: &History, while_alive: &FxHashMap<(u32, u16), f64>) -> Score {
        let Some(model) = &self.purchases else { return Score::default() };
        let alive = model.alive(history.repeats, f64::from(history.last), f64::from(history.age));
        let purchases = while_alive.get(&(history.repeats, history.age)).map(|expected| alive * expected);
        let mean = history.repeat_net as f64 / f64::from(history.valued.max(1));
        let worth = self.value.and_then(|value| value.worth(history.valued, mean));
        let expected = purchases.zip(worth).map(|(purchases, worth)| purchases * worth);
        Score { alive: Some(alive), purchases, worth, expected }
    }
}

impl Customer {
    fn of(history: &History, score: Score) -> Self {
        Self {
            key: history.key,
            repeats: history.repeats,
            last_days: history.last.into(),
            age_days: history.age.into(),
            months_active: history.months.into(),
            historic: history.net,
            score,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    customers: u64,
    repeat_buyers: u64,
    orders: u64,
    months: Moments,
    historic: Moments,
    net: i64,
    alive: f64,
    purchases: f64,
    expected: f64,
}

impl Sums {
    fn count(&mut self, history: &History, score: &Score) {
        self.customers += 1;
        self.repeat_buyers += u64::from(history.repeats > 0);
        self.orders += u64::from(history.repeats) + 1;
        self.months.add(f64::from(history.months));
        self.historic.add(history.net as f64);
        self.net = self.net.saturating_add(history.net);
        self.alive += score.alive.unwrap_or(0.0);
        self.purchases += score.purchases.unwrap_or(0.0);
        self.expected += score.expected.unwrap_or(0.0);
    }

    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.repeat_buyers += other.repeat_buyers;
        self.orders += other.orders;
        self.months.merge(other.months);
        self.historic.merge(other.historic);
        self.net = self.net.saturating_add(other.net);
        self.alive += other.alive;
        self.purchases += other.purchases;
        self.expected += other.expected;
    }

    fn lifetime(self, fit: &Fit) -> Lifetime {
        let has_value = fit.value.is_some_and(|value| value.has_mean());
        Lifetime {
            customers: self.customers,
            repeat_buyers: self.repeat_buyers,
            orders: self.orders,
            months_active: Estimate::of(self.months.mean(), self.customers).within((1.0, f64::INFINITY)),
            historic: self.net,
            historic_per_customer: Estimate::of(self.historic.mean(), self.customers),
            alive: fit.purchases.map(|_| self.alive),
            purchases: fit.purchases.map(|_| self.purchases),
            expected: has_value.then_some(self.expected),
        }
    }
}
