//! Kernel settings, and units of systemd.

use serde::Serialize;

use super::{Error, File, Rendered, fill};
use crate::config::Host;
use crate::model::InterfaceName;

const SYSCTL: &str = include_str!("../../../templates/host/sysctl.j2");
const STEERING: &str = include_str!("../../../templates/host/steering.service.j2");
const LIMITS: &str = include_str!("../../../templates/host/limits.conf.j2");

#[derive(Serialize)]
struct Sysctl {
    path: &'static str,
}

pub(super) fn sysctl() -> Result<Rendered, Error> {
    let path = File::Sysctl.path();
    fill(SYSCTL, &Sysctl { path }).map(Rendered::from)
}

#[derive(Serialize)]
struct Steering {
    path: &'static str,
    /// The units of the interfaces.
    interfaces: Vec<String>,
    processors: String,
    mask: String,
}

pub(super) fn steering(host: &Host) -> Result<Rendered, Error> {
    if host.receive_interfaces.is_empty() {
        return Err(Error::MissingKey {
            key: "receive_interfaces",
            what: "the interfaces that questions come in on, as in `receive_interfaces: [eth0]`",
        });
    }
    let missing = Error::MissingKey {
        key: "receive_processors",
        what: "the processors that share the work of receiving, as in `receive_processors: 0-3`",
    };
    let processors = host.receive_processors.as_ref().ok_or(missing)?;
    let context = Steering {
        path: File::Steering.path(),
        interfaces: host.receive_interfaces.iter().map(instance).collect(),
        processors: processors.to_string(),
        mask: processors.mask(),
    };
    fill(STEERING, &context).map(Rendered::from)
}

/// The unit of one interface.
fn instance(interface: &InterfaceName) -> String {
    format!("anycast-steering@{}.service", interface.escaped())
}

#[derive(Serialize)]
struct Limits<'c> {
    path: String,
    unit: &'c str,
    open_files: u32,
}

pub(super) fn limits(host: &Host) -> Result<Rendered, Error> {
    let missing = Error::MissingKey {
        key: "dns_unit",
        what: "the DNS server's unit, as in `dns_unit: nsd.service`",
    };
    let unit = host.dns_unit.as_ref().ok_or(missing)?.as_str();
    let context = Limits {
        path: File::Limits.path().replace("DNS_UNIT", unit),
        unit,
        open_files: host.open_files,
    };
    fill(LIMITS, &context).map(Rendered::from)
}
