//! Callers without a credential, with a wrong one, and with one that was taken away.

use std::process::Command;

use customer360::access::KeyText;
use customer360::rpc::proto::{self, KeyKind};
use tonic::Code::Unauthenticated;

use crate::ground::{Ground, HEARD, grant, methods, refused};
use crate::support::{BINARY, PATIENCE, Service};

const CHEAP: &str = "/customer360.v1.KpiService/ListKpis";

pub async fn no_credential(ground: &Ground) {
    for (path, _) in methods() {
        refused(ground.call(&path, &[]).await, Unauthenticated, "CREDENTIALS_MISSING");
    }
    ground.call("/grpc.health.v1.Health/Check", &[]).await.unwrap();
    // It is open as well, and the library does not have it.
    let list = ground.call("/grpc.health.v1.Health/List", &[]).await;
    refused(list, tonic::Code::Unimplemented, "METHOD_UNKNOWN");
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        refused(ground.call(&path, &[]).await, Unauthenticated, "CREDENTIALS_MISSING");
    }
}

pub async fn wrong_credentials(ground: &Ground) {
    let owner = &ground.owner;
    let last = if owner.ends_with('x') { 'y' } else { 'x' };
    let changed = format!("{}{last}", &owner[..owner.len() - 1]);
    let strange = customer360::access::key::make(customer360::access::KeyKind::Secret).unwrap();
    let id = KeyText::parse(owner).unwrap().id.to_owned();
    let wrong = customer360::access::key::make_for(customer360::access::KeyKind::Admin, &id).unwrap();
    let mut texts = std::collections::BTreeSet::new();
    for value in [
        format!("Bearer {}", strange.text),
        format!("Bearer {}", wrong.text),
        format!("Bearer {changed}"),
        format!("Bearer {}", &owner[..owner.len() - 1]),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        String::new(),
        format!("Basic {owner}"),
        owner.clone(),
        format!("Bearer c360_{}", "x".repeat(7_000)),
        "Bearer a.b.c".to_owned(),
    ] {
        let answer = ground.call(CHEAP, &[("authorization", &value)]).await;
        texts.insert(refused(answer, Unauthenticated, "CREDENTIALS_INVALID").message().to_owned());
    }
    assert_eq!(texts.len(), 1, "one text for all: {texts:?}");
}

pub async fn revoked(ground: &Ground) {
    let (key, id) = ground.key_with(KeyKind::Secret, grant(&ground.tenant, "viewer")).await;
    let mut admin = ground.admin(&ground.owner).await;
    let request = proto::RevokeKeyRequest { key_id: id, reason: "stolen".to_owned() };
    admin.revoke_key(request).await.unwrap();
    tokio::time::sleep(HEARD).await;
    let answer = ground.call_by(&key, &ground.tenant, CHEAP).await;
    refused(answer, Unauthenticated, "CREDENTIALS_INVALID");
}

pub async fn revoked_while_a_feed_is_open(ground: &Ground) {
    let (key, id) = ground.key_with(KeyKind::Secret, grant(&ground.tenant, "service")).await;
    let clients = ground.clients(&key, &ground.tenant).await;
    let request = proto::WatchIdentitiesRequest { heartbeat_seconds: Some(1), ..Default::default() };
    let mut feed = clients.feed.clone().watch_identities(request).await.unwrap().into_inner();
    feed.message().await.unwrap().expect("where the feed stands");
    let mut admin = ground.admin(&ground.owner).await;
    let request = proto::RevokeKeyRequest { key_id: id, reason: "stolen".to_owned() };
    admin.revoke_key(request).await.unwrap();
    let ended = async {
        while feed.message().await?.is_some() {}
        Ok::<_, tonic::Status>(())
    };
    let ended = tokio::time::timeout(PATIENCE / 2, ended).await.expect("the feed ends");
    refused(ended, Unauthenticated, "CREDENTIALS_INVALID");
}

pub async fn not_yet(ground: &Ground) {
    let now = customer360::clock::system()().0 / 1_000_000;
    let request = proto::CreateKeyRequest {
        name: "tomorrow".to_owned(),
        kind: KeyKind::Secret.into(),
        grants: vec![grant(&ground.tenant, "viewer")],
        not_before: Some(pbjson_types::Timestamp { seconds: now + 3_600, nanos: 0 }),
        reason: "attacks".to_owned(),
        ..Default::default()
    };
    let made = ground.admin(&ground.owner).await.create_key(request).await.unwrap().into_inner();
    tokio::time::sleep(HEARD).await;
    let answer = ground.call_by(&made.secret, &ground.tenant, CHEAP).await;
    refused(answer, Unauthenticated, "CREDENTIALS_EXPIRED");
}

pub async fn hash_as_key(ground: &Ground) {
    let hash = KeyText::parse(&ground.owner).unwrap().hash();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let id = KeyText::parse(&ground.owner).unwrap().id.to_owned();
    for value in [hex.clone(), format!("c360_a_{id}_{}_000000", &hex[..43])] {
        let answer = ground.call_by(&value, &ground.tenant, CHEAP).await;
        refused(answer, Unauthenticated, "CREDENTIALS_INVALID");
    }
}

pub async fn two_headers(ground: &Ground) {
    let good = format!("Bearer {}", ground.owner);
    let answer = ground.call(CHEAP, &[("authorization", &good), ("authorization", &good)]).await;
    refused(answer, Unauthenticated, "CREDENTIALS_INVALID");
    let answer = ground.call(CHEAP, &[("x-authorization", &good)]).await;
    refused(answer, Unauthenticated, "CREDENTIALS_MISSING");
}

/// The end of a start that is refused: its exit code and what it says.
pub fn refused_start(arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("never.db").display());
    let ended = Command::new(BINARY)
        .args(["serve", "--metrics-listen", "", "--database-url", &url])
        .args(arguments)
        .output()
        .unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

pub async fn open_to_the_network(_: &Ground) {
    for arguments in [
        &["--listen", "0.0.0.0:0"][..],
        &["--listen", "[::]:0", "--set", "auth=none"],
        &["--listen", "0.0.0.0:0", "--set", "auth=keys"],
    ] {
        let (code, told) = refused_start(arguments);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("listen") && (told.contains("auth") || told.contains("tls")), "{told}");
    }
}

pub async fn a_second_first_key(ground: &Ground) {
    let tried = Command::new(BINARY)
        .args(["keys", "create", "--name", "second", "--database-url", &ground.url])
        .output()
        .unwrap();
    assert!(!tried.status.success() && tried.stdout.is_empty());
    assert!(String::from_utf8_lossy(&tried.stderr).contains("has an owner"));
}

/// Guessing has an end: the peer is pushed back, and those with a key are served on.
pub async fn guessing(ground: &Ground) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("guessed.db").display());
    let arguments = ["--set", "auth=keys", "--set", "auth_failures_per_second=5"];
    let service = Service::start(&url, &arguments);
    let channel = tonic::transport::Channel::from_shared(format!("http://{}", service.address)).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut pushed_back = 0;
    for _ in 0..50 {
        let mut request = tonic::Request::new(());
        let guess = customer360::access::key::make(customer360::access::KeyKind::Secret).unwrap().text;
        request.metadata_mut().insert("authorization", format!("Bearer {guess}").parse().unwrap());
        let status = crate::ground::begun(channel.clone(), CHEAP, request).await.unwrap_err();
        match status.code() {
            Unauthenticated => {}
            tonic::Code::ResourceExhausted => pushed_back += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(pushed_back >= 20, "{pushed_back} of 50");
    drop(service);
    ground.heard(&ground.owner).await;
}
