//! What systemd is told: that the daemon is ready, how it goes, that it works, and that it ends.
//!
//! **Ready** is a daemon whose first poll of BIRD has ended and whose families, as far as that found something to do,
//! have each been confirmed or have failed once. What waits for verdicts, or for a BIRD that is away, does not make
//! it less ready: it already holds what is announced to what it knows.

use std::time::{Duration, Instant};

use super::FamilyId;
use super::controller::{Controller, TICK};
use super::family::FamilyState;
use super::poller::{FILES_TIME, POLL_TIME};
use super::service::ServiceState;
use crate::config::Service;
use crate::status::{Actual, Brief, SessionCount, line};
use crate::systemd::{Environment, Notifier};
use crate::watchdog::Watchdog;

/// systemd, or whoever else started this program.
#[derive(Default)]
pub(super) struct Manager {
    notifier: Notifier,
    /// `None` if nobody watches.
    watchdog: Option<Watchdog>,
    readiness: Readiness,
}

/// How far the start is.
#[derive(Default)]
enum Readiness {
    /// No poll has ended.
    #[default]
    Unpolled,
    /// These have something to do since the first poll, and have neither done it nor failed.
    Reconciling(Vec<FamilyId>),
    /// It was told.
    Ready,
}

impl Manager {
    /// The one of this process, if there is any; `poll_interval` is BIRD's.
    pub(super) fn new(environment: &Environment, poll_interval: Duration) -> Self {
        let watchdog = environment.watchdog();
        let longest = poll_interval + FILES_TIME + POLL_TIME + TICK;
        if let Some(watchdog) = watchdog.filter(|watchdog| *watchdog < longest) {
            tracing::warn!(
                watchdog = watchdog.as_secs_f64(),
                longest_gap = longest.as_secs_f64(),
                "the unit's WatchdogSec= is so short that a BIRD that hangs may get this daemon killed"
            );
        }
        Self {
            notifier: Notifier::new(environment),
            watchdog: watchdog.map(|_| Watchdog::default()),
            readiness: Readiness::default(),
        }
    }
}

impl Controller {
    /// A poll has ended, with an answer or an error, and was reconciled; or the questions about exports after it.
    pub(super) fn on_work_of_poller(&mut self) {
        if let Some(watchdog) = &mut self.manager.watchdog {
            watchdog.on_poll();
        }
        if matches!(self.manager.readiness, Readiness::Unpolled) {
            let ids = self.services.iter().enumerate();
            let ids = ids.flat_map(|(service, state)| {
                (0..state.families.len()).map(move |family| FamilyId { service, family })
            });
            let open: Vec<_> = ids.filter(|id| self.is_open(*id)).collect();
            self.manager.readiness = Readiness::Reconciling(open);
        }
    }

    /// Tells once that the daemon is ready, as soon as it is. To be called after every report.
    pub(super) fn tell_when_ready(&mut self) {
        let Readiness::Reconciling(open) = &mut self.manager.readiness else {
            return;
        };
        let mut open = std::mem::take(open);
        open.retain(|id| self.is_open(*id));
        // A BIRD that went away since will not confirm anything soon.
        if open.is_empty() || self.bird.error.is_some() {
            self.manager.readiness = Readiness::Ready;
            tracing::debug!("ready");
            self.tell_status();
            self.manager.notifier.ready();
        } else {
            self.manager.readiness = Readiness::Reconciling(open);
        }
    }

    /// Whether something is being done about a family and has neither come true nor failed.
    fn is_open(&self, id: FamilyId) -> bool {
        let service = self.services.get(id.service);
        let family = service.and_then(|service| service.families.get(id.family));
        family.is_some_and(|family| {
            let motion = family.motion.as_ref();
            family.error.is_none() && motion.is_some_and(|motion| !motion.confirmed)
        })
    }

    /// Looks at the clock: feeds the watchdog if a cycle is complete, and tells how it goes.
    pub(super) fn tell_manager(&mut self, now: Instant) {
        let overdue = self.overdue_check(now);
        if let Some(watchdog) = &mut self.manager.watchdog
            && watchdog.on_tick(overdue.is_some())
        {
            self.manager.notifier.feed_watchdog();
        }
        let problem = overdue.map(|check| {
            format!(
                "{check} gives no verdict, not even that there is none: a fault of this program"
            )
        });
        self.on_problem("checks", problem);
        self.tell_status();
        self.manager.notifier.flush();
    }

    /// The configuration is about to be read anew; [`Self::tell_reloaded`] ends that. Before the first time that it is
    /// ready the manager waits for nothing else.
    pub(super) fn tell_reloading(&mut self) {
        if self.is_ready() {
            self.manager.notifier.reloading();
        }
    }

    /// The new configuration is in force, or the old one still is.
    pub(super) fn tell_reloaded(&mut self) {
        if self.is_ready() {
            self.tell_status();
            self.manager.notifier.ready();
        }
    }

    fn is_ready(&self) -> bool {
        matches!(self.manager.readiness, Readiness::Ready)
    }

    /// The daemon ends, and this is what it does about announcements until then.
    pub(super) fn tell_stopping(&mut self, what: &str) {
        self.manager.notifier.status(format!("stopping: {what}"));
        self.manager.notifier.stopping();
    }

    /// A check whose prober should have reported long ago.
    fn overdue_check(&self, now: Instant) -> Option<String> {
        let services = self.config.services.iter().zip(&self.services);
        let mut probes = services.flat_map(|(spec, state)| {
            let probes = state.probes.iter();
            probes.map(move |probe| (&spec.name, probe))
        });
        let (service, probe) = probes.find(|(_, probe)| probe.pulse.is_overdue(now))?;
        Some(format!("the check {} of {service}", probe.name))
    }

    fn tell_status(&mut self) {
        let history = self.recorder.problem();
        let problems = history
            .iter()
            .chain(self.problems.values())
            .map(String::as_str);
        let services = self.config.services.iter().zip(&self.services);
        let services: Vec<_> = services.map(|(spec, state)| brief(spec, state)).collect();
        let bird = self.bird.error.as_deref();
        let line = line(bird, &services, self.session_count(), problems);
        self.manager.notifier.status(line);
    }

    /// Nothing while BIRD does not say.
    fn session_count(&self) -> SessionCount {
        let poll = self.bird.poll.as_ref();
        let Some(poll) = poll.filter(|_| self.bird.error.is_none()) else {
            return SessionCount::default();
        };
        let sessions = &self.sessions.states;
        let names = sessions.iter().map(|session| session.tracker.session());
        let protocols = names.filter_map(|name| poll.said.protocol(name));
        let established = protocols.filter(|protocol| protocol.session_word() == "Established");
        SessionCount {
            established: established.count(),
            all: sessions.len(),
        }
    }
}

/// The family that is announced least speaks for the service, as in the status document.
fn brief<'a>(spec: &'a Service, state: &'a ServiceState) -> Brief<'a> {
    let actual = |family: &FamilyState| Actual::from(family.view.actual());
    let families = state.families.iter();
    let least = families.min_by_key(|family| (actual(family), family.desired));
    Brief {
        name: spec.name.as_str(),
        actual: least.map_or(Actual::Unknown, actual),
        reason: least.map_or("", |family| &family.reason),
        error: state
            .families
            .iter()
            .find_map(|family| family.error.as_deref()),
        order: state.order.as_ref(),
    }
}
