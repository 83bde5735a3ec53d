//! A batch through the port, as often and in as many pieces as it takes.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Status;
use tonic_types::StatusExt;

use super::read::{Batch, Line, Refusal};
use crate::cli::client::{ClientError, Clients, Port, persist};
use crate::rpc::proto::record_service_client::RecordServiceClient;
use crate::rpc::proto::{
    Record, RecordNote, RecordNoteReason, RecordOutcome, RecordStatus, RecordTouchpointsRequest,
    SetRecordsRequest, Touchpoint,
};

/// Records that one call takes.
const RECORDS: usize = 10_000;

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Sent {
    pub recorded: u64,
    pub duplicates: u64,
    pub superseded: u64,
    pub refusals: Vec<Refusal>,
    /// What is to be known of lines that were stored.
    pub notes: Vec<Note>,
    pub revision: i64,
}

/// What is to be known of a part of a line that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub line: u64,
    pub reason: RecordNoteReason,
    /// Field and description of what is wrong, where something is.
    pub told: String,
}

/// Records a batch, coming back for at most `patience` when the service is busy or away. What
/// is too large for one call goes in halves.
///
/// # Errors
/// When the service refuses the call as such, or stays away.
pub async fn send(clients: &Clients, batch: Batch, patience: Duration) -> Result<Sent, ClientError> {
    let strict = batch.strict;
    let mut sent = Sent { refusals: batch.refusals, ..Sent::default() };
    send_records(&clients.records, (batch.records, batch.record_lines), patience, &mut sent).await?;
    let client = &clients.touchpoints;
    let mut pieces = vec![(batch.touchpoints, batch.lines)];
    while let Some((mut touchpoints, mut lines)) = pieces.pop() {
        if touchpoints.is_empty() {
            continue;
        }
        let answer = persist(patience, || {
            let mut client = client.clone();
            let touchpoints = touchpoints.clone();
            let request = RecordTouchpointsRequest { touchpoints, strict, ..Default::default() };
            async move { client.record_touchpoints(request).await }
        });
        match answer.await {
            Ok(answer) => {
                let answer = answer.into_inner();
                sent.revision = sent.revision.max(answer.revision);
                sent.count(answer.outcomes, lines);
            }
            Err(status) if is_too_large(&status) && touchpoints.len() > 1 => {
                let half = touchpoints.len() / 2;
                // The later half waits below the earlier one: the order stays.
                pieces.push((touchpoints.split_off(half), lines.split_off(half)));
                pieces.push((touchpoints, lines));
            }
            Err(status) if is_too_large(&status) => {
                let violations = vec![(String::new(), status.message().to_owned())];
                let refuse = |line| Refusal { line, reason: "TOO_LARGE".to_owned(), violations };
                sent.refusals.extend(lines.pop().map(refuse));
            }
            Err(status) => return Err(status.into()),
        }
    }
    Ok(sent)
}

/// Records touchpoints that have no lines, e.g. those of a demonstration.
///
/// # Errors
/// As [`send`].
pub async fn record(
    clients: &Clients,
    touchpoints: Vec<Touchpoint>,
    patience: Duration,
) -> Result<Sent, ClientError> {
    let lines = (1..=touchpoints.len() as u64).map(|number| Line { number, text: Vec::new() }).collect();
    send(clients, Batch { touchpoints, lines, ..Batch::default() }, patience).await
}

