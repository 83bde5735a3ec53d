//! A consumer of the feed, beside writers that write at once, with the service killed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use customer360::cli::client::Clients;
use customer360::rpc::proto::identity_event::Event;
use customer360::rpc::proto::watch_identities_request::Start;
use customer360::rpc::proto::{self, Touchpoint};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{PATIENCE, Service, databases, identifier, record, tenant, visit};

/// Touchpoints of a few people whose identifiers collide in every way, not in order of time.
fn touchpoints(writer: u32, count: u32) -> Vec<Touchpoint> {
    let mut state = u64::from(writer) * 7_919 + 17;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..count)
        .map(|i| {
            let mut identifiers = vec![identifier("COOKIE", &format!("c-{}", next(60)))];
            if next(3) == 0 {
                identifiers.push(identifier("ACCOUNT", &format!("u-{}", next(25))));
            }
            if next(4) == 0 {
                identifiers.push(identifier("DEVICE", &format!("d-{}", next(8))));
            }
            let seconds = 1_772_359_200 + i64::try_from(next(5_000)).unwrap();
            let at = Some(pbjson_types::Timestamp { seconds, nanos: 0 });
            Touchpoint { at, identifiers, ..visit(&format!("{writer}-{i}"), "") }
        })
        .collect()
}

/// Sends batches until they are stored, whatever happens to the service meanwhile.
async fn write(clients: Clients, writer: u32) {
    for batch in touchpoints(writer, 240).chunks(8) {
        loop {
            match record(&clients, batch.to_vec()).await {
                Ok(_) => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

#[derive(Default)]
pub struct Consumer {
    cursor: Option<String>,
    pub revision: i64,
    pub customer_of: BTreeMap<String, String>,
    kinds: BTreeMap<String, i32>,
    connections: usize,
}

impl Consumer {
    fn hear(&mut self, message: proto::WatchIdentitiesResponse) {
        assert!(message.revision >= self.revision && message.revision <= message.present_revision);
        for event in message.events {
            // What is in one message is complete up to its cursor, also in the middle of a revision.
            assert!(event.revision > self.revision, "nothing comes twice");
            match event.event.unwrap() {
                Event::Created(created) => _ = self.kinds.insert(created.customer_id, created.kind),
                Event::KindChanged(changed) => _ = self.kinds.insert(changed.customer_id, changed.kind),
                Event::Assigned(assigned) => {
                    let was = self.customer_of.insert(assigned.observation_id, assigned.to_customer_id);
                    assert_eq!(was.unwrap_or_default(), assigned.from_customer_id, "nothing was missed");
                }
                _ => {}
            }
        }
        (self.cursor, self.revision) = (Some(message.cursor), message.revision);
    }

    /// Listens until the feed breaks off, or has reached a revision.
    pub async fn listen(&mut self, clients: &Clients, until: i64) -> Result<(), tonic::Status> {
        let start = self.cursor.clone().map(Start::Cursor);
        let request =
            proto::WatchIdentitiesRequest { start, heartbeat_seconds: Some(1), ..Default::default() };
        let mut feed = clients.feed.clone().watch_identities(request).await?.into_inner();
        self.connections += 1;
        while self.revision < until {
            let Some(message) = feed.message().await? else { return Ok(()) };
            self.hear(message);
        }
        Ok(())
    }

    /// The service says of every observation what the consumer holds. Observations whose touchpoints
    /// are all void are nobody's.
    pub async fn agrees(&self, clients: &Clients, name: &str) {
        let observations: Vec<&String> = self.customer_of.keys().collect();
        for some in observations.chunks(500) {
            let by = |id: &&String| proto::customer_ref::By::CustomerId((*id).clone());
            let request = proto::BatchGetCustomersRequest {
                customers: some.iter().map(|id| proto::CustomerRef { by: Some(by(id)) }).collect(),
                ..Default::default()
            };
            let found = clients.customers.clone().batch_get_customers(request).await.unwrap().into_inner();
            for (id, outcome) in some.iter().zip(found.outcomes) {
                let Some(customer) = outcome.customer else { continue };
                assert_eq!(self.customer_of[*id], customer.customer_id, "{name}");
                assert_eq!(self.kinds[&customer.customer_id], customer.kind, "{name}");
            }
        }
    }
}

pub async fn revision(clients: &Clients) -> i64 {
    let request = proto::ListTouchpointsRequest { page_size: 1, ..Default::default() };
    clients.touchpoints.clone().list_touchpoints(request).await.map_or(0, |page| page.into_inner().revision)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_holds_the_services_map_through_writers_kills_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let mut service = Service::start(&url, &[]);
        let address = service.address.clone();
        let clients = service.clients(&tenant).await;
        record(&clients, vec![visit("first", "ck-1")]).await.unwrap();
        let writers: Vec<_> = (0..3).map(|writer| tokio::spawn(write(clients.clone(), writer))).collect();
        let mut consumer = Consumer::default();
        for kill_at in [8, 25] {
            tokio::time::timeout(PATIENCE, consumer.listen(&clients, kill_at)).await.unwrap().unwrap();
            service.kill();
            service = Service::start_on(&address, &url, &[]);
        }
        for writer in writers {
            tokio::time::timeout(PATIENCE, writer).await.unwrap().unwrap();
        }
        let clients = service.clients(&tenant).await;
        let at = revision(&clients).await;
        assert!(at > 25, "{name}: written after the last kill");
        tokio::time::timeout(PATIENCE, consumer.listen(&clients, at)).await.unwrap().unwrap();
        assert_eq!((consumer.revision, consumer.connections), (at, 3), "{name}");

        let observations: Vec<&String> = consumer.customer_of.keys().collect();
        assert!(observations.len() > 100, "{name}: {}", observations.len());
        let customers: BTreeSet<&String> = consumer.customer_of.values().collect();
        assert!(customers.len() < observations.len(), "{name}: some are one");
        consumer.agrees(&clients, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_filters_heartbeats_and_limits_of_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, url), _] = databases(folder.path());
    let service = Service::start(&url, &["--set", "max_feeds=2"]);
    let clients = service.clients(&tenant()).await;
    let recorded = record(&clients, vec![visit("1", "ck-1"), visit("2", "ck-2")]).await.unwrap();
    let watch = async |request: proto::WatchIdentitiesRequest| {
        clients.feed.clone().watch_identities(request).await.map(tonic::Response::into_inner)
    };
    let everything = proto::WatchIdentitiesRequest::default();
    let mut feed = watch(everything.clone()).await.unwrap();
    let first = feed.message().await.unwrap().unwrap();
    assert_eq!((first.events.len(), first.revision, first.present_revision), (4, 1, 1));
    let only_one = proto::WatchIdentitiesRequest {
        customer_ids: vec![recorded.outcomes[0].customer_id.clone()],
        kinds: vec![proto::IdentityEventKind::Created.into()],
        heartbeat_seconds: Some(1),
        ..Default::default()
    };
    let mut filtered = watch(only_one).await.unwrap();
    assert_eq!(filtered.message().await.unwrap().unwrap().events.len(), 1);
    let refused = watch(everything.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "TOO_MANY_FEEDS");

    record(&clients, vec![visit("3", "ck-3")]).await.unwrap();
    assert_eq!(feed.message().await.unwrap().unwrap().revision, 2, "as it happens");
    let heartbeat = filtered.message().await.unwrap().unwrap();
    assert!(heartbeat.events.is_empty());
    drop((feed, filtered));
    let resumed = proto::WatchIdentitiesRequest {
        start: Some(Start::Cursor(first.cursor.clone())),
        ..Default::default()
    };
    // The places of feeds that ended are free, by and by.
    let mut feed = loop {
        match watch(resumed.clone()).await {
            Ok(feed) => break feed,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
        }
    };
    let second = feed.message().await.unwrap().unwrap();
    assert!(second.events.iter().all(|event| event.revision == 2), "{second:?}");
    drop(feed);

    for (start, code, reason) in [
        (Start::Cursor("2".into()), Code::InvalidArgument, "CURSOR_MALFORMED"),
        (Start::AfterRevision(3), Code::OutOfRange, "CURSOR_OUT_OF_RANGE"),
        (Start::AfterRevision(-1), Code::OutOfRange, "CURSOR_OUT_OF_RANGE"),
    ] {
        let request = proto::WatchIdentitiesRequest { start: Some(start), ..Default::default() };
        let status = loop {
            let status = watch(request.clone()).await.unwrap_err();
            if status.code() != Code::ResourceExhausted {
                break status;
            }
        };
        let info = status.get_details_error_info().unwrap();
        assert_eq!((status.code(), info.reason.as_str()), (code, reason));
        assert_eq!(info.metadata.contains_key("oldest"), reason == "CURSOR_OUT_OF_RANGE");
    }
    let other = service.clients(&tenant()).await;
    let request =
        proto::WatchIdentitiesRequest { start: Some(Start::Cursor(first.cursor)), ..Default::default() };
    let status = other.feed.clone().watch_identities(request).await.unwrap_err();
    assert_eq!(status.get_details_error_info().unwrap().reason, "CURSOR_MALFORMED");
}
