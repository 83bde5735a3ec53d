//! How much a time: Gamma-Gamma (Fader and Hardie 2013). A customer's purchases are worth gamma
//! distributed amounts (p, and a rate of their own), the rates are gamma distributed (q, v).

use rayon::prelude::*;
use statrs::function::gamma::{digamma, ln_gamma};

use super::fit::{Fitted, Likelihood, maximum};

/// The repeat purchases of a customer, and what each of them was worth in the mean: above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Worth {
    pub repeats: u32,
    pub mean: f64,
}

/// Buyers by their number of repeat purchases.
pub(super) struct Sample {
    /// Distinct numbers of repeat purchases.
    repeats: Vec<u32>,
    /// The number of repeats by its place in the list above; means in units of `unit`.
    buyers: Vec<(u32, f64)>,
    /// The mean of means: numbers near one are easier to fit.
    unit: f64,
    /// The mean of ln(mean) and of x ln(x), which no parameter moves.
    ln_mean: f64,
}

const TASK: usize = 1 << 13;

impl Sample {
    pub fn of(mut buyers: Vec<Worth>) -> Self {
        buyers.par_sort_unstable_by(|a, b| {
            (a.repeats, a.mean).partial_cmp(&(b.repeats, b.mean)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut repeats: Vec<u32> = buyers.iter().map(|buyer| buyer.repeats).collect();
        repeats.dedup();
        let count = buyers.len().max(1) as f64;
        let unit = buyers.iter().map(|buyer| buyer.mean).sum::<f64>() / count;
        let mut place = 0;
        let placed = buyers.iter().map(|buyer| {
            if repeats[place] != buyer.repeats {
                place += 1;
            }
            (place as u32, buyer.mean / unit)
        });
        let buyers: Vec<(u32, f64)> = placed.collect();
        let ln_mean = buyers.iter().map(|(_, mean)| mean.ln()).sum::<f64>() / count;
        Self { repeats, buyers, unit, ln_mean }
    }

    /// `None` with fewer than two buyers, or when all are worth the same: nothing varies.
    pub fn fit(&self) -> Option<Model> {
        let first = self.buyers.first()?.1;
        if self.buyers.iter().all(|(_, mean)| *mean == first) {
            return None;
        }
        let mut fitted = maximum(self, [2.0, 3.0, 1.0]);
        // Densities of amounts are per unit of amount.
        fitted.log_likelihood -= self.count() * self.unit.ln();
        fitted.parameters[2] *= self.unit;
        if let Some(errors) = &mut fitted.errors {
            errors[2] *= self.unit;
        }
        Some(Model { fitted })
    }
}

impl Likelihood<3> for Sample {
    fn count(&self) -> f64 {
        self.buyers.len() as f64
    }

    /// Equation 1a of the paper, and its derivatives.
    fn at(&self, logs: &[f64; 3]) -> (f64, [f64; 3]) {
        let [p, q, v] = logs.map(f64::exp);
        // By repeats: what is fixed, x, px + q, and the two differences of digammas.
        let by_repeats = self.repeats.par_iter().map(|&repeats| {
            let x = f64::from(repeats);
            let (shape, all) = (p * x, p * x + q);
            let fixed = ln_gamma(all) - ln_gamma(shape) - ln_gamma(q) + q * v.ln() + shape * x.ln();
            [fixed, x, all, digamma(all) - digamma(shape), digamma(all) - digamma(q)]
        });
        let by_repeats: Vec<[f64; 5]> = by_repeats.collect();
        let sums = self.buyers.par_chunks(TASK).map(|buyers| {
            let mut sums = [0.0; 4];
            for &(place, mean) in buyers {
                let [fixed, x, all, by_p, by_q] = by_repeats[place as usize];
                let spent = v + x * mean;
                let (ln_spent, ln_mean) = (spent.ln(), mean.ln());
                sums[0] += fixed + p * x * ln_mean - all * ln_spent;
                sums[1] += x * (by_p + ln_mean + x.ln() - ln_spent);
                sums[2] += by_q + v.ln() - ln_spent;
                sums[3] += q / v - all / spent;
            }
            sums
        });
        let sums: Vec<[f64; 4]> = sums.collect();
        let sum = |i: usize| sums.iter().map(|sums| sums[i]).sum::<f64>() / self.count();
        (self.ln_mean - sum(0), [-sum(1) * p, -sum(2) * q, -sum(3) * v])
    }
}

/// A fitted Gamma-Gamma: p, q, v (in units of amount).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    pub fitted: Fitted<3>,
}

impl Model {
    /// Whether amounts have a mean at all: with q of 1 or less they have none.
    #[must_use]
    pub fn has_mean(&self) -> bool {
        self.fitted.parameters[1] > 1.0
    }

    /// What the next purchase of a customer is expected to be worth: the more repeat purchases, the
    /// nearer to the mean of them. `None` where amounts have no mean.
    #[must_use]
    pub fn worth(&self, repeats: u32, mean: f64) -> Option<f64> {
        let ([p, q, v], x) = (self.fitted.parameters, f64::from(repeats));
        self.has_mean().then(|| p * (v + x * mean.max(0.0)) / (p * x + q - 1.0))
    }
}
