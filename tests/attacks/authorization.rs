//! Callers who are let in, and try what they may not.

use customer360::access::{Access, Permission, Role};
use customer360::rpc::proto::{self, KeyKind};
use tonic::Code::{FailedPrecondition, PermissionDenied, Unimplemented};
use tonic_types::StatusExt;

use crate::ground::{Ground, grant, methods, refused};
use crate::support::{identifier, record, visit};

/// What the methods ask for beside their row when the request is empty: a list about everybody.
const ABOUT_EVERYBODY: [&str; 5] =
    ["ListTouchpoints", "ListConflicts", "ListMerges", "ListDecisions", "ListSharedIdentifiers"];

pub async fn every_method_by_every_role(ground: &Ground) {
    for &role in Role::ALL {
        let (kind, mut granted) = (KeyKind::Secret, grant(&ground.tenant, role.name()));
        if role == Role::IngestPublic {
            granted.sources = vec!["web".to_owned()];
        }
        let (key, _) = ground.key_with(kind, granted).await;
        for (path, access) in methods() {
            let has = |permission| role.permissions().has(permission);
            let method = path.rsplit('/').next().unwrap();
            let expected = match access {
                Access::Open | Access::Anybody => true,
                Access::Within(permission) => {
                    has(permission) && (!ABOUT_EVERYBODY.contains(&method) || has(Permission::CustomerList))
                }
                Access::Somewhere(permission) => has(permission),
            };
            let answer = ground.call_by(&key, &ground.tenant, &path).await;
            let code = answer.as_ref().err().map(tonic::Status::code);
            assert_ne!(code, Some(tonic::Code::Unauthenticated), "{role:?} {path}");
            let let_in = code != Some(PermissionDenied);
            // The requests of administrators are about the deployment, which no role over a tenant is.
            let about_all = ["CreateTenant", "DeleteTenant"].contains(&method);
            assert!(let_in == expected || (about_all && !let_in), "{role:?} {path}: {answer:?}");
        }
    }
}

pub async fn a_method_without_a_row(ground: &Ground) {
    for path in ["/customer360.v1.AdminService/DropAll", "/customer360.v1.NoService/Any", "/any/any"] {
        refused(ground.call_by(&ground.owner, &ground.tenant, path).await, Unimplemented, "METHOD_UNKNOWN");
    }
}

pub async fn a_viewer_looks_closer(ground: &Ground) {
    let viewer = ground.key("viewer").await;
    let clients = ground.clients(&viewer, &ground.tenant).await;
    let status = clients.figures.clone().explain_kpi(proto::ExplainKpiRequest::default()).await;
    let status = refused(status, PermissionDenied, "PERMISSION_MISSING");
    assert_eq!(status.get_details_error_info().unwrap().metadata["permission"], "kpi.drill");
    let request = proto::ComputeRfmRequest { page_size: 5, ..Default::default() };
    refused(clients.lifetimes.clone().compute_rfm(request).await, PermissionDenied, "PERMISSION_MISSING");
    let request = proto::ComputeLifetimeRequest { page_size: 5, ..Default::default() };
    refused(
        clients.lifetimes.clone().compute_lifetime(request).await,
        PermissionDenied,
        "PERMISSION_MISSING",
    );
    let request = proto::ListCustomersRequest::default();
    refused(clients.customers.clone().list_customers(request).await, PermissionDenied, "PERMISSION_MISSING");
    let scope = proto::Scope { as_known_at: Some(proto::KnownAt::default()), ..Default::default() };
    let request = proto::ComputeKpisRequest { scope: Some(scope), ..Default::default() };
    refused(clients.figures.clone().compute_kpis(request).await, PermissionDenied, "PERMISSION_MISSING");
}

pub async fn numbers_of_a_dry_run(ground: &Ground) {
    let mut granted = grant(&ground.tenant, "");
    granted.permissions = vec!["identity.decide".to_owned(), "rules.simulate".to_owned()];
    let (key, _) = ground.key_with(KeyKind::Secret, granted).await;
    let mandate = proto::Mandate {
        author: "the CEO".to_owned(),
        reason: "curious".to_owned(),
        dry_run: true,
        kpis: vec![proto::KpiQuestion::default()],
        ..Default::default()
    };
    let request = proto::LinkIdentitiesRequest { mandate: Some(mandate), ..Default::default() };
    let port = ground.port(&key, &ground.tenant).await;
    let mut decisions = proto::decision_service_client::DecisionServiceClient::new(port.clone());
    refused(decisions.link_identities(request).await, PermissionDenied, "PERMISSION_MISSING");
    let request =
        proto::SimulateRulesRequest { kpis: vec![proto::KpiQuestion::default()], ..Default::default() };
    let mut rules = proto::rule_service_client::RuleServiceClient::new(port);
    refused(rules.simulate_rules(request).await, PermissionDenied, "PERMISSION_MISSING");
}

