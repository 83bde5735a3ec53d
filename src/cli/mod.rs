//! The command line: what a person types, and which exit code it gets.
//!
//! 0: done. 1: it failed. 2: the command, a setting or the kind of file is wrong; nothing was begun.
//! 3: done, but for lines that were refused.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, ConfigError};

pub mod client;
mod coverage;
mod demo;
pub mod import;
mod keys;
mod kpi;
mod protect;
mod serve;
mod shown;
mod simulate;

/// One customer out of many identifiers, and omnichannel KPIs over them.
#[derive(Debug, Parser)]
#[command(version, about, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gRPC port; migrates the database first
    Serve(SettingsArgs),
    /// Bring the database to this version's tables, and end
    Migrate(SettingsArgs),
    /// Print the effective settings, secrets hidden
    Config(SettingsArgs),
    /// API keys: the first one, at the database; further ones through a running service
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Record a file of JSON Lines through the port: touchpoints, and records as {"record": {...}}
    Import(import::ImportArgs),
    /// Tell a simulated retailer's story: service, data and answers, from nothing
    Demo(demo::DemoArgs),
    /// Ask a running service for a KPI: as a table, CSV or JSON
    Kpi(Box<kpi::KpiArgs>),
    /// Print how often 95 % intervals hold the truth, over many simulated retailers
    Coverage(coverage::CoverageArgs),
    /// Write a simulated retailer as JSON Lines, and who was who
    Simulate(simulate::SimulateArgs),
}

/// Where settings come from. Later wins: defaults, file, environment (CUSTOMER360_NAME), flags.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// Settings file (TOML); also CUSTOMER360_CONFIG
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of the gRPC port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Address of the Prometheus metrics; empty for none
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Any other setting; `customer360 config` lists them
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl SettingsArgs {
    /// The effective settings.
    ///
    /// # Errors
    /// Names the setting and where it was set.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut flags = self.set.iter().map(|given| config::split_flag(given)).collect::<Result<_, _>>()?;
        let own = [
            ("listen", &self.listen),
            ("metrics_listen", &self.metrics_listen),
            ("database_url", &self.database_url),
        ];
        extend(&mut flags, own);
        config::load(self.config.as_deref(), &flags)
    }
}

/// Runs the command of the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => args.load().map_err(CliError::from).and_then(serve::serve),
        Command::Migrate(args) => args.load().map_err(CliError::from).and_then(serve::migrate),
        Command::Config(args) => args.load().map_err(CliError::from).map(|config| {
            print!("{}", config.to_toml());
        }),
        Command::Keys(command) => keys::command(&command),
        Command::Import(args) => import::command(&args),
        Command::Demo(args) => demo::command(&args),
        Command::Kpi(args) => kpi::command(&args),
        Command::Coverage(args) => coverage::command(&args),
        Command::Simulate(args) => simulate::command(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("customer360: {}", shown::lines(&with_causes(&error)));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{what}: {cause}")]
    Io {
        what: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("metrics cannot be served: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    #[error(transparent)]
    Serve(#[from] crate::server::ServeError),
    #[error(transparent)]
    Tls(#[from] crate::server::tls::TlsError),
    #[error("the database: {0}")]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Client(#[from] client::ClientError),
    #[error("{0}")]
    Failed(String),
    /// A file of another kind than the command reads.
    #[error("{0}")]
    Form(String),
    #[error(
        "{lines} lines were refused: they are in {file} with reasons, to be mended and imported from there"
    )]
    Refused { lines: u64, file: String },
}

impl CliError {
    /// What the process ends with.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Form(_) => 2,
            Self::Refused { .. } => 3,
            _ => 1,
        }
    }

    /// An I/O error with what was being done.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// The error and what it came from, each told once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}

fn extend(flags: &mut config::Flags, own: [(&str, &Option<String>); 3]) {
    for (name, value) in own {
        if let Some(value) = value {
            flags.insert(name.to_owned(), value.clone());
        }
    }
}

/// A runtime for a command.
///
/// # Errors
/// When the machine gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::io("no threads to run on"))
}
