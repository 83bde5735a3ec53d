//! The port end to end: a real TCP port, the generated client, SQLite behind.

use customer360::clock;
use customer360::mirror::{self, Mirrors};
use customer360::model::Micros;
use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::customer_service_client::CustomerServiceClient;
use customer360::rpc::proto::explain_identity_request::Subject;
use customer360::rpc::proto::identity_service_client::IdentityServiceClient;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use customer360::rpc::proto::{self, CustomerKind, DropReason, ErrorReason, RecordStatus};
use customer360::rpc::{self, Port};
use customer360::store::{self, Store};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// 2026-06-01T00:00:00Z
const NOW: i64 = 1_780_272_000;

struct Service {
    channel: Channel,
    _folder: tempfile::TempDir,
}

async fn service() -> Service {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    let clock = clock::fixed(Micros(NOW * 1_000_000));
    let store = Store::open(&url, &store::Settings::default(), clock.clone()).await.unwrap();
    let mirrors = Mirrors::new(store.clone(), mirror::Settings::default());
    let (routes, names) = rpc::services(&Port::new(store, mirrors, clock, rpc::Settings::default()));
    assert!(names.contains(&"customer360.v1.TouchpointService"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tonic::transport::Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    Service { channel, _folder: folder }
}

impl Service {
    fn touchpoints(&self) -> TouchpointServiceClient<Channel> {
        TouchpointServiceClient::new(self.channel.clone())
    }

    fn identities(&self) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel.clone())
    }

    fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone())
    }

    async fn record(&self, touchpoints: Vec<proto::Touchpoint>) -> proto::RecordTouchpointsResponse {
        let request = proto::RecordTouchpointsRequest { touchpoints };
        self.touchpoints().record_touchpoints(request).await.unwrap().into_inner()
    }

    async fn customer(&self, by: By) -> Result<proto::Customer, Status> {
        let customer = Some(proto::CustomerRef { by: Some(by) });
        let request = proto::GetCustomerRequest { customer, ..Default::default() };
        Ok(self.customers().get_customer(request).await?.into_inner().customer.unwrap())
    }
}

fn identifier(text: &str) -> proto::Identifier {
    let (kind, value) = text.split_once(':').unwrap();
    proto::Identifier { kind: kind.into(), value: value.into(), region: String::new() }
}

/// A touchpoint some days before now.
fn touch(id: &str, days_ago: i64, identifiers: &[&str], activity: Activity) -> proto::Touchpoint {
    proto::Touchpoint {
        source: "shop".into(),
        source_id: id.into(),
        at: Some(pbjson_types::Timestamp { seconds: NOW - days_ago * 86_400, nanos: 0 }),
        channel: "web".into(),
        identifiers: identifiers.iter().map(|text| identifier(text)).collect(),
        activity: Some(activity),
        ..Default::default()
    }
}

fn visit() -> Activity {
    Activity::Visit(proto::Visit::default())
}

fn order(id: &str, minor: i64) -> Activity {
    let amount = Some(proto::Money { minor, currency: "EUR".into() });
    Activity::Order(proto::Order { order_id: id.into(), amount, ..Default::default() })
}

#[track_caller]
fn refused(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "customer360"));
}

