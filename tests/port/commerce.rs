//! After the purchase: returns, prices, the model and the card.

use customer360::rpc::proto::record::Record as Said;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, AssistedBy};
use tonic::Code;

use crate::figures::{days_ago, scope, walk_down};
use crate::support::{Service, order, refused, service, touch, visit, wrong_fields};

fn at(channel: &str, location: &str, mut touchpoint: proto::Touchpoint) -> proto::Touchpoint {
    (touchpoint.channel, touchpoint.location) = (channel.to_owned(), location.to_owned());
    touchpoint
}

fn bought(id: &str, minor: i64, price: i64) -> Activity {
    let euros = |minor| Some(proto::Money { minor: Some(minor), currency: "EUR".into() });
    let line = proto::Line {
        product_id: "shoe".into(),
        category: "feet".into(),
        quantity: Some(2.0),
        unit_price: euros(price),
        discount: euros(20),
        ..Default::default()
    };
    let mut activity = order(id, minor);
    if let Activity::Order(order) = &mut activity {
        order.lines = vec![line];
    }
    activity
}

fn returned(order_id: &str, minor: i64) -> Activity {
    let amount = Some(proto::Money { minor: Some(minor), currency: "EUR".into() });
    Activity::Return(proto::Return {
        return_id: format!("r-{order_id}"),
        order_id: order_id.into(),
        amount,
        ..Default::default()
    })
}

fn case(stage: i32) -> Activity {
    Activity::ServiceContact(proto::ServiceContact { case_id: "c".into(), stage, reason: "late".into() })
}

async fn shop() -> Service {
    let service = service().await;
    let (u1, u2): (&[&str], &[&str]) = (&["ACCOUNT:u1"], &["ACCOUNT:u2"]);
    let trial = Activity::ProductTrial(proto::ProductTrial { product_id: "shoe".into(), kind: 1 });
    let shown = Activity::OfferShown(proto::OfferShown { offer_id: "o".into(), kind: 2 });
    let join = Activity::Subscription(proto::Subscription { programme: 2, change: 1, points: None });
    let mention = proto::SocialEngagement { kind: 4, ..Default::default() };
    let all = vec![
        touch("1", 25, u1, visit()),
        at("store", "Rome 1", touch("2", 24, u1, trial)),
        at("store", "Rome 1", touch("3", 23, u1, bought("a", 201, 100))),
        touch("4", 22, u1, bought("b", 240, 120)),
        at("store", "Milan 2", touch("5", 20, u1, returned("b", 120))),
        at("call_centre", "", touch("6", 18, u1, case(1))),
        at("call_centre", "", touch("7", 17, u1, case(2))),
        at("email", "", touch("8", 16, u1, case(4))),
        touch("9", 15, u2, shown),
        touch("10", 14, u2, order("c", 60)),
        at("store", "Rome 1", touch("11", 12, u2, join)),
        at("social", "", touch("12", 11, &[], Activity::SocialEngagement(mention))),
        touch("13", 50, u1, visit()),
        touch("14", 45, u2, order("d", 100)),
    ];
    let count = all.len();
    assert_eq!(service.record(all).await.outcomes.len(), count);
    let interval = Some(proto::TimeRange { start: days_ago(31), end: days_ago(1) });
    let amount = Some(proto::Money { minor: Some(500), currency: "EUR".into() });
    let spend = proto::AcquisitionSpend { channel: "web".into(), campaign: String::new(), interval, amount };
    let target = |kpi_id: &str, location: &str, value, currency: &str| {
        let (kpi_id, location, currency) = (kpi_id.to_owned(), location.to_owned(), currency.to_owned());
        let target =
            proto::Target { kpi_id, location, interval, value: Some(value), currency, ..Default::default() };
        proto::Record { record: Some(Said::Target(target)) }
    };
    let records = vec![
        proto::Record { record: Some(Said::Spend(spend)) },
        target("sales", "Rome 1", 402.0, "EUR"),
        target("sales", "", 501.0, "EUR"),
        target("conversion", "", 0.5, ""),
    ];
    let request = proto::SetRecordsRequest { request_id: "r".into(), records };
    service.records().set_records(request).await.unwrap();
    service
}

