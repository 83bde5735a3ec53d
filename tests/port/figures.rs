//! Every KPI as one number, and all the way down to the evidence.

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, GroupDimension};
use tonic::Code;

use crate::support::{NOW, Service, order, refused, service, touch, visit, wrong_fields};

pub fn days_ago(days: i64) -> Option<pbjson_types::Timestamp> {
    Some(pbjson_types::Timestamp { seconds: NOW - days * 86_400, nanos: 0 })
}

/// The last thirty days but the very last one, in which answers may still come.
pub fn scope() -> Option<proto::Scope> {
    let range = Some(proto::TimeRange { start: days_ago(31), end: days_ago(1) });
    let (currency, observed_until) = ("EUR".to_owned(), days_ago(0));
    Some(proto::Scope { range, observed_until, currency, ..Default::default() })
}

/// The same, when every window that begins in it is over.
pub fn decided() -> Option<proto::Scope> {
    scope().map(|scope| proto::Scope { observed_until: days_ago(-60), ..scope })
}

fn by(channel: &str, mut touchpoint: proto::Touchpoint) -> proto::Touchpoint {
    channel.clone_into(&mut touchpoint.channel);
    touchpoint
}

/// One of everything that a KPI asks for.
fn busy_month() -> Vec<proto::Touchpoint> {
    let phone: &[&str] = &["COOKIE:handset"];
    let u1: &[&str] = &["ACCOUNT:u1"];
    let u2: &[&str] = &["ACCOUNT:u2"];
    let view = proto::ProductView { product_id: "shoe".into(), category: "feet".into(), view_seconds: None };
    let seen = proto::Visit {
        duration_seconds: Some(90),
        pages: Some(1),
        source_channel: "search".into(),
        source_campaign: "spring".into(),
        ..Default::default()
    };
    let message =
        |status| Activity::Message(proto::Message { message_id: "m".into(), status, ..Default::default() });
    let shown = proto::OfferShown { offer_id: "o".into(), ..Default::default() };
    let taken = proto::OfferAccepted { offer_id: "o".into(), ..Default::default() };
    let like = proto::SocialEngagement { kind: 1, network: "n".into(), ..Default::default() };
    let follow = proto::SocialEngagement { kind: 5, network: "n".into(), ..Default::default() };
    let review = proto::ReviewWritten { rating: Some(2), sentiment: Some(-0.5), ..Default::default() };
    let euros = |minor| Some(proto::Money { minor: Some(minor), currency: "EUR".into() });
    let cart = |id: &str| {
        Activity::CartUpdated(proto::Cart { cart_id: id.into(), value: euros(700), ..Default::default() })
    };
    let line = proto::Line {
        product_id: "shoe".into(),
        category: "feet".into(),
        quantity: Some(2.0),
        ..Default::default()
    };
    let mut bought = order("s-1", 1_000);
    if let Activity::Order(order) = &mut bought {
        order.lines = vec![line];
    }
    let score = proto::SurveyAnswer { kind: 1, score: Some(10), ..Default::default() };
    vec![
        touch(
            "1",
            20,
            phone,
            Activity::Impression(proto::Impression { ad_id: "a".into(), ..Default::default() }),
        ),
        touch("2", 19, phone, Activity::AdClick(proto::AdClick { ad_id: "a".into(), ..Default::default() })),
        touch("3", 18, phone, Activity::Visit(seen)),
        touch("4", 17, phone, Activity::ProductView(view)),
        touch("5", 16, phone, cart("c1")),
        touch("6", 15, &["ACCOUNT:u1", "COOKIE:handset"], Activity::Login(proto::Login::default())),
        by("store", touch("7", 14, u1, visit())),
        by("store", touch("8", 14, u1, Activity::Conversation(proto::Conversation::default()))),
        by("store", touch("9", 14, u1, bought)),
        touch("10", 9, u1, message(2)),
        touch("11", 9, u1, message(4)),
        touch("12", 8, u1, visit()),
        touch("13", 8, u1, order("w-1", 500)),
        touch("14", 7, u2, Activity::OfferShown(shown)),
        touch("15", 6, u2, Activity::OfferAccepted(taken)),
        by("store", touch("16", 6, u2, visit())),
        touch("17", 5, u2, order("w-2", 300)),
        touch("18", 5, u2, Activity::SocialEngagement(like)),
        touch("19", 5, u2, Activity::SocialEngagement(follow)),
        touch("20", 4, u2, Activity::ReviewWritten(review)),
        touch("21", 4, u2, Activity::NoPurchase(proto::NoPurchase { reason: "size".into() })),
        touch("22", 3, u2, Activity::SurveyAnswer(score)),
        by("store", touch("23", 3, &[], visit())),
        touch("24", 12, u2, cart("c2")),
        touch("25", 40, u2, order("w-0", 100)),
    ]
}

