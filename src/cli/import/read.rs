//! From a file to batches of parsed touchpoints, off the runtime's threads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::form;
use crate::cli::CliError;
use crate::rpc::proto::{Record, Touchpoint};
use crate::rpc::protojson::{self, Wrong};

/// A line longer than this is refused: no touchpoint that the service accepts is as long.
const MAX_LINE_BYTES: usize = 8 << 20;
/// A batch ends early when its lines are together longer than this.
const MAX_BATCH_BYTES: usize = 4 << 20;
/// Chunks and batches that wait for the next stage.
const WAITING: usize = 4;

/// Lines that were parsed, and those that could not be.
#[derive(Debug, Default)]
pub struct Batch {
    /// An identifier that cannot be used refuses its touchpoint.
    pub strict: bool,
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
    /// One line of the file of refused lines; `touchpoint`, which may be a record, is the line as it
    /// was, and can be corrected there and imported from there.
    #[must_use]
    pub fn to_json(&self) -> String {
        let violations: Vec<_> = self
            .violations
            .iter()
            .map(|(field, description)| serde_json::json!({ "field": field, "description": description }))
            .collect();
        let text = String::from_utf8_lossy(&self.line.text);
        // As it was written, to the digit: only what is no JSON becomes a text.
        let touchpoint = match serde_json::from_slice::<serde::de::IgnoredAny>(&self.line.text) {
            Ok(_) => text.trim().to_owned(),
            Err(_) => serde_json::Value::from(text.into_owned()).to_string(),
        };
        let (line, reason) = (self.line.number, serde_json::Value::from(self.reason.as_str()));
        let violations = serde_json::Value::from(violations);
        format!(
            "{{\"line\":{line},\"reason\":{reason},\"violations\":{violations},\"touchpoint\":{touchpoint}}}"
        )
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
    let reading = || CliError::io(format!("reading {}", path.display()));
    let mut input: Box<dyn BufRead + Send> = if path.as_os_str() == "-" {
        Box::new(BufReader::with_capacity(BUFFER, Counted { inner: std::io::stdin(), position }))
    } else {
        let file = File::open(path).map_err(CliError::io(format!("opening {}", path.display())))?;
        Box::new(BufReader::with_capacity(BUFFER, Counted { inner: file, position }))
    };
    if form::is_gzip(input.fill_buf().map_err(reading())?) {
        input = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input)));
    }
    let beginning = input.fill_buf().map_err(reading())?;
    form::check(beginning).map_err(|wrong| CliError::Form(format!("{}: {wrong}", path.display())))?;
    let mark = form::mark(beginning);
    input.consume(mark);
    Ok(input)
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
    let end = form::line_end(input.fill_buf()?);
    while let Some(text) = next_line(&mut *input, end)? {
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
fn next_line(input: &mut dyn BufRead, end: u8) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::with_capacity(512);
    let limit = MAX_LINE_BYTES as u64 + 1;
    if input.take(limit).read_until(end, &mut text)? == 0 {
        return Ok(None);
    }
    if text.last() == Some(&end) {
        text.pop();
        if text.last() == Some(&b'\r') {
            text.pop();
        }
    } else if text.len() > MAX_LINE_BYTES {
        input.skip_until(end)?;
    }
    Ok(Some(text))
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
    for mut line in lines {
        // Of a line of refused ones, what was refused.
        if let Some(inner) = refused_before(&line.text) {
            line.text = inner;
        }
        match parse_line(&line.text) {
            Ok(Said::Touchpoint(touchpoint)) => {
                batch.touchpoints.push(*touchpoint);
                batch.lines.push(line);
            }
            Ok(Said::Record(record)) => {
                batch.records.push(record);
                batch.record_lines.push(line);
            }
            Err((reason, wrong)) => batch.refusals.push(Refusal {
                line,
                reason: reason.to_owned(),
                violations: vec![(wrong.path, wrong.description)],
            }),
        }
    }
    batch
}

