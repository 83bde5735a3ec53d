//! The issuer of tokens: its public keys, where they are read, and the tokens that were believed a moment
//! ago. Verifying a signature takes about as long as answering a call, so each token is verified once a
//! minute.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::fetch::Fetcher;
use crate::access::token::{Claims, Doubt, KeySet, TokenRules};
use crate::access::{Denied, Directory, Grant, Principal, PrincipalKind, TenantScope};
use crate::model::Micros;
use crate::model::time::SECOND_US;

/// For how long a verified token is believed without being verified again.
const BELIEVED_US: i64 = 60 * SECOND_US;
/// Tokens that are remembered.
const REMEMBERED: usize = 10_000;
/// Unknown keys make nobody read the issuer's more often than this.
const PAUSE_US: i64 = 60 * SECOND_US;
/// How long keys are believed when the issuer does not say.
const KEPT: Duration = Duration::from_secs(600);

/// Where the keys of the issuer are.
#[derive(Debug, Clone)]
pub enum KeySource {
    File(PathBuf),
    Url(String),
    /// Named by the discovery document of the issuer.
    Discovery,
}

/// See the module.
pub struct Issuer {
    rules: TokenRules,
    source: KeySource,
    max_stale_us: i64,
    fetcher: Fetcher,
    keys: ArcSwap<Known>,
    /// When keys were last asked for, whether they came or not; whoever asks holds it.
    asked: tokio::sync::Mutex<Option<Micros>>,
    believed: Mutex<Believing>,
}

/// Tokens that were believed a moment ago, by their digests.
#[derive(Default)]
struct Believing {
    tokens: HashMap<[u8; 32], Believed>,
    /// How often all were forgotten.
    forgotten: u64,
}

/// What is known of the issuer's keys.
#[derive(Default)]
struct Known {
    keys: KeySet,
    /// When they were read; none before the first time.
    at: Option<Micros>,
    digest: [u8; 32],
}

struct Believed {
    principal: Arc<Principal>,
    until: Micros,
}

impl Issuer {
    #[must_use]
    pub fn new(rules: TokenRules, source: KeySource, max_stale: Duration) -> Self {
        Self {
            rules,
            source,
            max_stale_us: i64::try_from(max_stale.as_micros()).unwrap_or(i64::MAX),
            fetcher: Fetcher::new(),
            keys: ArcSwap::default(),
            asked: tokio::sync::Mutex::default(),
            believed: Mutex::default(),
        }
    }

