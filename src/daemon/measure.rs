//! What the controller counts for the metrics.

use std::time::{Duration, Instant};

use super::controller::Controller;
use super::{FamilyId, Observed, ProbeId};
use crate::config::Config;
use crate::history::Event;
use crate::metrics::{
    Confirmations, FamilyMeasurements, Histogram, Measurements, ProbeMeasurements, Verdicts,
};

/// Counters, by the positions of what they count.
pub(super) struct Measure {
    probes: Vec<Vec<(Verdicts, Histogram)>>,
    mismatches: Vec<Vec<Mismatch>>,
    confirmations: Confirmations,
}

/// The time in which something was not as it should be.
#[derive(Debug, Clone, Copy, Default)]
struct Mismatch {
    since: Option<Instant>,
    before: Duration,
}

impl Mismatch {
    /// From now on it is so, or not.
    fn on(&mut self, now: Instant, differs: bool) {
        match (self.since, differs) {
            (None, true) => self.since = Some(now),
            (Some(_), false) => {
                self.before = self.total(now);
                self.since = None;
            }
            _ => {}
        }
    }

    fn total(&self, now: Instant) -> Duration {
        let current = self.since.map(|since| now.saturating_duration_since(since));
        self.before.saturating_add(current.unwrap_or_default())
    }
}

impl Measure {
    /// Everything of this configuration, never seen yet.
    pub(super) fn new(config: &Config) -> Self {
        let services = || config.services.iter();
        let probe = || (Verdicts::default(), Histogram::latency());
        Self {
            probes: services()
                .map(|service| service.targets().iter().map(|_| probe()).collect())
                .collect(),
            mismatches: services()
                .map(|service| service.families().map(|_| Mismatch::default()).collect())
                .collect(),
            confirmations: Confirmations::default(),
        }
    }

    /// Counts what a probe found.
    pub(super) fn observed(&mut self, id: ProbeId, observed: &Observed) {
        let (verdicts, latency) = &mut self.probes[id.service][id.probe];
        verdicts.count(observed.verdict);
        if let Some(took) = observed.latency {
            latency.observe(took.as_secs_f64());
        }
    }

    /// Counts what counts among the events.
    pub(super) fn noted(&mut self, event: &Event) {
        if let Event::Confirmed {
            state,
            milliseconds,
            ..
        } = event
        {
            self.confirmations.observe(*state, milliseconds / 1000.0);
        }
    }
}

impl Controller {
    /// Looks whether a family is as it should be.
    pub(super) fn compare(&mut self, id: FamilyId, now: Instant) {
        let family = self.family(id);
        let actual = family.view.actual();
        let differs = family
            .desired
            .is_some_and(|desired| actual != Some(desired));
        self.measure.mismatches[id.service][id.family].on(now, differs);
    }

    /// All that was counted.
    pub(super) fn measurements(&self, now: Instant) -> Measurements {
        let services = || self.config.services.iter().zip(&self.services);
        let probes = services()
            .zip(&self.measure.probes)
            .flat_map(|((spec, state), counted)| {
                let each = state.probes.iter().zip(counted);
                each.map(|(probe, (verdicts, latency))| ProbeMeasurements {
                    service: spec.name.to_string(),
                    check: probe.check.clone(),
                    server: probe.server.to_string(),
                    verdicts: *verdicts,
                    latency: latency.clone(),
                })
            });
        let families =
            services()
                .zip(&self.measure.mismatches)
                .flat_map(|((spec, state), mismatches)| {
                    let each = state.families.iter().zip(mismatches);
                    each.map(|(family, mismatch)| FamilyMeasurements {
                        service: spec.name.to_string(),
                        family: family.family,
                        mismatch: mismatch.total(now),
                    })
                });
        Measurements {
            probes: probes.collect(),
            families: families.collect(),
            confirmations: self.measure.confirmations.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_counts_while_it_lasts_and_stays_counted() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut mismatch = Mismatch::default();
        for (time, differs) in [(1, false), (2, true), (3, true), (5, false), (9, false)] {
            mismatch.on(at(time), differs);
        }
        assert_eq!(mismatch.total(at(20)), Duration::from_secs(3));
        mismatch.on(at(20), true);
        assert_eq!(mismatch.total(at(24)), Duration::from_secs(7));
        // A look back takes nothing away.
        assert_eq!(mismatch.total(at(10)), Duration::from_secs(3));
    }
}
