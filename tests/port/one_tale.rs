//! One number, one tale: alone, by groups, under a filter, in its parts and in its shape.

use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, ExclusionReason, GroupDimension};

use crate::figures::{days_ago, scope};
use crate::support::{Service, order, service, touch, visit};

async fn figures(
    service: &Service,
    scope: proto::Scope,
    ids: &[&str],
    by: Option<GroupDimension>,
) -> Vec<proto::KpiFigures> {
    let group_by = by.map(|by| proto::GroupBy { dimension: by.into(), ..Default::default() });
    let request = proto::ComputeKpisRequest {
        scope: Some(scope),
        kpi_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        group_by: group_by.into_iter().collect(),
        ..Default::default()
    };
    service.figures().compute_kpis(request).await.unwrap().into_inner().kpis
}

async fn total(service: &Service, id: &str) -> proto::KpiFigures {
    figures(service, scope().unwrap(), &[id], None).await.remove(0)
}

fn back(id: &str, of: &str, minor: i64, currency: &str) -> Activity {
    let amount = Some(proto::Money { minor: Some(minor), currency: currency.into() });
    let (return_id, order_id) = (id.into(), of.into());
    Activity::Return(proto::Return { return_id, order_id, amount, ..Default::default() })
}

fn nps(score: u32) -> Activity {
    let kind = proto::SurveyKind::Nps.into();
    Activity::SurveyAnswer(proto::SurveyAnswer { kind, score: Some(score), ..Default::default() })
}

/// A visit on the web, the next day an order in the store: the web helped, by group and by filter.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_says_what_the_group_says() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    let store = proto::Touchpoint { channel: "store".into(), ..touch("2", 19, who, order("o", 100)) };
    service.record(vec![touch("1", 20, who, visit()), store]).await;
    let ids = ["credited_sales", "assisted_sales", "integration_index", "visitor_conversion", "sales"];
    let grouped = figures(&service, scope().unwrap(), &ids, Some(GroupDimension::Channel)).await;
    for channel in ["web", "store"] {
        let filter = proto::Scope { channels: vec![channel.into()], ..scope().unwrap() };
        let filtered = figures(&service, filter, &ids, None).await;
        for (grouped, filtered) in grouped.iter().zip(filtered) {
            let id = &grouped.kpi.as_ref().unwrap().id;
            let its = grouped.groups.iter().find(|group| group.keys[0].value() == channel);
            let filtered = filtered.total.unwrap();
            match its.and_then(|group| group.figure.clone()) {
                Some(figure) => assert_eq!(figure, filtered, "{id} by {channel}"),
                None => assert_eq!((filtered.anchors, filtered.numerator), (0, 0.0), "{id} by {channel}"),
            }
        }
    }
    let credited = grouped[0].groups.iter().find(|group| group.keys[0].value() == "web").unwrap();
    assert_eq!(credited.figure.as_ref().unwrap().value, Some(100.0));
}

/// Two visits of one account are one visitor, and its part is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_counts_once_has_a_part_of_one() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    let like = proto::SocialEngagement { kind: 1, network: "n".into(), ..Default::default() };
    service
        .record(vec![
            touch("1", 20, who, visit()),
            touch("2", 19, who, visit()),
            touch("3", 18, who, order("a", 100)),
            touch("4", 17, who, order("b", 100)),
            touch("5", 16, who, Activity::SocialEngagement(like.clone())),
            touch("6", 15, who, Activity::SocialEngagement(like)),
        ])
        .await;
    for id in ["visitors", "buyers", "active_customers", "engaged_customers", "cost_to_serve"] {
        let request = proto::ExplainKpiRequest { scope: scope(), kpi_id: id.into(), ..Default::default() };
        let answer = service.figures().explain_kpi(request).await.unwrap().into_inner();
        let figure = answer.figure.unwrap();
        let parts: f64 = answer.customers.iter().map(|customer| customer.numerator).sum();
        assert_eq!(parts, figure.numerator, "{id}");
        if let Some(denominator) = figure.denominator {
            let wholes: f64 = answer.customers.iter().map(|customer| customer.denominator).sum();
            assert_eq!((wholes, denominator), (1.0, 1.0), "{id}");
        }
    }
}

