//! TLS as a client: a handshake on a connected stream, with the certificate verified.
//!
//! A handshake that fails says that clients of this server fail, too. Only what is missing on our side, such as a
//! file of authorities, leaves the verdict unknown, and a certificate that is not valid yet: our clock may be behind.

mod record;
mod refusal;
mod trust;

pub(super) use record::Refusal;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, Error};

use crate::config::{Tls, Trust};
use crate::dns::Failure;
use crate::probe::errno::{self, Step};

/// A connection after its handshake.
pub(crate) type Stream = TlsStream<TcpStream>;

/// What is kept between the handshakes of one check.
#[derive(Debug)]
pub(crate) struct Client {
    settings: Tls,
    protocols: Vec<Vec<u8>>,
    loaded: Mutex<Option<Loaded>>,
}

/// What was made of files.
#[derive(Debug, Clone)]
struct Loaded {
    config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
}

/// A client whose files were read.
pub(crate) struct Ready<'a> {
    client: &'a Client,
    loaded: Loaded,
}

impl Client {
    /// Reads nothing yet. `protocols` are those of which the server has to choose one (ALPN, RFC 7301), as in
    /// `h2`; empty where it need not.
    pub(crate) fn new(settings: &Tls, protocols: &[&str]) -> Self {
        let bytes = |protocol: &&str| protocol.as_bytes().to_vec();
        Self {
            settings: settings.clone(),
            protocols: protocols.iter().map(bytes).collect(),
            loaded: Mutex::default(),
        }
    }

    /// The files read, if they were not before; never for longer than `within`. What goes wrong is our own trouble.
    ///
    /// They are read again after a certificate was refused: whoever renews it may renew the file as well.
    pub(crate) async fn ready(&self, within: Duration) -> Result<Ready<'_>, Failure> {
        let loaded = self.kept().clone();
        let loaded = match loaded {
            Some(loaded) => loaded,
            None => self.load(within).await.map_err(Failure::Prober)?,
        };
        Ok(Ready {
            client: self,
            loaded,
        })
    }

    /// On a thread of its own: a disk may take its time.
    async fn load(&self, within: Duration) -> Result<Loaded, String> {
        let (settings, protocols) = (self.settings.clone(), self.protocols.clone());
        let loading = tokio::task::spawn_blocking(move || load(&settings.trust, protocols));
        let loaded = match timeout(within, loading).await {
            Ok(Ok(loaded)) => loaded?,
            Ok(Err(_)) => return Err("broke down while it read certificates".to_owned()),
            Err(_) => return Err(format!("could not read certificates within {within:?}")),
        };
        *self.kept() = Some(loaded.clone());
        Ok(loaded)
    }

    /// The failure of a handshake over TCP.
    fn failed(&self, server: IpAddr, error: &io::Error) -> Failure {
        let inner = error.get_ref();
        match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(error) => self.refused(server, error),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Failure::Tls(format!(
                "{server} closed the connection during the TLS handshake"
            )),
            None => errno::failure(Step::Transfer, error),
        }
    }

    /// The failure that an error of TLS stands for. Has files read again, but not the system's authorities: these are
    /// many, and shared.
    fn refused(&self, server: IpAddr, error: &Error) -> Failure {
        match self.settings.trust {
            Trust::System => {}
            Trust::Authorities(_) | Trust::Certificate(_) => *self.kept() = None,
        }
        refusal::failure(server, &self.settings, error)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ready<'_> {
    /// The handshake with `server`.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        server: IpAddr,
    ) -> Result<Stream, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.loaded.config));
        connector
            .connect(self.name(server), stream)
            .await
            .map_err(|error| self.client.failed(server, &error))
    }

    /// Whom the server has to be.
    pub(super) fn name(&self, server: IpAddr) -> ServerName<'static> {
        let name = self.client.settings.name.clone();
        name.unwrap_or_else(|| ServerName::from(server))
    }
}

fn load(trust: &Trust, protocols: Vec<Vec<u8>>) -> Result<Loaded, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = trust::verifier(trust, &provider)?;
    let config = config(provider, Arc::clone(&verifier), protocols)
        .map_err(|error| format!("cannot use TLS: {error}"))?;
    Ok(Loaded {
        config: Arc::new(config),
        verifier,
    })
}

fn config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    protocols: Vec<Vec<u8>>,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // A resumed session shows no certificate, and a client that comes for the first time has none to resume.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = protocols;
    Ok(config)
}
