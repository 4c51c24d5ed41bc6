//! Metrics, health and status over HTTP/1: one request a connection, like the control socket.
//!
//! Nothing here is needed to announce or to withdraw: a port that is taken is tried again, and whoever asks too
//! slowly or too much is dropped.

mod door;
mod pages;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::metrics::{self, Measurements};
use crate::status::Snapshot;
use door::Guests;
use pages::{Answer, Page};

/// The longest head of a request, in bytes; hyper takes no less as its buffer.
const MAX_HEAD: usize = 8192;

/// The most lines in it.
const MAX_HEADERS: usize = 64;

/// So many connections are served at a time; the next ones wait.
const MAX_CLIENTS: usize = 32;

/// How long a client may take to send the head of its request.
const HEAD_DEADLINE: Duration = Duration::from_secs(2);
/// The same where half of all places are taken: whoever means to send has sent by then.
const BUSY_HEAD_DEADLINE: Duration = Duration::from_millis(250);

/// How long the controller may take to answer; what takes longer is not healthy.
const ANSWER_DEADLINE: Duration = Duration::from_secs(2);

/// How long a connection may last, with reading, answering and writing. Prometheus waits 10 s by default.
const DEADLINE: Duration = Duration::from_secs(10);

/// Between two attempts to have the port.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Serves for ever. `ask` puts together what is known, unless the daemon stops; `tell` is called with what keeps this
/// from serving, and with nothing as soon as it serves.
pub async fn serve<A, F, T, G>(address: SocketAddr, ask: A, tell: T) -> Infallible
where
    A: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Option<(Snapshot, Measurements)>> + Send,
    T: Fn(Option<String>) -> G + Send,
    G: Future<Output = ()> + Send,
{
    let listener = listen(address, &tell).await;
    tracing::info!(%address, "serving metrics and health");
    tell(None).await;
    let mut clients = JoinSet::new();
    let mut guests = Guests::default();
    let mut told = false;
    loop {
        tokio::select! {
            accepted = listener.accept(), if clients.len() < MAX_CLIENTS => match accepted {
                Ok((stream, from)) => {
                    told = false;
                    // Hung up, if not.
                    if guests.enter(from.ip()) {
                        let is_busy = 2 * clients.len() >= MAX_CLIENTS;
                        let head = if is_busy { BUSY_HEAD_DEADLINE } else { HEAD_DEADLINE };
                        let (ask, is_local) = (ask.clone(), address.ip().is_loopback());
                        clients.spawn(async move {
                            // A client that goes away, or never sends, is its own concern.
                            let served = serve_one(stream, head, is_local, ask);
                            let _ = timeout(DEADLINE, served).await;
                            from.ip()
                        });
                    }
                }
                // Out of descriptors, most likely: serve nobody for a moment, and never end the daemon.
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%error, "cannot accept connections for metrics and health");
                    }
                    sleep(Duration::from_millis(200)).await;
                }
            },
            Some(served) = clients.join_next() => {
                // One that broke down keeps its place.
                if let Ok(from) = served {
                    guests.leave(from);
                }
            }
        }
    }
}

/// Has the port, sooner or later: another program may hold it, or the address not be there yet.
async fn listen<T, G>(address: SocketAddr, tell: &T) -> TcpListener
where
    T: Fn(Option<String>) -> G,
    G: Future<Output = ()>,
{
    let mut told = None;
    loop {
        let error = match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) => error.to_string(),
        };
        if told.as_ref() != Some(&error) {
            let problem = format!(
                "cannot serve metrics and health on {address}: {error}. Announcements do not depend on it, and it is tried again every {} s; free the port, or change `daemon.listen`",
                TRY_AGAIN.as_secs()
            );
            // Whoever is told logs it.
            tell(Some(problem)).await;
            told = Some(error);
        }
        sleep(TRY_AGAIN).await;
    }
}

/// `is_local`: at an address that only this host has.
async fn serve_one<A, F>(
    stream: TcpStream,
    head: Duration,
    is_local: bool,
    ask: A,
) -> hyper::Result<()>
where
    A: Fn() -> F,
    F: Future<Output = Option<(Snapshot, Measurements)>>,
{
    let service = service_fn(|request| {
        let ask = &ask;
        async move {
            if is_local && !door::asks_for_us(&request) {
                return Ok::<_, Infallible>(Answer::OTHER_HOST.response());
            }
            Ok(answer(&request, ask).await)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .keep_alive(false)
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// What is asked for. The request's body is never read.
async fn answer<A, F>(request: &Request<Incoming>, ask: &A) -> Response<Full<Bytes>>
where
    A: Fn() -> F,
    F: Future<Output = Option<(Snapshot, Measurements)>>,
{
    let Some(page) = Page::at(request.uri().path()) else {
        return Answer::NOT_FOUND.response();
    };
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Answer::NOT_ALLOWED.response();
    }
    let accepted = request.headers().get_all(hyper::header::ACCEPT);
    let accepted: Vec<_> = accepted
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let format = metrics::negotiate(&accepted.join(","));
    let Ok(Some((snapshot, measurements))) = timeout(ANSWER_DEADLINE, ask()).await else {
        return Answer::NO_CONTROLLER.response();
    };
    // Text for hundreds of services takes milliseconds that a withdraw must not wait for.
    let made =
        tokio::task::spawn_blocking(move || Answer::new(page, format, snapshot, measurements));
    made.await.unwrap_or(Answer::NO_CONTROLLER).response()
}
