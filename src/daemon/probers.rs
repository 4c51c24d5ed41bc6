//! Has every probe sent, and sees to it that all of them can have a socket.

use std::sync::Arc;
use std::time::Instant;

use super::ProbeId;
use super::controller::Controller;
use super::duty::Task;
use crate::config::Service;
use crate::descriptors;
use crate::probe::Probe;
use crate::schedule::Schedule;

/// Probes of one check at one server that may be unanswered at a time: more tell nothing new.
const MAX_IN_FLIGHT: usize = 64;

/// Descriptors for everything but checks: connections to BIRD and to those who ask, files, what the runtime has.
const OTHER_DESCRIPTORS: u64 = 512;

impl Controller {
    /// Begins with each probe that is not sent yet, each at a random moment of its first interval.
    pub(super) fn start_probers(&mut self) {
        self.standing.is_outdated = true;
        self.follow_units();
        let config = Arc::clone(&self.config);
        self.make_room();
        for (service, spec) in config.services.iter().enumerate() {
            for (probe, target) in spec.targets().into_iter().enumerate() {
                let state = &mut self.services[service].probes[probe];
                if state.duty.is_some() {
                    continue;
                }
                let timing = spec.member(&target).timing;
                let at_once = target.subject.at_once(in_flight(spec));
                let interval = timing.interval.duration();
                let delay = interval.mul_f64(rand::random::<f64>());
                let id = ProbeId { service, probe };
                let task = Task {
                    probe: Arc::new(Probe::new(target.subject)),
                    is_delicate: is_delicate(spec),
                    schedule: Schedule::new(
                        timing,
                        spec.thresholds.fall,
                        at_once,
                        Instant::now() + delay,
                    ),
                };
                state.duty = Some(self.prober.begin(id, task));
            }
        }
    }

    /// Sees to it that every probe can have a socket, also when all servers hang at once.
    fn make_room(&mut self) {
        let services = self.config.services.iter();
        let asking: usize = services.map(|spec| spec.descriptors(in_flight(spec))).sum();
        let checks: usize = self.services.iter().map(|state| state.probes.len()).sum();
        let standing = self.servers_to_watch(|_, _| true).len();
        let wanted = OTHER_DESCRIPTORS + (asking + standing) as u64;
        let limit = descriptors::provide(wanted);
        self.standing.allow(descriptors::limit(), standing);
        let problem = (limit < wanted).then(|| {
            format!(
                "this process may have {limit} file descriptors open, and when all servers hang at once, {checks} checks \
                 need up to {wanted}: some cannot ask then, and what they check may be withdrawn late. Set \
                 `LimitNOFILE={wanted}` in the unit"
            )
        });
        self.on_problem("limit", problem);
    }
}

/// Whether one failure is enough to decide.
fn is_delicate(spec: &Service) -> bool {
    let window = spec.thresholds.window;
    spec.thresholds.fall == 1 || window.is_some_and(|window| window.failures == 1)
}

/// How many probes of one check at one server may be unanswered.
fn in_flight(spec: &Service) -> usize {
    let window = spec.thresholds.window.map_or(0, |window| window.size);
    (spec.thresholds.fall.max(window) as usize).min(MAX_IN_FLIGHT)
}
