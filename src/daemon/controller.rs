//! The owner of all mutable state.
//!
//! Every event is taken in, then the families it touches are settled: decide what should be, compare with
//! what is, set an actuator to work where they differ. Nothing here waits for anything but the next event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::actuator::CONNECTIONS;
use super::family::FamilyState;
use super::holds::Holds;
use super::manager::Manager;
use super::orders::OrderBook;
use super::orphans::Orphans;
use super::poller::{ExportId, ExportQuestion, Poll, exports};
use super::prober::Prober;
use super::record::Recorder;
use super::reports::Reports;
use super::service::ServiceState;
use super::sessions::Sessions;
use super::signals::Stop;
use super::standing::{self, Standing};
use super::{Error, Event, FamilyId, Observed, ProbeId, Report, watcher};
use crate::config::Config;
use crate::descriptors::{self, Spares};
use crate::history;
use crate::metrics::Confirmations;
use crate::reload::fingerprint;

/// Between two looks at the clock, for checks that give no verdict.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// So many reports are taken in before anything else is looked at.
const REPORTS: usize = 64;

/// BIRD as it was last seen.
#[derive(Default)]
pub(super) struct BirdState {
    /// Its answers; kept when it stops answering.
    pub(super) poll: Option<Poll>,
    /// Why there are none.
    pub(super) error: Option<String>,
    /// Whether the last answer was that nobody has the socket open.
    pub(super) is_gone: bool,
    /// What it exports.
    pub(super) exports: HashMap<ExportId, Option<bool>>,
}

/// See the module.
pub(super) struct Controller {
    pub(super) config: Arc<Config>,
    pub(super) services: Vec<ServiceState>,
    pub(super) orders: OrderBook,
    /// What is wrong with the daemon itself, by where it comes from.
    pub(super) problems: BTreeMap<&'static str, String>,
    pub(super) bird: BirdState,
    pub(super) sessions: Sessions,
    pub(super) holds: Holds,
    pub(super) orphans: Orphans,
    pub(super) questions: Vec<ExportQuestion>,
    pub(super) started_at: Timestamp,
    pub(super) config_loaded_at: Timestamp,
    /// See [`fingerprint`].
    pub(super) config_fingerprint: String,
    /// Whether the last reload was.
    pub(super) reload_refused: bool,
    pub(super) confirmations: Confirmations,
    /// `None` until the host was asked, and again when it cannot be.
    pub(super) addresses: Option<BTreeSet<IpAddr>>,
    /// Why a stop withdraws everything, once it does.
    pub(super) stopping: Option<&'static str>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) reports: Reports,
    /// Sends all probes.
    pub(super) prober: Prober,
    /// Each keeps a connection.
    pub(super) watchers: JoinSet<Infallible>,
    pub(super) standing: Standing,
    /// The units of systemd whose news is wanted.
    pub(super) units: watch::Sender<BTreeSet<String>>,
    pub(super) poll_requests: mpsc::Sender<FamilyId>,
    pub(super) bird_is_back: watch::Sender<u64>,
    pub(super) actuators: JoinSet<()>,
    pub(super) withdrawals: Arc<Semaphore>,
    pub(super) announcements: Arc<Semaphore>,
    pub(super) spares: Arc<Spares>,
    pub(super) recorder: Recorder,
    /// Who is told how it goes.
    pub(super) manager: Manager,
}

