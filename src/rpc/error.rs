//! The one place that turns what went wrong into a status. Every status has exactly one
//! `ErrorInfo`, all violations where there are any, and `RetryInfo` where trying again helps.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::bounded::{self, MESSAGE_BYTES, VALUE_BYTES, shortened};
use super::convert::violation_reason;
use super::proto::{self, ErrorReason};
use crate::access::Denied;
use crate::access::admin::Refused;
use crate::identity::constraints::Refusal;
use crate::kpi::KpiError;
use crate::kpi::engine::scope::{CELLS_LIMIT, GROUPS_LIMIT};
use crate::kpi::ground::calendar::{CalendarError, INTERVALS_LIMIT};
use crate::mirror::MirrorError;
use crate::model::{Reason, Revision, Violation};
use crate::store::{Diagnosis, Failure, StoreError, diagnose};

mod denied;
mod turned_away;

pub use turned_away::TurnedAway;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "customer360";

const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(1);

/// Why a call is refused or fails.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("fields of the request are wrong")]
    Invalid(Vec<Violation>),
    #[error("{size} elements; at most {limit} in one request")]
    BatchTooLarge { limit: usize, size: usize },
    #[error("the bytes are no message of this method")]
    MessageMalformed,
    #[error("in memory the message would take more than {limit_bytes} bytes: it has too many elements")]
    MessageTooHeavy { limit_bytes: usize },
    #[error("the page token is none of ours")]
    PageTokenMalformed,
    #[error("the page token belongs to another query")]
    PageTokenMismatch,
    #[error("x-customer360-tenant is no tenant's name: lower-case letters, digits, - and _, at most 63")]
    TenantMalformed,
    #[error("there is no such touchpoint, or it was voided")]
    TouchpointNotFound,
    #[error("there is no such customer")]
    CustomerNotFound,
    #[error("the rules have no such version")]
    RulesNotFound,
    #[error("there is no such decision")]
    DecisionNotFound,
    #[error("the answer would be larger than {limit} {unit}; ask for less")]
    AnswerTooLarge { limit: usize, unit: &'static str },
    #[error("the cursor is none of this tenant's feed")]
    CursorMalformed,
    #[error("the feed has no such place; begin anew from a cursor of the metadata")]
    CursorOutOfRange { oldest: String, latest: String },
    #[error("{limit} feeds are being watched already")]
    TooManyFeeds { limit: usize },
    /// Who calls may not do that.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// An administrator may not do that.
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("there is no such tenant")]
    TenantNotFound,
    #[error("the tenant may record {limit} touchpoints in all")]
    QuotaExceeded { limit: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error(transparent)]
    Kpi(#[from] KpiError),
    /// The sender's stream broke off, or held something that is no message.
    #[error("the stream broke off")]
    Stream(Box<Status>),
    /// Nobody waits for the answer any more.
    #[error("the caller gave up")]
    GivenUp,
    /// A stream said nothing for too long.
    #[error("nothing arrived for {seconds} seconds; what was acknowledged is kept")]
    StreamIdle { seconds: u64 },
    #[error(transparent)]
    TurnedAway(#[from] TurnedAway),
    /// A task of ours panicked.
    #[error("a defect of the service; it was logged")]
    Panicked,
}

impl PortError {
    /// One wrong field.
    #[must_use]
    pub fn field(field: impl Into<String>, reason: Reason, description: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, reason, description)])
    }
}

/// A refusal by the transport, with the reason that every refusal has; `None` if it has one, or is
/// none of the transport's.
#[must_use]
pub fn explained(status: &Status) -> Option<Status> {
    let (code, reason) = match status.code() {
        _ if !status.details().is_empty() => return None,
        // The transport says OUT_OF_RANGE, or decompressed it would be too large: ours all have details.
        Code::OutOfRange | Code::ResourceExhausted => (Code::ResourceExhausted, ErrorReason::MessageTooLarge),
        Code::Unimplemented => (Code::Unimplemented, ErrorReason::MethodUnknown),
        // What is no frame of gRPC is the sender's mistake: defects of ours all have details.
        Code::Internal => (Code::InvalidArgument, ErrorReason::MessageMalformed),
        code if status.message().len() > MESSAGE_BYTES => {
            return Some(Status::new(code, shortened(status.message().to_owned(), MESSAGE_BYTES)));
        }
        _ => return None,
    };
    let details = ErrorDetails::with_error_info(reason_name(reason), DOMAIN, HashMap::new());
    let message = match status.message() {
        "" => "there is no such method",
        message => message,
    };
    Some(Status::with_error_details(code, shortened(message.to_owned(), MESSAGE_BYTES), details))
}

