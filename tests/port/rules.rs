//! Rules as data: read, simulate, promote.

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::decision_service_client::DecisionServiceClient;
use customer360::rpc::proto::party::Party as Named;
use customer360::rpc::proto::rule_service_client::RuleServiceClient;
use customer360::rpc::proto::simulate_rules_response::Part;
use customer360::rpc::proto::{self, CustomerKind};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{Service, identifier, order, refused, service, touch, visit, wrong_fields};

fn rules(service: &Service) -> RuleServiceClient<Channel> {
    RuleServiceClient::new(service.channel.clone())
}

async fn present(service: &Service) -> proto::GetRulesResponse {
    rules(service).get_rules(proto::GetRulesRequest::default()).await.unwrap().into_inner()
}

fn kind<'r>(rules: &'r mut proto::Rules, name: &str) -> &'r mut proto::KindRule {
    rules.kinds.iter_mut().find(|rule| rule.kind == name).unwrap()
}

fn promotion(rules: proto::Rules, from_version: i64, id: &str) -> proto::PromoteRulesRequest {
    let (author, reason) = ("ada".into(), "test".into());
    proto::PromoteRulesRequest { rules: Some(rules), from_version, author, reason, request_id: id.into() }
}

async fn simulate(service: &Service, rules: proto::Rules) -> (Vec<String>, proto::SimulationResult) {
    let request = proto::SimulateRulesRequest { rules: Some(rules), kpis: vec![] };
    let mut stream = self::rules(service).simulate_rules(request).await.unwrap().into_inner();
    let mut stages = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        match message.part.unwrap() {
            Part::Progress(progress) => stages.push(progress.stage),
            Part::Result(result) => return (stages, result),
        }
    }
    panic!("no result");
}

