//! Single messages that cost more than they weigh.

use std::time::{Duration, Instant};

use customer360::clock::stopwatch;
use customer360::rpc::proto;
use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::rule_service_client::RuleServiceClient;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::bystander::Bystander;
use crate::raw::{Peer, frame};
use crate::support::{Service, databases, tenant};

/// A refusal by its number must not take longer, unoptimized and beside others.
const AT_ONCE: Duration = Duration::from_secs(10);

async fn channel(service: &Service) -> Channel {
    Channel::from_shared(format!("http://{}", service.address)).unwrap().connect().await.unwrap()
}

#[track_caller]
fn refused(status: &Status, code: Code, reason: &str, since: Instant) {
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, reason, "{status:?}");
    let mut header = http::HeaderMap::new();
    status.add_header(&mut header).unwrap();
    let bytes: usize = header.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    assert!(bytes < 6_144, "{bytes} bytes of header");
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_elements() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let bystander = Bystander::beside(&service).await;
        let client = TouchpointServiceClient::new(channel(&service).await);
        for mut client in [client.clone(), client.send_compressed(CompressionEncoding::Gzip)] {
            let touchpoints = vec![proto::Touchpoint::default(); 300_000];
            let request = proto::RecordTouchpointsRequest { touchpoints, ..Default::default() };
            let since = stopwatch();
            let status = client.record_touchpoints(request).await.unwrap_err();
            refused(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE", since);
        }
        bystander.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let bystander = Bystander::beside(&service).await;
        let client = RuleServiceClient::new(channel(&service).await);
        let kind = |n: usize| proto::KindRule { kind: format!("K{n}"), ..Default::default() };
        let candidates = [
            proto::Rules { kinds: (0..100_000).map(kind).collect(), ..Default::default() },
            proto::Rules { blocked_patterns: vec![r"\w{20}".to_owned(); 20_000], ..Default::default() },
            proto::Rules { blocked: vec!["x".repeat(1_000_000)], ..Default::default() },
        ];
        for rules in candidates {
            let (mut one, mut other) = (client.clone(), client.clone());
            let since = stopwatch();
            let simulate = proto::SimulateRulesRequest { rules: Some(rules.clone()), ..Default::default() };
            let promote = proto::PromoteRulesRequest {
                request_id: "r".into(),
                author: "me".into(),
                reason: "why not".into(),
                rules: Some(rules),
                ..Default::default()
            };
            let (simulated, promoted) =
                tokio::join!(one.simulate_rules(simulate), other.promote_rules(promote));
            for status in [simulated.map(drop).unwrap_err(), promoted.map(drop).unwrap_err()] {
                refused(&status, Code::InvalidArgument, "VALIDATION_FAILED", since);
            }
        }
        bystander.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let bystander = Bystander::beside(&service).await;
        let clients = service.clients(&tenant()).await;
        let malformed = proto::CustomerRef { by: Some(By::CustomerId("no id".into())) };
        let mask = |paths| Some(pbjson_types::FieldMask { paths });
        let since = stopwatch();
        let many = proto::BatchGetCustomersRequest {
            customers: vec![malformed.clone(); 1_000],
            ..Default::default()
        };
        let status = clients.customers.clone().batch_get_customers(many).await.unwrap_err();
        refused(&status, Code::InvalidArgument, "VALIDATION_FAILED", since);
        assert_eq!(status.get_details_error_info().unwrap().metadata["violations"], "1000");
        for paths in [vec!["no_such_path".to_owned(); 1_000], vec!["x".repeat(100_000)]] {
            let request = proto::GetCustomerRequest {
                customer: Some(malformed.clone()),
                read_mask: mask(paths),
                ..Default::default()
            };
            let status = clients.customers.clone().get_customer(request).await.unwrap_err();
            refused(&status, Code::InvalidArgument, "VALIDATION_FAILED", since);
        }
        bystander.ends_well().await;
    }
}

const RECORD: &str = "/customer360.v1.TouchpointService/RecordTouchpoints";

#[tokio::test(flavor = "multi_thread")]
async fn tenants() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let peer = Peer::connect(&service.address).await;
        let two = [("x-customer360-tenant", "mine"), ("x-customer360-tenant", "yours")];
        let since = stopwatch();
        let status = peer.call(RECORD, &two, frame(0, &[])).await;
        refused(&status, Code::InvalidArgument, "TENANT_MALFORMED", since);
        assert_eq!(peer.call(RECORD, &two[..1], frame(0, &[])).await.code(), Code::Ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let bystander = Bystander::beside(&service).await;
        let peer = Peer::connect(&service.address).await;
        let gzip = [("grpc-encoding", "gzip")];
        let plain = &gzip[..0];
        let cases = [
            (&gzip[..], frame(1, b"no gzip at all")),
            (plain, frame(1, b"compressed by nothing")),
            (plain, frame(2, b"")),
            (plain, frame(0, &[0; 100])[..50].to_vec()),
            (plain, Vec::new()),
        ];
        for (headers, body) in cases {
            let since = stopwatch();
            let status = peer.call(RECORD, headers, body.clone()).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{body:?}: {status:?}");
            refused(&status, Code::InvalidArgument, "MESSAGE_MALFORMED", since);
        }
        bystander.ends_well().await;
    }
}