pub async fn an_author_who_is_somebody_else(ground: &Ground) {
    let mut granted = grant(&ground.tenant, "");
    granted.permissions = ["identity.decide", "identity.read", "customer.list"].map(str::to_owned).to_vec();
    let (key, id) = ground.key_with(KeyKind::Secret, granted).await;
    let party = |value: &str| proto::Party {
        party: Some(proto::party::Party::Identifier(identifier("EMAIL", value))),
    };
    let mandate = proto::Mandate {
        author: "the CEO".to_owned(),
        reason: "believe me".to_owned(),
        request_id: "ceo".to_owned(),
        ..Default::default()
    };
    let request = proto::UnlinkIdentitiesRequest {
        left: vec![party("ceo-1@x.io")],
        right: vec![party("ceo-2@x.io")],
        mandate: Some(mandate),
    };
    let port = ground.port(&key, &ground.tenant).await;
    let mut decisions = proto::decision_service_client::DecisionServiceClient::new(port);
    decisions.unlink_identities(request).await.unwrap();
    let listed = decisions.list_decisions(proto::ListDecisionsRequest::default()).await.unwrap();
    let made = listed.into_inner().decisions.into_iter().find(|made| made.author == "the CEO").unwrap();
    assert_eq!(made.principal, format!("key:{id}"));
}

pub async fn an_ingest_key_reads(ground: &Ground) {
    let key = ground.key("ingest").await;
    let clients = ground.clients(&key, &ground.tenant).await;
    record(&clients, vec![visit("own", "own-cookie")]).await.unwrap();
    let request = proto::GetTouchpointRequest {
        source: "test".to_owned(),
        source_id: "own".to_owned(),
        ..Default::default()
    };
    refused(
        clients.touchpoints.clone().get_touchpoint(request).await,
        PermissionDenied,
        "PERMISSION_MISSING",
    );
    let by = proto::customer_ref::By::Identifier(identifier("COOKIE", "own-cookie"));
    let customer = Some(proto::CustomerRef { by: Some(by) });
    let request = proto::GetCustomerRequest { customer, ..Default::default() };
    refused(clients.customers.clone().get_customer(request).await, PermissionDenied, "PERMISSION_MISSING");
}

pub async fn more_than_one_has(ground: &Ground) {
    let (admin, id) = ground.key_with(KeyKind::Admin, grant(&ground.tenant, "admin")).await;
    for granted in [
        grant(&ground.tenant, "owner"),
        grant(&ground.tenant, "viewer"),
        grant(&ground.other, "admin"),
        grant("*", "admin"),
    ] {
        let answer = ground.try_key(&admin, KeyKind::Secret, vec![granted]).await;
        refused(answer, PermissionDenied, "PERMISSION_MISSING");
    }
    let own = proto::PrincipalGrants {
        principal: format!("key:{id}"),
        grants: vec![grant(&ground.tenant, "admin"), grant(&ground.tenant, "dpo")],
    };
    let request = proto::SetGrantsRequest { grants: Some(own), reason: "me".to_owned() };
    let mut client = ground.admin(&admin).await;
    refused(client.set_grants(request).await, PermissionDenied, "PERMISSION_MISSING");
    // The owner's key is none of its tenants: it does not exist for it.
    let owners = customer360::access::KeyText::parse(&ground.owner).unwrap().id.to_owned();
    let request = proto::RotateKeyRequest { key_id: owners, reason: "me".to_owned(), ..Default::default() };
    refused(client.rotate_key(request).await, tonic::Code::NotFound, "KEY_NOT_FOUND");
}

/// On a database of its own: others have owners of theirs.
pub async fn the_last_owner(_: &Ground) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("owned.db").display());
    let ground = Box::pin(Ground::new(&url)).await;
    let id = customer360::access::KeyText::parse(&ground.owner).unwrap().id.to_owned();
    let request = proto::RevokeKeyRequest { key_id: id, reason: "gone".to_owned() };
    let mut admin = ground.admin(&ground.owner).await;
    refused(admin.revoke_key(request).await, FailedPrecondition, "LAST_OWNER");
    ground.heard(&ground.owner).await;
}
