//! Tokens of an issuer that the test is itself: a loopback server with its discovery document, its keys,
//! and a count of how often they were asked for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use customer360::rpc::proto::admin_service_client::AdminServiceClient;
use customer360::rpc::proto::{PrincipalGrants, SetGrantsRequest};
use serde_json::{Value, json};
use tonic::Code::{PermissionDenied, Unauthenticated, Unavailable};

use crate::ground::{Ground, first_key, grant, refused};
use crate::support::{PATIENCE, Service};

struct SigningKey {
    id: String,
    pair: EcdsaKeyPair,
}

fn signing_key(id: &str) -> SigningKey {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    SigningKey { id: id.to_owned(), pair }
}

impl SigningKey {
    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |range| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": part(1..33), "y": part(33..65)})
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The issuer's server.
struct Issuer {
    url: String,
    keys: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

fn issuer(keys: Vec<Value>) -> Issuer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (keys, asked) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
    let (served, counted, own) = (keys.clone(), asked.clone(), url.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = [0; 4_096];
            let Ok(read) = stream.read(&mut head) else { continue };
            let document = match String::from_utf8_lossy(&head[..read]).contains("openid-configuration") {
                true => json!({"issuer": own, "jwks_uri": format!("{own}/keys")}),
                false => {
                    counted.fetch_add(1, Ordering::SeqCst);
                    json!({"keys": *served.lock().unwrap()})
                }
            }
            .to_string();
            let size = document.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{document}"
            );
        }
    });
    Issuer { url, keys, asked }
}

fn now() -> i64 {
    customer360::clock::system()().0 / 1_000_000
}

struct Told {
    ground: Ground,
    issuer: Issuer,
    key: SigningKey,
    _folder: tempfile::TempDir,
}

/// A service that takes keys and tokens; Ada may view the tenant.
async fn told() -> Told {
    let key = signing_key("k1");
    let issuer = issuer(vec![key.public()]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("tokens.db").display());
    let owner = first_key(&url);
    let issued = format!("auth_issuer={}", issuer.url);
    let arguments = ["auth=keys,jwt", "auth_audience=customer360", &issued, "auth_refresh_seconds=1"];
    let arguments: Vec<&str> = arguments.iter().flat_map(|&one| ["--set", one]).collect();
    let service = Service::start(&url, &arguments);
    let (tenant, other) = (crate::support::tenant(), crate::support::tenant());
    let ground = Ground { url, service, owner, tenant, other };
    ground.heard(&ground.owner).await;
    ground.make_tenant(&ground.tenant).await.unwrap();
    ground.make_tenant(&ground.other).await.unwrap();
    let principal = format!("jwt:{}#ada", issuer.url);
    let grants = PrincipalGrants { principal, grants: vec![grant(&ground.tenant, "")] };
    let request = SetGrantsRequest { grants: Some(grants), reason: "attacks".to_owned() };
    AdminServiceClient::new(ground.port(&ground.owner, &ground.tenant).await)
        .set_grants(request)
        .await
        .unwrap();
    let told = Told { ground, issuer, key, _folder: folder };
    let taken = async {
        while told.list(&told.good(json!({}))).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("a good token is taken");
    told
}

impl Told {
    /// A good token with some claims replaced; null takes one away.
    fn good(&self, changes: Value) -> String {
        self.key.token(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}), &self.claims(changes))
    }

    fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer.url, "aud": "customer360", "sub": "ada", "iat": now(), "exp": now() + 600,
            "customer360": {"roles": ["viewer"]},
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    async fn list(&self, token: &str) -> Result<(), tonic::Status> {
        self.ground.list_by(token, &self.ground.tenant).await
    }
}

