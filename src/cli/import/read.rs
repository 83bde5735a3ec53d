//! From a file to batches of parsed touchpoints, off the runtime's threads.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use crate::cli::CliError;
use crate::rpc::proto::{Record, Touchpoint};

/// A line longer than this is refused: no touchpoint that the service accepts is as long.
const MAX_LINE_BYTES: usize = 8 << 20;
/// A batch ends early when its lines are together longer than this.
const MAX_BATCH_BYTES: usize = 4 << 20;
/// Chunks and batches that wait for the next stage.
const WAITING: usize = 4;

/// Lines that were parsed, and those that could not be.
#[derive(Debug, Default)]
pub struct Batch {
    pub touchpoints: Vec<Touchpoint>,
    /// The line of each touchpoint: its number from 1 and its text.
    pub lines: Vec<Line>,
    pub records: Vec<Record>,
    /// The line of each record.
    pub record_lines: Vec<Line>,
    pub refusals: Vec<Refusal>,
}

/// A line of the file.
#[derive(Debug, Clone)]
pub struct Line {
    pub number: u64,
    pub text: Vec<u8>,
}

/// A line that was not stored, and why.
#[derive(Debug)]
pub struct Refusal {
    pub line: Line,
    pub reason: String,
    /// Field and description of everything that is wrong.
    pub violations: Vec<(String, String)>,
}

impl Refusal {
    /// One line of the file of refused lines; `touchpoint`, which may be a record, can be corrected
    /// and imported.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let violations: Vec<_> = self
            .violations
            .iter()
            .map(|(field, description)| serde_json::json!({ "field": field, "description": description }))
            .collect();
        let text = String::from_utf8_lossy(&self.line.text);
        let touchpoint: serde_json::Value =
            serde_json::from_slice(&self.line.text).unwrap_or_else(|_| text.into_owned().into());
        serde_json::json!({
            "line": self.line.number,
            "reason": self.reason,
            "violations": violations,
            "touchpoint": touchpoint,
        })
    }
}

/// Starts reading; batches arrive roughly in the order of the file.
///
/// # Errors
/// When the file cannot be opened. Errors in the middle arrive in their place.
pub fn start(
    path: &Path,
    batch_lines: usize,
    position: Arc<AtomicU64>,
) -> Result<mpsc::Receiver<Result<Batch, CliError>>, CliError> {
    let input = open(path, position)?;
    let (chunk_out, chunks) = mpsc::channel::<Vec<Line>>(WAITING);
    let (batch_out, batches) = mpsc::channel(WAITING);
    let failed = batch_out.clone();
    let name = path.display().to_string();
    std::thread::spawn(move || {
        if let Err(cause) = read(input, batch_lines, &chunk_out) {
            // Nobody listens any more when the import has ended for another reason.
            let _ = failed.blocking_send(Err(CliError::Io { what: format!("reading {name}"), cause }));
        }
    });
    let chunks = Arc::new(Mutex::new(chunks));
    let parsers = std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).clamp(1, 8));
    for _ in 0..parsers {
        let (chunks, batches) = (chunks.clone(), batch_out.clone());
        std::thread::spawn(move || {
            loop {
                let chunk = chunks.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                let Some(lines) = chunk else { return };
                if batches.blocking_send(Ok(parse(lines))).is_err() {
                    return;
                }
            }
        });
    }
    Ok(batches)
}

fn open(path: &Path, position: Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, CliError> {
    const BUFFER: usize = 1 << 20;
    if path.as_os_str() == "-" {
        let counted = Counted { inner: std::io::stdin(), position };
        return Ok(Box::new(BufReader::with_capacity(BUFFER, counted)));
    }
    let file = File::open(path).map_err(CliError::io(format!("opening {}", path.display())))?;
    let counted = Counted { inner: file, position };
    if path.extension().is_some_and(|ext| ext == "gz") {
        let inflated = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, counted));
        return Ok(Box::new(BufReader::with_capacity(BUFFER, inflated)));
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, counted)))
}

/// Says how far reading has come, in bytes of the file.
struct Counted<R> {
    inner: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.position.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

fn read(
    mut input: Box<dyn BufRead + Send>,
    batch_lines: usize,
    chunks: &mpsc::Sender<Vec<Line>>,
) -> std::io::Result<()> {
    let mut chunk = Vec::with_capacity(batch_lines);
    let mut bytes = 0;
    let mut number = 0;
    while let Some(text) = next_line(&mut *input)? {
        number += 1;
        bytes += text.len();
        if !text.trim_ascii().is_empty() {
            chunk.push(Line { number, text });
        }
        if chunk.len() >= batch_lines || bytes >= MAX_BATCH_BYTES {
            bytes = 0;
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(batch_lines));
            if chunks.blocking_send(full).is_err() {
                return Ok(());
            }
        }
    }
    if !chunk.is_empty() {
        let _ = chunks.blocking_send(chunk);
    }
    Ok(())
}

