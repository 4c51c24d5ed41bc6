//! Durations in a table: how many, the smallest, the middle, the tail.

use std::time::Duration;

/// Measurements of one kind.
pub(crate) struct Figures {
    name: String,
    samples: Vec<Duration>,
}

impl Figures {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            samples: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, sample: Duration) {
        self.samples.push(sample);
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.samples.extend(&other.samples);
    }

    pub(crate) fn heading() {
        println!(
            "{:<36} {:>5} {:>10} {:>10} {:>10} {:>10}",
            "milliseconds", "runs", "min", "median", "p99", "max"
        );
    }

    pub(crate) fn print(&self) {
        let mut samples = self.samples.clone();
        samples.sort();
        println!(
            "{:<36} {:>5} {:>10} {:>10} {:>10} {:>10}",
            self.name,
            samples.len(),
            quantile(&samples, 0),
            quantile(&samples, 50),
            quantile(&samples, 99),
            quantile(&samples, 100),
        );
    }
}

/// The smallest sample that `percent` of all are not above, in milliseconds.
fn quantile(sorted: &[Duration], percent: usize) -> String {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or_else(
        || "-".to_owned(),
        |sample| format!("{:.2}", sample.as_secs_f64() * 1000.0),
    )
}
