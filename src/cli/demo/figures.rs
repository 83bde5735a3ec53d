//! Figures of the business, asked before and after, and of the same people if everyone were known.

use super::paper::{Paper, count};
use crate::cli::client::{ClientError, Clients};
use crate::rpc::proto::{self, ActivityType, CostRate, Interval, Ratio};
use crate::simulate::START_S;

/// 2025-07-01 and 2026-01-01, midnight in Berlin.
const HALF_YEAR_START_S: i64 = 1_751_320_800;
const END_S: i64 = 1_767_222_000;
const EURO_MICROS: i64 = 1_000_000;

/// Answers at one revision.
pub struct Figures {
    retention: proto::ComputeRetentionResponse,
    repurchase: proto::ComputeRepurchaseResponse,
    nps: proto::ComputeNpsResponse,
    cost: proto::ComputeCostToServeResponse,
    /// Those of [`ALONG_THE_WAY`].
    way: Vec<proto::KpiFigures>,
}

/// Figures of the way to a purchase, and what the demo calls them.
const ALONG_THE_WAY: [(&str, &str); 3] = [
    ("conversion", "visits with an order within 7 days"),
    ("ropo", "store orders researched online (ROPO)"),
    ("attributed_orders", "orders with a journey before them"),
];

/// What serving costs at this retailer, from the first day on.
///
/// # Errors
/// When the service refuses.
pub async fn set_rates(clients: &Clients) -> Result<(), ClientError> {
    let rate =
        |channel: &str, activity_type: ActivityType, cents_per_touch: i64, cents_per_minute: i64| CostRate {
            channel: channel.to_owned(),
            activity_type: activity_type.into(),
            currency: "EUR".to_owned(),
            per_touch_micros: Some(cents_per_touch * EURO_MICROS / 100),
            per_minute_micros: Some(cents_per_minute * EURO_MICROS / 100),
            effective_from: Some(pbjson_types::Timestamp { seconds: START_S, nanos: 0 }),
        };
    let rates = vec![
        rate("store", ActivityType::Unspecified, 0, 55),
        rate("call_centre", ActivityType::Unspecified, 15, 70),
        rate("email", ActivityType::ServiceContact, 5, 60),
        rate("email", ActivityType::Message, 1, 0),
        rate("web", ActivityType::Visit, 2, 0),
        rate("app", ActivityType::Visit, 2, 0),
        rate("web", ActivityType::Delivery, 450, 0),
        rate("web", ActivityType::Return, 380, 40),
        rate("marketplace", ActivityType::Order, 90, 0),
    ];
    let request = proto::SetCostRatesRequest { request_id: "demo-rates".to_owned(), rates };
    clients.kpis.clone().set_cost_rates(request).await?;
    Ok(())
}

