//! A service that asks for keys, an owner's key, and two tenants.

use std::process::Command;
use std::time::Duration;

use customer360::cli::client::{self, Clients, Credential, Port};
use customer360::rpc::proto::admin_service_client::AdminServiceClient;
use customer360::rpc::proto::{self, Grant, KeyKind};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::support::{BINARY, PATIENCE, Service, tenant};

pub struct Ground {
    pub url: String,
    pub service: Service,
    pub owner: String,
    pub tenant: String,
    pub other: String,
}

/// How long a change of access may take until it is heard.
pub const HEARD: Duration = Duration::from_secs(3);

/// Makes the first key of a database, or one more owner's where there is one already.
pub fn first_key(url: &str) -> String {
    let made = Command::new(BINARY)
        .args(["keys", "create", "--name", "first", "--recover", "--database-url", url])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

impl Ground {
    pub async fn new(url: &str) -> Self {
        let service = Service::start(url, &["--set", "auth=keys", "--set", "auth_refresh_seconds=1"]);
        let owner = first_key(url);
        let ground = Self { url: url.to_owned(), service, owner, tenant: tenant(), other: tenant() };
        ground.heard(&ground.owner).await;
        for name in [&ground.tenant, &ground.other] {
            ground.make_tenant(name).await.unwrap();
        }
        ground
    }

    pub async fn port(&self, key: &str, tenant: &str) -> Port {
        let credential = Credential { key: Some(key.to_owned()), authorities: None };
        client::port(&self.service.address, tenant, &credential).await.unwrap()
    }

    pub async fn clients(&self, key: &str, tenant: &str) -> Clients {
        let credential = Credential { key: Some(key.to_owned()), authorities: None };
        client::connect_as(&self.service.address, tenant, &credential).await.unwrap()
    }

    pub async fn admin(&self, key: &str) -> AdminServiceClient<Port> {
        AdminServiceClient::new(self.port(key, &self.tenant).await)
    }

    pub async fn make_tenant(&self, name: &str) -> Result<(), Status> {
        let request = proto::CreateTenantRequest { name: name.to_owned(), reason: "attacks".to_owned() };
        self.admin(&self.owner).await.create_tenant(request).await.map(drop)
    }

    /// A key with one role over the tenant.
    pub async fn key(&self, role: &str) -> String {
        self.key_with(KeyKind::Secret, grant(&self.tenant, role)).await.0
    }

    /// A key's text and id, once the service takes it.
    pub async fn key_with(&self, kind: KeyKind, grant: Grant) -> (String, String) {
        let made = self.try_key(&self.owner, kind, vec![grant]).await.unwrap();
        self.heard(&made.secret).await;
        (made.secret, made.key.unwrap().key_id)
    }

    pub async fn try_key(
        &self,
        by: &str,
        kind: KeyKind,
        grants: Vec<Grant>,
    ) -> Result<proto::CreateKeyResponse, Status> {
        let request = proto::CreateKeyRequest {
            name: "attacks".to_owned(),
            kind: kind.into(),
            grants,
            reason: "attacks".to_owned(),
            ..Default::default()
        };
        Ok(self.admin(by).await.create_key(request).await?.into_inner())
    }

    /// Waits until the service takes a key.
    pub async fn heard(&self, key: &str) {
        let mut admin = self.admin(key).await;
        let taken = async {
            while admin.who_am_i(proto::WhoAmIRequest {}).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, taken).await.expect("the key is taken");
    }

    /// A call of any method with an empty message and these headers; what became of its beginning.
    pub async fn call(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<(), Status> {
        self.call_with((), path, headers).await
    }

    async fn call_with<M: prost::Message + 'static>(
        &self,
        message: M,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(), Status> {
        let channel = tonic::transport::Channel::from_shared(format!("http://{}", self.service.address));
        let channel = channel.unwrap().connect().await.unwrap();
        let mut request = Request::new(message);
        for (name, value) in headers {
            request.metadata_mut().append(*name, value.parse().unwrap());
        }
        begun(channel, path, request).await
    }

    /// The same by a key, for a tenant.
    pub async fn call_by(&self, key: &str, tenant: &str, path: &str) -> Result<(), Status> {
        self.call(path, &[("authorization", &format!("Bearer {key}")), ("x-customer360-tenant", tenant)])
            .await
    }

    /// A question that a viewer may ask.
    pub async fn list(&self, headers: &[(&'static str, &str)]) -> Result<(), Status> {
        let kind = proto::RecordKind::Traffic.into();
        let asked = proto::ListRecordsRequest { kind, ..Default::default() };
        self.call_with(asked, "/customer360.v1.RecordService/ListRecords", headers).await
    }

    /// The same by a key or a token, for a tenant.
    pub async fn list_by(&self, key: &str, tenant: &str) -> Result<(), Status> {
        self.list(&[("authorization", &format!("Bearer {key}")), ("x-customer360-tenant", tenant)]).await
    }
}

/// The beginning of an answer: a refusal comes instead of it.
pub async fn begun<M: prost::Message + 'static>(
    channel: tonic::transport::Channel,
    path: &str,
    request: Request<M>,
) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = path.parse::<http::uri::PathAndQuery>().unwrap();
    let codec = tonic_prost::ProstCodec::<M, ()>::default();
    grpc.server_streaming(request, path, codec).await.map(drop)
}

pub fn grant(tenant: &str, role: &str) -> Grant {
    Grant { tenant: tenant.to_owned(), role: role.to_owned(), ..Default::default() }
}

/// Every method of ours, as a path.
pub fn methods() -> impl Iterator<Item = (String, customer360::access::Access)> {
    customer360::access::table::TABLE
        .iter()
        .map(|(service, method, access)| (format!("/customer360.v1.{service}/{method}"), *access))
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = answer.expect_err("it is refused");
    assert_eq!(status.code(), code, "{status:?}");
    let told = status.get_details_error_info().expect("an ErrorInfo").reason;
    assert_eq!(told, reason, "{status:?}");
    status
}
