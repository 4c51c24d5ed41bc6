//! TLS as a client: a handshake on a connected stream, with the certificate verified.
//!
//! A handshake that fails says that clients of this server fail, too. Only what is missing on our side, such as a
//! file of authorities, leaves the verdict unknown, and a certificate that is not valid yet: our clock may be behind.

mod record;
mod refusal;
mod system;
mod trust;

pub(super) use record::Refusal;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
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
use crate::probe::threads::THREADS;

/// A connection after its handshake.
pub(crate) type Stream = TlsStream<TcpStream>;

/// What is kept between the handshakes of one check.
#[derive(Debug)]
pub(crate) struct Client {
    settings: Tls,
    protocols: Vec<Vec<u8>>,
    kept: Arc<Mutex<Option<Loaded>>>,
    /// Held while files are read, however long that takes.
    turn: Arc<Semaphore>,
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
            kept: Arc::default(),
            turn: match settings.trust {
                Trust::System => system::turn(),
                Trust::Authorities(_) | Trust::Certificate(_) => Arc::new(Semaphore::new(1)),
            },
        }
    }

    /// The files read, if they were not before; never for longer than `within`. What goes wrong is our own trouble.
    ///
    /// They are read again after a certificate was refused: whoever renews it may renew the file as well.
    pub(crate) async fn ready(&self, within: Duration) -> Result<Ready<'_>, Failure> {
        let kept = kept(&self.kept).clone();
        let loaded = match kept {
            Some(loaded) => loaded,
            None => self.loaded(within).await.map_err(Failure::Prober)?,
        };
        Ok(Ready {
            client: self,
            loaded,
        })
    }

    async fn loaded(&self, within: Duration) -> Result<Loaded, String> {
        let slow = |_| format!("could not read certificates within {within:?}");
        timeout(within, self.load()).await.map_err(slow)?
    }

    /// On a thread, one at a time: a disk may take its time, and what comes too late for one probe is there for the
    /// next.
    async fn load(&self) -> Result<Loaded, String> {
        let broke_down = || "broke down while it read certificates".to_owned();
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| broke_down())?;
        if let Some(late) = kept(&self.kept).clone() {
            return Ok(late);
        }
        let (settings, protocols) = (self.settings.clone(), self.protocols.clone());
        let keep = Arc::clone(&self.kept);
        let loading = THREADS.run(move || {
            let loaded = load(&settings.trust, protocols)?;
            *kept(&keep) = Some(loaded.clone());
            drop(turn);
            Ok(loaded)
        });
        loading.await.unwrap_or_else(|_| Err(broke_down()))
    }

    /// The failure of a handshake over TCP.
    fn failed(&self, server: IpAddr, loaded: &Loaded, error: &io::Error) -> Failure {
        let inner = error.get_ref();
        match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(error) => self.refused(server, &loaded.verifier, error),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Failure::Tls(format!(
                "{server} closed the connection during the TLS handshake"
            )),
            None => errno::failure(Step::Transfer, error),
        }
    }

    /// The failure that an error of TLS stands for. Has files read again by the next probe if it was our `verifier`
    /// that refused the certificate.
    fn refused(
        &self,
        server: IpAddr,
        verifier: &Arc<dyn ServerCertVerifier>,
        error: &Error,
    ) -> Failure {
        if matches!(error, Error::InvalidCertificate(_)) && self.is_outdated(verifier) {
            let mut kept = kept(&self.kept);
            let is_it = |kept: &mut Loaded| Arc::ptr_eq(&kept.verifier, verifier);
            let _outdated = kept.take_if(is_it);
        }
        refusal::failure(server, &self.settings, error)
    }

    /// A file of one's own is small, and read for less than the handshake takes that failed.
    fn is_outdated(&self, verifier: &Arc<dyn ServerCertVerifier>) -> bool {
        match self.settings.trust {
            Trust::System => system::is_outdated(verifier),
            Trust::Authorities(_) | Trust::Certificate(_) => true,
        }
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
            .map_err(|error| self.client.failed(server, &self.loaded, &error))
    }

    /// Whom the server has to be.
    pub(super) fn name(&self, server: IpAddr) -> ServerName<'static> {
        let name = self.client.settings.name.clone();
        name.unwrap_or_else(|| ServerName::from(server))
    }
}

fn kept(kept: &Mutex<Option<Loaded>>) -> MutexGuard<'_, Option<Loaded>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
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
