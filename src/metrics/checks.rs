//! Checks at their servers.

use std::fmt;

use super::node::unix;
use super::page::{Labels, Page, Value, about, seconds};
use super::services::{HEALTH, health};
use super::{Measurements, ProbeMeasurements};
use crate::status::{Check, Snapshot};

pub(super) fn write(
    page: &mut Page<'_>,
    snapshot: &Snapshot,
    measurements: &Measurements,
) -> fmt::Result {
    page.states(
        &about(
            "check_health",
            "What the verdicts of a check at a server together say.",
        ),
        &HEALTH,
        checks(snapshot).map(|(labels, check)| (labels, health(check.health))),
    )?;
    page.gauges(
        &seconds(
            "check_verdict_timestamp",
            "When the last probe ended; absent before the first.",
        ),
        checks(snapshot).filter_map(|(labels, check)| Some((labels, unix(check.at?)))),
    )?;
    page.counters(
        &about("verdicts", "Probes that have ended, by their result."),
        measurements.probes.iter().flat_map(|probe| {
            let verdicts = probe.verdicts;
            let each = [
                ("pass", verdicts.pass),
                ("fail", verdicts.fail),
                ("unknown", verdicts.unknown),
            ];
            each.map(|(result, count)| {
                let [service, check, server] = labels(probe);
                let labels = [service, check, server, ("result", Value(result))];
                (labels, count)
            })
        }),
    )?;
    page.histograms(
        &seconds(
            "probe_duration",
            "How long answers took; what came too late or never is not among them.",
        ),
        measurements
            .probes
            .iter()
            .map(|probe| (labels(probe), &probe.latency)),
    )
}

fn labels(probe: &ProbeMeasurements) -> Labels<'_, 3> {
    [
        ("service", Value(&probe.service)),
        ("check", Value(&probe.check)),
        ("server", Value(&probe.server)),
    ]
}

fn checks(snapshot: &Snapshot) -> impl Iterator<Item = (Labels<'_, 3>, &Check)> {
    snapshot.services.iter().flat_map(|service| {
        service.checks.iter().map(|check| {
            let labels = [
                ("service", Value(&service.name)),
                ("check", Value(&check.name)),
                ("server", Value(&check.server)),
            ];
            (labels, check)
        })
    })
}
