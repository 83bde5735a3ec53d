//! What do we know of them?

use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, CustomerKind};
use tonic::Code;

use crate::support::{identifier, of_tenant, order, refused, service, touch, visit, wrong_fields};

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_found_by_any_id_and_any_identifier_and_restated_by_a_merge() {
    let service = service().await;
    let city = |value: &str, if_absent| proto::TraitWrite {
        name: "city".into(),
        value: Some(proto::Value { kind: Some(proto::value::Kind::Text(value.into())) }),
        if_absent,
        unset: false,
    };
    let mut said = touch("2", 8, &["ACCOUNT:u1"], order("A-1", 1_000));
    said.traits = vec![city("Paris", false)];
    let mut gap = touch("3", 7, &["ACCOUNT:u1"], visit());
    gap.traits = vec![city("Rome", true)];
    let back = Activity::Return(proto::Return {
        return_id: "R-1".into(),
        amount: Some(proto::Money { minor: Some(300), currency: "EUR".into() }),
        ..Default::default()
    });
    let nps = Activity::SurveyAnswer(proto::SurveyAnswer { kind: 1, score: Some(9), ..Default::default() });
    let recorded = service
        .record(vec![
            touch("1", 9, &["COOKIE:c1"], visit()),
            said,
            gap,
            touch("4", 6, &["ACCOUNT:u1"], back),
            touch("5", 5, &["ACCOUNT:u1"], nps),
        ])
        .await;
    let (anonymous, known) =
        (recorded.outcomes[0].customer_id.clone(), recorded.outcomes[1].customer_id.clone());
    assert_ne!(anonymous, known);
    service.record(vec![touch("6", 4, &["COOKIE:c1", "ACCOUNT:u1"], visit())]).await;
    let customer = service.customer(By::CustomerId(known)).await.unwrap();
    assert_eq!(customer.customer_id, anonymous, "the oldest id survives");
    for by in [By::CustomerId(anonymous), By::Identifier(identifier("COOKIE: c1 "))] {
        assert_eq!(service.customer(by).await.unwrap(), customer);
    }
    assert_eq!(customer.kind(), CustomerKind::Registered);
    let held: Vec<_> = customer.identifiers.iter().map(|i| i.identifier.clone().unwrap().kind).collect();
    assert_eq!(held, ["ACCOUNT", "COOKIE"]);
    let Some(proto::value::Kind::Text(city)) = customer.traits[0].value.clone().unwrap().kind else {
        panic!("a text")
    };
    assert_eq!(city, "Paris", "if_absent never overwrites");
    let summary = customer.summary.unwrap();
    assert_eq!((summary.touchpoints, summary.orders, summary.returns), (6, 1, 1));
    assert_eq!(summary.revenue[0].net_minor, 700);
    assert_eq!(summary.visits[0].visits, 3);
    assert_eq!(summary.last_nps.unwrap().score, 9);
    assert_eq!(summary.first_touch.unwrap().touchpoint.unwrap().source_id, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_masked_and_kept_apart_by_tenant() {
    let service = service().await;
    let recorded = service
        .record((0..7).map(|i| touch(&i.to_string(), 1, &[&format!("COOKIE:c{i}")], visit())).collect())
        .await;
    service.record(vec![touch("a", 1, &["ACCOUNT:u1"], visit())]).await;
    let mut asked = proto::ListCustomersRequest {
        kind: CustomerKind::Anonymous.into(),
        page_size: 3,
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = service.customers().list_customers(asked.clone()).await.unwrap().into_inner();
        seen.extend(page.customers.into_iter().map(|c| c.customer_id));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    let ids: Vec<String> = recorded.outcomes.into_iter().map(|outcome| outcome.customer_id).collect();
    assert_eq!(seen, ids);

    let by_id = |id: &str| proto::CustomerRef { by: Some(By::CustomerId(id.into())) };
    let nobody = proto::CustomerRef { by: Some(By::Identifier(identifier("COOKIE:none"))) };
    let known = proto::CustomerRef { by: Some(By::Identifier(identifier("COOKIE:c2"))) };
    let batch = |customers| proto::BatchGetCustomersRequest {
        customers,
        read_mask: Some(pbjson_types::FieldMask { paths: vec!["customer_id".into()] }),
        ..Default::default()
    };
    let customers = vec![by_id(&ids[0]), nobody, known];
    let answer = service.customers().batch_get_customers(batch(customers)).await.unwrap().into_inner();
    let found: Vec<_> =
        answer.outcomes.iter().map(|o| o.customer.as_ref().map(|c| c.customer_id.clone())).collect();
    assert_eq!(found, [Some(ids[0].clone()), None, Some(ids[2].clone())]);
    assert!(answer.outcomes[0].customer.as_ref().unwrap().summary.is_none(), "not asked for");
    let wrong = vec![by_id("x"), by_id(&ids[0]), proto::CustomerRef::default()];
    let status = service.customers().batch_get_customers(batch(wrong)).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
    assert_eq!(wrong_fields(&status), ["customers[0].customer_id", "customers[2]"]);

    let of = |id: &str| proto::GetCustomerRequest { customer: Some(by_id(id)), ..Default::default() };
    for tenant in ["acme", "zeta"] {
        let request = of_tenant(tenant, of(&ids[0]));
        let status = service.customers().get_customer(request).await.unwrap_err();
        refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
        let touchpoints = vec![touch("1", 1, &["COOKIE:z"], visit())];
        let request =
            of_tenant(tenant, proto::RecordTouchpointsRequest { touchpoints, ..Default::default() });
        service.touchpoints().record_touchpoints(request).await.unwrap();
        let request = of_tenant(tenant, of(&ids[0]));
        let status = service.customers().get_customer(request).await.unwrap_err();
        refused(&status, Code::NotFound, "CUSTOMER_NOT_FOUND");
    }
    let masked = proto::GetCustomerRequest {
        read_mask: Some(pbjson_types::FieldMask { paths: vec!["name".into()] }),
        ..of(&ids[0])
    };
    let status = service.customers().get_customer(masked).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trait_is_taken_back_and_a_blank_one_states_nothing() {
    let service = service().await;
    let write = |name: &str, kind| proto::TraitWrite {
        name: name.into(),
        value: Some(proto::Value { kind: Some(kind) }),
        ..Default::default()
    };
    let said = |no: &str, hours, traits| proto::Touchpoint {
        traits,
        ..touch(no, hours, &["ACCOUNT:a"], Activity::ProfileUpdate(proto::ProfileUpdate::default()))
    };
    let birthday = || proto::value::Kind::Date("1990-05-04".into());
    let blank = || proto::value::Kind::Text(" ".into());
    let standing = || async {
        let customer = service.customer(By::Identifier(identifier("ACCOUNT:a"))).await.unwrap();
        customer
            .traits
            .into_iter()
            .map(|one| (one.name, one.value.unwrap().kind.unwrap()))
            .collect::<Vec<_>>()
    };
    service.record(vec![said("1", 9, vec![write("birthday", birthday())])]).await;
    service.record(vec![said("2", 8, vec![write("birthday", blank())])]).await;
    assert_eq!(standing().await, [("birthday".to_owned(), birthday())], "blank states nothing");
    let unset = proto::TraitWrite { name: "birthday".into(), unset: true, ..Default::default() };
    service.record(vec![said("3", 7, vec![unset])]).await;
    assert!(standing().await.is_empty(), "no value, and not another one");
    let other = proto::value::Kind::Date("1991-01-01".into());
    let gap = proto::TraitWrite { if_absent: true, ..write("birthday", other.clone()) };
    service.record(vec![said("4", 10, vec![gap.clone()])]).await;
    assert!(standing().await.is_empty(), "said before it was taken back");
    service.record(vec![said("5", 6, vec![gap])]).await;
    assert_eq!(standing().await, [("birthday".to_owned(), other)]);
}
