//! Orders as things with an id: cancelled, told twice, claimed, and given back by whoever comes. Each
//! story on both databases, with the view and the figures in one tale.

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, CancelledOrders};

use crate::figures::days_ago;
use crate::support::{Service, identifier, of_tenant, order, services, touch, visit};

/// A tenant that no other test and no earlier run has.
fn tenant(story: &str) -> &'static str {
    let name = format!("{story}-{}-{}", std::process::id(), customer360::clock::system()().0);
    Box::leak(name.into_boxed_str())
}

struct Told {
    service: Service,
    tenant: &'static str,
    revision: i64,
}

impl Told {
    async fn record(&mut self, touchpoints: Vec<proto::Touchpoint>) {
        let request =
            of_tenant(self.tenant, proto::RecordTouchpointsRequest { touchpoints, ..Default::default() });
        let answer = self.service.touchpoints().record_touchpoints(request).await.unwrap().into_inner();
        let refused: Vec<_> =
            answer.outcomes.iter().filter(|outcome| !outcome.violations.is_empty()).collect();
        assert!(refused.is_empty(), "{refused:?}");
        self.revision = answer.revision;
    }

    async fn void(&mut self, source_id: &str) {
        let request = proto::VoidTouchpointRequest {
            source: "shop".into(),
            source_id: source_id.into(),
            reason: "wrong".into(),
            ..Default::default()
        };
        let request = of_tenant(self.tenant, request);
        self.revision =
            self.service.touchpoints().void_touchpoint(request).await.unwrap().into_inner().revision;
    }

    /// Figures of the last hundred days in euros, by id.
    async fn figures(
        &self,
        ids: &[&str],
        orders: proto::OrderOptions,
        then: Option<i64>,
    ) -> Vec<Option<f64>> {
        let range = Some(proto::TimeRange { start: days_ago(100), end: days_ago(0) });
        let known = then.map(proto::known_at::At::Revision).map(|at| proto::KnownAt { at: Some(at) });
        let scope = proto::Scope {
            range,
            // A day more, so that the thirty days after the oldest order are over.
            observed_until: days_ago(-1),
            currency: "EUR".into(),
            at_least_as_fresh: if then.is_some() { 0 } else { self.revision },
            as_known_at: known,
            ..Default::default()
        };
        let parameters = Some(proto::KpiParameters { orders: Some(orders), ..Default::default() });
        let request = proto::ComputeKpisRequest {
            scope: Some(scope),
            kpi_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            parameters,
            ..Default::default()
        };
        let request = of_tenant(self.tenant, request);
        let kpis = self.service.figures().compute_kpis(request).await.unwrap().into_inner().kpis;
        kpis.into_iter().map(|kpi| kpi.total.unwrap().value).collect()
    }

    async fn values(&self, ids: &[&str]) -> Vec<f64> {
        let values = self.figures(ids, proto::OrderOptions::default(), None).await;
        values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
    }

    /// Orders, gross, returned and net of the view, in euro cents.
    async fn view(&self, who: &str) -> [i64; 4] {
        let customer = Some(proto::CustomerRef { by: Some(By::Identifier(identifier(who))) });
        let request = proto::GetCustomerRequest { customer, ..Default::default() };
        let request = of_tenant(self.tenant, request);
        let customer = self.service.customers().get_customer(request).await.unwrap().into_inner();
        let revenue =
            customer.customer.unwrap().summary.unwrap().revenue.into_iter().next().unwrap_or_default();
        [revenue.orders, revenue.gross_minor, revenue.returned_minor, revenue.net_minor]
    }
}

async fn told(story: &str) -> Vec<(&'static str, Told)> {
    let services = services().await.into_iter();
    services.map(|(name, service)| (name, Told { service, tenant: tenant(story), revision: 0 })).collect()
}

fn euros(minor: i64) -> Option<proto::Money> {
    Some(proto::Money { minor: Some(minor), currency: "EUR".into() })
}

fn back(return_id: &str, order_id: &str, minor: i64) -> Activity {
    Activity::Return(proto::Return {
        return_id: return_id.into(),
        order_id: order_id.into(),
        amount: euros(minor),
        ..Default::default()
    })
}

fn cancelled(order_id: &str, minor: Option<i64>) -> Activity {
    Activity::Cancellation(proto::Cancellation { order_id: order_id.into(), amount: minor.and_then(euros) })
}