pub async fn busy_service() -> Service {
    let service = service().await;
    let recorded = service.record(busy_month()).await;
    assert_eq!(recorded.outcomes.len(), 25);
    let rate = proto::CostRate {
        channel: "web".into(),
        currency: "EUR".into(),
        per_touch_micros: Some(250_000),
        effective_from: Some(pbjson_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
        ..Default::default()
    };
    let request = proto::SetCostRatesRequest { request_id: "r".into(), rates: vec![rate] };
    service.kpis().set_cost_rates(request).await.unwrap();
    service
}

async fn compute(service: &Service, request: proto::ComputeKpisRequest) -> Vec<proto::KpiFigures> {
    service.figures().compute_kpis(request).await.unwrap().into_inner().kpis
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_month_in_numbers() {
    let service = busy_service().await;
    let asked = proto::ComputeKpisRequest { scope: decided(), ..Default::default() };
    let kpis = compute(&service, asked).await;
    let figure = |id: &str| {
        let kpi = kpis.iter().find(|kpi| kpi.kpi.as_ref().unwrap().id == id);
        let figure = kpi.unwrap_or_else(|| panic!("{id} is answered")).total.clone().unwrap();
        (figure.numerator, figure.denominator)
    };
    for (id, numerator, denominator) in [
        ("visits", 5.0, None),
        ("visitors", 2.0, None),
        ("visit_rate", 1.0, Some(1.0)),
        ("new_contacts", 1.0, None),
        ("newly_identified", 1.0, None),
        ("click_through_rate", 2.0, Some(2.0)),
        ("visit_duration", 1.5, Some(1.0)),
        ("bounce_rate", 1.0, Some(1.0)),
        ("offer_conversion", 1.0, Some(1.0)),
        ("social_interactions", 2.0, None),
        ("review_rating", 2.0, Some(1.0)),
        ("negative_reviews", 1.0, Some(1.0)),
        ("conversion", 4.0, Some(4.0)),
        ("conversion_same_channel", 2.0, Some(4.0)),
        ("no_purchase", 1.0, None),
        ("ropo", 1.0, Some(1.0)),
        ("reverse_ropo", 2.0, Some(2.0)),
        ("store_conversion", 1.0, Some(3.0)),
        ("showroomers", 1.0, Some(3.0)),
        ("store_conversion_adjusted", 2.0, Some(3.0)),
        ("attributed_orders", 3.0, Some(3.0)),
        ("cart_abandonment", 2.0, Some(2.0)),
        ("cart_recovery", 2.0, Some(2.0)),
        ("abandoned_cart_value", 1_400.0, None),
        ("average_order_value", 1_800.0, Some(3.0)),
        ("items_per_order", 2.0, Some(1.0)),
        ("funnel", 1.0, Some(2.0)),
        ("repurchase", 1.0, Some(2.0)),
        ("nps", 1.0, Some(1.0)),
    ] {
        assert_eq!(figure(id), (numerator, denominator), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headline_is_the_same_in_both_services() {
    let service = busy_service().await;
    let kpi_ids = ["retention", "repurchase", "nps", "cost_to_serve"].map(str::to_owned).to_vec();
    let request = proto::ComputeKpisRequest { scope: scope(), kpi_ids, ..Default::default() };
    let values: Vec<Option<f64>> =
        compute(&service, request).await.into_iter().map(|kpi| kpi.total.unwrap().value).collect();
    let mut kpis = service.kpis();
    let asked = proto::ComputeRetentionRequest { scope: scope(), ..Default::default() };
    let kept = kpis.compute_retention(asked).await.unwrap().into_inner().total.unwrap().period.unwrap();
    let asked = proto::ComputeRepurchaseRequest { scope: scope(), ..Default::default() };
    let again = kpis.compute_repurchase(asked).await.unwrap().into_inner().total.unwrap();
    let asked = proto::ComputeNpsRequest { scope: scope(), ..Default::default() };
    let nps = kpis.compute_nps(asked).await.unwrap().into_inner().total.unwrap();
    let asked = proto::ComputeCostToServeRequest { scope: scope(), ..Default::default() };
    let cost = kpis.compute_cost_to_serve(asked).await.unwrap().into_inner().total.unwrap();
    let expected = [
        kept.retention.unwrap().value,
        again.repeat_customers.unwrap().value,
        nps.nps.unwrap().value,
        cost.per_customer.unwrap().mean.unwrap().value,
    ];
    assert_eq!(values, expected);
    assert!(values.iter().all(Option::is_some));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_can_be_walked_down() {
    walk_down(&busy_service().await).await;
}

/// From every number to its customers, from them to the touchpoints, and to the evidence that
/// makes them one customer; the parts sum to the number.
pub async fn walk_down(service: &Service) {
    let request = proto::ComputeKpisRequest { scope: scope(), ..Default::default() };
    let kpis = compute(service, request).await;
    assert!(kpis.len() > 40);
    for kpi in kpis {
        let (id, total) = (kpi.kpi.unwrap().id, kpi.total.unwrap());
        let mut request = proto::ExplainKpiRequest {
            scope: scope(),
            kpi_id: id.clone(),
            page_size: 2,
            ..Default::default()
        };
        let (mut numerator, mut denominator, mut customers) = (0.0, 0.0, 0);
        loop {
            let page = service.figures().explain_kpi(request.clone()).await.unwrap().into_inner();
            assert_eq!(page.definition.unwrap().kpi.unwrap().id, id);
            assert_eq!((page.figure.unwrap(), page.basis), (total.clone(), kpi.basis.clone()), "{id}");
            for customer in page.customers {
                numerator += customer.numerator;
                denominator += customer.denominator;
                customers += i64::from(!customer.customer_id.is_empty());
                walk(service, &customer).await;
            }
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(customers, total.customers, "{id}");
        // Of customers it is them who are counted, and not what they did.
        let by_customer = ["visitors", "new_contacts", "newly_identified", "engaged_customers"];
        let also = ["active_customers", "programme_joined", "buyers"];
        if !by_customer.contains(&id.as_str()) && !also.contains(&id.as_str()) {
            assert!((numerator - total.numerator).abs() < 1e-9, "{id}: {numerator} of {}", total.numerator);
        }
        if !["visit_duration", "cost_to_serve"].contains(&id.as_str()) {
            assert!(total.denominator.is_none_or(|whole| whole == denominator), "{id}");
        }
    }
}

async fn walk(service: &Service, customer: &proto::KpiCustomer) {
    assert!(!customer.anchors.is_empty());
    for anchor in &customer.anchors {
        let Some(key) = anchor.touchpoint.clone() else {
            assert!(customer.customer_id.is_empty(), "only a record has no touchpoint");
            continue;
        };
        let request = proto::GetTouchpointRequest {
            source: key.source,
            source_id: key.source_id,
            ..Default::default()
        };
        let found = service.touchpoints().get_touchpoint(request).await.unwrap().into_inner();
        let found = found.touchpoint.unwrap();
        assert_eq!(found.customer_id, customer.customer_id);
        assert_eq!(found.touchpoint.unwrap().channel, anchor.channel);
    }
    if !customer.customer_id.is_empty() {
        let found = service.customer(By::CustomerId(customer.customer_id.clone())).await.unwrap();
        assert!(!found.identifiers.is_empty(), "the evidence");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_come_by_two_dimensions_as_a_series_and_compared() {
    let service = busy_service().await;
    let by = |dimension: GroupDimension| proto::GroupBy { dimension: dimension.into(), ..Default::default() };
    let request = proto::ComputeKpisRequest {
        scope: scope(),
        kpi_ids: vec!["channel_conversion".into(), "visits".into()],
        group_by: vec![by(GroupDimension::Channel), by(GroupDimension::OtherChannel)],
        granularity: proto::Granularity::Week.into(),
        comparison: proto::Comparison::PreviousPeriod.into(),
        ..Default::default()
    };
    let answer = service.figures().compute_kpis(request).await.unwrap().into_inner();
    assert_eq!(answer.comparison_note, "One comparison was made: its p-value stands as it is.");
    let matrix: Vec<(Vec<&str>, f64)> = answer.kpis[0]
        .groups
        .iter()
        .map(|group| {
            let names = group.keys.iter().map(|key| key.value.as_deref().unwrap_or("-")).collect();
            (names, group.figure.as_ref().unwrap().denominator.unwrap())
        })
        .collect();
    // The order in the store began on the web.
    assert_eq!(matrix, [(vec!["store", "web"], 1.0), (vec!["web", "web"], 2.0)]);
    let weeks: f64 = answer.kpis[1].series.iter().map(|point| point.figure.as_ref().unwrap().numerator).sum();
    assert_eq!(weeks, 5.0, "visits of all weeks");
    let change = answer.kpis[1].change.clone().unwrap();
    assert_eq!((change.difference, change.before.unwrap().numerator), (Some(5.0), 0.0));
    assert!(change.adjusted_p_value.is_some() && change.interval.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_told_by_field() {
    let service = service().await;
    let twice = proto::GroupBy { dimension: GroupDimension::Item.into(), ..Default::default() };
    let request = proto::ComputeKpisRequest {
        kpi_ids: vec!["visits".into(), "visits".into(), "luck".into()],
        group_by: vec![twice.clone(), twice.clone(), twice],
        granularity: 9,
        parameters: Some(proto::KpiParameters {
            steps: vec![proto::FunnelStep { activity_type: 0, channel: "Shop".into() }],
            ..Default::default()
        }),
        ..Default::default()
    };
    let status = service.figures().compute_kpis(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let mut wrong = wrong_fields(&status);
    wrong.sort();
    assert_eq!(
        wrong,
        [
            "granularity",
            "group_by",
            "kpi_ids[1]",
            "kpi_ids[2]",
            "parameters.steps[0].activity_type",
            "parameters.steps[0].channel",
            "scope"
        ]
    );
    let group = vec![proto::GroupKey::default()];
    let request = proto::ExplainKpiRequest { scope: scope(), group, ..Default::default() };
    let status = service.figures().explain_kpi(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["kpi_id", "group"]);
    let item = proto::GroupBy { dimension: GroupDimension::Item.into(), ..Default::default() };
    let request = proto::ComputeNpsRequest { scope: scope(), group_by: Some(item), ..Default::default() };
    let status = service.kpis().compute_nps(request).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["group_by.dimension"]);
}
