//! The daemon: one owner of all mutable state, and tasks that send to it.
//!
//! ```text
//!                                         prober (part of it: sends all probes)
//!                                              |
//! poller (BIRD, on a timer) ---------.         v           .--> actuator (one a family in motion)
//! reloader (configuration) ----------+--> controller -------+--> holder (one a session that flaps)
//! watcher (addresses) --------------|     ^        |--> status, when somebody asks
//! standing (one a server) ----------|     |        |
//! unit_news (systemd) --------------'     |        |
//!                    control socket, HTTP-'        |--> keeper (the orders in force, on the disk)
//!                                                  `--> history (a thread that writes)
//! ```
//!
//! A task that ends before it is told to ends the daemon: systemd starts it again, and it adopts what is
//! announced.

mod actuator;
mod address;
mod controller;
mod desk;
mod disk;
mod duty;
mod family;
mod found;
mod holder;
mod holds;
mod inherit;
mod keeper;
mod looks;
mod manager;
mod measure;
mod observe;
mod orders;
mod orphans;
mod poller;
mod prober;
mod probers;
mod recall;
mod record;
mod reload;
mod reports;
mod service;
mod sessions;
mod settle;
mod signals;
mod snapshot;
mod standing;
mod stopping;
mod unit_news;
mod views;
mod watcher;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bird::client;
use crate::config::Config;
use crate::control::{self, Request, Response};
use crate::health::Verdict;
use crate::history::{self, Record};
use crate::http;
use crate::intent::Leftover;
use crate::metrics::{self, Measurements};
use crate::operators::{Operators, Peer};
use crate::overrides;
use crate::status::Snapshot;
use crate::systemd::Environment;

use address::Mailbox;
use controller::Controller;
use desk::Desk;
use keeper::{Keeper, Kept};
use manager::Manager;
use recall::Recall;
use record::Recorder;
use reload::Reloader;
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
    /// Stopping could not enable every session that was kept disabled.
    #[error(
        "BIRD did not confirm within {time} s that these sessions are enabled, which were kept disabled because they flapped: {sessions}. Look with `birdc show protocols`, and say `birdc enable NAME` for each that is down",
        time = STOP_DEADLINE.as_secs()
    )]
    NotReleased {
        /// Their BGP protocols.
        sessions: String,
    },
}

/// How long a stop waits for BIRD to confirm.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// How long a stop waits for BIRD's answer to the last poll.
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// How long a stop waits for the last records to be on disk.
const LAST_RECORDS: Duration = Duration::from_millis(500);

/// So many events may wait for the controller; senders then wait, too.
const QUEUE: usize = 1024;

/// So many requests to poll at once may wait: those that do not fit are polled within a second anyway.
const POLL_REQUESTS: usize = 256;

/// What the tasks report that work for one configuration: positions are of that one.
enum Report {
    /// BIRD was asked for its state.
    Polled(Box<Result<poller::Poll, client::Error>>),
    /// BIRD was asked what it exports, of this configuration.
    Exports(Arc<Config>, Vec<(poller::ExportId, Option<bool>)>),
    /// The host was asked for its addresses.
    Addresses(io::Result<BTreeSet<IpAddr>>),
    /// An actuator got somewhere, or failed and goes on trying.
    Actuated(FamilyId, actuator::Attempt),
    /// An actuator has ended: done, or called off.
    Ended(FamilyId),
    /// A holder has ended: done, failed or called off.
    Held(holder::SessionId, holder::Attempt),
}

