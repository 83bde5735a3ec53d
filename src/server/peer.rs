//! Where a call comes from, as far as its connection says.

use std::net::IpAddr;
use std::sync::Arc;

use http::Extensions;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The other end of a connection.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    pub address: Option<IpAddr>,
    /// Of the certificate that the handshake has verified.
    pub certificate: Option<Arc<CertificateNames>>,
}

impl Peer {
    /// What the connection left with the request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Self>()
    }
}

/// The names in a certificate that say who it is. The common name is none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateNames {
    pub uris: Vec<String>,
    pub dns: Vec<String>,
}

impl CertificateNames {
    /// None where the certificate does not read.
    #[must_use]
    pub fn read(der: &CertificateDer<'_>) -> Self {
        let mut names = Self::default();
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return names };
        let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return names };
        for name in &alternative.value.general_names {
            match name {
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::DNSName(dns) => names.dns.push(dns.to_ascii_lowercase()),
                _ => {}
            }
        }
        names
    }
}
