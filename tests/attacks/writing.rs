//! Keys that write, and try to write what is not theirs.

use customer360::rpc::proto::{self, ErrorReason, Grant, KeyKind, RecordStatus, Touchpoint};
use pbjson_types::Timestamp;

use crate::ground::{Ground, grant, refused};
use crate::support::{identifier, order, record, visit};

fn of_source(source: &str, touchpoint: Touchpoint) -> Touchpoint {
    Touchpoint { source: source.to_owned(), ..touchpoint }
}

pub async fn another_source(ground: &Ground) {
    let granted = Grant { sources: vec!["pos".to_owned()], ..grant(&ground.tenant, "ingest") };
    let (key, _) = ground.key_with(KeyKind::Secret, granted).await;
    let clients = ground.clients(&key, &ground.tenant).await;
    let batch = vec![of_source("pos", visit("s1", "s")), of_source("crm", visit("s2", "s"))];
    let answer = record(&clients, batch.clone()).await.unwrap();
    let told: Vec<_> = answer.outcomes.iter().map(|outcome| (outcome.status(), outcome.reason())).collect();
    assert_eq!(told[0].0, RecordStatus::Recorded);
    assert_eq!(told[1], (RecordStatus::Refused, ErrorReason::SourceDenied));
    let batches =
        tokio_stream::once(proto::ImportTouchpointsRequest { touchpoints: batch, ..Default::default() });
    let sum = clients.touchpoints.clone().import_touchpoints(batches).await.unwrap().into_inner();
    assert_eq!((sum.recorded, sum.duplicates, sum.refused), (0, 1, 1));
    assert_eq!(sum.refusals[0].reason(), ErrorReason::SourceDenied);
}

/// A visit of now by a browser.
fn seen_now(source_id: &str, cookie: &str) -> Touchpoint {
    let now = customer360::clock::system()().0 / 1_000_000;
    Touchpoint {
        at: Some(Timestamp { seconds: now - 5, nanos: 0 }),
        ..of_source("web", visit(source_id, cookie))
    }
}

async fn browser(ground: &Ground) -> customer360::cli::client::Clients {
    let granted = Grant { sources: vec!["web".to_owned()], ..grant(&ground.tenant, "ingest_public") };
    let (key, _) = ground.key_with(KeyKind::Public, granted).await;
    assert!(key.starts_with("c360_p_"));
    ground.clients(&key, &ground.tenant).await
}

pub async fn to_become_a_victim(ground: &Ground) {
    let all = ground.clients(&ground.owner, &ground.tenant).await;
    record(&all, vec![order("victim", "victim@example.com", 100)]).await.unwrap();
    let clients = browser(ground).await;
    let mut both = seen_now("attack", "attacker");
    both.identifiers.push(identifier("EMAIL", "victim@example.com"));
    let answer = record(&clients, vec![both]).await.unwrap();
    let outcome = &answer.outcomes[0];
    assert_eq!(outcome.status(), RecordStatus::Refused);
    assert_eq!(outcome.reason(), ErrorReason::IdentifierKindDenied);
    let request = proto::ResolveIdentityRequest {
        identifiers: vec![identifier("COOKIE", "attacker")],
        ..Default::default()
    };
    let resolved = all.identities.clone().resolve_identity(request).await.unwrap().into_inner();
    assert!(!format!("{resolved:?}").contains("victim"), "nothing merges");
}

pub async fn to_learn_of_others(ground: &Ground) {
    let clients = browser(ground).await;
    let first = record(&clients, vec![seen_now("known", "k")]).await.unwrap();
    let again = record(&clients, vec![seen_now("known", "k"), seen_now("new", "k")]).await.unwrap();
    for outcome in first.outcomes.iter().chain(&again.outcomes) {
        // That the same source id came with another time is told as a refusal of the key's own.
        assert!(outcome.customer_id.is_empty(), "{outcome:?}");
        assert_ne!(outcome.status(), RecordStatus::Duplicate);
    }
    let many = (0..21).map(|n| seen_now(&format!("many{n}"), "k")).collect();
    refused(record(&clients, many).await, tonic::Code::InvalidArgument, "BATCH_TOO_LARGE");
    let bought = of_source("web", order("bought", "me@example.com", 5));
    let old = of_source("web", visit("old", "k"));
    let other = of_source("pos", seen_now("other", "k"));
    let denied = record(&clients, vec![bought, old, other]).await.unwrap();
    let reasons: Vec<_> = denied.outcomes.iter().map(proto::RecordOutcome::reason).collect();
    let kind = ErrorReason::IdentifierKindDenied;
    assert_eq!(reasons, [kind, kind, ErrorReason::SourceDenied]);
    let none = tokio_stream::empty::<proto::ImportTouchpointsRequest>();
    let import = clients.touchpoints.clone().import_touchpoints(none).await;
    refused(import, tonic::Code::PermissionDenied, "PERMISSION_MISSING");
}
