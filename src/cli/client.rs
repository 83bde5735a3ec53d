//! A caller of the port: connects, names the tenant, and comes back when it is pushed back.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::clock;
use crate::rpc::proto::commerce_service_client::CommerceServiceClient;
use crate::rpc::proto::customer_service_client::CustomerServiceClient;
use crate::rpc::proto::feed_service_client::FeedServiceClient;
use crate::rpc::proto::figure_service_client::FigureServiceClient;
use crate::rpc::proto::identity_service_client::IdentityServiceClient;
use crate::rpc::proto::journey_service_client::JourneyServiceClient;
use crate::rpc::proto::kpi_service_client::KpiServiceClient;
use crate::rpc::proto::lifetime_service_client::LifetimeServiceClient;
use crate::rpc::proto::record_service_client::RecordServiceClient;
use crate::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use crate::server::{CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES};

/// The metadata that names the tenant.
pub const TENANT_METADATA: &str = "x-customer360-tenant";
/// A reply with a violation for each of 5,000 touchpoints is larger than tonic's 4 MiB.
const MAX_REPLY_BYTES: usize = 256 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("`{0}` is no target; write e.g. http://127.0.0.1:7360")]
    Target(String),
    #[error("`{0}` is no tenant's name")]
    Tenant(String),
    #[error("the service at {target} cannot be reached: {cause}")]
    Connect {
        target: String,
        #[source]
        cause: tonic::transport::Error,
    },
    #[error("{file} cannot be read: {cause}")]
    File {
        file: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("the key holds what no header can")]
    Key,
    #[error("the service answered {:?}: {}", .0.code(), .0.message())]
    Answer(Box<Status>),
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::Answer(Box::new(status))
    }
}

/// A connection that names the tenant in every call.
pub type Port = InterceptedService<Channel, NamesTenant>;

/// See [`Port`].
#[derive(Clone)]
pub struct NamesTenant {
    tenant: MetadataValue<Ascii>,
    credential: Option<MetadataValue<Ascii>>,
}

impl Interceptor for NamesTenant {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(TENANT_METADATA, self.tenant.clone());
        if let Some(credential) = &self.credential {
            request.metadata_mut().insert("authorization", credential.clone());
        }
        Ok(request)
    }
}

/// What a caller shows. A key is no argument: other users of the machine would see it.
#[derive(Debug, Args)]
pub struct CredentialArgs {
    /// File with the API key or token; also CUSTOMER360_KEY_FILE, or the key itself in CUSTOMER360_KEY
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Authorities that the service's certificate is checked by (PEM); also CUSTOMER360_CA_FILE
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// See [`CredentialArgs`].
#[derive(Clone, Default)]
pub struct Credential {
    /// Sent as `Bearer`.
    pub key: Option<String>,
    /// PEM; none: the usual public authorities.
    pub authorities: Option<Vec<u8>>,
}

impl CredentialArgs {
    /// Reads what the arguments and the environment name.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn load(&self) -> Result<Credential, ClientError> {
        let file = |given: &Option<PathBuf>, name: &str| {
            given.clone().or_else(|| std::env::var_os(name).map(PathBuf::from))
        };
        let read = |path: PathBuf| {
            std::fs::read(&path)
                .map_err(|cause| ClientError::File { file: path.display().to_string(), cause })
        };
        let key = match file(&self.key_file, "CUSTOMER360_KEY_FILE").map(read).transpose()? {
            Some(bytes) => Some(String::from_utf8_lossy(&bytes).trim().to_owned()),
            None => std::env::var("CUSTOMER360_KEY").ok(),
        };
        let authorities = file(&self.ca_file, "CUSTOMER360_CA_FILE").map(read).transpose()?;
        Ok(Credential { key, authorities })
    }
}

/// Clients of all services over one connection.
#[derive(Clone)]
pub struct Clients {
    pub touchpoints: TouchpointServiceClient<Port>,
    pub identities: IdentityServiceClient<Port>,
    pub customers: CustomerServiceClient<Port>,
    pub kpis: KpiServiceClient<Port>,
    pub figures: FigureServiceClient<Port>,
    pub journeys: JourneyServiceClient<Port>,
    pub lifetimes: LifetimeServiceClient<Port>,
    pub commerce: CommerceServiceClient<Port>,
    pub feed: FeedServiceClient<Port>,
    pub records: RecordServiceClient<Port>,
}