/// What a status is made of.
struct Told {
    code: Code,
    reason: ErrorReason,
    message: String,
    metadata: HashMap<String, String>,
    retry: Option<Duration>,
    violations: Vec<Violation>,
}

impl From<PortError> for Status {
    fn from(error: PortError) -> Self {
        if let PortError::Stream(status) = error {
            return explained(&status).unwrap_or(*status);
        }
        let mut told = told(error);
        let all = told.violations.len();
        told.violations = bounded::first(told.violations);
        for value in told.metadata.values_mut() {
            *value = shortened(std::mem::take(value), VALUE_BYTES);
        }
        if told.violations.len() < all {
            told.metadata.insert("violations".to_owned(), all.to_string());
        }
        let mut details = ErrorDetails::with_error_info(reason_name(told.reason), DOMAIN, told.metadata);
        if !told.violations.is_empty() {
            let violations: Vec<FieldViolation> = told.violations.into_iter().map(field_violation).collect();
            details.set_bad_request(violations);
        }
        if told.retry.is_some() {
            details.set_retry_info(told.retry);
        }
        Status::with_error_details(told.code, shortened(told.message, MESSAGE_BYTES), details)
    }
}

fn told(error: PortError) -> Told {
    let message = error.to_string();
    let plain = |code, reason| Told {
        code,
        reason,
        message: message.clone(),
        metadata: HashMap::new(),
        retry: None,
        violations: Vec::new(),
    };
    match error {
        PortError::Invalid(violations) => {
            let message = violations.first().map_or_else(String::new, |first| {
                let more = match violations.len() - 1 {
                    0 => String::new(),
                    n => format!(" (and {n} more)"),
                };
                format!("{}: {}{more}", first.field, first.description)
            });
            Told { message, violations, ..plain(Code::InvalidArgument, ErrorReason::ValidationFailed) }
        }
        PortError::BatchTooLarge { limit, size } => Told {
            metadata: metadata([("limit", limit.to_string()), ("size", size.to_string())]),
            ..plain(Code::InvalidArgument, ErrorReason::BatchTooLarge)
        },
        PortError::MessageTooHeavy { limit_bytes } => Told {
            metadata: metadata([("limit", limit_bytes.to_string())]),
            ..plain(Code::ResourceExhausted, ErrorReason::MessageTooLarge)
        },
        PortError::MessageMalformed => plain(Code::InvalidArgument, ErrorReason::MessageMalformed),
        PortError::PageTokenMalformed => plain(Code::InvalidArgument, ErrorReason::PageTokenMalformed),
        PortError::PageTokenMismatch => plain(Code::InvalidArgument, ErrorReason::PageTokenMismatch),
        PortError::TenantMalformed => plain(Code::InvalidArgument, ErrorReason::TenantMalformed),
        PortError::TouchpointNotFound => plain(Code::NotFound, ErrorReason::TouchpointNotFound),
        PortError::CustomerNotFound => plain(Code::NotFound, ErrorReason::CustomerNotFound),
        PortError::RulesNotFound => plain(Code::NotFound, ErrorReason::RulesNotFound),
        PortError::DecisionNotFound => plain(Code::NotFound, ErrorReason::DecisionNotFound),
        PortError::AnswerTooLarge { limit, unit } => Told {
            metadata: metadata([("limit", format!("{limit} {unit}"))]),
            ..plain(Code::FailedPrecondition, ErrorReason::AnswerTooLarge)
        },
        PortError::CursorMalformed => plain(Code::InvalidArgument, ErrorReason::CursorMalformed),
        PortError::CursorOutOfRange { oldest, latest } => Told {
            metadata: metadata([("oldest", oldest), ("latest", latest)]),
            ..plain(Code::OutOfRange, ErrorReason::CursorOutOfRange)
        },
        PortError::TooManyFeeds { limit } => Told {
            metadata: metadata([("limit", limit.to_string())]),
            retry: Some(LATER),
            ..plain(Code::ResourceExhausted, ErrorReason::TooManyFeeds)
        },
        PortError::Denied(denied) => denied::told(&denied, plain),
        PortError::Refused(refused) => denied::told_refused(refused, plain),
        PortError::TenantNotFound => plain(Code::NotFound, ErrorReason::TenantNotFound),
        PortError::QuotaExceeded { limit } => Told {
            metadata: metadata([("limit", limit.to_string())]),
            ..plain(Code::ResourceExhausted, ErrorReason::QuotaExceeded)
        },
        PortError::TurnedAway(why) => turned_away::told(&why, plain),
        PortError::GivenUp => plain(Code::Cancelled, ErrorReason::DeadlineExceeded),
        PortError::StreamIdle { seconds } => Told {
            metadata: metadata([
                ("limit", seconds.to_string()),
                ("setting", "stream_idle_seconds".to_owned()),
            ]),
            ..plain(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded)
        },
        PortError::Kpi(error) => told_kpi(&error, plain),
        PortError::Store(error) => told_store(error, plain),
        PortError::Mirror(error) => told_mirror(error, plain),
        // A status already, except inside other errors, where it does not stand.
        PortError::Stream(_) | PortError::Panicked => plain(Code::Internal, ErrorReason::Internal),
    }
}

