//! Decides what should be, compares it with what is, and sets an actuator to work on the difference.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::FamilyId;
use super::actuator::Actuator;
use super::address::Mailbox;
use super::controller::Controller;
use super::family::{FamilyState, Motion};
use super::service::ServiceState;
use crate::history::{Event, Evidence};
use crate::policy::{self, Addresses, Announcement, Because, Decision, Inputs};
use crate::reconcile::{self, Seen, Step};

impl Controller {
    pub(super) fn settle_all(&mut self, now: Instant) {
        (0..self.services.len()).for_each(|service| self.settle_service(service, now));
    }

    pub(super) fn settle_service(&mut self, service: usize, now: Instant) {
        for family in 0..self.services[service].families.len() {
            self.settle(FamilyId { service, family }, now);
        }
        self.tell_probers(service);
    }

    /// Decides, compares, and acts on the difference.
    pub(super) fn settle(&mut self, id: FamilyId, now: Instant) {
        let mut decision = self.decide(id, now);
        if self.family(id).damp(&decision, now) {
            // For the reason's sake: it says until when.
            decision = self.decide(id, now);
        }
        let because = decision.because;
        let family = self.family(id);
        let from = family.desired;
        let decided = family.take(decision);
        self.compare(id, now);
        let family = self.family(id);
        if let Some(to) = family.desired.filter(|_| decided) {
            self.record_decision(id, from, to, because);
        }
        let family = self.family(id);
        let Some(desired) = family.desired else {
            return;
        };
        let steps = reconcile::steps(desired, family.view);
        if let Some(motion) = &family.motion {
            // Also one that is stuck must not keep the daemon from what has become necessary since.
            if !motion.covers(desired, &steps) {
                motion.call_off.cancel();
            }
            return;
        }
        if steps.is_empty() {
            family.error = missing(family);
            return;
        }
        if !decided && family.error.is_none() && family.view.actual().is_some() {
            let event = Event::Changed {
                family: family.family,
                steps: in_words(&steps),
                service: self.config.services[id.service].name.to_string(),
            };
            self.record(event);
        }
        self.set_in_motion(id, desired, steps, now);
    }

    fn record_decision(
        &mut self,
        id: FamilyId,
        from: Option<Announcement>,
        to: Announcement,
        because: Because,
    ) {
        let family = &self.services[id.service].families[id.family];
        let event = Event::Decided {
            service: self.config.services[id.service].name.to_string(),
            family: family.family,
            from,
            to,
            reason: family.reason.clone(),
            evidence: self.evidence(id, because),
        };
        self.record(event);
    }

    /// The last answer of the check that decided; where all did, of the first.
    fn evidence(&self, id: FamilyId, because: Because) -> Option<Evidence> {
        let position = match because {
            Because::FailedCheck(position) => position,
            Because::Passed => 0,
            Because::Stop
            | Because::MissingAddress
            | Because::Order
            | Because::Damping
            | Because::Undecided => return None,
        };
        let probe = self.spokesman(id, position)?;
        let last = probe.last.as_ref()?;
        Some(Evidence {
            check: probe.name.clone(),
            verdict: last.verdict,
            detail: last.detail.clone(),
            latency_ms: last.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            at: last.at,
        })
    }

    fn decide(&self, id: FamilyId, now: Instant) -> Decision {
        let service = &self.services[id.service];
        let family = &service.families[id.family];
        policy::decide(&Inputs {
            stopping: self.stopping,
            order: service.order.as_ref(),
            addresses: self.addresses_of(id),
            checks: &self.checks_of(id),
            hold: family.hold(now, Timestamp::now()),
            current: family.current(),
            has_twin: family.has_twin,
        })
    }

    /// Whether the host has what a family needs.
    pub(super) fn addresses_of(&self, id: FamilyId) -> Addresses {
        if !self.config.services[id.service].require_address {
            return Addresses::Present;
        }
        let Some(addresses) = &self.addresses else {
            return Addresses::Unknown;
        };
        let prefixes = &self.services[id.service].families[id.family].prefixes;
        prefixes
            .iter()
            .find(|prefix| addresses.range(prefix.range()).next().is_none())
            .map_or(Addresses::Present, |prefix| Addresses::Missing(*prefix))
    }

    fn set_in_motion(
        &mut self,
        id: FamilyId,
        target: Announcement,
        steps: Vec<Step>,
        now: Instant,
    ) {
        let call_off = CancellationToken::new();
        let (connections, spares) = if target == Announcement::Withdrawn {
            (&self.withdrawals, Some(&self.spares))
        } else {
            (&self.announcements, None)
        };
        let connections = Arc::clone(connections);
        let address = watch::Sender::new(self.reports.address(id));
        let family = &mut self.services[id.service].families[id.family];
        let actuator = Actuator {
            address: Mailbox::new(&address),
            names: family.names.clone(),
            steps: steps.clone(),
            reason: family.reason.clone(),
            config: Arc::clone(&self.config),
            connections,
            spares: spares.cloned(),
            bird_is_back: self.bird_is_back.subscribe(),
            called_off: call_off.clone(),
        };
        family.motion = Some(Motion {
            target,
            steps,
            began: now,
            confirmed: false,
            call_off,
            address,
        });
        self.actuators.spawn(actuator.run());
    }

    fn tell_probers(&mut self, service: usize) {
        let ServiceState {
            probes, families, ..
        } = &mut self.services[service];
        for probe in probes {
            let announced = families
                .iter()
                .any(|family| probe.decides_on(family.family) && family.is_announced());
            if mem::replace(&mut probe.announced, announced) != announced {
                self.standing.is_outdated = true;
                if let Some(duty) = probe.duty {
                    self.prober.announce(duty, announced);
                }
            }
        }
    }
}

fn in_words(steps: &[Step]) -> String {
    let words: Vec<_> = steps.iter().map(Step::to_string).collect();
    words.join(", ")
}

/// What keeps a family from being announced as it should be although there is nothing to do.
fn missing(family: &FamilyState) -> Option<String> {
    let [normal, drain] = [
        (family.view.normal, &family.names[0]),
        (family.view.drain, &family.names[1]),
    ];
    let needed = match family.desired? {
        Announcement::Announced => vec![normal],
        // Without the normal one there is no way back.
        Announcement::Drained => vec![drain, normal],
        Announcement::Withdrawn => vec![],
    };
    let mut needed = needed.into_iter();
    let (_, name) = needed.find(|(view, _)| view.seen == Seen::Missing)?;
    Some(format!(
        "BIRD does not know the protocol {name}: is the configuration from `anycastctl render` installed?"
    ))
}
