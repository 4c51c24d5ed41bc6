//! Where a question goes to and where it starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Unclear;
use crate::config::Origin;
use crate::model::InterfaceName;

/// A server as it is typed behind `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) text: String,
    pub(super) address: IpAddr,
    pub(super) port: Option<u16>,
    /// Behind `%`: a link-local address means nothing without it.
    pub(super) interface: Option<InterfaceName>,
}

/// Reads `192.0.2.53`, `fe80::1%eth0`, `192.0.2.53#5353`.
pub(super) fn server(text: &str) -> Result<Server, Unclear> {
    let unclear = || Unclear::Server(text.to_owned());
    let (place, port) = match text.split_once('#') {
        Some((place, port)) => (place, Some(port)),
        None => (text, None),
    };
    let (address, interface) = zoned(place)?;
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0));
    Ok(Server {
        text: format!("@{text}"),
        address: address.parse().map_err(|_| unclear())?,
        port: port.map(|port| port.ok_or_else(unclear)).transpose()?,
        interface,
    })
}

/// Reads `192.0.2.1`, `%eth0` or `192.0.2.1%eth0`.
pub(super) fn origin(text: &str) -> Result<Origin, Unclear> {
    let unclear = || Unclear::Source(text.to_owned());
    let (address, interface) = zoned(text)?;
    let source = match (address, &interface) {
        ("", Some(_)) => None,
        (address, _) => Some(address.parse().map_err(|_| unclear())?),
    };
    Ok(Origin { source, interface })
}

fn zoned(text: &str) -> Result<(&str, Option<InterfaceName>), Unclear> {
    match text.split_once('%') {
        Some((address, interface)) => Ok((address, Some(interface.parse()?))),
        None => Ok((text, None)),
    }
}

/// The name under which the name of an address stands (RFC 1035, 3.5 and RFC 3596, 2.5).
pub(super) fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => reverse_v4(address),
        IpAddr::V6(address) => reverse_v6(address),
    }
}

fn reverse_v4(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
}

fn reverse_v6(address: Ipv6Addr) -> String {
    let octets = address.octets().into_iter().rev();
    let digits = octets.map(|octet| format!("{:x}.{:x}.", octet & 0xf, octet >> 4));
    digits.collect::<String>() + "ip6.arpa."
}
