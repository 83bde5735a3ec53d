//! How a cohort triangle is asked.

use crate::engine::scope::First;
use crate::ground::calendar::Unit;
use customer360_model::ActivityType;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriangleOptions {
    pub start_event: ActivityType,
    /// Return events are later than the start event, so that a start is no return.
    pub return_events: Vec<ActivityType>,
    pub start: CohortStart,
    /// For [`CohortStart::FirstTime`].
    pub first: First,
    pub unit: Unit,
    /// How many return events make a return.
    pub min_count: u32,
    pub mode: CohortMode,
    /// The last column: 0 to this are answered.
    pub periods: u32,
}

impl Default for TriangleOptions {
    fn default() -> Self {
        Self {
            start_event: ActivityType::Order,
            return_events: vec![ActivityType::Order],
            start: CohortStart::FirstTime,
            first: First::Ever,
            unit: Unit::Month,
            min_count: 1,
            mode: CohortMode::Exact,
            periods: 12,
        }
    }
}

/// Which start events open a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CohortStart {
    #[default]
    FirstTime,
    /// The first one of every interval: a customer may be in many cohorts.
    Recurring,
}

/// What a column counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CohortMode {
    /// Came back in interval k.
    #[default]
    Exact,
    /// Came back in interval k or later, up to the last period.
    Rolling,
    /// Came back within a bracket of intervals: the first interval of each, in increasing order.
    /// A bracket ends before the next; the last one ends with the last period.
    Brackets(Vec<u32>),
}
