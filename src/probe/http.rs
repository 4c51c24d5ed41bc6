//! One GET over HTTP/1.1, on a connection of its own.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Outcome;
use super::connector::Progress;
use super::errno::{Step, failure};
use super::finding::{Finding, printable, timed};
use super::stream::{Stream, Way};
use crate::config::HttpCheck;
use crate::dns::Failure;

/// More of a body is not read, in bytes.
const LONGEST: usize = 64 * 1024;

/// So many characters of a body that is wrong are shown.
const SHOWN: usize = 80;

/// The protocol as TLS names it (ALPN, RFC 7301).
const ALPN: &str = "http/1.1";

/// A page to ask for again and again.
#[derive(Debug)]
pub(super) struct Page {
    check: HttpCheck,
    way: Way,
}

impl Page {
    pub(super) fn new(check: &HttpCheck, server: SocketAddr) -> Self {
        Self {
            way: Way::new(server, check.tls.as_ref(), &[ALPN]),
            check: check.clone(),
        }
    }

    /// Asks once.
    pub(super) async fn run(&self, timeout: Duration) -> Outcome {
        let ready = match self.way.ready(timeout).await {
            Ok(ready) => ready,
            Err(failure) => return Finding::from(failure).into(),
        };
        let progress = Progress::default();
        let look = async {
            match ready.connect(&progress).await? {
                Stream::Plain(stream) => self.ask(stream).await,
                Stream::Secure(stream) => self.ask(stream).await,
            }
        };
        let silence = || progress.silence(self.way.server, timeout).into();
        timed(timeout, look, silence).await
    }

    async fn ask<S>(&self, stream: S) -> Result<Finding, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let mut connection = pin!(connection);
        let mut conversation = pin!(self.converse(sender));
        tokio::select! {
            found = &mut conversation => found,
            // What came before the end may still be read.
            _ended = &mut connection => conversation.await,
        }
    }

    async fn converse(&self, mut sender: SendRequest<Empty<Bytes>>) -> Result<Finding, Failure> {
        let request = Request::get(self.check.url.path_and_query())
            .header(HOST, self.check.url.authority())
            .header(
                USER_AGENT,
                concat!("anycastctl/", env!("CARGO_PKG_VERSION")),
            )
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Empty::new())
            .map_err(|error| Failure::Prober(format!("cannot ask for that: {error}")))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        self.judge(response).await
    }

    async fn judge(&self, response: Response<Incoming>) -> Result<Finding, Failure> {
        let status = response.status();
        let has = status.as_u16();
        if !self.check.status.iter().any(|codes| codes.has(has)) {
            let wanted: Vec<_> = self.check.status.iter().map(ToString::to_string).collect();
            let wanted = wanted.join(" or ");
            return Ok(Finding::fail(format!(
                "status {status} instead of {wanted}"
            )));
        }
        let Some(expression) = &self.check.body else {
            return Ok(Finding::pass(format!("status {status}")));
        };
        let body = beginning(response.into_body()).await?;
        if expression.matches(&body) {
            return Ok(Finding::pass(format!(
                "status {status}, body matches {expression}"
            )));
        }
        let text = String::from_utf8_lossy(&body);
        let lines = text.lines().map(str::trim);
        let begins = match lines.into_iter().find(|line| !line.is_empty()) {
            Some(line) => format!("begins with `{}`", printable(line, SHOWN)),
            None => "is empty".to_owned(),
        };
        Ok(Finding::fail(format!(
            "the body does not match {expression}: it {begins}"
        )))
    }
}

/// What is read of a body.
async fn beginning(mut body: Incoming) -> Result<Vec<u8>, Failure> {
    let mut read = Vec::new();
    while read.len() < LONGEST {
        let Some(frame) = body.frame().await else {
            break;
        };
        let data = frame
            .map_err(|error| broken(&error))?
            .into_data()
            .unwrap_or_default();
        let room = LONGEST - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(read)
}

/// What an error of the connection says.
fn broken(error: &hyper::Error) -> Failure {
    let source = error.source();
    if let Some(source) = source.and_then(|source| source.downcast_ref::<io::Error>())
        && source.raw_os_error().is_some()
    {
        return failure(Step::Transfer, source);
    }
    let words = if error.is_parse() {
        "what came is no answer of HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        "connection closed before the answer was complete".to_owned()
    } else {
        format!("no answer of HTTP: {error}")
    };
    Failure::Http(words)
}

#[cfg(test)]
mod tests;
