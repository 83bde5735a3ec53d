//! Customers over time: value, lifecycle, segments.

use customer360::rpc::proto::{self, LifetimeWarning};
use pbjson_types::Timestamp;
use tonic::Code;

use crate::support::{NOW, Service, order, refused, service, touch, wrong_fields};

/// The 400 days before now.
fn scope() -> Option<proto::Scope> {
    let day = |days_ago: i64| Some(Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: day(400), end: day(0) });
    Some(proto::Scope { range, at_least_as_fresh: 1, ..Default::default() })
}

/// Person n of forty comes back n % 5 times, every 10 + n days, and spends about n euros each time.
async fn shop() -> Service {
    let service = service().await;
    let mut touches = Vec::new();
    for person in 0..40_i64 {
        for nth in 0..=person % 5 {
            let id = format!("{person}-{nth}");
            let days_ago = 390 - person - nth * (10 + person);
            let minor = person * 100 + nth * 50 + 100;
            touches.push(touch(&id, days_ago, &[&format!("ACCOUNT:u{person}")], order(&id, minor)));
        }
    }
    service.record(touches).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_are_fitted_and_their_pages_sum_to_the_total() {
    let service = shop().await;
    let request = proto::ComputeLifetimeRequest { scope: scope(), page_size: 15, ..Default::default() };
    let mut client = service.lifetimes();
    let first = client.compute_lifetime(request.clone()).await.unwrap().into_inner();
    assert_eq!(first.kpi.as_ref().unwrap().id, "lifetime");
    let (fit, total) = (first.fit.clone().unwrap(), first.total.unwrap());
    assert_eq!((fit.customers, fit.repeat_buyers, fit.valued_buyers), (40, 32, 32));
    assert!(fit.warnings().any(|warning| warning == LifetimeWarning::FewRepeatBuyers));
    let purchases = fit.purchases.unwrap();
    assert!(
        [purchases.r, purchases.alpha, purchases.a, purchases.b]
            .iter()
            .all(|parameter| parameter.as_ref().is_some_and(|parameter| parameter.value > 0.0))
    );
    assert!(fit.value.unwrap().q.unwrap().value > 0.0);
    assert_eq!((total.customers, total.orders), (40, 120));
    let historic: i64 = (0..40).flat_map(|n| (0..=n % 5).map(move |nth| n * 100 + nth * 50 + 100)).sum();
    assert_eq!(total.historic_minor, historic);

    let (mut customers, mut token) = (first.customers, first.next_page_token);
    while !token.is_empty() {
        let next = proto::ComputeLifetimeRequest { page_token: token, ..request.clone() };
        let page = client.compute_lifetime(next).await.unwrap().into_inner();
        assert_eq!(page.fit, first.fit, "one fit for all pages");
        customers.extend(page.customers);
        token = page.next_page_token;
    }
    assert_eq!(customers.len(), 40);
    assert_eq!(customers.iter().map(|one| one.historic_minor).sum::<i64>(), historic);
    let alive: f64 = customers.iter().filter_map(|one| one.alive).sum();
    assert!((alive - total.expected_alive.unwrap()).abs() < 1e-9);
    let ids: std::collections::BTreeSet<&str> = customers.iter().map(|c| c.customer_id.as_str()).collect();
    assert_eq!(ids.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_of_lifetimes_are_told_by_field() {
    let service = service().await;
    let mut client = service.lifetimes();
    let request = proto::ComputeLifetimeRequest { horizon_days: 100_000, first: 9, ..Default::default() };
    let status = client.compute_lifetime(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(wrong_fields(&status), ["scope", "first", "horizon_days"]);
    let request = proto::ComputeLifetimeRequest { scope: scope(), page_size: -1, ..Default::default() };
    let status = client.compute_lifetime(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["page_size"]);
}
