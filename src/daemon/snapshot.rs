//! The controller's state as the status document.

use std::time::Instant;

use jiff::Timestamp;

use super::FamilyId;
use super::controller::Controller;
use super::family::{FamilyState, ProbeState};
use super::holder::SessionId;
use super::sessions::SessionState;
use crate::config;
use crate::health;
use crate::observed::{self, Known, Survey};
use crate::policy;
use crate::reconcile::{Intent, Seen};
use crate::status::{
    Actual, Bird, Check, Controller as Daemon, Damping, Export, FamilyStatus, Flaps, Health,
    OnFailure, Protocol, Service, Session, Snapshot, VERSION,
};

impl Controller {
    /// Puts everything that is known together.
    pub(super) fn snapshot(&self, at: Timestamp) -> Snapshot {
        let now = Instant::now();
        let mut exports = self.exports();
        Snapshot {
            version: VERSION,
            at,
            node: (&self.config.node).into(),
            controller: Some(Daemon {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                started_at: self.started_at,
                config_loaded_at: self.config_loaded_at,
                config_fingerprint: self.config_fingerprint.clone(),
                reload_refused: self.reload_refused,
                problems: self
                    .recorder
                    .problem()
                    .into_iter()
                    .chain(self.problems.values().cloned())
                    .collect(),
            }),
            bird: self.bird_status(),
            services: self
                .config
                .services
                .iter()
                .enumerate()
                .map(|(i, spec)| Service {
                    exported_to: std::mem::take(&mut exports[i]),
                    ..self.service(i, spec, now, at)
                })
                .collect(),
            sessions: self
                .sessions
                .states
                .iter()
                .enumerate()
                .map(|(id, state)| self.session(id, state, now, at))
                .collect(),
        }
    }

    /// BIRD's last answers; `None` before the first.
    fn last_survey(&self) -> Option<&Survey> {
        self.bird.poll.as_ref().map(|poll| &poll.said)
    }

    fn bird_status(&self) -> Bird {
        let last = self.last_survey().map(Survey::bird);
        Bird {
            connected: self.bird.error.is_none() && last.is_some(),
            error: self.bird.error.clone(),
            ..last.unwrap_or_default()
        }
    }

    fn service(
        &self,
        index: usize,
        spec: &config::Service,
        now: Instant,
        at: Timestamp,
    ) -> Service {
        let state = &self.services[index];
        let families: Vec<_> = state
            .families
            .iter()
            .map(|family| family_status(family, now, at))
            .collect();
        let least = families
            .iter()
            .min_by_key(|family| (family.actual, family.desired));
        Service {
            name: spec.name.to_string(),
            health: self.health_of(index),
            desired: least.and_then(|family| family.desired),
            actual: least.map_or(Actual::Unknown, |family| family.actual),
            reason: least
                .map(|family| family.reason.clone())
                .unwrap_or_default(),
            since: least.map_or(self.started_at, |family| family.since),
            order: state.order.clone(),
            thresholds: spec.thresholds.into(),
            damping: longest(families.iter().map(|family| family.damping)),
            checks: state.probes.iter().map(check).collect(),
            protocols: state.families.iter().flat_map(protocols).collect(),
            exported_to: Vec::new(),
            families,
        }
    }

    /// What the checks and the host say, whatever is announced: an operator's order makes nobody ill, nor well.
    pub(super) fn health_of(&self, service: usize) -> Health {
        let state = &self.services[service];
        let is_out = |family| {
            let id = FamilyId { service, family };
            policy::is_out(&self.checks_of(id), self.addresses_of(id))
        };
        let out = (0..state.families.len())
            .filter(|family| is_out(*family))
            .count();
        let is = |health| move |probe: &ProbeState| probe.tracker.health() == health;
        let failed = state.probes.iter().any(is(health::Health::Unhealthy));
        let failing = state.probes.iter().any(|probe| probe.tracker.is_failing());
        if out > 0 && out == state.families.len() {
            Health::Unhealthy
        } else if out > 0 || failed || failing {
            Health::Degraded
        } else if state.probes.iter().all(is(health::Health::Healthy)) {
            Health::Healthy
        } else {
            Health::Unknown
        }
    }

    /// For each service by its position, in one pass over all questions.
    fn exports(&self) -> Vec<Vec<Export>> {
        let mut exports: Vec<_> = self.services.iter().map(|_| Vec::new()).collect();
        for (id, question) in self.questions.iter().enumerate() {
            exports[question.family.service].push(Export {
                session: question.session.clone(),
                prefix: question.prefix.to_string(),
                exported: self.bird.exports.get(&id).copied().flatten(),
            });
        }
        exports
    }

    fn session(&self, id: SessionId, state: &SessionState, now: Instant, at: Timestamp) -> Session {
        let known = Known {
            name: state.tracker.session(),
            remote: state.remote,
            asn: state.asn,
        };
        let hold = self.holds.of(id);
        let survey = self.last_survey().filter(|_| self.bird.error.is_none());
        let hint = state.hint.clone().filter(|_| survey.is_some());
        let session =
            survey.map_or_else(|| observed::unknown(known), |survey| survey.session(known));
        Session {
            hint: self.holds.hint(id).or(hint),
            flaps: Flaps {
                held: hold.held,
                held_protected: hold.protected,
                ..state.flaps(now, at)
            },
            ..session
        }
    }
}

/// The hold that ends last; where none is held, the largest penalty.
fn longest(families: impl Iterator<Item = Damping>) -> Damping {
    let later = |left: &Damping, right: &Damping| {
        let until = left.hold_until.cmp(&right.hold_until);
        until.then(left.penalty.total_cmp(&right.penalty))
    };
    families.max_by(later).unwrap_or_default()
}

fn family_status(state: &FamilyState, now: Instant, at: Timestamp) -> FamilyStatus {
    FamilyStatus {
        family: state.family,
        desired: state.desired,
        actual: state.view.actual().into(),
        reason: state.reason.clone(),
        since: state.since,
        damping: state.damping(now, at),
        error: state.error.clone(),
    }
}

fn check(probe: &ProbeState) -> Check {
    let last = probe.last.as_ref();
    Check {
        name: probe.check.clone(),
        server: probe.subject.clone(),
        verdict: last.map(|last| last.verdict),
        health: match probe.tracker.health() {
            health::Health::Unknown => Health::Unknown,
            health::Health::Healthy if probe.tracker.is_failing() => Health::Degraded,
            health::Health::Healthy => Health::Healthy,
            health::Health::Unhealthy => Health::Unhealthy,
        },
        reason: probe.reason.clone(),
        on_failure: match probe.on_failure {
            config::OnFailure::Withdraw => OnFailure::Withdraw,
            config::OnFailure::Drain => OnFailure::Drain,
        },
        latency_ms: last
            .and_then(|last| last.latency)
            .map(|latency| latency.as_secs_f64() * 1000.0),
        detail: last.map(|last| last.detail.clone()).unwrap_or_default(),
        at: last.map(|last| last.at),
    }
}

fn protocols(state: &FamilyState) -> Vec<Protocol> {
    let views = [state.view.normal, state.view.drain];
    let named = state.names.iter().zip(views).zip(state.protected);
    named
        .take(1 + usize::from(state.has_twin))
        .map(|((name, view), protected)| Protocol {
            name: name.clone(),
            enabled: view.intent == Intent::Written,
            up: view.seen == Seen::Up,
            protected,
        })
        .collect()
}