/// Sets records. Those that are refused are taken out and the others sent again, for one call sets
/// all of its records or none. The request is named by its content, so sending it again after a
/// break changes nothing.
async fn send_records(
    client: &RecordServiceClient<Port>,
    (mut records, mut lines): (Vec<Record>, Vec<Line>),
    patience: Duration,
    sent: &mut Sent,
) -> Result<(), ClientError> {
    while !records.is_empty() {
        // The beginning, as much as one call takes.
        let rest = (records.len() > RECORDS).then(|| (records.split_off(RECORDS), lines.split_off(RECORDS)));
        let request = SetRecordsRequest { request_id: named(&records), records };
        let answer = persist(patience, || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.set_records(request).await }
        });
        let answer = answer.await;
        records = request.records;
        match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                sent.revision = sent.revision.max(answer.revision);
                sent.recorded += (answer.recorded + answer.replaced).unsigned_abs();
                sent.duplicates += answer.already_known.unsigned_abs();
                records.clear();
                lines.clear();
            }
            Err(status) => {
                let wrong = violations_by_record(&status);
                if !wrong.keys().any(|&nth| nth < records.len()) {
                    return Err(status.into());
                }
                let (mut kept, mut kept_lines) = (Vec::new(), Vec::new());
                for (nth, (record, line)) in records.into_iter().zip(lines).enumerate() {
                    match wrong.get(&nth) {
                        None => {
                            kept.push(record);
                            kept_lines.push(line);
                        }
                        Some(violations) => sent.refusals.push(Refusal {
                            line,
                            reason: "VALIDATION_FAILED".to_owned(),
                            violations: violations.clone(),
                        }),
                    }
                }
                (records, lines) = (kept, kept_lines);
            }
        }
        if let Some((more, more_lines)) = rest {
            records.extend(more);
            lines.extend(more_lines);
        }
    }
    Ok(())
}

/// A name of the request that its content determines.
fn named(records: &[Record]) -> String {
    let mut hasher = Sha256::new();
    for record in records {
        hasher.update(record.encode_length_delimited_to_vec());
    }
    let digest = hasher.finalize();
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("import-{}", hex.collect::<String>())
}

/// What is wrong with which record, each by the path within it.
fn violations_by_record(status: &Status) -> HashMap<usize, Vec<(String, String)>> {
    let details = status.get_details_bad_request();
    let mut wrong: HashMap<usize, Vec<(String, String)>> = HashMap::new();
    for violation in details.into_iter().flat_map(|details| details.field_violations) {
        let inner = violation.field.strip_prefix("records[").and_then(|rest| rest.split_once(']'));
        if let Some((Ok(nth), path)) = inner.map(|(nth, path)| (nth.parse(), path)) {
            let path = path.trim_start_matches('.').to_owned();
            wrong.entry(nth).or_default().push((path, violation.description));
        }
    }
    wrong
}

impl Sent {
    fn count(&mut self, outcomes: Vec<RecordOutcome>, lines: Vec<Line>) {
        for (mut outcome, line) in outcomes.into_iter().zip(lines) {
            self.notes
                .extend(std::mem::take(&mut outcome.notes).into_iter().map(|said| note(said, line.number)));
            match outcome.status() {
                RecordStatus::Recorded => self.recorded += 1,
                RecordStatus::Duplicate => self.duplicates += 1,
                RecordStatus::Superseded => self.superseded += 1,
                RecordStatus::Refused | RecordStatus::Unspecified => {
                    self.refusals.push(refusal(outcome, line))
                }
            }
        }
    }
}

/// The place in the call means nothing to a person; the line's number says which it is.
fn within(field: String) -> String {
    match field.split_once("].") {
        Some((list, path)) if list.starts_with("touchpoints[") => path.to_owned(),
        _ => field,
    }
}

fn note(said: RecordNote, line: u64) -> Note {
    let reason = said.reason();
    let told = match said.violation {
        Some(violation) => format!("{} {}", within(violation.field), violation.description),
        None => within(said.path),
    };
    Note { line, reason, told }
}

fn refusal(outcome: RecordOutcome, line: Line) -> Refusal {
    let reason = outcome.reason().as_str_name().trim_start_matches("ERROR_REASON_").to_owned();
    let violations = outcome.violations.into_iter().map(|v| (within(v.field), v.description)).collect();
    Refusal { line, reason, violations }
}

fn is_too_large(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    matches!(reason.as_deref(), Some("BATCH_TOO_LARGE" | "MESSAGE_TOO_LARGE"))
}
