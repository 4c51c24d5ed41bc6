//! One probe of a DNS server: sockets and the clock around [`crate::dns`].
//!
//! What a reply is worth is decided there; when the next probe is sent, in [`crate::schedule`].

mod errno;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::config::DnsCheck;
use crate::dns::{Answer, Failure, Outcome, Query, Reply, Transport, judge};
use crate::health::Verdict;

/// A timer that is later than this, and than half of the timeout, was not late by chance.
const LATE: Duration = Duration::from_millis(100);

/// Enough for the runtime to fetch what the kernel already holds.
const DRAIN: Duration = Duration::from_millis(10);

/// Asks `server` once, and waits for at most `timeout` from the first packet to the whole answer.
///
/// Never fails: whatever happens is an outcome. A prober in trouble of its own, or stopped through the
/// deadline, gives [`Verdict::Unknown`].
pub async fn exchange(server: SocketAddr, check: &DnsCheck, timeout: Duration) -> Outcome {
    let label = format!("{:016x}", rand::random::<u64>());
    match Query::new(&check.question, rand::random(), &label) {
        Ok(query) => {
            let result = ask(server, check.transport, &query, timeout).await;
            judge(&check.expect, &query, result)
        }
        Err(error) => Outcome {
            asked: check.question.name.to_string(),
            verdict: Verdict::Unknown,
            detail: error.to_string(),
            answer: None,
        },
    }
}

async fn ask(
    server: SocketAddr,
    transport: Transport,
    query: &Query,
    timeout: Duration,
) -> Result<Answer, Failure> {
    let start = Instant::now();
    // Atomic only because the conversation is still borrowed when the deadline comes.
    let ignored = AtomicU32::new(0);
    let conversation = async {
        match transport {
            Transport::Udp => udp::exchange(server, query, &ignored).await,
            Transport::Tcp => tcp::exchange(server, query).await,
        }
    };
    let reply = within(start + timeout, timeout, conversation).await;
    let reply = reply.unwrap_or_else(|| {
        let (waited, ignored) = (timeout, ignored.load(Ordering::Relaxed));
        Err(Failure::Silent { waited, ignored })
    })?;
    let latency = Some(start.elapsed()).filter(|taken| *taken <= timeout);
    Ok(Answer { reply, latency })
}

/// What the conversation gave by the deadline; `None` for nothing.
///
/// A timer that fires much too late means that this process was stopped or starved. Whether the server
/// answered in time can then no longer be known, and it may have closed a connection because of us. Only
/// an answer that is waiting in the socket counts, and a refused port, which no delay brings about.
async fn within(
    deadline: Instant,
    allowed: Duration,
    conversation: impl Future<Output = Result<Reply, Failure>>,
) -> Option<Result<Reply, Failure>> {
    let mut conversation = pin!(conversation);
    let mut result = timeout_at(deadline, &mut conversation).await.ok();
    let late = deadline.elapsed();
    if late <= LATE.max(allowed / 2) {
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

fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