impl Controller {
    /// Begins with nothing known.
    pub(super) fn new(
        config: Arc<Config>,
        events: mpsc::Sender<Event>,
        poll_requests: mpsc::Sender<FamilyId>,
        recorder: Recorder,
        now: Instant,
    ) -> Self {
        let stale_after = config.daemon.stale_after.duration();
        let services = config
            .services
            .iter()
            .map(|service| ServiceState::new(service, stale_after, now))
            .collect();
        let started_at = Timestamp::now();
        Self {
            services,
            orders: OrderBook::default(),
            problems: BTreeMap::new(),
            bird: BirdState::default(),
            sessions: Sessions::new(&config, now),
            holds: Holds::new(&config, now),
            orphans: Orphans::default(),
            questions: exports(&config),
            started_at,
            config_loaded_at: started_at,
            config_fingerprint: fingerprint(&config),
            reload_refused: false,
            confirmations: Confirmations::default(),
            addresses: None,
            stopping: None,
            events,
            reports: Reports::new(&config),
            prober: Prober::default(),
            watchers: JoinSet::new(),
            standing: Standing::new(),
            units: watch::Sender::default(),
            poll_requests,
            bird_is_back: watch::Sender::new(0),
            actuators: JoinSet::new(),
            withdrawals: Arc::new(Semaphore::new(CONNECTIONS.0)),
            announcements: Arc::new(Semaphore::new(CONNECTIONS.1)),
            spares: Spares::new(),
            recorder,
            manager: Manager::default(),
            config,
        }
    }