fn of_tenant<T>(tenant: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(rpc::TENANT_METADATA, tenant.parse().unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn each_touchpoint_of_a_batch_has_its_own_outcome() {
    let service = service().await;
    let bad = touch(
        "bad",
        1,
        &["EMAIL:nobody"],
        Activity::SurveyAnswer(proto::SurveyAnswer { kind: 1, score: 11, ..Default::default() }),
    );
    let first = touch("1", 2, &["EMAIL:Ada@X.io"], order("A-1", 100));
    let anonymous = touch("3", 2, &[], order("A-3", 100));
    let taken = touch("2", 2, &["EMAIL:ada@x.io"], order("A-1", 100));
    let answer = service.record(vec![first.clone(), bad, taken, anonymous, first.clone()]).await;
    let statuses: Vec<RecordStatus> = answer.outcomes.iter().map(proto::RecordOutcome::status).collect();
    use RecordStatus::{Duplicate, Recorded, Refused};
    assert_eq!(statuses, [Recorded, Refused, Refused, Recorded, Duplicate]);
    let told: Vec<&str> = answer.outcomes[1].violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(told, ["touchpoints[1].identifiers[0].value", "touchpoints[1].survey_answer.score"]);
    assert_eq!(answer.outcomes[2].reason(), ErrorReason::OrderIdTaken);
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
    let request = proto::RecordTouchpointsRequest { touchpoints: too_many };
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
        proto::ImportTouchpointsRequest { touchpoints }
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
    };
    let found = service.touchpoints().get_touchpoint(key()).await.unwrap().into_inner();
    let found = found.touchpoint.unwrap();
    assert_eq!(found.customer_id, recorded.outcomes[0].customer_id);
    assert_eq!(found.touchpoint.unwrap().identifiers, [identifier("EMAIL:a@x.io")]);
    let void = |reason: &str| proto::VoidTouchpointRequest {
        source: "shop".into(),
        source_id: "1".into(),
        reason: reason.into(),
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
async fn resolving_foresees_what_recording_then_does() {
    let service = service().await;
    service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            touch("2", 8, &["ACCOUNT:u1", "EMAIL:a@x.io"], visit()),
            touch("3", 7, &["ACCOUNT:u2", "COOKIE:c2"], visit()),
        ])
        .await;
    let resolve = async |identifiers: &[&str]| {
        let identifiers = identifiers.iter().map(|text| identifier(text)).collect();
        let request = proto::ResolveIdentityRequest { identifiers, at_least_as_fresh: 1 };
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

    let refused_join = resolve(&["ACCOUNT:u1", "COOKIE:c2"]).await;
    assert_eq!(refused_join.identifiers[1].drop_reason(), DropReason::Limit);
    assert_eq!(refused_join.customer_id, foreseen.customer_id);
    let new = resolve(&["EMAIL:new@x.io"]).await;
    assert_eq!((new.customer_id.as_str(), new.kind()), ("", CustomerKind::Registered));
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
            touch("4", 6, &["ACCOUNT:u2", "COOKIE:c1"], visit()),
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
    assert_eq!(dropped.identifier, Some(identifier("COOKIE:c1")));
    assert_eq!(dropped.holder_customer_id, why.customer_id);

    let page = explain(Subject::CustomerId(why.customer_id.clone()), None, 2).await.unwrap();
    assert_eq!(page.observations.len(), 2);
    assert!(!page.next_page_token.is_empty());
    let status = explain(Subject::Identifier(identifier("COOKIE:c9")), None, 0).await.unwrap_err();
    refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
    let status = explain(Subject::CustomerId(why.customer_id), Some("COOKIE:c1"), 0).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_found_by_any_id_and_any_identifier_and_restated_by_a_merge() {
    let service = service().await;
    let city = |value: &str, if_absent| proto::TraitWrite {
        name: "city".into(),
        value: Some(proto::Value { kind: Some(proto::value::Kind::Text(value.into())) }),
        if_absent,
    };
    let mut said = touch("2", 8, &["ACCOUNT:u1"], order("A-1", 1_000));
    said.traits = vec![city("Paris", false)];
    let mut gap = touch("3", 7, &["ACCOUNT:u1"], visit());
    gap.traits = vec![city("Rome", true)];
    let back = Activity::Return(proto::Return {
        return_id: "R-1".into(),
        amount: Some(proto::Money { minor: 300, currency: "EUR".into() }),
        ..Default::default()
    });
    let nps = Activity::SurveyAnswer(proto::SurveyAnswer { kind: 1, score: 9, ..Default::default() });
    let recorded = service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            said,
            gap,
            touch("4", 6, &["ACCOUNT:u1"], back),
            touch("5", 5, &["ACCOUNT:u1"], nps),
        ])
        .await;
    let (anonymous, known) =
        (recorded.outcomes[0].customer_id.clone(), recorded.outcomes[1].customer_id.clone());
    assert_ne!(anonymous, known);
    service.record(vec![touch("6", 4, &["COOKIE:c1", "ACCOUNT:u1"], visit())]).await;
    let customer = service.customer(By::CustomerId(known)).await.unwrap();
    assert_eq!(customer.customer_id, anonymous, "the oldest id survives");
    for by in [By::CustomerId(anonymous), By::Identifier(identifier("COOKIE: c1 "))] {
        assert_eq!(service.customer(by).await.unwrap(), customer);
    }
    assert_eq!(customer.kind(), CustomerKind::Registered);
    let held: Vec<_> = customer.identifiers.iter().map(|i| i.identifier.clone().unwrap().kind).collect();
    assert_eq!(held, ["ACCOUNT", "COOKIE"]);
    let Some(proto::value::Kind::Text(city)) = customer.traits[0].value.clone().unwrap().kind else {
        panic!("a text")
    };
    assert_eq!(city, "Paris", "if_absent never overwrites");
    let summary = customer.summary.unwrap();
    assert_eq!((summary.touchpoints, summary.orders, summary.returns), (6, 1, 1));
    assert_eq!(summary.revenue[0].net_minor, 700);
    assert_eq!(summary.visits[0].visits, 3);
    assert_eq!(summary.last_nps.unwrap().score, 9);
    assert_eq!(summary.first_touch.unwrap().touchpoint.unwrap().source_id, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_masked_and_kept_apart_by_tenant() {
    let service = service().await;
    let recorded = service
        .record((0..7).map(|i| touch(&i.to_string(), 1, &[&format!("COOKIE:c{i}")], visit())).collect())
        .await;
    service.record(vec![touch("a", 1, &["ACCOUNT:u1"], visit())]).await;
    let mut asked = proto::ListCustomersRequest {
        kind: CustomerKind::Anonymous.into(),
        page_size: 3,
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = service.customers().list_customers(asked.clone()).await.unwrap().into_inner();
        seen.extend(page.customers.into_iter().map(|c| c.customer_id));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    let ids: Vec<String> = recorded.outcomes.into_iter().map(|outcome| outcome.customer_id).collect();
    assert_eq!(seen, ids);

    let by_id = |id: &str| proto::CustomerRef { by: Some(By::CustomerId(id.into())) };
    let nobody = proto::CustomerRef { by: Some(By::Identifier(identifier("COOKIE:none"))) };
    let known = proto::CustomerRef { by: Some(By::Identifier(identifier("COOKIE:c2"))) };
    let batch = |customers| proto::BatchGetCustomersRequest {
        customers,
        read_mask: Some(pbjson_types::FieldMask { paths: vec!["customer_id".into()] }),
        ..Default::default()
    };
    let customers = vec![by_id(&ids[0]), nobody, known];
    let answer = service.customers().batch_get_customers(batch(customers)).await.unwrap().into_inner();
    let found: Vec<_> =
        answer.outcomes.iter().map(|o| o.customer.as_ref().map(|c| c.customer_id.clone())).collect();
    assert_eq!(found, [Some(ids[0].clone()), None, Some(ids[2].clone())]);
    assert!(answer.outcomes[0].customer.as_ref().unwrap().summary.is_none(), "not asked for");
    let wrong = vec![by_id("x"), by_id(&ids[0]), proto::CustomerRef::default()];
    let status = service.customers().batch_get_customers(batch(wrong)).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    let fields: Vec<_> = status.get_error_details().bad_request().unwrap().field_violations.clone();
    let fields: Vec<&str> = fields.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["customers[0].customer_id", "customers[2]"]);

    let of = |id: &str| proto::GetCustomerRequest { customer: Some(by_id(id)), ..Default::default() };
    for tenant in ["acme", "zeta"] {
        let request = of_tenant(tenant, of(&ids[0]));
        let status = service.customers().get_customer(request).await.unwrap_err();
        refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
        let touchpoints = vec![touch("1", 1, &["COOKIE:z"], visit())];
        let request = of_tenant(tenant, proto::RecordTouchpointsRequest { touchpoints });
        service.touchpoints().record_touchpoints(request).await.unwrap();
        let request = of_tenant(tenant, of(&ids[0]));
        let status = service.customers().get_customer(request).await.unwrap_err();
        refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
    }
    let masked = proto::GetCustomerRequest {
        read_mask: Some(pbjson_types::FieldMask { paths: vec!["name".into()] }),
        ..of(&ids[0])
    };
    let status = service.customers().get_customer(masked).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
}
