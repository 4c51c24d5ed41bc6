//! What the controller knows of one service.

use std::time::{Duration, Instant};

use super::family::{FamilyState, Place, ProbeState};
use super::looks::sight;
use super::measure::Counted;
use crate::config::Service;
use crate::health::Tracker;
use crate::overrides::Override;
use crate::watchdog::Pulse;

/// One service.
pub(super) struct ServiceState {
    /// Each check at each server.
    pub(super) probes: Vec<ProbeState>,
    /// Each family.
    pub(super) families: Vec<FamilyState>,
    /// The operator's order in force.
    pub(super) order: Option<Override>,
}

impl ServiceState {
    /// A service of which nothing is known yet.
    pub(super) fn new(service: &Service, stale_after: Duration, now: Instant) -> Self {
        let probes = service.targets().into_iter().map(|target| {
            let member = service.member(&target);
            let check = member.name.clone();
            ProbeState {
                place: Place {
                    check: target.check,
                    member: target.member,
                },
                name: target.subject.named(&check),
                check,
                subject: target.subject.to_string(),
                address: target.subject.address(),
                decides: target.decides,
                on_failure: service.checks[target.check].on_failure,
                tracker: Tracker::new(service.thresholds, stale_after, now),
                pulse: Pulse::new(
                    member.timing.interval.duration(),
                    member.timing.timeout.duration(),
                    now,
                ),
                reason: String::new(),
                last: None,
                announced: true,
                has_events: service.events,
                sight: sight(target.subject),
                happened: None,
                counted: Counted::default(),
                duty: None,
            }
        });
        let families = service
            .families()
            .map(|family| FamilyState::new(service, family, now));
        let mut families: Vec<_> = families.collect();
        // There may be thousands, most of one family, and a vector begins with room for four.
        families.shrink_to_fit();
        Self {
            probes: probes.collect(),
            families,
            order: None,
        }
    }
}