/// What cannot be converted is left out, and told.
#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_cannot_be_converted_is_counted() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    let dollars = |minor| Some(proto::Money { minor: Some(minor), currency: "USD".into() });
    let line = proto::Line { quantity: Some(1.0), unit_price: dollars(100), ..Default::default() };
    let mut bought = order("a", 1_000);
    if let Activity::Order(order) = &mut bought {
        order.lines = vec![line];
    }
    let cart = proto::Cart { cart_id: "c".into(), value: dollars(500), ..Default::default() };
    service
        .record(vec![
            touch("1", 20, who, bought),
            touch("2", 19, who, back("r", "a", 1_000, "USD")),
            touch("3", 10, who, Activity::CartUpdated(cart)),
        ])
        .await;
    let ids =
        ["returned_value", "abandoned_cart_value", "line_revenue", "average_unit_price", "discount_share"];
    for id in ids.into_iter().chain(["net_sales", "historic_value"]) {
        let excluded = total(&service, id).await.basis.unwrap().excluded;
        let reason = i32::from(ExclusionReason::OtherCurrency);
        let other = excluded.iter().find(|exclusion| exclusion.reason == reason);
        assert_eq!(other.map(|exclusion| exclusion.touchpoints), Some(1), "{id}");
    }
    assert_eq!(total(&service, "net_sales").await.total.unwrap().value, Some(1_000.0));
}

/// A ratio to nothing recorded, and one to a loss, are absent with a reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_to_nothing_or_to_a_loss_is_absent() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    service
        .record(vec![
            touch("1", 20, who, order("a", 1_000)),
            touch("2", 10, who, back("r", "a", 1_000, "EUR")),
        ])
        .await;
    let cost = total(&service, "acquisition_cost").await.total.unwrap();
    assert_eq!((cost.value, cost.denominator), (None, Some(1.0)));
    assert_eq!(cost.absent_reason(), proto::AbsentReason::NothingRecorded);
    let range = Some(proto::TimeRange { start: days_ago(15), end: days_ago(1) });
    let scope = Some(proto::Scope { range, ..scope().unwrap() });
    let asked = proto::ComputeCostToServeRequest { scope, ..Default::default() };
    let answer = service.kpis().compute_cost_to_serve(asked).await.unwrap().into_inner();
    let ratio = answer.total.unwrap().cost_to_net_revenue.unwrap();
    assert_eq!((ratio.value, ratio.denominator), (None, -1_000.0));
    assert_eq!(ratio.absent_reason(), proto::AbsentReason::NegativeDenominator);
}

/// One answer of 10, and five of 0: the score lies in its interval, which ends with the scale.
#[tokio::test(flavor = "multi_thread")]
async fn a_score_lies_within_its_interval() {
    for (score, count) in [(10, 1), (10, 5), (0, 5), (7, 8)] {
        let service = service().await;
        let answers = (0..count).map(|nth| touch(&nth.to_string(), 9, &[], nps(score)));
        service.record(answers.collect()).await;
        let figure = total(&service, "nps").await.total.unwrap();
        let (value, interval) = (figure.value.unwrap(), figure.interval.unwrap());
        assert!(-100.0 <= interval.low && interval.high <= 100.0, "{interval:?}");
        assert!(interval.low <= value && value <= interval.high, "{value} {interval:?}");
    }
}

/// Three orders of one customer tell little, and whichever way the number is asked for, so it says.
#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_warns_whichever_way_it_is_asked_for() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    let orders = [("a", 28, 10_000), ("b", 18, 12_000), ("c", 8, 9_000)];
    service.record(orders.map(|(id, day, minor)| touch(id, day, who, order(id, minor))).to_vec()).await;
    let asked = proto::ComputeLifetimeRequest { scope: scope(), ..Default::default() };
    let fit = service.lifetimes().compute_lifetime(asked).await.unwrap().into_inner().fit.unwrap();
    assert!(!fit.warnings.is_empty());
    for id in ["expected_alive", "expected_purchases", "expected_value"] {
        assert_eq!(total(&service, id).await.warnings, fit.warnings, "{id}");
    }
    assert!(total(&service, "historic_value").await.warnings.is_empty(), "what was is no expectation");
}

/// A search campaign, then a direct visit with the order: google brought it, and spring.
#[tokio::test(flavor = "multi_thread")]
async fn the_source_of_a_visit_brings_the_order() {
    let service = service().await;
    let who: &[&str] = &["ACCOUNT:u1"];
    let from = |source: &str, campaign: &str| {
        let (source_channel, source_campaign) = (source.into(), campaign.into());
        Activity::Visit(proto::Visit { source_channel, source_campaign, ..Default::default() })
    };
    service
        .record(vec![
            touch("1", 20, who, from("google/cpc", "spring")),
            touch("2", 18, who, from("(direct)", "")),
            touch("3", 17, who, order("a", 1_000)),
        ])
        .await;
    for (to, name) in
        [(proto::AttributionTo::Source, "google/cpc"), (proto::AttributionTo::Campaign, "spring")]
    {
        let asked = proto::ComputeAttributionRequest {
            scope: scope(),
            to: to.into(),
            models: vec![proto::AttributionModel::LastNonDirect.into()],
            ..Default::default()
        };
        let answer = service.journeys().compute_attribution(asked).await.unwrap().into_inner();
        let credits = &answer.models[0].credits;
        assert_eq!(credits.iter().map(|c| (c.name.as_str(), c.orders)).collect::<Vec<_>>(), [(name, 1.0)]);
    }
}
