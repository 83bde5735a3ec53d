//! How what customers add becomes a figure.

/// How what customers add becomes a figure. Sums are integers, divided by the measure's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// How many, or how much: the sum of numerators.
    Sum,
    /// How much is expected: the sum of numerators, absent where nothing tells it.
    Expected,
    /// How many customers have any hit.
    Customers,
    /// Numerators over denominators, where each numerator is part of its denominator.
    Share,
    /// Numerators over denominators, where not.
    Quotient,
    /// The mean of the numerators.
    Mean,
    /// The mean over customers of the sums of their numerators.
    MeanOfCustomers,
    /// A quantile of the numerators, type 7.
    Quantile(f64),
    /// A quantile of the numerators, durations of which censored hits are only the beginning: the
    /// first at which Kaplan and Meier's estimate leaves no more than the rest.
    Survival(f64),
    /// The share of such durations that ended within so much time, in the measure's unit, by the same
    /// estimate.
    Ended(f64),
    /// 100 times the mean of numerators of -1, 0 and 1.
    Nps,
}
