//! Callers of one tenant who reach for another.

use customer360::rpc::proto::{self, KeyKind};
use tonic::Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied};

use crate::ground::{Ground, HEARD, grant, methods, refused};
use crate::support::{record, tenant, visit};

pub async fn another_tenant(ground: &Ground) {
    let key = ground.key("viewer").await;
    let mut messages = std::collections::BTreeSet::new();
    for name in [ground.other.as_str(), "never-made", "default"] {
        let answer = ground.list_by(&key, name).await;
        messages.insert(refused(answer, PermissionDenied, "TENANT_DENIED").message().to_owned());
    }
    assert_eq!(messages.len(), 1, "what exists is not told: {messages:?}");
    for name in ["ACME", "a b", "", "%00", "../x", "*"] {
        refused(ground.list_by(&key, name).await, InvalidArgument, "TENANT_MALFORMED");
    }
}

pub async fn two_tenants_at_once(ground: &Ground) {
    let key = ground.key("viewer").await;
    let bearer = format!("Bearer {key}");
    let twice = [
        ("authorization", bearer.as_str()),
        ("x-customer360-tenant", &ground.tenant),
        ("x-customer360-tenant", &ground.other),
    ];
    refused(ground.list(&twice).await, InvalidArgument, "TENANT_MALFORMED");
    // The only granted one needs no name; an owner of all has to say which.
    ground.list(&[("authorization", &bearer)]).await.unwrap();
    let owner = format!("Bearer {}", ground.owner);
    refused(ground.list(&[("authorization", &owner)]).await, InvalidArgument, "TENANT_REQUIRED");
}

pub async fn ids_of_another(ground: &Ground) {
    let clients = ground.clients(&ground.owner, &ground.tenant).await;
    let outcome = record(&clients, vec![visit("theirs", "their-cookie")]).await.unwrap();
    let id = outcome.outcomes[0].customer_id.clone();
    let by = Some(proto::customer_ref::By::CustomerId(id));
    let customer = Some(proto::CustomerRef { by });
    let request = proto::GetCustomerRequest { customer, ..Default::default() };
    clients.customers.clone().get_customer(request.clone()).await.unwrap();
    let others = ground.clients(&ground.owner, &ground.other).await;
    refused(others.customers.clone().get_customer(request).await, NotFound, "CUSTOMER_NOT_FOUND");
}

pub async fn no_tenant_is_made_by_asking(ground: &Ground) {
    let name = tenant();
    let clients = ground.clients(&ground.owner, &name).await;
    let feed = clients.feed.clone().watch_identities(proto::WatchIdentitiesRequest::default()).await;
    refused(feed, NotFound, "TENANT_NOT_FOUND");
    refused(record(&clients, vec![visit("a", "b")]).await, NotFound, "TENANT_NOT_FOUND");
    for (path, _) in methods().filter(|(path, _)| !path.contains("AdminService")) {
        let _ = ground.call_by(&ground.owner, &name, &path).await;
    }
    let mut admin = ground.admin(&ground.owner).await;
    let mut request = proto::ListTenantsRequest { page_size: 1_000, ..Default::default() };
    loop {
        let page = admin.list_tenants(request.clone()).await.unwrap().into_inner();
        assert!(page.tenants.iter().all(|tenant| tenant.name != name));
        if page.next_page_token.is_empty() {
            return;
        }
        request.page_token = page.next_page_token;
    }
}

pub async fn suspended_and_deleted(ground: &Ground) {
    let name = tenant();
    ground.make_tenant(&name).await.unwrap();
    let clients = ground.clients(&ground.owner, &name).await;
    record(&clients, vec![visit("a", "b"), visit("c", "d")]).await.unwrap();
    let mut admin = ground.admin(&ground.owner).await;
    let reason = || "attacks".to_owned();
    let delete = |confirm: &str| proto::DeleteTenantRequest {
        name: name.clone(),
        confirm_name: confirm.to_owned(),
        reason: reason(),
    };
    refused(admin.delete_tenant(delete(&name)).await, InvalidArgument, "VALIDATION_FAILED");
    let request = proto::SuspendTenantRequest { name: name.clone(), reason: reason() };
    admin.suspend_tenant(request).await.unwrap();
    tokio::time::sleep(HEARD).await;
    for (path, access) in methods() {
        if matches!(access, customer360::access::Access::Within(_)) {
            let answer = ground.call_by(&ground.owner, &name, &path).await;
            refused(answer, FailedPrecondition, "TENANT_SUSPENDED");
        }
    }
    refused(admin.delete_tenant(delete("another")).await, InvalidArgument, "VALIDATION_FAILED");
    let gone = admin.delete_tenant(delete(&name)).await.unwrap().into_inner();
    assert_eq!(gone.rows_left, 0);
    let rows = |table: &str| gone.deleted.iter().find(|row| row.table == table).map_or(0, |row| row.rows);
    assert_eq!((rows("touchpoint"), rows("tenant")), (2, 1), "{gone:?}");
    tokio::time::sleep(HEARD).await;
    refused(record(&clients, vec![visit("e", "f")]).await, NotFound, "TENANT_NOT_FOUND");
    refused(ground.make_tenant(&name).await, AlreadyExists, "TENANT_EXISTS");
}

pub async fn a_quota_holds(ground: &Ground) {
    let name = tenant();
    ground.make_tenant(&name).await.unwrap();
    let (key, _) = ground.key_with(KeyKind::Secret, grant(&name, "ingest")).await;
    let quota = proto::TenantQuota { touchpoints: 3, ..Default::default() };
    let request =
        proto::SetTenantQuotaRequest { name: name.clone(), quota: Some(quota), reason: "attacks".to_owned() };
    ground.admin(&ground.owner).await.set_tenant_quota(request).await.unwrap();
    tokio::time::sleep(HEARD).await;
    let clients = ground.clients(&key, &name).await;
    record(&clients, vec![visit("1", "x"), visit("2", "x"), visit("3", "x")]).await.unwrap();
    refused(record(&clients, vec![visit("4", "x")]).await, tonic::Code::ResourceExhausted, "QUOTA_EXCEEDED");
}
