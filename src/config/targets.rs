//! What the checks of a service look at, one by one: configuration says "the service's own addresses", probes need a
//! socket address each.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{CheckKind, DnsCheck, Families, Member, Service};
use crate::model::{Family, Prefix};

/// One thing that one check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'c> {
    /// Position in [`Service::checks`].
    pub check: usize,
    /// Position in [`Check::members`](super::Check::members).
    pub member: usize,
    /// What it is.
    pub subject: Subject<'c>,
    /// The families that the verdict decides on.
    pub decides: Families,
}

/// What is looked at. Its text is all of it, for people: `192.0.2.53:53`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'c> {
    /// A DNS server.
    Dns(&'c DnsCheck, SocketAddr),
}

impl Subject<'_> {
    /// The address that is asked; `None` where it is not known beforehand, or nobody is asked over the network.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Dns(_, server) => Some(server.ip()),
        }
    }

    /// In few words, beside the name of the check: `192.0.2.53`.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Dns(_, server) => server.ip().to_string(),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(_, server) => server.fmt(f),
        }
    }
}

impl Service {
    /// All targets, in the order of the checks and, within a check, of its members and of the prefixes.
    ///
    /// A member that names no server asks each host prefix (/32, /128) of the service.
    #[must_use]
    pub fn targets(&self) -> Vec<Target<'_>> {
        let mut targets = Vec::new();
        for (check, spec) in self.checks.iter().enumerate() {
            for (member, spec) in spec.members().iter().enumerate() {
                let place = (check, member);
                targets.extend(self.targets_of(place, spec));
            }
        }
        targets
    }

    /// What is looked at.
    #[must_use]
    pub fn member(&self, target: &Target<'_>) -> &Member {
        &self.checks[target.check].members()[target.member]
    }

    fn targets_of<'c>(&self, (check, member): (usize, usize), spec: &'c Member) -> Vec<Target<'c>> {
        let subjects = match &spec.kind {
            CheckKind::Dns(dns) => {
                let servers = dns.server.map_or_else(|| self.hosts(spec), |one| vec![one]);
                let sockets = servers.into_iter().map(|ip| SocketAddr::new(ip, dns.port));
                sockets.map(|server| Subject::Dns(dns, server)).collect()
            }
        };
        let target = |subject: Subject<'c>| Target {
            check,
            member,
            subject,
            decides: spec.decided(subject.address(), self.families()),
        };
        Vec::into_iter(subjects).map(target).collect()
    }

    /// The service's own addresses, as far as a member is about their families.
    fn hosts(&self, spec: &Member) -> Vec<IpAddr> {
        let wanted = |address: &IpAddr| {
            let family = Family::of(*address);
            spec.families.is_none_or(|families| families.has(family))
        };
        let hosts = self.prefixes.iter().copied().filter_map(Prefix::host);
        hosts.filter(wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ByHand, Check, DnsCheck, OnFailure, Parts, Route, Thresholds, Timing};
    use crate::dns::{Asked, Expectation, Question, RecordType};
    use crate::model::Period;

    fn check(server: Option<&str>, port: u16) -> Check {
        let asked = Asked {
            question: Question::new("example.com".parse().unwrap(), RecordType::SOA),
            expect: Expectation::default(),
        };
        let kind = CheckKind::Dns(DnsCheck {
            server: server.map(|text| text.parse().unwrap()),
            port,
            ..DnsCheck::one(asked)
        });
        Check {
            name: "dns".to_owned(),
            on_failure: OnFailure::Withdraw,
            parts: Parts::One(Member {
                name: "dns".to_owned(),
                kind,
                families: None,
                timing: TIMING,
            }),
        }
    }

    /// A check that decides on these families, whatever it asks.
    fn told(check: Check, families: Families) -> Check {
        let member = Member {
            families: Some(families),
            ..check.members()[0].clone()
        };
        Check {
            parts: Parts::One(member),
            ..check
        }
    }

    const TIMING: Timing = Timing {
        interval: Period::from_millis(1000),
        fast_interval: Period::from_millis(100),
        timeout: Period::from_millis(800),
    };

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
            events: true,
            damping: None,
            thresholds: Thresholds {
                fall: 3,
                rise: 5,
                window: None,
            },
            checks,
        }
    }

    fn shown(service: &Service) -> Vec<(usize, String, Families)> {
        let shown = |target: Target<'_>| (target.check, target.subject.to_string(), target.decides);
        service.targets().into_iter().map(shown).collect()
    }

    const V4: Families = Families::One(Family::V4);
    const V6: Families = Families::One(Family::V6);
    const BOTH: [&str; 2] = ["192.0.2.53/32", "2001:db8:53::53/128"];

    #[test]
    fn a_check_asks_each_own_host_address_unless_it_names_a_server() {
        let checks = vec![check(None, 53), check(Some("127.0.0.1"), 5353)];
        assert_eq!(
            shown(&service(&BOTH, checks)),
            [
                (0, "192.0.2.53:53".to_owned(), V4),
                (0, "[2001:db8:53::53]:53".to_owned(), V6),
                (1, "127.0.0.1:5353".to_owned(), Families::Both),
            ]
        );
    }

    #[test]
    fn an_address_decides_on_its_own_family_unless_told_otherwise() {
        let decides = |server, families: Option<Families>, prefixes: &[&str]| {
            let one = check(Some(server), 53);
            let one = match families {
                Some(families) => told(one, families),
                None => one,
            };
            service(prefixes, vec![one]).targets()[0].decides
        };
        assert_eq!(decides("10.0.0.1", None, &BOTH), V4);
        assert_eq!(decides("2001:db8::1", None, &BOTH), V6);
        assert_eq!(decides("::1", None, &BOTH), Families::Both);
        assert_eq!(
            decides("2001:db8::1", Some(Families::Both), &BOTH),
            Families::Both
        );
        assert_eq!(decides("2001:db8::1", Some(V4), &BOTH), V4);
        // It would decide on nothing otherwise.
        assert_eq!(decides("2001:db8::1", None, &BOTH[..1]), Families::Both);
    }

    #[test]
    fn families_also_say_which_of_the_own_addresses_are_asked() {
        let asked = |families| shown(&service(&BOTH, vec![told(check(None, 53), families)]));
        assert_eq!(asked(V6), [(0, "[2001:db8:53::53]:53".to_owned(), V6)]);
        let both = asked(Families::Both);
        assert!(
            both.iter()
                .all(|(_, _, decides)| *decides == Families::Both)
        );
        assert_eq!(both.len(), 2);
    }

    #[test]
    fn networks_have_no_address_to_ask() {
        let mixed = service(&["192.0.2.0/24", "192.0.3.53/32"], vec![check(None, 53)]);
        assert_eq!(shown(&mixed), [(0, "192.0.3.53:53".to_owned(), V4)]);
        let networks = service(&["192.0.2.0/24"], vec![check(None, 53)]);
        assert_eq!(networks.targets(), []);
    }
}
