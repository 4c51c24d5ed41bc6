//! What this host has: its addresses, the news that they change, and counters of its kernel; and, for a first configuration, its interfaces,
//! default routes, and the programs that matter.

mod changes;
mod interfaces;
mod processes;
mod routes;
mod sockets;

pub use changes::AddressChanges;
pub use interfaces::interfaces;
pub use processes::{Process, Processes};
pub use routes::gateways;
pub use sockets::{Socket, listening};

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use crate::flap::hint::Md5;

/// The addresses on all interfaces, loopback included.
pub fn addresses() -> io::Result<BTreeSet<IpAddr>> {
    let interfaces = nix::ifaddrs::getifaddrs()?;
    Ok(interfaces
        .filter_map(|interface| address(interface.address?))
        .collect())
}

/// What the kernel has refused because of TCP MD5 signatures, in this network namespace; `None` if it does not
/// count that.
///
/// It stands among what belongs to this process: the service sees nothing else of /proc (`ProcSubset=pid`).
#[must_use]
pub fn md5() -> Option<Md5> {
    Md5::read(&std::fs::read_to_string("/proc/self/net/netstat").ok()?)
}

fn address(storage: nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = storage
        .as_sockaddr_in()
        .map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| {
        storage
            .as_sockaddr_in6()
            .map(|address| IpAddr::V6(address.ip()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_among_the_addresses() {
        let addresses = addresses().unwrap();
        assert!(
            addresses.contains(&IpAddr::from([127, 0, 0, 1])),
            "{addresses:?}"
        );
    }
}