impl Figures {
    /// Asks for all of them at a revision.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn ask(clients: &Clients, revision: i64) -> Result<Self, ClientError> {
        let mut kpis = clients.kpis.clone();
        let two_years = || Some(scope(START_S, revision));
        Ok(Self {
            retention: kpis
                .compute_retention(proto::ComputeRetentionRequest {
                    scope: Some(scope(HALF_YEAR_START_S, revision)),
                    period: Some(proto::PeriodRetentionOptions {
                        window_days: Some(90),
                        ..Default::default()
                    }),
                    ..Default::default()
                })
                .await?
                .into_inner(),
            repurchase: kpis
                .compute_repurchase(proto::ComputeRepurchaseRequest {
                    scope: two_years(),
                    ..Default::default()
                })
                .await?
                .into_inner(),
            nps: kpis
                .compute_nps(proto::ComputeNpsRequest { scope: two_years(), ..Default::default() })
                .await?
                .into_inner(),
            cost: kpis
                .compute_cost_to_serve(proto::ComputeCostToServeRequest {
                    scope: two_years(),
                    ..Default::default()
                })
                .await?
                .into_inner(),
            way: clients
                .figures
                .clone()
                .compute_kpis(proto::ComputeKpisRequest {
                    scope: two_years(),
                    kpi_ids: ALONG_THE_WAY.map(|(id, _)| id.to_owned()).to_vec(),
                    ..Default::default()
                })
                .await?
                .into_inner()
                .kpis,
        })
    }

    /// Prints them side by side with those of the true persons.
    pub fn compare(&self, after: &Self, truth: &Self, paper: &Paper, people: u32) {
        println!("  {}", paper.dim(&format!("{:<40} {:<23} {:<23} truth", "", "before", "after")));
        for (((name, was), (_, is)), (_, truth)) in
            self.lines().into_iter().zip(after.lines()).zip(truth.lines())
        {
            // Of the truth the interval would say nothing.
            let truth = truth.split(" [").next().unwrap_or_default();
            println!("  {name:<40} {was:<23} {} {truth}", paper.bold(&format!("{is:<23}")));
        }
        let revision = |figures: &Self| figures.cost.basis.as_ref().map_or(0, |basis| basis.revision);
        println!(
            "\n  {}\n",
            paper.dim(&format!(
                "95 % intervals in brackets; revisions {} and {}\n  truth: as if all {} persons, cash \
                 buyers too, had always shown who they are",
                revision(self),
                revision(after),
                count(people.into()),
            ))
        );
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let period = self.retention.total.as_ref().and_then(|total| total.period.as_ref());
        let repurchase = self.repurchase.total.as_ref();
        let nps = self.nps.total.as_ref().and_then(|total| total.nps.as_ref());
        let cost = self.cost.total.as_ref();
        let mean = cost.and_then(|c| c.per_customer.as_ref()).and_then(|d| d.mean.as_ref());
        let basis = self.cost.basis.as_ref();
        let mut lines = vec![
            ("customers", count(basis.map_or(0, |b| b.customers))),
            (
                "touchpoints of registered customers",
                percent(basis.and_then(|b| b.identity_coverage.as_ref())),
            ),
            ("retention, 90 days, 2nd half of 2025", percent(period.and_then(|p| p.retention.as_ref()))),
            (
                "customers with two or more orders",
                percent(repurchase.and_then(|r| r.repeat_customers.as_ref())),
            ),
            (
                "second order within 90 days",
                percent(repurchase.and_then(|r| r.second_order_observed.as_ref())),
            ),
            ("NPS", plain(nps.and_then(|n| n.value), nps.and_then(|n| n.interval.as_ref()), 1.0)),
            (
                "cost to serve a customer, EUR",
                plain(mean.and_then(|m| m.value), mean.and_then(|m| m.interval.as_ref()), 0.01),
            ),
            ("cost over net revenue", percent(cost.and_then(|c| c.cost_to_net_revenue.as_ref()))),
        ];
        lines.extend(ALONG_THE_WAY.iter().zip(&self.way).map(|((_, name), answer)| (*name, share(answer))));
        lines
    }
}

fn scope(start_s: i64, revision: i64) -> proto::Scope {
    let instant = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
    proto::Scope {
        range: Some(proto::TimeRange { start: instant(start_s), end: instant(END_S) }),
        // All of the two years is there, though the last touchpoint is hours before their end.
        observed_until: instant(END_S),
        time_zone: "Europe/Berlin".to_owned(),
        at_least_as_fresh: revision,
        ..Default::default()
    }
}

fn share(answer: &proto::KpiFigures) -> String {
    let Some(total) = &answer.total else { return "-".to_owned() };
    percent(Some(&Ratio { value: total.value, interval: total.interval.clone(), ..Ratio::default() }))
}

fn percent(ratio: Option<&Ratio>) -> String {
    let Some(Ratio { value: Some(value), interval, .. }) = ratio else { return "-".to_owned() };
    let within = interval.as_ref().map(|i| format!(" [{:.1}, {:.1}]", 100.0 * i.low, 100.0 * i.high));
    format!("{:.1} %{}", 100.0 * value, within.unwrap_or_default())
}

fn plain(value: Option<f64>, interval: Option<&Interval>, unit: f64) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let within = interval.map(|i| format!(" [{:.2}, {:.2}]", unit * i.low, unit * i.high));
    format!("{:.2}{}", unit * value, within.unwrap_or_default())
}
