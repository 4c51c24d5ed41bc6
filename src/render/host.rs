//! Files for the host that BIRD and the DNS server run on, one at a time.
//!
//! Each says at its top where it is installed and how it is loaded. What the tools of Debian 12 do with
//! every one of them is tried by `tests/scenarios/host.rs`.

mod addresses;
mod interface;
mod nftables;
mod units;

#[cfg(test)]
mod tests;

use super::{Error, fill};
use crate::config::Config;

/// A file for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The dummy interface, for systemd-networkd.
    NetworkdNetdev,
    /// Its addresses, for systemd-networkd.
    NetworkdNetwork,
    /// Both, for ifupdown.
    Ifupdown,
    /// Settings of the kernel.
    Sysctl,
    /// Receive packet steering, as a unit of systemd.
    Steering,
    /// The DNS server's limit of open files, as a drop-in of systemd.
    Limits,
    /// Packet filter.
    Nftables,
}

/// A rendered file, and what its reader should know besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub text: String,
    /// What it lacks, a sentence each.
    pub notes: Vec<String>,
}

impl From<String> for Rendered {
    fn from(text: String) -> Self {
        let notes = Vec::new();
        Self { text, notes }
    }
}

impl File {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NetworkdNetdev,
        Self::NetworkdNetwork,
        Self::Ifupdown,
        Self::Sysctl,
        Self::Steering,
        Self::Limits,
        Self::Nftables,
    ];

    /// Where it is installed. `DNS_UNIT` stands for `host.dns_unit`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::NetworkdNetdev => "/etc/systemd/network/50-anycast.netdev",
            Self::NetworkdNetwork => "/etc/systemd/network/50-anycast.network",
            Self::Ifupdown => "/etc/network/interfaces.d/anycast",
            Self::Sysctl => "/etc/sysctl.d/60-anycast.conf",
            Self::Steering => "/etc/systemd/system/anycast-steering@.service",
            Self::Limits => "/etc/systemd/system/DNS_UNIT.d/anycast.conf",
            Self::Nftables => "/etc/nftables.d/anycast.nft",
        }
    }
}

/// The text of a file for the host. [`Error::MissingKey`] where `host` does not say what it takes.
pub fn host(config: &Config, file: File) -> Result<Rendered, Error> {
    match file {
        File::NetworkdNetdev => interface::netdev(config),
        File::NetworkdNetwork => interface::network(config),
        File::Ifupdown => interface::ifupdown(config),
        File::Sysctl => units::sysctl(),
        File::Steering => units::steering(&config.host),
        File::Limits => units::limits(&config.host),
        File::Nftables => nftables::nftables(config),
    }
}
