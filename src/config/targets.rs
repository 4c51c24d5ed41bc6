//! Whom the checks of a service ask: configuration says "the service's own addresses", probes need a socket
//! address each.

use std::net::{IpAddr, SocketAddr};

use super::{CheckKind, DnsCheck, Service};
use crate::model::{Family, Prefix};

/// One server that one check asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Position in [`Service::checks`].
    pub check: usize,
    /// Who is asked.
    pub server: SocketAddr,
    /// The only family that the verdict decides on; `None` for both.
    pub gates: Option<Family>,
}

impl Service {
    /// All targets, in the order of the checks and, within a check, of the prefixes.
    ///
    /// A check without a server asks each host prefix (/32, /128) of the service, and decides on the family
    /// of that address. A named server decides on both families.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let expand = |(position, check)| self.targets_of(position, check);
        let checks = self.checks.iter().map(|check| match &check.kind {
            CheckKind::Dns(dns) => dns,
        });
        checks.enumerate().flat_map(expand).collect()
    }

    fn targets_of(&self, position: usize, check: &DnsCheck) -> Vec<Target> {
        let target = |address: IpAddr, gates| Target {
            check: position,
            server: SocketAddr::new(address, check.port),
            gates,
        };
        match check.server {
            Some(address) => vec![target(address, None)],
            None => self
                .hosts()
                .map(|address| target(address, Some(Family::of(address))))
                .collect(),
        }
    }

    fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.prefixes.iter().copied().filter_map(Prefix::host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ByHand, Check, OnFailure, Route, Thresholds, Timing};
    use crate::dns::{DNSClass, Expectation, Question, Rcode, RecordType, Transport};
    use crate::model::Period;

    fn check(server: Option<&str>, port: u16) -> Check {
        let question = Question {
            name: "example.com".parse().unwrap(),
            record_type: RecordType::SOA,
            class: DNSClass::IN,
            recursion_desired: false,
        };
        let expect = Expectation {
            rcodes: vec![Rcode::NO_ERROR],
            min_answers: 1,
        };
        Check {
            name: "dns".to_owned(),
            kind: CheckKind::Dns(DnsCheck {
                server: server.map(|text| text.parse().unwrap()),
                port,
                transport: Transport::Udp,
                question,
                expect,
            }),
            on_failure: OnFailure::Withdraw,
        }
    }

    fn service(prefixes: &[&str], checks: Vec<Check>) -> Service {
        Service {
            name: "resolver".parse().unwrap(),
            prefixes: prefixes.iter().map(|text| text.parse().unwrap()).collect(),
            communities: vec![],
            large_communities: vec![],
            med: None,
            route: Route::Blackhole,
            existing: ByHand::default(),
            require_address: true,
            timing: Timing {
                interval: Period::from_millis(1000),
                fast_interval: Period::from_millis(100),
                timeout: Period::from_millis(800),
            },
            damping: None,
            thresholds: Thresholds {
                fall: 3,
                rise: 5,
                window: None,
            },
            checks,
        }
    }

    fn shown(service: &Service) -> Vec<(usize, String, Option<Family>)> {
        let tuple = |target: Target| (target.check, target.server.to_string(), target.gates);
        service.targets().into_iter().map(tuple).collect()
    }

    #[test]
    fn a_check_asks_each_own_host_address_unless_it_names_a_server() {
        let prefixes = ["192.0.2.53/32", "2001:db8:53::53/128"];
        let checks = vec![check(None, 53), check(Some("127.0.0.1"), 5353)];
        assert_eq!(
            shown(&service(&prefixes, checks)),
            [
                (0, "192.0.2.53:53".to_owned(), Some(Family::V4)),
                (0, "[2001:db8:53::53]:53".to_owned(), Some(Family::V6)),
                (1, "127.0.0.1:5353".to_owned(), None),
            ]
        );
    }

    #[test]
    fn networks_have_no_address_to_ask() {
        let mixed = service(&["192.0.2.0/24", "192.0.3.53/32"], vec![check(None, 53)]);
        let expected = (0, "192.0.3.53:53".to_owned(), Some(Family::V4));
        assert_eq!(shown(&mixed), [expected]);
        let networks = service(&["192.0.2.0/24"], vec![check(None, 53)]);
        assert_eq!(networks.targets(), []);
    }
}