/// The fields are those that the kernels look at; what the port checks itself has its own path.
fn told_kpi(error: &KpiError, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    let field = |field: &str, reason| {
        told(PortError::Invalid(vec![Violation::new(field, reason, error.to_string())]))
    };
    let too_large = |limit, unit| told(PortError::AnswerTooLarge { limit, unit });
    match error {
        KpiError::Calendar(CalendarError::UnknownZone) => field("scope.time_zone", Reason::Unknown),
        KpiError::Calendar(CalendarError::OutOfCalendar) | KpiError::RangeReversed => {
            field("scope.range", Reason::OutOfRange)
        }
        KpiError::Calendar(CalendarError::TooManyIntervals) => too_large(INTERVALS_LIMIT, "intervals"),
        KpiError::CurrencyRequired => plain(Code::FailedPrecondition, ErrorReason::CurrencyRequired),
        KpiError::TooManyGroups => too_large(GROUPS_LIMIT, "groups"),
        KpiError::TooMany { what, limit } => too_large(*limit, what),
        KpiError::TooManyCells => too_large(CELLS_LIMIT, "cells"),
        KpiError::WindowOutOfRange => field("window.days", Reason::OutOfRange),
        KpiError::RateOutOfRange => field("rates", Reason::OutOfRange),
        KpiError::BracketsOutOfOrder => field("triangle.bracket_starts", Reason::OutOfRange),
    }
}

