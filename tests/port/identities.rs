//! Who is it, and why?

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::explain_identity_request::Subject;
use customer360::rpc::proto::{self, CustomerKind, DropReason, RecordStatus, ViolationReason};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{NOW, identifier, of_tenant, order, refused, service, touch, visit, wrong_fields};

#[tokio::test(flavor = "multi_thread")]
async fn resolving_foresees_what_recording_then_does() {
    let service = service().await;
    service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            touch("2", 8, &["ACCOUNT:u1", "EMAIL:a@x.io"], visit()),
            touch("3", 7, &["ACCOUNT:u2", "EMAIL:c2@x.io", "COOKIE:c2"], visit()),
        ])
        .await;
    let resolve = async |identifiers: &[&str]| {
        let identifiers = identifiers.iter().map(|text| identifier(text)).collect();
        let request =
            proto::ResolveIdentityRequest { identifiers, at_least_as_fresh: 1, ..Default::default() };
        service.identities().resolve_identity(request).await.unwrap().into_inner()
    };
    let both = ["COOKIE:c1", "EMAIL:A@x.io", "COOKIE:null"];
    let foreseen = resolve(&both).await;
    assert_eq!(foreseen.joined_customer_ids.len(), 1);
    assert_eq!(foreseen.kind(), CustomerKind::Registered);
    assert!(foreseen.identifiers[2].blocked);
    assert_eq!(resolve(&both).await, foreseen, "nothing was written");
    let recorded = service.record(vec![touch("4", 6, &both, visit())]).await;
    assert_eq!(recorded.outcomes[0].customer_id, foreseen.customer_id);

    let refused_join = resolve(&["ACCOUNT:u1", "EMAIL:c2@x.io", "COOKIE:c2"]).await;
    let reasons: Vec<_> = refused_join.identifiers.iter().map(|one| one.drop_reason()).collect();
    assert_eq!(
        reasons,
        [DropReason::Unspecified, DropReason::Limit, DropReason::Unspecified],
        "cookies move"
    );
    assert_eq!(refused_join.customer_id, foreseen.customer_id);
    let new = resolve(&["EMAIL:new@x.io"]).await;
    assert_eq!((new.customer_id.as_str(), new.kind()), ("", CustomerKind::Registered));
    let aside = resolve(&["PHONE:call after 5pm", "EMAIL:A@x.io"]).await;
    assert_eq!(aside.customer_id, foreseen.customer_id, "recording would set the number aside");
    let told = aside.identifiers[0].unusable.clone().unwrap();
    assert_eq!((told.field.as_str(), told.reason()), ("identifiers[0].value", ViolationReason::Malformed));
    assert!(!aside.identifiers[0].blocked && aside.identifiers[1].unusable.is_none());
    let nobody = resolve(&["COOKIE:guest"]).await;
    assert_eq!((nobody.customer_id.as_str(), nobody.kind()), ("", CustomerKind::Unspecified));

    let request =
        proto::ResolveIdentityRequest { identifiers: vec![identifier("EMAIL:x@x.io")], ..Default::default() };
    let elsewhere =
        service.identities().resolve_identity(of_tenant("acme", request)).await.unwrap().into_inner();
    assert_eq!((elsewhere.revision, elsewhere.kind()), (0, CustomerKind::Registered));
    let none = proto::ResolveIdentityRequest::default();
    let status = service.identities().resolve_identity(none).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let future = proto::ResolveIdentityRequest { at_least_as_fresh: 99, ..Default::default() };
    let status = service.identities().resolve_identity(future).await.unwrap_err();
    refused(&status, Code::Unavailable, "NOT_FRESH_YET");
    assert!(status.get_error_details().retry_info().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_tells_the_chain_and_what_was_dropped() {
    let service = service().await;
    let recorded = service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            touch("2", 8, &["COOKIE:c1", "EMAIL:a@x.io"], visit()),
            touch("3", 7, &["EMAIL:a@x.io", "ACCOUNT:u1"], visit()),
            touch("4", 6, &["ACCOUNT:u2", "EMAIL:a@x.io"], visit()),
            touch("5", 5, &["COOKIE:c1"], visit()),
        ])
        .await;
    let explain = async |subject: Subject, to: Option<&str>, page_size: i32| {
        let request = proto::ExplainIdentityRequest {
            subject: Some(subject),
            to: to.map(identifier),
            page_size,
            ..Default::default()
        };
        service.identities().explain_identity(request).await.map(tonic::Response::into_inner)
    };
    let why = explain(Subject::Identifier(identifier("COOKIE:c1")), Some("ACCOUNT:u1"), 0).await.unwrap();
    assert_eq!(why.customer_id, recorded.outcomes[0].customer_id);
    assert_eq!(why.to_customer_id, why.customer_id);
    let chain: Vec<&str> =
        why.chain.iter().map(|l| l.touchpoint.as_ref().unwrap().source_id.as_str()).collect();
    assert_eq!(chain, ["2", "3"]);
    assert_eq!(why.observations.len(), 3);
    let seconds = |at: &Option<pbjson_types::Timestamp>| (NOW - at.unwrap().seconds) / 86_400;
    let first = &why.observations[0];
    assert_eq!((seconds(&first.first_seen), seconds(&first.last_seen)), (9, 5), "days ago");

    let why_not = explain(Subject::Identifier(identifier("COOKIE:c1")), Some("ACCOUNT:u2"), 0).await.unwrap();
    assert!(why_not.chain.is_empty());
    assert_eq!(why_not.to_customer_id, recorded.outcomes[3].customer_id);
    let other =
        explain(Subject::CustomerId(recorded.outcomes[3].customer_id.clone()), None, 0).await.unwrap();
    let dropped = &other.observations[0].dropped[0];
    assert_eq!(dropped.reason(), DropReason::Limit);
    assert_eq!(dropped.identifier, Some(identifier("EMAIL:a@x.io")));
    assert_eq!(dropped.holder_customer_id, why.customer_id);

    let page = explain(Subject::CustomerId(why.customer_id.clone()), None, 2).await.unwrap();
    assert_eq!(page.observations.len(), 2);
    assert!(!page.next_page_token.is_empty());
    let status = explain(Subject::Identifier(identifier("COOKIE:c9")), None, 0).await.unwrap_err();
    refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
    let status = explain(Subject::CustomerId(why.customer_id), Some("COOKIE:c1"), 0).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
}