/// The reason, and what is wrong, otherwise.
fn parse_line(text: &[u8]) -> Result<Said, (&'static str, Wrong)> {
    if text.len() > MAX_LINE_BYTES {
        let description = format!("the line is longer than {MAX_LINE_BYTES} bytes");
        return Err(("LINE_TOO_LONG", Wrong { path: String::new(), description }));
    }
    if let Some(record) = inside(text, "record") {
        let read = record.and_then(|record| protojson::read("Record", record.as_bytes()));
        return read.map(Said::Record).map_err(|wrong| ("NOT_A_RECORD", wrong));
    }
    protojson::read("Touchpoint", text).map(Said::Touchpoint).map_err(|wrong| ("NOT_A_TOUCHPOINT", wrong))
}

/// Of an object whose first member has this name: the text of that member, if it is the only one.
/// No member of a touchpoint is named so.
fn inside<'t>(text: &'t [u8], name: &str) -> Option<Result<&'t str, Wrong>> {
    if !begins_with(text, name) {
        return None;
    }
    let alone = serde_json::from_slice::<HashMap<String, &RawValue>>(text);
    let wrong = |description: String| Wrong { path: String::new(), description };
    Some(match alone {
        Ok(members) if members.len() == 1 => {
            members.get(name).map(|inner| inner.get()).ok_or_else(|| wrong(format!("has no {name}")))
        }
        Ok(_) => Err(wrong(format!("{name} is the only member of its object"))),
        Err(error) => Err(wrong(format!("is no JSON at column {}", error.column()))),
    })
}

/// The line that a line of refused ones tells of.
fn refused_before(text: &[u8]) -> Option<Vec<u8>> {
    if !begins_with(text, "line") {
        return None;
    }
    let members: HashMap<String, &RawValue> = serde_json::from_slice(text).ok()?;
    members.get("reason")?;
    let inner = members.get("touchpoint")?.get();
    // What was no JSON stands there as a text.
    Some(serde_json::from_str::<String>(inner).unwrap_or_else(|_| inner.to_owned()).into_bytes())
}

/// Whether the first member of an object has this name.
fn begins_with(text: &[u8], name: &str) -> bool {
    let inner = text.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let rest = inner.and_then(|inner| inner.strip_prefix(b"\"")?.strip_prefix(name.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\""))
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
        let told: serde_json::Value = serde_json::from_str(&first.refusals[0].to_json()).unwrap();
        assert_eq!(told["touchpoint"], "nonsense");
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

    fn parse_texts(texts: &[&str]) -> Batch {
        let line =
            |(nth, text): (usize, &&str)| Line { number: nth as u64 + 1, text: text.as_bytes().to_vec() };
        parse(texts.iter().enumerate().map(line).collect())
    }

    #[test]
    fn lines_end_in_any_way() {
        for text in ["{}\n{}", "{}\r\n{}\r\n", "{}\r{}\r"] {
            let (out, mut chunks) = mpsc::channel(10);
            read(Box::new(text.as_bytes()), 10, &out).unwrap();
            drop(out);
            let lines = chunks.blocking_recv().unwrap();
            let texts: Vec<&[u8]> = lines.iter().map(|line| &*line.text).collect();
            assert_eq!(texts, [b"{}", b"{}"], "{text:?}");
        }
    }

    #[test]
    fn refused_lines_are_kept_to_the_digit_and_can_be_sent_again() {
        let texts = [
            r#"{"source":"a","order":{"amount":{"minor":12345678901234567890123}}}"#,
            "nonsense",
            r#"{"record":{"x":1}}"#,
        ];
        let first = parse_texts(&texts);
        assert_eq!(first.refusals.len(), 3);
        let told: Vec<String> = first.refusals.iter().map(Refusal::to_json).collect();
        assert!(told[0].contains("12345678901234567890123"), "{}", told[0]);
        let again = parse_texts(&told.iter().map(String::as_str).collect::<Vec<_>>());
        let kept: Vec<&[u8]> = again.refusals.iter().map(|refusal| &*refusal.line.text).collect();
        assert_eq!(kept, texts.map(str::as_bytes));
        let mended = told[0].replace("12345678901234567890123", "5");
        let batch = parse_texts(&[&mended]);
        assert_eq!((batch.touchpoints.len(), batch.refusals.len()), (1, 0));
        let (refusal, wrong) = (&first.refusals[0], "order.amount.minor");
        assert_eq!(refusal.violations[0].0, wrong);
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
