//! The way from a check to its server, by every transport.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::{https, quic, tcp, tls, udp};
use crate::config::{Channel, Connection, Origin, UrlPath};
use crate::dns::{Failure, Query, Reply};

/// What the probes of one check have in common, made once: files of certificates are not read for each.
#[derive(Debug)]
pub struct Connector {
    origin: Origin,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Udp { fallback_to_tcp: bool },
    Tcp,
    Tls(Box<tls::Client>),
    Https(Box<tls::Client>, UrlPath),
    Quic(Box<tls::Client>),
}

/// A connector that has all it needs from this host.
pub(super) struct Ready<'a> {
    origin: &'a Origin,
    way: ReadyWay<'a>,
}

enum ReadyWay<'a> {
    Udp { fallback_to_tcp: bool },
    Tcp,
    Tls(tls::Ready<'a>),
    Https(tls::Ready<'a>, &'a UrlPath),
    Quic(tls::Ready<'a>),
}

/// How far a conversation has come. Atomic only because the conversation is still borrowed when the deadline comes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Answers for another question.
    pub(super) ignored: AtomicU32,
    /// Whether a handshake has begun and not ended.
    pub(super) handshake: AtomicBool,
    /// Whether a truncated answer came, and the question now stands over TCP.
    truncated: AtomicBool,
}

impl Progress {
    /// What it means that nothing more came within `waited`.
    pub(super) fn silence(&self, server: SocketAddr, waited: Duration) -> Failure {
        if self.handshake.load(Ordering::Relaxed) {
            let server = server.ip();
            return Failure::Tls(format!(
                "{server} did not complete the TLS handshake within {waited:?}"
            ));
        }
        let ignored = self.ignored.load(Ordering::Relaxed);
        let silent = Failure::Silent { waited, ignored };
        if self.truncated.load(Ordering::Relaxed) {
            return Failure::Fallback(Box::new(silent));
        }
        silent
    }
}

impl Connector {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        let way = match &connection.channel {
            Channel::Udp { fallback_to_tcp } => Way::Udp {
                fallback_to_tcp: *fallback_to_tcp,
            },
            Channel::Tcp => Way::Tcp,
            // ALPN is optional there, and servers that know other protocols only would refuse `dot`.
            Channel::Tls(tls) => Way::Tls(Box::new(tls::Client::new(tls, &[]))),
            Channel::Https { tls, path } => Way::Https(
                Box::new(tls::Client::new(tls, &[https::ALPN])),
                path.clone(),
            ),
            Channel::Quic(tls) => Way::Quic(Box::new(tls::Client::new(tls, &[quic::ALPN]))),
        };
        Self {
            origin: connection.origin.clone(),
            way,
        }
    }

    /// What has to be read from this host is read, if it was not before; never for longer than `within`.
    pub(super) async fn ready(&self, within: Duration) -> Result<Ready<'_>, Failure> {
        let way = match &self.way {
            Way::Udp { fallback_to_tcp } => ReadyWay::Udp {
                fallback_to_tcp: *fallback_to_tcp,
            },
            Way::Tcp => ReadyWay::Tcp,
            Way::Tls(client) => ReadyWay::Tls(client.ready(within).await?),
            Way::Https(client, path) => ReadyWay::Https(client.ready(within).await?, path),
            Way::Quic(client) => ReadyWay::Quic(client.ready(within).await?),
        };
        Ok(Ready {
            origin: &self.origin,
            way,
        })
    }
}

impl Ready<'_> {
    /// Asks once.
    pub(super) async fn exchange(
        &self,
        server: SocketAddr,
        query: &Query,
        progress: &Progress,
    ) -> Result<Reply, Failure> {
        let origin = self.origin;
        match &self.way {
            ReadyWay::Udp { fallback_to_tcp } => {
                let reply = udp::exchange(server, origin, query, &progress.ignored).await?;
                if !(*fallback_to_tcp && reply.flags.truncated) {
                    return Ok(reply);
                }
                progress.truncated.store(true, Ordering::Relaxed);
                let reply = Box::pin(over_tcp(origin, server, query)).await;
                reply.map_err(|failure| Failure::Fallback(Box::new(failure)))
            }
            // Boxed, as all that follow: a task that only ever asks over UDP need not be as large as these.
            ReadyWay::Tcp => Box::pin(over_tcp(origin, server, query)).await,
            ReadyWay::Tls(tls) => {
                let stream = Box::pin(secured(origin, tls, server, progress)).await;
                tcp::exchange(stream, query).await
            }
            ReadyWay::Https(tls, path) => {
                let stream = Box::pin(secured(origin, tls, server, progress)).await?;
                let name = tls.name(server.ip());
                Box::pin(https::exchange(stream, &name, server, path, query)).await
            }
            ReadyWay::Quic(tls) => {
                Box::pin(quic::exchange(server, origin, tls, query, progress)).await
            }
        }
    }
}

async fn over_tcp(origin: &Origin, server: SocketAddr, query: &Query) -> Result<Reply, Failure> {
    tcp::exchange(origin.tcp(server).await, query).await
}

/// A connection with TLS.
pub(super) async fn secured(
    origin: &Origin,
    tls: &tls::Ready<'_>,
    server: SocketAddr,
    progress: &Progress,
) -> Result<tls::Stream, Failure> {
    let stream = origin.tcp(server).await?;
    progress.handshake.store(true, Ordering::Relaxed);
    let stream = tls.connect(stream, server.ip()).await;
    progress.handshake.store(false, Ordering::Relaxed);
    stream
}