    /// The principal of a token that was believed a moment ago.
    #[must_use]
    pub fn remembered(&self, token: &str, now: Micros) -> Option<Arc<Principal>> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.tokens.get(&digest).filter(|one| now < one.until).map(|one| one.principal.clone())
    }

    /// How often all were forgotten: to be read before the grants that a token is held against.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner).forgotten
    }

    /// Forgets all of them: keys or grants have changed.
    pub fn forget(&self) {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.tokens.clear();
        believed.forgotten += 1;
    }

    /// The principal of a token. It is remembered unless all were forgotten since `forgotten`: then it was
    /// held against grants that may be gone.
    ///
    /// # Errors
    /// When it is not to be believed, or nobody can say.
    pub async fn principal(
        &self,
        token: &str,
        directory: &Directory,
        forgotten: u64,
        now: Micros,
    ) -> Result<Arc<Principal>, Denied> {
        let mut claims = self.verify(token, now);
        if claims == Err(Doubt::UnknownKey) && self.ask_again(now).await {
            claims = self.verify(token, now);
        }
        let claims = match claims {
            Ok(claims) => claims,
            Err(Doubt::Expired) => return Err(Denied::CredentialsExpired),
            // With no keys, or old ones, nobody can say: a good token must not be thrown away.
            Err(Doubt::UnknownKey) if self.is_stale(now) => return Err(Denied::IssuerUnavailable),
            Err(Doubt::UnknownKey | Doubt::Invalid) => return Err(Denied::CredentialsInvalid),
        };
        if self.is_stale(now) {
            return Err(Denied::IssuerUnavailable);
        }
        let until = Micros(claims.expires.0.min(now.0 + BELIEVED_US));
        let principal = Arc::new(principal_of(&self.rules, claims, directory, now));
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.forgotten != forgotten {
            return Ok(principal);
        }
        let tokens = &mut believed.tokens;
        if tokens.len() >= REMEMBERED {
            tokens.retain(|_, one| now < one.until);
            if tokens.len() >= REMEMBERED {
                tokens.clear();
            }
        }
        let digest = Sha256::digest(token.as_bytes()).into();
        tokens.insert(digest, Believed { principal: principal.clone(), until });
        Ok(principal)
    }

    fn verify(&self, token: &str, now: Micros) -> Result<Claims, Doubt> {
        self.rules.verify(token, &self.keys.load().keys, now)
    }

    fn is_stale(&self, now: Micros) -> bool {
        self.keys.load().at.is_none_or(|at| now.0 - at.0 > self.max_stale_us)
    }

    /// Reads the keys because of one that is not known; says whether that was done, by this call or by
    /// one that it waited for.
    async fn ask_again(&self, now: Micros) -> bool {
        let before = self.keys.load().at;
        let mut asked = self.asked.lock().await;
        if self.keys.load().at != before {
            return true;
        }
        if asked.is_some_and(|at| now.0 - at.0 < PAUSE_US) {
            return false;
        }
        *asked = Some(now);
        self.read(now).await.is_ok()
    }

    /// Reads the keys; answers for how long they are good.
    ///
    /// # Errors
    /// Why they could not be read, or used; the old ones stay.
    pub async fn read(&self, now: Micros) -> Result<Duration, String> {
        let (document, kept) = match &self.source {
            KeySource::File(path) => {
                let read = tokio::fs::read(path).await.map_err(|error| error.to_string())?;
                (read, Duration::from_secs(5))
            }
            KeySource::Url(url) => {
                let (read, kept) = self.fetcher.get(url).await?;
                (read, kept.unwrap_or(KEPT))
            }
            KeySource::Discovery => {
                let url = self.fetcher.key_set_of(&self.rules.issuer).await?;
                let (read, kept) = self.fetcher.get(&url).await?;
                (read, kept.unwrap_or(KEPT))
            }
        };
        let digest: [u8; 32] = Sha256::digest(&document).into();
        let keys = KeySet::parse(&document)?;
        let changed = self.keys.load().digest != digest;
        self.keys.store(Arc::new(Known { keys, at: Some(now), digest }));
        if changed {
            // A key may have been taken away because it was stolen.
            self.forget();
        }
        Ok(kept)
    }

    /// Keeps the keys fresh. Never ends.
    pub async fn follow(self: Arc<Self>, clock: crate::clock::Clock) {
        loop {
            let read = {
                let mut asked = self.asked.lock().await;
                *asked = Some(clock());
                self.read(clock()).await
            };
            let wait = match read {
                Ok(kept) => kept,
                Err(why) => {
                    metrics::counter!("customer360_issuer_failures_total").increment(1);
                    tracing::warn!(why, "the keys of the tokens' issuer cannot be read");
                    Duration::from_secs(30)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }
}

/// What a token's claims and the stored grants add up to. Roles come from the token, tenants from the
/// grants of its subject or of its roles, and from the token only where a claim for them is named.
fn principal_of(rules: &TokenRules, claims: Claims, directory: &Directory, now: Micros) -> Principal {
    let name = format!("jwt:{}#{}", rules.issuer, claims.subject);
    let mut grants = Vec::new();
    for grant in directory.grants_of(&name) {
        match grant.role.is_none() && grant.permissions.is_empty() {
            true => {
                grants.extend(claims.roles.iter().map(|&role| Grant { role: Some(role), ..grant.clone() }))
            }
            false => grants.push(grant.clone()),
        }
    }
    for role in &claims.roles {
        grants.extend(directory.grants_of(&format!("role:{}", role.name())).iter().cloned());
        let in_tenant =
            |tenant: &crate::model::TenantName| Grant::of_role(TenantScope::One(tenant.clone()), *role);
        grants.extend(claims.tenants.iter().map(in_tenant));
    }
    let mut principal = Principal::new(name, PrincipalKind::Token, grants, now);
    principal.expires = Some(claims.expires);
    principal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::directory::Stored;
    use crate::access::{Permission, Role};
    use crate::model::TenantName;

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://i".to_owned(),
            audience: "us".to_owned(),
            algorithms: Vec::new(),
            leeway_seconds: 0,
            max_seconds: 60,
            roles_claim: String::new(),
            tenants_claim: String::new(),
        }
    }

    #[track_caller]
    fn check(stored: &[(&str, Grant)], roles: &[Role], tenants: &[&str], permits: &[(&str, Permission)]) {
        let grants = stored.iter().map(|(name, grant)| ((*name).to_owned(), vec![grant.clone()])).collect();
        let stored = Stored { grants, ..Stored::default() };
        let directory = Directory::new(stored, &Directory::default(), 0, Micros(0));
        let tenant = |name: &&str| TenantName::parse(name).unwrap();
        let claims = Claims {
            subject: "ada".to_owned(),
            expires: Micros(9),
            roles: roles.to_vec(),
            tenants: tenants.iter().map(tenant).collect(),
        };
        let principal = principal_of(&rules(), claims, &directory, Micros(0));
        for name in ["acme", "other"] {
            for permission in [Permission::KpiRead, Permission::AdminKey, Permission::CustomerRead] {
                let scope = principal.scope(&tenant(&name));
                let permitted = scope.is_some_and(|scope| scope.permissions.has(permission));
                assert_eq!(permitted, permits.contains(&(name, permission)), "{name} {permission:?}");
            }
        }
    }

    #[test]
    fn roles_come_from_the_token_and_tenants_from_the_grants() {
        let acme = TenantScope::parse("acme").unwrap();
        let empty = Grant { role: None, ..Grant::of_role(acme.clone(), Role::Viewer) };
        let subject = "jwt:https://i#ada";
        check(&[], &[Role::Owner], &[], &[]);
        check(&[(subject, empty)], &[Role::Viewer], &[], &[("acme", Permission::KpiRead)]);
        let service = Grant::of_role(acme.clone(), Role::Service);
        check(&[(subject, service)], &[Role::Viewer], &[], &[("acme", Permission::CustomerRead)]);
        let viewers = Grant::of_role(acme, Role::Viewer);
        check(&[("role:viewer", viewers.clone())], &[Role::Viewer], &[], &[("acme", Permission::KpiRead)]);
        check(&[("role:viewer", viewers)], &[Role::Analyst], &[], &[]);
        check(&[], &[Role::Viewer], &["other"], &[("other", Permission::KpiRead)]);
    }
}
