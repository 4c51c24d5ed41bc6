//! Measurements as rows of one table, and whether they are what was promised.
//!
//! The table is Markdown, so that it can be shown as it is. Every program of the benchmark prints the same heading;
//! `tests/bench/run` prints it once, above the rows of all.

use std::time::Duration;

/// Measurements of one kind.
pub(crate) struct Figures {
    name: String,
    unit: &'static str,
    samples: Vec<f64>,
}

impl Figures {
    /// Durations, in milliseconds.
    pub(crate) fn new(name: &str) -> Self {
        Self::of(name, "ms")
    }

    /// Measurements in this unit.
    pub(crate) fn of(name: &str, unit: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            samples: Vec::new(),
        }
    }

    /// One duration more.
    pub(crate) fn add(&mut self, sample: Duration) {
        self.push(sample.as_secs_f64() * 1000.0);
    }

    /// One measurement more, in the unit of this row.
    pub(crate) fn push(&mut self, sample: f64) {
        self.samples.push(sample);
    }

    pub(crate) fn heading() {
        println!("| measured | unit | runs | min | median | p99 | max |");
        println!("|---|---|--:|--:|--:|--:|--:|");
    }

    pub(crate) fn print(&self) {
        let quantiles = [0, 50, 99, 100].map(|percent| written(self.quantile(percent)));
        println!(
            "| {} | {} | {} | {} |",
            self.name,
            self.unit,
            self.samples.len(),
            quantiles.join(" | ")
        );
    }

    /// The smallest sample that `percent` of all are not above; none without samples.
    pub(crate) fn quantile(&self, percent: usize) -> Option<f64> {
        let mut samples = self.samples.clone();
        samples.sort_by(f64::total_cmp);
        let rank = (samples.len() * percent).div_ceil(100).saturating_sub(1);
        samples.get(rank).copied()
    }

    /// A sentence about one quantile and the most it may be; whether it is.
    pub(crate) fn promise(&self, percent: usize, most: f64) -> bool {
        let which = match percent {
            50 => "median".to_owned(),
            100 => "worst".to_owned(),
            _ => format!("p{percent}"),
        };
        let what = format!("{}, {which} at most {most} {}", self.name, self.unit);
        promise(&what, self.quantile(percent), |value| value <= most)
    }

    /// How many times the median of this one is contained in that of the other; none where either was not measured.
    pub(crate) fn times_below(&self, other: &Self) -> Option<f64> {
        let (own, other) = (self.quantile(50)?, other.quantile(50)?);
        // What is too little to be seen is no reason to divide by nothing.
        (own > 0.0).then(|| other / own)
    }

    /// All samples of another row, as if they were of this one.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.samples.extend(&other.samples);
    }
}

/// Says whether something is what was promised, and what it is; what was not measured is not.
pub(crate) fn promise(what: &str, measured: Option<f64>, kept: impl Fn(f64) -> bool) -> bool {
    let kept = measured.is_some_and(kept);
    let verdict = if kept { "kept" } else { "MISSED" };
    println!("- {verdict}: {what}: {}", written(measured));
    kept
}

/// Three digits that mean something, or that there is nothing.
pub(crate) fn written(measured: Option<f64>) -> String {
    measured.map_or_else(|| "not measured".to_owned(), decimals)
}

fn decimals(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// How many runs a row: `$RUNS`, or what the program takes where nobody says.
pub(crate) fn runs(default: usize) -> usize {
    let runs = std::env::var("RUNS").ok();
    runs.and_then(|runs| runs.parse().ok()).unwrap_or(default)
}
