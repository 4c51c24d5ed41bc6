//! Connections to servers that are there only to end: one a server, whoever asks it, while anything is announced that
//! it decides on, and a few a port: a server with hundreds of addresses has room for ten or a hundred connections, and
//! its clients need that. Whoever asks at the same port is told when one of these is found to fail.
//!
//! ```text
//! wait -> connect -> stands ... ends: "look now" -> wait -> connect ...
//!            '-> refused: "look now" if one stood before; wait longer each time
//! ```
//!
//! None of this is a failure by itself: servers close what is idle, have no room, or do not serve TCP at all.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::controller::Controller;
use super::family::ProbeState;
use super::{Event, Sight};
use crate::backoff::Backoff;
use crate::probe::standing::{self, End};

/// Before a connection is made again, and at most before one is tried at a server that has none for us.
const WAIT: (Duration, Duration) = (Duration::from_millis(30), Duration::from_mins(1));

/// A server that closes sooner has no room, or does not want us: it is left alone for the longest time. Idle
/// connections live for 2 s (dnsdist), 10 s (Knot), 30 s (Unbound, BIND) or 120 s (NSD).
const LASTING: Duration = Duration::from_secs(1);

/// Who is to be watched is looked up once the controller has had nothing to do for so long, or at its next look at the
/// clock: many services may come or go together.
pub(super) const QUIET: Duration = Duration::from_millis(10);

/// After a shortage of descriptors.
const YIELDING: Duration = Duration::from_mins(1);

/// Servers that are watched of those at one port of this host. Unbound has room for ten connections, NSD and BIND for
/// more than a hundred.
const PER_PORT: usize = 4;

/// One in so many of the descriptors that this process may have, at most: probes need theirs.
const SHARE: usize = 4;

/// All of them.
pub(super) struct Standing {
    connections: HashMap<SocketAddr, Connection>,
    room: Arc<Semaphore>,
    /// So many may stand at a time.
    allowed: usize,
    /// Until when somebody else needs the descriptors.
    yields_until: Option<Instant>,
    /// Whether it may have changed who is to be watched.
    pub(super) is_outdated: bool,
}

/// One, which ends with this.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Standing {
    /// None yet, and none is allowed.
    pub(super) fn new() -> Self {
        Self {
            connections: HashMap::new(),
            room: Arc::new(Semaphore::new(0)),
            allowed: 0,
            yields_until: None,
            is_outdated: true,
        }
    }

    /// Allows `wanted` connections, as far as this process may have so many `descriptors`; nobody knows of what is
    /// `None`. What was allowed before stays so.
    pub(super) fn allow(&mut self, descriptors: Option<usize>, wanted: usize) {
        let share = descriptors.map_or(wanted, |limit| limit / SHARE);
        let more = wanted.min(share).saturating_sub(self.allowed);
        self.room.add_permits(more);
        self.allowed += more;
    }

    /// Everything else comes first, as there are no descriptors left, or there were none lately: what this gives back
    /// is no reason to take it again.
    pub(super) fn yield_to_others(&mut self, are_short: bool, now: Instant) {
        let yielded = self.yields_until.is_some();
        if are_short {
            self.yields_until = Some(now + YIELDING);
        }
        self.yields_until = self.yields_until.filter(|until| now < *until);
        self.is_outdated |= self.yields_until.is_some() != yielded;
    }

    /// Whether this server has a connection, or is to have one.
    pub(super) fn watches(&self, server: SocketAddr) -> bool {
        self.connections.contains_key(&server)
    }

    /// Watches these servers, and no others.
    fn watch(
        &mut self,
        servers: &HashSet<SocketAddr>,
        tasks: &mut JoinSet<Infallible>,
        events: &mpsc::Sender<Event>,
    ) {
        if self.yields_until.is_some() {
            self.connections.clear();
            return;
        }
        self.connections
            .retain(|server, _| servers.contains(server));
        for server in servers {
            self.connections.entry(*server).or_insert_with(|| {
                let watcher = Watcher {
                    server: *server,
                    room: Arc::clone(&self.room),
                    events: events.clone(),
                    backoff: Backoff::new(WAIT.0, WAIT.1),
                    stood: false,
                };
                Connection(tasks.spawn(watcher.run()))
            });
        }
    }
}

impl Controller {
    /// Sees to it that servers of announced services are watched.
    pub(super) fn keep_standing(&mut self) {
        if !mem::take(&mut self.standing.is_outdated) {
            return;
        }
        let servers =
            self.servers_to_watch(|probe, server| probe.announced && self.is_here(server.ip()));
        self.standing
            .watch(&servers, &mut self.watchers, &self.events);
    }

    /// The servers that are watched where these probes of them matter: the first of each port, in the order of the
    /// configuration.
    pub(super) fn servers_to_watch(
        &self,
        matters: impl Fn(&ProbeState, SocketAddr) -> bool,
    ) -> HashSet<SocketAddr> {
        let mut servers = HashSet::new();
        let mut ports: HashMap<u16, usize> = HashMap::new();
        let probes = self.services.iter().flat_map(|service| &service.probes);
        for probe in probes.filter(|probe| probe.has_events) {
            let Some(server) = probe.server().filter(|server| matters(probe, *server)) else {
                continue;
            };
            let of_port = ports.entry(server.port()).or_default();
            if *of_port < PER_PORT && servers.insert(server) {
                *of_port += 1;
            }
        }
        servers
    }
}

/// Who keeps one connection.
struct Watcher {
    server: SocketAddr,
    room: Arc<Semaphore>,
    events: mpsc::Sender<Event>,
    backoff: Backoff,
    /// Whether the last attempt came to a connection.
    stood: bool,
}

impl Watcher {
    /// Watches for ever.
    async fn run(mut self) -> Infallible {
        loop {
            sleep(self.backoff.wait(rand::random())).await;
            let happened = self.stand().await;
            if let Some(what) = happened {
                let event = Event::Look(Sight::Server(self.server), what);
                // Fails only while the daemon stops.
                let _ = self.events.send(event).await;
            }
        }
    }

    /// Connects, and waits until it ends. What is worth a look, if anything is.
    async fn stand(&mut self) -> Option<&'static str> {
        let room = Arc::clone(&self.room);
        // Never closed.
        let _room = room.acquire().await.ok()?;
        let stood = mem::replace(&mut self.stood, false);
        let connection = match standing::connect(self.server).await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::debug!(server = %self.server, %error, "no standing connection");
                // It has no room, or a filter drops what we send: neither is over in a moment.
                if error.kind() == io::ErrorKind::TimedOut {
                    self.backoff.despair();
                }
                let is_news = stood && error.kind() == io::ErrorKind::ConnectionRefused;
                return is_news.then_some("the server took no new connection");
            }
        };
        tracing::debug!(server = %self.server, "a connection stands");
        let since = Instant::now();
        let end = standing::end(connection).await;
        if since.elapsed() >= LASTING && end != End::Talks {
            self.backoff.reset();
        } else {
            self.backoff.despair();
        }
        self.stood = true;
        match end {
            End::Closed => Some("the server closed its connection"),
            End::Broken => Some("the server's connection broke"),
            End::Talks => None,
        }
    }
}
