//! Who is let in: so many of one network, and at a loopback address only those who ask for this host.

use std::collections::HashMap;
use std::net::IpAddr;

use hyper::Request;
use hyper::header::HOST;
use hyper::http::uri::Authority;

/// So many connections one network has at a time, of all that there may be.
pub(super) const PLACES_OF_ONE: usize = 8;

/// Connections by network. Those of this host are not told apart.
#[derive(Debug, Default)]
pub(super) struct Guests(HashMap<IpAddr, usize>);

impl Guests {
    /// Takes a place, which has to be given back.
    pub(super) fn enter(&mut self, from: IpAddr) -> bool {
        if is_ours(from) {
            return true;
        }
        let places = self.0.entry(network(from)).or_default();
        let is_free = *places < PLACES_OF_ONE;
        *places += usize::from(is_free);
        is_free
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self, from: IpAddr) {
        let network = network(from);
        if let Some(places) = self.0.get_mut(&network) {
            *places -= 1;
            if *places == 0 {
                self.0.remove(&network);
            }
        }
    }
}

fn is_ours(from: IpAddr) -> bool {
    from.to_canonical().is_loopback()
}

/// A host has one IPv4 address, and 2^64 of IPv6.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether somebody asks for this host by a name that only this host has. A page of somebody else, in a browser that
/// reaches a loopback address, asks for its own name: it had that name lead here to read the answer (DNS rebinding).
pub(super) fn asks_for_us<B>(request: &Request<B>) -> bool {
    let host = request
        .headers()
        .get(HOST)
        .map(hyper::header::HeaderValue::as_bytes);
    let host = host.map(Authority::try_from);
    let named = match (request.uri().authority(), host) {
        (Some(authority), _) => authority.clone(),
        (None, Some(Ok(authority))) => authority,
        // No browser does without.
        (None, None) => return true,
        (None, Some(Err(_))) => return false,
    };
    let name = named.host().trim_start_matches('[').trim_end_matches(']');
    let is_address = name.parse::<IpAddr>().is_ok();
    let lower = name.to_ascii_lowercase();
    is_address || !lower.contains('.') || lower.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_does_not_take_all_places() {
        let mut guests = Guests::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let entered = |guests: &mut Guests, text: &str| {
            (0..100).filter(|_| guests.enter(address(text))).count()
        };
        assert_eq!(entered(&mut guests, "192.0.2.1"), PLACES_OF_ONE);
        assert_eq!(entered(&mut guests, "::ffff:192.0.2.1"), 0);
        assert_eq!(entered(&mut guests, "192.0.2.2"), PLACES_OF_ONE);
        assert_eq!(entered(&mut guests, "2001:db8::1"), PLACES_OF_ONE);
        assert_eq!(entered(&mut guests, "2001:db8::2"), 0);
        assert_eq!(entered(&mut guests, "2001:db8:0:1::2"), PLACES_OF_ONE);
        for ours in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(entered(&mut guests, ours), 100);
            guests.leave(address(ours));
        }
        guests.leave(address("2001:db8::9"));
        assert_eq!(entered(&mut guests, "2001:db8::2"), 1);
        for _ in 0..PLACES_OF_ONE {
            guests.leave(address("192.0.2.1"));
        }
        assert_eq!(entered(&mut guests, "192.0.2.1"), PLACES_OF_ONE);
    }

    #[test]
    fn the_names_of_others_are_not_ours() {
        for (uri, host, ours) in [
            ("/", None, true),
            ("/", Some("127.0.0.1:9553"), true),
            ("/", Some("[::1]:9553"), true),
            ("/", Some("localhost"), true),
            ("/", Some("ams1.LOCALHOST:1"), true),
            ("/", Some("ams1:9553"), true),
            ("/", Some("evil.example:9553"), false),
            ("/", Some("localhost.evil.example"), false),
            ("/", Some("evil."), false),
            ("/", Some("127.0.0.1.evil.example"), false),
            ("/", Some("not a host"), false),
            ("http://evil.example/", Some("localhost"), false),
        ] {
            let mut request = Request::builder().uri(uri);
            if let Some(host) = host {
                request = request.header(HOST, host);
            }
            assert_eq!(
                asks_for_us(&request.body(()).unwrap()),
                ours,
                "{uri} {host:?}"
            );
        }
    }
}
