//! Who listens on a port of this network namespace, as /proc shows it (`proc_pid_net(5)`).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A socket that waits for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// Its address; the unspecified one for all.
    pub address: IpAddr,
    /// Its number among all sockets of the machine.
    pub inode: u64,
}

/// The files, each with the state in which a socket waits: a UDP socket is then unconnected, which /proc calls
/// TCP's `CLOSE` (7); of TCP it is `LISTEN` (10).
const FILES: [(&str, &str); 4] = [
    ("/proc/self/net/udp", "07"),
    ("/proc/self/net/udp6", "07"),
    ("/proc/self/net/tcp", "0A"),
    ("/proc/self/net/tcp6", "0A"),
];

/// Who listens on `port`, over UDP first. What cannot be read is nobody.
#[must_use]
pub fn listening(port: u16) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for (path, state) in FILES {
        let text = fs::read_to_string(path).unwrap_or_default();
        sockets.extend(text.lines().filter_map(|line| socket(line, state, port)));
    }
    sockets
}

/// `  0: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 12345 …`
fn socket(line: &str, wanted: &str, port: u16) -> Option<Socket> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let (address, local_port) = local.split_once(':')?;
    let (_, remote_port) = remote.split_once(':')?;
    let is_it = state == wanted
        && u16::from_str_radix(local_port, 16).ok()? == port
        && u16::from_str_radix(remote_port, 16).ok()? == 0;
    let inode = fields.nth(5)?.parse().ok()?;
    is_it.then_some(Socket {
        address: address_of(address)?,
        inode,
    })
}

/// One or four words of this machine, each of eight digits. An IPv4 address in IPv6 clothes is one.
fn address_of(digits: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = digits.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match digits.len() {
        8 => Some(IpAddr::from(Ipv4Addr::from(word(0)?))),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_that_wait_on_the_port_count() {
        let line = |local: &str, remote: &str, state: &str| {
            format!(
                "  12: {local} {remote} {state} 00000000:00000000 00:00000000 00000000   112        0 34567 2 0 0"
            )
        };
        let all = socket(&line("00000000:0035", "00000000:0000", "07"), "07", 53).unwrap();
        assert_eq!((all.address.is_unspecified(), all.inode), (true, 34567));
        let six = format!("{}:0035", "0".repeat(32));
        let any = format!("{}:0000", "0".repeat(32));
        let all = socket(&line(&six, &any, "0A"), "0A", 53).unwrap();
        assert_eq!(all.address, IpAddr::from([0_u16; 8]));
        if cfg!(target_endian = "little") {
            let one = socket(&line("350200C0:0035", "00000000:0000", "07"), "07", 53).unwrap();
            assert_eq!(one.address.to_string(), "192.0.2.53");
            let six = "B80D0120000053000000000053000000:0035";
            let one = socket(&line(six, &any, "07"), "07", 53).unwrap();
            assert_eq!(one.address.to_string(), "2001:db8:53::53");
        }
        for (local, remote, state) in [
            ("00000000:0035", "0100007F:1234", "07"),
            ("00000000:0036", "00000000:0000", "07"),
            ("00000000:0035", "00000000:0000", "01"),
            ("é:0035", "00000000:0000", "07"),
        ] {
            assert_eq!(
                socket(&line(local, remote, state), "07", 53),
                None,
                "{local}"
            );
        }
        assert_eq!(
            socket("  sl  local_address rem_address   st tx_queue", "07", 53),
            None
        );
    }

    #[test]
    fn a_listener_of_our_own_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = listening(port);
        assert!(
            found
                .iter()
                .any(|socket| socket.address == IpAddr::from([127, 0, 0, 1]))
        );
    }
}
