//! A service as it is written for the stage.

use serde_json::{Value, json};

use crate::config::{Member, OnFailure, Route, Service};
use crate::model::Family;
use crate::selftest::answer::NAME;
use crate::selftest::layout::address;

/// What its checks are and where its routes lead is other than in the operator's.
pub(super) fn service(service: &Service, notes: &mut Vec<String>) -> Value {
    let mut written = json!({
        "prefixes": texts(&service.prefixes),
        "communities": texts(&service.communities),
        "large_communities": texts(&service.large_communities),
        "require_address": service.require_address,
        "events": service.events,
        "fall": service.thresholds.fall,
        "rise": service.thresholds.rise,
        "window": "off",
        "damping": "off",
        "checks": checks(service),
    });
    if let Some(med) = service.med {
        written["med"] = json!(med);
    }
    if let Some(member) = deciding(service) {
        written["interval"] = json!(member.timing.interval.to_string());
        written["fast_interval"] = json!(member.timing.fast_interval.to_string());
        written["timeout"] = json!(member.timing.timeout.to_string());
    }
    if let Some(window) = service.thresholds.window {
        written["window"] = json!({ "size": window.size, "failures": window.failures });
    }
    if let Some(damping) = service.damping {
        written["damping"] = json!({
            "free": damping.free,
            "hold": damping.hold.to_string(),
            "max_hold": damping.max_hold.to_string(),
            "half_life": damping.half_life.to_string(),
        });
    }
    let name = &service.name;
    match &service.route {
        Route::Blackhole => {}
        Route::Unreachable => written["route"] = json!("unreachable"),
        Route::Interface {
            name: interface, ..
        } => {
            notes.push(format!(
                "services.{name}.route: blackhole, without {interface}"
            ));
        }
    }
    if service.existing.v4.is_some() || service.existing.v6.is_some() {
        notes.push(format!(
            "services.{name}.bird: rendered, under rendered names"
        ));
    }
    written
}

pub(super) fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// Whose timing it has: that of the first check that withdraws.
fn deciding(service: &Service) -> Option<&Member> {
    let withdraws = |check: &&crate::config::Check| check.on_failure == OnFailure::Withdraw;
    let check = service.checks.iter().find(withdraws);
    check.or_else(|| service.checks.first())?.members().first()
}

/// The service's own addresses are asked. A network has none: one is made up, and asked by name.
fn checks(service: &Service) -> Vec<Value> {
    let hosts = |family: Family| {
        service
            .prefixes_of(family)
            .any(|prefix| prefix.host().is_some())
    };
    let mut checks = Vec::new();
    if service.families().any(hosts) {
        checks.push(json!({ "on_failure": "withdraw", "dns": { "name": NAME, "type": "SOA" } }));
    }
    for family in service.families().filter(|family| !hosts(*family)) {
        if let Some(prefix) = service.prefixes_of(family).next() {
            checks.push(json!({
                "on_failure": "withdraw",
                "families": [family.suffix()],
                "dns": { "server": address(prefix), "name": NAME, "type": "SOA" },
            }));
        }
    }
    checks
}