async fn customer_id(service: &Service, text: &str) -> String {
    service.customer(By::Identifier(identifier(text))).await.unwrap().customer_id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rules_is_simulated_then_promoted_and_restates_everything() {
    let service = service().await;
    service
        .record(vec![
            touch("1", 9, &["EMAIL:a@x.io"], order("o1", 100)),
            touch("2", 8, &["LOYALTY_CARD:7"], order("o2", 100)),
            touch("3", 7, &["EMAIL:a@x.io", "LOYALTY_CARD:7"], visit()),
        ])
        .await;
    let merged = customer_id(&service, "EMAIL:a@x.io").await;
    assert_eq!(customer_id(&service, "LOYALTY_CARD:7").await, merged);
    let begun = present(&service).await;
    assert_eq!((begun.version, begun.since_revision, begun.author.as_str()), (1, 0, ""));
    let mut candidate = begun.rules.clone().unwrap();
    kind(&mut candidate, "LOYALTY_CARD").joins_registered = false;
    let (stages, result) = simulate(&service, candidate.clone()).await;
    assert_eq!(stages.len(), 3);
    assert_eq!((result.customers_before, result.customers_after), (1, 2));
    assert_eq!((result.merges_gained, result.merges_lost, result.customers_split), (0, 1, 1));
    assert_eq!(result.touchpoints, 2, "the card is stronger: what named both goes with it");
    assert_eq!(customer_id(&service, "LOYALTY_CARD:7").await, merged, "nothing was written");

    let promoted = rules(&service).promote_rules(promotion(candidate.clone(), 1, "p1")).await.unwrap();
    let promoted = promoted.into_inner();
    assert_eq!((promoted.version, promoted.reassigned_observations), (2, 2));
    assert_ne!(customer_id(&service, "LOYALTY_CARD:7").await, merged);
    let now = present(&service).await;
    assert_eq!((now.version, now.rules.as_ref()), (2, Some(&candidate)));
    assert_eq!((now.since_revision, now.author.as_str()), (promoted.revision, "ada"));
    let again = rules(&service).promote_rules(promotion(candidate.clone(), 1, "p1")).await.unwrap();
    assert_eq!(again.into_inner(), promoted, "sent twice, done once");
    let outdated = rules(&service).promote_rules(promotion(candidate, 1, "p2")).await.unwrap_err();
    refused(&outdated, Code::Aborted, "RULES_OUTDATED");
    rules(&service).promote_rules(promotion(begun.rules.unwrap(), 2, "p3")).await.unwrap();
    assert_eq!(customer_id(&service, "LOYALTY_CARD:7").await, merged, "the old rules, the old map");
}

/// Orders by the city of their customers.
async fn orders_by_city(service: &Service, at_least_as_fresh: i64) -> Vec<(Option<String>, f64)> {
    let city = proto::GroupBy { dimension: proto::GroupDimension::Trait.into(), r#trait: "city".into() };
    let asked = proto::ComputeKpisRequest {
        scope: crate::figures::scope().map(|scope| proto::Scope { at_least_as_fresh, ..scope }),
        kpi_ids: vec!["receipts".into()],
        group_by: vec![city],
        ..Default::default()
    };
    let answer = service.figures().compute_kpis(asked).await.unwrap().into_inner();
    let groups = answer.kpis[0].groups.iter();
    groups.map(|group| (group.keys[0].value.clone(), group.figure.as_ref().unwrap().numerator)).collect()
}

/// Facts that were gathered before are looked at anew when other sources are trusted.
#[tokio::test(flavor = "multi_thread")]
async fn whose_word_counts_changes_with_the_promotion() {
    let service = service().await;
    let says = |id: &str, days_ago: i64, source: &str, city: &str| {
        let mut said = touch(id, days_ago, &["ACCOUNT:u1"], order(id, 100));
        said.source = source.into();
        let value = Some(proto::Value { kind: Some(proto::value::Kind::Text(city.into())) });
        said.traits = vec![proto::TraitWrite { name: "city".into(), value, ..Default::default() }];
        said
    };
    service.record(vec![says("1", 9, "crm", "Rome"), says("2", 8, "shop", "Pisa")]).await;
    assert_eq!(orders_by_city(&service, 1).await, [(Some("Pisa".to_owned()), 2.0)], "the latest");
    let mut trusting = present(&service).await.rules.unwrap();
    trusting.trait_sources = vec!["crm".into()];
    let promoted = rules(&service).promote_rules(promotion(trusting, 1, "p")).await.unwrap();
    let revision = promoted.into_inner().revision;
    let customer = service.customer(By::Identifier(identifier("ACCOUNT:u1"))).await.unwrap();
    let stands = customer.traits[0].value.clone().unwrap().kind;
    assert_eq!(stands, Some(proto::value::Kind::Text("Rome".into())));
    assert_eq!(orders_by_city(&service, revision).await, [(Some("Rome".to_owned()), 2.0)], "the trusted one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_kinds_and_blocked_patterns_of_its_own() {
    let service = service().await;
    let mut own = present(&service).await.rules.unwrap();
    own.kinds.push(proto::KindRule {
        kind: "HOUSEHOLD".into(),
        priority: 20,
        limit: 5,
        normalizer: proto::Normalizer::Folded.into(),
        ..Default::default()
    });
    own.kinds.push(proto::KindRule {
        kind: "GMAIL".into(),
        registered: true,
        priority: 21,
        limit: 5,
        normalizer: proto::Normalizer::EmailProviderTricks.into(),
        ..Default::default()
    });
    own.blocked_patterns = vec!["^kiosk-[0-9]+$".into()];
    rules(&service).promote_rules(promotion(own, 1, "p")).await.unwrap();
    service
        .record(vec![
            touch("1", 9, &["HOUSEHOLD:Smith", "GMAIL:a.da+news@gmail.com"], visit()),
            touch("2", 8, &["HOUSEHOLD:SMITH", "COOKIE:kiosk-17"], visit()),
            touch("3", 8, &["GMAIL:ada@googlemail.com"], visit()),
        ])
        .await;
    let one = service.customer(By::Identifier(identifier("HOUSEHOLD:smith"))).await.unwrap();
    assert_eq!(one.kind(), CustomerKind::Registered);
    assert_eq!(one.summary.unwrap().touchpoints, 3);
    assert!(service.customer(By::Identifier(identifier("COOKIE:kiosk-17"))).await.is_err(), "nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_blocked_can_be_seen_and_changed_and_a_region_is_set_by_whoever_has_one() {
    let service = service().await;
    let mut own = present(&service).await.rules.unwrap();
    assert_eq!((own.default_region.as_str(), own.normalizer_generation), ("", 2), "of a new tenant");
    let local = |no: &str, hours| touch(no, hours, &["PHONE:0171 1234567"], visit());
    let outcome = service.record(vec![local("1", 9)]).await.outcomes.remove(0);
    assert_eq!((outcome.status(), outcome.customer_id.as_str()), (proto::RecordStatus::Recorded, ""));
    (own.blocked, own.blocked_ignoring_case, own.blocked_patterns) = Default::default();
    own.default_region = "DE".into();
    own.normalizer_generation = 0;
    rules(&service).promote_rules(promotion(own, 1, "p")).await.unwrap();
    assert_eq!(present(&service).await.rules.unwrap().normalizer_generation, 2, "as it was");
    service
        .record(vec![
            local("2", 8),
            touch("3", 8, &["ACCOUNT:0000"], visit()),
            touch("4", 8, &["EMAIL:test@x.io"], visit()),
            touch("5", 8, &["ACCOUNT: "], visit()),
        ])
        .await;
    for held in ["PHONE:+491711234567", "ACCOUNT:0000", "EMAIL:test@x.io"] {
        assert!(service.customer(By::Identifier(identifier(held))).await.is_ok(), "{held}");
    }
    assert!(service.customer(By::Identifier(identifier("ACCOUNT: "))).await.is_err(), "never anybody");

    let mut back = present(&service).await.rules.unwrap();
    back.normalizer_generation = 3;
    let status = rules(&service).promote_rules(promotion(back, 2, "p2")).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["rules.normalizer_generation"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_lost_their_time_win_nothing() {
    let service = service().await;
    let reset = |seconds: i64| {
        let mut touch = touch("1", 9, &["COOKIE:c"], visit());
        touch.at = Some(pbjson_types::Timestamp { seconds, nanos: 0 });
        touch
    };
    let refused = |outcome: &proto::RecordOutcome| {
        outcome.violations.iter().map(|violation| violation.field.clone()).collect::<Vec<_>>()
    };
    // 2000-01-01T00:00:05Z
    let outcome = service.record(vec![reset(946_684_805)]).await.outcomes.remove(0);
    assert_eq!(refused(&outcome), ["touchpoints[0].at"]);
    let mut own = present(&service).await.rules.unwrap();
    own.clock_resets.clear();
    own.earliest = Some(pbjson_types::Timestamp { seconds: 1_000_000_000, nanos: 0 });
    rules(&service).promote_rules(promotion(own, 1, "p")).await.unwrap();
    let outcomes = service.record(vec![reset(999_999_999), reset(1_000_000_000)]).await.outcomes;
    assert_eq!(refused(&outcomes[0]), ["touchpoints[0].at"]);
    assert_eq!(outcomes[1].status(), proto::RecordStatus::Recorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_refused_with_all_reasons() {
    let service = service().await;
    service.record(vec![touch("1", 9, &["COOKIE:c", "EMAIL:a@x.io", "EMAIL:b@x.io"], visit())]).await;
    let mut wrong = present(&service).await.rules.unwrap();
    wrong.kinds[1].priority = wrong.kinds[0].priority;
    wrong.kinds[2].limit = 0;
    wrong.kinds[3].kind = "e mail".into();
    wrong.blocked_patterns = vec!["(".into()];
    wrong.default_region = "ZZ".into();
    let status = rules(&service).promote_rules(promotion(wrong, 1, "p1")).await.unwrap_err();
    let expected = [
        "rules.kinds[3].kind",
        "rules.kinds[1].priority",
        "rules.kinds[2].limit",
        "rules.blocked_patterns[0]",
        "rules.blocked_patterns",
        "rules.default_region",
    ];
    assert_eq!(wrong_fields(&status), expected);

    let party = |text: &str| proto::Party { party: Some(Named::Identifier(identifier(text))) };
    let mandate = Some(proto::Mandate {
        author: "ada".into(),
        reason: "one person".into(),
        request_id: "l".into(),
        ..Default::default()
    });
    let link =
        proto::LinkIdentitiesRequest { parties: vec![party("EMAIL:a@x.io"), party("EMAIL:b@x.io")], mandate };
    DecisionServiceClient::new(service.channel.clone()).link_identities(link).await.unwrap();
    let mut tight = present(&service).await.rules.unwrap();
    kind(&mut tight, "EMAIL").limit = 1;
    // What a person linked may exceed a limit of evidence, so the link stands under these rules too.
    rules(&service).promote_rules(promotion(tight, 1, "p2")).await.unwrap();
    let one = service.customer(By::Identifier(identifier("EMAIL:a@x.io"))).await.unwrap();
    assert_eq!(service.customer(By::Identifier(identifier("EMAIL:b@x.io"))).await.unwrap(), one);
    let mut without = present(&service).await.rules.unwrap();
    without.kinds.retain(|rule| rule.kind != "COOKIE");
    kind(&mut without, "EMAIL").normalizer = proto::Normalizer::Exact.into();
    let (_, result) = simulate(&service, without.clone()).await;
    assert_eq!(result.refusals.len(), 2, "{:?}", result.refusals);
    let status = rules(&service).promote_rules(promotion(without, 2, "p3")).await.unwrap_err();
    refused(&status, Code::FailedPrecondition, "RULES_UNFIT");
    let status = rules(&service).get_rules(proto::GetRulesRequest { version: 7 }).await.unwrap_err();
    refused(&status, Code::NotFound, "RULES_NOT_FOUND");
}
