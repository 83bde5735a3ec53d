//! Logs and metrics. Neither ever holds an identifier, a trait value or a payload.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Upper bounds of the latency histogram, in seconds.
const BATCH_TOUCHPOINTS: [f64; 8] = [1.0, 10.0, 100.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_192.0];
const LATENCY_SECONDS: [f64; 14] =
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// PostgreSQL notices that a connection which is rolled back before its next use was in no
/// transaction, which is as it should be. The setting may still ask for them.
const QUIET: &str = "sqlx::postgres::notice=error";

/// Sends logs to standard error in the form and from the level that the settings name.
pub fn start_logs(config: &Config) {
    let filter = EnvFilter::new(format!("{QUIET},{}", config.written.log_level));
    let terminal = std::io::stderr().is_terminal();
    let logs =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first: there is one standard error.
    let _ = match config.log_format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        // The payload may quote what was being worked on, which may be a person's.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: this is a defect of the service");
    }));
}

/// Who may ask for metrics at the same time; further ones are closed.
const SCRAPERS: usize = 64;
/// Bytes of a request for metrics.
const REQUEST_BYTES: usize = 8_192;
/// How often old values of histograms are put together.
const UPKEEP: Duration = Duration::from_secs(5);
/// Before the next attempt when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves Prometheus metrics on a bound port, to whoever asks within the limit of time. Needs a
/// running runtime.
///
/// # Errors
/// When metrics were started before.
pub fn start_metrics(listener: TcpListener, limit: Duration) -> Result<(), BuildError> {
    let sizes = Matcher::Suffix("_touchpoints".to_owned());
    let metrics = PrometheusBuilder::new()
        .set_buckets(&LATENCY_SECONDS)?
        .set_buckets_for_metric(sizes, &BATCH_TOUCHPOINTS)?
        .install_recorder()?;
    describe();
    let upkeep = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    tokio::spawn(serve_metrics(listener, metrics, limit));
    Ok(())
}

async fn serve_metrics(listener: TcpListener, metrics: PrometheusHandle, limit: Duration) {
    let places = Arc::new(Semaphore::new(SCRAPERS));
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "no connection to the metrics can be accepted for now");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let metrics = metrics.clone();
        tokio::spawn(async move {
            let _place = place;
            // Whoever is too slow, or gone, is not told.
            let _ = tokio::time::timeout(limit, answer(socket, &metrics)).await;
        });
    }
}

/// One request, one answer.
async fn answer(mut socket: TcpStream, metrics: &PrometheusHandle) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() >= REQUEST_BYTES || socket.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let (status, body) = match request.starts_with(b"GET ") {
        true => ("200 OK", metrics.render()),
        false => ("405 Method Not Allowed", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    socket.shutdown().await
}

fn describe() {
    metrics::describe_counter!("customer360_requests_total", "Calls answered, by method and code.");
    metrics::describe_histogram!("customer360_request_seconds", "Time to the end of the answer, by method.");
    metrics::describe_gauge!("customer360_requests_in_progress", "Calls being worked on.");
}
