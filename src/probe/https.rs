//! One POST over HTTP/2 (RFC 8484).
//!
//! On h2 and not on hyper's client: that gives a connection to a task of its own, which would outlive the deadline.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Request, Response, StatusCode};
use rustls_pki_types::ServerName;

use super::errno::{Step, failure};
use super::{tcp, tls};
use crate::config::UrlPath;
use crate::dns::{Failure, Query, Reply, Transport};

/// HTTP/2 over TLS (RFC 9113, 3.2): the least that RFC 8484, 5.2, recommends.
pub(super) const ALPN: &str = "h2";

/// RFC 8484, 6.
const MEDIA_TYPE: &str = "application/dns-message";

/// No DNS message is longer.
const LONGEST: usize = u16::MAX as usize;

/// One octet more than a message may have, without waiting for us: then it is known to be too long.
const WINDOW: u32 = 1 << 16;

/// Asks once, on a connection of its own.
pub(super) async fn exchange(
    stream: tls::Stream,
    name: &ServerName<'_>,
    server: SocketAddr,
    path: &UrlPath,
    query: &Query,
) -> Result<Reply, Failure> {
    if stream.get_ref().1.alpn_protocol() != Some(ALPN.as_bytes()) {
        let server = server.ip();
        return Err(Failure::Tls(format!(
            "{server} does not offer HTTP/2 (ALPN {ALPN})"
        )));
    }
    let request = request(&authority(name, server.port()), path, query)?;
    let handshake = Builder::new()
        .enable_push(false)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(stream)
        .await;
    let (sender, connection) = handshake.map_err(|error| broken(&error))?;
    let mut connection = pin!(connection);
    let mut conversation = pin!(converse(sender, request, query));
    let message = tokio::select! {
        message = &mut conversation => message,
        _ended = &mut connection => conversation.await,
    };
    tcp::reply(&message?, query)
}

/// What stands between `https://` and the path.
fn authority(name: &ServerName<'_>, port: u16) -> String {
    let host = match name {
        ServerName::IpAddress(address) => match IpAddr::from(*address) {
            IpAddr::V6(address) => format!("[{address}]"),
            IpAddr::V4(address) => address.to_string(),
        },
        name => name.to_str().into_owned(),
    };
    if port == Transport::Https.port() {
        host
    } else {
        format!("{host}:{port}")
    }
}

fn request(authority: &str, path: &UrlPath, query: &Query) -> Result<Request<()>, Failure> {
    Request::post(format!("https://{authority}{path}"))
        .header(ACCEPT, MEDIA_TYPE)
        .header(CONTENT_TYPE, MEDIA_TYPE)
        .header(CONTENT_LENGTH, query.as_bytes().len())
        .body(())
        .map_err(|error| Failure::Prober(format!("cannot ask for {path}: {error}")))
}

async fn converse(
    sender: SendRequest<Bytes>,
    request: Request<()>,
    query: &Query,
) -> Result<Vec<u8>, Failure> {
    let path = request.uri().path().to_owned();
    let ready = sender.ready().await;
    let mut sender = ready.map_err(|error| broken(&error))?;
    let sent = sender.send_request(request, false);
    let (response, mut body) = sent.map_err(|error| broken(&error))?;
    let message = Bytes::copy_from_slice(query.as_bytes());
    let sent = body.send_data(message, true);
    sent.map_err(|error| broken(&error))?;
    let response = response.await.map_err(|error| broken(&error))?;
    check(&path, &response)?;
    read(response.into_body()).await
}

/// Whether it is a DNS message that comes. What the server says is shown in printable ASCII.
fn check(path: &str, response: &Response<RecvStream>) -> Result<(), Failure> {
    let status = response.status();
    if status != StatusCode::OK {
        return Err(Failure::Http(format!("HTTP status {status} for {path}")));
    }
    let found = response.headers().get(CONTENT_TYPE);
    let found = found.map_or(&b""[..], |value| value.as_bytes());
    let essence = found.split(|byte| *byte == b';').next().unwrap_or(found);
    if essence
        .trim_ascii()
        .eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())
    {
        return Ok(());
    }
    let found = found.escape_ascii();
    Err(Failure::Http(format!(
        "{path} has content of the type `{found}`, and no DNS message"
    )))
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, Failure> {
    let mut message = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        if message.len() + chunk.len() > LONGEST {
            return Err(Failure::Malformed("length"));
        }
        message.extend_from_slice(&chunk);
    }
    Ok(message)
}

fn broken(error: &h2::Error) -> Failure {
    match error.get_io() {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::Closed { received: 0 }
        }
        // h2 says so where the other side closed the connection.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Failure::Closed { received: 0 },
        Some(error) => failure(Step::Transfer, error),
        None => Failure::Http(format!("HTTP/2 broke off: {error}")),
    }
}
