//! Facts in, facts out.

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, ErrorReason, RecordStatus};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{identifier, of_tenant, order, refused, service, touch, visit};

#[tokio::test(flavor = "multi_thread")]
async fn each_touchpoint_of_a_batch_has_its_own_outcome() {
    let service = service().await;
    let bad = touch(
        "bad",
        1,
        &["EMAIL:nobody"],
        Activity::SurveyAnswer(proto::SurveyAnswer { kind: 1, score: Some(11), ..Default::default() }),
    );
    let first = touch("1", 2, &["EMAIL:Ada@X.io"], order("A-1", 100));
    let anonymous = touch("3", 2, &[], order("A-3", 100));
    let taken = touch("2", 2, &["EMAIL:ada@x.io"], order("A-1", 100));
    let answer = service.record(vec![first.clone(), bad, taken, anonymous, first.clone()]).await;
    let statuses: Vec<RecordStatus> = answer.outcomes.iter().map(proto::RecordOutcome::status).collect();
    use RecordStatus::{Duplicate, Recorded, Refused};
    assert_eq!(statuses, [Recorded, Refused, Recorded, Recorded, Duplicate]);
    let told: Vec<&str> = answer.outcomes[1].violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(told, ["touchpoints[1].survey_answer.score"], "the address alone would cost nothing");
    assert_eq!(answer.outcomes[3].customer_id, "", "nobody's");
    assert_eq!(answer.outcomes[4].customer_id, answer.outcomes[0].customer_id);
    assert_eq!(answer.revision, 1);

    let again = service.record(vec![first.clone()]).await;
    assert_eq!((again.outcomes[0].status(), again.revision), (Duplicate, 1));
    let other = proto::Touchpoint { channel: "app".into(), ..first };
    let conflict = service.record(vec![other]).await;
    assert_eq!(conflict.outcomes[0].reason(), ErrorReason::TouchpointConflict);
    assert_eq!(conflict.outcomes[0].violations[0].field, "touchpoints[0].source_id");

    let too_many = vec![touch("x", 1, &[], visit()); 5_001];
    let request = proto::RecordTouchpointsRequest { touchpoints: too_many, ..Default::default() };
    let status = service.touchpoints().record_touchpoints(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "BATCH_TOO_LARGE");
    let request = of_tenant("ACME Ltd", proto::RecordTouchpointsRequest::default());
    let status = service.touchpoints().record_touchpoints(request).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "TENANT_MALFORMED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_summed_up_and_says_what_was_refused_and_where() {
    let service = service().await;
    let batch = |batch: i64| {
        let one = |i: i64| touch(&format!("{}", batch * 10 + i), 1, &["COOKIE:c1"], visit());
        let mut touchpoints: Vec<_> = (0..10).map(one).collect();
        touchpoints[3].channel = "Store".into();
        proto::ImportTouchpointsRequest { touchpoints, ..Default::default() }
    };
    for (recorded, duplicates) in [(180, 0), (0, 180)] {
        let batches = tokio_stream::iter((0..20).map(batch));
        let sum = service.touchpoints().import_touchpoints(batches).await.unwrap().into_inner();
        assert_eq!((sum.recorded, sum.duplicates, sum.refused), (recorded, duplicates, 20));
        assert_eq!(sum.refusals[1].index, 13);
        assert_eq!(sum.refusals[1].key.as_ref().unwrap().source_id, "13");
        assert_eq!(sum.refusals[1].violations[0].field, "channel");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_comes_by_pages_that_add_up() {
    let service = service().await;
    let touchpoints: Vec<_> = (0..25)
        .map(|i| {
            let activity = if i % 5 == 0 { order(&format!("A-{i}"), i) } else { visit() };
            touch(&i.to_string(), i % 7, &["COOKIE:c1"], activity)
        })
        .collect();
    let answer = service.record(touchpoints).await;
    let customer_id = answer.outcomes[0].customer_id.clone();
    for customer_id in [customer_id.clone(), String::new()] {
        let mut seen = Vec::new();
        let mut asked = proto::ListTouchpointsRequest { customer_id, page_size: 4, ..Default::default() };
        loop {
            let page = service.touchpoints().list_touchpoints(asked.clone()).await.unwrap().into_inner();
            assert!(page.touchpoints.len() <= 4);
            seen.extend(page.touchpoints.into_iter().map(|t| t.touchpoint.unwrap().source_id));
            if page.next_page_token.is_empty() {
                break;
            }
            asked.page_token = page.next_page_token;
        }
        assert_eq!(seen.len(), 25);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25, "each once");
    }
    let asked = proto::ListTouchpointsRequest {
        customer_id,
        types: vec![proto::ActivityType::Order.into()],
        page_size: 2,
        ..Default::default()
    };
    let page = service.touchpoints().list_touchpoints(asked.clone()).await.unwrap().into_inner();
    assert!(page.touchpoints.iter().all(|t| t.r#type() == proto::ActivityType::Order));
    let other =
        proto::ListTouchpointsRequest { types: vec![], page_token: page.next_page_token, ..asked.clone() };
    let status = service.touchpoints().list_touchpoints(other).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "PAGE_TOKEN_MISMATCH");
    let other = proto::ListTouchpointsRequest { page_token: "2".into(), ..asked.clone() };
    let status = service.touchpoints().list_touchpoints(other).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "PAGE_TOKEN_MALFORMED");
    let other = proto::ListTouchpointsRequest { types: vec![99], channels: vec!["x".into()], ..asked };
    let status = service.touchpoints().list_touchpoints(other).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(status.get_error_details().bad_request().unwrap().field_violations.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_touchpoint_is_gone_and_its_order_id_is_free() {
    let service = service().await;
    let recorded = service.record(vec![touch("1", 2, &["EMAIL:a@x.io"], order("A-1", 100))]).await;
    let key = || proto::GetTouchpointRequest {
        source: "shop".into(),
        source_id: "1".into(),
        at_least_as_fresh: recorded.revision,
        ..Default::default()
    };
    let found = service.touchpoints().get_touchpoint(key()).await.unwrap().into_inner();
    let found = found.touchpoint.unwrap();
    assert_eq!(found.customer_id, recorded.outcomes[0].customer_id);
    assert_eq!(found.touchpoint.unwrap().identifiers, [identifier("EMAIL:a@x.io")]);
    let void = |reason: &str| proto::VoidTouchpointRequest {
        source: "shop".into(),
        source_id: "1".into(),
        reason: reason.into(),
        ..Default::default()
    };
    let status = service.touchpoints().void_touchpoint(void("")).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let voided = service.touchpoints().void_touchpoint(void("typo")).await.unwrap().into_inner();
    assert_eq!(voided.revision, recorded.revision + 1);
    let again = service.touchpoints().void_touchpoint(void("typo")).await.unwrap().into_inner();
    assert_eq!(again.revision, voided.revision, "voiding twice is voiding once");
    let status = service.touchpoints().get_touchpoint(key()).await.unwrap_err();
    refused(&status, Code::NotFound, "TOUCHPOINT_NOT_FOUND");
    let corrected = service.record(vec![touch("1b", 2, &["EMAIL:a@x.io"], order("A-1", 90))]).await;
    assert_eq!(corrected.outcomes[0].status(), RecordStatus::Recorded);
    let unknown = proto::VoidTouchpointRequest { source_id: "9".into(), ..void("typo") };
    let status = service.touchpoints().void_touchpoint(unknown).await.unwrap_err();
    refused(&status, Code::NotFound, "TOUCHPOINT_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_full_of_refusals_still_fits_a_default_client() {
    let service = service().await;
    let lines = vec![proto::Line { quantity: Some(-1.0), ..Default::default() }; 50];
    let wrong = Activity::Order(proto::Order { lines, ..Default::default() });
    let batch = vec![touch("1", 1, &[], wrong); 5_000];
    // A default client refuses answers of 4 MiB.
    let answer = service.record(batch).await;
    assert_eq!(answer.outcomes.len(), 5_000);
    assert!(answer.outcomes.iter().all(|outcome| outcome.reason() == ErrorReason::ValidationFailed));
    assert_eq!(answer.outcomes[0].violations.len(), 50);
}

/// Puts bytes on the wire as they are.
#[derive(Default)]
struct Raw;

impl tonic::codec::Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl tonic::codec::Encoder for Raw {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn encode(&mut self, bytes: Vec<u8>, to: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
        prost::bytes::BufMut::put_slice(to, &bytes);
        Ok(())
    }
}

impl tonic::codec::Decoder for Raw {
    type Item = ();
    type Error = tonic::Status;

    fn decode(&mut self, _: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<()>, tonic::Status> {
        Ok(None)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_are_no_message_and_harm_nobody() {
    let service = service().await;
    let mut state = 1_u32;
    let mut refusals = 0;
    for length in 1..200_usize {
        let random = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let bytes: Vec<u8> = (0..length).map(random).collect();
        let mut client = tonic::client::Grpc::new(service.channel.clone());
        client.ready().await.unwrap();
        let path = "/customer360.v1.TouchpointService/RecordTouchpoints".parse().unwrap();
        match client.unary(tonic::Request::new(bytes), path, Raw).await {
            // By chance they may be a message with unknown fields only.
            Ok(_) => {}
            Err(status) if status.code() == Code::Internal => {
                assert!(status.message().contains("Missing response message"), "{status:?}");
            }
            Err(status) => {
                refused(&status, Code::InvalidArgument, "MESSAGE_MALFORMED");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 100, "{refusals}");
    let answer = service.record(vec![touch("1", 1, &[], visit())]).await;
    assert_eq!(answer.outcomes[0].status(), RecordStatus::Recorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_order_is_sent_again_with_a_higher_version() {
    let service = service().await;
    let version = |version, minor| proto::Touchpoint {
        version,
        ..touch("o1", 2, &["EMAIL:a@x.io"], order("A-1", minor))
    };
    let first = service.record(vec![version(0, 10_000)]).await;
    let edited = service.record(vec![version(2, 6_000), version(1, 8_000)]).await;
    let statuses: Vec<RecordStatus> = edited.outcomes.iter().map(proto::RecordOutcome::status).collect();
    assert_eq!(statuses, [RecordStatus::Recorded, RecordStatus::Superseded]);
    let customer = &first.outcomes[0].customer_id;
    assert!(edited.outcomes.iter().all(|outcome| outcome.customer_id == *customer));
    let again = service.record(vec![version(0, 10_000), version(2, 6_000), version(2, 6_001)]).await;
    let statuses: Vec<RecordStatus> = again.outcomes.iter().map(proto::RecordOutcome::status).collect();
    assert_eq!(statuses, [RecordStatus::Superseded, RecordStatus::Duplicate, RecordStatus::Refused]);
    assert_eq!(again.outcomes[2].reason(), ErrorReason::TouchpointConflict);

    // The view, the timeline, and what was known before.
    let by = proto::customer_ref::By::CustomerId(customer.clone());
    let summary = service.customer(by.clone()).await.unwrap().summary.unwrap();
    assert_eq!((summary.orders, summary.revenue[0].gross_minor), (1, 6_000));
    let then = proto::GetCustomerRequest {
        customer: Some(proto::CustomerRef { by: Some(by) }),
        as_known_at: Some(proto::KnownAt { at: Some(proto::known_at::At::Revision(first.revision)) }),
        ..Default::default()
    };
    let then = service.customers().get_customer(then).await.unwrap().into_inner().customer.unwrap();
    assert_eq!(then.summary.unwrap().revenue[0].gross_minor, 10_000, "stays known as of then");
    let all = proto::ListTouchpointsRequest::default();
    let listed = service.touchpoints().list_touchpoints(all).await.unwrap().into_inner().touchpoints;
    let versions: Vec<i64> = listed.iter().map(|one| one.touchpoint.as_ref().unwrap().version).collect();
    assert_eq!(versions, [2]);

    let get = async |version| {
        let request = proto::GetTouchpointRequest {
            source: "shop".into(),
            source_id: "o1".into(),
            version,
            ..Default::default()
        };
        let found = service.touchpoints().get_touchpoint(request).await?.into_inner().touchpoint.unwrap();
        let touchpoint = found.touchpoint.unwrap();
        assert_eq!(touchpoint.identifiers, [identifier("EMAIL:a@x.io")]);
        Ok::<_, tonic::Status>((touchpoint.version, found.superseded))
    };
    assert_eq!(get(None).await.unwrap(), (2, false));
    assert_eq!(get(Some(0)).await.unwrap(), (0, true));
    assert_eq!(get(Some(1)).await.unwrap(), (1, true), "kept, though it came late");
    refused(&get(Some(7)).await.unwrap_err(), Code::NotFound, "TOUCHPOINT_NOT_FOUND");

    // A void takes a version back, and all below it.
    let void = async |version| {
        let request = proto::VoidTouchpointRequest {
            source: "shop".into(),
            source_id: "o1".into(),
            reason: "cancelled".into(),
            author: "ada".into(),
            version,
        };
        service.touchpoints().void_touchpoint(request).await.map(|voided| voided.into_inner().version)
    };
    refused(&void(Some(3)).await.unwrap_err(), Code::NotFound, "TOUCHPOINT_NOT_FOUND");
    assert_eq!(void(Some(1)).await.unwrap(), 1);
    refused(&get(Some(0)).await.unwrap_err(), Code::NotFound, "TOUCHPOINT_NOT_FOUND");
    assert_eq!(get(None).await.unwrap(), (2, false), "a higher one stands");
    assert_eq!(void(None).await.unwrap(), 2);
    refused(&get(None).await.unwrap_err(), Code::NotFound, "TOUCHPOINT_NOT_FOUND");
    let back = service.record(vec![version(3, 5_000)]).await;
    assert_eq!(back.outcomes[0].status(), RecordStatus::Recorded);
    assert_eq!(get(None).await.unwrap(), (3, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_said_a_little_otherwise_is_a_duplicate() {
    let service = service().await;
    let write = |name: &str, n: i64| proto::TraitWrite {
        name: name.into(),
        value: Some(proto::Value { kind: Some(proto::value::Kind::Integer(n)) }),
        ..Default::default()
    };
    let names = ["ACCOUNT:s", "EMAIL:s@x.io", "PHONE:+447911123456"];
    let said = proto::Touchpoint {
        traits: vec![write("a", 1), write("b", 2)],
        ..touch("1", 2, &names, order("S1", 700))
    };
    service.record(vec![said.clone()]).await;
    let named = |names: &[&str]| proto::Touchpoint {
        identifiers: names.iter().map(|text| identifier(text)).collect(),
        ..said.clone()
    };
    let mut nanoseconds = said.clone();
    nanoseconds.at.as_mut().unwrap().nanos = 999;
    let same = vec![
        named(&["PHONE:+447911123456", "EMAIL:s@x.io", "ACCOUNT:s"]),
        named(&["ACCOUNT:s", "ACCOUNT:s", "EMAIL:S@X.IO", "PHONE:+44 7911 123456"]),
        proto::Touchpoint { traits: vec![write("b", 2), write("a", 1)], ..said.clone() },
        nanoseconds,
    ];
    for outcome in service.record(same).await.outcomes {
        assert_eq!(outcome.status(), RecordStatus::Duplicate);
    }
    let other = proto::Touchpoint { traits: vec![write("b", 2), write("a", 2)], ..said.clone() };
    assert_eq!(service.record(vec![other]).await.outcomes[0].reason(), ErrorReason::TouchpointConflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_blocked_is_noted_where_the_caller_asks_for_it() {
    let service = service().await;
    let touchpoints = vec![touch("1", 2, &["ACCOUNT:null", "COOKIE:c"], visit())];
    let request =
        proto::RecordTouchpointsRequest { touchpoints: touchpoints.clone(), explain: true, strict: false };
    let answer = service.touchpoints().record_touchpoints(request).await.unwrap().into_inner();
    let [note] = answer.outcomes[0].notes.as_slice() else { panic!("one note") };
    assert_eq!(note.path, "touchpoints[0].identifiers[0]");
    assert_eq!(note.reason(), proto::RecordNoteReason::Blocked);
    assert!(service.record(touchpoints.clone()).await.outcomes[0].notes.is_empty(), "not asked for");
    let batch = proto::ImportTouchpointsRequest { touchpoints, explain: true, strict: false };
    let sum = service.touchpoints().import_touchpoints(tokio_stream::iter(vec![batch; 2])).await;
    let sum = sum.unwrap().into_inner();
    let count = proto::RecordNoteCount { reason: proto::RecordNoteReason::Blocked.into(), notes: 2 };
    assert_eq!((sum.duplicates, sum.note_counts), (2, vec![count]));
    let places: Vec<i64> = sum.notes.iter().map(|noted| noted.index).collect();
    assert_eq!(places, [0, 1]);
    assert_eq!(sum.notes[1].note.as_ref().unwrap().path, "identifiers[0]");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_link_is_noted_where_the_caller_asks_for_it() {
    let service = service().await;
    let explained = async |touchpoints| {
        let request = proto::RecordTouchpointsRequest { touchpoints, explain: true, strict: false };
        let answer = service.touchpoints().record_touchpoints(request).await.unwrap().into_inner();
        let notes = answer.outcomes.into_iter().flat_map(|outcome| outcome.notes);
        notes.map(|note| (note.path.clone(), note.reason())).collect::<Vec<_>>()
    };
    let mut touchpoints: Vec<_> = (1..=4)
        .map(|n| touch(&format!("{n}"), n, &[&format!("EMAIL:{n}@x.io"), "PHONE:+447911123456"], visit()))
        .collect();
    touchpoints.push(touch("5", 5, &["COOKIE:c", "ACCOUNT:u1", "ACCOUNT:u2"], visit()));
    use proto::RecordNoteReason::{Limit, Shared};
    let mut expected: Vec<_> = (0..4).map(|i| (format!("touchpoints[{i}].identifiers[1]"), Shared)).collect();
    expected.push(("touchpoints[4].identifiers[2]".into(), Limit));
    assert_eq!(explained(touchpoints.clone()).await, expected);
    assert_eq!(explained(touchpoints.clone()).await, expected, "sent again: as it stands");
    assert!(service.record(touchpoints).await.outcomes.iter().all(|outcome| outcome.notes.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_a_note_in_its_phone_field_keeps_its_revenue_and_its_account() {
    let service = service().await;
    let sent =
        touch("1", 2, &["ACCOUNT:a1", "PHONE:call after 5pm", "EMAIL:none given"], order("A-1", 5_000));
    let outcome = service.record(vec![sent.clone()]).await.outcomes.remove(0);
    assert_eq!(outcome.status(), RecordStatus::Recorded);
    let told: Vec<(&str, &str)> = outcome
        .notes
        .iter()
        .map(|note| {
            assert_eq!(note.reason(), proto::RecordNoteReason::Unusable);
            (note.path.as_str(), note.violation.as_ref().unwrap().field.as_str())
        })
        .collect();
    let expected = [
        ("touchpoints[0].identifiers[1]", "touchpoints[0].identifiers[1].value"),
        ("touchpoints[0].identifiers[2]", "touchpoints[0].identifiers[2].value"),
    ];
    assert_eq!(told, expected);
    let customer = service.customer(By::Identifier(identifier("ACCOUNT:a1"))).await.unwrap();
    assert_eq!(customer.identifiers.len(), 1);
    assert_eq!(customer.summary.unwrap().revenue[0].gross_minor, 5_000);
    let asked = proto::GetTouchpointRequest {
        source: sent.source.clone(),
        source_id: "1".into(),
        ..Default::default()
    };
    let found = service.touchpoints().get_touchpoint(asked).await.unwrap().into_inner().touchpoint.unwrap();
    assert_eq!(found.unusable_identifiers, sent.identifiers[1..]);

    let strict = proto::RecordTouchpointsRequest {
        touchpoints: vec![proto::Touchpoint { source_id: "2".into(), ..sent }],
        strict: true,
        ..Default::default()
    };
    let answer = service.touchpoints().record_touchpoints(strict).await.unwrap().into_inner();
    assert_eq!(answer.outcomes[0].status(), RecordStatus::Refused);
    assert_eq!(answer.outcomes[0].violations.len(), 2);
}
