//! What was counted since the start, and no snapshot tells.

use std::time::Duration;

use crate::health::Verdict;
use crate::model::Family;
use crate::policy::Announcement;

/// Everything that is counted, of everything that is configured: what never happened is there with 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurements {
    /// Each check at each server.
    pub probes: Vec<ProbeMeasurements>,
    /// Each family of each service.
    pub families: Vec<FamilyMeasurements>,
    /// From decisions to their confirmation.
    pub confirmations: Confirmations,
}

/// One check at one server.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeMeasurements {
    /// The service.
    pub service: String,
    /// The check's name.
    pub check: String,
    /// Address and port.
    pub server: String,
    /// What the probes said.
    pub verdicts: Verdicts,
    /// How long answers took, in seconds.
    pub latency: Histogram,
}

/// How many probes ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// As expected.
    pub pass: u64,
    /// Not as expected, or not in time.
    pub fail: u64,
    /// The prober itself was broken.
    pub unknown: u64,
}

impl Verdicts {
    /// Counts one.
    pub fn count(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Fail => &mut self.fail,
            Verdict::Unknown => &mut self.unknown,
        };
        *counter = counter.saturating_add(1);
    }
}

/// One family of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyMeasurements {
    /// The service.
    pub service: String,
    /// The family.
    pub family: Family,
    /// How long BIRD did not do, or did not say that it does, what was desired.
    pub mismatch: Duration,
}

/// From a decision, or from the moment in which somebody else's change was seen, to BIRD's confirmation, in seconds,
/// by what was to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmations {
    /// To normal routes.
    pub announced: Histogram,
    /// To drained routes.
    pub drained: Histogram,
    /// To none.
    pub withdrawn: Histogram,
}

impl Default for Confirmations {
    fn default() -> Self {
        let none = || Histogram::new(&CONFIRMATION);
        Self {
            announced: none(),
            drained: none(),
            withdrawn: none(),
        }
    }
}

impl Confirmations {
    /// Counts one.
    pub fn observe(&mut self, state: Announcement, seconds: f64) {
        match state {
            Announcement::Announced => self.announced.observe(seconds),
            Announcement::Drained => self.drained.observe(seconds),
            Announcement::Withdrawn => self.withdrawn.observe(seconds),
        }
    }
}

/// From a server beside us to the longest timeouts that make sense, in seconds.
const LATENCY: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// From a socket that answers at once to a BIRD that was started anew, in seconds.
const CONFIRMATION: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// How often a value fell where.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, up to it; the last for all that is more.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        }
    }

    /// For the latency of probes.
    #[must_use]
    pub fn latency() -> Self {
        Self::new(&LATENCY)
    }

    /// Counts a value.
    pub fn observe(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count = count.saturating_add(1);
            self.sum += value;
        }
    }

    /// The sum of all values.
    pub(super) fn sum(&self) -> f64 {
        self.sum
    }

    /// How many values there were.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Upper bounds, and how many values fell between each and the one before; [`f64::MAX`] stands for all the rest.
    pub(super) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::MAX]);
        bounds.zip(self.counts.iter().copied()).collect()
    }
}
