use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{EncodingKey, encode};
use serde_json::json;

use super::*;

/// 2026-06-01T00:00:00Z
const NOW: i64 = 1_780_272_000;

struct Issuer {
    pkcs8: Vec<u8>,
    document: Value,
}

fn issuer(kid: &str) -> Issuer {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    // An uncompressed point: 4, x, y.
    let point = pair.public_key().as_ref();
    let part = |range| URL_SAFE_NO_PAD.encode(&point[range]);
    let document = json!({
        "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig",
        "x": part(1..33), "y": part(33..65),
    });
    Issuer { pkcs8: pkcs8.as_ref().to_vec(), document }
}

impl Issuer {
    fn keys(&self) -> KeySet {
        KeySet::parse(json!({ "keys": [self.document] }).to_string().as_bytes()).unwrap()
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8).unwrap();
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: "https://issuer".to_owned(),
        audience: "customer360".to_owned(),
        algorithms: vec![Algorithm::ES256, Algorithm::RS256],
        leeway_seconds: 30,
        max_seconds: 86_400,
        roles_claim: "/customer360/roles".to_owned(),
        tenants_claim: "/tenants".to_owned(),
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" })
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer", "aud": "customer360", "sub": "ada", "exp": NOW + 600, "iat": NOW - 5,
        "customer360": { "roles": ["viewer", "owner ", "nobody"] },
        "tenants": ["acme", "*", "ACME", ""],
    })
}

/// The claims with some members replaced; null takes one away.
fn with(changes: Value) -> Value {
    let mut all = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => _ = all.as_object_mut().unwrap().remove(name),
            value => all[name] = value.clone(),
        }
    }
    all
}

#[track_caller]
fn check(header: &Value, claims: &Value, expected: Result<(), Doubt>) {
    let issuer = issuer("k1");
    let found = rules().verify(&issuer.signed(header, claims), &issuer.keys(), Micros(NOW * SECOND_US));
    assert_eq!(found.map(drop), expected, "{header} {claims}");
}

#[test]
fn a_good_token_says_who_and_what() {
    let issuer = issuer("k1");
    let token = issuer.signed(&header(), &claims());
    let found = rules().verify(&token, &issuer.keys(), Micros(NOW * SECOND_US)).unwrap();
    assert_eq!(found.subject, "ada");
    assert_eq!(found.roles, [Role::Viewer]);
    assert_eq!(found.tenants, [TenantName::parse("acme").unwrap()]);
    assert_eq!(found.expires, Micros((NOW + 630) * SECOND_US));
}

#[test]
fn claims_that_are_missing_or_of_others_are_not_believed() {
    for change in [
        json!({"aud": null}),
        json!({"aud": "another"}),
        json!({"aud": ["a", "b"]}),
        json!({"aud": 5}),
        json!({"iss": null}),
        json!({"iss": "https://issuer/"}),
        json!({"iss": ["https://issuer"]}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"exp": null}),
        json!({"exp": "1780272600"}),
        json!({"exp": 1e300}),
        json!({"nbf": NOW + 3_600}),
        json!({"nbf": "soon"}),
        json!({"iat": NOW + 3_600}),
        json!({"exp": NOW + 31_536_000}),
        json!({"exp": NOW + 31_536_000, "iat": null}),
    ] {
        check(&header(), &with(change), Err(Doubt::Invalid));
    }
    check(&header(), &with(json!({"aud": ["a", "customer360"]})), Ok(()));
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    check(&header(), &with(json!({"exp": NOW - 20})), Ok(()));
    check(&header(), &with(json!({"exp": NOW - 40})), Err(Doubt::Expired));
    check(&header(), &with(json!({"exp": NOW - 3_600})), Err(Doubt::Expired));
    check(&header(), &with(json!({"nbf": NOW + 20})), Ok(()));
    check(&header(), &with(json!({"nbf": NOW + 40})), Err(Doubt::Invalid));
    check(&header(), &with(json!({"exp": NOW as f64 + 0.5})), Ok(()));
}

