//! `customer360 serve` and `customer360 migrate`.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::protect::protection;
use super::{CliError, runtime};
use crate::config::Config;
use crate::mirror::{self, Mirrors};
use crate::rpc;
use crate::server::{self, PortLimits};
use crate::store::{self, Store};
use crate::{clock, telemetry};

/// Serves until it is told to stop (SIGTERM, SIGINT), then drains.
pub fn serve(config: Config) -> Result<(), CliError> {
    telemetry::start_logs(&config);
    let runtime = runtime()?;
    let done = runtime.block_on(run(&config));
    // A peer that was cut may have left a task behind; it is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// Brings the database to this version's tables.
pub fn migrate(config: Config) -> Result<(), CliError> {
    telemetry::start_logs(&config);
    runtime()?.block_on(async {
        open(&config).await?.close().await;
        println!("the database is at this version's tables");
        Ok(())
    })
}

async fn run(config: &Config) -> Result<(), CliError> {
    if let Some(address) = config.metrics_listen {
        let what = format!("listening on {address} for metrics");
        let listener = TcpListener::bind(address).await.map_err(CliError::io(what))?;
        telemetry::start_metrics(listener, Duration::from_secs(config.written.handshake_seconds))?;
    }
    // Bound first: a port that is taken is told before the database is touched.
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(CliError::io(format!("listening on {}", config.listen)))?;
    serve_on(listener, config, stopped()).await
}

/// Serves on a bound port until `stop`.
///
/// # Errors
/// When the database or the port fails.
pub async fn serve_on(
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), CliError> {
    let address = listener.local_addr().map_err(CliError::io("asking for the port's address"))?;
    let store = open(config).await?;
    let protection = protection(config, &store).await?;
    let mirrors = Mirrors::new(store.clone(), mirror_settings(config));
    // Dropped with the runtime: it only reads.
    tokio::spawn(mirrors.clone().follow());
    let (loading, stuck) = (mirrors.loading(), mirrors.stuck());
    let port = rpc::Port::new(store.clone(), mirrors, clock::system(), port_settings(config));
    let (routes, names) = rpc::services(&port);
    let (routes, health) = server::with_standard_services(routes, rpc::proto::DESCRIPTORS)?;
    server::say(&health, &names, ServingStatus::Serving).await;
    tracing::info!(%address, "listening");
    let teller = tokio::spawn(tell(rpc::KPI_SERVICE, loading, health.clone()));
    // Beside it: one tenant's trouble must not take the KPIs of all the others away.
    tokio::spawn(tell(rpc::MIRRORS, stuck, health.clone()));
    let stop = async move {
        stop.await;
        // From now on health says one thing only.
        teller.abort();
        let _ = teller.await;
    };
    let limits = PortLimits::of(config);
    let served = server::serve(listener, routes, health, names, protection, limits, stop).await;
    store.close().await;
    tracing::info!("stopped");
    served.map_err(Into::into)
}

/// Says of a service that it is not served while something is wrong with any tenant.
async fn tell(service: &'static str, mut tenants: watch::Receiver<usize>, health: HealthReporter) {
    loop {
        let status = match *tenants.borrow_and_update() {
            0 => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        };
        health.set_service_status(service, status).await;
        if tenants.changed().await.is_err() {
            return;
        }
    }
}

pub(super) async fn open(config: &Config) -> Result<Store, CliError> {
    let settings = store::Settings {
        connections: u32::try_from(config.written.database_connections).unwrap_or(u32::MAX),
        queue_touchpoints: size(config.written.queue_touchpoints),
        queue_bytes: size(config.written.queue_mib) << 20,
        privacy_keys: store::PrivacyKeys {
            present: privacy_key(&config.written.privacy_key_file)?,
            other: privacy_key(&config.written.other_privacy_key_file)?,
        },
        ..store::Settings::default()
    };
    Ok(Store::open(&config.written.database_url, &settings, clock::system()).await?)
}

/// The key of a file; none if no file is named.
fn privacy_key(file: &str) -> Result<Option<store::PrivacyKey>, CliError> {
    let read = |cause| CliError::Io { what: format!("the privacy key in {file}"), cause };
    let file = Some(file).filter(|file| !file.is_empty());
    file.map(|file| store::PrivacyKey::read(Path::new(file)).map_err(read)).transpose()
}

fn mirror_settings(config: &Config) -> mirror::Settings {
    let written = &config.written;
    mirror::Settings {
        memory_bytes: size(written.mirror_memory_mib) << 20,
        wait: Duration::from_secs(written.freshness_wait_seconds),
        idle: (written.mirror_idle_seconds > 0).then(|| Duration::from_secs(written.mirror_idle_seconds)),
        ..mirror::Settings::default()
    }
}

fn port_settings(config: &Config) -> rpc::Settings {
    let written = &config.written;
    let mut settings = rpc::Settings {
        page_size: size(written.page_size),
        max_page_size: size(written.max_page_size),
        max_message_bytes: size(written.max_message_bytes),
        max_feeds: size(written.max_feeds),
        tenants_by_writing: config.auth.is_none(),
        stream_idle: Duration::from_secs(written.stream_idle_seconds),
        ..rpc::Settings::default()
    };
    settings.limits.batch_touchpoints = size(written.max_batch);
    settings
}

/// A setting as a size in memory; their ranges fit.
fn size(setting: u64) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}

/// Resolves when the process is asked to end.
pub async fn stopped() {
    let hear = |kind| signal(kind).ok();
    let (mut terminate, mut interrupt) = (hear(SignalKind::terminate()), hear(SignalKind::interrupt()));
    let wait = async |signal: &mut Option<tokio::signal::unix::Signal>| match signal {
        Some(signal) => _ = signal.recv().await,
        // Without a handler the process ends by the signal itself.
        None => std::future::pending().await,
    };
    tokio::select! {
        () = wait(&mut terminate) => {}
        () = wait(&mut interrupt) => {}
    }
}

#[cfg(test)]
mod tests {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus as Said;
    use tonic_health::pb::health_client::HealthClient;

    use super::*;

    #[tokio::test]
    async fn health_says_that_kpis_wait_for_a_first_load() {
        let (reporter, service) = tonic_health::server::health_reporter();
        let mut client = HealthClient::new(service);
        reporter.set_service_status(rpc::KPI_SERVICE, ServingStatus::Serving).await;
        let (loads, loading) = watch::channel(1);
        tokio::spawn(tell(rpc::KPI_SERVICE, loading, reporter));
        let asked = HealthCheckRequest { service: rpc::KPI_SERVICE.to_owned() };
        let mut told = client.watch(asked).await.unwrap().into_inner();
        for (count, expected) in [(1, Said::NotServing), (0, Said::Serving), (2, Said::NotServing)] {
            loads.send_replace(count);
            while told.message().await.unwrap().map(|answer| answer.status) != Some(expected as i32) {}
        }
    }
}