fn told_store(error: StoreError, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    let defect =
        || Told { message: PortError::Panicked.to_string(), ..plain(Code::Internal, ErrorReason::Internal) };
    let contention = || Told { retry: Some(SOON), ..plain(Code::Aborted, ErrorReason::Contention) };
    let failed = |diagnosis: &Diagnosis| {
        tracing::error!(code = diagnosis.code, failure = ?diagnosis.failure, "the database failed");
        let later = |code, reason| Told { retry: Some(LATER), ..plain(code, reason) };
        match diagnosis.failure {
            Failure::Contention => contention(),
            Failure::Unavailable => later(Code::Unavailable, ErrorReason::StoreUnavailable),
            Failure::Full => Told {
                message: "the disk of the database is full".to_owned(),
                ..later(Code::ResourceExhausted, ErrorReason::StoreFull)
            },
            Failure::Defect => defect(),
        }
    };
    match error {
        StoreError::Database(error) => failed(&diagnose(&error)),
        StoreError::Shared(diagnosis) => failed(&diagnosis),
        StoreError::Migration(_)
        | StoreError::UnknownScheme
        | StoreError::NoRandomness
        | StoreError::NewerSchema { .. }
        | StoreError::Corrupt { .. } => {
            tracing::error!(error = &error as &dyn std::error::Error, "the store is not as it should be");
            defect()
        }
        StoreError::QueueFull { limit } => Told {
            metadata: metadata([("limit", limit.to_string())]),
            retry: Some(SOON),
            ..plain(Code::ResourceExhausted, ErrorReason::QueueFull)
        },
        StoreError::Closed => {
            Told { retry: Some(LATER), ..plain(Code::Unavailable, ErrorReason::ShuttingDown) }
        }
        StoreError::NotReached { asked, at } => not_reached(asked, at, plain),
        StoreError::RequestIdReused => plain(Code::AlreadyExists, ErrorReason::RequestIdReused),
        StoreError::Contention => contention(),
        StoreError::Refused(refusal) => told_refusal(refusal, plain),
        StoreError::RulesUnfit(unfit) => Told {
            message: unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            ..plain(Code::FailedPrecondition, ErrorReason::RulesUnfit)
        },
        StoreError::RulesOutdated { present } => Told {
            metadata: metadata([("present", present.to_string())]),
            ..plain(Code::Aborted, ErrorReason::RulesOutdated)
        },
    }
}

fn told_refusal(refusal: Refusal, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    let (reason, metadata) = match refusal {
        Refusal::MergeGone => (ErrorReason::MergeGone, HashMap::new()),
        Refusal::ComponentLimit { limit } => {
            (ErrorReason::DecisionRefused, metadata([("limit", limit.to_string())]))
        }
        Refusal::KeptApart(no) | Refusal::KeptTogether(no) | Refusal::DecidedShared(no) => {
            (ErrorReason::DecisionRefused, metadata([("decision", no.0.to_string())]))
        }
        Refusal::SidesOverlap => (ErrorReason::DecisionRefused, HashMap::new()),
    };
    Told { message: refusal.to_string(), metadata, ..plain(Code::FailedPrecondition, reason) }
}

fn told_mirror(error: MirrorError, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    match error {
        MirrorError::Store(error) => told_store(error, plain),
        MirrorError::TooLarge { limit_bytes } => Told {
            metadata: metadata([("limit", limit_bytes.to_string())]),
            ..plain(Code::ResourceExhausted, ErrorReason::MemoryLimit)
        },
        MirrorError::Outgrown(_) => plain(Code::ResourceExhausted, ErrorReason::MemoryLimit),
        MirrorError::Behind { at, asked } => not_reached(asked, at, plain),
        MirrorError::Loading => {
            Told { retry: Some(LATER), ..plain(Code::Unavailable, ErrorReason::TenantLoading) }
        }
        MirrorError::Panicked => plain(Code::Internal, ErrorReason::LoadFailed),
    }
}

fn not_reached(asked: Revision, at: Revision, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    Told {
        message: format!("revision {} was asked for; here it is {}", asked.0, at.0),
        metadata: metadata([("asked", asked.0.to_string()), ("reached", at.0.to_string())]),
        retry: Some(SOON),
        ..plain(Code::Unavailable, ErrorReason::NotFreshYet)
    }
}

fn metadata<const N: usize>(pairs: [(&str, String); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// As it stands in `ErrorInfo`: without the prefix.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

fn field_violation(violation: Violation) -> FieldViolation {
    FieldViolation {
        field: violation.field,
        description: format!("{}: {}", violation.reason.name(), violation.description),
        reason: violation.reason.name().to_owned(),
        localized_message: None,
    }
}

/// A violation as it stands in an outcome.
#[must_use]
pub fn violation_to_proto(violation: Violation) -> proto::Violation {
    proto::Violation {
        field: violation.field,
        reason: violation_reason(violation.reason).into(),
        description: violation.description,
    }
}

#[cfg(test)]
mod tests;
