//! `customer360 simulate`: the retailer as JSON Lines, and the truth beside it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use super::CliError;
use crate::simulate::{MAX_PEOPLE, Retailer, Settings};

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// True persons
    #[arg(long, value_name = "N", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PEOPLE)))]
    people: u32,
    /// The same seed tells the same story, on every machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Roughly how many touchpoints a person has on average
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    touchpoints: u32,
    /// Where touchpoints go; `-` is standard output, a name in `.gz` is compressed
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Where the true person of each touchpoint goes; not written unless named
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

/// Touchpoints rendered by one thread in one go.
const CHUNK: usize = 2_000;
/// Chunks in memory at once.
const CHUNKS: usize = 32;

pub fn command(args: &SimulateArgs) -> Result<(), CliError> {
    let settings =
        Settings { people: args.people, seed: args.seed, touchpoints_per_person: args.touchpoints };
    let retailer = Retailer::plan(settings);
    let mut truth = args.truth.as_deref().map(create).transpose()?;
    let mut out = create(&args.out)?;
    let beside = truth.as_mut().map(|file| &mut **file as &mut dyn Write);
    let written = write(&retailer, &mut out, beside);
    match written.and_then(|()| out.flush()) {
        // Whoever reads us has seen enough, e.g. `head`.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(CliError::io(format!("writing {}", args.out.display()))),
    }
}

/// Writes every touchpoint in the order of time; rendering uses all processors.
///
/// # Errors
/// Those of the writers.
pub fn write(
    retailer: &Retailer,
    out: &mut dyn Write,
    mut truth: Option<&mut dyn Write>,
) -> std::io::Result<()> {
    let mut start = 0;
    while start < retailer.len() {
        let end = (start + CHUNK * CHUNKS).min(retailer.len());
        let starts: Vec<usize> = (start..end).step_by(CHUNK).collect();
        let with_truth = truth.is_some();
        let rendered: Vec<(Vec<u8>, Vec<u8>)> = starts
            .into_par_iter()
            .map(|from| render(retailer, from..(from + CHUNK).min(end), with_truth))
            .collect();
        for (lines, truths) in rendered {
            out.write_all(&lines)?;
            if let Some(truth) = &mut truth {
                truth.write_all(&truths)?;
            }
        }
        start = end;
    }
    match truth {
        Some(truth) => truth.flush(),
        None => Ok(()),
    }
}

fn render(retailer: &Retailer, range: std::ops::Range<usize>, with_truth: bool) -> (Vec<u8>, Vec<u8>) {
    let mut lines = Vec::with_capacity(range.len() * 384);
    let mut truths = Vec::new();
    for index in range {
        let touchpoint = retailer.touchpoint(index);
        // Writing to memory, and of a message without maps of odd keys, does not fail.
        let _ = serde_json::to_writer(&mut lines, &touchpoint);
        lines.push(b'\n');
        if with_truth {
            let person = retailer.person(index);
            let truth = serde_json::json!({
                "source": touchpoint.source, "sourceId": touchpoint.source_id, "person": person,
            });
            let _ = writeln!(truths, "{truth}");
        }
    }
    (lines, truths)
}

fn create(path: &Path) -> Result<Box<dyn Write + Send>, CliError> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufWriter::with_capacity(1 << 20, std::io::stdout())));
    }
    let file = File::create(path).map_err(CliError::io(format!("creating {}", path.display())))?;
    let file = BufWriter::with_capacity(1 << 20, file);
    if path.extension().is_some_and(|ext| ext == "gz") {
        return Ok(Box::new(GzEncoder::new(file, Compression::fast())));
    }
    Ok(Box::new(file))
}
