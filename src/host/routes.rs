//! The default routes of this network namespace, as /proc shows them (`proc_pid_net(5)`).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::init::Gateway;

/// Default routes with a next hop, IPv4 first. What cannot be read is none.
#[must_use]
pub fn gateways() -> Vec<Gateway> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (v4, v6) = (
        read("/proc/self/net/route"),
        read("/proc/self/net/ipv6_route"),
    );
    let v4 = v4.lines().filter_map(default_v4);
    v4.chain(v6.lines().filter_map(default_v6)).collect()
}

/// `eth0 00000000 0100630A 0003 0 0 0 00000000 0 0 0`: interface, destination, gateway, flags, …, metric, mask, with
/// addresses as words of this machine.
fn default_v4(line: &str) -> Option<Gateway> {
    let mut fields = line.split_whitespace();
    let interface = fields.next()?;
    let (destination, gateway) = (fields.next()?, fields.next()?);
    let (metric, mask) = (fields.nth(3)?, fields.next()?);
    let gateway = u32::from_str_radix(gateway, 16).ok()?;
    let is_default = destination == "00000000" && mask == "00000000" && gateway != 0;
    is_default.then_some(Gateway {
        interface: interface.to_owned(),
        address: IpAddr::from(Ipv4Addr::from(gateway.to_ne_bytes())),
        metric: metric.parse().ok()?,
    })
}

/// `<destination> 00 <source> 00 <gateway> <metric> … <interface>`, addresses as 32 digits.
fn default_v6(line: &str) -> Option<Gateway> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [destination, length, _, _, gateway, metric, .., interface] = fields[..] else {
        return None;
    };
    let address = |text: &str| u128::from_str_radix(text, 16).ok();
    let gateway = address(gateway)?;
    let is_default = address(destination)? == 0 && length == "00" && gateway != 0;
    is_default.then_some(Gateway {
        interface: interface.to_owned(),
        address: IpAddr::from(Ipv6Addr::from_bits(gateway)),
        metric: u32::from_str_radix(metric, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_routes_are_told_from_others() {
        let line = "eth0\t00000000\t0100630A\t0003\t0\t0\t100\t00000000\t0\t0\t0  ";
        let found = default_v4(line).unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(found.address.to_string(), "10.99.0.1");
        }
        assert_eq!((found.interface.as_str(), found.metric), ("eth0", 100));
        for other in [
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
            "eth0\t0000630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
            "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0",
            "",
        ] {
            assert_eq!(default_v4(other), None, "{other}");
        }
        let zero = "0".repeat(32);
        let router = "fe800000000000000000000000000001";
        let line = format!("{zero} 00 {zero} 00 {router} 00000400 00000001 00000000 00000003 eth0");
        let found = default_v6(&line).unwrap();
        assert_eq!(
            (found.address.to_string().as_str(), found.metric),
            ("fe80::1", 1024)
        );
        assert_eq!(default_v6(&line.replace(router, &zero)), None);
        assert_eq!(default_v6("x"), None);
    }
}
