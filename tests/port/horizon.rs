//! What was not observed is not answered: the horizon, open anchors, comparisons that are observed alike.

use customer360::rpc::proto;

use crate::figures::days_ago;
use crate::support::{NOW, Service, order, service, touch, visit};

fn scope(from: i64, until: i64) -> Option<proto::Scope> {
    let range = Some(proto::TimeRange { start: days_ago(from), end: days_ago(until) });
    Some(proto::Scope { range, currency: "EUR".into(), ..Default::default() })
}

async fn figure(service: &Service, scope: Option<proto::Scope>, id: &str) -> proto::KpiFigures {
    let request = proto::ComputeKpisRequest { scope, kpi_ids: vec![id.into()], ..Default::default() };
    service.figures().compute_kpis(request).await.unwrap().into_inner().kpis.remove(0)
}

/// A visitor of a month ago bought, one of this week bought too, one of this week did not: the week is not decided.
#[tokio::test(flavor = "multi_thread")]
async fn the_latest_touchpoint_is_how_far_shares_look() {
    let service = service().await;
    let recorded = service
        .record(vec![
            touch("1", 30, &["ACCOUNT:a"], visit()),
            touch("2", 29, &["ACCOUNT:a"], order("o1", 100)),
            touch("3", 20, &["ACCOUNT:d"], visit()),
            touch("4", 3, &["ACCOUNT:b"], visit()),
            touch("5", 2, &["ACCOUNT:b"], order("o2", 100)),
            touch("6", 1, &["ACCOUNT:c"], visit()),
        ])
        .await;
    assert_eq!(recorded.outcomes.len(), 6);
    let answer = figure(&service, scope(40, -30), "conversion").await;
    let basis = answer.basis.unwrap();
    let horizon = pbjson_types::Timestamp { seconds: NOW - 86_400, nanos: 1_000 };
    assert_eq!((basis.observed_until, basis.observed_from), (Some(horizon), days_ago(30)));
    assert!(basis.open, "the range ends in the future");
    assert_eq!((basis.sources.len(), basis.sources[0].latest), (1, days_ago(1)));
    let total = answer.total.unwrap();
    assert_eq!((total.numerator, total.denominator, total.open), (1.0, Some(2.0), 2));
    let so_far = total.so_far.unwrap();
    assert_eq!((so_far.numerator, so_far.denominator), (2.0, Some(4.0)));
    // The last day of the range, and W days after it.
    assert_eq!(total.known_at, days_ago(-37));
    let week = figure(&service, scope(5, 1), "conversion").await.total.unwrap();
    assert_eq!((week.value, week.open), (None, 1));
    assert_eq!(week.absent_reason(), proto::AbsentReason::NotObservedLongEnough);
    assert_eq!(week.so_far.unwrap().value, Some(1.0));
}

/// Void the latest touchpoint and the horizon goes back to the one before.
#[tokio::test(flavor = "multi_thread")]
async fn a_void_takes_the_horizon_back() {
    let service = service().await;
    service
        .record(vec![touch("1", 9, &["ACCOUNT:a"], visit()), touch("2", 2, &["ACCOUNT:a"], visit())])
        .await;
    let horizon = |kpi: proto::KpiFigures| kpi.basis.unwrap().observed_until.unwrap().seconds;
    assert_eq!(horizon(figure(&service, scope(30, 0), "visits").await), NOW - 2 * 86_400);
    let (source, source_id) = ("shop".to_owned(), "2".to_owned());
    let void =
        proto::VoidTouchpointRequest { source, source_id, reason: "a test".into(), ..Default::default() };
    let revision = service.touchpoints().void_touchpoint(void).await.unwrap().into_inner().revision;
    let mut asked = scope(30, 0);
    asked.as_mut().unwrap().at_least_as_fresh = revision;
    assert_eq!(horizon(figure(&service, asked, "visits").await), NOW - 9 * 86_400);
}

/// One order a day, nothing changed: a month that is not over is compared with as many days of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_month_is_compared_with_as_much_of_the_one_before() {
    let service = service().await;
    // 2026-06-01 is now: April and nine days of May.
    let orders =
        (23..62).map(|days| touch(&days.to_string(), days, &["ACCOUNT:a"], order(&days.to_string(), 100)));
    service.record(orders.collect()).await;
    let request = proto::ComputeKpisRequest {
        scope: scope(31, 0),
        kpi_ids: vec!["receipts".into()],
        comparison: proto::Comparison::PreviousPeriod as i32,
        ..Default::default()
    };
    let kpi = service.figures().compute_kpis(request).await.unwrap().into_inner().kpis.remove(0);
    let change = kpi.change.unwrap();
    assert_eq!((kpi.total.unwrap().numerator, change.before.unwrap().numerator), (9.0, 9.0));
    assert_eq!((change.difference, change.days, change.days_before), (Some(0.0), 9, 9));
    // By fortnights of the whole: the future is absent, the running one is partial.
    let request = proto::ComputeKpisRequest {
        scope: scope(62, -20),
        kpi_ids: vec!["receipts".into()],
        granularity: proto::Granularity::Week as i32,
        granularity_count: 2,
        ..Default::default()
    };
    let kpi = service.figures().compute_kpis(request).await.unwrap().into_inner().kpis.remove(0);
    let last = kpi.series.last().unwrap();
    assert_eq!(last.figure.as_ref().unwrap().absent_reason(), proto::AbsentReason::NotObserved);
    assert!(last.partial);
    let told: f64 = kpi.series.iter().filter_map(|point| point.figure.as_ref()?.value).sum();
    assert_eq!(told, 39.0);
}