/// The calls that accept `as_known_at`, one after another, around a merge, a late arrival and a void.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_then_is_answered_as_it_was() {
    let service = service().await;
    let recorded = service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            touch("2", 8, &["ACCOUNT:u1", "EMAIL:a@x.io"], order("o1", 1_000)),
        ])
        .await;
    let [cookie, account] = [0, 1].map(|i: usize| recorded.outcomes[i].customer_id.clone());
    let then = recorded.revision;
    let known = |at| Some(proto::KnownAt { at: Some(at) });
    let ask = async |id: &str, as_known_at: Option<proto::KnownAt>| {
        let customer = Some(proto::CustomerRef { by: Some(By::CustomerId(id.to_owned())) });
        let request = proto::GetCustomerRequest { customer, as_known_at, ..Default::default() };
        let mut customers = service.customers();
        let view = customers.get_customer(request).await.map(tonic::Response::into_inner);
        let explain = proto::ExplainIdentityRequest {
            subject: Some(Subject::CustomerId(id.to_owned())),
            as_known_at,
            ..Default::default()
        };
        let explained = service.identities().explain_identity(explain).await.map(tonic::Response::into_inner);
        let list =
            proto::ListTouchpointsRequest { customer_id: id.to_owned(), as_known_at, ..Default::default() };
        let listed = service.touchpoints().list_touchpoints(list).await.map(tonic::Response::into_inner);
        let resolve = proto::ResolveIdentityRequest {
            identifiers: vec![identifier("COOKIE:c1"), identifier("EMAIL:a@x.io")],
            as_known_at,
            ..Default::default()
        };
        let resolved = service.identities().resolve_identity(resolve).await.unwrap().into_inner();
        (view, explained, listed, resolved)
    };
    let told = async |id: &str, at| {
        let (view, explained, listed, resolved) = ask(id, at).await;
        (view.unwrap(), explained.unwrap(), listed.unwrap(), resolved)
    };
    let remembered = (told(&cookie, None).await, told(&account, None).await);
    assert_eq!(remembered.0.0.revision, then);
    service
        .record(vec![
            touch("3", 7, &["COOKIE:c1", "ACCOUNT:u1"], order("o2", 700)),
            touch("4", 30, &["COOKIE:c1"], visit()),
        ])
        .await;
    let void = proto::VoidTouchpointRequest {
        source: "shop".into(),
        source_id: "2".into(),
        reason: "test".into(),
        ..Default::default()
    };
    service.touchpoints().void_touchpoint(void).await.unwrap();
    let now = told(&account, None).await;
    assert_eq!(now.0.customer.as_ref().unwrap().customer_id, cookie, "they are one now");
    let at = known(proto::known_at::At::Revision(then));
    assert_eq!((told(&cookie, at).await, told(&account, at).await), remembered);

    // The test's clock stands still: each revision is committed a microsecond after the one before.
    let instant = |micros: i64| {
        let nanos = i32::try_from(micros * 1_000).unwrap();
        known(proto::known_at::At::Instant(pbjson_types::Timestamp { seconds: NOW, nanos }))
    };
    assert_eq!(told(&account, instant(now.0.revision)).await, now);
    assert_eq!(told(&account, instant(then)).await, remembered.1);
    let (before, explained, listed, resolved) = ask(&account, instant(then - 1)).await;
    refused(&before.unwrap_err(), Code::NotFound, "CUSTOMER_NOT_FOUND");
    refused(&explained.unwrap_err(), Code::NotFound, "CUSTOMER_NOT_FOUND");
    refused(&listed.unwrap_err(), Code::NotFound, "CUSTOMER_NOT_FOUND");
    assert_eq!((resolved.revision, resolved.customer_id.as_str()), (0, ""));
    let (present, ..) = ask(&account, known(proto::known_at::At::Revision(now.0.revision))).await;
    assert_eq!(present.unwrap(), now.0);
    let as_known_at = known(proto::known_at::At::Revision(99));
    let list = proto::ListTouchpointsRequest { as_known_at, ..Default::default() };
    let future = service.touchpoints().list_touchpoints(list).await.unwrap_err();
    refused(&future, Code::Unavailable, "NOT_FRESH_YET");
    for (wrong, path) in [
        (proto::KnownAt { at: None }, "as_known_at"),
        (known(proto::known_at::At::Revision(-1)).unwrap(), "as_known_at.revision"),
        (instant(now.0.revision + 1).unwrap(), "as_known_at.instant"),
    ] {
        let list = proto::ListTouchpointsRequest { as_known_at: Some(wrong), ..Default::default() };
        let status = service.touchpoints().list_touchpoints(list).await.unwrap_err();
        refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
        assert_eq!(wrong_fields(&status), [path]);
    }
}

