//! What stands beside a figure that is an expectation.

/// What a reader of a fit must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Nobody bought again, or no time passed: nothing is expected of anybody.
    NothingToFit,
    /// Fewer than a hundred bought again.
    FewRepeatBuyers,
    /// The search for purchases ended before it found a maximum.
    PurchasesNotConverged,
    /// No repeat purchase was worth anything, or all the same.
    NoValueToFit,
    /// The search for values ended before it found a maximum.
    ValueNotConverged,
    /// The fitted values have no mean (q is 1 or less): none is expected.
    ValueWithoutMean,
    /// Who buys more often also spends more each time, or less.
    FrequencyAndValueCorrelated,
    /// The information is singular: standard errors are absent.
    NoStandardErrors,
}
