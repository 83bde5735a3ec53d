//! What a KPI says of itself: its formula in words, its parameters, where it comes from.

/// One KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    pub id: &'static str,
    /// A change of the formula is a new version.
    pub version: i32,
    pub name: &'static str,
    /// Of its headline figure.
    pub unit: &'static str,
    /// The formula in words, with every choice that was made.
    pub formula: &'static str,
    /// What "first" means in it; empty when nothing is first.
    pub first_means: &'static str,
    /// How its intervals are computed.
    pub intervals: &'static str,
    pub parameters: &'static [Parameter],
    /// What it answers where there is little or nothing to compute it from.
    pub degenerate: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// The remote procedure that computes it.
    pub rpc: &'static str,
}

/// The articles that the definitions come from.
pub const FACTORS: &str = "article 000: five factors of omnichannel success, and returns";
pub const PHASES: &str = "article 001: phases of the journey, and ROPO";
pub const CROSS: &str = "article 002: cross-channel conversion and showrooming";
pub const SINGLE_VIEW: &str = "article 003: single view, social, returns, incentives";
pub const TOUCHPOINTS: &str =
    "article 004: touchpoints, NPS, retention, repurchase, care, cost, conversion, upselling";
pub const PEERS: &str = "common among analytics products";

/// Nothing to divide by.
pub const NO_ANCHOR: &str = "Absent without an anchor.";
pub const WILSON: &str = "Wilson score";
pub const NO_INTERVAL: &str = "none: a count of all, not a sample";
pub const MEAN: &str = "normal, from the sample variance; none below two values";
pub const QUANTILE: &str = "order statistics (quantiles are of type 7)";

impl Definition {
    /// A figure that is one number, at version 1, answered by `ComputeKpis`.
    pub(crate) const fn scalar(
        id: &'static str,
        name: &'static str,
        unit: &'static str,
        formula: &'static str,
    ) -> Self {
        Self {
            id,
            version: 1,
            name,
            unit,
            formula,
            first_means: "",
            intervals: NO_INTERVAL,
            parameters: &[],
            degenerate: "0 where nothing is counted.",
            source: PEERS,
            rpc: "ComputeKpis",
        }
    }

    /// The same after so many changes of its formula.
    pub(crate) const fn revised(self, version: i32) -> Self {
        Self { version, ..self }
    }

    /// A share of `wilson`'s kind, or what else has an interval.
    pub(crate) const fn with(self, intervals: &'static str, degenerate: &'static str) -> Self {
        Self { intervals, degenerate, ..self }
    }

    pub(crate) const fn from(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    pub(crate) const fn asking(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }
}

/// A parameter beside the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its path in the request.
    pub name: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

pub(crate) const fn parameter(name: &'static str, default: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, default, meaning }
}

pub(crate) const GROUP_BY: Parameter = parameter(
    "group_by",
    "none",
    "channel or location of the counted touchpoint; month or channel of acquisition, kind, or a trait of the \
     customer",
);
pub(crate) const OCCASION_UNIT: Parameter = parameter(
    "orders.unit",
    "CUSTOMER_DAY",
    "occasions: all orders of a customer on one local day, of those in scope and in range, as one; or each order",
);
pub(crate) const ORDER_UNIT: Parameter =
    parameter("orders.unit", "ORDER", "each order, or all orders of a customer on one local day as one");
pub(crate) const MIN_AMOUNT: Parameter =
    parameter("orders.min_amount_minor", "0", "orders of less do not count; needs one currency");
pub(crate) const DROP_RETURNED: Parameter = parameter(
    "orders.drop_fully_returned",
    "false",
    "orders of which at least the amount came back before observed_until, by anyone, do not count",
);
