//! Logs and metrics. Neither ever holds an identifier, a trait value or a payload.

use std::io::IsTerminal;
use std::net::SocketAddr;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
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

/// Serves Prometheus metrics at the address. Needs a running runtime.
///
/// # Errors
/// When the address cannot be bound, or metrics were started before.
pub fn start_metrics(listen: SocketAddr) -> Result<(), BuildError> {
    let sizes = Matcher::Suffix("_touchpoints".to_owned());
    PrometheusBuilder::new()
        .set_buckets(&LATENCY_SECONDS)?
        .set_buckets_for_metric(sizes, &BATCH_TOUCHPOINTS)?
        .with_http_listener(listen)
        .install()?;
    describe();
    Ok(())
}

fn describe() {
    metrics::describe_counter!("customer360_requests_total", "Calls answered, by method and code.");
    metrics::describe_histogram!("customer360_request_seconds", "Time to the end of the answer, by method.");
    metrics::describe_gauge!("customer360_requests_in_progress", "Calls being worked on.");
}