/// Everything else that reaches the controller.
enum Event {
    /// Files in the intent directory that nobody looks after; or why it cannot be listed.
    Leftovers(io::Result<Vec<Leftover>>),
    /// An attempt at an orphan has ended, by its protocol.
    Swept(String, orphans::Attempt),
    /// Somebody wants the snapshot.
    Status(oneshot::Sender<Snapshot>),
    /// An operator, by this name, asks for orders.
    Order(overrides::Request, String, oneshot::Sender<orders::Taken>),
    /// Somebody who may not did.
    OrderDenied(history::Event),
    /// The disk has the orders in force; or why not.
    OrdersKept(Option<String>),
    /// What was recorded before this start.
    Remembered(Vec<Record>),
    /// Somebody wants what is recorded in memory.
    Recall(oneshot::Sender<record::Recalled>),
    /// Somebody wants the snapshot, and what was counted.
    Measured(oneshot::Sender<(Snapshot, Measurements)>),
    /// The configuration was read anew.
    Reload(reload::Reading),
    /// The configuration is about to be read anew.
    ReloadBegins,
    /// Something happened to what checks look at.
    Look(Sight, &'static str),
    /// Something is wrong with a part of the daemon, or no longer.
    Problem(&'static str, Option<String>),
}

/// What is watched besides probing it: when something happens there, it is time to look.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Sight {
    /// A server, by a connection to it.
    Server(SocketAddr),
    /// A unit of systemd, by the news of it.
    Unit(String),
}

/// What a probe found.
struct Observed {
    sent: Instant,
    verdict: Verdict,
    /// See [`Outcome`](crate::probe::Outcome).
    is_silence: bool,
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

/// Runs until SIGTERM or SIGINT. SIGHUP has it read its configuration anew, from `file`.
pub async fn run(config: Config, file: PathBuf) -> Result<(), Error> {
    let listener = control::listen(&config.daemon.control)?;
    let signals = Signals::new().map_err(Error::Signals)?;
    let config = Arc::new(config);
    let (events, queue) = mpsc::channel(QUEUE);
    let (poll_requests, polls) = mpsc::channel(POLL_REQUESTS);
    let (recorder, written) = Recorder::start(&config.daemon.state_dir, events.clone());
    let mut controller = Controller::new(
        Arc::clone(&config),
        events.clone(),
        poll_requests,
        recorder,
        Instant::now(),
    );
    let environment = Environment::read();
    controller.manager = Manager::new(&environment, config.bird.poll_interval.duration());
    let mut tasks = JoinSet::new();
    let Signals { stop, hangup } = signals;
    let (reloads, requests) = mpsc::channel(reload::QUEUE);
    let reloader = Reloader {
        file,
        hangup,
        requests,
        events: events.clone(),
        reading: None,
    };
    let desk = Desk {
        reloads,
        operators: Operators::new(config.daemon.operator_group.clone()),
        kept: start_keeper(&mut tasks, &controller),
        recall: Recall::new(config.daemon.state_dir.clone(), events.clone()),
        events: events.clone(),
    };
    controller.adopt_orders(found::find(&config).await);
    controller.start_probers();
    let talking = Arc::new(Mutex::new(()));
    let poller = Mailbox::new(&controller.reports.poller);
    tasks.spawn(poller::run(
        poller,
        Arc::clone(&talking),
        polls,
        events.clone(),
    ));
    tasks.spawn(watcher::run(Mailbox::new(&controller.reports.watcher)));
    tasks.spawn(unit_news::run(controller.units.subscribe(), events.clone()));
    tasks.spawn(reloader.run());
    start_tasks(&mut tasks, &config, listener, desk);
    let stopped = tokio::select! {
        stopped = controller.run(queue, stop.wait(environment.is_unit())) => stopped,
        Some(ended) = tasks.join_next() => Err(Error::Task(
            ended.err().map_or_else(|| "no reason".to_owned(), |error| error.to_string()),
        )),
    };
    // Never in the middle of an answer: BIRD 3.4.0 was seen to crash when its reader went away there.
    let _talking = timeout(LAST_ANSWER, talking.lock()).await;
    let _written = timeout(LAST_RECORDS, written).await;
    // Nobody answers there any more.
    let _ = std::fs::remove_file(&config.daemon.control);
    stopped
}

/// The writer of orders. It is there before anything is to be written.
fn start_keeper(tasks: &mut JoinSet<Infallible>, controller: &Controller) -> watch::Receiver<Kept> {
    let (kept, receiver) = watch::channel(Kept::default());
    let keeper = Keeper {
        directory: controller.config.daemon.state_dir.clone(),
        wanted: controller.orders.wanted.subscribe(),
        kept,
        events: controller.events.clone(),
    };
    tasks.spawn(keeper.run());
    receiver
}

/// Those that answer.
fn start_tasks(
    tasks: &mut JoinSet<Infallible>,
    config: &Arc<Config>,
    listener: control::Listener,
    desk: Desk,
) {
    if let Some(address) = config.daemon.listen {
        let (asked, told) = (desk.events.clone(), desk.events.clone());
        tasks.spawn(http::serve(
            address,
            move || measured(asked.clone()),
            move |problem| tell(told.clone(), problem),
        ));
    }
    let config = Arc::clone(config);
    tasks.spawn(async move {
        let given = desk.operators.hand_over(&config.daemon.control).await;
        if let Err(problem) = given {
            let _ = desk
                .events
                .send(Event::Problem("operators", Some(problem)))
                .await;
        }
        control::serve(listener, move |request, peer| {
            answer(request, peer, desk.clone())
        })
        .await
    });
}

/// What the daemon itself calls its HTTP server among its problems.
const HTTP: &str = "daemon.listen";

async fn tell(events: mpsc::Sender<Event>, problem: Option<String>) {
    // Fails only while the daemon stops.
    let _ = events.send(Event::Problem(HTTP, problem)).await;
}

/// The snapshot and what was counted; nothing while the daemon stops.
async fn measured(events: mpsc::Sender<Event>) -> Option<(Snapshot, Measurements)> {
    let (reply, measured) = oneshot::channel();
    events.send(Event::Measured(reply)).await.ok()?;
    measured.await.ok()
}

async fn answer(request: Request, peer: Option<Peer>, desk: Desk) -> Response {
    let stopping = || Response::Error("the daemon is stopping".to_owned());
    match request {
        Request::Status => {
            let (reply, snapshot) = oneshot::channel();
            // Either fails only while the daemon stops.
            let _ = desk.events.send(Event::Status(reply)).await;
            match snapshot.await {
                Ok(snapshot) => Response::Status(Box::new(snapshot)),
                Err(_) => stopping(),
            }
        }
        Request::Order(request) => desk.answer(request, peer).await,
        Request::Reload => desk.reload(peer).await,
        Request::History(selection) => desk.recall.answer(selection).await,
        Request::Metrics => match measured(desk.events).await {
            Some((snapshot, measurements)) => {
                let written =
                    tokio::task::spawn_blocking(|| metrics::encode(snapshot, measurements)).await;
                written.map_or_else(|_| stopping(), Response::Metrics)
            }
            None => stopping(),
        },
    }
}
