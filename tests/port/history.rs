//! How it came to this: what happened to a customer, and what evidence was refused.

use customer360::rpc::proto::decision_service_client::DecisionServiceClient;
use customer360::rpc::proto::history_service_client::HistoryServiceClient;
use customer360::rpc::proto::identity_history_entry::Entry;
use customer360::rpc::proto::list_conflicts_request::About;
use customer360::rpc::proto::party::Party as Named;
use customer360::rpc::proto::{self, DropReason, IdentityChangeCause, ObservationChangeKind};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{Service, identifier, refused, service, touch, visit};

fn histories(service: &Service) -> HistoryServiceClient<Channel> {
    HistoryServiceClient::new(service.channel.clone())
}

async fn history(service: &Service, id: &str, size: i32) -> (String, Vec<proto::IdentityHistoryEntry>) {
    let mut request =
        proto::GetIdentityHistoryRequest { customer_id: id.into(), page_size: size, ..Default::default() };
    let mut entries = Vec::new();
    loop {
        let page = histories(service).get_identity_history(request.clone()).await.unwrap().into_inner();
        assert!(page.entries.len() <= usize::try_from(size).unwrap());
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return (page.present_customer_id, entries);
        }
        request.page_token = page.next_page_token;
    }
}

/// An entry in a word or two.
fn told(entry: &proto::IdentityHistoryEntry) -> String {
    match entry.entry.as_ref().unwrap() {
        Entry::Created(_) => "created".into(),
        Entry::Observation(change) => {
            let names: Vec<&str> = change.identifiers.iter().map(|d| d.value.as_str()).collect();
            let kind = match change.kind() {
                ObservationChangeKind::Came => "came",
                ObservationChangeKind::Went => "went",
                other => panic!("{other:?}"),
            };
            format!("{kind} {}", names.join("+"))
        }
        Entry::Merged(_) => "merged".into(),
        Entry::Split(_) => "split".into(),
        Entry::KindChanged(_) => "kind".into(),
        Entry::DecisionMade(decision) => format!("decided {}", decision.decision),
        Entry::DecisionRetracted(decision) => format!("retracted {}", decision.decision),
        Entry::Ended(_) => "ended".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_merge_is_told_from_both_sides() {
    let service = service().await;
    service.record(vec![touch("1", 30, &["COOKIE:a"], visit())]).await;
    service.record(vec![touch("2", 29, &["EMAIL:b@x.io"], visit())]).await;
    let recorded = service.record(vec![touch("3", 20, &["EMAIL:b@x.io", "COOKIE:a"], visit())]).await;
    assert_eq!(recorded.revision, 3);
    let mut decisions = DecisionServiceClient::new(service.channel.clone());
    let merges =
        decisions.list_merges(proto::ListMergesRequest::default()).await.unwrap().into_inner().merges;
    let (first, second) = (&merges[0].survivor_customer_id, &merges[0].absorbed_customer_id);
    let mandate = |request_id: &str| {
        let (author, reason) = ("ada".into(), "they called".into());
        Some(proto::Mandate { author, reason, request_id: request_id.into(), ..Default::default() })
    };
    let undo = proto::UndoMergeRequest { merge_id: merges[0].merge_id.clone(), mandate: mandate("r1") };
    decisions.undo_merge(undo).await.unwrap();

    for size in [1, 2, 100] {
        let (present, entries) = history(&service, first, size).await;
        assert_eq!(&present, first);
        let words: Vec<String> = entries.iter().map(told).collect();
        let expected = [
            "created",
            "came a",
            "came a+b@x.io",
            "came b@x.io",
            "merged",
            "kind",
            "decided 1",
            "went b@x.io",
            "went a+b@x.io",
            "split",
            "kind",
        ];
        assert_eq!(words, expected, "by pages of {size}");
        assert!(entries.is_sorted_by_key(|entry| entry.revision));
        let undone = entries.last().unwrap();
        assert_eq!((undone.revision, undone.cause()), (4, IdentityChangeCause::Decision));
        assert_eq!(entries[0].cause(), IdentityChangeCause::Evidence);
        let Some(Entry::Observation(bridge)) = &entries[2].entry else { panic!("an observation") };
        assert_eq!(bridge.first_touchpoint.as_ref().unwrap().source_id, "3");
        assert_eq!(bridge.assigned.as_ref().unwrap().from_customer_id, "", "recorded for the first time");
    }
    let (present, entries) = history(&service, second, 100).await;
    assert_eq!(&present, second, "it is itself again");
    let words: Vec<String> = entries.iter().map(told).collect();
    let expected = [
        "created",
        "came b@x.io",
        "went b@x.io",
        "merged",
        "decided 1",
        "created",
        "came b@x.io",
        "came a+b@x.io",
        "split",
    ];
    assert_eq!(words, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absorbed_id_keeps_its_history_and_an_unknown_one_has_none() {
    let service = service().await;
    service.record(vec![touch("1", 30, &["COOKIE:a"], visit())]).await;
    service.record(vec![touch("2", 29, &["EMAIL:b@x.io"], visit())]).await;
    service.record(vec![touch("3", 20, &["EMAIL:b@x.io", "COOKIE:a"], visit())]).await;
    let mut decisions = DecisionServiceClient::new(service.channel.clone());
    let merges =
        decisions.list_merges(proto::ListMergesRequest::default()).await.unwrap().into_inner().merges;
    let (present, entries) = history(&service, &merges[0].absorbed_customer_id, 9).await;
    assert_eq!(present, merges[0].survivor_customer_id);
    let words: Vec<String> = entries.iter().map(told).collect();
    assert_eq!(words, ["created", "came b@x.io", "went b@x.io", "merged"]);
    // The id that the bridging observation was given never named a customer.
    let explained = proto::ExplainIdentityRequest {
        subject: Some(proto::explain_identity_request::Subject::CustomerId(present.clone())),
        ..Default::default()
    };
    let explained = service.identities().explain_identity(explained).await.unwrap().into_inner();
    let bridge = &explained.observations[2].given_customer_id;
    assert_ne!(bridge, &present);
    let request = proto::GetIdentityHistoryRequest { customer_id: bridge.clone(), ..Default::default() };
    let followed = histories(&service).get_identity_history(request.clone()).await.unwrap().into_inner();
    assert_eq!(followed.customer_id, present, "it tells of the customer that has it");

    let unknown = "00000000-0000-8000-8000-000000000000".to_owned();
    let request = proto::GetIdentityHistoryRequest { customer_id: unknown, ..request };
    let status = histories(&service).get_identity_history(request).await.unwrap_err();
    refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_say_who_wanted_what_and_which_rule_kept_it_out() {
    let service = service().await;
    service
        .record(vec![
            touch("1", 30, &["ACCOUNT:u1", "EMAIL:c@x.io"], visit()),
            touch("2", 20, &["ACCOUNT:u2", "EMAIL:c@x.io"], visit()),
            touch("3", 10, &["ACCOUNT:u3", "DEVICE:d"], visit()),
        ])
        .await;
    let list = async |about: Option<About>, standing| {
        let request = proto::ListConflictsRequest { about, standing, ..Default::default() };
        histories(&service).list_conflicts(request).await.unwrap().into_inner().conflicts
    };
    let all = list(None, true).await;
    assert_eq!(all.len(), 1);
    let conflict = &all[0];
    assert_eq!(conflict.identifier, Some(identifier("EMAIL:c@x.io")));
    assert_eq!(conflict.seen_together, [identifier("ACCOUNT:u2"), identifier("EMAIL:c@x.io")]);
    assert_eq!(conflict.touchpoint.as_ref().unwrap().source_id, "2");
    assert_eq!(conflict.reason(), DropReason::Limit);
    assert_eq!((conflict.limited_kind.as_str(), conflict.limit), ("ACCOUNT", 1));
    assert_eq!(
        conflict.explanation,
        "with it one customer would hold more than 1 of ACCOUNT; it was the weakest"
    );
    assert_ne!(conflict.wanted_by_customer_id, conflict.held_by_customer_id);
    assert_eq!(conflict.held_by_then_customer_id, conflict.held_by_customer_id);
    for id in [&conflict.wanted_by_customer_id, &conflict.held_by_customer_id] {
        assert_eq!(list(Some(About::CustomerId(id.clone())), true).await, all);
    }
    assert_eq!(list(Some(About::Identifier(identifier("EMAIL:c@x.io"))), true).await, all);
    assert!(list(Some(About::Identifier(identifier("DEVICE:d"))), false).await.is_empty());
    assert!(list(Some(About::Identifier(identifier("DEVICE:never"))), false).await.is_empty());

    // Somebody keeps two apart; evidence for both is refused, and the decision is named.
    let party = |text: &str| proto::Party { party: Some(Named::Identifier(identifier(text))) };
    let mandate = proto::Mandate {
        author: "ada".into(),
        reason: "twins".into(),
        request_id: "r".into(),
        ..Default::default()
    };
    let (left, right) = (vec![party("DEVICE:d")], vec![party("EMAIL:e@x.io")]);
    let mut decisions = DecisionServiceClient::new(service.channel.clone());
    let unlink = proto::UnlinkIdentitiesRequest { left, right, mandate: Some(mandate) };
    let decided = decisions.unlink_identities(unlink).await.unwrap().into_inner().effect.unwrap().decision;
    service.record(vec![touch("4", 5, &["EMAIL:e@x.io", "DEVICE:d"], visit())]).await;
    let listed = list(None, true).await;
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[0].reason(), listed[0].decision), (DropReason::Constraint, decided));

    // Without its touchpoint it is no conflict any more, but it was one.
    let request = proto::VoidTouchpointRequest {
        source: "shop".into(),
        source_id: "2".into(),
        reason: "wrong".into(),
        ..Default::default()
    };
    service.touchpoints().void_touchpoint(request).await.unwrap();
    assert_eq!(list(None, true).await.len(), 1);
    let past = list(None, false).await;
    assert_eq!(past.len(), 2);
    let gone = past.iter().find(|conflict| !conflict.stands).unwrap();
    assert_eq!(
        (gone.identifier.clone(), gone.reason()),
        (Some(identifier("EMAIL:c@x.io")), DropReason::Limit)
    );

    // Page by page.
    let mut request = proto::ListConflictsRequest { page_size: 1, ..Default::default() };
    let first = histories(&service).list_conflicts(request.clone()).await.unwrap().into_inner();
    request.page_token = first.next_page_token;
    let second = histories(&service).list_conflicts(request).await.unwrap().into_inner();
    assert!(second.next_page_token.is_empty());
    assert_eq!([first.conflicts, second.conflicts].concat(), past);
}
