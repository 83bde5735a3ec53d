//! A service on a real TCP port, with SQLite behind, and what the tests say of it.

use customer360::clock;
use customer360::mirror::{self, Mirrors};
use customer360::model::Micros;
use customer360::rpc::proto;
use customer360::rpc::proto::commerce_service_client::CommerceServiceClient;
use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::customer_service_client::CustomerServiceClient;
use customer360::rpc::proto::figure_service_client::FigureServiceClient;
use customer360::rpc::proto::identity_service_client::IdentityServiceClient;
use customer360::rpc::proto::journey_service_client::JourneyServiceClient;
use customer360::rpc::proto::kpi_service_client::KpiServiceClient;
use customer360::rpc::proto::lifetime_service_client::LifetimeServiceClient;
use customer360::rpc::proto::record_service_client::RecordServiceClient;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use customer360::rpc::{self, Port};
use customer360::store::{self, Store};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// 2026-06-01T00:00:00Z
pub const NOW: i64 = 1_780_272_000;

pub struct Service {
    pub channel: Channel,
    _folder: tempfile::TempDir,
}

pub async fn service() -> Service {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("c.db").display());
    service_on(&url, folder).await
}

/// The same on both databases. Those on PostgreSQL share one, so tenants must be of the test's own.
pub async fn services() -> [(&'static str, Service); 2] {
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES")
        .expect("CUSTOMER360_TEST_POSTGRES names a PostgreSQL database; tests/run sets it");
    let folder = tempfile::tempdir().unwrap();
    [("sqlite", service().await), ("postgres", service_on(&postgres, folder).await)]
}

async fn service_on(url: &str, folder: tempfile::TempDir) -> Service {
    let clock = clock::fixed(Micros(NOW * 1_000_000));
    let store = Store::open(url, &store::Settings::default(), clock.clone()).await.unwrap();
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
    pub fn touchpoints(&self) -> TouchpointServiceClient<Channel> {
        TouchpointServiceClient::new(self.channel.clone())
    }

    pub fn identities(&self) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel.clone())
    }

    pub fn kpis(&self) -> KpiServiceClient<Channel> {
        KpiServiceClient::new(self.channel.clone())
    }

    pub fn figures(&self) -> FigureServiceClient<Channel> {
        FigureServiceClient::new(self.channel.clone())
    }

    pub fn journeys(&self) -> JourneyServiceClient<Channel> {
        JourneyServiceClient::new(self.channel.clone())
    }

    pub fn lifetimes(&self) -> LifetimeServiceClient<Channel> {
        LifetimeServiceClient::new(self.channel.clone())
    }

    pub fn commerce(&self) -> CommerceServiceClient<Channel> {
        CommerceServiceClient::new(self.channel.clone())
    }

    pub fn records(&self) -> RecordServiceClient<Channel> {
        RecordServiceClient::new(self.channel.clone())
    }

    pub fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone())
    }

    pub async fn record(&self, touchpoints: Vec<proto::Touchpoint>) -> proto::RecordTouchpointsResponse {
        let request = proto::RecordTouchpointsRequest { touchpoints, ..Default::default() };
        self.touchpoints().record_touchpoints(request).await.unwrap().into_inner()
    }

    pub async fn customer(&self, by: By) -> Result<proto::Customer, Status> {
        let customer = Some(proto::CustomerRef { by: Some(by) });
        let request = proto::GetCustomerRequest { customer, ..Default::default() };
        Ok(self.customers().get_customer(request).await?.into_inner().customer.unwrap())
    }
}

pub fn identifier(text: &str) -> proto::Identifier {
    let (kind, value) = text.split_once(':').unwrap();
    proto::Identifier { kind: kind.into(), value: value.into(), region: String::new() }
}

/// A touchpoint some days before now.
pub fn touch(id: &str, days_ago: i64, identifiers: &[&str], activity: Activity) -> proto::Touchpoint {
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

pub fn visit() -> Activity {
    Activity::Visit(proto::Visit::default())
}

pub fn order(id: &str, minor: i64) -> Activity {
    let amount = Some(proto::Money { minor: Some(minor), currency: "EUR".into() });
    Activity::Order(proto::Order { order_id: id.into(), amount, ..Default::default() })
}

#[track_caller]
pub fn refused(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "customer360"));
}

/// The paths of all fields that a refusal names.
pub fn wrong_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

pub fn of_tenant<T>(tenant: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(rpc::TENANT_METADATA, tenant.parse().unwrap());
    request
}
