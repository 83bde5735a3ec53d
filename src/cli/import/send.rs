//! A batch through the port, as often and in as many pieces as it takes.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::read::{Batch, Line, Refusal};
use crate::cli::client::{ClientError, Port, persist};
use crate::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use crate::rpc::proto::{RecordOutcome, RecordStatus, RecordTouchpointsRequest, Touchpoint};

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Sent {
    pub recorded: u64,
    pub duplicates: u64,
    pub refusals: Vec<Refusal>,
    pub revision: i64,
}

/// Records a batch, coming back for at most `patience` when the service is busy or away. What
/// is too large for one call goes in halves.
///
/// # Errors
/// When the service refuses the call as such, or stays away.
pub async fn send(
    client: &TouchpointServiceClient<Port>,
    batch: Batch,
    patience: Duration,
) -> Result<Sent, ClientError> {
    let mut sent = Sent { refusals: batch.refusals, ..Sent::default() };
    let mut pieces = vec![(batch.touchpoints, batch.lines)];
    while let Some((mut touchpoints, mut lines)) = pieces.pop() {
        if touchpoints.is_empty() {
            continue;
        }
        let answer = persist(patience, || {
            let mut client = client.clone();
            let request = RecordTouchpointsRequest { touchpoints: touchpoints.clone() };
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
    client: &TouchpointServiceClient<Port>,
    touchpoints: Vec<Touchpoint>,
    patience: Duration,
) -> Result<Sent, ClientError> {
    let lines = (1..=touchpoints.len() as u64).map(|number| Line { number, text: Vec::new() }).collect();
    send(client, Batch { touchpoints, lines, refusals: Vec::new() }, patience).await
}

impl Sent {
    fn count(&mut self, outcomes: Vec<RecordOutcome>, lines: Vec<Line>) {
        for (outcome, line) in outcomes.into_iter().zip(lines) {
            match outcome.status() {
                RecordStatus::Recorded => self.recorded += 1,
                RecordStatus::Duplicate => self.duplicates += 1,
                RecordStatus::Refused | RecordStatus::Unspecified => {
                    self.refusals.push(refusal(outcome, line))
                }
            }
        }
    }
}

fn refusal(outcome: RecordOutcome, line: Line) -> Refusal {
    let reason = outcome.reason().as_str_name().trim_start_matches("ERROR_REASON_").to_owned();
    // The place in the call means nothing to a person; the line's number says which it is.
    let within = |field: String| match field.split_once("].") {
        Some((list, path)) if list.starts_with("touchpoints[") => path.to_owned(),
        _ => field,
    };
    let violations = outcome.violations.into_iter().map(|v| (within(v.field), v.description)).collect();
    Refusal { line, reason, violations }
}

fn is_too_large(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    status.code() == Code::OutOfRange || reason.as_deref() == Some("BATCH_TOO_LARGE")
}
