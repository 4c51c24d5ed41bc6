//! What an address can be used for.

use std::net::IpAddr;

use super::found::{Address, Found};
use crate::model::{Family, Prefix};

/// Whether a neighbour, or our end of a session, can be at an address: the format has no interfaces for
/// link-local ones.
pub(super) fn can_peer(address: IpAddr) -> bool {
    is_fit(address)
        && match address {
            IpAddr::V4(v4) => !v4.is_broadcast(),
            IpAddr::V6(_) => true,
        }
}

/// Whether routers pass on what is sent to an address.
pub(super) fn is_fit(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            !(v4.is_loopback() || v4.is_link_local() || first == 0 || first >= 224)
        }
        // ::/96 are the unspecified, the loopback and the compatible addresses (RFC 4291, 2.5.5.1).
        IpAddr::V6(v6) => {
            let is_compatible = v6.segments()[..6] == [0; 6];
            !(is_compatible
                || v6.to_ipv4_mapped().is_some()
                || v6.is_unicast_link_local()
                || v6.is_multicast())
        }
    }
}

/// The prefix of an address alone.
pub(super) fn host_prefix(address: IpAddr) -> Option<Prefix> {
    let length = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    format!("{address}/{length}").parse().ok()
}

impl Address {
    /// Whether it stands for no network but itself, on an interface that leads nowhere: an anycast address, or the
    /// node's own.
    pub(super) fn is_candidate(&self) -> bool {
        let longest = match self.address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        self.is_inner && self.length == longest && is_fit(self.address)
    }

    /// Whether another address is on its network.
    fn reaches(&self, other: IpAddr) -> bool {
        if Family::of(self.address) != Family::of(other) {
            return false;
        }
        let (shift, ours, theirs) = match (self.address, other) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (32, u128::from(ours.to_bits()), u128::from(theirs.to_bits()))
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (128, ours.to_bits(), theirs.to_bits()),
            _ => return false,
        };
        let shift: u32 = shift - u32::from(self.length).min(shift);
        let network = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
        network(ours) == network(theirs)
    }
}

impl Found {
    /// Our address on the network of another one, of the smallest network if there are several.
    pub(super) fn local_to(&self, remote: IpAddr) -> Option<IpAddr> {
        let outer = self.addresses.iter().filter(|address| {
            !address.is_inner && address.address != remote && can_peer(address.address)
        });
        outer
            .filter(|address| address.reaches(remote))
            .max_by_key(|address| address.length)
            .map(|address| address.address)
    }

    /// The addresses of a family that neighbours can be reached from.
    pub(super) fn outer(&self, family: Family) -> impl Iterator<Item = &Address> {
        self.addresses.iter().filter(move |address| {
            !address.is_inner && Family::of(address.address) == family && can_peer(address.address)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, length: u8) -> Address {
        Address {
            interface: "eth0".into(),
            is_inner: false,
            address: text.parse().unwrap(),
            length,
        }
    }

    #[test]
    fn the_smallest_network_of_a_neighbour_is_ours() {
        let found = Found {
            addresses: vec![
                address("10.0.0.2", 8),
                address("10.1.0.2", 24),
                address("2001:db8::2", 64),
                address("10.1.0.1", 32),
            ],
            ..Found::default()
        };
        let local = |remote: &str| {
            let local = found.local_to(remote.parse().unwrap());
            local.map(|address| address.to_string())
        };
        assert_eq!(local("10.1.0.1").as_deref(), Some("10.1.0.2"));
        assert_eq!(local("10.9.0.1").as_deref(), Some("10.0.0.2"));
        assert_eq!(local("2001:db8::1").as_deref(), Some("2001:db8::2"));
        assert_eq!(local("192.0.2.1"), None);
    }

    #[test]
    fn what_no_router_passes_on_is_unfit() {
        for bad in [
            "127.0.0.1",
            "169.254.1.1",
            "224.0.0.5",
            "255.255.255.255",
            "0.0.0.0",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:192.0.2.1",
            "::192.0.2.1",
        ] {
            assert!(!is_fit(bad.parse().unwrap()), "{bad}");
        }
        for good in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1"] {
            assert!(is_fit(good.parse().unwrap()), "{good}");
        }
    }
}
