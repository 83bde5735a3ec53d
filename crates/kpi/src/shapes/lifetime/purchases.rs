//! How often, and for how long yet: BG/NBD (Fader, Hardie and Lee 2005). While alive a customer
//! buys at a rate of their own, gamma distributed (r, alpha); after each repeat purchase they leave
//! with a probability of their own, beta distributed (a, b).

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use statrs::function::gamma::{digamma, ln_gamma};

use super::fit::{Fitted, Likelihood, maximum};

/// What is known of a customer's purchases: repeat ones, and in ticks of the clock the time from
/// the first to the last and from the first to the end of the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Known {
    pub repeats: u32,
    pub last: u16,
    pub age: u16,
}

/// Equal customers count together.
pub(super) struct Sample {
    /// How long a tick is.
    tick: f64,
    /// Distinct numbers of repeat purchases.
    repeats: Vec<u32>,
    /// The number of repeats by its place in the list above.
    groups: Vec<(Known, u32)>,
    customers: f64,
}

/// Groups of one task: sums do not depend on threads.
const TASK: usize = 1 << 13;

impl Sample {
    pub fn of(mut known: Vec<Known>, tick: f64) -> Self {
        known.par_sort_unstable();
        let customers = known.len() as f64;
        let mut repeats: Vec<u32> = known.iter().map(|known| known.repeats).collect();
        repeats.dedup();
        let mut groups: Vec<(Known, u32)> = Vec::new();
        let mut place = 0;
        for one in known {
            if repeats[place] != one.repeats {
                place += 1;
            }
            let one = Known { repeats: place as u32, ..one };
            match groups.last_mut() {
                Some((last, count)) if *last == one => *count += 1,
                _ => groups.push((one, 1)),
            }
        }
        Self { tick, repeats, groups, customers }
    }

    /// `None` when nobody bought again or no time has passed: there is nothing to tell from.
    pub fn fit(&self) -> Option<Model> {
        let ages: f64 = self.groups.iter().map(|(k, n)| f64::from(k.age) * f64::from(*n)).sum();
        if self.repeats.last().is_none_or(|&most| most == 0) || ages == 0.0 {
            return None;
        }
        // A rate as if everybody were alive, and one in four leaving.
        let mean_age = ages * self.tick / self.customers;
        let fitted = maximum(self, [0.5, 0.5 * mean_age, 1.0, 3.0]);
        Some(Model { fitted })
    }
}

/// What depends on the number of repeat purchases only.
struct ByRepeats {
    fixed: f64,
    rate: f64,
    dr: f64,
    da: f64,
    db: f64,
    left: f64,
    db_left: f64,
}

impl ByRepeats {
    fn of(repeats: u32, [r, alpha, a, b]: [f64; 4]) -> Self {
        let x = f64::from(repeats);
        let fixed = ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln() + ln_gamma(a + b) + ln_gamma(b + x)
            - ln_gamma(b)
            - ln_gamma(a + b + x);
        let all = digamma(a + b) - digamma(a + b + x);
        let once = repeats > 0;
        Self {
            fixed,
            rate: r + x,
            dr: digamma(r + x) - digamma(r) + alpha.ln(),
            da: all,
            db: all + digamma(b + x) - digamma(b),
            // Of the odds of having left after the last purchase; nobody leaves before a second.
            left: if once { a.ln() - (b + x - 1.0).ln() } else { f64::NEG_INFINITY },
            db_left: if once { 1.0 / (b + x - 1.0) } else { 0.0 },
        }
    }
}

impl Likelihood<4> for Sample {
    fn count(&self) -> f64 {
        self.customers
    }

