//! Bad input gets a precise error: the reason, every field's path, the limit. The rest of the
//! batch is stored, and nothing crashes.

use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{
    self, ErrorReason, RecordStatus, SurveyKind, Touchpoint, Value, ViolationReason, value,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Service, all_touchpoints, databases, identifier, order, record, tenant, visit};

fn changed(source_id: &str, change: impl FnOnce(&mut Touchpoint)) -> Touchpoint {
    let mut touchpoint = visit(source_id, "ck-1");
    change(&mut touchpoint);
    touchpoint
}

/// Each wrong touchpoint with the field and the kind of wrong that must be told.
fn wrong() -> Vec<(Touchpoint, &'static str, ViolationReason)> {
    use ViolationReason::{Malformed, OutOfRange, TooLong, TooMany, Unknown};
    let text = |text: String| Value { kind: Some(value::Kind::Text(text)) };
    let survey = |score| {
        let kind = SurveyKind::Nps.into();
        Activity::SurveyAnswer(proto::SurveyAnswer { kind, score: Some(score), ..Default::default() })
    };
    let line = |quantity| {
        let lines = vec![proto::Line { quantity: Some(quantity), ..Default::default() }];
        let amount = Some(proto::Money { minor: Some(1), currency: "EUR".to_owned() });
        Activity::Order(proto::Order { order_id: "o".to_owned(), amount, lines, ..Default::default() })
    };
    let cost = |currency: &str| Some(proto::Money { minor: Some(1), currency: currency.to_owned() });
    let seventeen = (0..17).map(|i| identifier("COOKIE", &format!("ck-{i}"))).collect();
    vec![
        (
            changed("e-mail", |t| t.identifiers[0] = identifier("EMAIL", "a\0b@x.io")),
            "identifiers[0].value",
            Malformed,
        ),
        (changed("kind", |t| t.identifiers[0].kind = "MAIL".to_owned()), "identifiers[0].kind", Unknown),
        (changed("seventeen", |t| t.identifiers = seventeen), "identifiers", TooMany),
        (changed("1970", |t| t.at = Some(pbjson_types::Timestamp::default())), "at", OutOfRange),
        (changed("future", |t| t.at.as_mut().unwrap().seconds = 4_000_000_000), "at", OutOfRange),
        (changed("quantity", |t| t.activity = Some(line(-1.0))), "order.lines[0].quantity", OutOfRange),
        (changed("score", |t| t.activity = Some(survey(11))), "survey_answer.score", OutOfRange),
        (changed("currency", |t| t.cost = cost("EUX")), "cost.currency", Unknown),
        (
            changed("2 MB", |t| _ = t.attributes.insert("note".to_owned(), text("x".repeat(2_000_000)))),
            "attributes[\"note\"].text",
            TooLong,
        ),
        (changed("NUL", |t| t.location = "Ber\0lin".to_owned()), "location", Malformed),
        (changed("channel", |t| t.channel = "Store".to_owned()), "channel", Unknown),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_field_is_named_and_the_rest_of_the_batch_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let clients = service.clients(&tenant()).await;
        let wrong = wrong();
        let mut batch: Vec<Touchpoint> = wrong.iter().map(|(touchpoint, ..)| touchpoint.clone()).collect();
        batch.push(visit("good", "ck-1"));
        let answer = record(&clients, batch).await.unwrap();
        assert_eq!(answer.outcomes.len(), wrong.len() + 1);
        assert_eq!(answer.outcomes[wrong.len()].status(), RecordStatus::Recorded, "{name}");
        for (index, (touchpoint, field, reason)) in wrong.iter().enumerate() {
            let outcome = &answer.outcomes[index];
            let what = format!("{name}: {}: {outcome:?}", touchpoint.source_id);
            assert_eq!(outcome.status(), RecordStatus::Refused, "{what}");
            assert_eq!(outcome.reason(), ErrorReason::ValidationFailed, "{what}");
            let path = format!("touchpoints[{index}].{field}");
            let told = outcome.violations.iter().find(|v| v.field == path);
            assert_eq!(told.map(|v| v.reason()), Some(*reason), "{what}");
            let described = &told.unwrap().description;
            assert!(!described.contains("no at sign"), "personal data is not repeated: {what}");
        }
        assert_eq!(all_touchpoints(&clients).await.len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_touchpoint_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &[]);
    let clients = service.clients(&tenant()).await;
    let answer = record(&clients, vec![Touchpoint::default()]).await.unwrap();
    let mut fields: Vec<&str> = answer.outcomes[0].violations.iter().map(|v| v.field.as_str()).collect();
    fields.sort_unstable();
    let expected =
        ["activity", "at", "channel", "source", "source_id"].map(|f| format!("touchpoints[0].{f}"));
    assert_eq!(fields, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_hundred_thousand_is_refused_as_a_whole_with_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &[]);
    let clients = service.clients(&tenant()).await;
    let batch = (0..100_000).map(|i| visit(&i.to_string(), "ck-1")).collect();
    let status = record(&clients, batch).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("BATCH_TOO_LARGE", "customer360"));
    assert_eq!(info.metadata["limit"], "5000");
    assert!(all_touchpoints(&clients).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_with_another_content_changes_nothing_also_inside_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let clients = service.clients(&tenant()).await;
        let first = order("1", "ada@example.com", 100);
        let batch = vec![first.clone(), first.clone(), order("1", "ada@example.com", 200)];
        let answer = record(&clients, batch).await.unwrap();
        let told: Vec<RecordStatus> = answer.outcomes.iter().map(|o| o.status()).collect();
        let expected = [RecordStatus::Recorded, RecordStatus::Duplicate, RecordStatus::Refused];
        assert_eq!(told, expected, "{name}");
        assert_eq!(answer.outcomes[2].reason(), ErrorReason::TouchpointConflict, "{name}");
        // The same order under another name is the same order.
        let mut other = first;
        other.source_id = "2".to_owned();
        let answer = record(&clients, vec![other]).await.unwrap();
        assert_eq!(answer.outcomes[0].status(), RecordStatus::Recorded, "{name}: told again");
        assert_eq!(all_touchpoints(&clients).await.len(), 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_tokens_and_customer_ids_of_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let clients = service.clients(&tenant()).await;
        let batch = (0..3).map(|i| visit(&i.to_string(), "ck-1")).collect();
        let recorded = record(&clients, batch).await.unwrap();
        let list = |channel: &str, token: &str| proto::ListTouchpointsRequest {
            channels: vec![channel.to_owned()],
            page_size: 1,
            page_token: token.to_owned(),
            ..Default::default()
        };
        let mut touchpoints = clients.touchpoints.clone();
        let page = touchpoints.list_touchpoints(list("web", "")).await.unwrap().into_inner();
        let reason = |status: &tonic::Status| status.get_details_error_info().unwrap().reason;
        let status = touchpoints.list_touchpoints(list("store", &page.next_page_token)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{name}");
        assert_eq!(reason(&status), "PAGE_TOKEN_MISMATCH", "{name}");
        let status = touchpoints.list_touchpoints(list("web", "2")).await.unwrap_err();
        assert_eq!(reason(&status), "PAGE_TOKEN_MALFORMED", "{name}");

        let of_other_tenant = service.clients(&tenant()).await;
        let by = proto::customer_ref::By::CustomerId(recorded.outcomes[0].customer_id.clone());
        let customer = Some(proto::CustomerRef { by: Some(by) });
        let request = proto::GetCustomerRequest { customer, ..Default::default() };
        assert!(clients.customers.clone().get_customer(request.clone()).await.is_ok(), "{name}");
        let status = of_other_tenant.customers.clone().get_customer(request).await.unwrap_err();
        assert_eq!((status.code(), &*reason(&status)), (Code::NotFound, "CUSTOMER_NOT_FOUND"), "{name}");
    }
}