pub async fn forged_and_strange(_: &Ground) {
    let told = told().await;
    let invalid = async |token: String| {
        refused(told.list(&token).await, Unauthenticated, "CREDENTIALS_INVALID");
    };
    let header = |alg: &str| json!({"alg": alg, "kid": "k1"});
    for alg in ["none", "None", "nOnE", "HS256", "RS256"] {
        invalid(told.key.token(&header(alg), &told.claims(json!({})))).await;
    }
    let good = told.good(json!({}));
    invalid(format!("{}.", good.rsplit_once('.').unwrap().0)).await;
    let thief = signing_key("k1");
    let mut trusting = header("ES256");
    trusting["jwk"] = thief.public();
    trusting["jku"] = json!("http://127.0.0.1:9/keys");
    invalid(thief.token(&trusting, &told.claims(json!({})))).await;
    for change in [
        json!({"aud": null}),
        json!({"aud": "account"}),
        json!({"iss": null}),
        json!({"iss": format!("{}/", told.issuer.url)}),
        json!({"sub": null}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"nbf": now() + 3_600}),
        json!({"iat": now() + 3_600}),
        json!({"exp": now() + 31_536_000}),
    ] {
        invalid(told.good(change)).await;
    }
    let ended = told.good(json!({"exp": now() - 3_600, "iat": now() - 7_200}));
    refused(told.list(&ended).await, Unauthenticated, "CREDENTIALS_EXPIRED");
}

pub async fn unknown_keys_do_not_fetch(_: &Ground) {
    let told = told().await;
    let before = told.issuer.asked.load(Ordering::SeqCst);
    for n in 0..40 {
        let header = json!({"alg": "ES256", "kid": format!("../{n}")});
        let token = told.key.token(&header, &told.claims(json!({})));
        refused(told.list(&token).await, Unauthenticated, "CREDENTIALS_INVALID");
    }
    let fetched = told.issuer.asked.load(Ordering::SeqCst) - before;
    assert!(fetched <= 1, "{fetched} fetches");
    // The key set is not emptied by it, and a token that was believed goes on.
    told.list(&told.good(json!({}))).await.unwrap();
    assert_eq!(told.issuer.keys.lock().unwrap().len(), 1);
}

pub async fn claimed_roles_and_tenants(_: &Ground) {
    let told = told().await;
    for roles in [json!("owner"), json!({"owner": true}), json!(["owner "]), json!([]), Value::Null] {
        let token = told.good(json!({"customer360": {"roles": roles}}));
        refused(told.list(&token).await, PermissionDenied, "TENANT_DENIED");
    }
    let everywhere = told.good(json!({"tenants": ["*", told.ground.other], "sub": "eve"}));
    refused(told.list(&everywhere).await, PermissionDenied, "TENANT_DENIED");
    let token = told.good(json!({}));
    let other = told.ground.list_by(&token, &told.ground.other).await;
    refused(other, PermissionDenied, "TENANT_DENIED");
    refused(
        told.ground.call_by(&token, &told.ground.tenant, "/customer360.v1.FigureService/ExplainKpi").await,
        PermissionDenied,
        "PERMISSION_MISSING",
    );
}

pub async fn issuer_away(_: &Ground) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("away.db").display());
    let owner = first_key(&url);
    let arguments = ["auth=keys,jwt", "auth_audience=customer360", "auth_issuer=http://127.0.0.1:9"];
    let arguments: Vec<&str> = arguments.iter().flat_map(|&one| ["--set", one]).collect();
    let service = Service::start(&url, &arguments);
    let (tenant, other) = (crate::support::tenant(), crate::support::tenant());
    let ground = Ground { url, service, owner, tenant, other };
    // Keys are never affected.
    ground.heard(&ground.owner).await;
    let claims = json!({"iss": "http://127.0.0.1:9", "aud": "customer360", "sub": "ada", "exp": now() + 60});
    let token = signing_key("k").token(&json!({"alg": "ES256", "kid": "k"}), &claims);
    let answer = ground.list_by(&token, &ground.tenant).await;
    refused(answer, Unavailable, "ISSUER_UNAVAILABLE");
}
