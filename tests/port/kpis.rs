//! How are we doing?

use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, ActivityType};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    NOW, Service, identifier, of_tenant, order, refused, service, touch, visit, wrong_fields,
};

fn days_ago(days: i64) -> Option<pbjson_types::Timestamp> {
    Some(pbjson_types::Timestamp { seconds: NOW - days * 86_400, nanos: 0 })
}

/// The sixty days before now.
fn scope(at_least_as_fresh: i64) -> Option<proto::Scope> {
    let range = Some(proto::TimeRange { start: days_ago(60), end: days_ago(0) });
    Some(proto::Scope { range, at_least_as_fresh, ..Default::default() })
}

fn score(score: u32) -> Activity {
    Activity::SurveyAnswer(proto::SurveyAnswer { kind: 1, score: Some(score), ..Default::default() })
}

/// Three buyers: u1 twice, c1 and u2 once each. Returns the revision.
async fn three_buyers(service: &Service) -> i64 {
    let touchpoints = vec![
        touch("1", 40, &["ACCOUNT:u1"], order("A-1", 1_000)),
        touch("2", 10, &["ACCOUNT:u1"], order("A-2", 500)),
        touch("3", 30, &["COOKIE:c1"], order("A-3", 200)),
        touch("4", 20, &["ACCOUNT:u2"], order("A-4", 100)),
        touch("5", 5, &["ACCOUNT:u1"], score(9)),
        touch("6", 5, &[], score(3)),
    ];
    service.record(touchpoints).await.revision
}