const ANN: &[&str] = &["EMAIL:ann@x.io"];
const BOB: &[&str] = &["EMAIL:bob@x.io"];

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_is_none() {
    for (name, mut told) in told("cancelled").await {
        told.record(vec![
            touch("1", 30, ANN, visit()),
            touch("2", 30, ANN, order("O1", 10_000)),
            touch("3", 20, ANN, cancelled("O1", Some(10_000))),
            touch("4", 30, BOB, order("O2", 5_000)),
            touch("5", 20, BOB, order("O3", 6_000)),
        ])
        .await;
        let before = told.revision;
        // Half of it first, then the rest, by nobody.
        told.record(vec![touch("6", 18, &[], cancelled("O3", Some(3_000)))]).await;
        let ids = ["revenue", "buyers", "average_order_value", "historic_value", "receipts"];
        assert_eq!(told.values(&ids).await, [8_000.0, 1.0, 4_000.0, 8_000.0, 2.0], "{name}");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [2, 8_000, 0, 8_000], "{name}");
        told.record(vec![touch("7", 17, &[], cancelled("O3", None))]).await;
        assert_eq!(told.values(&ids).await, [5_000.0, 1.0, 5_000.0, 5_000.0, 1.0], "{name}");
        assert_eq!(told.view("EMAIL:ann@x.io").await, [0, 0, 0, 0], "{name}");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [1, 5_000, 0, 5_000], "{name}");
        let count =
            proto::OrderOptions { cancelled_orders: CancelledOrders::Count.into(), ..Default::default() };
        let counted = told.figures(&["revenue", "buyers"], count, None).await;
        assert_eq!(counted, [Some(21_000.0), Some(2.0)], "{name}");
        let then = told.figures(&["revenue", "buyers"], proto::OrderOptions::default(), Some(before)).await;
        assert_eq!(then, [Some(11_000.0), Some(1.0)], "{name}: what was known before");
        told.void("6").await;
        told.void("7").await;
        assert_eq!(told.values(&ids[..2]).await, [11_000.0, 1.0], "{name}: what is void was not cancelled");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [2, 11_000, 0, 11_000], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_off_the_order_whoever_brings_it() {
    for (name, mut told) in told("back").await {
        let ids = ["returned_orders", "returned_value", "return_days", "historic_value"];
        // The refund is there before its order.
        told.record(vec![touch("1", 26, &[], back("R1", "O1", 10_000))]).await;
        told.record(vec![touch("2", 30, ANN, order("O1", 10_000)), touch("3", 30, BOB, order("O2", 5_000))])
            .await;
        let third = 10_000.0 / 15_000.0;
        assert_eq!(told.values(&ids).await, [0.5, third, 4.0, 5_000.0], "{name}");
        assert_eq!(told.view("EMAIL:ann@x.io").await, [1, 10_000, 10_000, 0], "{name}");
        let then = told.revision;
        // Somebody else brings what Bob bought; the same return again; and one of an order of before.
        told.record(vec![
            touch("4", 20, ANN, back("R2", "O2", 2_000)),
            touch("5", 19, BOB, back("R2", "O2", 2_000)),
            touch("6", 18, BOB, back("R3", "OLD", 4_000)),
        ])
        .await;
        assert_eq!(told.view("EMAIL:ann@x.io").await, [1, 10_000, 10_000, 0], "{name}");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [1, 5_000, 2_000, 3_000], "{name}");
        let value = 12_000.0 / 15_000.0;
        assert_eq!(told.values(&ids[..2]).await, [1.0, value], "{name}");
        assert_eq!(told.values(&["historic_value"]).await, [3_000.0], "{name}");
        let known = told.figures(&ids[..2], proto::OrderOptions::default(), Some(then)).await;
        assert_eq!(known, [Some(0.5), Some(third)], "{name}");
        // What is refunded of a cancelled order counts above its amount only.
        told.record(vec![touch("7", 10, ANN, cancelled("O1", None))]).await;
        assert_eq!(told.view("EMAIL:ann@x.io").await, [0, 0, 0, 0], "{name}");
        assert_eq!(told.values(&["historic_value", "returned_orders"]).await, [3_000.0, 1.0], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_told_twice_is_there_once_and_a_receipt_can_be_claimed() {
    for (name, mut told) in told("twice").await {
        let ids = ["revenue", "buyers"];
        told.record(vec![touch("b", 29, BOB, order("O1", 9_000))]).await;
        told.record(vec![touch("a", 30, ANN, order("O1", 10_000)), touch("c", 29, ANN, order("O1", 9_500))])
            .await;
        assert_eq!(told.values(&ids).await, [10_000.0, 1.0], "{name}: the first speaks, told later");
        assert_eq!(told.view("EMAIL:ann@x.io").await, [1, 10_000, 0, 10_000], "{name}");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [0, 0, 0, 0], "{name}");
        told.void("a").await;
        assert_eq!(told.values(&ids).await, [9_000.0, 1.0], "{name}: then the next");
        assert_eq!(told.view("EMAIL:ann@x.io").await, [0, 0, 0, 0], "{name}");
        assert_eq!(told.view("EMAIL:bob@x.io").await, [1, 9_000, 0, 9_000], "{name}");
        // A receipt of nobody.
        told.record(vec![touch("d", 20, &[], order("TILL-17", 5_000))]).await;
        let unclaimed = told.values(&["buyers"]).await;
        told.record(vec![touch("e", 18, &["LOYALTY_CARD:7"], order("TILL-17", 5_000))]).await;
        assert_eq!(unclaimed, [1.0], "{name}");
        assert_eq!(told.values(&["buyers"]).await, [2.0], "{name}");
        assert_eq!(told.view("LOYALTY_CARD:7").await, [1, 5_000, 0, 5_000], "{name}");
        told.void("e").await;
        assert_eq!(told.values(&["buyers"]).await, unclaimed, "{name}: nobody's again");
    }
}
