//! Who calls: the credentials that a call brings, held against what is stored. What is stored is read
//! anew when its epoch moves; a call waits for nothing but a token that nobody has seen before.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::issuer::Issuer;
use super::peer::{CertificateNames, Peer};
use crate::access::key::KEY_PREFIX;
use crate::access::rate::Bucket;
use crate::access::{Denied, Directory, Principal, PrincipalKind};
use crate::clock::Clock;
use crate::config::Auth;
use crate::model::Micros;
use crate::store::{Store, StoreError};

/// Peers whose failures are counted; beyond them all are forgotten.
const COUNTED_PEERS: usize = 10_000;

/// How credentials are held against what is stored.
#[derive(Debug, Clone)]
pub struct Settings {
    pub auth: Auth,
    /// How old what is known of the store may be.
    pub refresh: Duration,
    /// Refused credentials of one peer a second.
    pub failures_per_second: u64,
    /// Calls of one principal a second; 0: no limit.
    pub principal_requests_per_second: u64,
    /// Trust domains of SPIFFE ids.
    pub domains: Vec<String>,
    /// Whether methods that the table does not know are let through; never where the service serves.
    pub unlisted: bool,
}

/// See the module.
pub struct Credentials {
    settings: Settings,
    clock: Clock,
    everybody: Arc<Principal>,
    directory: ArcSwap<Directory>,
    failures: Mutex<HashMap<IpAddr, Bucket>>,
    issuer: Option<Arc<Issuer>>,
}

/// What a call brings.
pub enum Presented {
    Known(Result<Arc<Principal>, Denied>),
    /// A token that was not verified yet.
    Token(String),
}

impl Credentials {
    /// With nothing known of the store yet: call [`Credentials::refresh`], then keep it fresh.
    #[must_use]
    pub fn new(settings: Settings, issuer: Option<Arc<Issuer>>, clock: Clock) -> Self {
        Self {
            settings,
            clock,
            everybody: Arc::new(Principal::everybody()),
            directory: ArcSwap::default(),
            failures: Mutex::default(),
            issuer,
        }
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        (self.clock)()
    }

    #[must_use]
    pub fn directory(&self) -> arc_swap::Guard<Arc<Directory>> {
        self.directory.load()
    }

    /// How often who was let in is looked at again.
    #[must_use]
    pub fn refresh_interval(&self) -> Duration {
        self.settings.refresh
    }

    /// Whether methods that the table does not know are let through.
    #[must_use]
    pub fn lets_unlisted(&self) -> bool {
        self.settings.unlisted
    }

