//! What the key of a caller may write: its sources, and of a public key, which stands in every browser,
//! nothing by which anybody could become somebody else or learn of others.

use super::Port;
use super::convert::{Path, micros};
use super::error::PortError;
use super::proto::touchpoint::Activity;
use super::proto::{self, ErrorReason, RecordStatus};
use crate::access::directory::TenantEntry;
use crate::access::{Caller, DAY_US, Denied};
use crate::identity::Rules;
use crate::model::time::SECOND_US;
use crate::model::{Micros, Reason, Violation};

/// Touchpoints of one call with a public key.
pub(super) const PUBLIC_BATCH: usize = 20;
/// Kinds that a public key writes unless its grant says others.
const ANONYMOUS: [&str; 2] = ["COOKIE", "DEVICE"];
/// How old, and how far ahead, what a public key writes may be.
const PUBLIC_PAST_US: i64 = 3 * DAY_US;
const PUBLIC_FUTURE_US: i64 = 300 * SECOND_US;

/// Why a touchpoint may not be written by this caller, at its path; `None` if it may.
pub(super) fn denied(
    caller: &Caller,
    touchpoint: &proto::Touchpoint,
    at: &Path<'_>,
    rules: &Rules,
    now: Micros,
) -> Option<Violation> {
    let deny =
        |field: &str, what: &str| Some(Violation::new(at.field(field).to_string(), Reason::Denied, what));
    if !caller.scope.writes_source(&touchpoint.source) {
        return deny("source", "the key is bound to other sources");
    }
    if !caller.is_public() {
        return None;
    }
    if touchpoint.identifiers.iter().any(|identifier| !is_anonymous(caller, &identifier.kind, rules)) {
        return deny("identifiers", "a public key writes anonymous kinds only");
    }
    if !is_harmless(touchpoint.activity.as_ref()) {
        return deny("activity", "a public key does not write this activity");
    }
    let instant = touchpoint.at.as_ref().and_then(micros);
    let near = instant.is_none_or(|at| (-PUBLIC_PAST_US..=PUBLIC_FUTURE_US).contains(&(at.0 - now.0)));
    if near { None } else { deny("at", "a public key writes of the last three days") }
}

/// Whether a public key may write the kind: one that it lists, and never one by which people declare
/// who they are.
fn is_anonymous(caller: &Caller, kind: &str, rules: &Rules) -> bool {
    let kind = kind.trim();
    let listed = match caller.scope.kinds.as_slice() {
        [] => ANONYMOUS.contains(&kind),
        kinds => kinds.iter().any(|one| one == kind),
    };
    listed && rules.kinds.iter().all(|rule| rule.kind.as_str() != kind || !rule.registered)
}

/// What somebody does who looks around. Orders, returns, profiles, consent and answers are said by
/// servers, who know that they are true.
fn is_harmless(activity: Option<&Activity>) -> bool {
    matches!(
        activity,
        // What is missing is refused with its own reason.
        None | Some(
            Activity::Impression(_)
                | Activity::AdClick(_)
                | Activity::ArticleRead(_)
                | Activity::Visit(_)
                | Activity::Search(_)
                | Activity::ProductView(_)
                | Activity::ReviewRead(_)
                | Activity::CartUpdated(_)
                | Activity::CheckoutStarted(_)
        )
    )
}

/// The reason that an outcome has for what is wrong.
pub(super) fn reason(violations: &[Violation]) -> ErrorReason {
    match violations.first() {
        Some(violation) if violation.reason == Reason::Denied => match violation.field.ends_with(".source") {
            true => ErrorReason::SourceDenied,
            false => ErrorReason::IdentifierKindDenied,
        },
        _ => ErrorReason::ValidationFailed,
    }
}

/// What a public key is told: one outcome for what is new and what is known, and nobody's id.
pub(super) fn hush(outcomes: &mut [proto::RecordOutcome]) {
    for outcome in outcomes {
        // That another has the same key or order would say that it is known.
        let told = [ErrorReason::TouchpointConflict].map(i32::from);
        let refused = outcome.status == i32::from(RecordStatus::Refused) && !told.contains(&outcome.reason);
        let status = if refused { RecordStatus::Refused } else { RecordStatus::Recorded };
        *outcome = proto::RecordOutcome {
            status: status.into(),
            reason: if refused { outcome.reason } else { 0 },
            violations: if refused { std::mem::take(&mut outcome.violations) } else { Vec::new() },
            ..Default::default()
        };
    }
}

impl Port {
    /// Takes what a batch costs from the tenant's quota. A stream waits for its turn, a call is told
    /// when to come back.
    pub(super) async fn pay(&self, caller: &Caller, size: usize, patient: bool) -> Result<(), PortError> {
        let Some(tenant) = &caller.quota else { return Ok(()) };
        if tenant.quota.touchpoints > 0 {
            self.fits_quota(caller, tenant, size).await?;
        }
        let Some(bucket) = &tenant.touchpoints else { return Ok(()) };
        loop {
            match bucket.take((self.clock)(), size as u64) {
                Ok(()) => return Ok(()),
                Err(retry_us) if patient => {
                    let pause = std::time::Duration::from_micros(retry_us.unsigned_abs());
                    tokio::time::sleep(pause).await;
                }
                Err(retry_us) => return Err(Denied::RateLimited { retry_us }.into()),
            }
        }
    }

    /// What is recorded at the same time is not counted: the quota is a limit, not an account.
    async fn fits_quota(&self, caller: &Caller, tenant: &TenantEntry, size: usize) -> Result<(), PortError> {
        let limit = tenant.quota.touchpoints;
        let recorded = self.store.listed_tenant(&caller.tenant).await?.map_or(0, |tenant| tenant.touchpoints);
        match recorded.unsigned_abs().saturating_add(size as u64) > limit {
            true => Err(PortError::QuotaExceeded { limit }),
            false => Ok(()),
        }
    }
}
