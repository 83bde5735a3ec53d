//! The words of the KPIs that are more than one number, and of those with a kernel of their own.

mod over_time;

pub use over_time::{LIFECYCLE, LIFETIME, OMNICHANNEL, RFM};

use crate::ground::definition::{
    DROP_RETURNED, Definition, FACTORS, GROUP_BY, MIN_AMOUNT, NO_INTERVAL, OCCASION_UNIT, ORDER_UNIT,
    TOUCHPOINTS, WILSON, parameter,
};

/// Retention and churn over a period, and the cohort triangle.
pub const RETENTION: Definition = Definition {
    id: "retention",
    version: 2,
    name: "Retention and churn",
    unit: "share of customers",
    formula: "Period: of the customers active in the W local days before the start of the range, the share \
              active in the W local days before its end; churn is one minus that. Triangle: a customer joins the cohort of the \
              local interval of their start event; column k counts those with at least min_count return \
              events, later than the start event itself, in the k-th interval after it (exact), in it or \
              later up to the last column (rolling), or within a bracket of intervals. A cell is complete when \
              nothing that may still come can change it (rolling: after the last column) and absent when its \
              interval had not begun; the mean of a column takes all complete cohorts as one. Orders are counted \
              by occasions: counts by channel, by a cut day or across a merge do not add up. Scope filters by channel, location and source apply to start and return \
              events alike.",
    first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                  in scope and in range (IN_SCOPE)",
    intervals: "Wilson score",
    parameters: &[
        GROUP_BY,
        parameter(
            "period.window_days",
            "the range's length",
            "W, local days; not longer than the range unless overlapping",
        ),
        parameter(
            "period.overlapping",
            "false",
            "whether W may be longer: what lies in both windows then counts for both sides",
        ),
        parameter("period.activity_types", "ORDER", "what counts as active"),
        parameter("triangle.start_event", "ORDER", "what opens a cohort"),
        parameter("triangle.return_events", "ORDER", "what counts as coming back"),
        parameter("triangle.start", "FIRST_TIME", "once, or in every interval with a start event"),
        parameter("triangle.first", "EVER", "which start event is the first"),
        parameter(
            "triangle.unit",
            "MONTH",
            "hour (elapsed, aligned to the local clock), day, week, month, quarter or year",
        ),
        parameter("triangle.min_count", "1", "how many return events make a return"),
        parameter("triangle.mode", "EXACT", "exact, rolling or brackets"),
        parameter("triangle.periods", "12", "the last column"),
        OCCASION_UNIT,
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
    version: 2,
    name: "Repurchase",
    unit: "share of customers",
    formula: "(a) Of the customers with an order in range, the share with two or more. (b) Of the first-time \
              buyers in range, the share with a second order within W: calendar, on a later local day d with \
              0 < d <= W; elapsed, within W x 24 hours; the limit included. Over all; over those observed for \
              all of W; and by Kaplan-Meier, absent where nobody was followed for W, where a customer is followed to the last whole local day \
              (elapsed: the last instant) before observed_until. Days between consecutive orders of a \
              customer, the earlier one in range, the later one observed: median and 90th percentile. Orders are counted by occasions, of which \
              one is the first if the first order ever is in it: counts by channel, by a cut day or across a merge do \
              not add up. Orders in another currency than the scope's are excluded.",
    first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                  in scope and in range (IN_SCOPE)",
    intervals: "Wilson score; Kaplan-Meier: Greenwood on the log-log scale; quantiles (type 7): order statistics",
    parameters: &[
        GROUP_BY,
        parameter("window.days", "90", "W"),
        parameter("window.kind", "CALENDAR", "local days, or 24 hours each"),
        parameter("first", "EVER", "which order is the first"),
        OCCASION_UNIT,
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
    version: 2,
    name: "NPS, CSAT and CES",
    unit: "points from -100 to 100",
    formula: "NPS: 100 x (answers of 9 and 10 - answers of 0 to 6) / all answers. CSAT: share of answers of 4 \
              and 5. CES: mean answer, and share of answers of 5 to 7. Each from every customer's last answer \
              to that question in range and scope, or from every answer; answers of nobody count one each, \
              unless the scope asks for a kind or a segment of customers.",
    first_means: "",
    intervals: "NPS: adjusted Wald (3 answers, 3/4 promoters and 3/4 detractors more), widened to the score and \
                clipped to the scale; shares: Wilson score; mean: normal, clipped to the scale",
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
    version: 2,
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
    degenerate: "Means and quantiles are absent without a customer; the total is then 0. Cost over net revenue is absent \
                 where that is 0 or a loss.",
    source: TOUCHPOINTS,
    rpc: "ComputeCostToServe",
};

/// To which channels orders are due.
pub const ATTRIBUTION: Definition = Definition {
    rpc: "ComputeAttribution",
    ..Definition::scalar(
        "attribution",
        "Attribution",
        "orders and minor units",
        "The identified orders in range, and what they are worth, credited to the channels, campaigns or sources of \
         their journeys (see journey_length), by eight models: first; last; last that is no direct visit (one whose \
         source is nothing, direct or none; where all are, the last); linear; position (40/20/40; two touchpoints \
         share evenly); time decay (half as much for each half-life before the last touchpoint); Markov (each \
         channel by the share of conversions that the first-order chain of journeys loses without it; journeys \
         without an order are what is open after a customer's last order, if its last touchpoint is in range; \
         revenue in the same proportions as orders); Shapley (of the game in which a set of channels wins the \
         journeys that need no others: equal parts to the distinct channels of each, which is exact for any \
         number of channels). The campaign of a touchpoint \
         is its own, or else that its visit came from; the source of a visit is what it says, and of other touchpoints \
         their channel. Beside Markov's credits stand the removal effects that they are in proportion to. Orders without \
         a journey are unattributed. Credits are whole parts by largest \
         remainder and sum exactly to orders and revenue.",
    ).revised(2)
    .with(NO_INTERVAL, "Without an order no credit; without a journey all is unattributed.")
    .revised(2)
    .from(FACTORS)
    .asking(&[
        parameter("window.days", "30", "W before the order"),
        parameter("models", "all", "which models"),
        parameter("to", "CHANNEL", "channels, campaigns, or sources of visits"),
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
    .revised(2)
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
    .revised(2)
    .from(FACTORS)
    .asking(&[
        parameter("by_category", "false", "categories instead of products"),
        parameter("min_orders", "2", "only pairs in so many orders"),
        parameter("limit", "20", "how many pairs"),
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};
