//! Tokens (JWT): what one must be like to be believed. The library verifies the signature; every claim is
//! checked here, because its defaults take a token without audience or issuer, and one of the future.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::Role;
use crate::model::time::SECOND_US;
use crate::model::{Micros, TenantName};

/// Bytes of a token at most.
const TOKEN_BYTES: usize = 16_384;
const KID_BYTES: usize = 256;
/// Keys of an issuer at most.
const KEYS: usize = 64;
/// Roles, and tenants, that a token may claim.
const CLAIMED: usize = 100;
/// 2,048 bits.
const RSA_BYTES: usize = 256;

/// What a token must say.
#[derive(Debug, Clone)]
pub struct TokenRules {
    pub issuer: String,
    pub audience: String,
    pub algorithms: Vec<Algorithm>,
    pub leeway_seconds: i64,
    /// From when it was issued until it ends, at most.
    pub max_seconds: i64,
    /// A JSON pointer.
    pub roles_claim: String,
    /// A JSON pointer; empty: tokens do not say tenants.
    pub tenants_claim: String,
}

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    pub expires: Micros,
    pub roles: Vec<Role>,
    pub tenants: Vec<TenantName>,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is signed by a key that is not known here, and may be new.
    UnknownKey,
    Expired,
    Invalid,
}

/// The public keys of an issuer.
#[derive(Default)]
pub struct KeySet(HashMap<String, SigningKey>);

struct SigningKey {
    key: DecodingKey,
    /// Those that the key's kind, and what it says of itself, allow.
    algorithms: Vec<Algorithm>,
}

/// Other members, keys in the header among them, are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys that may sign tokens; others are left out, symmetric ones above all.
    ///
    /// # Errors
    /// When the document is no key set, or holds no usable key, or too many.
    pub fn parse(document: &[u8]) -> Result<Self, &'static str> {
        let document: Document = serde_json::from_slice(document).map_err(|_| "it is no JWK set")?;
        if document.keys.len() > KEYS {
            return Err("it holds more than 64 keys");
        }
        let keys: HashMap<_, _> = document.keys.into_iter().filter_map(signing_key).collect();
        if keys.is_empty() { Err("it holds no key that signs tokens") } else { Ok(Self(keys)) }
    }

    /// The names of the keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn signing_key(document: Value) -> Option<(String, SigningKey)> {
    let jwk: Jwk = serde_json::from_value(document).ok()?;
    let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty() && kid.len() <= KID_BYTES)?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let of_kind: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let long = modulus.iter().skip_while(|&&byte| byte == 0).count() >= RSA_BYTES;
            if long { &[RS256, RS384, RS512, PS256, PS384, PS512] } else { return None }
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => return None,
    };
    let algorithms = match jwk.common.key_algorithm {
        Some(said) => of_kind.iter().copied().filter(|&one| name(one) == Some(said)).collect(),
        None => of_kind.to_vec(),
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((kid, SigningKey { key, algorithms }))
}

/// As keys say it. Symmetric ones have no name here.
fn name(algorithm: Algorithm) -> Option<KeyAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::ES384 => KeyAlgorithm::ES384,
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::RS384 => KeyAlgorithm::RS384,
        Algorithm::RS512 => KeyAlgorithm::RS512,
        Algorithm::PS256 => KeyAlgorithm::PS256,
        Algorithm::PS384 => KeyAlgorithm::PS384,
        Algorithm::PS512 => KeyAlgorithm::PS512,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
        _ => return None,
    })
}

impl TokenRules {
    /// What a token says, if it is to be believed.
    ///
    /// # Errors
    /// Why not. The caller is told no more than that it is not valid, or has expired.
    pub fn verify(&self, token: &str, keys: &KeySet, now: Micros) -> Result<Claims, Doubt> {
        let (key, algorithm) = self.key_of(token, keys)?;
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: Value = jsonwebtoken::decode(token, key, &validation).map_err(|_| Doubt::Invalid)?.claims;
        self.check(&claims, now)
    }

    /// The key that a token names, and how it says that it was signed.
    fn key_of<'k>(&self, token: &str, keys: &'k KeySet) -> Result<(&'k DecodingKey, Algorithm), Doubt> {
        if token.len() > TOKEN_BYTES || token.split('.').count() != 3 {
            return Err(Doubt::Invalid);
        }
        let encoded = token.split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Doubt::Invalid)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Doubt::Invalid)?;
        let typ = header.typ.as_deref().unwrap_or("JWT");
        let known = ["JWT", "at+jwt", "application/at+jwt"];
        if header.crit.is_some() || !known.iter().any(|one| one.eq_ignore_ascii_case(typ)) {
            return Err(Doubt::Invalid);
        }
        let said = self.algorithms.iter().copied().find(|&one| format!("{one:?}") == header.alg);
        let said = said.ok_or(Doubt::Invalid)?;
        let kid = header.kid.filter(|kid| kid.len() <= KID_BYTES).ok_or(Doubt::Invalid)?;
        let key = keys.0.get(&kid).ok_or(Doubt::UnknownKey)?;
        match key.algorithms.contains(&said) {
            true => Ok((&key.key, said)),
            false => Err(Doubt::Invalid),
        }
    }

    fn check(&self, claims: &Value, now: Micros) -> Result<Claims, Doubt> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.issuer.as_str()) || !self.is_for_us(claims.get("aud")) {
            return Err(Doubt::Invalid);
        }
        let subject = text("sub").filter(|sub| !sub.is_empty() && sub.len() <= KID_BYTES);
        let subject = subject.ok_or(Doubt::Invalid)?.to_owned();
        let (now, leeway) = (now.0.div_euclid(SECOND_US), self.leeway_seconds);
        let expires = seconds(claims, "exp")?.ok_or(Doubt::Invalid)?;
        let (begins, issued) = (seconds(claims, "nbf")?, seconds(claims, "iat")?);
        if [begins, issued].iter().flatten().any(|&at| at > now + leeway) {
            return Err(Doubt::Invalid);
        }
        if expires.saturating_sub(issued.unwrap_or(now)) > self.max_seconds {
            return Err(Doubt::Invalid);
        }
        if expires + leeway <= now {
            return Err(Doubt::Expired);
        }
        let roles = claimed(claims, &self.roles_claim).iter().filter_map(|role| Role::parse(role)).collect();
        let tenants = claimed(claims, &self.tenants_claim);
        let tenants = tenants.iter().filter_map(|name| TenantName::parse(name)).collect();
        Ok(Claims { subject, expires: Micros((expires + leeway).saturating_mul(SECOND_US)), roles, tenants })
    }

    fn is_for_us(&self, audience: Option<&Value>) -> bool {
        match audience {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(&self.audience)),
            _ => false,
        }
    }
}

/// An instant in a claim, in seconds since 1970; fractions are cut off.
fn seconds(claims: &Value, name: &str) -> Result<Option<i64>, Doubt> {
    // Beyond it no sum of instants is exact any more.
    const FAR: f64 = 1e12;
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) if whole.unsigned_abs() as f64 <= FAR => Ok(Some(whole)),
            (None, Some(at)) if at.abs() <= FAR => Ok(Some(at as i64)),
            _ => Err(Doubt::Invalid),
        },
        Some(_) => Err(Doubt::Invalid),
    }
}

/// The texts of a claim that is an array of them; whatever else it is says nothing.
fn claimed<'a>(claims: &'a Value, pointer: &str) -> Vec<&'a str> {
    match claims.pointer(pointer).and_then(Value::as_array) {
        Some(array) if !pointer.is_empty() && array.len() <= CLAIMED => {
            array.iter().filter_map(Value::as_str).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
