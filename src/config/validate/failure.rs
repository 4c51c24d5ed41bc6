//! What the failure of a check does to its service: only what fails on this node withdraws it from the node. What is
//! elsewhere, or depends on a zone that all nodes have, may fail for every node at once, and all of them would go.

mod shared;

use std::net::IpAddr;

use super::{id, service};
use crate::config::report::Report;
use crate::config::spec::{self, Leaf, Text};
use crate::config::tree::NodeId;
use crate::config::{Check, OnFailure, Parts, Severity};
use crate::model::{Family, Prefix, ProtocolName};
use shared::Shared;

/// The addresses of this node, as far as the files tell.
pub(super) struct Own {
    addresses: Vec<IpAddr>,
    prefixes: Vec<Prefix>,
    /// Whether each of them could be read. Otherwise any address may be one of them, and nothing is said.
    whole: bool,
}

impl Own {
    /// Those of the services, of our ends of sessions, of `kernel.preferred_source` and of the router id.
    pub(super) fn of(report: &Report<'_>, file: &spec::File) -> Self {
        let prefixes = super::across::all_prefixes(file).map(|(_, prefix)| prefix);
        let node = file.node.value.as_ref();
        let router_id = node.and_then(|node| node.router_id.value.as_ref());
        let kernel = file.kernel.value.as_ref();
        let source = kernel.and_then(|kernel| kernel.preferred_source.value.as_ref());
        let v4 = source.and_then(|source| source.v4.value.as_ref());
        let v6 = source.and_then(|source| source.v6.value.as_ref());
        let addresses = super::across::all_sessions(file)
            .filter_map(|session| session.local.value.as_ref())
            .map(|local| local.0)
            .chain(router_id.map(|id| IpAddr::V4(id.0.0)))
            .chain(v4.map(|address| IpAddr::V4(address.0)))
            .chain(v6.map(|address| IpAddr::V6(address.0)));
        Self {
            addresses: addresses.collect(),
            prefixes: prefixes.collect(),
            whole: is_whole(report, file),
        }
    }

    fn has(&self, address: IpAddr) -> bool {
        !self.whole
            || address.is_loopback()
            || self.addresses.contains(&address)
            || self.prefixes.iter().any(|prefix| prefix.contains(address))
    }
}

/// Whether everything that tells addresses of this node could be read.
fn is_whole(report: &Report<'_>, file: &spec::File) -> bool {
    let node = file.node.value.as_ref();
    let router_id = node.is_some_and(|node| node.router_id.value.is_some());
    let services = file.services.value.iter().flat_map(|named| &named.0);
    let prefixes = services.map(|(_, service)| Some(&service.value.as_ref()?.prefixes));
    let neighbors = file.neighbors.value.iter().flat_map(|named| &named.0);
    let sessions = neighbors.map(|(_, neighbor)| Some(&neighbor.value.as_ref()?.sessions));
    let has_local = |session: &spec::Session| session.local.value.is_some();
    let sources = super::node::section(report, &file.kernel)
        .and_then(|kernel| super::node::section(report, &kernel.preferred_source))
        .is_some_and(|source| {
            report.optional(&source.v4).is_ok() && report.optional(&source.v6).is_ok()
        });
    router_id
        && sources
        && prefixes.into_iter().all(|list| all(list, |_| true))
        && sessions.into_iter().all(|list| all(list, has_local))
}

/// Whether each item of a list was read, and holds.
fn all<T>(list: Option<&spec::List<T>>, holds: impl Fn(&T) -> bool) -> bool {
    let items = list.and_then(|list| list.value.as_ref());
    items.is_some_and(|items| {
        let mut items = items.iter();
        items.all(|item| item.value.as_ref().is_some_and(&holds))
    })
}