    /// Equation 6 of the paper, and its derivatives.
    fn at(&self, logs: &[f64; 4]) -> (f64, [f64; 4]) {
        let parameters @ [r, alpha, a, b] = logs.map(f64::exp);
        let by_repeats: Vec<ByRepeats> =
            self.repeats.par_iter().map(|&repeats| ByRepeats::of(repeats, parameters)).collect();
        let most = self.groups.iter().map(|(known, _)| known.age.max(known.last)).max().unwrap_or(0);
        let times: Vec<(f64, f64)> = (0..=most)
            .map(|ticks| alpha + f64::from(ticks) * self.tick)
            .map(|time| (time.ln(), 1.0 / time))
            .collect();
        let sums = self.groups.par_chunks(TASK).map(|groups| {
            let mut sums = [0.0; 5];
            for (known, count) in groups {
                let its = &by_repeats[known.repeats as usize];
                let (ln_age, per_age) = times[usize::from(known.age)];
                let (ln_last, per_last) = times[usize::from(known.last)];
                let odds = its.left + its.rate * (ln_age - ln_last);
                let tail = (-odds.abs()).exp();
                let gone = if odds > 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
                let count = f64::from(*count);
                let value = its.fixed - its.rate * ln_age + odds.max(0.0) + tail.ln_1p();
                sums[0] += count * value;
                sums[1] += count * (its.dr - (1.0 - gone) * ln_age - gone * ln_last);
                sums[2] += count * (r / alpha - its.rate * ((1.0 - gone) * per_age + gone * per_last));
                sums[3] += count * (its.da + gone / a);
                sums[4] += count * (its.db - gone * its.db_left);
            }
            sums
        });
        let sums: Vec<[f64; 5]> = sums.collect();
        let sum = |i: usize| sums.iter().map(|sums| sums[i]).sum::<f64>() / self.customers;
        (-sum(0), [-sum(1) * r, -sum(2) * alpha, -sum(3) * a, -sum(4) * b])
    }
}

/// A fitted BG/NBD: r, alpha (in units of time), a, b.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    pub fitted: Fitted<4>,
}

impl Model {
    /// The probability that a customer has not left; 1 for one who never bought again.
    #[must_use]
    pub fn alive(&self, repeats: u32, last: f64, age: f64) -> f64 {
        let [r, alpha, a, b] = self.fitted.parameters;
        if repeats == 0 {
            return 1.0;
        }
        let x = f64::from(repeats);
        let odds = a / (b + x - 1.0) * ((r + x) * ((alpha + age) / (alpha + last)).ln()).exp();
        1.0 / (1.0 + odds)
    }

    /// Purchases expected within `horizon` after the observation: equation 10 of the paper.
    #[must_use]
    pub fn purchases(&self, repeats: u32, last: f64, age: f64, horizon: f64) -> f64 {
        self.alive(repeats, last, age) * self.while_alive(repeats, age, horizon)
    }

    /// The same of one who is alive: the mean of `(1 - (1 + p s)^-(r + x)) / p`, s being the horizon
    /// over alpha and the age, over the probability p of leaving, which is beta distributed
    /// (a, b + x). The paper writes this mean by Gauss's hypergeometric function, of which no kept
    /// crate exists and which loses all digits where the parameters are large; the integral does not.
    fn while_alive(&self, repeats: u32, age: f64, horizon: f64) -> f64 {
        let [r, alpha, a, b] = self.fitted.parameters;
        let (rate, scaled) = (r + f64::from(repeats), horizon / (alpha + age));
        mean_over_beta(a, b + f64::from(repeats), |p| {
            if p < 1e-300 { rate * scaled } else { -(-rate * (p * scaled).ln_1p()).exp_m1() / p }
        })
    }

    /// What customers who are alive are expected to buy, for each number of repeat purchases and age.
    pub(super) fn expectations(&self, sample: &Sample, horizon: f64) -> FxHashMap<(u32, u16), f64> {
        let places = sample.groups.iter().map(|(known, _)| (known.repeats, known.age));
        let mut places: Vec<(u32, u16)> = places.collect();
        places.par_sort_unstable();
        places.dedup();
        let expected = places.into_par_iter().map(|(place, age)| {
            let repeats = sample.repeats[place as usize];
            let expected = self.while_alive(repeats, f64::from(age) * sample.tick, horizon);
            ((repeats, age), expected)
        });
        expected.collect::<Vec<_>>().into_iter().collect()
    }
}