    /// Works until `stop` says why to stop, and then as `on_stop` wants it.
    pub(super) async fn run(
        mut self,
        mut queue: mpsc::Receiver<Event>,
        stop: impl Future<Output = Stop>,
    ) -> Result<(), Error> {
        self.record(history::Event::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: self.config.node.name.clone(),
            services: self.config.services.len(),
        });
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                stop = &mut stop => return self.end(stop, queue).await,
                Some(report) = self.reports.queue.recv() => {
                    self.take_report(report, Instant::now());
                    self.take_waiting_reports();
                }
                Some(event) = queue.recv() => self.take(event, Instant::now()),
                found = self.prober.next() => self.take_found(found, Instant::now())?,
                Some(ended) = self.watchers.join_next() => {
                    // Those that were called off are no news.
                    if let Some(error) = ended.err().filter(|error| !error.is_cancelled()) {
                        return Err(Error::Task(error.to_string()));
                    }
                }
                due = ticks.tick() => self.look_at_clock(due.into(), Instant::now()),
                Some(_) = self.actuators.join_next() => {}
                () = sleep(standing::QUIET), if self.standing.is_outdated => self.keep_standing(),
            }
        }
    }

    /// Reports come many at a time; not so many that anybody else would wait for long.
    fn take_waiting_reports(&mut self) {
        for _ in 1..REPORTS {
            let Ok(report) = self.reports.queue.try_recv() else {
                return;
            };
            self.take_report(report, Instant::now());
        }
    }

    /// What probes have found: that of a whole beat, for a service may have several.
    pub(super) fn take_found(
        &mut self,
        found: Result<(ProbeId, Observed), JoinError>,
        now: Instant,
    ) -> Result<(), Error> {
        let (id, observed) = found.map_err(|error| Error::Task(error.to_string()))?;
        self.on_observed(id, observed, now);
        while let Some((id, observed)) = self.prober.found() {
            self.on_observed(id, observed, now);
        }
        self.tell_when_ready();
        Ok(())
    }

    /// What a task of this configuration reports.
    pub(super) fn take_report(&mut self, report: Report, now: Instant) {
        match report {
            Report::Polled(poll) => self.on_poll(*poll, now),
            Report::Exports(config, answers) => {
                self.on_exports(&config, answers);
                self.on_work_of_poller();
            }
            Report::Addresses(addresses) => self.on_addresses(addresses, now),
            Report::Actuated(id, attempt) => self.on_actuated(id, attempt, now),
            Report::Ended(id) => {
                self.family(id).end(now);
                self.settle(id, now);
            }
            Report::Held(id, attempt) => self.on_held(id, attempt, now),
        }
        self.tell_when_ready();
    }

    pub(super) fn take(&mut self, event: Event, now: Instant) {
        match event {
            Event::Leftovers(found) => self.on_leftovers(found, now),
            Event::Swept(name, attempt) => self.on_swept(name, attempt, now),
            // Whoever asked may be gone.
            Event::Status(reply) => drop(reply.send(self.snapshot(Timestamp::now()))),
            Event::Order(request, by, reply) => {
                drop(reply.send(self.on_order(&request, &by, now)));
            }
            Event::OrderDenied(refused) => self.record(refused),
            Event::OrdersKept(error) => self.on_orders_kept(error),
            Event::Remembered(records) => self.recorder.remember(records),
            Event::Recall(reply) => drop(reply.send(self.recorder.recall())),
            Event::Measured(reply) => {
                let measured = (self.snapshot(Timestamp::now()), self.measurements(now));
                drop(reply.send(measured));
            }
            Event::ReloadBegins => self.tell_reloading(),
            Event::Reload(reading) => self.on_reload(reading, now),
            Event::Look(sight, what) => self.on_look(&sight, what, now),
            Event::Problem(part, problem) => self.on_problem(part, problem),
        }
    }

    fn on_observed(&mut self, id: ProbeId, observed: Observed, now: Instant) {
        let probe = &mut self.services[id.service].probes[id.probe];
        let service = &self.config.services[id.service].name;
        tracing::debug!(%service, check = probe.name, verdict = ?observed.verdict, detail = observed.detail, "verdict");
        if probe.on(now, observed) {
            self.settle_service(id.service, now);
        }
        self.look_around(id, now);
    }

    fn on_addresses(&mut self, addresses: io::Result<BTreeSet<IpAddr>>, now: Instant) {
        // One last look, from before a reload.
        if !watcher::is_needed(&self.config) {
            return;
        }
        let problem = addresses.as_ref().err().map(|error| {
            format!(
                "the addresses of this host cannot be read: {error}. What needs one stays as it is"
            )
        });
        self.on_problem("addresses", problem);
        let addresses = addresses.ok();
        if addresses != self.addresses {
            let before = mem::replace(&mut self.addresses, addresses);
            self.standing.is_outdated = true;
            self.settle_all(now);
            // What is withdrawn already needs no look.
            if let (Some(before), Some(addresses)) = (before, &self.addresses) {
                let lost = before.difference(addresses).copied().collect();
                self.on_lost_addresses(&lost, now);
            }
        }
    }

    /// Something is wrong with a part of the daemon, or no longer: said once.
    pub(super) fn on_problem(&mut self, part: &'static str, problem: Option<String>) {
        let Some(problem) = problem else {
            if self.problems.remove(part).is_some() {
                tracing::info!(part, "a problem of the daemon itself is over");
            }
            return;
        };
        if self.problems.get(part) != Some(&problem) {
            tracing::warn!(part, problem, "something is wrong with the daemon itself");
            self.problems.insert(part, problem);
        }
    }

    /// A tick that comes late tells that the daemon itself stood still: nobody was silent then.
    fn look_at_clock(&mut self, due: Instant, now: Instant) {
        let late = now.saturating_duration_since(due);
        if late > TICK {
            tracing::warn!(seconds = late.as_secs_f64(), "this daemon was stalled");
        }
        self.calm_sessions(now);
        self.hold_flapping(now, Timestamp::now());
        for service in 0..self.services.len() {
            let mut decided = false;
            for probe in &mut self.services[service].probes {
                if late > TICK {
                    probe.tracker.forgive(late);
                    probe.pulse.forgive(late);
                }
                decided |= probe.on_time(now);
            }
            for family in &mut self.services[service].families {
                decided |= family.on_time(now);
            }
            if decided {
                self.settle_service(service, now);
            }
        }
        self.end_orders(Timestamp::now(), now);
        self.look_at_descriptors(now);
        self.keep_standing();
        self.tell_manager(now);
    }

    /// Takes back what was lent, and tells where there are none left.
    fn look_at_descriptors(&mut self, now: Instant) {
        self.spares.refill();
        let problem = descriptors::are_short().then(|| {
            "no file descriptors are left: checks cannot ask, and what is announced is withdrawn after \
             `daemon.stale_after`. Look at `LimitNOFILE=` of the unit, and at what this process has open (`lsof -p`)"
                .to_owned()
        });
        self.standing.yield_to_others(problem.is_some(), now);
        self.on_problem("descriptors", problem);
    }

    pub(super) fn family(&mut self, id: FamilyId) -> &mut FamilyState {
        &mut self.services[id.service].families[id.family]
    }
}

#[cfg(test)]
mod tests;