#[test]
fn headers_that_ask_for_trust_get_none() {
    let with = |name: &str, value: Value| {
        let mut header = header();
        header[name] = value;
        header
    };
    for alg in ["none", "None", "nOnE", "HS256", "RS256", "ES384", "es256", ""] {
        check(&with("alg", json!(alg)), &claims(), Err(Doubt::Invalid));
    }
    check(&with("typ", json!("at+jwt")), &claims(), Ok(()));
    check(&with("typ", json!("logout+jwt")), &claims(), Err(Doubt::Invalid));
    check(&with("crit", json!(["exp"])), &claims(), Err(Doubt::Invalid));
    check(&with("kid", json!("../../k1")), &claims(), Err(Doubt::UnknownKey));
    check(&with("kid", json!("k".repeat(10_000))), &claims(), Err(Doubt::Invalid));
    check(&json!({"alg": "ES256"}), &claims(), Err(Doubt::Invalid));
    // A key of the attacker's in the header is not looked at: the signature is by the known one.
    check(&with("jwk", issuer("k1").document), &claims(), Ok(()));
}

#[test]
fn signatures_of_others_and_symmetric_ones_are_refused() {
    let (ours, theirs) = (issuer("k1"), issuer("k1"));
    let verify = |token: &str| rules().verify(token, &ours.keys(), Micros(NOW * SECOND_US)).map(drop);
    let forged = theirs.signed(&header(), &claims());
    assert_eq!(verify(&forged), Err(Doubt::Invalid));
    let good = ours.signed(&header(), &claims());
    assert_eq!(verify(&good), Ok(()));
    let unsigned = good.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&format!("{unsigned}.")), Err(Doubt::Invalid));
    assert_eq!(verify(unsigned), Err(Doubt::Invalid));
    // HS256 by the public key, as any part of it that an attacker could take for the secret.
    for secret in [ours.document.to_string(), ours.document["x"].as_str().unwrap().to_owned()] {
        let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
        header.kid = Some("k1".to_owned());
        let token = encode(&header, &claims(), &EncodingKey::from_secret(secret.as_bytes())).unwrap();
        assert_eq!(verify(&token), Err(Doubt::Invalid));
    }
    let twice = r#"{"alg":"none","alg":"ES256","kid":"k1"}"#;
    let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(twice), good.split_once('.').unwrap().1);
    assert_eq!(verify(&token), Err(Doubt::Invalid));
}

#[test]
fn roles_that_are_no_list_of_texts_give_nothing() {
    let issuer = issuer("k1");
    let roles = |said: Value| {
        let token = issuer.signed(&header(), &with(json!({ "customer360": { "roles": said } })));
        rules().verify(&token, &issuer.keys(), Micros(NOW * SECOND_US)).unwrap().roles
    };
    assert_eq!(roles(json!(["analyst", 5])), [Role::Analyst]);
    assert!(roles(json!("owner")).is_empty());
    assert!(roles(json!({"owner": true})).is_empty());
    assert!(roles(json!(vec!["owner"; CLAIMED + 1])).is_empty());
    assert_eq!(roles(json!(vec!["owner"; CLAIMED])).len(), CLAIMED);
    assert!(roles(Value::Null).is_empty());
}

#[test]
fn only_public_keys_that_sign_are_taken() {
    let good = issuer("k1").document;
    let parse = |keys: Value| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes());
    let symmetric = json!({"kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256"});
    assert!(parse(json!([symmetric])).is_err());
    assert_eq!(parse(json!([symmetric, good])).unwrap().ids().collect::<Vec<_>>(), ["k1"]);
    assert!(parse(json!(vec![good.clone(); 65])).is_err());
    let mut encrypting = good.clone();
    encrypting["use"] = json!("enc");
    assert!(parse(json!([encrypting])).is_err());
    let short = json!({"kty": "RSA", "kid": "r", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([0xFF; 128])});
    assert!(parse(json!([short])).is_err());
    assert!(KeySet::parse(b"<html>").is_err());
}
