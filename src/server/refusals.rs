//! What the port itself answers, with a reason like all errors.

use std::collections::HashMap;
use std::time::Duration;

use http::Response;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::ERROR_DOMAIN;

/// When to come back after a push-back.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The reply to a call that made the service panic.
pub(super) fn panic_reply() -> Response<Body> {
    error(Code::Internal, "INTERNAL", "a defect of the service; it was logged").into_http()
}

fn error(code: Code, reason: &str, message: &str) -> Status {
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new()),
    )
}

pub(super) fn malformed_timeout() -> Status {
    error(Code::InvalidArgument, "TIMEOUT_MALFORMED", "grpc-timeout is malformed")
}

pub(super) fn expired() -> Status {
    error(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline passed; what was acknowledged is kept")
}

/// The message of a call did not arrive in time.
pub(super) fn late(limit: Duration) -> Status {
    let metadata = limit_of("message_seconds", limit.as_secs());
    let details = ErrorDetails::with_error_info("DEADLINE_EXCEEDED", ERROR_DOMAIN, metadata);
    let message = format!("the message was not there after {} seconds (message_seconds)", limit.as_secs());
    Status::with_error_details(Code::DeadlineExceeded, message, details)
}

pub(super) fn stopping() -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(RETRY_AFTER));
    details.set_error_info("SHUTTING_DOWN", ERROR_DOMAIN, HashMap::new());
    Status::with_error_details(Code::Unavailable, "the service is stopping", details)
}

/// `what` says of which there are as many as the setting allows.
pub(super) fn too_many(what: &str, setting: &str, limit: usize) -> Status {
    pushed_back(format!("{limit} {what} ({setting})"), limit_of(setting, limit as u64))
}

/// Requests that arrive or are worked on have all the memory that they may have.
pub(super) fn no_room(mib: u64) -> Status {
    let message = format!("requests in progress take all of their {mib} MiB (requests_mib)");
    pushed_back(message, limit_of("requests_mib", mib))
}

fn pushed_back(message: String, limit: HashMap<String, String>) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(RETRY_AFTER));
    details.set_error_info("TOO_MANY_CALLS", ERROR_DOMAIN, limit);
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

fn limit_of(setting: &str, limit: u64) -> HashMap<String, String> {
    HashMap::from([("limit".to_owned(), limit.to_string()), ("setting".to_owned(), setting.to_owned())])
}
