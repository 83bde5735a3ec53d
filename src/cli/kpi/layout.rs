//! How the answer of each procedure is laid out for people: which of its numbers are told, and which
//! of its lists are tables. What has no layout is shown with all its fields.

use super::grid::Kind::{self, Constant, Count, Id, MaybeMoney, Money, Number, Share, Text, Time};

/// A number of an answer, or a message with a value, an interval and what it is of.
pub struct Told {
    pub name: &'static str,
    /// As a JSON pointer, from the answer, or from the member named by [`Layout::total`].
    pub path: &'static str,
    pub kind: Kind,
}

/// A list of messages as a table.
pub struct List {
    pub title: &'static str,
    pub path: &'static str,
    /// Names, pointers within a row, and kinds.
    pub columns: &'static [(&'static str, &'static str, Kind)],
}

/// How an answer is laid out.
pub struct Layout {
    pub rpc: &'static str,
    /// The member that holds the figures of all in scope.
    pub total: &'static str,
    /// The same of each group: `groups` has them under this name.
    pub of_group: &'static str,
    pub told: &'static [Told],
    pub lists: &'static [List],
}

const fn told(name: &'static str, path: &'static str, kind: Kind) -> Told {
    Told { name, path, kind }
}

const fn list(
    title: &'static str,
    path: &'static str,
    columns: &'static [(&'static str, &'static str, Kind)],
) -> List {
    List { title, path, columns }
}

const NONE: Layout = Layout { rpc: "", total: "", of_group: "", told: &[], lists: &[] };

const CHANNELS_USED: &[(&str, &str, Kind)] = &[
    ("channels", "/channels/value", Text),
    ("customers", "/customers/value", Count),
    ("share", "/shareOfCustomers/value", Share),
    ("revenue", "/revenue/value", Money),
    ("share", "/shareOfRevenue/value", Share),
    ("retention", "/retention/value", Share),
    ("NPS", "/nps/value", Number),
    ("cost", "/costToServe/value", MaybeMoney),
];

