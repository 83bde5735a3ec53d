//! The gRPC port: wiring only. Calls pass the gate (admission, deadline, metrics), then the
//! net that turns a panic into INTERNAL, then the layer that asks who calls and what they may, then
//! tonic's routes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::Config;
use crate::rpc::error::PortError;

mod accept;
mod arrival;
mod auth;
pub mod credentials;
mod fetch;
mod gate;
pub mod issuer;
mod peer;
mod secure;
pub mod tls;

pub use auth::{Auth, AuthLayer};
pub use credentials::Credentials;
pub use gate::{Gate, GateLayer};
pub use tls::Tls;

/// What a peer may send before it is read. Fixed rather than adaptive: an adaptive window begins
/// at 64 KiB, and h2 allows small frames by the window, so that a hundred small calls at once
/// would end the connection (ENHANCE_YOUR_CALM, "too_many_data_frames").
pub const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// The same for one call.
pub const STREAM_WINDOW_BYTES: u32 = 4 << 20;

/// Calls on one connection that were given up before they were begun. h2's 20 would end the
/// connection of a gateway whose callers are impatient, and with it everyone else's calls; a
/// bound it stays, against peers who do nothing else.
const MAX_PENDING_RESETS: usize = 1_024;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the port failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    #[error("reflection cannot describe the services: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// How the port treats its callers.
#[derive(Debug, Clone)]
pub struct PortLimits {
    /// Calls in progress over all connections.
    pub max_requests: usize,
    /// Streams that last by nature, over all connections.
    pub max_streams: usize,
    /// Memory of requests that arrive or are worked on, as they are on the wire.
    pub requests_mib: u64,
    /// Memory of batches of imports that arrive or are checked.
    pub imports_mib: u64,
    /// Bytes of one message.
    pub max_message_bytes: usize,
    /// Calls at the same time on one connection.
    pub connection_streams: u32,
    pub max_connections: usize,
    /// Connections from one address.
    pub max_connections_per_peer: usize,
    /// Time from a connection to the first bytes of HTTP/2.
    pub handshake: Duration,
    /// Time from the beginning of a call to its whole first message.
    pub message: Duration,
    /// Longest time of a call.
    pub max_deadline: Duration,
    /// Silence after which a peer is asked for a sign of life, and time to give it.
    pub keepalive: Duration,
    /// Time for calls in progress to end at a stop.
    pub drain: Duration,
    /// After which a connection over TLS is asked to end, so that a withdrawn certificate does.
    pub connection_age: Duration,
}

/// Who may call, and how that is kept from others.
pub struct Protection {
    pub credentials: Arc<Credentials>,
    /// None: plaintext.
    pub tls: Option<Arc<Tls>>,
}

impl Protection {
    /// Everybody may do everything, also what the table does not know, in plaintext: for benches, which
    /// serve methods of their own.
    #[must_use]
    pub fn none() -> Self {
        let settings = credentials::Settings {
            auth: crate::config::Auth::default(),
            refresh: Duration::from_secs(1),
            failures_per_second: 0,
            principal_requests_per_second: 0,
            domains: Vec::new(),
            unlisted: true,
        };
        let credentials = Credentials::new(settings, None, crate::clock::system());
        Self { credentials: Arc::new(credentials), tls: None }
    }
}

impl PortLimits {
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let written = &config.written;
        let size = |setting: u64| usize::try_from(setting).unwrap_or(usize::MAX);
        Self {
            max_requests: size(written.max_requests),
            max_streams: size(written.max_streams),
            requests_mib: written.requests_mib,
            imports_mib: written.imports_mib,
            max_message_bytes: size(written.max_message_bytes),
            connection_streams: u32::try_from(written.connection_streams).unwrap_or(u32::MAX),
            max_connections: size(written.max_connections),
            max_connections_per_peer: size(written.max_connections_per_peer),
            handshake: Duration::from_secs(written.handshake_seconds),
            message: Duration::from_secs(written.message_seconds),
            max_deadline: Duration::from_secs(written.max_deadline_seconds),
            keepalive: Duration::from_secs(written.keepalive_seconds),
            drain: Duration::from_secs(written.drain_seconds),
            connection_age: Duration::from_secs(written.connection_age_seconds),
        }
    }
}

/// Adds health and both versions of reflection to the services.
///
/// # Errors
/// When a descriptor set is broken.
pub fn with_standard_services(
    routes: Routes,
    descriptors: &'static [u8],
) -> Result<(Routes, HealthReporter), ServeError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    // Tools print error details and health only if those messages are described too.
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = routes
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok((routes, reporter))
}

/// Says of each service, and of the whole (the empty name), how it is.
pub async fn say(health: &HealthReporter, services: &[&'static str], status: ServingStatus) {
    for service in services.iter().chain(&[""]) {
        health.set_service_status(service, status).await;
    }
}

/// Serves until `stop`, then drains: health says NOT_SERVING, no call is accepted, calls in
/// progress get their time, and whoever still talks is cut.
///
/// # Errors
/// When the port fails; being cut at the end is not a failure.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    health: HealthReporter,
    services: Vec<&'static str>,
    protection: Protection,
    limits: PortLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (draining, on_drain) = tokio::sync::watch::channel(false);
    let gate = GateLayer::new(&limits, on_drain.clone());
    let mut stopped = on_drain.clone();
    let mut builder = tonic::transport::Server::builder();
    if protection.tls.is_some() {
        builder =
            builder.max_connection_age(limits.connection_age).max_connection_age_grace(limits.connection_age);
    }
    let incoming = accept::Accepting::new(listener, &limits);
    let connections = match protection.tls {
        Some(tls) => secure::secured(incoming, tls, limits.handshake),
        None => secure::plain(incoming),
    };
    let server = builder
        .http2_keepalive_interval(Some(limits.keepalive))
        .http2_keepalive_timeout(Some(limits.keepalive))
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .max_concurrent_streams(limits.connection_streams)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .layer(gate)
        .layer(CatchPanicLayer::custom(|_| Status::from(PortError::Panicked).into_http::<Body>()))
        .layer(AuthLayer::new(protection.credentials))
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stopping| *stopping).await;
        });
    let hard_stop = async move {
        stop.await;
        tracing::info!(seconds = limits.drain.as_secs(), "stopping: calls in progress may end");
        say(&health, &services, ServingStatus::NotServing).await;
        let _ = draining.send(true);
        // tonic waits for every connection, also for a peer that never answers.
        tokio::time::sleep(limits.drain).await;
    };
    tokio::select! {
        served = server => served.map_err(Into::into),
        () = hard_stop => {
            tracing::warn!("the time to drain is over: connections are cut");
            Ok(())
        }
    }
}
