//! `customer360 import`: JSON Lines, each the ProtoJSON of a `Touchpoint`, or of a `Record` as the
//! one member `record` of an object, through the port.
//!
//! One thread reads, a few parse, several calls are in flight. Recording is idempotent, so
//! stopping at any moment and running again stores nothing twice and misses nothing. What is refused
//! goes to a file of its own, which can be mended and imported as it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::client::{self, Clients};
use super::{CliError, runtime, shown};
use crate::clock;

mod form;
mod read;
mod refused;
mod send;

pub use read::{Batch, Refusal};
use refused::RefusedFile;
pub use send::{Note, Sent, record, send};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// JSON Lines in UTF-8, may be compressed (gzip); `-` is standard input
    file: PathBuf,
    /// The service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7360")]
    target: String,
    /// Whose touchpoints they are
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: String,
    #[command(flatten)]
    credential: client::CredentialArgs,
    /// Touchpoints in one call
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Calls in flight
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    in_flight: u32,
    /// Where refused lines go; default: FILE.refused.jsonl, written when there are any
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Refuse a line with an identifier that cannot be used, instead of storing it without
    #[arg(long)]
    strict: bool,
    /// How long to go on when the service is away or busy
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    patience: u64,
}

/// Notes that are listed.
const LISTED: usize = 1_000;

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub recorded: u64,
    pub duplicates: u64,
    pub superseded: u64,
    pub refused: u64,
    /// The revision at which all of it can be read.
    pub revision: i64,
    /// How many notes there are, by reason.
    pub note_counts: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub notes: Vec<Note>,
}

impl Tally {
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.recorded + self.duplicates + self.superseded + self.refused
    }

    fn note(&mut self, notes: Vec<Note>) {
        for note in notes {
            let reason = note.reason.as_str_name().trim_start_matches("RECORD_NOTE_REASON_");
            *self.note_counts.entry(reason).or_default() += 1;
            if self.notes.len() < LISTED {
                self.notes.push(note);
            }
        }
    }

    /// What is to be known of stored lines, as text.
    fn noted(&self) -> String {
        let count = |(reason, count): (&&str, &u64)| format!("{reason} {count}");
        let counts: Vec<String> = self.note_counts.iter().map(count).collect();
        let line = |note: &Note| {
            let reason = note.reason.as_str_name().trim_start_matches("RECORD_NOTE_REASON_");
            format!("  line {}: {reason}: {}\n", note.line, shown::text(&note.told))
        };
        let more = self.note_counts.values().sum::<u64>() - self.notes.len() as u64;
        let more = if more == 0 { String::new() } else { format!("  and {more} more\n") };
        match counts.is_empty() {
            true => String::new(),
            false => format!(
                "stored, but with parts that do not do what they say: {}\n{}{more}",
                counts.join(", "),
                self.notes.iter().map(line).collect::<String>(),
            ),
        }
    }
}

pub fn command(args: &ImportArgs) -> Result<(), CliError> {
    let runtime = runtime()?;
    let started = clock::stopwatch();
    let bar = progress_bar(args)?;
    let mut refused = RefusedFile::new(&args.file, args.refused.as_deref())?;
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
    if tally.recorded + tally.duplicates > 0 {
        println!("all of it can be read at revision {}", tally.revision);
    }
    print!("{}", tally.noted());
    if let Some(failure) = failure {
        return Err(CliError::Failed(format!(
            "{failure}\nwhat was recorded stays; run the same command again to go on: nothing is stored twice"
        )));
    }
    if tally.refused == 0 {
        return refused.forget();
    }
    Err(CliError::Refused { lines: tally.refused, file: refused.path().display().to_string() })
}

/// Reads, parses and sends until the end or the first failure that patience does not mend.
async fn run(
    args: &ImportArgs,
    bar: &ProgressBar,
    refused: &mut RefusedFile,
) -> Result<(Tally, Option<String>), CliError> {
    let started = clock::stopwatch();
    let clients = client::connect_as(&args.target, &args.tenant, &args.credential.load()?).await?;
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
                Some(Ok(batch)) => {
                    let batch = Batch { strict: args.strict, ..batch };
                    calls.spawn(call(clients.clone(), batch, patience));
                }
                Some(Err(e)) => failure = Some(e.to_string()),
                None => open = false,
            },
            Some(sent) = calls.join_next() => match sent {
                Ok(Ok(sent)) => {
                    tally.recorded += sent.recorded;
                    tally.duplicates += sent.duplicates;
                    tally.superseded += sent.superseded;
                    tally.refused += sent.refusals.len() as u64;
                    tally.revision = tally.revision.max(sent.revision);
                    refused.write(&sent.refusals)?;
                    tally.note(sent.notes);
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
