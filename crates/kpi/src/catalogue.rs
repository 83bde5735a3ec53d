//! The catalogue: every KPI with its definition in words, as `ListKpis` and the manual print it.

mod over_time;

pub use over_time::{LIFECYCLE, LIFETIME, OMNICHANNEL, RFM};

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
pub(crate) const ORDER_UNIT: Parameter =
    parameter("orders.unit", "ORDER", "each order, or all orders of a customer on one local day as one");
pub(crate) const MIN_AMOUNT: Parameter =
    parameter("orders.min_amount_minor", "0", "orders of less do not count; needs one currency");
pub(crate) const DROP_RETURNED: Parameter = parameter(
    "orders.drop_fully_returned",
    "false",
    "orders of which at least the amount came back before observed_until, by anyone, do not count",
);

/// Retention and churn over a period, and the cohort triangle.
pub const RETENTION: Definition = Definition {
    id: "retention",
    version: 1,
    name: "Retention and churn",
    unit: "share of customers",
    formula: "Period: of the customers active in the W local days before the start of the range, the share \
              active in the W local days before its end; churn is one minus that. A customer stands in the \
              group of their last activity before the start. Triangle: a customer joins the cohort of the \
              local interval of their start event; column k counts those with at least min_count return \
              events, later than the start event itself, in the k-th interval after it (exact), in it or \
              later (rolling), or within a bracket of intervals. A cell is complete when its intervals ended \
              by observed_until and absent when they had not begun; the mean of a column takes all complete \
              cohorts as one. Scope filters by channel, location and source apply to start and return \
              events alike.",
    first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                  in scope and in range (IN_SCOPE)",
    intervals: "Wilson score",
    parameters: &[
        GROUP_BY,
        parameter("period.window_days", "90", "W"),
        parameter("period.activity_types", "ORDER", "what counts as active"),
        parameter("triangle.start_event", "ORDER", "what opens a cohort"),
        parameter("triangle.return_events", "ORDER", "what counts as coming back"),
        parameter("triangle.start", "FIRST_TIME", "once, or in every interval with a start event"),
        parameter("triangle.first", "EVER", "which start event is the first"),
        parameter("triangle.unit", "MONTH", "hour (elapsed, aligned to the local clock), day, week or month"),
        parameter("triangle.min_count", "1", "how many return events make a return"),
        parameter("triangle.mode", "EXACT", "exact, rolling or brackets"),
        parameter("triangle.periods", "12", "the last column"),
        ORDER_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ],
    degenerate: "Absent without a customer active before the start; a cell is absent when its interval had not begun.",
    source: FACTORS,
    rpc: "ComputeRetention",
};

/// Who buys again, and when.
pub const REPURCHASE: Definition = Definition {
    id: "repurchase",
    version: 1,
    name: "Repurchase",
    unit: "share of customers",
    formula: "(a) Of the customers with an order in range, the share with two or more. (b) Of the first-time \
              buyers in range, the share with a second order within W: calendar, on a later local day d with \
              0 < d <= W; elapsed, within W x 24 hours; the limit included. Over all; over those observed for \
              all of W; and by Kaplan-Meier, where a customer is followed to the last whole local day \
              (elapsed: the last instant) before observed_until. Days between consecutive orders of a \
              customer, the earlier one in range, the later one observed: median and 90th percentile. A \
              customer stands in the group of their first order in range. Orders in another currency than \
              the scope's are excluded.",
    first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                  in scope and in range (IN_SCOPE)",
    intervals: "Wilson score; Kaplan-Meier: Greenwood on the log-log scale; quantiles (type 7): order statistics",
    parameters: &[
        GROUP_BY,
        parameter("window.days", "90", "W"),
        parameter("window.kind", "CALENDAR", "local days, or 24 hours each"),
        parameter("first", "EVER", "which order is the first"),
        ORDER_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ],
    degenerate: "Absent without a buyer in range.",
    source: TOUCHPOINTS,
    rpc: "ComputeRepurchase",
};

