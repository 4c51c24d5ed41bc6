//! One look at what a check is about: sockets and the clock around [`crate::dns`], programs, processes, files, and
//! what systemd says.
//!
//! What a reply is worth is decided there; when the next probe is sent, in [`crate::schedule`].

mod connector;
mod disk;
mod errno;
mod exec;
mod file;
mod finding;
mod http;
mod https;
mod news;
mod notices;
mod origin;
mod plain;
mod proc;
mod process;
mod questions;
mod quic;
mod shared;
pub(crate) mod standing;
mod stream;
mod tcp;
mod threads;
mod tls;
mod udp;
mod unit;

pub use connector::Connector;
pub(crate) use plain::Allowed;
pub(crate) use shared::{Arrival, Place, SharedSockets};

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::config::{DnsCheck, FileCheck, ProcessCheck, Subject};
use crate::dns::{self, Answer, Failure, Query};
use crate::health::Verdict;
use connector::Progress;
use disk::Disk;
use exec::Exec;
use http::Page;
use stream::Way;
use unit::Unit;

/// A timer that is later than this, and than half of the timeout, was not late by chance.
const LATE: Duration = Duration::from_millis(100);

/// Enough for the runtime to fetch what the kernel already holds.
const DRAIN: Duration = Duration::from_millis(10);

/// What one prober looks at, again and again, with all that is the same each time.
#[derive(Debug)]
pub struct Probe(Kind);

/// The large ones in boxes: most are of DNS, and there may be thousands.
#[derive(Debug)]
enum Kind {
    Dns(Arc<DnsCheck>, SocketAddr, Connector),
    Tcp(Box<Way>),
    Http(Box<Page>),
    Exec(Box<Exec>),
    Unit(Unit),
    Process(Disk<ProcessCheck>),
    File(Disk<FileCheck>),
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether nothing is known because of us. Where it is because of a third party, it is no silence that ever counts
    /// against the server.
    pub is_silence: bool,
    /// Why, in one line for operators: `NOERROR, SOA serial 2026112201`.
    pub detail: String,
    /// From the first packet sent to all of the answer read; `None` without an answer, or where the prober itself was
    /// late to read it.
    pub latency: Option<Duration>,
    /// The questions of a DNS check that came to an end, with what came; nobody reads those that went over a shared
    /// socket, and they are not kept.
    pub exchanges: Vec<dns::Exchange>,
}

impl Probe {
    /// Makes ready to look at this.
    #[must_use]
    pub fn new(subject: Subject<'_>) -> Self {
        Self(match subject {
            Subject::Dns(check, server) => {
                let connector = Connector::new(&check.connection);
                Kind::Dns(Arc::clone(check), server, connector)
            }
            Subject::Tcp(check, server) => Kind::Tcp(Box::new(stream::way(check, server))),
            Subject::Http(check, server) => Kind::Http(Box::new(Page::new(check, server))),
            Subject::Exec(check) => Kind::Exec(Box::new(Exec::new(check))),
            Subject::Unit(name) => Kind::Unit(Unit::new(name)),
            Subject::Process(check) => Kind::Process(Disk::new(check.clone(), process::look)),
            Subject::File(check) => Kind::File(Disk::new(check.clone(), file::look)),
        })
    }

    /// Looks once, for at most `timeout`.
    ///
    /// Never fails: whatever happens is an outcome. A prober in trouble of its own, or stopped through the
    /// deadline, gives [`Verdict::Unknown`].
    pub async fn run(&self, timeout: Duration) -> Outcome {
        match &self.0 {
            Kind::Dns(check, server, connector) => {
                exchange(connector, *server, check, timeout).await.into()
            }
            // Boxed: a task that asks over DNS need not be as large as these.
            Kind::Tcp(way) => Box::pin(stream::run(way, timeout)).await,
            Kind::Http(page) => Box::pin(page.run(timeout)).await,
            Kind::Exec(exec) => Box::pin(exec.run(timeout)).await,
            Kind::Unit(unit) => Box::pin(unit.run(timeout)).await,
            Kind::Process(process) => Box::pin(process.run(timeout)).await,
            Kind::File(file) => Box::pin(file.run(timeout)).await,
        }
    }

    /// Waits until nothing is left of what the last look has started on this host.
    pub async fn is_over(&self) {
        match &self.0 {
            Kind::Exec(exec) => exec.is_over().await,
            Kind::Dns(..)
            | Kind::Tcp(_)
            | Kind::Http(_)
            | Kind::Unit(_)
            | Kind::Process(_)
            | Kind::File(_) => {}
        }
    }
}

impl From<dns::Outcome> for Outcome {
    fn from(outcome: dns::Outcome) -> Self {
        Self {
            verdict: outcome.verdict,
            is_silence: outcome.is_silence,
            latency: outcome.latency(),
            detail: outcome.detail,
            exchanges: outcome.exchanges,
        }
    }
}

/// Asks `server` once, and waits for at most `timeout` from the first packet to the whole answer.
///
/// Never fails: whatever happens is an outcome. A prober in trouble of its own, or stopped through the
/// deadline, gives [`Verdict::Unknown`].
pub async fn exchange(
    connector: &Connector,
    server: SocketAddr,
    check: &DnsCheck,
    timeout: Duration,
) -> dns::Outcome {
    questions::ask_all(connector, server, check, timeout).await
}

/// Sends one question and waits for its answer.
async fn ask(
    connector: &Connector,
    server: SocketAddr,
    query: &Query,
    timeout: Duration,
) -> Result<Answer, Failure> {
    let ready = connector.ready(timeout).await?;
    let start = Instant::now();
    let progress = Progress::default();
    let conversation = ready.exchange(server, query, &progress);
    let reply = within(start + timeout, timeout, conversation).await;
    let reply = reply.unwrap_or_else(|| Err(progress.silence(server, timeout)))?;
    let latency = Some(start.elapsed()).filter(|taken| *taken <= timeout);
    Ok(Answer { reply, latency })
}

/// What the conversation gave by the deadline; `None` for nothing.
///
/// A timer that fires much too late means that this process was stopped or starved. Whether the server
/// answered in time can then no longer be known, and it may have closed a connection because of us. Only
/// an answer that is waiting in the socket counts, and a refused port, which no delay brings about.
async fn within<T>(
    deadline: Instant,
    allowed: Duration,
    conversation: impl Future<Output = Result<T, Failure>>,
) -> Option<Result<T, Failure>> {
    let mut conversation = pin!(conversation);
    let mut result = timeout_at(deadline, &mut conversation).await.ok();
    let late = deadline.elapsed();
    if !is_stall(late, allowed) {
        return result;
    }
    if result.is_none() {
        // SIGCONT wakes the timers before the sockets: the runtime has to look at those once more.
        result = timeout(DRAIN, conversation).await.ok();
    }
    match result {
        Some(Ok(_) | Err(Failure::Refused)) => result,
        Some(Err(_)) | None => Some(Err(Failure::Stalled(rounded(late)))),
    }
}

/// Whether a look that may take so long ended so much too late that this process was stopped or starved.
fn is_stall(late: Duration, allowed: Duration) -> bool {
    late > LATE.max(allowed / 2)
}

fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
