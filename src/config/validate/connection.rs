//! How a DNS question travels: the keys that belong to one transport only, and where it starts.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Reported;
use super::node::{is_absolute, section};
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf};
use crate::config::tree::NodeId;
use crate::config::{Channel, Connection, Origin, Tls, Trust, UrlPath};
use crate::dns::Transport;
use crate::model::Family;

pub(super) fn connection(report: &Report<'_>, spec: &spec::Dns) -> Option<Connection> {
    let channel = channel(report, spec);
    let origin = origin(report, spec);
    Some(Connection {
        channel: channel?,
        origin: origin?,
    })
}

fn channel(report: &Report<'_>, spec: &spec::Dns) -> Option<Channel> {
    let transport = report.text_or(&spec.transport, Transport::Udp);
    let tls = tls(report, &spec.tls);
    let path = report.text_or(&spec.path, UrlPath::dns_query());
    let fallback = report.or(&spec.fallback_to_tcp, false);
    let transport = transport?;
    misplaced(report, spec, transport);
    let (tls, path, fallback_to_tcp) = (tls?, path?, fallback?);
    Some(match transport {
        Transport::Udp => Channel::Udp { fallback_to_tcp },
        Transport::Tcp => Channel::Tcp,
        Transport::Tls => Channel::Tls(tls),
        Transport::Https => Channel::Https { tls, path },
        Transport::Quic => Channel::Quic(tls),
    })
}

/// Keys that mean nothing for this transport.
fn misplaced(report: &Report<'_>, spec: &spec::Dns, transport: Transport) {
    let is_clear = matches!(transport, Transport::Udp | Transport::Tcp);
    let error = |node: Option<NodeId>, wanted: &str| {
        if let Some(node) = node {
            let message =
                format!("this means nothing over {transport}: say {wanted}, or take it away");
            report.error_at_key(node, message);
        }
    };
    if is_clear && !is_empty(&spec.tls) {
        error(spec.tls.node, "`transport: tls`, `https` or `quic`");
    }
    if transport != Transport::Https {
        error(spec.path.node, "`transport: https`");
    }
    if transport != Transport::Udp {
        error(spec.fallback_to_tcp.node, "`transport: udp`");
    }
}

/// A section without a key says nothing that could be wrong.
fn is_empty(field: &Field<spec::Tls>) -> bool {
    field.value.as_ref().is_none_or(|tls| {
        tls.name.node.is_none() && tls.ca_file.node.is_none() && tls.pin_file.node.is_none()
    })
}

/// Whom a server has to be.
pub(super) fn tls(report: &Report<'_>, field: &Field<spec::Tls>) -> Option<Tls> {
    let tls = section(report, field)?;
    let name = report.optional(&tls.name);
    let authorities = file(report, &tls.ca_file);
    let certificate = file(report, &tls.pin_file);
    if let (Some((place, _)), Some(_)) = (tls.pin_file.placed(), tls.ca_file.node) {
        report.error(place, "the certificate is either verified with `ca_file` or pinned with `pin_file`: take one of them away");
    }
    let trust = match (authorities.ok()?, certificate.ok()?) {
        (_, Some(certificate)) => Trust::Certificate(certificate),
        (Some(authorities), None) => Trust::Authorities(authorities),
        (None, None) => Trust::System,
    };
    let name = name.ok()?.map(|name| name.0);
    Some(Tls { name, trust })
}

fn file(report: &Report<'_>, field: &Leaf<PathBuf>) -> Result<Option<PathBuf>, Reported> {
    let path = report.optional(field)?.map(|path| path.0);
    if is_absolute(report, field) {
        Ok(path)
    } else {
        Err(Reported)
    }
}

fn origin(report: &Report<'_>, spec: &spec::Dns) -> Option<Origin> {
    let source = report.optional(&spec.source);
    let interface = report.optional(&spec.interface);
    if let (Some((place, source)), Some((_, server))) = (spec.source.placed(), spec.server.placed())
    {
        unlike(report, place, source.0, server.0);
    }
    Some(Origin {
        source: source.ok()?.map(|source| source.0),
        interface: interface.ok()?.map(|interface| interface.0),
    })
}

/// Where the service's own addresses are asked, the source is of the family of all of them.
pub(super) fn of_one_family(
    report: &Report<'_>,
    spec: &spec::Dns,
    mut asked: impl Iterator<Item = Family>,
) {
    if let (Some((place, source)), true) = (spec.source.placed(), report.is_absent(&spec.server)) {
        let own = Family::of(source.0);
        if let Some(other) = asked.find(|family| *family != own) {
            let address = source.0;
            report.error(place, format!("{address} is {own}, and from there the service's {other} address cannot be asked: make a check for each family, with `families` beside `dns`"));
        }
    }
}

fn unlike(report: &Report<'_>, place: NodeId, source: IpAddr, server: IpAddr) {
    let (own, other) = (Family::of(source), Family::of(server));
    if own != other {
        report.error(
            place,
            format!("{source} is {own}, and from there no packet goes to {server}"),
        );
    }
}
