//! Peers who hold what others need.

use std::time::Duration;

use customer360::rpc::proto;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::bystander::Bystander;
use crate::raw::{Peer, status};
use crate::support::{PATIENCE, Service, databases, order, record, tenant};

const GET: &str = "/customer360.v1.CustomerService/GetCustomer";

async fn is_serving(service: &Service) {
    let channel = tonic::transport::Channel::from_shared(format!("http://{}", service.address)).unwrap();
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    let answer = health.check(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(answer.status, 1, "SERVING");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        // Fewer places than calls that hold back their message.
        let service = Service::start(&url, &["--set", "max_requests=16", "--set", "message_seconds=3"]);
        let bystander = Bystander::beside(&service).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let peer = Peer::connect(&service.address).await;
            for _ in 0..200 {
                held.push(peer.begin(GET, &[]).await);
            }
        }
        is_serving(&service).await;
        for (answer, _sending) in held {
            let ended = tokio::time::timeout(PATIENCE, status(answer)).await.unwrap();
            assert_eq!(ended.code(), Code::DeadlineExceeded, "{name}: {ended:?}");
        }
        bystander.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (name, url) in databases(folder.path()) {
        let further = ["--set", "handshake_seconds=1", "--metrics-listen", &metrics];
        let service = Service::start(&url, &further);
        let bystander = Bystander::beside(&service).await;
        let mut silent = Vec::new();
        for _ in 0..200 {
            silent.push(TcpStream::connect(&service.address).await.unwrap());
        }
        for _ in 0..100 {
            silent.push(TcpStream::connect(&metrics).await.unwrap());
        }
        for mut socket in silent {
            let mut told = Vec::new();
            let closed = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut told)).await;
            // Closed or reset, whatever the service said of itself first.
            assert!(closed.is_ok(), "{name}: still open");
        }
        bystander.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled() {
    let folder = tempfile::tempdir().unwrap();
    for (_, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let tenant = tenant();
        let clients = service.clients(&tenant).await;
        let orders = (0..500).map(|n| order(&n.to_string(), &format!("a{n}@x.io"), 100)).collect();
        record(&clients, orders).await.unwrap();
        // On four connections: one on which more than 1,024 calls are given up before they are begun is
        // ended.
        let mut impatient = Vec::new();
        for _ in 0..4 {
            impatient.push(service.clients(&tenant).await);
        }
        let calls: Vec<_> = (0..2_000)
            .map(|nth| {
                let mut client = impatient[nth % impatient.len()].touchpoints.clone();
                tokio::spawn(async move {
                    let list = client.list_touchpoints(proto::ListTouchpointsRequest::default());
                    tokio::time::timeout(Duration::from_millis(1), list).await.is_ok()
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        // What was begun is done with soon, and nothing else was.
        let bystander = Bystander::beside(&service).await;
        let mut request = Request::new(proto::ListTouchpointsRequest::default());
        request.set_timeout(PATIENCE);
        clients.touchpoints.clone().list_touchpoints(request).await.unwrap();
        bystander.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        let clients = service.clients(&tenant()).await;
        let orders = (0..2_000).map(|n| order(&n.to_string(), &format!("a{}@x.io", n % 700), 100)).collect();
        let revision = record(&clients, orders).await.unwrap().revision;
        let bystander = Bystander::beside(&service).await;
        let instant = |seconds| Some(pbjson_types::Timestamp { seconds, nanos: 0 });
        let asked = (0..60).map(|n| {
            let range =
                Some(proto::TimeRange { start: instant(1_704_067_200 + n), end: instant(1_790_812_800) });
            let scope = Some(proto::Scope { range, at_least_as_fresh: revision, ..Default::default() });
            let mut client = clients.kpis.clone();
            tokio::spawn(async move {
                let request = proto::ComputeRepurchaseRequest { scope, ..Default::default() };
                client.compute_repurchase(request).await.unwrap().into_inner().basis.unwrap().touchpoints
            })
        });
        for answer in asked.collect::<Vec<_>>() {
            assert!(answer.await.unwrap() > 0, "{name}");
        }
        bystander.ends_well().await;
    }
}
