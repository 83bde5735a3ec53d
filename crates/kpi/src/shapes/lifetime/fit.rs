//! Maximum likelihood in a handful of dimensions: Newton's method on the logarithms of positive
//! parameters, with analytic gradients. The Hessian is a central difference of those, which is also
//! the observed information.

/// Steps of one search at most.
const STEPS_LIMIT: usize = 100;
/// Of the mean log-likelihood: below it a point is taken as stationary.
const GRADIENT: f64 = 1e-8;
/// A gradient that a search may end with when rounding allows no better.
const GRADIENT_ROUNDED: f64 = 1e-6;
/// Of the logarithm: a parameter beyond runs away to zero or infinity.
const EDGE: f64 = 12.0;
const DIFFERENCE: f64 = 1e-4;
/// Of the logarithms, in one step.
const STEP: f64 = 2.0;

/// A model's fit to data.
pub(super) trait Likelihood<const N: usize> {
    /// How many observations it is the mean over.
    fn count(&self) -> f64;
    /// The mean negative log-likelihood at the logarithms of the parameters, and its gradient.
    fn at(&self, logs: &[f64; N]) -> (f64, [f64; N]);
}

/// Parameters of greatest likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted<const N: usize> {
    pub parameters: [f64; N],
    /// Standard errors from the observed information, by the delta method from the logarithms;
    /// absent where the information is no positive definite matrix.
    pub errors: Option<[f64; N]>,
    pub log_likelihood: f64,
    pub converged: bool,
    pub steps: u32,
}

impl<const N: usize> Fitted<N> {
    /// Parameters that were fitted before.
    #[must_use]
    pub fn known(parameters: [f64; N]) -> Self {
        Self { parameters, errors: None, log_likelihood: 0.0, converged: true, steps: 0 }
    }
}

type Square<const N: usize> = [[f64; N]; N];

/// The maximum that is found from some parameters.
pub(super) fn maximum<const N: usize>(of: &impl Likelihood<N>, start: [f64; N]) -> Fitted<N> {
    let mut at = start.map(f64::ln);
    let (mut value, mut gradient) = of.at(&at);
    let mut steps = 0;
    while steps < STEPS_LIMIT && norm(&gradient) > GRADIENT && at.iter().all(|log| log.abs() < EDGE) {
        steps += 1;
        let step = newton(hessian(of, &at), &gradient);
        let slope: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
        let halved = (0..60).map(|halvings| 0.5_f64.powi(halvings));
        let better =
            halved.map(|t| (t, std::array::from_fn(|i| at[i] + t * step[i]))).find_map(|(t, next)| {
                let (found, its) = of.at(&next);
                (found.is_finite() && found <= value + 1e-4 * t * slope).then_some((next, found, its))
            });
        let Some((next, found, its)) = better else { break };
        // Steps that no longer halve so small a gradient follow the rounding of sums.
        let is_rounding = norm(&its) <= GRADIENT_ROUNDED && norm(&its) > norm(&gradient) / 2.0;
        (at, value, gradient) = (next, found, its);
        if is_rounding {
            break;
        }
    }
    let converged = norm(&gradient) <= GRADIENT_ROUNDED && at.iter().all(|log| log.abs() < EDGE);
    let parameters = at.map(f64::exp);
    let variances = cholesky(&hessian(of, &at)).map(|root| inverse_diagonal(&root).map(|v| v / of.count()));
    let errors = variances.map(|variances| std::array::from_fn(|i| parameters[i] * variances[i].sqrt()));
    Fitted { parameters, errors, log_likelihood: -value * of.count(), converged, steps: steps as u32 }
}

fn norm<const N: usize>(vector: &[f64; N]) -> f64 {
    vector.iter().fold(0.0, |most, v| if v.is_nan() { f64::INFINITY } else { v.abs().max(most) })
}

fn hessian<const N: usize>(of: &impl Likelihood<N>, at: &[f64; N]) -> Square<N> {
    let mut second = [[0.0; N]; N];
    for i in 0..N {
        let shifted = |by: f64| {
            let mut logs = *at;
            logs[i] += by;
            of.at(&logs).1
        };
        let (up, down) = (shifted(DIFFERENCE), shifted(-DIFFERENCE));
        second[i] = std::array::from_fn(|j| (up[j] - down[j]) / (2.0 * DIFFERENCE));
    }
    // The two halves differ by rounding only.
    std::array::from_fn(|i| std::array::from_fn(|j| second[i][j].midpoint(second[j][i])))
}

