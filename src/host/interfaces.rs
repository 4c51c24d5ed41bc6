//! The addresses of this host with their interfaces and networks.

use std::io;
use std::net::IpAddr;

use nix::ifaddrs::InterfaceAddress;
use nix::net::if_::InterfaceFlags;

use crate::init::Address;

/// The addresses on all interfaces, in the kernel's order.
pub fn interfaces() -> io::Result<Vec<Address>> {
    let interfaces = nix::ifaddrs::getifaddrs()?;
    Ok(interfaces
        .filter_map(|interface| address(&interface))
        .collect())
}

fn address(interface: &InterfaceAddress) -> Option<Address> {
    let address = super::address(interface.address?)?;
    let mask = interface.netmask.and_then(super::address);
    Some(Address {
        interface: interface.interface_name.clone(),
        is_inner: is_inner(interface.flags),
        address,
        length: mask.map_or(0, length),
    })
}

/// The loopback, and dummies: of all interfaces only these broadcast and know no neighbours.
fn is_inner(flags: InterfaceFlags) -> bool {
    let dummy = InterfaceFlags::IFF_BROADCAST | InterfaceFlags::IFF_NOARP;
    flags.contains(InterfaceFlags::IFF_LOOPBACK)
        || flags.contains(dummy) && !flags.contains(InterfaceFlags::IFF_POINTOPOINT)
}

fn length(mask: IpAddr) -> u8 {
    let ones = match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones(),
        IpAddr::V6(mask) => mask.to_bits().leading_ones(),
    };
    u8::try_from(ones).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_leads_nowhere() {
        let interfaces = interfaces().unwrap();
        let loopback = interfaces
            .iter()
            .find(|one| one.address == IpAddr::from([127, 0, 0, 1]));
        let loopback = loopback.unwrap();
        assert!(loopback.is_inner);
        assert_eq!(loopback.length, 8);
    }
}
