//! The shapes that all answers share: ratios, estimates, groups and what an answer stands on.

use std::sync::Arc;

use customer360_model::{Micros, Revision};

use crate::ground::statistics::{Interval, Quantile, Survival, wilson};

/// Why a figure has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absent {
    /// Nobody and nothing to divide by.
    EmptyDenominator,
    /// `observed_until` lies before the time in question.
    NotObserved,
    /// Too few were answered for the quantile to be known.
    NotReached,
    /// There are some to count, but of none was all of the window observed.
    NotObservedLongEnough,
    /// What it would be divided by is below zero: a ratio to a loss says nothing.
    NegativeDenominator,
    /// No record says what it is made of, such as what was spent.
    NothingRecorded,
}

impl Absent {
    /// Why nothing is divided by a number, if that is so.
    #[must_use]
    pub fn of_denominator(denominator: f64) -> Option<Self> {
        match denominator {
            d if d > 0.0 => None,
            d if d < 0.0 => Some(Self::NegativeDenominator),
            _ => Some(Self::EmptyDenominator),
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EmptyDenominator => "empty_denominator",
            Self::NotObserved => "not_observed",
            Self::NotReached => "not_reached",
            Self::NotObservedLongEnough => "not_observed_long_enough",
            Self::NegativeDenominator => "negative_denominator",
            Self::NothingRecorded => "nothing_recorded",
        }
    }
}

/// A quotient with its parts. Never 0 or NaN for want of a denominator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    pub value: Option<f64>,
    pub numerator: f64,
    pub denominator: f64,
    /// Only of a share, whose numerator is a subset of its denominator: Wilson score.
    pub interval: Option<Interval>,
    pub absent: Option<Absent>,
}

impl Ratio {
    /// Of `whole`, the share `part`.
    #[must_use]
    pub fn share(part: u64, whole: u64) -> Self {
        Self { interval: wilson(part, whole), ..Self::quotient(part as f64, whole as f64) }
    }

    /// Any quotient; without an interval. Absent where there is nothing, or less, to divide by.
    #[must_use]
    pub fn quotient(numerator: f64, denominator: f64) -> Self {
        let absent = Absent::of_denominator(denominator);
        let value = absent.is_none().then(|| numerator / denominator);
        Self { value, numerator, denominator, interval: None, absent }
    }

    /// The same, of which there may be something to count that was not observed for long enough.
    #[must_use]
    pub fn waiting(self, open: bool) -> Self {
        match self.value {
            None if open => Self { absent: Some(Absent::NotObservedLongEnough), ..self },
            _ => self,
        }
    }

    /// A share of `whole` at a time that was not observed.
    #[must_use]
    pub fn unobserved(whole: u64) -> Self {
        let absent = Some(Absent::NotObserved);
        Self { value: None, numerator: 0.0, denominator: whole as f64, interval: None, absent }
    }
}

/// A mean, a quantile or a survival estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    /// How many values it stands on.
    pub count: u64,
    pub absent: Option<Absent>,
}

impl Estimate {
    #[must_use]
    pub fn none() -> Self {
        Self { value: None, interval: None, count: 0, absent: Some(Absent::EmptyDenominator) }
    }

    /// Of so many, none of whom was followed for long enough.
    #[must_use]
    pub fn waiting(count: u64) -> Self {
        match count {
            0 => Self::none(),
            _ => Self { count, absent: Some(Absent::NotObservedLongEnough), ..Self::none() },
        }
    }

    #[must_use]
    pub fn of(value: Option<(f64, Option<Interval>)>, count: u64) -> Self {
        value.map_or(Self::none(), |(value, interval)| Self {
            value: Some(value),
            interval,
            count,
            absent: None,
        })
    }

    /// The same on a scale with these ends, beyond which its interval does not reach.
    #[must_use]
    pub fn within(self, bounds: (f64, f64)) -> Self {
        Self { interval: self.interval.map(|interval| interval.within(bounds)), ..self }
    }

    #[must_use]
    pub fn quantile(quantile: Option<Quantile>) -> Self {
        quantile.map_or(Self::none(), |q| Self::of(Some((q.value, q.interval)), q.count))
    }

    /// One minus the survival of `count` customers: the share that an event has reached.
    #[must_use]
    pub fn incidence(survival: &Survival, count: u64) -> Self {
        match count {
            0 => Self::none(),
            _ => Self::of(Some((1.0 - survival.survival, mirrored(survival.interval()))), count),
        }
    }
}

