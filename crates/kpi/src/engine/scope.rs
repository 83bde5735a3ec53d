//! What a question is about: the part that all KPIs share.

use std::sync::Arc;

use crate::facts::horizon::Statements;
use crate::facts::snapshot::Snapshot;
use crate::ground::money::ExchangeRate;
use customer360_model::{Currency, CustomerKind, Micros, TimeRange, Value};

use crate::ground::calendar::{CalendarError, Zone};

pub use jiff::civil::Weekday;

/// A group of a question is refused above this number of groups.
pub const GROUPS_LIMIT: usize = 1_000;
/// The cells of all cohort triangles of one question.
pub const CELLS_LIMIT: usize = 2_000_000;
/// The longest window.
pub const WINDOW_DAYS_LIMIT: u32 = 3_660;

/// The greatest rate per touch or minute: a thousand million currency units.
pub const RATE_LIMIT_MICROS: i64 = 1_000_000_000_000_000;

/// Why a question has no answer. All are the caller's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KpiError {
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error("the range ends before it begins")]
    RangeReversed,
    #[error("amounts in several currencies are in scope: name one")]
    CurrencyRequired,
    #[error("more than {GROUPS_LIMIT} groups")]
    TooManyGroups,
    #[error("more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
    #[error("more than {CELLS_LIMIT} cells in all triangles together")]
    TooManyCells,
    #[error("a window is 1 to {WINDOW_DAYS_LIMIT} days long")]
    WindowOutOfRange,
    #[error("a rate lies between 0 and {RATE_LIMIT_MICROS} millionths of a currency unit")]
    RateOutOfRange,
    #[error("brackets begin in increasing order and within the periods")]
    BracketsOutOfOrder,
}

/// What is asked about. The time range selects the anchors (the orders, visits, answers that are
/// counted); windows read beyond it, never past `observed_until`.
///
/// Channels, locations and sources select touchpoints, anchors and later ones alike; only "first
/// ever" looks at the others too. Kind and segment select customers, as they are now.
#[derive(Debug, Clone)]
pub struct Scope {
    pub range: TimeRange,
    /// What happened from here on is not looked at. The horizon when absent: see [`crate::facts::horizon`].
    pub observed_until: Option<Micros>,
    /// What is said of the observation beside the facts.
    pub statements: Arc<Statements>,
    pub zone: Zone,
    pub week_start: Weekday,
    /// Empty means all; likewise below.
    pub channels: Vec<String>,
    pub locations: Vec<String>,
    pub sources: Vec<String>,
    pub customer_kind: Option<CustomerKind>,
    /// Only customers whose trait has this value.
    pub segment: Option<(String, Value)>,
    /// What is left out: the complement of these stays, with customers without the trait and with
    /// nobody.
    pub without: Without,
    /// Whether what is of nobody is left out where it would count.
    pub identified_only: bool,
    /// Amounts in another currency are converted, or else excluded and counted.
    pub currency: Option<Currency>,
    /// By which amounts are converted.
    pub rates: Arc<Vec<ExchangeRate>>,
}

/// What a scope leaves out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Without {
    pub channels: Vec<String>,
    pub locations: Vec<String>,
    pub sources: Vec<String>,
    /// Customers whose trait has this value.
    pub segment: Option<(String, Value)>,
}

impl Scope {
    /// Everything in a range: UTC, weeks from Monday, no filters.
    #[must_use]
    pub fn of(range: TimeRange) -> Self {
        Self {
            range,
            observed_until: None,
            statements: Arc::default(),
            zone: Zone::utc(),
            week_start: Weekday::Monday,
            channels: Vec::new(),
            locations: Vec::new(),
            sources: Vec::new(),
            customer_kind: None,
            segment: None,
            without: Without::default(),
            identified_only: false,
            currency: None,
            rates: Arc::default(),
        }
    }

    /// Until when it is observed on these facts: as it says, or to their horizon. Where nothing was ever seen, to the end of the
    /// range: there is nothing to be wrong about.
    #[must_use]
    pub fn observed_on(&self, snapshot: &Snapshot) -> Micros {
        self.observed_until.unwrap_or_else(|| snapshot.horizon(&self.statements).unwrap_or(self.range.until))
    }

