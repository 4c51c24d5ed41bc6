//! Services, their families, their prefixes, and the orders about them.

use std::fmt;

use super::Measurements;
use super::node::unix;
use super::page::{Labels, Page, Value, about, seconds};
use crate::model::Family;
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;
use crate::status::{Actual, FamilyStatus, Health, Service, Snapshot};

/// What can be healthy or not.
pub(super) const HEALTH: [&str; 4] = ["healthy", "degraded", "unhealthy", "unknown"];

const DESIRED: [&str; 4] = ["announced", "drained", "withdrawn", "undecided"];

const ACTUAL: [&str; 4] = ["announced", "drained", "withdrawn", "unknown"];

const KINDS: [Kind; 3] = [Kind::Drain, Kind::Withdraw, Kind::Pin];

pub(super) fn write(
    page: &mut Page<'_>,
    snapshot: &Snapshot,
    measurements: &Measurements,
) -> fmt::Result {
    let services = &snapshot.services;
    page.states(
        &about(
            "service_health",
            "Health of a service, from its checks and from whether it is announced.",
        ),
        &HEALTH,
        services
            .iter()
            .map(|service| (of(service), health(service.health))),
    )?;
    write_announcements(page, services)?;
    write_measured(page, measurements)?;
    write_prefixes(page, services)?;
    write_damping(page, services)?;
    write_orders(page, services)
}

fn write_announcements(page: &mut Page<'_>, services: &[Service]) -> fmt::Result {
    page.states(
        &about(
            "desired",
            "What should be announced; undecided while the daemon leaves alone what it found.",
        ),
        &DESIRED,
        families(services).map(|(labels, family)| (labels, desired(family.desired))),
    )?;
    page.states(
        &about(
            "actual",
            "What BIRD announces; unknown while BIRD does not say.",
        ),
        &ACTUAL,
        families(services).map(|(labels, family)| (labels, actual(family.actual))),
    )?;
    page.gauges(
        &seconds(
            "desired_since_timestamp",
            "Since when the desired state is desired.",
        ),
        families(services).map(|(labels, family)| (labels, unix(family.since))),
    )?;
    page.gauges(
        &about(
            "mismatch",
            "Whether BIRD does not do, or does not say that it does, what is desired.",
        ),
        families(services).map(|(labels, family)| (labels, i64::from(differs(family)))),
    )?;
    page.gauges(
        &about(
            "blocked",
            "Whether something keeps the desired state from being reached; anycastctl status says what.",
        ),
        families(services).map(|(labels, family)| (labels, i64::from(family.error.is_some()))),
    )
}

fn write_measured(page: &mut Page<'_>, measurements: &Measurements) -> fmt::Result {
    page.counters(
        &seconds(
            "mismatch",
            "Time in which BIRD did not do, or did not say that it does, what was desired.",
        ),
        measurements.families.iter().map(|family| {
            let labels = [
                ("service", Value(&family.service)),
                ("family", Value(name(family.family))),
            ];
            (labels, family.mismatch.as_secs_f64())
        }),
    )?;
    let took = &measurements.confirmations;
    let states = [
        ("announced", &took.announced),
        ("drained", &took.drained),
        ("withdrawn", &took.withdrawn),
    ];
    page.histograms(
        &seconds(
            "confirmation_duration",
            "From a decision until BIRD confirmed it, by the state that was decided.",
        ),
        states.map(|(state, histogram)| ([("state", Value(state))], histogram)),
    )
}

fn write_prefixes(page: &mut Page<'_>, services: &[Service]) -> fmt::Result {
    let exports = services.iter().flat_map(|service| {
        let known = service.exported_to.iter();
        known.filter_map(move |export| {
            let labels = [
                ("service", Value(&service.name)),
                ("family", Value(family_of(&export.prefix))),
                ("prefix", Value(&export.prefix)),
                ("session", Value(&export.session)),
            ];
            Some((labels, i64::from(export.exported?)))
        })
    });
    page.gauges(
        &about(
            "prefix_exported",
            "Whether BIRD exports a prefix to a session; absent while BIRD does not say.",
        ),
        exports,
    )?;
    page.gauges(
        &about(
            "protected",
            "Whether BIRD's configuration includes the intent files of a service, so that no reload of BIRD changes what is announced; absent if it cannot be read.",
        ),
        services.iter().filter_map(|service| {
            let protected = protected(service)?;
            Some((of(service), i64::from(protected)))
        }),
    )
}

