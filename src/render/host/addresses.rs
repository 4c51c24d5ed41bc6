//! The anycast addresses: those that the host has to have for its services.

use std::net::IpAddr;

use serde::Serialize;

use crate::config::{Config, Service};
use crate::model::Prefix;

/// The addresses of all services, in the order of the file, each once.
#[derive(Default)]
pub(super) struct Addresses {
    pub(super) known: Vec<IpAddr>,
    /// Prefixes of which no address is known, with their services.
    pub(super) missing: Vec<(String, Prefix)>,
}

impl Addresses {
    pub(super) fn of(config: &Config) -> Self {
        let mut addresses = Self::default();
        for service in &config.services {
            for &prefix in &service.prefixes {
                addresses.add(service, prefix);
            }
        }
        addresses
    }

    fn add(&mut self, service: &Service, prefix: Prefix) {
        let found = match prefix.host() {
            Some(address) => vec![address],
            None => servers(service)
                .filter(|server| prefix.contains(*server))
                .collect(),
        };
        if found.is_empty() {
            self.missing.push((service.name.to_string(), prefix));
        }
        for address in found {
            if !self.known.contains(&address) {
                self.known.push(address);
            }
        }
    }

    /// A sentence for each prefix without an address.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |(service, prefix): &(String, Prefix)| {
            format!(
                "services.{service}: no address of {prefix} is known, and the interface gets none: name one as the `server` of a check"
            )
        };
        self.missing.iter().map(note).collect()
    }

    pub(super) fn prefixes(&self) -> Vec<HostPrefix> {
        self.known.iter().copied().map(HostPrefix::new).collect()
    }
}

/// Whom the checks of a service ask by name.
fn servers(service: &Service) -> impl Iterator<Item = IpAddr> {
    service.members().filter_map(|member| member.kind.server())
}

/// An address as a prefix of its full length.
#[derive(Serialize)]
pub(super) struct HostPrefix {
    prefix: String,
    ipv6: bool,
}

impl HostPrefix {
    fn new(address: IpAddr) -> Self {
        let length = if address.is_ipv6() { 128 } else { 32 };
        Self {
            prefix: format!("{address}/{length}"),
            ipv6: address.is_ipv6(),
        }
    }
}
