use super::*;
use crate::store::QueueLimit;

#[track_caller]
fn check(error: PortError, code: Code, reason: &str, retried: bool) -> Status {
    let status = Status::from(error);
    assert_eq!(status.code(), code);
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, DOMAIN));
    assert_eq!(details.retry_info().is_some(), retried);
    status
}

#[test]
fn all_violations_are_told_with_paths_and_reasons() {
    let violations = vec![
        Violation::new("touchpoints[0].at", Reason::Required, "must be set"),
        Violation::new(
            "touchpoints[1].survey_answer.score",
            Reason::OutOfRange,
            "an NPS score is from 0 to 10",
        ),
    ];
    let status = check(PortError::Invalid(violations), Code::InvalidArgument, "VALIDATION_FAILED", false);
    let details = status.get_error_details();
    let told = &details.bad_request().expect("a BadRequest").field_violations;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].field, "touchpoints[1].survey_answer.score");
    assert_eq!(told[1].reason, "OUT_OF_RANGE");
    assert_eq!(told[1].description, "OUT_OF_RANGE: an NPS score is from 0 to 10");
    assert_eq!(status.message(), "touchpoints[0].at: must be set (and 1 more)");
}

#[test]
fn what_may_work_later_says_when() {
    check(
        StoreError::QueueFull { limit: QueueLimit::Touchpoints(5) }.into(),
        Code::ResourceExhausted,
        "QUEUE_FULL",
        true,
    );
    check(StoreError::Contention.into(), Code::Aborted, "CONTENTION", true);
    check(StoreError::Closed.into(), Code::Unavailable, "SHUTTING_DOWN", true);
    for (failure, code, reason, retried) in [
        (Failure::Full, Code::ResourceExhausted, "STORE_FULL", true),
        (Failure::Unavailable, Code::Unavailable, "STORE_UNAVAILABLE", true),
        (Failure::Contention, Code::Aborted, "CONTENTION", true),
        (Failure::Defect, Code::Internal, "INTERNAL", false),
    ] {
        let diagnosis = Diagnosis { failure, code: "0".into() };
        check(StoreError::Shared(diagnosis).into(), code, reason, retried);
    }
    check(MirrorError::Loading.into(), Code::Unavailable, "TENANT_LOADING", true);
    let status = check(
        MirrorError::Behind { at: Revision(3), asked: Revision(9) }.into(),
        Code::Unavailable,
        "NOT_FRESH_YET",
        true,
    );
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!((metadata["asked"].as_str(), metadata["reached"].as_str()), ("9", "3"));
}

#[test]
fn defects_are_internal_and_say_nothing_of_the_inside() {
    let status = check(StoreError::Corrupt { what: "details" }.into(), Code::Internal, "INTERNAL", false);
    assert_eq!(status.message(), "a defect of the service; it was logged");
}

#[test]
fn refusals_by_the_transport_get_a_reason_and_ours_keep_theirs() {
    let reason = |status: &Status| explained(status).unwrap().get_details_error_info().unwrap().reason;
    let too_large = Status::out_of_range("5 bytes");
    assert_eq!(reason(&too_large), "MESSAGE_TOO_LARGE");
    assert_eq!(explained(&too_large).unwrap().code(), Code::ResourceExhausted);
    assert_eq!(reason(&Status::unimplemented("")), "METHOD_UNKNOWN");
    for (sent, code) in [
        (Status::internal("flag 2"), Code::InvalidArgument),
        (Status::resource_exhausted("size"), Code::ResourceExhausted),
    ] {
        assert_eq!(explained(&sent).unwrap().code(), code);
    }
    assert!(explained(&Status::not_found("x".repeat(4_000_000))).unwrap().message().len() < 1_000);
    assert!(explained(&Status::not_found("of health")).is_none());
    assert!(explained(&PortError::CustomerNotFound.into()).is_none());
}