async fn headline(service: &Service, kpi_id: &str) -> proto::Figure {
    let kpi_ids = vec![kpi_id.to_owned()];
    let request = proto::ComputeKpisRequest { scope: scope(), kpi_ids, ..Default::default() };
    let answer = service.figures().compute_kpis(request).await.unwrap().into_inner();
    answer.kpis[0].total.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_and_prices_have_their_shapes() {
    let service = shop().await;
    let mut client = service.commerce();
    let request = proto::ComputeReturnsRequest { scope: scope(), ..Default::default() };
    let answer = client.compute_returns(request).await.unwrap().into_inner();
    let cell = &answer.matrix[0];
    assert_eq!((cell.purchase_channel.as_str(), cell.return_channel.as_str()), ("web", "store"));
    assert_eq!((cell.returns, cell.days.as_ref().unwrap().value, answer.matrix.len()), (1, Some(2.0), 1));
    for kpi in &answer.figures {
        let id = &kpi.kpi.as_ref().unwrap().id;
        assert_eq!(kpi.total, Some(headline(&service, id).await), "{id}");
    }
    let request = proto::ComputeProductMixRequest { scope: scope(), ..Default::default() };
    let mix = client.compute_product_mix(request).await.unwrap().into_inner();
    let total = mix.total.unwrap();
    assert_eq!((total.units, total.revenue_minor, total.discount_minor), (4.0, 440, 40));
    assert_eq!(total.average_price, headline(&service, "average_unit_price").await.value);
    assert_eq!(total.discount_share, headline(&service, "discount_share").await.value);
    let cells: Vec<_> = mix.cells.iter().map(|cell| (cell.channel.as_str(), cell.price_index)).collect();
    assert_eq!(cells, [("store", Some(200.0 / 220.0)), ("web", Some(240.0 / 220.0))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_drawn_as_it_is() {
    let service = shop().await;
    let request = proto::ComputePhaseModelRequest { scope: scope(), ..Default::default() };
    let model = service.commerce().compute_phase_model(request).await.unwrap().into_inner();
    // Retention stands at the last activity before the start.
    assert_eq!(model.channels, ["call_centre", "store", "web"]);
    assert_eq!(model.rows.len(), 6);
    for row in &model.rows {
        let (figure, cells) = (row.figure.as_ref().unwrap(), &row.cells);
        let id = &figure.kpi.as_ref().unwrap().id;
        assert_eq!(cells.len(), model.channels.len());
        let total = figure.total.as_ref().unwrap();
        assert_eq!(total.figure, Some(headline(&service, id).await), "{id}");
        assert!(total.change.as_ref().unwrap().range.is_some());
    }
    let conversion = model.rows[1].figure.as_ref().unwrap().total.as_ref().unwrap();
    assert_eq!((conversion.target, conversion.attainment), (Some(0.5), Some(2.0)));
    let reply = model.rows[4].cells[0].figure.as_ref().unwrap();
    assert_eq!(reply.value, Some(1_440.0), "a day until somebody answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credits_of_the_card_sum_to_sales() {
    let service = shop().await;
    for by in [AssistedBy::Channel, AssistedBy::Location] {
        let request =
            proto::ComputeIncentiveCardRequest { scope: scope(), by: by.into(), ..Default::default() };
        let card = service.commerce().compute_incentive_card(request).await.unwrap().into_inner();
        let column = |nth: usize| -> f64 {
            let value = |row: &proto::CardRow| row.cells[nth].figure.as_ref().unwrap().value;
            card.rows.iter().filter_map(value).sum()
        };
        let ids: Vec<&str> = card.columns.iter().map(|c| c.kpi.as_ref().unwrap().id.as_str()).collect();
        assert_eq!(ids[..3], ["sales", "credited_sales", "assisted_sales"]);
        assert_eq!((column(0), column(1)), (501.0, 501.0));
        let sales = card.columns[0].total.as_ref().unwrap();
        assert_eq!((sales.target, sales.attainment), (Some(501.0), Some(1.0)));
        assert_eq!(sales.change.as_ref().unwrap().difference, Some(401.0));
        if by == AssistedBy::Location {
            let places: Vec<Option<&str>> =
                card.rows.iter().map(|row| row.place.as_ref().unwrap().value.as_deref()).collect();
            assert_eq!(places, [Some("Rome 1"), None]);
            assert_eq!(card.rows[0].cells[0].attainment, Some(0.5));
            // Two visits to the web and a trial in Rome led to the order in Rome, a third each.
            assert_eq!(card.rows[1].cells[2].figure.as_ref().unwrap().value, Some(134.0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_it_can_be_walked_down() {
    let service = shop().await;
    let cost = headline(&service, "acquisition_cost").await;
    assert_eq!((cost.value, cost.denominator), (Some(500.0), Some(1.0)));
    walk_down(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_told_by_field() {
    let service = service().await;
    let parameters = Some(proto::KpiParameters {
        care_target_minutes: Some(u32::MAX),
        assisted_by: 9,
        ..Default::default()
    });
    let request =
        proto::ComputeIncentiveCardRequest { parameters, by: 7, comparison: 8, ..Default::default() };
    let status = service.commerce().compute_incentive_card(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let mut wrong = wrong_fields(&status);
    wrong.sort();
    let expected = ["by", "comparison", "parameters.assisted_by", "parameters.care_target_minutes", "scope"];
    assert_eq!(wrong, expected);
}