/// What `on_failure` says, or follows from what the check depends on. `None`: it was refused.
pub(super) fn on_failure(
    report: &Report<'_>,
    own: &Own,
    service: &spec::Service,
    check: &spec::Check,
    parts: &Parts,
) -> Option<OnFailure> {
    let families: Vec<_> = service::families_of(service).collect();
    let shared = Shared::of(own, &families, parts);
    let said = report.optional(&check.on_failure).ok()?;
    let on_failure = match (said, shared) {
        (Some(Text(said)), _) => said,
        (None, None) => OnFailure::Withdraw,
        (None, Some(_)) => OnFailure::Drain,
    };
    match (on_failure, shared) {
        (OnFailure::Withdraw, None) => {}
        (OnFailure::Withdraw, Some(shared)) => {
            let (place, related) = (id(&check.on_failure), shared.place(check));
            report.pair(Severity::Warning, place, shared.warning(), related);
        }
        (OnFailure::Drain, _) => twins(report, service, check, shared),
    }
    Some(on_failure)
}

/// Where a check says whom it asks, or what it is.
fn server_place(check: &spec::Check) -> NodeId {
    let dns = check.dns.value.as_ref().map(|dns| &dns.server);
    let tcp = check.tcp.value.as_ref().map(|tcp| &tcp.server);
    let http = check.http.value.as_ref().map(|http| &http.server);
    let server = dns.or(tcp).or(http).and_then(|server| server.node);
    let url = check.http.value.as_ref().and_then(|http| http.url.node);
    let kinds = [
        check.group.node,
        url,
        check.dns.node,
        check.tcp.node,
        check.http.node,
        check.exec.node,
        check.unit.node,
        check.process.node,
        check.file.node,
    ];
    let kind = kinds.into_iter().flatten().next();
    server.or(kind).unwrap_or(NodeId::ROOT)
}

/// A check that drains, where the service has a protocol by hand and no drained twin of it.
fn twins(
    report: &Report<'_>,
    service: &spec::Service,
    check: &spec::Check,
    shared: Option<Shared>,
) {
    let shared = shared.filter(|_| report.is_absent(&check.on_failure));
    let (place, cause) = match shared {
        Some(shared) => (
            shared.place(check).0,
            format!("{shared}, so this check drains when it fails"),
        ),
        None => (
            id(&check.on_failure),
            "this check drains when it fails".to_owned(),
        ),
    };
    for (family, normal) in untwinned(report, service) {
        let key = family.suffix();
        let message = format!(
            "{cause}, and {family} has no protocol for that: name the drained twin with `{key}_drain`, or write `on_failure: withdraw`"
        );
        report.pair(Severity::Error, place, message, (normal, "lacks a twin"));
    }
}

/// The families whose protocol is written by hand without a drained twin, and where it is named.
fn untwinned(report: &Report<'_>, service: &spec::Service) -> Vec<(Family, NodeId)> {
    let Some(bird) = &service.bird.value else {
        return Vec::new();
    };
    let lacks = |normal: &Leaf<ProtocolName>, drain: &Leaf<ProtocolName>| {
        let (place, _) = normal.placed()?;
        report.is_absent(drain).then_some(place)
    };
    let v4 = lacks(&bird.v4, &bird.v4_drain).map(|place| (Family::V4, place));
    let v6 = lacks(&bird.v6, &bird.v6_drain).map(|place| (Family::V6, place));
    v4.into_iter().chain(v6).collect()
}

/// A service that no check can take out. It may be meant, where the addresses of the host or an operator decide.
pub(super) fn only_drains(report: &Report<'_>, place: NodeId, checks: &[Check]) {
    if checks
        .iter()
        .all(|check| check.on_failure == OnFailure::Drain)
    {
        report.warning(place, "every check drains when it fails, so none takes the service out: with a dead server here it stays announced, as the last choice of neighbours. Add a check of this node alone (without `server`, `serial` and `signatures`: it asks the service's own addresses), or write `on_failure: withdraw` at one whose server is of this host");
    }
}