    /// Whether nobody has to say who they are.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.settings.auth.is_none()
    }

    /// Who calls.
    #[must_use]
    pub fn present(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Presented {
        if self.is_open() {
            return Presented::Known(Ok(self.everybody.clone()));
        }
        let (now, auth) = (self.now(), self.settings.auth);
        let address = peer.and_then(|peer| peer.address);
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let bearer = match (values.next(), values.next()) {
            (None, _) => {
                let certificate = peer.and_then(|peer| peer.certificate.as_ref()).filter(|_| auth.mtls);
                let known = certificate.ok_or(Denied::CredentialsMissing);
                return Presented::Known(known.and_then(|names| self.principal_of_certificate(names, now)));
            }
            (Some(one), None) => one.to_str().ok().and_then(bearer),
            (Some(_), Some(_)) => None,
        };
        if let Err(retry_us) = self.may_fail(address, now) {
            return Presented::Known(Err(Denied::RateLimited { retry_us }));
        }
        let known = match (bearer, &self.issuer) {
            (Some(text), _) if text.starts_with(KEY_PREFIX) && auth.keys => {
                self.directory.load().principal_of_key(text, now)
            }
            (Some(text), Some(issuer)) if !text.starts_with(KEY_PREFIX) => {
                match issuer.remembered(text, now) {
                    Some(principal) => Ok(principal),
                    None => return Presented::Token(text.to_owned()),
                }
            }
            _ => Err(Denied::CredentialsInvalid),
        };
        self.counted(known, address, now)
    }

    /// Who calls, by a token that has to be verified.
    pub async fn verify(&self, token: &str, peer: Option<IpAddr>) -> Result<Arc<Principal>, Denied> {
        let now = self.now();
        let issuer = self.issuer.as_ref().ok_or(Denied::CredentialsInvalid)?;
        let forgotten = issuer.forgotten();
        let directory = self.directory.load_full();
        let known = issuer.principal(token, &directory, forgotten, now).await;
        match self.counted(known, peer, now) {
            Presented::Known(known) => known,
            Presented::Token(_) => Err(Denied::CredentialsInvalid),
        }
    }

    /// Failures of a peer are counted, so that guessing has an end.
    fn counted(&self, known: Result<Arc<Principal>, Denied>, peer: Option<IpAddr>, now: Micros) -> Presented {
        if matches!(known, Err(Denied::CredentialsInvalid)) {
            self.failed(peer, now);
        }
        Presented::Known(known)
    }

    /// The principal of a verified certificate: exactly one SPIFFE id of a domain of ours, or a DNS name
    /// that has grants.
    fn principal_of_certificate(
        &self,
        names: &CertificateNames,
        now: Micros,
    ) -> Result<Arc<Principal>, Denied> {
        let directory = self.directory.load();
        let name = match names.uris.as_slice() {
            [uri] if self.settings.domains.iter().any(|domain| is_in_domain(uri, domain)) => uri.clone(),
            [] => {
                let mut named = names.dns.iter().map(|dns| format!("dns:{dns}"));
                let known = named.find(|name| !directory.grants_of(name).is_empty());
                known.ok_or(Denied::CredentialsInvalid)?
            }
            _ => return Err(Denied::CredentialsInvalid),
        };
        let grants = directory.grants_of(&name).to_vec();
        Ok(Arc::new(Principal::new(name, PrincipalKind::Certificate, grants, now)))
    }

    /// Whether a peer has not failed too often; it costs nothing where nobody fails.
    fn may_fail(&self, peer: Option<IpAddr>, now: Micros) -> Result<(), i64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.is_empty() {
            return Ok(());
        }
        match peer.and_then(|peer| failures.get(&peer)) {
            Some(bucket) if bucket.is_empty(now) => Err(crate::model::time::SECOND_US),
            _ => Ok(()),
        }
    }

    fn failed(&self, peer: Option<IpAddr>, now: Micros) {
        let Some(peer) = peer else { return };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= COUNTED_PEERS {
            failures.retain(|_, bucket| !bucket.is_full(now));
            if failures.len() >= COUNTED_PEERS {
                failures.clear();
            }
        }
        if let Some(bucket) = Bucket::per_second(self.settings.failures_per_second) {
            // What is over the limit is refused before it is counted.
            let _ = failures.entry(peer).or_insert(bucket).take(now, 1);
        }
    }

    /// Reads what the store says; answers the epoch.
    ///
    /// # Errors
    /// What the database says; what was known goes on.
    pub async fn refresh(&self, store: &Store) -> Result<i64, StoreError> {
        let (epoch, stored) = store.access().await?;
        let rate = self.settings.principal_requests_per_second;
        let directory = Directory::new(stored, &self.directory.load(), rate, self.now());
        self.directory.store(Arc::new(directory));
        if let Some(issuer) = &self.issuer {
            issuer.forget();
        }
        Ok(epoch)
    }

    /// Keeps what is known fresh. Never ends.
    pub async fn follow(self: Arc<Self>, store: Store, mut epoch: i64) {
        loop {
            tokio::time::sleep(self.settings.refresh).await;
            self.forget_peers();
            let moved = match store.access_epoch().await {
                Ok(now) => now != epoch || self.directory.load().is_outdated(self.now()),
                Err(_) => {
                    metrics::counter!("customer360_access_refresh_failures_total").increment(1);
                    continue;
                }
            };
            if moved && let Ok(read) = self.refresh(&store).await {
                epoch = read;
            }
        }
    }

    /// Peers that have not failed for a while cost nothing.
    fn forget_peers(&self) {
        let now = self.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, bucket| !bucket.is_full(now));
    }
}

/// Whether a SPIFFE id is of a trust domain.
fn is_in_domain(uri: &str, domain: &str) -> bool {
    let path = uri.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain));
    path.is_some_and(|path| path.len() > 1 && path.starts_with('/'))
}

/// The credential of `Bearer ...`; `None` for any other scheme.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}
