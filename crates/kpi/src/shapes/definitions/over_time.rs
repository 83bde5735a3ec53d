//! KPIs of customers over time that are no single number.

use crate::ground::definition::{
    DROP_RETURNED, Definition, GROUP_BY, MEAN, MIN_AMOUNT, OCCASION_UNIT, PEERS, TOUCHPOINTS, parameter,
};

/// What customers were worth, and what is expected of them.
pub const LIFETIME: Definition = Definition {
    rpc: "ComputeLifetime",
    first_means: "first ever, by any channel, at any location, from any source (EVER, the default), or first \
                  in scope and in range (IN_SCOPE)",
    ..Definition::scalar(
        "lifetime",
        "Lifetime value",
        "minor units",
        "Customers whose first order is in range and scope, followed to observed_until; later orders count \
         wherever they were made. Historic value: orders since the first, less what came back (off the order that \
         a return names, or else off the last before it). Months active: local months with an order. From each \
         customer's number of repeat orders (x), and local days from the first order to the last (t_x) and to the \
         last day observed (T), BG/NBD (Fader, Hardie and Lee 2005) is fitted by maximum likelihood; from mean net \
         value and number of repeat orders, where that is above 0, Gamma-Gamma (Fader and Hardie 2013). They give \
         each customer's probability of being alive (1 for one who never bought again: the model lets nobody leave \
         before a second order), the orders expected within the horizon, and what each is expected to be worth; \
         expected value is their product, not discounted. By margin, an order is worth its margin (what it says, or \
         else the sum of what its lines say, if each says one), a return takes off the share of it that it is of the \
         amount, and orders that say none count as purchases, add no value, and are counted as excluded. Groups share \
         one fit, and their sums add up.",
    ).revised(2)
    .with(
        "parameters: normal on the scale of the logarithm, from the observed information; means: normal",
        "Expectations are absent, with a warning, when nobody bought again or values have no mean.",
    )
    .from(TOUCHPOINTS)
    .asking(&[
        GROUP_BY,
        parameter("first", "EVER", "which order is the first"),
        parameter("horizon_days", "365", "how far expectations reach beyond observed_until"),
        parameter("value_basis", "REVENUE", "what purchases are worth: revenue, or margin where orders say it"),
        OCCASION_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};

/// Who is new, who comes back, who is gone.
pub const LIFECYCLE: Definition = Definition {
    rpc: "ComputeLifecycle",
    first_means: "first ever, by any channel, at any location, from any source",
    ..Definition::scalar(
        "lifecycle",
        "Lifecycle",
        "customers",
        "For each local interval of the range (clipped to it): customers active in it for the first time ever are \
         new; those active in the interval before too are returning; others active before are resurrected; those \
         active in the interval before and not in this one are dormant. So the first three are all that are active \
         in an interval, and returning and dormant ones all that were active in the one before; of the first \
         interval that is the whole local one before the range. Dormant ones are final when the interval is \
         complete, that is, observed to its end. Stickiness: customers by the number of intervals in which they \
         were active, and its mean. Scope filters by channel, location and source apply to all activity but the \
         first ever.",
    )
    .with(MEAN, "0 where nobody is active.")
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[
        GROUP_BY,
        parameter("granularity", "MONTH", "day, week or month"),
        parameter("activity_types", "ORDER", "what counts as active"),
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};

/// Customers by recency, frequency and monetary value.
pub const RFM: Definition = Definition {
    rpc: "ComputeRfm",
    ..Definition::scalar(
        "rfm",
        "RFM",
        "customers",
        "Customers with an order in range and scope, by three scores from 1 to 5: recency, the local days from their \
         last such order to the last day observed (fewer are better); frequency, the number of such orders; monetary \
         value, what those are worth less what came back in range. A score is 1 + floor(5 x customers \
         with a strictly lower value / all), so equal customers share the lowest of their fifths. Segments by recency and \
         frequency: 5/4-5 champions; 3-4/4-5 loyal; 4-5/2-3 potential loyalists; 5/1 new; 4/1 promising; 3/3 need \
         attention; 3/1-2 about to sleep; 1-2/5 cannot lose; 1-2/3-4 at risk; 1-2/1-2 hibernating. Groups share \
         the scores of all. Compared with another time, customers of then are scored by the scale of now. Any KPI \
         can be grouped by RFM_SEGMENT and by RFM_SCORES; buyers so grouped are the segments, explained down to \
         customers and their orders.",
    )
    .with("Wilson score; changes: Newcombe", "One customer alone, or all alike, score 1: nobody stands below.")
    .revised(2)
    .from(PEERS)
    .asking(&[
        GROUP_BY,
        OCCASION_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
        parameter("list_segments", "all", "only their customers are listed"),
        parameter("list_scores", "any", "only customers with these scores are listed; 0: any score"),
        parameter("comparison", "none", "with which time segments are compared"),
    ])
};

/// Customers by the channels that they use.
pub const OMNICHANNEL: Definition = Definition {
    rpc: "ComputeOmnichannel",
    ..Definition::scalar(
        "omnichannel",
        "Customers by channels",
        "customers",
        "Customers who did anything in range, by how many and by which channels they used (any touchpoint but an \
         impression or a message that was not opened), each with their revenue, retention, NPS and cost to serve as \
         the KPIs of those names have them, grouped by CHANNELS_USED and by CHANNEL_SET. Any KPI can be grouped so.",
    )
    .with("as those of the KPIs", "As of the KPIs.")
    .revised(2)
    .from(TOUCHPOINTS)
    .asking(&[
        parameter("parameters.window.days", "90", "W of retention"),
        OCCASION_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ])
};
