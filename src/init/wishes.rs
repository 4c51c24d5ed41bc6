//! What the command line says instead of what is found.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use crate::dns::{self, NameTemplate, RecordType};
use crate::harmless::is_harmful;
use crate::model::{Asn, Prefix, ServiceName};

/// What an operator says. What is absent is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The node's name.
    pub name: Option<NodeName>,
    /// The node's AS number.
    pub asn: Option<Asn>,
    /// The router id.
    pub router_id: Option<Ipv4Addr>,
    /// The service's name.
    pub service: Option<ServiceName>,
    /// Its prefixes, instead of those found.
    pub prefixes: Vec<Prefix>,
    /// The neighbours, instead of those found.
    pub neighbors: Vec<Peer>,
    /// What the check asks.
    pub check: Option<Asked>,
}

/// The name of a node: 1 to 64 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

impl NodeName {
    /// The longest name, in characters.
    pub(super) const LONGEST: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if (1..=Self::LONGEST).contains(&length) && !text.contains(is_harmful) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "a name has 1 to {} characters, all of which can be printed",
                Self::LONGEST
            ))
        }
    }
}

/// A neighbour, `ADDRESS@ASN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Its AS number.
    pub asn: Asn,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('@');
        let (address, asn) = parts.ok_or(
            "write the neighbour's address and its AS number, as in 192.0.2.1@64600 or 2001:db8::1@64600",
        )?;
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{address}` is not an address"))?;
        if !super::addresses::can_peer(address) {
            return Err(format!(
                "no neighbour can be at {address}: write a global or unique local address"
            ));
        }
        let asn = asn
            .parse()
            .map_err(|error: crate::model::InvalidNetwork| error.to_string())?;
        Ok(Self { address, asn })
    }
}

/// What a check asks, `NAME/TYPE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The name.
    pub name: NameTemplate,
    /// The type.
    pub record_type: RecordType,
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('/');
        let (name, kind) = parts
            .ok_or("write a name and a type with a slash between them, as in example.com/SOA")?;
        let name = name
            .parse()
            .map_err(|error: dns::InvalidDns| error.to_string())?;
        let record_type = dns::record_type(kind).map_err(|error| error.to_string())?;
        if matches!(record_type, RecordType::AXFR | RecordType::IXFR) {
            return Err(format!(
                "{record_type} asks for a transfer of the zone, not for a record: ask for SOA"
            ));
        }
        Ok(Self { name, record_type })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_questions_are_read_as_they_are_typed() {
        let peer: Peer = "2001:db8::1@64600".parse().unwrap();
        assert_eq!(
            (peer.address.to_string().as_str(), peer.asn.get()),
            ("2001:db8::1", 64600)
        );
        for bad in [
            "192.0.2.1",
            "192.0.2.1@",
            "192.0.2.1@0",
            "x@1",
            "@1",
            "fe80::1@1",
            "127.0.0.1@1",
        ] {
            assert!(bad.parse::<Peer>().is_err(), "{bad}");
        }
        let asked: Asked = "example.com/soa".parse().unwrap();
        assert_eq!(asked.record_type, RecordType::SOA);
        for bad in [
            "example.com",
            "/",
            "example.com/AXFR",
            "a b/A",
            "example.com/x",
        ] {
            assert!(bad.parse::<Asked>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_nodes_can_be_printed() {
        assert!("AMS-1 é".parse::<NodeName>().is_ok());
        for bad in ["", "a\nb", &"x".repeat(65)] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad}");
        }
    }
}
