//! A service on a port of this process, with the settings it has by default, and who calls it.

use std::net::SocketAddr;
use std::sync::Arc;

use customer360::config::{self, Flags};
use customer360::mirror::{self, Mirrors};
use customer360::model::TenantName;
use customer360::rpc::proto;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use customer360::rpc::{self, DEFAULT_TENANT, Port};
use customer360::server::{self, PortLimits};
use customer360::store::{self, Store, Tenant};
use customer360::{clock, simulate};
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};

/// Calls with touchpoints that are under way at once, as `customer360 import` does it.
const IN_FLIGHT: usize = 4;
/// Touchpoints in one call.
const BATCH: usize = 2_000;

pub struct Service {
    pub store: Store,
    pub channel: Channel,
}

impl Service {
    pub async fn start(database_url: &str) -> Self {
        let settings = store::Settings::default();
        let store = Store::open(database_url, &settings, clock::system()).await.expect("the database opens");
        let mirrors = Mirrors::new(store.clone(), mirror::Settings::default());
        let port = Port::new(store.clone(), mirrors, clock::system(), rpc::Settings::default());
        let (routes, _) = rpc::services(&port);
        Self { store, channel: connect(listen(routes).await).await }
    }

    /// The tenant of calls that name none.
    pub async fn tenant(&self) -> Tenant {
        let name = TenantName::parse(DEFAULT_TENANT).expect("a tenant's name");
        self.store.open_tenant(&name).await.expect("a tenant")
    }

    /// Records calls of touchpoints, a few at once, and says how many seconds that took.
    pub async fn record(&self, calls: Vec<proto::RecordTouchpointsRequest>) -> f64 {
        let room = Arc::new(tokio::sync::Semaphore::new(IN_FLIGHT));
        let mut flights = tokio::task::JoinSet::new();
        let begun = clock::stopwatch();
        for call in calls {
            let permit = room.clone().acquire_owned().await.expect("never closed");
            let mut client =
                TouchpointServiceClient::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
            flights.spawn(async move {
                let count = call.touchpoints.len();
                let answer = client.record_touchpoints(call).await.expect("recorded").into_inner();
                assert_eq!(answer.outcomes.len(), count);
                drop(permit);
            });
        }
        flights.join_all().await;
        begun.elapsed().as_secs_f64()
    }
}

/// Serves routes as the service does: the same gate, the same limits.
pub async fn listen(routes: Routes) -> SocketAddr {
    let config = config::load(None, &Flags::new()).expect("the defaults are good");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (routes, health) =
        server::with_standard_services(routes, rpc::proto::DESCRIPTORS).expect("descriptors");
    tokio::spawn(server::serve(
        listener,
        routes,
        health,
        Vec::new(),
        server::Protection::none(),
        PortLimits::of(&config),
        std::future::pending(),
    ));
    address
}

pub async fn connect(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    endpoint
        .initial_connection_window_size(server::CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(server::STREAM_WINDOW_BYTES)
        .tcp_nodelay(true)
        .connect()
        .await
        .expect("the port answers")
}

/// Touchpoints in calls.
pub fn calls(touchpoints: impl Iterator<Item = proto::Touchpoint>) -> Vec<proto::RecordTouchpointsRequest> {
    let mut calls: Vec<proto::RecordTouchpointsRequest> = Vec::new();
    for touchpoint in touchpoints {
        match calls.last_mut().filter(|call| call.touchpoints.len() < BATCH) {
            Some(call) => call.touchpoints.push(touchpoint),
            None => calls.push(proto::RecordTouchpointsRequest {
                touchpoints: vec![touchpoint],
                ..Default::default()
            }),
        }
    }
    calls
}

/// The simulated retailer with about so many touchpoints.
pub fn retailer(touchpoints: usize) -> simulate::Retailer {
    simulate::Retailer::plan(simulate::Settings::new(u32::try_from(touchpoints / 10).expect("fits"), 1))
}
