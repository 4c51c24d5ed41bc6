//! What repeated looks have in common.

use std::collections::VecDeque;

use super::report::ProbeReport;
use crate::health::Verdict;

/// The median is that of so many last looks: a watch may go on for weeks.
const REMEMBERED: usize = 1000;

/// Looks that were repeated, by the position of their report.
#[derive(Debug, Default)]
pub(super) struct Series(Vec<Line>);

/// One thing that was looked at again and again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// How often.
    pub(super) count: u64,
    /// How often it failed.
    pub(super) failed: u64,
    /// How often nothing came to be known.
    pub(super) unknown: u64,
    shortest: Option<f64>,
    longest: Option<f64>,
    last: VecDeque<f64>,
}

impl Series {
    /// Reports come in the same order each time.
    pub(super) fn add(&mut self, reports: &[ProbeReport]) {
        self.0
            .resize_with(reports.len().max(self.0.len()), Line::default);
        for (line, report) in self.0.iter_mut().zip(reports) {
            line.add(report);
        }
    }

    /// What the looks behind a report have in common.
    pub(super) fn line(&self, position: usize) -> Option<&Line> {
        self.0.get(position)
    }
}

impl Line {
    fn add(&mut self, report: &ProbeReport) {
        self.count += 1;
        match report.verdict {
            Verdict::Pass => {}
            Verdict::Fail => self.failed += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        let Some(latency) = report.latency_ms else {
            return;
        };
        self.shortest = Some(self.shortest.map_or(latency, |least| least.min(latency)));
        self.longest = Some(self.longest.map_or(latency, |most| most.max(latency)));
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(latency);
    }

    /// The shortest, the median and the longest latency, in milliseconds; of two in the middle, the longer.
    pub(super) fn latencies(&self) -> Option<(f64, f64, f64)> {
        let mut sorted: Vec<f64> = self.last.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        Some((self.shortest?, median, self.longest?))
    }
}
