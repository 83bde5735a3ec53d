//! Calls that the port turns away before their method sees them.

use tonic::Code;

use super::{LATER, SOON, Told, metadata};
use crate::rpc::proto::ErrorReason;

/// Why a call is turned away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    #[error("the service is stopping")]
    Stopping,
    #[error("the deadline passed; what was acknowledged is kept")]
    Expired,
    #[error("the message was not there after {seconds} seconds (message_seconds)")]
    MessageLate { seconds: u64 },
    #[error("grpc-timeout is malformed")]
    TimeoutMalformed,
    #[error("{limit} {what} ({setting})")]
    TooMany { limit: u64, what: &'static str, setting: &'static str },
    /// Requests that arrive or are worked on have all the memory that they may have.
    #[error("requests in progress take all of their {mib} MiB (requests_mib)")]
    NoRoom { mib: u64 },
}

pub(super) fn told(turned_away: &TurnedAway, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    let of_setting =
        |limit: u64, setting: &str| metadata([("limit", limit.to_string()), ("setting", setting.to_owned())]);
    let pushed_back = |limit, setting| Told {
        metadata: of_setting(limit, setting),
        retry: Some(SOON),
        ..plain(Code::ResourceExhausted, ErrorReason::TooManyCalls)
    };
    match turned_away {
        TurnedAway::Stopping => {
            Told { retry: Some(LATER), ..plain(Code::Unavailable, ErrorReason::ShuttingDown) }
        }
        TurnedAway::Expired => plain(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded),
        TurnedAway::MessageLate { seconds } => Told {
            metadata: of_setting(*seconds, "message_seconds"),
            ..plain(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded)
        },
        TurnedAway::TimeoutMalformed => plain(Code::InvalidArgument, ErrorReason::TimeoutMalformed),
        TurnedAway::TooMany { limit, setting, .. } => pushed_back(*limit, setting),
        TurnedAway::NoRoom { mib } => pushed_back(*mib, "requests_mib"),
    }
}
