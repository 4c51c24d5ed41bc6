//! The snapshot and what was counted, as metrics.
//!
//! One text in two formats: OpenMetrics 1.0, and Prometheus' text format 0.0.4 made from it.
//!
//! **No label ever holds a text that changes**: the set of series depends on the configuration, on BIRD's release and
//! on what BIRD can say at all. What has a state has one series for each state of a fixed set, 1 for the one
//! that is so and 0 for the others, with the label `state`. What is not known has no series; what was never
//! counted is 0.

mod absent;
mod accept;
mod checks;
mod measurements;
mod node;
mod page;
mod services;
mod sessions;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{self, DescriptorEncoder};
use prometheus_client::registry::Registry;

pub use absent::absent;
pub use accept::negotiate;
pub use measurements::{
    Confirmations, FamilyMeasurements, Histogram, Measurements, ProbeMeasurements, Verdicts,
};

use crate::status::Snapshot;
use page::Page;

/// What every name begins with, before a `_`.
const PREFIX: &str = "anycastctl";

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4, which node_exporter's textfile collector reads, too.
    Text,
}

impl Format {
    /// Its media type, as in the header `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// What is written as OpenMetrics, in this format.
    #[must_use]
    pub fn of(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Text => text::text(&open_metrics),
        }
    }
}

/// Everything, as OpenMetrics.
#[must_use]
pub fn encode(snapshot: Snapshot, measurements: Measurements) -> String {
    let facts = Facts {
        snapshot,
        measurements,
    };
    write(Box::new(facts))
}

fn write(collector: Box<dyn Collector>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(collector);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = encoding::text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Facts {
    snapshot: Snapshot,
    measurements: Measurements,
}

impl Collector for Facts {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::new(encoder);
        node::write(&mut page, &self.snapshot)?;
        services::write(&mut page, &self.snapshot, &self.measurements)?;
        checks::write(&mut page, &self.snapshot, &self.measurements)?;
        sessions::write(&mut page, &self.snapshot)
    }
}
