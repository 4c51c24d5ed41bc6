//! What is written where the daemon does not answer.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::node;
use super::page::Page;

/// That there is nobody to ask, as OpenMetrics.
#[must_use]
pub fn absent() -> String {
    super::write(Box::new(Absent))
}

#[derive(Debug)]
struct Absent;

impl Collector for Absent {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        node::write_up(&mut Page::new(encoder), false)
    }
}