pub const LAYOUTS: &[Layout] = &[
    Layout {
        rpc: "ComputeRetention",
        total: "/total",
        of_group: "/result",
        told: &[told("retention", "/period/retention", Share), told("churn", "/period/churn", Share)],
        ..NONE
    },
    Layout {
        rpc: "ComputeRepurchase",
        total: "/total",
        of_group: "/result",
        told: &[
            told("bought 2+ times", "/repeatCustomers", Share),
            told("2nd order, of all", "/secondOrderAll", Share),
            told("of those observed", "/secondOrderObserved", Share),
            told("Kaplan-Meier", "/secondOrderKaplanMeier", Share),
            told("days between, median", "/gapDaysMedian", Number),
            told("days between, p90", "/gapDaysP90", Number),
        ],
        lists: &[list(
            "second order within so many days",
            "/total/curve",
            &[
                ("days", "/days", Number),
                ("share", "/share", Share),
                ("low", "/interval/low", Share),
                ("high", "/interval/high", Share),
                ("at risk", "/atRisk", Count),
                ("events", "/events", Count),
            ],
        )],
    },
    Layout {
        rpc: "ComputeNps",
        total: "/total",
        of_group: "/result",
        told: &[
            told("NPS", "/nps", Number),
            told("promoters", "/nps/promoters", Count),
            told("passives", "/nps/passives", Count),
            told("detractors", "/nps/detractors", Count),
            told("CSAT top two", "/csatTopTwo", Share),
            told("CES, mean", "/cesMean", Number),
            told("CES, easy", "/cesEasy", Share),
        ],
        lists: &[list(
            "answers",
            "/total/distribution",
            &[("question", "/question", Text), ("score", "/score", Count), ("answers", "/answers", Count)],
        )],
    },
    Layout {
        rpc: "ComputeCostToServe",
        total: "/total",
        of_group: "/result",
        told: &[
            told("cost", "/total/minor", Money),
            told("per customer, mean", "/perCustomer/mean", MaybeMoney),
            told("per customer, median", "/perCustomer/p50", MaybeMoney),
            told("per customer, p90", "/perCustomer/p90", MaybeMoney),
            told("per costed customer", "/perCostedCustomer/mean", MaybeMoney),
            told("cost / net revenue", "/costToNetRevenue", Share),
            told("of nobody", "/unidentified/minor", Money),
            told("touches without rate", "/touchesWithoutRate", Count),
        ],
        lists: &[
            list(
                "by phase",
                "/total/byPhase",
                &[
                    ("phase", "/phase", Constant("PHASE_")),
                    ("cost", "/cost/minor", Money),
                    ("touchpoints", "/touchpoints", Count),
                ],
            ),
            list(
                "by channel",
                "/total/byChannel",
                &[
                    ("channel", "/channel", Text),
                    ("cost", "/cost/minor", Money),
                    ("touchpoints", "/touchpoints", Count),
                ],
            ),
            list(
                "capacity",
                "/capacity",
                &[
                    ("channel", "/channel", Text),
                    ("from", "/interval/start", Time),
                    ("until", "/interval/end", Time),
                    ("used", "/utilization/value", Share),
                    ("cost", "/cost/minor", Money),
                    ("used cost", "/usedCost/minor", Money),
                    ("unused cost", "/unusedCost/minor", Money),
                ],
            ),
        ],
    },
    Layout {
        rpc: "ComputeAttribution",
        told: &[told("orders", "/orders", Count), told("revenue", "/revenueMinor", Money)],
        ..NONE
    },
    Layout {
        rpc: "ComputeJourneys",
        told: &[
            told("orders", "/orders", Count),
            told("journeys without one", "/lost", Count),
            told("different journeys", "/distinct", Count),
        ],
        lists: &[list(
            "the commonest",
            "/paths",
            &[
                ("channels", "/channels", Text),
                ("orders", "/conversion/numerator", Count),
                ("journeys", "/conversion/denominator", Count),
                ("conversion", "/conversion/value", Share),
                ("touches", "/meanTouchpoints", Number),
                ("days", "/meanDays", Number),
            ],
        )],
        ..NONE
    },
    Layout {
        rpc: "ComputeBasket",
        told: &[told("orders", "/orders", Count), told("pairs left out", "/leftOut", Count)],
        lists: &[list(
            "pairs",
            "/pairs",
            &[
                ("first", "/first", Text),
                ("second", "/second", Text),
                ("orders", "/support/numerator", Count),
                ("support", "/support/value", Share),
                ("1st to 2nd", "/confidence/value", Share),
                ("2nd to 1st", "/reverseConfidence/value", Share),
                ("lift", "/lift", Number),
            ],
        )],
        ..NONE
    },
    Layout {
        rpc: "ComputeLifetime",
        total: "/total",
        of_group: "/figures",
        told: &[
            told("customers", "/customers", Count),
            told("bought again", "/repeatBuyers", Count),
            told("orders", "/orders", Count),
            told("months active", "/monthsActive", Number),
            told("historic value", "/historicMinor", Money),
            told("per customer", "/historicPerCustomer", MaybeMoney),
            told("expected alive", "/expectedAlive", Number),
            told("expected orders", "/expectedPurchases", Number),
            told("expected value", "/expectedMinor", MaybeMoney),
        ],
        lists: &[list(
            "customers",
            "/customers",
            &[
                ("customer", "/customerId", Id),
                ("orders again", "/repeatOrders", Count),
                ("historic", "/historicMinor", Money),
                ("alive", "/alive", Share),
                ("expected orders", "/expectedPurchases", Number),
                ("expected value", "/expectedMinor", MaybeMoney),
            ],
        )],
    },
    Layout {
        rpc: "ComputeLifecycle",
        total: "/total",
        of_group: "/figures",
        told: &[told("active intervals, mean", "/meanActiveIntervals", Number)],
        lists: &[list(
            "intervals",
            "/total/intervals",
            &[
                ("from", "/start", Time),
                ("new", "/new", Count),
                ("returning", "/returning", Count),
                ("resurrected", "/resurrected", Count),
                ("dormant", "/dormant", Count),
                ("complete", "/complete", Text),
            ],
        )],
    },
    Layout {
        rpc: "ComputeRfm",
        lists: &[
            list(
                "segments",
                "/segments",
                &[
                    ("segment", "/segment", Constant("RFM_SEGMENT_")),
                    ("customers", "/customers/numerator", Count),
                    ("share", "/customers/value", Share),
                    ("before", "/change/before/value", Share),
                    ("change", "/change/difference", Share),
                    ("p", "/change/adjustedPValue", Number),
                    ("orders", "/orders", Count),
                    ("net value", "/netMinor", Money),
                ],
            ),
            list(
                "customers",
                "/customers",
                &[
                    ("customer", "/customerId", Id),
                    ("segment", "/segment", Constant("RFM_SEGMENT_")),
                    ("R", "/scores/recency", Count),
                    ("F", "/scores/frequency", Count),
                    ("M", "/scores/monetary", Count),
                    ("days", "/recencyDays", Count),
                    ("orders", "/orders", Count),
                    ("net value", "/netMinor", Money),
                ],
            ),
        ],
        ..NONE
    },
    Layout {
        rpc: "ComputeOmnichannel",
        total: "/total",
        told: &[
            told("customers", "/customers", Count),
            told("revenue", "/revenue", Money),
            told("retention", "/retention", Share),
            told("NPS", "/nps", Number),
            told("cost to serve", "/costToServe", MaybeMoney),
        ],
        lists: &[
            list("by number of channels", "/byNumber", CHANNELS_USED),
            list("by set of channels", "/bySet", CHANNELS_USED),
        ],
        ..NONE
    },
    Layout {
        rpc: "ComputeProductMix",
        total: "/total",
        told: &[
            told("units", "/units", Number),
            told("revenue", "/revenueMinor", Money),
            told("average price", "/averagePrice", MaybeMoney),
            told("discount share", "/discountShare", Share),
        ],
        lists: &[list(
            "by category and channel",
            "/cells",
            &[
                ("category", "/category/value", Text),
                ("channel", "/channel", Text),
                ("units", "/mix/units", Number),
                ("revenue", "/mix/revenueMinor", Money),
                ("price", "/mix/averagePrice", MaybeMoney),
                ("discount", "/mix/discountShare", Share),
                ("index", "/priceIndex", Number),
            ],
        )],
        ..NONE
    },
    Layout { rpc: "ComputeReturns", ..NONE },
    Layout { rpc: "ComputePhaseModel", ..NONE },
    Layout { rpc: "ComputeIncentiveCard", ..NONE },
    Layout { rpc: "ComputeKpis", ..NONE },
];
