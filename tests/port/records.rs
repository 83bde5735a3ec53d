//! What retailers know beside touchpoints.

use customer360::rpc::proto::record::Record as Said;
use customer360::rpc::proto::{self, RecordKind};
use tonic::Code;

use crate::figures::{days_ago, scope};
use crate::support::{Service, order, refused, service, touch, wrong_fields};

fn rate(days: i64, rate_billionths: i64) -> proto::Record {
    let (from_currency, to_currency) = ("GBP".to_owned(), "EUR".to_owned());
    let rate = proto::ExchangeRate {
        from_currency,
        to_currency,
        effective_from: days_ago(days),
        rate_billionths: Some(rate_billionths),
    };
    proto::Record { record: Some(Said::ExchangeRate(rate)) }
}

async fn set(service: &Service, id: &str, records: Vec<proto::Record>) -> i64 {
    let request = proto::SetRecordsRequest { request_id: id.into(), records };
    service.records().set_records(request).await.unwrap().into_inner().revision
}

async fn average(service: &Service, at_least_as_fresh: i64) -> Option<f64> {
    let scope = scope().map(|scope| proto::Scope { at_least_as_fresh, ..scope });
    let kpi_ids = vec!["average_order_value".to_owned()];
    let request = proto::ComputeKpisRequest { scope, kpi_ids, ..Default::default() };
    let answer = service.figures().compute_kpis(request).await.unwrap().into_inner();
    answer.kpis[0].total.as_ref().unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_are_converted_by_the_rate_of_their_date() {
    let service = service().await;
    let mut pounds = touch("2", 10, &["ACCOUNT:u1"], order("b", 1_000));
    if let Some(proto::touchpoint::Activity::Order(order)) = &mut pounds.activity {
        order.amount.as_mut().unwrap().currency = "GBP".into();
    }
    let recorded = service.record(vec![touch("1", 20, &["ACCOUNT:u1"], order("a", 1_000)), pounds]).await;
    assert_eq!(average(&service, recorded.revision).await, Some(1_000.0), "pounds are left out");
    let revision = set(&service, "r1", vec![rate(15, 1_200_000_000), rate(5, 9_000_000_000)]).await;
    assert_eq!(average(&service, revision).await, Some(1_100.0));
    let again = set(&service, "r1", vec![rate(15, 1_200_000_000), rate(5, 9_000_000_000)]).await;
    assert_eq!(revision, again, "sent twice is sent once");
    let corrected = set(&service, "r2", vec![rate(15, 1_400_000_000)]).await;
    assert_eq!(average(&service, corrected).await, Some(1_200.0));
    let request = proto::SetRecordsRequest { request_id: "r1".into(), records: vec![rate(1, 1)] };
    let status = service.records().set_records(request).await.unwrap_err();
    refused(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
    let request =
        proto::ListRecordsRequest { kind: RecordKind::ExchangeRate.into(), at_least_as_fresh: corrected };
    let listed = service.records().list_records(request).await.unwrap().into_inner();
    assert_eq!(listed.records, [rate(15, 1_400_000_000), rate(5, 9_000_000_000)], "in the order of time");
}

/// What is new, what was known and what is replaced, by this request id or another.
#[tokio::test(flavor = "multi_thread")]
async fn records_say_what_became_of_them() {
    let service = service().await;
    let sent = async |id: &str, records: Vec<proto::Record>| {
        let request = proto::SetRecordsRequest { request_id: id.into(), records };
        let kept = service.records().set_records(request).await.unwrap().into_inner();
        (kept.revision, (kept.recorded, kept.already_known, kept.replaced))
    };
    let (first, counts) = sent("r1", vec![rate(15, 2), rate(5, 3)]).await;
    assert_eq!(counts, (2, 0, 0));
    assert_eq!(sent("r1", vec![rate(15, 2), rate(5, 3)]).await, (first, (0, 2, 0)), "sent again");
    assert_eq!(sent("r2", vec![rate(5, 3), rate(15, 2)]).await, (first, (0, 2, 0)), "said again");
    let (second, counts) = sent("r3", vec![rate(5, 4), rate(15, 2), rate(1, 9)]).await;
    assert_eq!((second, counts), (first + 1, (1, 1, 1)));
    // What was replaced is new again.
    assert_eq!(sent("r4", vec![rate(5, 3)]).await, (second + 1, (0, 0, 1)));
    let request =
        proto::ListRecordsRequest { kind: RecordKind::ExchangeRate.into(), at_least_as_fresh: second + 1 };
    let listed = service.records().list_records(request).await.unwrap().into_inner();
    assert_eq!(listed.records, [rate(15, 2), rate(5, 3), rate(1, 9)]);
}

fn spend(interval: Option<proto::TimeRange>) -> proto::AcquisitionSpend {
    let amount = Some(proto::Money { minor: Some(250_000), currency: "GBP".into() });
    proto::AcquisitionSpend { channel: "advertising".into(), campaign: "spring".into(), interval, amount }
}

fn target(kpi_id: &str, location: &str, interval: Option<proto::TimeRange>) -> proto::Target {
    let (kpi_id, location) = (kpi_id.to_owned(), location.to_owned());
    proto::Target { kpi_id, location, interval, value: Some(0.125), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_comes_back_as_it_was_set() {
    let service = service().await;
    let interval = Some(proto::TimeRange { start: days_ago(2), end: days_ago(1) });
    let channel = || "social".to_owned();
    let (location, campaign) = ("Rome 1".to_owned(), "spring".to_owned());
    let said = [
        (RecordKind::Traffic, Said::Traffic(proto::TrafficCount { location, interval, entries: Some(120) })),
        (
            RecordKind::Reach,
            Said::Reach(proto::Reach { channel: channel(), campaign, interval, people: Some(9_000) }),
        ),
        (
            RecordKind::Followers,
            Said::Followers(proto::Followers { channel: channel(), at: days_ago(1), total: Some(77) }),
        ),
        (RecordKind::Offer, Said::Offer(proto::Offer { offer_id: "o".into(), kind: 2, interval })),
        (RecordKind::Spend, Said::Spend(spend(interval))),
        (RecordKind::Target, Said::Target(target("visits", "Rome 1", interval))),
    ];
    let records = said.iter().map(|(_, said)| proto::Record { record: Some(said.clone()) }).collect();
    let revision = set(&service, "all", records).await;
    for (kind, said) in said {
        let request = proto::ListRecordsRequest { kind: kind.into(), at_least_as_fresh: revision };
        let listed = service.records().list_records(request).await.unwrap().into_inner();
        assert_eq!(listed.records, [proto::Record { record: Some(said) }]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_records_are_told_by_field() {
    let service = service().await;
    let same = proto::ExchangeRate {
        from_currency: "EUR".into(),
        to_currency: "EUR".into(),
        effective_from: days_ago(1),
        rate_billionths: Some(0),
    };
    let traffic = proto::TrafficCount { location: String::new(), interval: None, entries: Some(-1) };
    let both = Some(proto::TimeRange { start: days_ago(2), end: days_ago(2) });
    let unpaid = proto::AcquisitionSpend { amount: None, ..spend(both) };
    let meant = proto::Target { channel: "web".into(), ..target("sentiment", "Rome 1", None) };
    let money =
        target("average_order_value", "", Some(proto::TimeRange { start: days_ago(2), end: days_ago(1) }));
    let records = vec![
        proto::Record { record: None },
        proto::Record { record: Some(Said::ExchangeRate(same)) },
        proto::Record { record: Some(Said::Traffic(traffic)) },
        rate(1, 5),
        rate(1, 6),
        proto::Record { record: Some(Said::Spend(unpaid)) },
        proto::Record { record: Some(Said::Target(meant)) },
        proto::Record { record: Some(Said::Target(money)) },
    ];
    let request = proto::SetRecordsRequest { request_id: "r".into(), records };
    let status = service.records().set_records(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(
        wrong_fields(&status),
        [
            "records[0]",
            "records[1].exchange_rate.to_currency",
            "records[1].exchange_rate.rate_billionths",
            "records[2].traffic.location",
            "records[2].traffic.interval",
            "records[2].traffic.entries",
            "records[4]",
            "records[5].spend.amount",
            "records[5].spend.interval",
            "records[6].target.kpi_id",
            "records[6].target.channel",
            "records[6].target.interval",
            "records[7].target.currency"
        ]
    );
    let status = service.records().list_records(proto::ListRecordsRequest::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["kind"]);
}

/// A count fed by a sensor at the door: the figure, its group, its drill-down, and the bounds that it
/// gives to store conversion.
#[tokio::test(flavor = "multi_thread")]
async fn people_who_were_counted_are_figures() {
    let service = service().await;
    let mut bought = touch("1", 3, &["LOYALTY_CARD:29"], order("a", 1_000));
    (bought.channel, bought.location) = ("store".into(), "Rome 1".into());
    service.record(vec![bought]).await;
    let count = |location: &str, entries| {
        let interval = Some(proto::TimeRange { start: days_ago(6), end: days_ago(2) });
        let traffic = proto::TrafficCount { location: location.into(), interval, entries: Some(entries) };
        proto::Record { record: Some(Said::Traffic(traffic)) }
    };
    let at_least_as_fresh = set(&service, "doors", vec![count("Rome 1", 40), count("Milan 2", 10)]).await;
    let scope = || scope().map(|scope| proto::Scope { at_least_as_fresh, ..scope });
    let by_location =
        proto::GroupBy { dimension: proto::GroupDimension::Location.into(), ..Default::default() };
    let request = proto::ComputeKpisRequest {
        scope: scope(),
        kpi_ids: vec!["footfall".into()],
        group_by: vec![by_location],
        ..Default::default()
    };
    let footfall = service.figures().compute_kpis(request).await.unwrap().into_inner().kpis.remove(0);
    assert_eq!(footfall.total.unwrap().value, Some(50.0));
    let groups: Vec<_> = footfall
        .groups
        .iter()
        .map(|group| (group.keys[0].value(), group.figure.as_ref().unwrap().value))
        .collect();
    assert_eq!(groups, [("Milan 2", Some(10.0)), ("Rome 1", Some(40.0))]);
    let request =
        proto::ExplainKpiRequest { scope: scope(), kpi_id: "footfall".into(), ..Default::default() };
    let explained = service.figures().explain_kpi(request).await.unwrap().into_inner();
    let records: Vec<_> =
        explained.customers.iter().map(|row| (row.anchors[0].location.as_str(), row.numerator)).collect();
    assert_eq!(records, [("Milan 2", 10.0), ("Rome 1", 40.0)]);
    let request = proto::ComputeStoreConversionRequest { scope: scope(), ..Default::default() };
    let answer = service.journeys().compute_store_conversion(request).await.unwrap().into_inner();
    assert_eq!((answer.counted_entries, answer.counted_raw.unwrap().value), (50, Some(0.02)));
}