/// The mean of a smooth function over a beta distribution, by the trapezoidal rule on the logit of
/// its variable: there the density falls off exponentially at both ends and is analytic in a strip
/// around them, so the error falls exponentially with the number of steps (Trefethen and Weideman
/// 2014).
fn mean_over_beta(a: f64, b: f64, of: impl Fn(f64) -> f64) -> f64 {
    /// Of the logarithm of the density: what lies lower adds nothing.
    const DEPTH: f64 = 37.0;
    /// A logit beyond which a variable is 0 or 1 for every purpose.
    const FAR: f64 = 60.0;
    let mode = (a / b).ln();
    // ln p and ln(1 - p), where neither may lose its digits.
    let logs = |u: f64| {
        if u < 0.0 {
            (u - u.exp().ln_1p(), -u.exp().ln_1p())
        } else {
            (-(-u).exp().ln_1p(), -u - (-u).exp().ln_1p())
        }
    };
    let depth = |u: f64| {
        let ((p, q), (p0, q0)) = (logs(u), logs(mode));
        a * (p - p0) + b * (q - q0)
    };
    // The density of the logit has one peak: doubling, then halving, finds where it is so low.
    let reach = |sign: f64| {
        let mut far = 1.0 / (a.min(b) + 1.0).sqrt();
        while depth(mode + sign * far) > -DEPTH {
            far *= 2.0;
        }
        let mut near = far / 2.0;
        for _ in 0..20 {
            let middle = near.midpoint(far);
            if depth(mode + sign * middle) > -DEPTH { near = middle } else { far = middle }
        }
        mode + sign * far
    };
    let (from, until) = (reach(-1.0).max(-FAR), reach(1.0).min(FAR));
    let steps = ((until - from) / 0.6).max(80.0) as u32;
    let width = (until - from) / f64::from(steps);
    // Beyond the ends the function is what it is at 0 or 1, and the steps a geometric series.
    let (left, right) = (depth(from).exp() / (a * width).exp_m1(), depth(until).exp() / (b * width).exp_m1());
    let (mut sum, mut all) = (left * of(0.0) + right * of(1.0), left + right);
    for step in 0..=steps {
        let u = from + width * f64::from(step);
        let weight = depth(u).exp();
        all += weight;
        sum += weight * of(logs(u).0.exp());
    }
    sum / all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, within: f64) {
        assert!((a - b).abs() <= within * b.abs().max(1e-3), "{a} is not {b}");
    }

    #[test]
    fn means_over_beta_distributions_are_what_they_are_known_to_be() {
        for (a, b) in
            [(0.05, 3.0), (0.79, 2.43), (1.0, 1.0), (5.0, 0.3), (400.0, 9.0), (1e6, 3e6), (1e-3, 1e5)]
        {
            near(mean_over_beta(a, b, |p| p), a / (a + b), 1e-9);
            near(mean_over_beta(a, b, |p| p * p), a * (a + 1.0) / ((a + b) * (a + b + 1.0)), 1e-9);
        }
        // The integral of 1 / (1 + p) over even p.
        near(mean_over_beta(1.0, 1.0, |p| 1.0 / (1.0 + p)), 2.0_f64.ln(), 1e-11);
    }

    /// Where nobody leaves, a customer buys at their rate; where all leave at the next purchase, one
    /// who is alive buys once more, sooner or later.
    #[test]
    fn expectations_hold_at_the_edges_of_the_parameters() {
        let model = |parameters| Model {
            fitted: Fitted { parameters, errors: None, log_likelihood: 0.0, converged: true, steps: 0 },
        };
        near(model([2.0, 10.0, 1e-6, 1e6]).while_alive(3, 20.0, 60.0), 5.0 / 30.0 * 60.0, 1e-6);
        near(model([2.0, 10.0, 1e6, 1e-6]).while_alive(0, 20.0, 1e9), 1.0, 1e-6);
        near(model([1e6, 1e7, 1e6, 3e6]).while_alive(2, 5.0, 10.0), 4.0 * (1.0 - (-0.25_f64).exp()), 1e-5);
    }

    #[test]
    fn the_reference_customer_of_the_paper() {
        let parameters = [0.243, 4.414, 0.793, 2.426];
        let fitted = Fitted { parameters, errors: None, log_likelihood: 0.0, converged: true, steps: 0 };
        let model = Model { fitted };
        near(model.purchases(2, 30.43, 38.86, 39.0), 1.226, 5e-4);
        near(model.alive(2, 30.43, 38.86), 0.7266, 5e-5);
        assert_eq!(model.alive(0, 0.0, 38.86), 1.0);
        // The longer the horizon the more, and nothing at once.
        assert_eq!(model.purchases(2, 30.43, 38.86, 0.0), 0.0);
        assert!(model.purchases(2, 30.43, 38.86, 1e4) > model.purchases(2, 30.43, 38.86, 1e3));
    }

    #[test]
    fn nobody_who_came_back_leaves_nothing_to_fit() {
        let once = Known { repeats: 0, last: 0, age: 100 };
        assert!(Sample::of(vec![once; 9], 1.0).fit().is_none());
        assert!(Sample::of(Vec::new(), 1.0).fit().is_none());
        let at_once = Known { repeats: 3, last: 0, age: 0 };
        assert!(Sample::of(vec![at_once; 9], 1.0).fit().is_none());
    }
}
