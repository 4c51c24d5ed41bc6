//! Certificates for servers of the lab, and the authority that issues them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Context, Error, Result};

const DAY: Duration = Duration::from_hours(24);

/// A certificate authority that nobody knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Now.
    Now,
    /// Until so long ago.
    Until(Duration),
    /// From in so long on.
    From(Duration),
}

/// A server's certificate and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub file: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, with its own certificate at `<name>.pem` in a directory.
    pub fn new(directory: &Path, name: &str) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters
            .distinguished_name
            .push(DnType::CommonName, format!("Laboratory {name}"));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        let file = directory.join(format!("{name}.pem"));
        write(&file, &certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(parameters, key),
            file,
        })
    }

    /// The file with its own certificate.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A certificate for these names and addresses, at `<name>.pem` and `<name>.key` beside the authority's.
    pub fn issue(&self, name: &str, subjects: &[&str], validity: Validity) -> Result<Certificate> {
        let subjects: Vec<String> = subjects.iter().map(|&subject| subject.to_owned()).collect();
        let mut parameters = CertificateParams::new(subjects).map_err(failed)?;
        let now = SystemTime::now();
        let (from, until) = match validity {
            Validity::Now => (now - DAY, now + DAY),
            Validity::Until(ago) => (now - ago - DAY, now - ago),
            Validity::From(wait) => (now + wait, now + wait + DAY),
        };
        (parameters.not_before, parameters.not_after) = (from.into(), until.into());
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(failed)?;
        let issued = Certificate {
            file: self.file.with_file_name(format!("{name}.pem")),
            key: self.file.with_file_name(format!("{name}.key")),
        };
        write(&issued.file, &certificate.pem())?;
        write(&issued.key, &key.serialize_pem())?;
        Ok(issued)
    }
}

impl Certificate {
    /// TLS of a server with this certificate that offers these protocols (ALPN).
    pub fn server_config(&self, protocols: &[&str]) -> Result<rustls::ServerConfig> {
        let chain = CertificateDer::from_pem_file(&self.file).map_err(failed)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(failed)?;
        let provider = Arc::new(ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let mut config = builder
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .map_err(failed)?;
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        Ok(config)
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).context(file.display())
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(error.to_string())
}
