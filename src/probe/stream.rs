//! A connection over TCP, perhaps with TLS, and nothing said on it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::connector::{Progress, secured};
use super::finding::{Finding, timed};
use super::{Outcome, tls};
use crate::config::{Origin, TcpCheck, Tls};
use crate::dns::Failure;

/// The way to a server that does not speak DNS.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) server: SocketAddr,
    tls: Option<tls::Client>,
}

/// A way whose files were read.
pub(super) struct Ready<'a> {
    way: &'a Way,
    tls: Option<tls::Ready<'a>>,
}

/// What can be spoken on.
pub(super) enum Stream {
    Plain(TcpStream),
    /// Boxed: it has buffers.
    Secure(Box<tls::Stream>),
}

impl Way {
    /// Reads nothing yet. `protocols` are those of which the server has to choose one (ALPN).
    pub(super) fn new(server: SocketAddr, tls: Option<&Tls>, protocols: &[&str]) -> Self {
        let tls = tls.map(|tls| tls::Client::new(tls, protocols));
        Self { server, tls }
    }

    /// What has to be read from this host is read, if it was not before; never for longer than `within`.
    pub(super) async fn ready(&self, within: Duration) -> Result<Ready<'_>, Failure> {
        let tls = match &self.tls {
            Some(client) => Some(client.ready(within).await?),
            None => None,
        };
        Ok(Ready { way: self, tls })
    }
}

impl Ready<'_> {
    /// Connects, and shakes hands.
    pub(super) async fn connect(&self, progress: &Progress) -> Result<Stream, Failure> {
        let (origin, server) = (Origin::default(), self.way.server);
        match &self.tls {
            None => origin.tcp(server).await.map(Stream::Plain),
            Some(tls) => {
                let stream = secured(&origin, tls, server, progress).await?;
                Ok(Stream::Secure(Box::new(stream)))
            }
        }
    }
}

/// Connects once, for at most `timeout`.
pub(super) async fn run(way: &Way, timeout: Duration) -> Outcome {
    let ready = match way.ready(timeout).await {
        Ok(ready) => ready,
        Err(failure) => return Finding::from(failure).into(),
    };
    let progress = Progress::default();
    let look = async {
        Ok(Finding::pass(match ready.connect(&progress).await? {
            Stream::Plain(_) => "connected",
            Stream::Secure(_) => "connected, and the certificate is valid",
        }))
    };
    timed(timeout, look, || {
        progress.silence(way.server, timeout).into()
    })
    .await
}

/// The way of a check.
pub(super) fn way(check: &TcpCheck, server: SocketAddr) -> Way {
    Way::new(server, check.tls.as_ref(), &[])
}
