//! A new configuration takes the place of the old one: what stays the same keeps its state, its counters and the task
//! that works for it.
//!
//! ```text
//! a prober     lives on with its probes in flight: question, server, timing and thresholds are the same
//! a verdict    counts on: question, server and thresholds are the same
//! a counter    goes on: question and server are the same
//! a family     goes on, actuator included: service, family and protocol names are the same
//! damping      goes on: its settings are the same, too
//! a session    keeps its flaps: name, remote address and the settings of flapping are the same
//! an order     stays with the name of its service, whether there is one or not
//! ```
//!
//! What is gone is withdrawn: BIRD may announce it still, whether a file says so or not (`orphans`).
//!
//! Whatever is new begins with nothing known, which holds what BIRD has. Nothing waits here: one turn of the
//! controller, and nobody sees half of it.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::controller::Controller;
use super::family::{FamilyState, ProbeState};
use super::holds::Holds;
use super::poller::{ExportQuestion, exports};
use super::reports::Reports;
use super::service::ServiceState;
use super::sessions::Sessions;
use super::{FamilyId, ProbeId, watcher};
use crate::config::{Config, Service};
use crate::intent::{Kind, Leftover};
use crate::model::Prefix;
use crate::reconcile::Seen;
use crate::reload::fingerprint;

impl Controller {
    /// Goes on with another configuration.
    pub(super) fn adopt_config(&mut self, config: Arc<Config>, now: Instant) {
        self.take_all_reports(now);
        let orders = self.orders_in_force();
        let unfinished = self.unfinished();
        let old = mem::replace(&mut self.config, config);
        self.config_loaded_at = Timestamp::now();
        self.config_fingerprint = fingerprint(&self.config);
        self.reports.renew(&self.config);
        self.adopt_services(&old, now);
        self.sessions.adopt(Sessions::new(&self.config, now));
        self.holds.adopt(Holds::new(&self.config, now));
        self.adopt_exports();
        self.leave(unfinished, now);
        if !watcher::is_needed(&self.config) {
            self.addresses = None;
            self.on_problem("addresses", None);
        }
        self.redistribute(orders);
        self.tell_addresses();
        self.start_probers();
        self.settle_all(now);
        self.hold_flapping(now, Timestamp::now());
    }

    /// What BIRD does for us now, as far as is known, or may do yet. Not all of it has a file that would tell later: a
    /// withdrawal removes that first, and a full disk never had one.
    fn unfinished(&self) -> Vec<Leftover> {
        let families = self.services.iter().flat_map(|state| &state.families);
        let announces = families.flat_map(FamilyState::unfinished);
        let announces = announces.map(|name| (name, Kind::Announces));
        let holds = self.holds.unfinished().map(|name| (name, Kind::Holds));
        let named = |(name, kind): (&String, Kind)| {
            Some(Leftover {
                file: self.config.bird.intent_file(name),
                // Always: the configuration has it as one.
                name: name.parse().ok()?,
                kind,
            })
        };
        announces.chain(holds).filter_map(named).collect()
    }

    /// What was reported for the old configuration is read with the old configuration.
    fn take_all_reports(&mut self, now: Instant) {
        self.reports.queue.close();
        while let Ok(report) = self.reports.queue.try_recv() {
            self.take_report(report, now);
        }
    }

    fn adopt_services(&mut self, old: &Config, now: Instant) {
        let states = mem::take(&mut self.services);
        let named = |(spec, state)| (Service::clone(spec).name, (spec, state));
        let mut before: HashMap<_, _> = old.services.iter().zip(states).map(named).collect();
        let stale_after = self.config.daemon.stale_after.duration();
        for spec in &self.config.services {
            let mut state = ServiceState::new(spec, stale_after, now);
            if let Some((old, before)) = before.remove(&spec.name) {
                state.inherit(spec, old, before, stale_after);
            }
            self.services.push(state);
        }
        for (_, gone) in before.into_values() {
            gone.families.iter().for_each(FamilyState::call_off);
        }
    }

    /// What is exported is known by session and prefix.
    fn adopt_exports(&mut self) {
        let name = |question: &ExportQuestion| (question.session.clone(), question.prefix);
        let old = mem::replace(&mut self.questions, exports(&self.config));
        let mut answers = mem::take(&mut self.bird.exports);
        let known = old.iter().enumerate();
        let known = known.filter_map(|(id, question)| Some((name(question), answers.remove(&id)?)));
        let known: HashMap<(String, Prefix), _> = known.collect();
        let questions = self.questions.iter().enumerate();
        let still = questions.filter_map(|(id, new)| Some((id, *known.get(&name(new))?)));
        self.bird.exports = still.collect();
    }

