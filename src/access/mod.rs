//! Who may ask what: pure decisions over a principal, its grants and the table of RPCs. Nothing here
//! waits, reads a clock or knows how a credential came; `server::auth` asks, `store::access` keeps.
//!
//! Default deny: what no row of [`table::TABLE`] names is refused, and what no grant gives is refused.

pub mod admin;
pub mod directory;
pub mod grant;
pub mod key;
pub mod permission;
pub mod principal;
pub mod rate;
pub mod table;
pub mod token;

pub use directory::{Directory, StoredKey, StoredTenant, TenantState};
pub use grant::{Grant, TenantScope};
pub use key::{KeyKind, KeyText};
pub use permission::{Permission, Permissions, Role};
pub use principal::{Caller, Principal, PrincipalKind, Scope};
pub use table::{Access, access_of};

use crate::model::Micros;

/// Why a call is refused before its handler runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the call has no credential; send `authorization: Bearer ...`")]
    CredentialsMissing,
    /// One text for everything that is wrong with a credential: nobody is told which part.
    #[error("the credential is not valid")]
    CredentialsInvalid,
    #[error("the credential has expired, or is not valid yet")]
    CredentialsExpired,
    #[error("the keys of the token's issuer cannot be read")]
    IssuerUnavailable,
    #[error("permission {} is missing", .0.name())]
    PermissionMissing(Permission),
    #[error("the principal has no grant for this tenant")]
    TenantDenied,
    #[error("the principal may ask several tenants: name one in x-customer360-tenant")]
    TenantRequired,
    #[error("x-customer360-tenant is no tenant's name: lower-case letters, digits, - and _, at most 63")]
    TenantMalformed,
    #[error("there is no such tenant")]
    TenantNotFound,
    #[error("the tenant is suspended")]
    TenantSuspended,
    #[error("too many calls of this principal, tenant or peer")]
    RateLimited {
        /// When the next one is let through.
        retry_us: i64,
    },
    #[error("there is no such method")]
    MethodUnknown,
}

/// A day, in microseconds.
pub const DAY_US: i64 = 86_400 * crate::model::time::SECOND_US;

/// An instant some days later.
#[must_use]
pub fn days_after(now: Micros, days: i64) -> Micros {
    Micros(now.0.saturating_add(days.saturating_mul(DAY_US)))
}
