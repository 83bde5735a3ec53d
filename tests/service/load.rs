//! Callers who leave, callers who push too hard, and what operators see of all this.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use customer360::cli::client::persist;
use sqlx::Connection;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{PATIENCE, Service, all_touchpoints, databases, order, record, tenant, visit};

/// A future that is dropped in the middle of a transaction must not take along what others were
/// told is stored (sqlx 4385, 4393).
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_takes_nothing_along_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let service = Service::start(&url, &["--set", "database_connections=4"]);
        let clients = service.clients(&tenant).await;
        let calls = (0..400_u64).map(|i| {
            let clients = clients.clone();
            // Every second caller has between nothing and five milliseconds of patience.
            let patience = if i % 2 == 0 { PATIENCE } else { Duration::from_micros(i * 131 % 5_000) };
            tokio::spawn(async move {
                let id = i.to_string();
                let call = record(&clients, vec![visit(&id, &format!("ck-{}", i % 7))]);
                let answer = tokio::time::timeout(patience, call).await;
                let stored = matches!(&answer, Ok(Ok(answer)) if answer.revision > 0);
                assert!(stored || patience < PATIENCE, "one with patience was not served: {answer:?}");
                (id, stored)
            })
        });
        let calls: Vec<_> = calls.collect();
        let mut acknowledged = BTreeSet::new();
        for call in calls {
            let (id, stored) = call.await.unwrap();
            if stored {
                acknowledged.insert(id);
            }
        }
        assert!(acknowledged.len() < 400, "{name}: nobody left; the test proves nothing");
        service.kill();

        let service = Service::start(&url, &[]);
        let found = all_touchpoints(&service.clients(&tenant).await).await;
        let found: Vec<String> = found.into_iter().map(|t| t.touchpoint.unwrap().source_id).collect();
        let distinct: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(found.len(), distinct.len(), "{name}: nothing is doubled");
        let lost: Vec<_> = acknowledged.difference(&distinct).collect();
        assert!(lost.is_empty(), "{name}: acknowledged and lost: {lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_pushes_back_with_a_time_and_whoever_comes_back_is_served() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &["--set", "queue_touchpoints=1000"]);
        let clients = service.clients(&tenant()).await;
        let batch = |call: usize| (0..600).map(|i| visit(&format!("{call}-{i}"), "ck-1")).collect::<Vec<_>>();
        let calls: Vec<_> = (0..12)
            .map(|call| {
                let clients = clients.clone();
                tokio::spawn(async move {
                    let first = record(&clients, batch(call)).await;
                    let pushed_back = first.err();
                    if pushed_back.is_some() {
                        persist(PATIENCE, || record(&clients, batch(call))).await.unwrap();
                    }
                    pushed_back
                })
            })
            .collect();
        let mut pushed_back = 0;
        for call in calls {
            if let Some(status) = call.await.unwrap() {
                assert_eq!(status.code(), Code::ResourceExhausted, "{name}: {status:?}");
                assert_eq!(status.get_details_error_info().unwrap().reason, "QUEUE_FULL", "{name}");
                assert!(status.get_details_retry_info().unwrap().retry_delay.is_some(), "{name}");
                pushed_back += 1;
            }
        }
        assert!(pushed_back > 0, "{name}: twelve times 600 did not fill a queue of 1,000");
        assert_eq!(all_touchpoints(&clients).await.len(), 12 * 600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_calls_by_method_and_code_and_hold_nothing_of_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    // Freed at once and asked for again: nobody else in this test takes ports.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let service = Service::start(&url, &["--metrics-listen", &free]);
    let clients = service.clients(&tenant()).await;
    record(&clients, vec![order("1", "ada.lovelace@example.com", 100)]).await.unwrap();
    let unknown = customer360::rpc::proto::GetTouchpointRequest {
        source: "nobody.at.all".to_owned(),
        source_id: "1".to_owned(),
        ..Default::default()
    };
    clients.touchpoints.clone().get_touchpoint(unknown).await.unwrap_err();

    let mut stream = TcpStream::connect(&free).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).unwrap();
    let method = "customer360.v1.TouchpointService/RecordTouchpoints";
    let counted = metrics.lines().find(|line| {
        line.starts_with("customer360_requests_total") && line.contains(method) && line.contains("\"OK\"")
    });
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    assert!(metrics.contains("customer360_request_seconds_bucket"), "{metrics}");
    for personal in ["ada", "example.com", "nobody"] {
        assert!(!metrics.contains(personal), "{personal} is in the metrics");
    }
}

/// Whoever asks is told at the deadline, also when the database does not answer, and nothing is
/// doubled by asking again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_database_holds_up_is_answered_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &["--set", "max_deadline_seconds=1"]);
    let clients = service.clients(&tenant()).await;
    record(&clients, vec![visit("before", "ck-1")]).await.unwrap();

    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let status = record(&clients, vec![visit("1", "ck-1")]).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();

    persist(PATIENCE, || record(&clients, vec![visit("1", "ck-1")])).await.unwrap();
    assert_eq!(all_touchpoints(&clients).await.len(), 2);
}