    /// All that goes on works for another position now, and no probe is sent any more that is not among them.
    fn tell_addresses(&mut self) {
        let mut positions = HashMap::new();
        for (service, state) in self.services.iter().enumerate() {
            for (probe, state) in state.probes.iter().enumerate() {
                let id = ProbeId { service, probe };
                positions.extend(state.duty.map(|duty| (duty, id)));
            }
            for (family, state) in state.families.iter().enumerate() {
                if let Some(motion) = &state.motion {
                    let id = FamilyId { service, family };
                    motion.address.send_replace(self.reports.address(id));
                }
            }
        }
        self.prober.keep(&positions);
        let reports: &Reports = &self.reports;
        self.holds.tell_addresses(|id| reports.address(id));
    }
}

impl ServiceState {
    /// Goes on where `before`, which was `old` in the configuration, has come to. The order is nobody's here.
    fn inherit(&mut self, spec: &Service, old: &Service, before: Self, stale_after: Duration) {
        let mut probes: Vec<_> = old.targets().into_iter().zip(before.probes).collect();
        let fresh = spec.targets().into_iter().zip(&mut self.probes);
        for (target, state) in fresh {
            let mut same = probes
                .iter()
                .enumerate()
                .filter(|(_, (other, _))| other.subject == target.subject);
            let named = same
                .clone()
                .find(|(_, (_, other))| other.check == state.check);
            // One of another name that asks the same is as good: names count up where a check is put in.
            let position = named.or_else(|| same.next()).map(|(position, _)| position);
            let Some((other, before)) = position.map(|position| probes.remove(position)) else {
                continue;
            };
            let same = Same {
                thresholds: spec.thresholds == old.thresholds,
                timing: spec.member(&target).timing == old.member(&other).timing,
            };
            state.inherit(before, same, stale_after);
        }
        let mut families = before.families;
        for state in &mut self.families {
            let is_same =
                |other: &FamilyState| other.family == state.family && other.names == state.names;
            let Some(position) = families.iter().position(is_same) else {
                continue;
            };
            state.inherit(families.remove(position), spec.damping == old.damping);
        }
        families.iter().for_each(FamilyState::call_off);
    }
}

/// What is the same about two probes that look at the same.
#[derive(Clone, Copy)]
struct Same {
    thresholds: bool,
    timing: bool,
}

impl ProbeState {
    fn inherit(&mut self, before: Self, same: Same, stale_after: Duration) {
        let (counted, last) = (before.counted, before.last);
        (self.counted, self.last) = (counted, last);
        if !same.thresholds {
            return;
        }
        (self.tracker, self.reason) = (before.tracker, before.reason);
        self.tracker.set_stale_after(stale_after);
        if same.timing {
            (self.announced, self.duty) = (before.announced, before.duty);
            self.pulse = before.pulse;
        }
    }
}

impl FamilyState {
    fn inherit(&mut self, before: Self, same_damping: bool) {
        let fresh = mem::replace(self, before);
        (self.prefixes, self.has_twin) = (fresh.prefixes, fresh.has_twin);
        if !same_damping {
            self.damper = fresh.damper;
        }
    }

    /// Its protocols that are not known to be down for good.
    fn unfinished(&self) -> impl Iterator<Item = &String> {
        let moves = self.motion.as_ref().is_some_and(|motion| !motion.confirmed);
        let is_open = move |seen: Seen, exists: bool| match seen {
            Seen::Up | Seen::Changing => true,
            Seen::Unknown => exists,
            Seen::Down => moves,
            Seen::Missing => false,
        };
        let open = [
            is_open(self.view.normal.seen, true),
            is_open(self.view.drain.seen, self.has_twin),
        ];
        let names = self.names.iter().zip(open);
        names.filter_map(|(name, is_open)| is_open.then_some(name))
    }

    /// Nobody wants it any more.
    fn call_off(&self) {
        if let Some(motion) = &self.motion {
            motion.call_off.cancel();
        }
    }
}

#[cfg(test)]
mod tests;
