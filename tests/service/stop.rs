//! Starting and stopping: settings, health, and peers that do not behave.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{BINARY, Service, databases, record, tenant, visit};

async fn channel(address: &str) -> tonic::transport::Channel {
    tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

#[test]
fn a_wrong_setting_is_named_before_anything_is_bound() {
    let check = |arguments: &[&str], expected: &str| {
        let done = Command::new(BINARY).arg("serve").args(arguments).output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    check(&["--set", "max_batches=1"], "unknown setting `max_batches` in the flags");
    check(&["--set", "max_batch=0"], "`max_batch` from the flags: 0 is not between 1 and 100000");
    check(&["--database-url", "mysql://x"], "`database_url` from the flags");
    check(&["--listen", "nowhere"], "`listen` from the flags");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_effective_settings_hide_the_password() {
    let done = Command::new(BINARY)
        .args(["config", "--database-url", "postgres://me:hush@db/x"])
        .env("CUSTOMER360_MAX_BATCH", "17")
        .output()
        .unwrap();
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(told.contains("max_batch = 17") && told.contains("postgres://me:***@db/x"), "{told}");
    assert!(!told.contains("hush"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_speaks_for_each_service_and_a_stop_lets_watchers_know() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &["--set", "drain_seconds=20"]);
        let mut health = HealthClient::new(channel(&service.address).await);
        let services = ["", "customer360.v1.TouchpointService", "customer360.v1.KpiService"];
        for of in services {
            let answer = health.check(HealthCheckRequest { service: of.to_owned() }).await.unwrap();
            assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{name}: {of}");
        }
        let watched = HealthCheckRequest { service: "customer360.v1.KpiService".to_owned() };
        let mut watch = health.watch(watched).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
        let stopping = std::thread::spawn(move || service.stop());
        // It is told, or its stream is ended: it does not stay believing.
        match watch.message().await {
            Ok(Some(told)) => assert_eq!(told.status(), ServingStatus::NotServing, "{name}"),
            Ok(None) => panic!("{name}: the watch ended as if all were well"),
            Err(status) => assert_eq!(status.code(), tonic::Code::Unavailable, "{name}"),
        }
        drop(watch);
        drop(health);
        let (status, took) = stopping.join().unwrap();
        assert!(status.success(), "{name}");
        assert!(took < Duration::from_secs(15), "{name}: an orderly stop does not use up its time: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_answers_does_not_hold_up_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &["--set", "drain_seconds=1"]);
    let mut hostile = TcpStream::connect(&service.address).unwrap();
    // The preface and empty SETTINGS: a valid beginning, after which it never says a word, not
    // even that it has seen the service's SETTINGS.
    hostile.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut greeting = [0; 9];
    hostile.read_exact(&mut greeting).unwrap();
    record(&service.clients(&tenant()).await, vec![visit("1", "ck-1")]).await.unwrap();
    let (status, took) = service.stop();
    assert!(status.success());
    assert!(took < Duration::from_secs(8), "the stop took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_get_an_error_and_leave_the_service_well() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &[]);
    let mut noise = TcpStream::connect(&service.address).unwrap();
    noise.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let bytes: Vec<u8> = (0..4_096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    // The service may hang up before all is written; that is an answer.
    let _ = noise.write_all(&bytes);
    let _ = noise.read_to_end(&mut Vec::new());
    record(&service.clients(&tenant()).await, vec![visit("1", "ck-1")]).await.unwrap();
}
