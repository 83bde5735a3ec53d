//! Why did a number move? The parts lead from the one answer to the other.

use customer360::rpc::proto::known_at::At;
use customer360::rpc::proto::reconciliation_service_client::ReconciliationServiceClient;
use customer360::rpc::proto::{self, ReconciliationCause as Cause};
use tonic::Code;

use crate::support::{NOW, Service, order, refused, service, touch, visit, wrong_fields};

fn revision(at: i64) -> Option<proto::KnownAt> {
    Some(proto::KnownAt { at: Some(At::Revision(at)) })
}

fn scope() -> Option<proto::Scope> {
    let day = |days_ago: i64| Some(pbjson_types::Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: day(100), end: day(0) });
    Some(proto::Scope { range, currency: "EUR".into(), ..Default::default() })
}

async fn reconcile(service: &Service, from: i64, until: Option<i64>) -> proto::ReconcileKpisResponse {
    let request = proto::ReconcileKpisRequest {
        scope: scope(),
        from: revision(from),
        until: until.and_then(revision),
        ..Default::default()
    };
    let mut client = ReconciliationServiceClient::new(service.channel.clone());
    client.reconcile_kpis(request).await.unwrap().into_inner()
}

/// Every KPI that is one number, as known at a revision.
async fn figures(service: &Service, at: i64) -> Vec<(Option<proto::KpiRef>, proto::ReconciledFigure)> {
    let scope = scope().map(|scope| proto::Scope { as_known_at: revision(at), ..scope });
    let request = proto::ComputeKpisRequest { scope, ..Default::default() };
    let mut client = proto::figure_service_client::FigureServiceClient::new(service.channel.clone());
    let answer = client.compute_kpis(request).await.unwrap().into_inner();
    let figure = |total: proto::Figure| proto::ReconciledFigure {
        value: total.value,
        numerator: total.numerator,
        denominator: total.denominator,
        customers: total.customers,
    };
    answer.kpis.into_iter().map(|kpi| (kpi.kpi, figure(kpi.total.unwrap()))).collect()
}

/// Each revision of a story, told apart from each later one: parts chain, changes sum, and both
/// ends are what is answered of the revisions themselves.
async fn assert_chains(service: &Service, last: i64) {
    for from in 0..last {
        for until in from..=last {
            let told = reconcile(service, from, Some(until)).await;
            let (before, after) = (figures(service, from).await, figures(service, until).await);
            assert_eq!((told.kpis.len(), told.from_revision), (before.len(), from));
            assert!(told.kpis.len() > 10);
            for ((kpi, before), after) in told.kpis.iter().zip(before).zip(after) {
                let id = &kpi.kpi.as_ref().unwrap().id;
                assert_eq!((&kpi.kpi, kpi.before.as_ref()), (&before.0, Some(&before.1)), "{id}");
                assert_eq!(kpi.after.as_ref(), Some(&after.1), "{id}, {from} to {until}");
                assert_eq!(kpi.parts.len(), 10);
                let last = kpi.parts.last().unwrap();
                assert_eq!(last.after, kpi.after, "{id}: the last part ends where the KPI does");
                let numerator: f64 = kpi.parts.iter().map(|part| part.numerator_change).sum();
                let expected = after.1.numerator - before.1.numerator;
                assert!((numerator - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{id}");
                let mut value = before.1.value;
                for part in &kpi.parts {
                    let now = part.after.as_ref().unwrap().value;
                    assert_eq!(part.value_change, now.zip(value).map(|(now, was)| now - was), "{id}");
                    value = now;
                }
            }
        }
    }
}

fn moved(told: &proto::ReconcileKpisResponse, id: &str) -> Vec<Cause> {
    let kpi = told.kpis.iter().find(|kpi| kpi.kpi.as_ref().unwrap().id == id).unwrap();
    let mut was = kpi.before;
    let mut causes = Vec::new();
    for part in &kpi.parts {
        if part.after != was {
            causes.push(part.cause());
        }
        was = part.after;
    }
    causes
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_lead_from_one_answer_to_the_other() {
    let service = service().await;
    // 1: two customers, of whom each bought once.
    service
        .record(vec![
            touch("1", 40, &["COOKIE:c1"], order("o1", 1_000)),
            touch("2", 30, &["ACCOUNT:u1"], order("o2", 3_000)),
        ])
        .await;
    // 2: they turn out to be one, who bought twice.
    service.record(vec![touch("3", 20, &["COOKIE:c1", "ACCOUNT:u1"], visit())]).await;
    // 3: an order that had happened before comes late.
    service.record(vec![touch("4", 35, &["ACCOUNT:u2"], order("o4", 500))]).await;
    // 4: the login was somebody else's, which takes the merge back.
    let void = proto::VoidTouchpointRequest {
        source: "shop".into(),
        source_id: "3".into(),
        reason: "another's login".into(),
        ..Default::default()
    };
    service.touchpoints().void_touchpoint(void).await.unwrap();
    // 5: a rate.
    let rate = proto::CostRate {
        channel: "web".into(),
        currency: "EUR".into(),
        per_touch_micros: Some(120_000),
        effective_from: Some(pbjson_types::Timestamp::default()),
        ..Default::default()
    };
    let rates = proto::SetCostRatesRequest { request_id: "r-1".into(), rates: vec![rate] };
    service.kpis().set_cost_rates(rates).await.unwrap();
    assert_chains(&service, 5).await;

    assert_eq!(moved(&reconcile(&service, 1, Some(2)).await, "repurchase"), [Cause::Merges]);
    assert_eq!(moved(&reconcile(&service, 2, Some(3)).await, "repurchase"), [Cause::LateTouchpoints]);
    assert_eq!(moved(&reconcile(&service, 3, Some(4)).await, "repurchase"), [Cause::Splits]);
    assert_eq!(moved(&reconcile(&service, 1, Some(4)).await, "repurchase"), [Cause::LateTouchpoints]);
    let told = reconcile(&service, 4, None).await;
    assert_eq!((moved(&told, "cost_to_serve"), told.until_revision), (vec![Cause::Rates], 5));

    let mut client = ReconciliationServiceClient::new(service.channel.clone());
    for (from, until, path) in [(None, None, "from"), (revision(3), revision(2), "from")] {
        let request = proto::ReconcileKpisRequest { scope: scope(), from, until, ..Default::default() };
        let status = client.reconcile_kpis(request).await.unwrap_err();
        refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
        assert_eq!(wrong_fields(&status), [path]);
    }
}
