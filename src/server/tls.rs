//! TLS of the port. Certificate, key, client authorities and revocations are read as a whole, checked as
//! a whole, and replaced as a whole while connections go on; what does not fit together is told in the
//! log, and the old ones stay.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};

/// The only protocol spoken after the handshake.
pub(super) const PROTOCOL: &[u8] = b"h2";

/// Whether callers show certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    Off,
    Optional,
    Required,
}

/// Where everything lies, all of it PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub clients: ClientCertificates,
    pub client_authorities: Option<PathBuf>,
    pub client_revocations: Option<PathBuf>,
}

/// Why files of TLS cannot be used. None repeats what is in a file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{file} cannot be read: {cause}")]
    Read {
        file: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("{file} holds no {what} (PEM)")]
    Pem { file: String, what: &'static str },
    #[error("the files do not fit together: {0}")]
    Unfit(String),
}

/// See the module.
pub struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<[u8; 32]>,
}

/// The contents of all files.
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
    revocations: Option<Vec<u8>>,
}

impl Tls {
    /// # Errors
    /// When a file cannot be used.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let (config, seen) = (files.config(&contents)?, contents.digest());
        Ok(Self { files, config: ArcSwap::new(Arc::new(config)), seen: Mutex::new(seen) })
    }

    /// For the next handshake.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Takes the files anew if they have changed; says whether they have.
    ///
    /// # Errors
    /// When they cannot be used; what there was stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let contents = self.files.read()?;
        let digest = contents.digest();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == digest {
            return Ok(false);
        }
        // What cannot be used is told once, not at each look.
        *seen = digest;
        drop(seen);
        self.config.store(Arc::new(self.files.config(&contents)?));
        Ok(true)
    }

    /// Looks at the files again and again. Never ends.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let tls = self.clone();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(true)) => tracing::info!("new certificates are taken"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    metrics::counter!("customer360_tls_reload_failures_total").increment(1);
                    tracing::error!(error = %error, "new certificates cannot be used: the old ones stay");
                }
                Err(_) => tracing::error!("reading certificates failed"),
            }
        }
    }
}

impl Contents {
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let empty = Vec::new();
        let all = [
            &self.certificate,
            &self.key,
            self.authorities.as_ref().unwrap_or(&empty),
            self.revocations.as_ref().unwrap_or(&empty),
        ];
        for part in all {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|cause| TlsError::Read { file: path.display().to_string(), cause })
        };
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            authorities: self.client_authorities.as_ref().map(read).transpose()?,
            revocations: self.client_revocations.as_ref().map(read).transpose()?,
        })
    }

    fn config(&self, contents: &Contents) -> Result<ServerConfig, TlsError> {
        let unfit = |error: rustls::Error| TlsError::Unfit(error.to_string());
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|_| TlsError::Pem { file: self.key.display().to_string(), what: "private key" })?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?;
        let builder = match self.verifier(contents)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        // Says so, too, when the key is not the certificate's.
        let mut config = builder.with_single_cert(chain, key).map_err(unfit)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(config)
    }

    /// What callers' certificates are checked by.
    fn verifier(&self, contents: &Contents) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        let (Some(path), Some(pem)) = (&self.client_authorities, &contents.authorities) else {
            return Ok(None);
        };
        if self.clients == ClientCertificates::Off {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        for authority in certificates(path, pem)? {
            roots.add(authority).map_err(|error| TlsError::Unfit(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let (Some(path), Some(pem)) = (&self.client_revocations, &contents.revocations) {
            let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem).collect();
            let what = "list of revoked certificates";
            let bad = |_| TlsError::Pem { file: path.display().to_string(), what };
            verifier = verifier.with_crls(lists.map_err(bad)?).only_check_end_entity_revocation();
        }
        if self.clients == ClientCertificates::Optional {
            verifier = verifier.allow_unauthenticated();
        }
        verifier.build().map(Some).map_err(|error| TlsError::Unfit(error.to_string()))
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bad = || TlsError::Pem { file: path.display().to_string(), what: "certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| bad())?;
    if found.is_empty() { Err(bad()) } else { Ok(found) }
}
