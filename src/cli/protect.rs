//! What protects the port, from the settings: who may call, and TLS. All of it is kept fresh from the
//! start on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::CliError;
use crate::access::token::TokenRules;
use crate::clock;
use crate::config::{Config, Written};
use crate::server::issuer::{Issuer, KeySource};
use crate::server::tls::{ClientCertificates, TlsFiles};
use crate::server::{Credentials, Protection, Tls, credentials};
use crate::store::Store;

/// # Errors
/// When keys cannot be read from the store, or certificates from their files.
pub(super) async fn protection(config: &Config, store: &Store) -> Result<Protection, CliError> {
    let written = &config.written;
    let issuer = config.auth.jwt.then(|| Arc::new(issuer(written)));
    let settings = credentials::Settings {
        auth: config.auth,
        refresh: Duration::from_secs(written.auth_refresh_seconds),
        failures_per_second: written.auth_failures_per_second,
        principal_requests_per_second: written.principal_requests_per_second,
        domains: listed(&written.mtls_domains),
        unlisted: false,
    };
    let credentials = Arc::new(Credentials::new(settings, issuer.clone(), clock::system()));
    let epoch = credentials.refresh(store).await?;
    if !config.auth.is_none() && !credentials.directory().has_owner() {
        tracing::warn!(
            "nobody owns this deployment yet, and no call is let in: make the first key at its database, with `customer360 keys create --name NAME`"
        );
    }
    let tls = match written.tls_certificate_file.is_empty() {
        true => None,
        false => Some(Arc::new(Tls::load(files(written))?)),
    };
    if tls.is_none() && !config.listen.ip().is_loopback() {
        tracing::warn!(address = %config.listen, "plaintext: whoever sees the network sees every key (insecure_listen)");
    }
    // They end with the runtime: they only read.
    tokio::spawn(credentials.clone().follow(store.clone(), epoch));
    if let Some(issuer) = issuer {
        tokio::spawn(issuer.follow(clock::system()));
    }
    if let Some(tls) = &tls {
        tokio::spawn(tls.clone().follow(Duration::from_secs(written.tls_reload_seconds)));
    }
    Ok(Protection { credentials, tls })
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn issuer(written: &Written) -> Issuer {
    let rules = TokenRules {
        issuer: written.auth_issuer.clone(),
        audience: written.auth_audience.clone(),
        // Their names were checked with the settings.
        algorithms: listed(&written.auth_algorithms)
            .iter()
            .filter_map(|name| name.parse::<Algorithm>().ok())
            .collect(),
        leeway_seconds: seconds(written.auth_leeway_seconds),
        max_seconds: seconds(written.auth_max_token_seconds),
        roles_claim: written.auth_roles_claim.clone(),
        tenants_claim: written.auth_tenants_claim.clone(),
    };
    let source = match (written.auth_jwks_file.as_str(), written.auth_jwks_url.as_str()) {
        ("", "") => KeySource::Discovery,
        ("", url) => KeySource::Url(url.to_owned()),
        (file, _) => KeySource::File(file.into()),
    };
    Issuer::new(rules, source, Duration::from_secs(written.auth_jwks_max_stale_seconds))
}

fn seconds(setting: u64) -> i64 {
    i64::try_from(setting).unwrap_or(i64::MAX)
}

fn files(written: &Written) -> TlsFiles {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    TlsFiles {
        certificate: PathBuf::from(&written.tls_certificate_file),
        key: PathBuf::from(&written.tls_key_file),
        clients: match written.tls_client.as_str() {
            "optional" => ClientCertificates::Optional,
            "required" => ClientCertificates::Required,
            _ => ClientCertificates::Off,
        },
        client_authorities: path(&written.tls_client_ca_file),
        client_revocations: path(&written.tls_client_crl_file),
    }
}