/// NPS, CSAT and CES.
pub const NPS: Definition = Definition {
    id: "nps",
    version: 1,
    name: "NPS, CSAT and CES",
    unit: "points from -100 to 100",
    formula: "NPS: 100 x (answers of 9 and 10 - answers of 0 to 6) / all answers. CSAT: share of answers of 4 \
              and 5. CES: mean answer, and share of answers of 5 to 7. Each from every customer's last answer \
              to that question in range and scope, or from every answer; answers of nobody count one each, \
              unless the scope asks for a kind or a segment of customers.",
    first_means: "",
    intervals: "NPS: adjusted Wald (3 answers, 3/4 promoters and 3/4 detractors more), not clipped; shares: \
                Wilson score; mean: normal",
    parameters: &[
        GROUP_BY,
        parameter("answers_counted", "LAST_PER_CUSTOMER", "or EVERY_ANSWER"),
        parameter("survey_id", "any", "only answers to this survey"),
    ],
    degenerate: "Absent without an answer.",
    source: TOUCHPOINTS,
    rpc: "ComputeNps",
};

/// Time-driven activity-based cost to serve.
pub const COST_TO_SERVE: Definition = Definition {
    id: "cost_to_serve",
    version: 1,
    name: "Cost to serve",
    unit: "minor units of one currency",
    formula: "Each touchpoint in range costs its rate per touch, its minutes x the rate per minute, and its \
              explicit cost. The rate of its channel that names its type goes before one that does not; among \
              equals the latest effective at its time holds. Total, mean, median and 90th percentile per \
              customer, over customers with any touchpoint in range and over those whose cost is not zero; by \
              phase and channel. Grouped by channel or location, a customer's cost at each counts there. Net \
              revenue: orders less returns of the same customers in range. Rates and amounts of \
              another currency are converted at the exchange rate of the touchpoint's date; where none is known \
              they are excluded and counted one by one. Touchpoints of nobody are \
              apart. Capacity: minutes of all of a channel's touchpoints over practical minutes, in \
              proportion to the part of its interval in range; the unused part is never spread over \
              customers.",
    first_means: "",
    intervals: "mean: normal; quantiles (type 7): order statistics",
    parameters: &[GROUP_BY],
    degenerate: "Means and quantiles are absent without a customer; the total is then 0.",
    source: TOUCHPOINTS,
    rpc: "ComputeCostToServe",
};

/// All KPIs, in the order of the manual: those that are one number first ask for it.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    crate::measure_list::ALL.iter().map(|measure| &measure.definition).chain(SHAPES.iter())
}

/// KPIs that are no single number.
const SHAPES: &[Definition] = &[
    ATTRIBUTION,
    JOURNEYS,
    AFFINITY,
    LIFECYCLE,
    LIFETIME,
    RFM,
    OMNICHANNEL,
    crate::measures::returns::RETURN_MATRIX,
    crate::shapes::mix::PRODUCT_MIX,
    crate::shapes::board::PHASE_MODEL,
    crate::shapes::board::INCENTIVE_CARD,
];

