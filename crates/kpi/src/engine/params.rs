//! What measures are asked with beside a scope.

use crate::engine::cost_rates::CostRate;
use crate::engine::fits::Fits;
use crate::engine::records::{Counted, Spend};
use crate::engine::scope::{First, OrderOptions, Window, WindowKind};
use customer360_model::ActivityType;

/// What a question says beside its scope. A measure reads what it documents.
#[derive(Debug, Clone)]
pub struct Params {
    /// The measure's own when absent, counted as `window_kind` says. Of 0 local days: the same day.
    pub window: Option<Window>,
    pub window_kind: WindowKind,
    /// Whether an order answers only the visit that it names.
    pub same_visit: bool,
    /// Whether retention's window may be longer than the range, so that what lies in both counts for both sides.
    pub overlapping: bool,
    pub orders: OrderOptions,
    pub same: Same,
    pub research: Research,
    /// In which order the steps of a funnel follow.
    pub steps: Vec<Step>,
    pub strict: bool,
    /// How long a cart may take to be recovered, from its beginning.
    pub recovery_days: u32,
    pub answers_counted: AnswersCounted,
    pub survey_id: Option<String>,
    /// By which cost to serve is counted.
    pub cost_rates: Vec<CostRate>,
    /// Within how many minutes a person should answer a case.
    pub care_target_minutes: u32,
    /// What else than where an order was placed assists it.
    pub elsewhere: Elsewhere,
    /// What was spent to win customers.
    pub spend: Vec<Spend>,
    /// Who was counted and is not known.
    pub counted: Vec<Counted>,
    /// How far expectations of customers reach, in days after the observation.
    pub horizon_days: u32,
    /// What purchases are worth in lifetimes.
    pub value: ValueBasis,
    /// Which order is the first of a lifetime.
    pub first: First,
    /// Where fits of lifetimes are kept between questions. No figure depends on it.
    pub fits: Fits,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            window: None,
            window_kind: WindowKind::Calendar,
            same_visit: false,
            overlapping: false,
            orders: OrderOptions::default(),
            same: Same::Anything,
            research: Research::First,
            steps: STEPS.to_vec(),
            strict: false,
            recovery_days: 30,
            answers_counted: AnswersCounted::LastPerCustomer,
            survey_id: None,
            cost_rates: Vec::new(),
            care_target_minutes: 60,
            elsewhere: Elsewhere::Channel,
            spend: Vec::new(),
            counted: Vec::new(),
            horizon_days: 365,
            value: ValueBasis::Revenue,
            first: First::Ever,
            fits: Fits::default(),
        }
    }
}

/// Where a touchpoint counts as elsewhere than an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Elsewhere {
    /// By another channel.
    #[default]
    Channel,
    /// At another location, or at one where the other says none.
    Location,
}

/// What research and order must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Same {
    #[default]
    Anything,
    Category,
    Product,
}

/// Which research touch before an order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Research {
    #[default]
    First,
    Last,
    /// One by each channel.
    Each,
}

/// A step of a funnel: a type of touchpoint, by any channel or by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub activity: ActivityType,
    pub channel: Option<String>,
}

/// The steps of a funnel; a question has at most so many.
pub const STEPS_LIMIT: usize = 20;

/// The steps where a question names none.
pub const STEPS: [Step; 4] = [
    Step { activity: ActivityType::Visit, channel: None },
    Step { activity: ActivityType::ProductView, channel: None },
    Step { activity: ActivityType::CartUpdated, channel: None },
    Step { activity: ActivityType::Order, channel: None },
];

/// Which answers count; unidentified ones count one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswersCounted {
    /// Each customer's last answer in range, of each question.
    #[default]
    LastPerCustomer,
    EveryAnswer,
}

/// What a purchase is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValueBasis {
    /// What the customer pays.
    #[default]
    Revenue,
    /// What is left of it; orders that do not say are left out.
    Margin,
}