/// The comment of a reason in the API.
pub(super) fn manual(reason: &str) -> String {
    let text = include_str!("../../../proto/customer360/v1/error_reason.proto");
    let (before, _) = text.split_once(&format!("  ERROR_REASON_{reason} = ")).expect("a known reason");
    let comment: Vec<&str> = before.lines().rev().map_while(|line| line.trim().strip_prefix("//")).collect();
    comment.into_iter().rev().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_reason_is_documented_with_an_example() {
    // Numbers have gaps: an area begins with a round one, and what went away is not used again.
    let reasons = (1..1_000).filter_map(|number| ErrorReason::try_from(number).ok());
    let undocumented: Vec<_> =
        reasons.clone().map(reason_name).filter(|reason| !manual(reason).contains("Example: ")).collect();
    assert_eq!(undocumented, Vec::<&str>::new());
    assert!(reasons.count() > 50);
}

#[test]
fn the_manual_names_the_code_that_is_answered() {
    use crate::kpi::FactError;
    let [full, unavailable] = [Failure::Full, Failure::Unavailable]
        .map(|failure| StoreError::Shared(Diagnosis { failure, code: "0".into() }));
    let code_in_manual = [
        (PortError::Invalid(vec![]), "INVALID_ARGUMENT"),
        (PortError::BatchTooLarge { limit: 1, size: 2 }, "INVALID_ARGUMENT"),
        (PortError::MessageMalformed, "INVALID_ARGUMENT"),
        (PortError::MessageTooHeavy { limit_bytes: 1 }, "RESOURCE_EXHAUSTED"),
        (PortError::PageTokenMalformed, "INVALID_ARGUMENT"),
        (PortError::PageTokenMismatch, "INVALID_ARGUMENT"),
        (PortError::TenantMalformed, "INVALID_ARGUMENT"),
        (PortError::TouchpointNotFound, "NOT_FOUND"),
        (PortError::CustomerNotFound, "NOT_FOUND"),
        (PortError::RulesNotFound, "NOT_FOUND"),
        (PortError::DecisionNotFound, "NOT_FOUND"),
        (PortError::AnswerTooLarge { limit: 1, unit: "bytes" }, "FAILED_PRECONDITION"),
        (PortError::Panicked, "INTERNAL"),
        (KpiError::CurrencyRequired.into(), "FAILED_PRECONDITION"),
        (StoreError::QueueFull { limit: QueueLimit::Bytes(1) }.into(), "RESOURCE_EXHAUSTED"),
        (StoreError::Closed.into(), "UNAVAILABLE"),
        (StoreError::RequestIdReused.into(), "ALREADY_EXISTS"),
        (StoreError::Contention.into(), "ABORTED"),
        (full.into(), "RESOURCE_EXHAUSTED"),
        (unavailable.into(), "UNAVAILABLE"),
        (StoreError::RulesUnfit(vec![]).into(), "FAILED_PRECONDITION"),
        (StoreError::RulesOutdated { present: 1 }.into(), "ABORTED"),
        (StoreError::Refused(Refusal::MergeGone).into(), "FAILED_PRECONDITION"),
        (StoreError::Refused(Refusal::SidesOverlap).into(), "FAILED_PRECONDITION"),
        (StoreError::NotReached { asked: Revision(2), at: Revision(1) }.into(), "UNAVAILABLE"),
        (MirrorError::TooLarge { limit_bytes: 1 }.into(), "RESOURCE_EXHAUSTED"),
        (MirrorError::Outgrown(FactError::NumberTooLarge).into(), "RESOURCE_EXHAUSTED"),
        (MirrorError::Loading.into(), "UNAVAILABLE"),
        (MirrorError::Panicked.into(), "INTERNAL"),
        (TurnedAway::Stopping.into(), "UNAVAILABLE"),
        (TurnedAway::MessageLate { seconds: 1 }.into(), "DEADLINE_EXCEEDED"),
        (TurnedAway::TimeoutMalformed.into(), "INVALID_ARGUMENT"),
        (TurnedAway::NoRoom { mib: 1 }.into(), "RESOURCE_EXHAUSTED"),
    ];
    for (error, code) in code_in_manual {
        let status = Status::from(error);
        let reason = status.get_details_error_info().unwrap().reason;
        assert!(manual(&reason).starts_with(code), "{reason}: {}", manual(&reason));
        let answered = format!("{:?}", status.code()).to_uppercase();
        assert_eq!(answered, code.replace('_', ""), "{reason}");
    }
}
