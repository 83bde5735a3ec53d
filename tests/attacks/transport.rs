//! TLS: who does not speak it, who shows the wrong certificate, and certificates that are replaced while
//! the service runs.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use customer360::cli::client::{self, Credential};
use customer360::rpc::proto::admin_service_client::AdminServiceClient;
use customer360::rpc::proto::{PrincipalGrants, SetGrantsRequest, WhoAmIRequest};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::ground::{Ground, first_key, grant, refused};
use crate::support::{PATIENCE, Service};

/// An authority of the tests.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, uuid());
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

/// Authorities differ by their names.
fn uuid() -> String {
    crate::support::tenant()
}

impl Authority {
    /// Certificate and key for these names.
    fn certificate(&self, names: &[&str], uris: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "spiffe://example.org/owner");
        for uri in uris {
            params.subject_alt_names.push(SanType::URI((*uri).try_into().unwrap()));
        }
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A service over TLS, and where its files are.
struct Secured {
    service: Service,
    folder: tempfile::TempDir,
    key: String,
    authority: Authority,
}

impl Secured {
    fn start(further: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tls.db").display());
        let authority = authority();
        let (certificate, key) = authority.certificate(&["localhost", "127.0.0.1"], &[]);
        std::fs::write(folder.path().join("server.pem"), certificate).unwrap();
        std::fs::write(folder.path().join("server.key"), key).unwrap();
        prepare(folder.path());
        let owner = first_key(&url);
        let file = |name: &str| folder.path().join(name).display().to_string();
        let certificate = format!("tls_certificate_file={}", file("server.pem"));
        let key = format!("tls_key_file={}", file("server.key"));
        let ca = format!("tls_client_ca_file={}", file("clients.pem"));
        let mut arguments = vec!["--set", &certificate, "--set", &key, "--set", "tls_reload_seconds=1"];
        arguments.extend(["--set", "auth_refresh_seconds=1", "--set", "handshake_seconds=1"]);
        if !further.iter().any(|one| one.starts_with("auth=")) {
            arguments.extend(["--set", "auth=keys"]);
        }
        if further.iter().any(|one| one.starts_with("tls_client=")) {
            arguments.extend(["--set", &ca]);
        }
        for one in further {
            arguments.extend(["--set", one]);
        }
        let service = Service::start(&url, &arguments);
        Self { service, folder, key: owner, authority }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn target(&self) -> String {
        format!("https://{}", self.service.address)
    }

    /// Asks who the caller is, over a new connection that trusts this authority.
    async fn who(&self, authority: &str) -> Result<String, String> {
        let credential =
            Credential { key: Some(self.key.clone()), authorities: Some(authority.as_bytes().to_vec()) };
        let port = client::port(&self.target(), "default", &credential).await.map_err(|e| e.to_string())?;
        let said = AdminServiceClient::new(port).who_am_i(WhoAmIRequest {}).await;
        said.map(|said| said.into_inner().principal).map_err(|status| status.to_string())
    }

    /// A connection that shows a certificate.
    async fn channel(&self, shown: Option<&(String, String)>) -> Result<Channel, tonic::transport::Error> {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.authority.pem));
        if let Some((certificate, key)) = shown {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        Endpoint::from_shared(self.target()).unwrap().tls_config(tls).unwrap().connect().await
    }

    /// The same question, by the certificate alone.
    async fn who_by(&self, shown: Option<&(String, String)>) -> Result<String, tonic::Status> {
        let channel =
            self.channel(shown).await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        let said = AdminServiceClient::new(channel).who_am_i(WhoAmIRequest {}).await?;
        Ok(said.into_inner().principal)
    }
}

/// Waits until something is so.
async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to be so");
}

pub async fn plaintext(_: &Ground) {
    let secured = Secured::start(&[], |_| {});
    assert!(secured.who(&secured.authority.pem).await.unwrap().starts_with("key:"));
    // gRPC without TLS, HTTP/1.1, TLS without h2, and silence: none reaches a handler.
    let plain = client::connect(&secured.service.address, "default").await;
    if let Ok(clients) = plain {
        let answer =
            clients.kpis.clone().list_kpis(customer360::rpc::proto::ListKpisRequest::default()).await;
        assert_ne!(answer.unwrap_err().code(), tonic::Code::Unauthenticated);
    }
    let mut raw = std::net::TcpStream::connect(&secured.service.address).unwrap();
    raw.set_read_timeout(Some(PATIENCE)).unwrap();
    raw.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = raw.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"));
    let mut silent = std::net::TcpStream::connect(&secured.service.address).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    // It is ended after `handshake_seconds`.
    assert_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0);
    let strange = authority();
    assert!(secured.who(&strange.pem).await.is_err(), "a client that trusts another authority goes away");
}

