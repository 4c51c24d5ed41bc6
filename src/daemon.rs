//! The daemon: one owner of all mutable state, and tasks that send to it.
//!
//! ```text
//! prober (one a check and server) --.                      .--> actuator (one a family in motion)
//! poller (BIRD, on a timer) ---------+--> controller -------+
//! watcher (addresses) --------------'     ^        `--> status, when somebody asks
//!                          control socket-'
//! ```
//!
//! A task that ends before it is told to ends the daemon: systemd starts it again, and it adopts what is
//! announced.

mod actuator;
mod controller;
mod family;
mod observe;
mod poller;
mod prober;
mod record;
mod sessions;
mod settle;
mod signals;
mod snapshot;
mod watcher;

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bird::client;
use crate::config::{Config, OnFailure, Service};
use crate::control::{self, Request, Response};
use crate::health::Verdict;
use crate::status::Snapshot;

use controller::Controller;
use signals::Signals;

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The control socket.
    #[error(transparent)]
    Control(#[from] control::Error),
    /// The signal handlers.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// A task ended that never should.
    #[error(
        "an internal task ended unexpectedly: {0}. Announcements stay as they are until the daemon runs again"
    )]
    Task(String),
    /// Stopping could not withdraw everything.
    #[error(
        "BIRD did not confirm the withdrawal of {protocols} within {time} s; {intents}",
        time = STOP_DEADLINE.as_secs()
    )]
    NotWithdrawn {
        /// What may be announced still.
        protocols: String,
        /// What BIRD will do when it next reads its configuration.
        intents: &'static str,
    },
}

/// How long a stop waits for BIRD to confirm.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// How long a stop waits for BIRD's answer to the last poll.
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// So many events may wait for the controller; senders then wait, too.
const QUEUE: usize = 1024;

/// So many requests to poll at once may wait: those that do not fit are polled within a second anyway.
const POLL_REQUESTS: usize = 256;

/// Everything that reaches the controller.
enum Event {
    /// A probe came to its end.
    Observed(ProbeId, Observed),
    /// BIRD was asked for its state.
    Polled(Box<Result<poller::Poll, client::Error>>),
    /// BIRD was asked what it exports.
    Exports(Vec<(poller::ExportId, Option<bool>)>),
    /// The host was asked for its addresses.
    Addresses(io::Result<HashSet<IpAddr>>),
    /// An actuator got somewhere, or failed and goes on trying.
    Actuated(FamilyId, actuator::Attempt),
    /// An actuator has ended: done, or called off.
    Ended(FamilyId),
    /// Somebody wants the snapshot.
    Status(oneshot::Sender<Snapshot>),
}

/// What a probe found.
struct Observed {
    sent: Instant,
    verdict: Verdict,
    detail: String,
    latency: Option<Duration>,
    at: Timestamp,
}

/// A service by its position in the configuration, and one of its probes by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ProbeId {
    service: usize,
    probe: usize,
}

/// A service by its position in the configuration, and one of its families by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FamilyId {
    service: usize,
    family: usize,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), Error> {
    let listener = control::listen(&config.daemon.control)?;
    let signals = Signals::new().map_err(Error::Signals)?;
    let config = Arc::new(config);
    let (events, queue) = mpsc::channel(QUEUE);
    let (poll_requests, polls) = mpsc::channel(POLL_REQUESTS);
    let now = Instant::now();
    let controller = Controller::new(Arc::clone(&config), events.clone(), poll_requests, now);
    let mut tasks = JoinSet::new();
    controller.start_probers(&mut tasks);
    let talking = Arc::new(Mutex::new(()));
    tasks.spawn(poller::run(
        Arc::clone(&config),
        Arc::clone(&talking),
        polls,
        events.clone(),
    ));
    start_tasks(&mut tasks, &config, listener, events);
    tracing::info!(
        node = config.node.name,
        services = config.services.len(),
        version = env!("CARGO_PKG_VERSION"),
        "started"
    );
    let stopped = tokio::select! {
        stopped = controller.run(queue, signals.stop()) => stopped,
        Some(ended) = tasks.join_next() => Err(Error::Task(
            ended.err().map_or_else(|| "no reason".to_owned(), |error| error.to_string()),
        )),
    };
    // Never in the middle of an answer: BIRD 3.4.0 was seen to crash when its reader went away there.
    let _talking = timeout(LAST_ANSWER, talking.lock()).await;
    // Nobody answers there any more.
    let _ = std::fs::remove_file(&config.daemon.control);
    stopped
}

/// Everything but probers, actuators and the poller.
fn start_tasks(
    tasks: &mut JoinSet<Infallible>,
    config: &Arc<Config>,
    listener: control::Listener,
    events: mpsc::Sender<Event>,
) {
    let drains = |service: &Service| {
        let mut checks = service.checks.iter();
        checks.any(|check| check.on_failure == OnFailure::Drain)
    };
    let asks = |service: &Service| service.require_address || drains(service);
    if config.services.iter().any(asks) {
        tasks.spawn(watcher::run(events.clone()));
    }
    tasks.spawn(control::serve(listener, move |request| {
        answer(request, events.clone())
    }));
}

async fn answer(request: Request, events: mpsc::Sender<Event>) -> Response {
    let (reply, snapshot) = oneshot::channel();
    match request {
        Request::Status => {
            // Either fails only while the daemon stops.
            let _ = events.send(Event::Status(reply)).await;
            match snapshot.await {
                Ok(snapshot) => Response::Status(Box::new(snapshot)),
                Err(_) => Response::Error("the daemon is stopping".to_owned()),
            }
        }
    }
}