fn write_damping(page: &mut Page<'_>, services: &[Service]) -> fmt::Result {
    page.gauges(
        &about(
            "damping_penalty",
            "How many recent withdrawals count against a family.",
        ),
        families(services).map(|(labels, family)| (labels, family.damping.penalty)),
    )?;
    page.gauges(
        &about(
            "damping_active",
            "Whether an announcement is held back because the service came and went.",
        ),
        families(services).map(|(labels, family)| {
            let is_held = family.damping.hold_until.is_some();
            (labels, i64::from(is_held))
        }),
    )?;
    page.gauges(
        &seconds(
            "damping_hold_until_timestamp",
            "Until when an announcement is held back; absent while none is.",
        ),
        families(services)
            .filter_map(|(labels, family)| Some((labels, unix(family.damping.hold_until?)))),
    )
}

fn write_orders(page: &mut Page<'_>, services: &[Service]) -> fmt::Result {
    page.gauges(
        &about(
            "override_active",
            "Whether an operator's order is in force.",
        ),
        services.iter().flat_map(|service| {
            KINDS.map(|kind| {
                let active = service
                    .order
                    .as_ref()
                    .is_some_and(|order| order.kind == kind);
                (labels_of(service, kind), i64::from(active))
            })
        }),
    )?;
    page.gauges(
        &seconds(
            "override_start_timestamp",
            "Since when an order is in force; absent while none is.",
        ),
        orders(services).map(|(labels, order)| (labels, unix(order.since))),
    )?;
    page.gauges(
        &seconds(
            "override_expiry_timestamp",
            "When an order ends by itself; absent if it never does.",
        ),
        orders(services).filter_map(|(labels, order)| Some((labels, unix(order.until?)))),
    )
}

fn of(service: &Service) -> Labels<'_, 1> {
    [("service", Value(&service.name))]
}

fn labels_of(service: &Service, kind: Kind) -> Labels<'_, 2> {
    let kind = match kind {
        Kind::Drain => "drain",
        Kind::Withdraw => "withdraw",
        Kind::Pin => "pin",
    };
    [("service", Value(&service.name)), ("kind", Value(kind))]
}

fn orders(services: &[Service]) -> impl Iterator<Item = (Labels<'_, 2>, &Override)> {
    services.iter().filter_map(|service| {
        let order = service.order.as_ref()?;
        Some((labels_of(service, order.kind), order))
    })
}

fn families(services: &[Service]) -> impl Iterator<Item = (Labels<'_, 2>, &FamilyStatus)> {
    services.iter().flat_map(|service| {
        service.families.iter().map(|family| {
            let labels = [
                ("service", Value(&service.name)),
                ("family", Value(name(family.family))),
            ];
            (labels, family)
        })
    })
}

fn differs(family: &FamilyStatus) -> bool {
    family
        .desired
        .is_some_and(|desired| Actual::from(Some(desired)) != family.actual)
}

/// Of a service whose protocols are all known to be, or not all.
fn protected(service: &Service) -> Option<bool> {
    let mut each = service.protocols.iter().map(|protocol| protocol.protected);
    if each.clone().any(|protected| protected == Some(false)) {
        return Some(false);
    }
    each.all(|protected| protected == Some(true))
        .then_some(true)
}

fn name(family: Family) -> &'static str {
    match family {
        Family::V4 => "v4",
        Family::V6 => "v6",
    }
}

fn family_of(prefix: &str) -> &'static str {
    name(if prefix.contains(':') {
        Family::V6
    } else {
        Family::V4
    })
}

pub(super) fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Degraded => "degraded",
        Health::Unhealthy => "unhealthy",
        Health::Unknown => "unknown",
    }
}

fn desired(desired: Option<Announcement>) -> &'static str {
    match desired {
        None => "undecided",
        Some(Announcement::Announced) => "announced",
        Some(Announcement::Drained) => "drained",
        Some(Announcement::Withdrawn) => "withdrawn",
    }
}

fn actual(actual: Actual) -> &'static str {
    match actual {
        Actual::Announced => "announced",
        Actual::Drained => "drained",
        Actual::Withdrawn => "withdrawn",
        Actual::Unknown => "unknown",
    }
}
