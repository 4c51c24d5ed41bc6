//! What the controller counts for the metrics.

use std::time::{Duration, Instant};

use super::controller::Controller;
use super::{FamilyId, Observed};
use crate::history::Event;
use crate::metrics::{FamilyMeasurements, Histogram, Measurements, ProbeMeasurements, Verdicts};

/// What one probe found, all in all.
pub(super) struct Counted {
    verdicts: Verdicts,
    latency: Histogram,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            verdicts: Verdicts::default(),
            latency: Histogram::latency(),
        }
    }
}

impl Counted {
    /// Counts what a probe found.
    pub(super) fn on(&mut self, observed: &Observed) {
        self.verdicts.count(observed.verdict);
        if let Some(took) = observed.latency {
            self.latency.observe(took.as_secs_f64());
        }
    }
}

/// The time in which something was not as it should be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mismatch {
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

impl Controller {
    /// Looks whether a family is as it should be.
    pub(super) fn compare(&mut self, id: FamilyId, now: Instant) {
        let family = self.family(id);
        let actual = family.view.actual();
        let differs = family
            .desired
            .is_some_and(|desired| actual != Some(desired));
        family.mismatch.on(now, differs);
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

    /// All that was counted.
    pub(super) fn measurements(&self, now: Instant) -> Measurements {
        let services = || self.config.services.iter().zip(&self.services);
        let probes = services().flat_map(|(spec, state)| {
            state.probes.iter().map(|probe| ProbeMeasurements {
                service: spec.name.to_string(),
                check: probe.check.clone(),
                server: probe.subject.clone(),
                verdicts: probe.counted.verdicts,
                latency: probe.counted.latency.clone(),
            })
        });
        let families = services().flat_map(|(spec, state)| {
            state.families.iter().map(|family| FamilyMeasurements {
                service: spec.name.to_string(),
                family: family.family,
                mismatch: family.mismatch.total(now),
            })
        });
        Measurements {
            probes: probes.collect(),
            families: families.collect(),
            confirmations: self.confirmations.clone(),
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