/// The Newton step; where the likelihood is not concave, with as much damping as it takes.
fn newton<const N: usize>(hessian: Square<N>, gradient: &[f64; N]) -> [f64; N] {
    let mut damping = 0.0;
    let root = loop {
        let mut damped = hessian;
        (0..N).for_each(|i| damped[i][i] += damping);
        if let Some(root) = cholesky(&damped) {
            break root;
        }
        if damping > 1e12 {
            // Not even numbers: downhill is all that is known.
            return gradient.map(|g| if g.is_finite() { -g } else { 0.0 });
        }
        damping = if damping == 0.0 { 1e-6 } else { damping * 10.0 };
    };
    let step = solve(&root, &gradient.map(|g| -g));
    let length = norm(&step);
    if length > STEP { step.map(|s| s * STEP / length) } else { step }
}

/// The lower triangle whose square the matrix is; `None` unless it is positive definite.
fn cholesky<const N: usize>(matrix: &Square<N>) -> Option<Square<N>> {
    let mut root = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
            let rest = matrix[i][j] - sum;
            if i != j {
                root[i][j] = rest / root[j][j];
            } else if rest > 1e-14 * matrix[i][i].abs() {
                root[i][i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(root)
}

fn solve<const N: usize>(root: &Square<N>, right: &[f64; N]) -> [f64; N] {
    let mut found = *right;
    for i in 0..N {
        let sum: f64 = (0..i).map(|k| root[i][k] * found[k]).sum();
        found[i] = (found[i] - sum) / root[i][i];
    }
    for i in (0..N).rev() {
        let sum: f64 = (i + 1..N).map(|k| root[k][i] * found[k]).sum();
        found[i] = (found[i] - sum) / root[i][i];
    }
    found
}

/// The diagonal of the inverse of the matrix that a triangle is the root of.
fn inverse_diagonal<const N: usize>(root: &Square<N>) -> [f64; N] {
    std::array::from_fn(|i| {
        let unit = std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 });
        solve(root, &unit)[i]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponential waiting times: the rate is one over their mean, its error the rate over the root
    /// of their number.
    struct Waits(Vec<f64>);

    impl Likelihood<1> for Waits {
        fn count(&self) -> f64 {
            self.0.len() as f64
        }

        fn at(&self, logs: &[f64; 1]) -> (f64, [f64; 1]) {
            let (rate, mean) = (logs[0].exp(), self.0.iter().sum::<f64>() / self.count());
            (rate * mean - logs[0], [rate * mean - 1.0])
        }
    }

    #[test]
    fn a_rate_is_one_over_the_mean_wait() {
        let waits = Waits(vec![1.0, 2.0, 3.0, 10.0]);
        let fitted = maximum(&waits, [50.0]);
        assert!(fitted.converged, "{fitted:?}");
        assert!((fitted.parameters[0] - 0.25).abs() < 1e-7);
        assert!((fitted.errors.unwrap()[0] - 0.125).abs() < 1e-6);
        assert!((fitted.log_likelihood - 4.0 * (0.25_f64.ln() - 1.0)).abs() < 1e-9);
    }

    /// Sums of many observations, of which the last digits are noise.
    struct Rounded(Waits);

    impl Likelihood<1> for Rounded {
        fn count(&self) -> f64 {
            self.0.count()
        }

        fn at(&self, logs: &[f64; 1]) -> (f64, [f64; 1]) {
            let (value, [slope]) = self.0.at(logs);
            let noise = if logs[0].to_bits() & 1 == 0 { 3e-8 } else { -3e-8 };
            ((value * 1e13).round() / 1e13, [slope + noise])
        }
    }

    #[test]
    fn a_search_ends_where_only_rounding_is_left() {
        let fitted = maximum(&Rounded(Waits(vec![1.0, 2.0, 3.0, 10.0])), [50.0]);
        assert!(fitted.converged && fitted.steps < 20, "{fitted:?}");
        assert!((fitted.parameters[0] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn what_has_no_maximum_does_not_converge() {
        let fitted = maximum(&Waits(vec![0.0; 3]), [1.0]);
        assert!(!fitted.converged, "{fitted:?}");
    }
}