/// What analytics SDKs, templates, spreadsheets and broken devices send for nobody.
const NOBODY: [&str; 58] = [
    "",
    " ",
    "null",
    "NULL",
    "'null'",
    "undefined",
    "None",
    "nil",
    "NaN",
    "nan",
    "N/A",
    "#N/A",
    "n.a.",
    "-",
    "--",
    "?",
    "0",
    "0.0",
    "00000000-0000-0000-0000-000000000000",
    "000000000000",
    "anonymous",
    "guest",
    "GUEST",
    "distinct_id",
    "distinctid",
    "email",
    "userid",
    "user_id",
    "not_authenticated",
    "unidentified",
    "undefined undefined",
    "(none)",
    "[object Object]",
    "{}",
    "[]",
    "%7B%7Buser_id%7D%7D",
    "{{user_id}}",
    "${userId}",
    "$user_id",
    "<nil>",
    "nobody",
    "default",
    "deleted",
    "dummy",
    "xxx",
    "XXXXXXXX",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "02:00:00:00:00:00",
    "9774d56d682e549c",
    "true",
    "false",
    "id",
    "*|UNIQID|*",
    "{!Contact.Id}",
    "<%= user.id %>",
    "%%ID%%",
    "#REF!",
    "\u{FEFF}null\u{200B}",
];
const NOBODYS_ADDRESSES: [&str; 12] = [
    "null@null.com",
    "noreply@example.com",
    "no@email.com",
    "none@none.com",
    "na@na.com",
    "test@test.com",
    "a@a.a",
    "x@x.x",
    "guest@guest.com",
    "unknown@unknown.com",
    "noemail@noemail.com",
    "undefined@undefined",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_systems_send_for_nobody_joins_no_strangers_and_costs_no_touchpoint() {
    let service = service().await;
    let kinds = [("ACCOUNT", &NOBODY[..]), ("DEVICE", &NOBODY[..]), ("EMAIL", &NOBODYS_ADDRESSES[..])];
    for (kind, values) in kinds {
        let pair = |(i, value): (usize, &&str)| {
            ["a", "b"].map(|side| {
                let cookie = format!("COOKIE:{kind}-{i}-{side}");
                touch(&cookie, 9, &[&format!("{kind}:{value}"), &cookie], visit())
            })
        };
        let answer = service.record(values.iter().enumerate().flat_map(pair).collect()).await;
        for (value, outcomes) in values.iter().zip(answer.outcomes.chunks(2)) {
            assert!(outcomes.iter().all(|one| one.status() == RecordStatus::Recorded), "{kind} {value:?}");
            assert_ne!(outcomes[0].customer_id, outcomes[1].customer_id, "{kind} {value:?}");
        }
    }
}