pub async fn replaced_certificates(_: &Ground) {
    let secured = Secured::start(&[], |_| {});
    let open = secured.channel(None).await.unwrap();
    std::fs::write(secured.file("server.pem"), "garbage").unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    secured.who(&secured.authority.pem).await.expect("the old certificate stays");
    let next = authority();
    let (certificate, key) = next.certificate(&["localhost", "127.0.0.1"], &[]);
    std::fs::write(secured.file("server.pem"), certificate).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    secured.who(&secured.authority.pem).await.expect("a key that does not fit changes nothing");
    std::fs::write(secured.file("server.key"), key).unwrap();
    until(async || secured.who(&next.pem).await.is_ok()).await;
    assert!(secured.who(&secured.authority.pem).await.is_err());
    let still = crate::ground::begun(open, "/grpc.health.v1.Health/Check", tonic::Request::new(())).await;
    still.expect("an open connection goes on");
}

pub async fn wrong_client_certificates(_: &Ground) {
    let clients = authority();
    let settings = ["auth=keys,mtls", "tls_client=required", "mtls_domains=example.org"];
    let secured = Secured::start(&settings, |folder| {
        std::fs::write(folder.join("clients.pem"), &clients.pem).unwrap();
    });
    let none = secured.who_by(None).await;
    assert!(none.is_err(), "{none:?}");
    let strange = authority().certificate(&[], &["spiffe://example.org/till"]);
    assert!(secured.who_by(Some(&strange)).await.is_err());
    let good = clients.certificate(&[], &["spiffe://example.org/till"]);
    assert_eq!(secured.who_by(Some(&good)).await.unwrap(), "spiffe://example.org/till");
    // New authorities: the old ones' clients are refused without a restart.
    let next = authority();
    std::fs::write(secured.file("clients.pem"), &next.pem).unwrap();
    let new = next.certificate(&[], &["spiffe://example.org/till"]);
    until(async || secured.who_by(Some(&new)).await.is_ok()).await;
    assert!(secured.who_by(Some(&good)).await.is_err());
}

pub async fn names_in_certificates(_: &Ground) {
    let clients = authority();
    let settings = ["auth=keys,mtls", "tls_client=optional", "mtls_domains=example.org"];
    let secured = Secured::start(&settings, |folder| {
        std::fs::write(folder.join("clients.pem"), &clients.pem).unwrap();
    });
    let code = tonic::Code::Unauthenticated;
    for (names, uris) in [
        (&[][..], &["spiffe://example.com/till"][..]),
        (&[], &["spiffe://example.org.evil/till"]),
        (&[], &["spiffe://example.org/a", "spiffe://example.org/b"]),
        (&["till.example.org"], &[]),
        (&[], &[]),
    ] {
        let shown = clients.certificate(names, uris);
        refused(secured.who_by(Some(&shown)).await, code, "CREDENTIALS_INVALID");
    }
    refused(secured.who_by(None).await, code, "CREDENTIALS_MISSING");
    // A DNS name counts once it has a grant.
    let credential = Credential {
        key: Some(secured.key.clone()),
        authorities: Some(secured.authority.pem.as_bytes().to_vec()),
    };
    let port = client::port(&secured.target(), "default", &credential).await.unwrap();
    let grants = PrincipalGrants {
        principal: "dns:till.example.org".to_owned(),
        grants: vec![grant("default", "viewer")],
    };
    let request = SetGrantsRequest { grants: Some(grants), reason: "attacks".to_owned() };
    AdminServiceClient::new(port).set_grants(request).await.unwrap();
    let shown = clients.certificate(&["till.example.org"], &[]);
    until(async || secured.who_by(Some(&shown)).await.is_ok()).await;
}
