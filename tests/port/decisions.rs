//! A wrong merge is found, explained and undone; people link, unlink and share.

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::decision_service_client::DecisionServiceClient;
use customer360::rpc::proto::kpi_answer::Answer;
use customer360::rpc::proto::kpi_question::Question;
use customer360::rpc::proto::party::Party as Named;
use customer360::rpc::proto::separation;
use customer360::rpc::proto::{self, DropReason, Sharing};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{NOW, Service, identifier, order, refused, service, touch, visit, wrong_fields};

fn decisions(service: &Service) -> DecisionServiceClient<Channel> {
    DecisionServiceClient::new(service.channel.clone())
}

fn mandate(request_id: &str) -> Option<proto::Mandate> {
    Some(proto::Mandate {
        author: "ada".into(),
        reason: "they called".into(),
        request_id: request_id.into(),
        ..Default::default()
    })
}

fn sixty_days() -> Option<proto::Scope> {
    let at = |days: i64| Some(pbjson_types::Timestamp { seconds: NOW - days * 86_400, nanos: 0 });
    let range = Some(proto::TimeRange { start: at(60), end: at(0) });
    Some(proto::Scope { range, ..Default::default() })
}

fn party(text: &str) -> proto::Party {
    proto::Party { party: Some(Named::Identifier(identifier(text))) }
}

async fn customer(service: &Service, text: &str) -> proto::Customer {
    service.customer(By::Identifier(identifier(text))).await.unwrap()
}

/// Customers who bought again, of those who bought.
fn repeat(answer: Option<proto::KpiAnswer>) -> (f64, f64) {
    match answer.unwrap().answer.unwrap() {
        Answer::Repurchase(answer) => {
            let ratio = answer.total.unwrap().repeat_customers.unwrap();
            (ratio.numerator, ratio.denominator)
        }
        other => panic!("{other:?}"),
    }
}

/// Ann buys, and somebody else twice.
fn bought_apart() -> Vec<proto::Touchpoint> {
    vec![
        touch("1", 30, &["EMAIL:ann@x.io", "COOKIE:a"], order("o1", 5_000)),
        touch("2", 29, &["LOYALTY_CARD:7", "DEVICE:b"], order("o2", 3_000)),
        touch("3", 28, &["LOYALTY_CARD:7"], order("o3", 2_000)),
    ]
}

/// The clerk types Ann's address beside the card.
fn at_the_till() -> proto::Touchpoint {
    touch("4", 20, &["EMAIL:ann@x.io", "LOYALTY_CARD:7"], visit())
}

/// Two people use one e-mail address once: the wrong merge of the README.
async fn wrong_merge(service: &Service) -> (proto::Customer, proto::Customer) {
    service.record(bought_apart()).await;
    let before = (customer(service, "EMAIL:ann@x.io").await, customer(service, "LOYALTY_CARD:7").await);
    assert_ne!(before.0.customer_id, before.1.customer_id);
    service.record(vec![at_the_till()]).await;
    let merged = customer(service, "LOYALTY_CARD:7").await;
    assert_eq!(merged.customer_id, before.0.customer_id, "the older id names both");
    before
}

/// The row of the README's table for now; `before` are Ann's and the card's views of before.
async fn told(service: &Service, when: &str, before: &(proto::Customer, proto::Customer)) -> String {
    let listed = proto::ListCustomersRequest::default();
    let listed = service.customers().list_customers(listed).await.unwrap().into_inner();
    let (customers, at_least_as_fresh) = (listed.customers.len(), listed.revision);
    let scope = sixty_days().map(|scope| proto::Scope { at_least_as_fresh, ..scope });
    let asked = proto::ComputeRepurchaseRequest { scope, ..Default::default() };
    let answer = service.kpis().compute_repurchase(asked).await.unwrap().into_inner();
    let (again, bought) = repeat(Some(proto::KpiAnswer { answer: Some(Answer::Repurchase(answer)) }));
    let ann = customer(service, "EMAIL:ann@x.io").await;
    let card = customer(service, "LOYALTY_CARD:7").await;
    let orders = |customer: &proto::Customer| match customer.summary.as_ref().unwrap().orders {
        1 => "1 order".to_owned(),
        orders => format!("{orders} orders"),
    };
    let visits = |customer: &proto::Customer| {
        customer.summary.as_ref().unwrap().visits.iter().map(|by_channel| by_channel.visits).sum::<i64>()
    };
    let seen = match visits(&card) {
        0 => String::new(),
        1 => " and the visit at the till".to_owned(),
        more => panic!("{more} visits"),
    };
    let (of_ann, of_card) = match when {
        _ if ann.customer_id == card.customer_id && ann.customer_id == before.0.customer_id => {
            (orders(&ann), "the same customer, under Ann's id".to_owned())
        }
        "before" => (orders(&ann), format!("{}, an id of its own", orders(&card))),
        _ if ann == before.0 && card.customer_id == before.1.customer_id => {
            ("as before, to the bit".to_owned(), format!("{}{seen}, its own id again", orders(&card)))
        }
        _ => panic!("{ann:?} {card:?}"),
    };
    format!("| {when} | {customers} | {again} / {bought} | {of_ann} | {of_card} |")
}