/// Connects to a target such as `http://127.0.0.1:7360` or `127.0.0.1:7360`.
///
/// # Errors
/// When the target or tenant is malformed, or nobody answers.
pub async fn connect(target: &str, tenant: &str) -> Result<Clients, ClientError> {
    connect_as(target, tenant, &Credential::default()).await
}

/// As [`connect`], showing a credential. A target that begins `https://` is spoken to over TLS.
///
/// # Errors
/// The same, and when the key is no header's text.
pub async fn connect_as(target: &str, tenant: &str, credential: &Credential) -> Result<Clients, ClientError> {
    let port = port(target, tenant, credential).await?;
    Ok(Clients {
        touchpoints: TouchpointServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        identities: IdentityServiceClient::new(port.clone()),
        customers: CustomerServiceClient::new(port.clone()),
        kpis: KpiServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        figures: FigureServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        journeys: JourneyServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        lifetimes: LifetimeServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        commerce: CommerceServiceClient::new(port.clone()).max_decoding_message_size(MAX_REPLY_BYTES),
        feed: FeedServiceClient::new(port.clone()),
        records: RecordServiceClient::new(port).max_decoding_message_size(MAX_REPLY_BYTES),
    })
}

/// The connection by itself, for a client of a service that is not among [`Clients`].
///
/// # Errors
/// As [`connect_as`].
pub async fn port(target: &str, tenant: &str, credential: &Credential) -> Result<Port, ClientError> {
    let url = if target.contains("://") { target.to_owned() } else { format!("http://{target}") };
    let tls = url.starts_with("https://");
    let mut endpoint = Endpoint::from_shared(url).map_err(|_| ClientError::Target(target.to_owned()))?;
    if tls {
        let config = match &credential.authorities {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_webpki_roots(),
        };
        endpoint = endpoint.tls_config(config).map_err(|_| ClientError::Target(target.to_owned()))?;
    }
    let channel = endpoint
        .connect_timeout(Duration::from_secs(10))
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(|cause| ClientError::Connect { target: target.to_owned(), cause })?;
    let tenant = tenant.parse().map_err(|_| ClientError::Tenant(tenant.to_owned()))?;
    let shown = |key: &String| -> Result<MetadataValue<Ascii>, ClientError> {
        let mut shown: MetadataValue<Ascii> =
            format!("Bearer {key}").parse().map_err(|_| ClientError::Key)?;
        shown.set_sensitive(true);
        Ok(shown)
    };
    let credential = credential.key.as_ref().map(shown).transpose()?;
    Ok(InterceptedService::new(channel, NamesTenant { tenant, credential }))
}

/// Calls until the answer is not "come back later", for at most `patience`.
///
/// # Errors
/// The last answer.
pub async fn persist<T, F>(patience: Duration, mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let started = clock::stopwatch();
    let mut pause = FIRST_PAUSE;
    loop {
        let status = match call().await {
            Ok(answer) => return Ok(answer),
            Err(status) => status,
        };
        if !is_transient(&status) || started.elapsed() + pause > patience {
            return Err(status);
        }
        // The service knows best when; without its word, ever longer.
        let asked = status.get_details_retry_info().and_then(|info| info.retry_delay);
        tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether the same call may be answered later. A connection that broke is `Unknown` or
/// `Cancelled` here, depending on the moment; recording is idempotent, so it is sent again.
fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Aborted | Code::DeadlineExceeded => true,
        // What is too large stays too large: the service says when to come back, or it is no use.
        Code::ResourceExhausted => {
            let details = status.get_error_details();
            details.retry_info().is_some() || details.error_info().is_none()
        }
        Code::Unknown | Code::Cancelled | Code::Internal => std::error::Error::source(status).is_some(),
        _ => false,
    }
}
