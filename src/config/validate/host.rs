//! `host`.

use super::node::section;
use crate::config::report::Report;
use crate::config::spec::{self, Field};
use crate::config::{Host, Severity};
use crate::model::InterfaceName;

/// The default of `host.interface`.
const INTERFACE: &str = "anycast0";

pub(super) fn host(report: &Report<'_>, field: &Field<spec::Host>) -> Option<Host> {
    let host = section(report, field)?;
    repeated(report, &host);
    let interface = match report.optional(&host.interface).ok()? {
        Some(name) => Some(name.0),
        None => INTERFACE.parse().ok(),
    };
    let dns_unit = report.optional(&host.dns_unit);
    let open_files = report.number_or(&host.open_files, 65536);
    let receive_interfaces = report.texts(&host.receive_interfaces);
    let receive_processors = report.optional(&host.receive_processors);
    let queries_per_second = report.number_or(&host.queries_per_second, 1000);
    Some(Host {
        interface: interface?,
        dns_unit: dns_unit.ok()?.map(|unit| unit.0),
        open_files: open_files?,
        receive_interfaces: receive_interfaces?,
        receive_processors: receive_processors.ok()?.map(|list| list.0),
        queries_per_second: queries_per_second?,
    })
}

/// Questions come in on real interfaces, each named once: nothing is received on a dummy.
fn repeated(report: &Report<'_>, host: &spec::Host) {
    let items = host.receive_interfaces.value.iter().flatten();
    let placed = |item: &Field<spec::Text<InterfaceName>>| {
        item.placed().map(|(place, name)| (place, name.0.clone()))
    };
    let mut seen: Vec<_> = placed_interface(host).into_iter().collect();
    for (place, name) in items.filter_map(placed) {
        if let Some((first, _)) = seen.iter().find(|(_, other)| *other == name) {
            let message =
                format!("{name} stands here twice: name each interface once, and not the dummy");
            report.pair(Severity::Error, place, message, (*first, "first used here"));
        }
        seen.push((place, name));
    }
}

fn placed_interface(host: &spec::Host) -> Option<(crate::config::tree::NodeId, InterfaceName)> {
    let placed = host.interface.placed();
    placed.map(|(place, name)| (place, name.0.clone()))
}