async fn repurchase(service: &Service, at_least: i64) -> proto::ComputeRepurchaseResponse {
    let request = proto::ComputeRepurchaseRequest {
        scope: scope(at_least),
        window: Some(proto::Window { days: Some(30), kind: 0 }),
        ..Default::default()
    };
    service.kpis().compute_repurchase(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn repurchase_is_restated_when_identities_merge() {
    let service = service().await;
    let revision = three_buyers(&service).await;
    let before = repurchase(&service, revision).await;
    let total = before.total.unwrap();
    let repeat = total.repeat_customers.clone().unwrap();
    assert_eq!((repeat.numerator, repeat.denominator), (1.0, 3.0));
    assert_eq!(repeat.value, Some(1.0 / 3.0));
    assert_eq!(repeat.interval.unwrap().method, "wilson");
    assert_eq!(
        total.second_order_all.as_ref().unwrap().numerator,
        1.0,
        "thirty days later is within thirty days"
    );
    let basis = before.basis.unwrap();
    assert_eq!((basis.revision, basis.customers, basis.touchpoints), (revision, 3, 4));

    assert_eq!(repurchase(&service, revision).await.total, Some(total), "asked again, answered again");

    let merged = service.record(vec![touch("7", 1, &["COOKIE:c1", "ACCOUNT:u2"], visit())]).await;
    let after = repurchase(&service, merged.revision).await;
    let repeat = after.total.unwrap().repeat_customers.unwrap();
    assert_eq!((repeat.numerator, repeat.denominator), (2.0, 2.0));
    assert_eq!(after.kpi.unwrap().id, "repurchase");

    let request = proto::ComputeRepurchaseRequest { scope: scope(merged.revision + 1), ..Default::default() };
    let status = service.kpis().compute_repurchase(request).await.unwrap_err();
    refused(&status, Code::Unavailable, "NOT_FRESH_YET");
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_count_the_unidentified_and_groups_sum_to_the_total() {
    let service = service().await;
    let revision = three_buyers(&service).await;
    let group_by =
        proto::GroupBy { dimension: proto::GroupDimension::CustomerKind.into(), ..Default::default() };
    let request =
        proto::ComputeNpsRequest { scope: scope(revision), group_by: Some(group_by), ..Default::default() };
    let answer = service.kpis().compute_nps(request).await.unwrap().into_inner();
    let nps = answer.total.unwrap().nps.unwrap();
    assert_eq!((nps.promoters, nps.passives, nps.detractors, nps.answers), (1, 0, 1, 2));
    assert_eq!(nps.value, Some(0.0));
    assert_eq!(nps.interval.unwrap().method, "adjusted_wald");
    let of_groups = |count: fn(&proto::NetPromoterScore) -> i64| -> i64 {
        let results = answer.groups.iter().filter_map(|group| group.result.as_ref()?.nps.as_ref());
        results.map(count).sum()
    };
    assert_eq!((of_groups(|nps| nps.promoters), of_groups(|nps| nps.detractors)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_answers_both_forms_unless_one_is_asked_for() {
    let service = service().await;
    let revision = three_buyers(&service).await;
    let request = proto::ComputeRetentionRequest { scope: scope(revision), ..Default::default() };
    let both = service.kpis().compute_retention(request.clone()).await.unwrap().into_inner();
    let total = both.total.unwrap();
    assert!(total.period.is_some());
    let rows = total.triangle.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.size).sum::<i64>(), 3, "each first-time buyer in one cohort");
    let period = proto::PeriodRetentionOptions {
        window_days: Some(30),
        activity_types: vec![ActivityType::Order.into(), ActivityType::Visit.into()],
        overlapping: true,
    };
    // The window before the start holds the orders of the fortieth and the thirtieth day.
    let scope = Some(proto::Scope {
        range: Some(proto::TimeRange { start: days_ago(20), end: days_ago(0) }),
        observed_until: days_ago(0),
        ..scope(0).unwrap()
    });
    let request = proto::ComputeRetentionRequest { scope, period: Some(period), ..Default::default() };
    let one = service.kpis().compute_retention(request).await.unwrap().into_inner().total.unwrap();
    assert!(one.triangle.is_none());
    let period = one.period.unwrap();
    let retention = period.retention.unwrap();
    assert_eq!((retention.numerator, retention.denominator), (2.0, 2.0));
    assert_eq!(period.churn.unwrap().value, Some(0.0));
}

fn rate(channel: &str, per_touch_micros: i64) -> proto::CostRate {
    proto::CostRate {
        channel: channel.into(),
        currency: "EUR".into(),
        per_touch_micros: Some(per_touch_micros),
        per_minute_micros: Some(0),
        // 2026-01-01T00:00:00Z
        effective_from: Some(pbjson_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
        ..Default::default()
    }
}

fn set(request_id: &str, rates: Vec<proto::CostRate>) -> proto::SetCostRatesRequest {
    proto::SetCostRatesRequest { request_id: request_id.into(), rates }
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_to_serve_follows_rates_and_capacity() {
    let service = service().await;
    three_buyers(&service).await;
    let mut kpis = service.kpis();
    let rates = vec![rate("web", 250_000)];
    let first = kpis.set_cost_rates(set("r-1", rates.clone())).await.unwrap().into_inner();
    let again = kpis.set_cost_rates(set("r-1", rates.clone())).await.unwrap().into_inner();
    assert_eq!(first, again, "sent twice is sent once");
    let status = kpis.set_cost_rates(set("r-1", vec![rate("web", 1)])).await.unwrap_err();
    refused(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
    let asked = proto::GetCostRatesRequest { at_least_as_fresh: first.revision };
    let got = kpis.get_cost_rates(asked).await.unwrap().into_inner();
    assert_eq!((got.rates, got.revision), (rates, first.revision));

    let capacity = proto::Capacity {
        channel: "web".into(),
        interval: scope(0).unwrap().range,
        cost: Some(proto::Money { minor: Some(10_000), currency: "EUR".into() }),
        practical_minutes: Some(100),
    };
    let request = proto::SetCapacityRequest { request_id: "c-1".into(), capacities: vec![capacity.clone()] };
    let revision = kpis.set_capacity(request).await.unwrap().into_inner().revision;
    let got = kpis.get_capacity(proto::GetCapacityRequest::default()).await.unwrap().into_inner();
    assert_eq!(got.capacities, [capacity]);

    // All of the capacity's interval, and not only until the last touchpoint.
    let observed = scope(revision).map(|scope| proto::Scope { observed_until: days_ago(0), ..scope });
    let request = proto::ComputeCostToServeRequest { scope: observed, ..Default::default() };
    let answer = kpis.compute_cost_to_serve(request).await.unwrap().into_inner();
    assert_eq!(answer.currency, "EUR");
    let total = answer.total.unwrap();
    let cost = total.total.unwrap();
    assert_eq!((cost.micros, cost.minor), (1_250_000, 125.0), "five touchpoints of somebody");
    assert_eq!(total.unidentified.unwrap().micros, 250_000);
    assert_eq!(total.by_phase.iter().map(|by| by.cost.as_ref().unwrap().micros).sum::<i64>(), 1_250_000);
    let quotient = total.cost_to_net_revenue.unwrap();
    assert_eq!((quotient.numerator, quotient.denominator), (125.0, 1_800.0));
    let used = &answer.capacity[0];
    assert_eq!(used.utilization.as_ref().unwrap().value, Some(0.0));
    assert_eq!(used.unused_cost.as_ref().unwrap().minor, 10_000.0);

    let by = proto::customer_ref::By::Identifier(identifier("ACCOUNT:u1"));
    let summary = service.customer(by).await.unwrap().summary.unwrap();
    assert_eq!(summary.cost_to_serve[0].micros, 750_000, "three of them are u1's");

    kpis.set_cost_rates(set("r-2", vec![rate("web", 500_000)])).await.unwrap();
    let request = proto::ComputeCostToServeRequest { scope: scope(revision), ..Default::default() };
    let answer = kpis.compute_cost_to_serve(request).await.unwrap().into_inner();
    assert_eq!(answer.total.unwrap().total.unwrap().micros, 2_500_000, "by the new rates, at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rates_and_capacities_are_told_by_field() {
    let service = service().await;
    let mut wrong = rate("Web", -1);
    wrong.currency = "euro".into();
    wrong.effective_from.as_mut().unwrap().seconds += 1;
    wrong.activity_type = 99;
    let request = set("r", vec![wrong, rate("web", 1), rate("web", 2)]);
    let status = service.kpis().set_cost_rates(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let expected = ["per_touch_micros", "activity_type", "effective_from", "channel", "currency"];
    let mut expected: Vec<String> = expected.iter().map(|field| format!("rates[0].{field}")).collect();
    expected.push("rates[2]".into());
    assert_eq!(wrong_fields(&status), expected);
    let status = service.kpis().set_cost_rates(set("", vec![rate("web", 1)])).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["request_id"]);
    let capacities = vec![proto::Capacity { practical_minutes: Some(-1), ..Default::default() }];
    let request = proto::SetCapacityRequest { request_id: "c".into(), capacities };
    let status = service.kpis().set_capacity(request).await.unwrap_err();
    let expected = ["interval", "practical_minutes", "channel", "cost"].map(|f| format!("capacities[0].{f}"));
    assert_eq!(wrong_fields(&status), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_told_by_field() {
    let service = service().await;
    three_buyers(&service).await;
    let status = service.kpis().compute_nps(proto::ComputeNpsRequest::default()).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(wrong_fields(&status), ["scope"]);
    let wrong = proto::Scope {
        range: Some(proto::TimeRange { start: days_ago(0), end: days_ago(1) }),
        time_zone: "Mars/Olympus".into(),
        channels: vec!["web".into(), "Store".into()],
        currency: "eur".into(),
        segment: Some(proto::Segment::default()),
        ..Default::default()
    };
    let request = proto::ComputeRetentionRequest {
        scope: Some(wrong),
        group_by: Some(proto::GroupBy {
            dimension: proto::GroupDimension::Trait.into(),
            ..Default::default()
        }),
        triangle: Some(proto::CohortTriangleOptions {
            mode: proto::CohortMode::Brackets.into(),
            bracket_starts: vec![2, 1],
            periods: Some(401),
            ..Default::default()
        }),
        ..Default::default()
    };
    let status = service.kpis().compute_retention(request).await.unwrap_err();
    let expected = [
        "scope.channels[1]",
        "scope.range",
        "scope.time_zone",
        "scope.segment.trait",
        "scope.segment.value",
        "scope.currency",
        "group_by.trait",
        "triangle.periods",
        "triangle.bracket_starts",
    ];
    assert_eq!(wrong_fields(&status), expected);

    service
        .record(vec![touch(
            "9",
            3,
            &["ACCOUNT:u9"],
            Activity::Order(proto::Order {
                order_id: "A-9".into(),
                amount: Some(proto::Money { minor: Some(5), currency: "GBP".into() }),
                ..Default::default()
            }),
        )])
        .await;
    let orders = Some(proto::OrderOptions { min_amount_minor: 10, ..Default::default() });
    let request = proto::ComputeRepurchaseRequest { scope: scope(2), orders, ..Default::default() };
    let status = service.kpis().compute_repurchase(request).await.unwrap_err();
    refused(&status, Code::FailedPrecondition, "CURRENCY_REQUIRED");
    assert!(status.get_error_details().bad_request().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nothing_there_is_no_value_and_a_reason() {
    let service = service().await;
    let request = proto::ComputeRepurchaseRequest { scope: scope(0), ..Default::default() };
    let answer = service.kpis().compute_repurchase(of_tenant("nobody", request)).await.unwrap().into_inner();
    let repeat = answer.total.unwrap().repeat_customers.unwrap();
    assert_eq!((repeat.value, repeat.absent_reason()), (None, proto::AbsentReason::EmptyDenominator));
    let kpis = service.kpis().list_kpis(proto::ListKpisRequest {}).await.unwrap().into_inner().kpis;
    let ids: Vec<String> = kpis.iter().map(|kpi| kpi.kpi.as_ref().unwrap().id.clone()).collect();
    for id in ["retention", "repurchase", "nps", "cost_to_serve", "ropo", "funnel"] {
        assert!(ids.iter().any(|known| known == id), "{id}");
    }
    assert!(kpis.iter().all(|kpi| !kpi.definition.is_empty() && !kpi.title.is_empty()));
}
