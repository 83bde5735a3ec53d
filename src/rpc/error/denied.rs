//! Refusals of access. None says more than who calls knows already.

use std::time::Duration;

use tonic::Code;

use super::{LATER, Told, metadata};
use crate::access::Denied;
use crate::access::admin::{KEYS, Refused};
use crate::model::Reason;
use crate::rpc::error::PortError;
use crate::rpc::proto::ErrorReason;

pub(super) fn told(denied: &Denied, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    match denied {
        Denied::CredentialsMissing => plain(Code::Unauthenticated, ErrorReason::CredentialsMissing),
        Denied::CredentialsInvalid => plain(Code::Unauthenticated, ErrorReason::CredentialsInvalid),
        Denied::CredentialsExpired => plain(Code::Unauthenticated, ErrorReason::CredentialsExpired),
        Denied::IssuerUnavailable => {
            Told { retry: Some(LATER), ..plain(Code::Unavailable, ErrorReason::IssuerUnavailable) }
        }
        Denied::PermissionMissing(permission) => Told {
            metadata: metadata([("permission", permission.name().to_owned())]),
            ..plain(Code::PermissionDenied, ErrorReason::PermissionMissing)
        },
        Denied::TenantDenied => plain(Code::PermissionDenied, ErrorReason::TenantDenied),
        Denied::TenantRequired => plain(Code::InvalidArgument, ErrorReason::TenantRequired),
        Denied::TenantMalformed => plain(Code::InvalidArgument, ErrorReason::TenantMalformed),
        Denied::TenantNotFound => plain(Code::NotFound, ErrorReason::TenantNotFound),
        Denied::TenantSuspended => plain(Code::FailedPrecondition, ErrorReason::TenantSuspended),
        Denied::RateLimited { retry_us } => Told {
            retry: Some(Duration::from_micros(retry_us.unsigned_abs().max(1_000))),
            ..plain(Code::ResourceExhausted, ErrorReason::RateLimited)
        },
        Denied::MethodUnknown => plain(Code::Unimplemented, ErrorReason::MethodUnknown),
    }
}

pub(super) fn told_refused(refused: Refused, plain: impl Fn(Code, ErrorReason) -> Told) -> Told {
    match refused {
        Refused::Denied(denied) => told(&denied, plain),
        Refused::LastOwner => plain(Code::FailedPrecondition, ErrorReason::LastOwner),
        Refused::KeyNotFound => plain(Code::NotFound, ErrorReason::KeyNotFound),
        Refused::TenantExists => plain(Code::AlreadyExists, ErrorReason::TenantExists),
        Refused::TooManyKeys => Told {
            metadata: metadata([("limit", KEYS.to_string())]),
            ..plain(Code::ResourceExhausted, ErrorReason::QuotaExceeded)
        },
        Refused::Field { field, what } => super::told(PortError::field(field, Reason::Conflict, what)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::manual;
    use super::*;
    use crate::access::Permission;
    use tonic::Status;
    use tonic_types::StatusExt;

    #[test]
    fn the_manual_names_the_code_of_every_refusal_of_access() {
        for denied in [
            Denied::CredentialsMissing,
            Denied::CredentialsInvalid,
            Denied::CredentialsExpired,
            Denied::IssuerUnavailable,
            Denied::PermissionMissing(Permission::KpiDrill),
            Denied::TenantDenied,
            Denied::TenantRequired,
            Denied::TenantMalformed,
            Denied::TenantNotFound,
            Denied::TenantSuspended,
            Denied::RateLimited { retry_us: 5 },
            Denied::MethodUnknown,
        ] {
            check(PortError::Denied(denied));
        }
        for refused in [Refused::LastOwner, Refused::KeyNotFound, Refused::TenantExists, Refused::TooManyKeys]
        {
            check(PortError::Refused(refused));
        }
        check(PortError::TenantNotFound);
        check(PortError::QuotaExceeded { limit: 5 });
    }

    #[track_caller]
    fn check(error: PortError) {
        let status = Status::from(error);
        let reason = status.get_details_error_info().unwrap().reason;
        let answered = format!("{:?}", status.code()).to_uppercase();
        let said = manual(&reason);
        let code = said.split('.').next().unwrap_or_default().replace('_', "");
        assert_eq!(answered, code, "{reason}");
        assert!(said.contains("Example: "), "{reason}");
    }

    #[test]
    fn a_missing_permission_is_named() {
        let status = Status::from(PortError::Denied(Denied::PermissionMissing(Permission::KpiDrill)));
        assert_eq!(status.get_details_error_info().unwrap().metadata["permission"], "kpi.drill");
    }
}