/// To which channels orders are due.
pub const ATTRIBUTION: Definition = Definition {
    rpc: "ComputeAttribution",
    ..Definition::scalar(
        "attribution",
        "Attribution",
        "orders and minor units",
        "The identified orders in range, and what they are worth, credited to the channels or campaigns of their \
         journeys (see journey_length), by seven models: first; last; linear; position (40/20/40; two touchpoints \
         share evenly); time decay (half as much for each half-life before the last touchpoint); Markov (each \
         channel by the share of conversions that the first-order chain of journeys loses without it; journeys \
         without an order are what is open after a customer's last order, if its last touchpoint is in range; \
         revenue in the same proportions as orders); Shapley (of the game in which a set of channels wins the \
         journeys that need no others: equal parts to the distinct channels of each, which is exact for any \
         number of channels). Orders without a journey are unattributed. Credits are whole parts by largest \
         remainder and sum exactly to orders and revenue.",
    )
    .with(NO_INTERVAL, "Without an order no credit; without a journey all is unattributed.")
    .from(FACTORS)
    .asking(&[
        parameter("window.days", "30", "W before the order"),
        parameter("models", "all", "which models"),
        parameter("to", "CHANNEL", "channels or campaigns"),
        parameter("half_life_days", "7", "of time decay, in days of 24 hours"),
        ORDER_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};

/// The commonest sequences of channels.
pub const JOURNEYS: Definition = Definition {
    rpc: "ComputeJourneys",
    ..Definition::scalar(
        "journeys",
        "Journeys",
        "journeys",
        "The sequences of channels by which orders in range came about (see journey_length), the same channel in a \
         row once, by number of orders; with the share that ended in an order (the others are what is open after a \
         customer's last order, if its last touchpoint is in range), mean touchpoints and mean days to the order.",
    )
    .with(WILSON, "A journey without a touchpoint is an order out of the blue.")
    .from(FACTORS)
    .asking(&[
        parameter("window.days", "30", "W before the order"),
        parameter("limit", "20", "how many journeys"),
        ORDER_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};

/// What is bought together.
pub const AFFINITY: Definition = Definition {
    rpc: "ComputeBasket",
    ..Definition::scalar(
        "basket_affinity",
        "Bought together",
        "orders",
        "Pairs of products, or of categories, in one identified order in range, of the orders with a named line: \
         support (orders with both, of all), confidence (of those with the first, with the second), lift (support \
         over the product of both shares). By lift.",
    )
    .with(WILSON, "Nothing without an order that names a line.")
    .from(FACTORS)
    .asking(&[
        parameter("by_category", "false", "categories instead of products"),
        parameter("min_orders", "2", "only pairs in so many orders"),
        parameter("limit", "20", "how many pairs"),
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};

/// What the manual says before the KPIs.
const RULES: &str = "# KPIs\n\n\
Generated from the catalogue (`kpi::catalogue`), which `ListKpis` answers too; a test keeps it fresh.\n\n\
- Every KPI is a function of touchpoints, identities and a scope at a revision; it is restated when identities \
merge or split.\n\
- The range selects the touchpoints that are counted; windows read beyond it, never past `observed_until`.\n\
- `ComputeKpis` answers each KPI below as one number, for all and by up to two dimensions (channel, location, \
campaign, month or channel of acquisition, kind, a trait, channels used, RFM segment or scores, what the touchpoint is about, its category, the channel of \
the touchpoint that answered it), for each day, week or month of the range, and against another time. `ExplainKpi` \
gives the customers and touchpoints behind it. In figures, filters by channel, location and source select what is \
counted; what leads to it or follows may be anywhere.\n\
- A value is absent, with a reason, when there is nothing to divide by: never 0, never NaN.\n\
- Changes: shares by Newcombe's interval and the pooled z test, means and NPS normal, counts Poisson, quantiles \
normal by the widths of their intervals, shares by Kaplan and Meier's estimate on the complementary log-log scale \
(Klein et al. 2007; interval: Zou and Donner 2008); quotients have a difference without an interval. The two times are taken as independent; p-values are adjusted by \
Holm for the number of KPIs compared at once.\n\
- Amounts in another currency are converted at the rate of the transaction's date, or else excluded and counted.\n";

/// The manual of all KPIs, as docs/KPIS.md.
#[must_use]
pub fn manual() -> String {
    use std::fmt::Write as _;
    let mut text = RULES.to_owned();
    let mut table = String::from("\n| id | KPI | unit |\n|---|---|---|\n");
    let mut sections = String::new();
    for kpi in all() {
        let Definition {
            id,
            version,
            name,
            unit,
            formula,
            first_means,
            intervals,
            degenerate,
            source,
            rpc,
            ..
        } = kpi;
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| [`{id}`](#{id}) | {name} | {unit} |");
        let _ = write!(
            sections,
            "\n## {id}\n\n**{name}**, version {version}, in {unit}; `{rpc}`.\n\n{formula}\n\n"
        );
        for (what, said) in
            [("First", first_means), ("Intervals", intervals), ("Degenerate", degenerate), ("Source", source)]
        {
            if !said.is_empty() {
                let _ = writeln!(sections, "- {what}: {said}{}", if said.ends_with('.') { "" } else { "." });
            }
        }
        for parameter in kpi.parameters {
            let Parameter { name, default, meaning } = parameter;
            let _ = writeln!(sections, "- `{name}` (default {default}): {meaning}.");
        }
    }
    text.push_str(&table);
    text.push_str(&sections);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_complete_and_its_id_its_own() {
        let all: Vec<&Definition> = all().collect();
        for (index, kpi) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|other| other.id != kpi.id));
            for text in
                [kpi.id, kpi.name, kpi.unit, kpi.formula, kpi.intervals, kpi.degenerate, kpi.source, kpi.rpc]
            {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text:?}", kpi.id);
            }
            assert!(kpi.version > 0);
        }
    }
}