/// The next line without its end; of one that is too long, the beginning. `None` at the end.
fn next_line(input: &mut dyn BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::with_capacity(512);
    let limit = MAX_LINE_BYTES as u64 + 1;
    if input.take(limit).read_until(b'\n', &mut text)? == 0 {
        return Ok(None);
    }
    if text.last() == Some(&b'\n') {
        text.pop();
    } else if text.len() > MAX_LINE_BYTES {
        input.skip_until(b'\n')?;
    }
    Ok(Some(text))
}

/// A line that is no touchpoint but a record says so by this one member.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    record: Record,
}

/// What a line says.
enum Said {
    Touchpoint(Box<Touchpoint>),
    Record(Record),
}

fn parse(lines: Vec<Line>) -> Batch {
    let mut batch = Batch {
        touchpoints: Vec::with_capacity(lines.len()),
        lines: Vec::with_capacity(lines.len()),
        ..Batch::default()
    };
    for line in lines {
        match parse_line(&line.text) {
            Ok(Said::Touchpoint(touchpoint)) => {
                batch.touchpoints.push(*touchpoint);
                batch.lines.push(line);
            }
            Ok(Said::Record(record)) => {
                batch.records.push(record);
                batch.record_lines.push(line);
            }
            Err((reason, description)) => batch.refusals.push(Refusal {
                line,
                reason: reason.to_owned(),
                violations: vec![(String::new(), description)],
            }),
        }
    }
    batch
}

/// The reason and the description of what is wrong, otherwise.
fn parse_line(text: &[u8]) -> Result<Said, (&'static str, String)> {
    if text.len() > MAX_LINE_BYTES {
        return Err(("LINE_TOO_LONG", format!("the line is longer than {MAX_LINE_BYTES} bytes")));
    }
    if is_record(text) {
        let parsed: Result<RecordLine, _> = serde_json::from_slice(text);
        return parsed.map(|line| Said::Record(line.record)).map_err(|e| ("NOT_A_RECORD", e.to_string()));
    }
    let parsed = serde_json::from_slice(text);
    parsed.map(Said::Touchpoint).map_err(|e| ("NOT_A_TOUCHPOINT", e.to_string()))
}

/// Whether the first member of the object is `record`: no member of a touchpoint is.
fn is_record(text: &[u8]) -> bool {
    let inner = text.trim_ascii_start().strip_prefix(b"{");
    inner.is_some_and(|inner| inner.trim_ascii_start().starts_with(b"\"record\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_from_one_and_blank_ones_skipped() {
        let text = "{\"source\":\"a\"}\n\n  \nnonsense\n{\"sourceId\":\"b\"}";
        let (out, mut chunks) = mpsc::channel(10);
        read(Box::new(text.as_bytes()), 2, &out).unwrap();
        drop(out);
        let first = parse(chunks.blocking_recv().unwrap());
        assert_eq!(first.touchpoints[0].source, "a");
        assert_eq!(first.refusals[0].line.number, 4);
        assert_eq!(first.refusals[0].to_json()["touchpoint"], "nonsense");
        let second = parse(chunks.blocking_recv().unwrap());
        assert_eq!(second.lines[0].number, 5);
        assert!(chunks.blocking_recv().is_none());
    }

    #[test]
    fn a_line_says_whether_it_is_a_record() {
        let lines = [
            "{\"source\":\"record\"}",
            " { \"record\" : {\"followers\": {\"channel\": \"social\", \"total\": \"7\"}}}",
            "{\"record\":{\"follower\":{}}}",
            "{\"record\":{},\"source\":\"a\"}",
        ];
        let line =
            |(nth, text): (usize, &&str)| Line { number: nth as u64 + 1, text: text.as_bytes().to_vec() };
        let batch = parse(lines.iter().enumerate().map(line).collect());
        assert_eq!((batch.touchpoints.len(), batch.records.len()), (1, 1));
        assert_eq!(batch.record_lines[0].number, 2);
        let reasons: Vec<&str> = batch.refusals.iter().map(|refusal| &*refusal.reason).collect();
        assert_eq!(reasons, ["NOT_A_RECORD", "NOT_A_RECORD"]);
    }

    #[test]
    fn an_endless_line_is_refused_and_the_next_one_read() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 10];
        text.extend(b"\n{\"source\":\"a\"}\n");
        let (out, mut chunks) = mpsc::channel(10);
        read(Box::new(std::io::Cursor::new(text)), 1, &out).unwrap();
        drop(out);
        let first = parse(chunks.blocking_recv().unwrap());
        assert_eq!(first.refusals[0].reason, "LINE_TOO_LONG");
        let second = parse(chunks.blocking_recv().unwrap());
        assert_eq!((second.touchpoints.len(), second.lines[0].number), (1, 2));
    }
}
