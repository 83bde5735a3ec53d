//! What recording answers: an outcome for each touchpoint, and the sum of an import.

use std::collections::BTreeMap;

use prost::Message as _;

use super::convert::Note;
use super::error::violation_to_proto;
use super::page::PAGE_BYTES;
use super::proto::{self, ErrorReason, RecordNoteReason, RecordStatus};
use super::{customer_id, writing};
use crate::model::{Reason, Revision, TenantKey, Violation};
use crate::store::{Outcome, VERSIONS, Why};

/// Refusals, and notes, that the answer to an import lists.
const LISTED: usize = 1_000;
/// Violations of each refusal: the answer stays below 4 MiB.
const LISTED_VIOLATIONS: usize = 10;
/// Bytes of outcomes after which violations and notes are left out: a page without them stays well
/// below 4 MiB.
const OUTCOME_BYTES: usize = PAGE_BYTES - 500_000;

/// What became of one touchpoint.
pub(super) enum RecordOutcome {
    Kept { status: RecordStatus, told_again: bool, customer_id: String, notes: Vec<Note> },
    Refused { reason: ErrorReason, violations: Vec<Violation> },
}

impl RecordOutcome {
    pub(super) fn invalid(violations: Vec<Violation>) -> Self {
        Self::Refused { reason: writing::reason(&violations), violations }
    }

    /// What the store answers, with what was noted before it was asked.
    pub(super) fn of(tenant: TenantKey, index: usize, outcome: Outcome, notes: Vec<Note>) -> Self {
        let told_again = matches!(outcome, Outcome::ToldAgain(_));
        let kept = |status, customer: Option<_>| Self::Kept {
            status,
            told_again,
            customer_id: customer.map_or_else(String::new, |no| customer_id(tenant, no)),
            notes,
        };
        let taken = |field: &str, what: &str| {
            vec![Violation::new(format!("touchpoints[{index}].{field}"), Reason::Conflict, what)]
        };
        match outcome {
            Outcome::Recorded(customer) | Outcome::ToldAgain(customer) => {
                kept(RecordStatus::Recorded, customer)
            }
            Outcome::Duplicate(customer) => kept(RecordStatus::Duplicate, customer),
            Outcome::Superseded(customer) => kept(RecordStatus::Superseded, customer),
            Outcome::TooManyVersions => Self::invalid(vec![Violation::new(
                format!("touchpoints[{index}].version"),
                Reason::TooMany,
                format!("at most {VERSIONS} versions of a touchpoint are kept"),
            )]),
            Outcome::KeyTaken => Self::Refused {
                reason: ErrorReason::TouchpointConflict,
                violations: taken("source_id", "was recorded before with another content"),
            },
        }
    }

    pub(super) fn into_proto(self) -> proto::RecordOutcome {
        match self {
            Self::Kept { status, told_again, customer_id, notes } => proto::RecordOutcome {
                status: status.into(),
                told_again,
                customer_id,
                notes: notes.into_iter().map(note_to_proto).collect(),
                ..Default::default()
            },
            Self::Refused { reason, violations } => proto::RecordOutcome {
                status: RecordStatus::Refused.into(),
                reason: reason.into(),
                violations: violations.into_iter().map(violation_to_proto).collect(),
                ..Default::default()
            },
        }
    }
}

/// A note of an identifier that does not link there; without a reason, it is shared.
pub(super) fn kept_out(path: &str, why: Option<Why>) -> Note {
    let reason = match why {
        None => RecordNoteReason::Shared,
        Some(Why::Limit | Why::ComponentLimit) => RecordNoteReason::Limit,
        Some(Why::RegisteredNotNamed | Why::Constraint) => RecordNoteReason::Constraint,
        Some(Why::OtherPerson) => RecordNoteReason::OtherPerson,
    };
    Note { path: path.to_owned(), reason, violation: None }
}

fn note_to_proto(note: Note) -> proto::RecordNote {
    let Note { path, reason, violation } = note;
    proto::RecordNote { path, reason: reason.into(), violation: violation.map(violation_to_proto) }
}

/// Leaves violations and notes out once the answer would grow too large; what became of each stays.
pub(super) fn trim(outcomes: &mut [proto::RecordOutcome]) {
    let mut bytes = 0;
    for outcome in outcomes {
        bytes += outcome.encoded_len();
        if bytes > OUTCOME_BYTES {
            outcome.violations.clear();
            outcome.notes.clear();
        }
    }
}

/// The sum of an import so far.
#[derive(Default)]
pub(super) struct Sum {
    answer: proto::ImportTouchpointsResponse,
    notes: BTreeMap<i32, i64>,
    /// Counts the touchpoints of the whole stream.
    index: i64,
}

impl Sum {
    /// Adds a batch: its outcomes, and the keys of its touchpoints in the same order.
    pub(super) fn add(
        &mut self,
        revision: Revision,
        keys: Vec<proto::TouchpointKey>,
        outcomes: Vec<RecordOutcome>,
    ) {
        self.answer.revision = self.answer.revision.max(revision.0);
        for (key, outcome) in keys.into_iter().zip(outcomes) {
            match outcome {
                RecordOutcome::Kept { status, told_again, notes, .. } => {
                    self.answer.told_again += i64::from(told_again);
                    match status {
                        RecordStatus::Duplicate => self.answer.duplicates += 1,
                        RecordStatus::Superseded => self.answer.superseded += 1,
                        _ => self.answer.recorded += 1,
                    }
                    self.note(&key, notes);
                }
                RecordOutcome::Refused { reason, violations } => self.refuse(key, reason, violations),
            }
            self.index += 1;
        }
    }

    pub(super) fn into_proto(mut self) -> proto::ImportTouchpointsResponse {
        let count = |(reason, notes)| proto::RecordNoteCount { reason, notes };
        self.answer.note_counts = self.notes.into_iter().map(count).collect();
        self.answer
    }

    fn note(&mut self, key: &proto::TouchpointKey, notes: Vec<Note>) {
        for note in notes {
            let mut note = note_to_proto(note);
            *self.notes.entry(note.reason).or_default() += 1;
            if self.answer.notes.len() < LISTED {
                note.path = below_the_touchpoint(note.path);
                note.violation = note.violation.map(|mut violation| {
                    violation.field = below_the_touchpoint(violation.field);
                    violation
                });
                let note =
                    proto::ImportedNote { index: self.index, key: Some(key.clone()), note: Some(note) };
                self.answer.notes.push(note);
            }
        }
    }

    fn refuse(&mut self, key: proto::TouchpointKey, reason: ErrorReason, violations: Vec<Violation>) {
        self.answer.refused += 1;
        if self.answer.refusals.len() < LISTED {
            let listed = violations.into_iter().take(LISTED_VIOLATIONS).map(violation_to_proto);
            self.answer.refusals.push(proto::RefusedTouchpoint {
                index: self.index,
                key: Some(key),
                reason: reason.into(),
                violations: listed
                    .map(|mut violation| {
                        violation.field = below_the_touchpoint(violation.field);
                        violation
                    })
                    .collect(),
            });
        }
    }
}

/// The place in a batch means nothing in a stream: paths begin at the touchpoint.
fn below_the_touchpoint(path: String) -> String {
    match path.split_once("].") {
        Some((_, below)) => below.to_owned(),
        None => path,
    }
}