/// What the README prints is what happens.
#[tokio::test(flavor = "multi_thread")]
async fn the_readme_tells_the_wrong_merge_as_it_happens() {
    let service = service().await;
    service.record(bought_apart()).await;
    let before = (customer(&service, "EMAIL:ann@x.io").await, customer(&service, "LOYALTY_CARD:7").await);
    let mut rows = vec![told(&service, "before", &before).await];
    service.record(vec![at_the_till()]).await;
    rows.push(told(&service, "after the touch at the till", &before).await);
    let all = proto::ListMergesRequest::default();
    let listed = decisions(&service).list_merges(all).await.unwrap().into_inner();
    let merge_id = listed.merges[0].merge_id.clone();
    let undo = proto::UndoMergeRequest { merge_id, mandate: mandate("u1") };
    let effect = decisions(&service).undo_merge(undo).await.unwrap().into_inner().effect.unwrap();
    rows.push(told(&service, "after `UndoMerge`", &before).await);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, story) = readme.split_once("## One wrong merge").unwrap();
    let printed: Vec<&str> = story.lines().filter(|line| line.starts_with("| ")).skip(1).take(3).collect();
    assert_eq!(printed, rows, "copy the right side into README.md");
    let moved = format!("says that {} touchpoints would", effect.touchpoints);
    assert!(story.contains(&moved), "{moved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_merge_is_listed_previewed_and_undone() {
    let service = service().await;
    let before = wrong_merge(&service).await;
    let merges = |customer_id: &str| proto::ListMergesRequest {
        customer_id: customer_id.into(),
        ..Default::default()
    };
    let listed = decisions(&service).list_merges(merges(&before.0.customer_id)).await.unwrap().into_inner();
    assert_eq!(listed.merges.len(), 1);
    let merge = &listed.merges[0];
    assert_eq!(merge.touchpoint.as_ref().unwrap().source_id, "4");
    assert_eq!(merge.survivor_customer_id, before.0.customer_id);
    assert_eq!(merge.absorbed_customer_id, before.1.customer_id);
    assert_eq!(merge.absorbed_held, [identifier("DEVICE:b"), identifier("LOYALTY_CARD:7")]);
    assert!(merge.stands);
    assert_eq!(decisions(&service).list_merges(merges("")).await.unwrap().into_inner(), listed);

    let undo = |mandate| proto::UndoMergeRequest { merge_id: merge.merge_id.clone(), mandate };
    let question =
        Question::Repurchase(proto::ComputeRepurchaseRequest { scope: sixty_days(), ..Default::default() });
    let dry = proto::Mandate {
        author: "ada".into(),
        reason: "what if".into(),
        dry_run: true,
        kpis: vec![proto::KpiQuestion { question: Some(question) }],
        ..Default::default()
    };
    let effect = decisions(&service).undo_merge(undo(Some(dry))).await.unwrap().into_inner().effect.unwrap();
    assert_eq!((effect.touchpoints, effect.customers), (3, 2), "two orders and the visit that proved it");
    assert_eq!(effect.reassignments[0].to_customer_id, before.1.customer_id);
    let [change] = &effect.kpis[..] else { panic!("one change") };
    assert_eq!(repeat(change.before.clone()), (1.0, 1.0));
    assert_eq!(repeat(change.after.clone()), (1.0, 2.0));
    assert!(decisions(&service).list_merges(merges("")).await.unwrap().into_inner().merges[0].stands);

    let done =
        decisions(&service).undo_merge(undo(mandate("u1"))).await.unwrap().into_inner().effect.unwrap();
    assert_eq!(done.reassignments, effect.reassignments, "as the dry run said");
    let after = (customer(&service, "EMAIL:ann@x.io").await, customer(&service, "COOKIE:a").await);
    assert_eq!(after.0, before.0, "to the bit");
    assert_eq!(after.1.customer_id, before.0.customer_id);
    let other = customer(&service, "LOYALTY_CARD:7").await;
    assert_eq!(other.customer_id, before.1.customer_id, "the old id is given back");
    let twice =
        decisions(&service).undo_merge(undo(mandate("u2"))).await.unwrap().into_inner().effect.unwrap();
    assert!(twice.already && twice.decision == done.decision);
    let listed = decisions(&service).list_merges(merges("")).await.unwrap().into_inner();
    assert!(!listed.merges[0].stands);
    assert_eq!(listed.merges[0].undone_by_decision, done.decision);

    // The same evidence again, and other: they stay apart.
    service.record(vec![touch("5", 10, &["EMAIL:ann@x.io", "LOYALTY_CARD:7", "DEVICE:b"], visit())]).await;
    assert_eq!(customer(&service, "LOYALTY_CARD:7").await.customer_id, other.customer_id);
    let identifiers = vec![identifier("EMAIL:ann@x.io"), identifier("LOYALTY_CARD:7")];
    let asked = proto::ResolveIdentityRequest { identifiers, ..Default::default() };
    let resolved = service.identities().resolve_identity(asked).await.unwrap().into_inner();
    assert_eq!(resolved.identifiers[0].drop_reason(), DropReason::Constraint);

    let why = proto::ExplainSeparationRequest {
        left: Some(party("EMAIL:ann@x.io")),
        right: Some(party("LOYALTY_CARD:7")),
        ..Default::default()
    };
    let why = service.identities().explain_separation(why).await.unwrap().into_inner();
    assert!(!why.same);
    let refused_by: Vec<i64> = (why.reasons.iter())
        .filter_map(|one| match one.reason.as_ref().unwrap() {
            separation::Reason::Decision(decision) => Some(*decision),
            _ => None,
        })
        .collect();
    assert_eq!(refused_by, [done.decision]);
    let evidence = |one: &&proto::Separation| matches!(one.reason, Some(separation::Reason::Refused(_)));
    assert_eq!(why.reasons.iter().filter(evidence).count(), 2, "the touch at the till, and the last one");

    let gone = proto::UndoMergeRequest {
        merge_id: format!("{}.{}", before.0.customer_id, before.1.customer_id),
        mandate: mandate("u3"),
    };
    refused(&decisions(&service).undo_merge(gone).await.unwrap_err(), Code::FailedPrecondition, "MERGE_GONE");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_link_and_take_it_back() {
    let service = service().await;
    service
        .record(vec![
            touch("1", 9, &["ACCOUNT:u1", "COOKIE:a"], order("o1", 100)),
            touch("2", 8, &["EMAIL:b@x.io"], order("o2", 200)),
            touch("3", 7, &["ACCOUNT:u2"], visit()),
        ])
        .await;
    let (one, two) = (customer(&service, "COOKIE:a").await, customer(&service, "EMAIL:b@x.io").await);
    let by_id = |id: &str| proto::Party { party: Some(Named::CustomerId(id.into())) };
    let link = |parties, id: &str| proto::LinkIdentitiesRequest { parties, mandate: mandate(id) };
    let both = vec![by_id(&one.customer_id), by_id(&two.customer_id)];
    let linked = decisions(&service).link_identities(link(both, "l1")).await.unwrap().into_inner();
    let effect = linked.effect.unwrap();
    assert_eq!((effect.touchpoints, effect.customers), (1, 2));
    assert_eq!(customer(&service, "EMAIL:b@x.io").await.customer_id, one.customer_id);
    // A person may link more than the limits of evidence allow.
    let third = customer(&service, "ACCOUNT:u2").await;
    let crowd = link(vec![party("ACCOUNT:u1"), party("ACCOUNT:u2")], "l2");
    let crowd = decisions(&service).link_identities(crowd).await.unwrap().into_inner().effect.unwrap();
    assert_eq!(customer(&service, "ACCOUNT:u2").await.customer_id, one.customer_id);
    let retract = |decision, id: &str| proto::RetractDecisionRequest { decision, mandate: mandate(id) };
    decisions(&service).retract_decision(retract(crowd.decision, "r0")).await.unwrap();
    assert_eq!(customer(&service, "ACCOUNT:u2").await, third, "to the bit");
    let sides = proto::UnlinkIdentitiesRequest {
        left: vec![party("ACCOUNT:u1")],
        right: vec![party("EMAIL:b@x.io")],
        mandate: mandate("x1"),
    };
    let status = decisions(&service).unlink_identities(sides.clone()).await.unwrap_err();
    refused(&status, Code::FailedPrecondition, "DECISION_REFUSED");

    let merges =
        decisions(&service).list_merges(proto::ListMergesRequest::default()).await.unwrap().into_inner();
    let standing: Vec<&proto::Merge> = merges.merges.iter().filter(|merge| merge.stands).collect();
    assert_eq!(standing.iter().map(|merge| merge.link_decision).collect::<Vec<_>>(), [effect.decision]);
    let undo = proto::UndoMergeRequest { merge_id: standing[0].merge_id.clone(), mandate: mandate("u1") };
    decisions(&service).undo_merge(undo).await.unwrap();
    assert_eq!(customer(&service, "EMAIL:b@x.io").await, two, "to the bit");
    decisions(&service).unlink_identities(sides).await.unwrap();
    let again = link(vec![party("ACCOUNT:u1"), party("EMAIL:b@x.io")], "l3");
    let status = decisions(&service).link_identities(again).await.unwrap_err();
    refused(&status, Code::FailedPrecondition, "DECISION_REFUSED");
    service.record(vec![touch("4", 6, &["ACCOUNT:u1", "EMAIL:b@x.io"], visit())]).await;
    assert_eq!(customer(&service, "EMAIL:b@x.io").await.customer_id, two.customer_id);

    let all = decisions(&service).list_decisions(proto::ListDecisionsRequest::default()).await.unwrap();
    let all = all.into_inner().decisions;
    let retracted: Vec<&str> = all.iter().map(|one| one.retracted_by.as_str()).collect();
    assert_eq!((retracted, all[2].retracted_revision), (vec!["ada", "ada", ""], 0));
    decisions(&service).retract_decision(retract(all[2].decision, "r1")).await.unwrap();
    assert_eq!(
        customer(&service, "EMAIL:b@x.io").await.customer_id,
        one.customer_id,
        "evidence speaks again"
    );
    let status = decisions(&service).retract_decision(retract(17, "r2")).await.unwrap_err();
    refused(&status, Code::NotFound, "DECISION_NOT_FOUND");
    let anonymous = proto::LinkIdentitiesRequest { parties: vec![party("COOKIE:a")], mandate: None };
    let status = decisions(&service).link_identities(anonymous).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["mandate.author", "mandate.reason", "mandate.request_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_tablet_is_announced_and_merges_nobody() {
    let service = service().await;
    let people: Vec<String> = (0..300).map(|i| format!("ACCOUNT:p{i}")).collect();
    for chunk in people.chunks(40) {
        let seen = chunk.iter().enumerate().map(|(i, account)| {
            touch(&format!("{account}-{i}"), 5, &[account.as_str(), "DEVICE:tablet"], visit())
        });
        service.record(seen.collect()).await;
    }
    let everything = proto::ListSharedIdentifiersRequest::default();
    let listed = decisions(&service).list_shared_identifiers(everything).await.unwrap().into_inner();
    let [tablet] = &listed.identifiers[..] else { panic!("one shared identifier") };
    assert_eq!(tablet.identifier, Some(identifier("DEVICE:tablet")));
    assert_eq!((tablet.observations, tablet.customers, tablet.share_after), (300, 300, 20));
    let claim = proto::Claim { kind: "ACCOUNT".into(), values: 65, groups: 65 };
    assert_eq!(tablet.claims, [claim], "counting ends there");

    let share = |text: &str, sharing: Sharing, id: &str| proto::DecideSharingRequest {
        identifier: Some(identifier(text)),
        sharing: sharing.into(),
        mandate: mandate(id),
    };
    service.record(vec![touch("t", 4, &["ACCOUNT:p1", "COOKIE:kiosk"], visit())]).await;
    decisions(&service).decide_sharing(share("COOKIE:kiosk", Sharing::Shared, "s1")).await.unwrap();
    service.record(vec![touch("k", 3, &["COOKIE:kiosk"], visit())]).await;
    assert!(service.customer(By::Identifier(identifier("COOKIE:kiosk"))).await.is_err(), "nobody holds it");
    decisions(&service).decide_sharing(share("COOKIE:kiosk", Sharing::Personal, "s2")).await.unwrap();
    let p1 = customer(&service, "ACCOUNT:p1").await;
    assert_eq!(customer(&service, "COOKIE:kiosk").await.customer_id, p1.customer_id);
}