    /// The same scope with that named.
    #[must_use]
    pub fn on(&self, snapshot: &Snapshot) -> Self {
        Self { observed_until: Some(self.observed_on(snapshot)), ..self.clone() }
    }
}

/// By what an answer is broken down, beside its total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Of the counted touchpoint.
    Channel,
    /// Of the counted touchpoint.
    Location,
    /// That the counted touchpoint answers.
    Campaign,
    /// The local month of the customer's first touchpoint of any kind.
    AcquisitionMonth,
    /// The channel of the customer's first touchpoint of any kind.
    AcquisitionChannel,
    CustomerKind,
    /// The customer's value of the trait of that name.
    Trait(String),
    /// How many channels the customer used in range.
    ChannelsUsed,
    /// Which channels the customer used in range, by name and joined with `+`.
    ChannelSet,
    /// How the customer stands in RFM of the scope, by orders so counted.
    Rfm(RfmBy, OrderOptions),
}

/// How customers are told apart by RFM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RfmBy {
    Segment,
    /// All three.
    Scores,
}

impl GroupBy {
    /// With what counts as an order, for those that depend on it.
    #[must_use]
    pub fn counting(self, orders: OrderOptions) -> Self {
        match self {
            Self::Rfm(by, _) => Self::Rfm(by, orders),
            other => other,
        }
    }
}

/// What counts as an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderOptions {
    pub unit: OrderUnit,
    /// Orders of less are not counted.
    pub min_amount_minor: i64,
    /// Orders of which at least the amount was returned (before `observed_until`, by anyone) are
    /// not counted. Needs returns that name their order.
    pub drop_fully_returned: bool,
    pub cancelled: CancelledOrders,
}

/// What becomes of orders that were cancelled before `observed_until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CancelledOrders {
    /// They are none, on no day, and a part that was cancelled is off the amount.
    #[default]
    LeaveOut,
    /// They count as if nothing had been cancelled.
    Count,
}

/// What counts as one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderUnit {
    /// As the figure has it: repurchase, retention, RFM and lifetimes count occasions, everything else orders.
    #[default]
    Usual,
    Order,
    /// An occasion: all orders of a customer on one local day, of those in scope and in range, at the time and place of
    /// the first.
    CustomerDay,
}

impl OrderUnit {
    /// Whether orders of a day are one, for a figure that usually does so or not.
    #[must_use]
    pub fn is_by_day(self, usually: bool) -> bool {
        match self {
            Self::Usual => usually,
            Self::Order => false,
            Self::CustomerDay => true,
        }
    }
}

/// A look-ahead window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub days: u32,
    pub kind: WindowKind,
}

/// How a window's days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowKind {
    /// Local days: `0 < d <= days`.
    #[default]
    Calendar,
    /// 24 hours each, inclusive.
    Elapsed,
}

impl Window {
    /// Whether it is the local day of its anchor and nothing more.
    #[must_use]
    pub fn is_same_day(self) -> bool {
        self == Self { days: 0, kind: WindowKind::Calendar }
    }

    /// # Errors
    /// When it is empty or longer than [`WINDOW_DAYS_LIMIT`].
    pub fn check(self) -> Result<(), KpiError> {
        match self.days {
            1..=WINDOW_DAYS_LIMIT => Ok(()),
            _ => Err(KpiError::WindowOutOfRange),
        }
    }
}

/// W of retention over a range: its own length in whole local days, at least one; so that nothing counts for both
/// sides.
///
/// # Errors
/// When the range leaves the calendar.
pub fn retention_window(
    zone: &Zone,
    (from, until): (Micros, Micros),
    asked: Option<u32>,
    overlapping: bool,
) -> Result<u32, KpiError> {
    let own = zone.days_between(from, until)?.clamp(1, WINDOW_DAYS_LIMIT as i32).unsigned_abs();
    Ok(match asked {
        Some(days) if overlapping => days,
        Some(days) => days.min(own),
        None => own,
    })
}

/// Which event is a customer's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum First {
    /// Ever, by any channel, at any location, from any source.
    #[default]
    Ever,
    /// Of those in scope and in range.
    InScope,
}