/// The interval of one minus a share.
#[must_use]
pub fn mirrored(interval: Option<Interval>) -> Option<Interval> {
    interval.map(|i| Interval { low: 1.0 - i.high, high: 1.0 - i.low, ..i })
}

/// An answer and its breakdown.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouped<T> {
    pub total: T,
    /// By name, those without a name last.
    pub groups: Vec<Group<T>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Group<T> {
    /// The channel, location, month, kind or trait value; `None`: those without one.
    pub key: Option<String>,
    pub result: T,
}

/// Touchpoints in range that were not counted, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Excluded {
    pub no_identity: u64,
    pub other_currency: u64,
    /// Consent is recorded but does not exclude yet: always 0.
    pub no_consent: u64,
    pub voided: u64,
    pub below_min_amount: u64,
    pub fully_returned: u64,
    /// Orders without a margin, where margins are asked for.
    pub no_margin: u64,
    /// Orders that another statement, canonically earlier, told already.
    pub told_again: u64,
    pub cancelled: u64,
}

/// What of the facts was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Where it begins; `None` where nothing was ever seen.
    pub from: Option<Micros>,
    /// What happened from here on was not looked at.
    pub until: Micros,
    /// Whether the range ends later: then it is open.
    pub is_open: bool,
    /// How far each source has come, by name, where that decided until when it was observed.
    pub sources: Arc<[SourceHorizon]>,
}

/// Until when a source was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHorizon {
    pub source: String,
    /// Its latest live touchpoint.
    pub latest: Option<Micros>,
    /// Until when it says that it is complete.
    pub complete_until: Option<Micros>,
}

/// How often a touchpoint brought a name beyond a limit of the columns, by what it names. What was
/// recorded is whole; in the columns such a name is "(other)", or is not there at all (traits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folded {
    pub channels: u64,
    pub locations: u64,
    pub sources: u64,
    pub campaigns: u64,
    pub surveys: u64,
    pub traits: u64,
    pub items: u64,
}

impl Folded {
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What an answer stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    pub revision: Revision,
    /// Customers counted.
    pub customers: u64,
    /// Touchpoints counted.
    pub touchpoints: u64,
    pub excluded: Excluded,
    /// Customers or anchors whose window reaches past the end of the observation: shares leave them out.
    pub censored: u64,
    pub observation: Observation,
    /// Of the counted touchpoints and those excluded because they belong to nobody, the share
    /// that belongs to a registered customer.
    pub identity_coverage: Ratio,
    /// What was beyond the limits of the columns, of all touchpoints of the tenant.
    pub folded: Folded,
}

/// A basis on the way: sums only, so that parts add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub customers: u64,
    pub touchpoints: u64,
    pub registered_touchpoints: u64,
    pub excluded: Excluded,
    pub censored: u64,
}

impl Tally {
    /// A customer with counted touchpoints.
    #[inline]
    pub fn count(&mut self, touchpoints: u64, registered: bool) {
        self.customers += 1;
        self.touchpoints += touchpoints;
        self.registered_touchpoints += if registered { touchpoints } else { 0 };
    }

    pub fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.touchpoints += other.touchpoints;
        self.registered_touchpoints += other.registered_touchpoints;
        self.censored += other.censored;
        let (mine, theirs) = (&mut self.excluded, &other.excluded);
        mine.no_identity += theirs.no_identity;
        mine.other_currency += theirs.other_currency;
        mine.no_consent += theirs.no_consent;
        mine.voided += theirs.voided;
        mine.below_min_amount += theirs.below_min_amount;
        mine.fully_returned += theirs.fully_returned;
        mine.no_margin += theirs.no_margin;
        mine.told_again += theirs.told_again;
        mine.cancelled += theirs.cancelled;
    }

    #[must_use]
    pub fn basis(&self, revision: Revision, observation: Observation, folded: Folded) -> Basis {
        let all = self.touchpoints + self.excluded.no_identity;
        Basis {
            revision,
            customers: self.customers,
            touchpoints: self.touchpoints,
            excluded: self.excluded,
            censored: self.censored,
            observation,
            identity_coverage: Ratio::share(self.registered_touchpoints, all),
            folded,
        }
    }
}
