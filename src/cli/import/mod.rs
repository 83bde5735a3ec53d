//! `customer360 import`: JSON Lines, each the ProtoJSON of a `Touchpoint`, or of a `Record` as the
//! one member `record` of an object, through the port.
//!
//! One thread reads, a few parse, several calls are in flight. Recording is idempotent, so
//! stopping at any moment and running again stores nothing twice and misses nothing.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::client::{self, Clients};
use super::{CliError, runtime};
use crate::clock;

mod read;
mod send;

pub use read::{Batch, Refusal};
pub use send::{Sent, record, send};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// JSON Lines; `-` is standard input, a name in `.gz` is read compressed
    file: PathBuf,
    /// The service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7360")]
    target: String,
    /// Whose touchpoints they are
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: String,
    /// Touchpoints in one call
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Calls in flight
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    in_flight: u32,
    /// Where refused lines go; default: FILE.refused.jsonl, written when there are any
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// How long to go on when the service is away or busy
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    patience: u64,
}

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub recorded: u64,
    pub duplicates: u64,
    pub superseded: u64,
    pub refused: u64,
}

impl Tally {
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.recorded + self.duplicates + self.superseded + self.refused
    }
}

pub fn command(args: &ImportArgs) -> Result<(), CliError> {
    let runtime = runtime()?;
    let started = clock::stopwatch();
    let bar = progress_bar(args)?;
    let mut refused = RefusedFile::new(args);
    let done = runtime.block_on(run(args, &bar, &mut refused));
    // Threads that still read must not hold up the end.
    runtime.shutdown_background();
    bar.finish_and_clear();
    refused.flush()?;
    let (tally, failure) = done?;
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    let superseded = match tally.superseded {
        0 => String::new(),
        some => format!("{some} superseded, "),
    };
    println!(
        "{} lines in {seconds:.1} s ({:.0} a second): {} recorded, {} stored before, {superseded}{} refused",
        tally.lines(),
        tally.lines() as f64 / seconds,
        tally.recorded,
        tally.duplicates,
        tally.refused,
    );
    if tally.refused > 0 {
        println!("refused lines, with reasons: {}", refused.path.display());
    }
    match failure {
        None => Ok(()),
        Some(failure) => Err(CliError::Failed(format!(
            "{failure}\nwhat was recorded stays; run the same command again to go on: nothing is stored twice"
        ))),
    }
}

/// Reads, parses and sends until the end or the first failure that patience does not mend.
async fn run(
    args: &ImportArgs,
    bar: &ProgressBar,
    refused: &mut RefusedFile,
) -> Result<(Tally, Option<String>), CliError> {
    let started = clock::stopwatch();
    let clients = client::connect(&args.target, &args.tenant).await?;
    let position = Arc::new(AtomicU64::new(0));
    let mut batches = read::start(&args.file, args.batch as usize, position.clone())?;
    let patience = Duration::from_secs(args.patience);
    let mut calls: JoinSet<Result<Sent, CliError>> = JoinSet::new();
    let mut tally = Tally::default();
    let mut failure = None;
    let mut open = true;
    loop {
        let room = calls.len() < args.in_flight as usize;
        tokio::select! {
            batch = batches.recv(), if open && room && failure.is_none() => match batch {
                Some(Ok(batch)) => _ = calls.spawn(call(clients.clone(), batch, patience)),
                Some(Err(e)) => failure = Some(e.to_string()),
                None => open = false,
            },
            Some(sent) = calls.join_next() => match sent {
                Ok(Ok(sent)) => {
                    tally.recorded += sent.recorded;
                    tally.duplicates += sent.duplicates;
                    tally.superseded += sent.superseded;
                    tally.refused += sent.refusals.len() as u64;
                    refused.write(&sent.refusals)?;
                    bar.set_position(position.load(Ordering::Relaxed));
                    let rate = tally.lines() as f64 / started.elapsed().as_secs_f64().max(0.001);
                    bar.set_message(format!("{} lines, {rate:.0}/s, {} refused", tally.lines(), tally.refused));
                }
                Ok(Err(e)) => failure = failure.or(Some(e.to_string())),
                Err(e) => failure = failure.or(Some(format!("a call was lost: {e}"))),
            },
            else => break,
        }
        if calls.is_empty() && (failure.is_some() || !open) {
            break;
        }
    }
    Ok((tally, failure))
}

async fn call(clients: Clients, batch: Batch, patience: Duration) -> Result<Sent, CliError> {
    Ok(send(&clients, batch, patience).await?)
}

/// Created when the first line is refused.
struct RefusedFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl RefusedFile {
    fn new(args: &ImportArgs) -> Self {
        let default = || {
            let name = if args.file.as_os_str() == "-" { "stdin".into() } else { args.file.clone() };
            let mut path = name.into_os_string();
            path.push(".refused.jsonl");
            PathBuf::from(path)
        };
        Self { path: args.refused.clone().unwrap_or_else(default), file: None }
    }

    fn write(&mut self, refusals: &[Refusal]) -> Result<(), CliError> {
        let io = |path: &PathBuf| CliError::io(format!("writing {}", path.display()));
        for refusal in refusals {
            let file = match &mut self.file {
                Some(file) => file,
                None => {
                    let created = File::create(&self.path).map_err(io(&self.path))?;
                    self.file.insert(BufWriter::new(created))
                }
            };
            writeln!(file, "{}", refusal.to_json()).map_err(io(&self.path))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        match &mut self.file {
            Some(file) => file.flush().map_err(CliError::io(format!("writing {}", self.path.display()))),
            None => Ok(()),
        }
    }
}

/// A bar over the bytes of the file; without a known length, a count.
fn progress_bar(args: &ImportArgs) -> Result<ProgressBar, CliError> {
    let (bar, template) = if args.file.as_os_str() == "-" {
        (ProgressBar::new_spinner(), "{spinner} {elapsed_precise} {msg}")
    } else {
        let what = || format!("reading {}", args.file.display());
        let size = std::fs::metadata(&args.file).map_err(CliError::io(what()))?.len();
        let template = "{wide_bar} {percent}% {elapsed_precise}, {eta} left, {msg}";
        (ProgressBar::new(size), template)
    };
    let style = ProgressStyle::with_template(template).map_err(|e| CliError::Failed(e.to_string()))?;
    bar.set_style(style);
    Ok(bar)
}
