//! What the checks of a service look at, one by one: configuration says "the service's own addresses", probes need a
//! socket address each.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use super::{
    CheckKind, DnsCheck, ExecCheck, Families, FileCheck, HttpCheck, Member, ProcessCheck, Service,
    TcpCheck,
};
use crate::model::{Family, Prefix, UnitName};

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
    Dns(&'c Arc<DnsCheck>, SocketAddr),
    /// A port.
    Tcp(&'c TcpCheck, SocketAddr),
    /// A page.
    Http(&'c HttpCheck, SocketAddr),
    /// What a program says. Its arguments are not shown: there may be passwords among them.
    Exec(&'c ExecCheck),
    /// A unit of systemd.
    Unit(&'c UnitName),
    /// A process.
    Process(&'c ProcessCheck),
    /// A file.
    File(&'c FileCheck),
}

impl Subject<'_> {
    /// The address that is asked; `None` where it is not known beforehand, or nobody is asked over the network.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Dns(_, server) | Self::Tcp(_, server) | Self::Http(_, server) => {
                Some(server.ip())
            }
            Self::Exec(_) | Self::Unit(_) | Self::Process(_) | Self::File(_) => None,
        }
    }

    /// How many looks may be under way at a time: so many where one may begin before another has ended.
    #[must_use]
    pub fn at_once(&self, overlapping: usize) -> usize {
        match self {
            Self::Dns(..) | Self::Tcp(..) | Self::Http(..) => overlapping,
            Self::Exec(_) | Self::Unit(_) | Self::Process(_) | Self::File(_) => 1,
        }
    }

    /// How many file descriptors one look may need at a time.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        match self {
            // All questions are under way at once, and beside each that of a zone's primary.
            Self::Dns(check, _) => {
                let questions = check.questions.iter();
                let ways = questions.map(|asked| 1 + usize::from(asked.expect.primary().is_some()));
                ways.sum()
            }
            Self::Tcp(..) | Self::Http(..) | Self::Process(_) => 1,
            // As it starts: both ends of the pipes for its output and its errors, and an empty input.
            Self::Exec(_) => 5,
            // All units are asked for over one connection, and nothing is read of a file.
            Self::Unit(_) | Self::File(_) => 0,
        }
    }

    /// A check of this name that looks at it, in few words: `dns-1 at 192.0.2.53`, `exec-2 (check_dns)`.
    #[must_use]
    pub fn named(&self, check: &str) -> String {
        match self {
            Self::Dns(_, server) | Self::Tcp(_, server) | Self::Http(_, server) => {
                format!("{check} at {}", server.ip())
            }
            Self::Exec(exec) => format!("{check} ({})", last(Path::new(exec.program()))),
            Self::Unit(unit) => format!("{check} ({unit})"),
            Self::Process(process) => format!("{check} ({})", last(&process.pidfile)),
            Self::File(file) => format!("{check} ({})", last(&file.path)),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(_, server) | Self::Tcp(_, server) => server.fmt(f),
            Self::Http(http, server) if http.url.address() == Some(server.ip()) => http.url.fmt(f),
            Self::Http(http, server) => write!(f, "{} at {}", http.url, server.ip()),
            Self::Exec(exec) => f.write_str(exec.program()),
            Self::Unit(unit) => unit.fmt(f),
            Self::Process(process) => process.pidfile.display().fmt(f),
            Self::File(file) => file.path.display().fmt(f),
        }
    }
}

/// What a path leads to, without the way there.
fn last(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.display().to_string()
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

    /// How many file descriptors the looks at all targets may need at a time, with this many at once at each
    /// [that allows it](Subject::at_once).
    #[must_use]
    pub fn descriptors(&self, overlapping: usize) -> usize {
        let needed =
            |target: Target<'_>| target.subject.at_once(overlapping) * target.subject.descriptors();
        self.targets().into_iter().map(needed).sum()
    }

    /// What is looked at.
    #[must_use]
    pub fn member(&self, target: &Target<'_>) -> &Member {
        &self.checks[target.check].members()[target.member]
    }

    fn targets_of<'c>(&self, (check, member): (usize, usize), spec: &'c Member) -> Vec<Target<'c>> {
        let subjects: Vec<_> = match &spec.kind {
            CheckKind::Dns(dns) => {
                let servers = self.servers(spec, dns.port);
                servers.map(|server| Subject::Dns(dns, server)).collect()
            }
            CheckKind::Tcp(tcp) => {
                let servers = self.servers(spec, tcp.port);
                servers.map(|server| Subject::Tcp(tcp, server)).collect()
            }
            CheckKind::Http(http) => {
                let servers = self.servers(spec, http.url.port());
                servers.map(|server| Subject::Http(http, server)).collect()
            }
            CheckKind::Exec(exec) => vec![Subject::Exec(exec)],
            CheckKind::Unit(unit) => vec![Subject::Unit(unit)],
            CheckKind::Process(process) => vec![Subject::Process(process)],
            CheckKind::File(file) => vec![Subject::File(file)],
        };
        let target = |subject: Subject<'c>| Target {
            check,
            member,
            subject,
            decides: spec.decided(subject.address(), self.families()),
        };
        Vec::into_iter(subjects).map(target).collect()
    }

    /// Whom a member asks.
    fn servers(&self, spec: &Member, port: u16) -> impl Iterator<Item = SocketAddr> {
        let named = spec.kind.server();
        let servers = named.map_or_else(|| self.hosts(spec), |one| vec![one]);
        servers.into_iter().map(move |ip| SocketAddr::new(ip, port))
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
    use crate::config::{
        ByHand, Check, DnsCheck, ExitCodes, OnFailure, Parts, Route, Thresholds, Timing,
    };
    use crate::dns::{Asked, Encoding, Expectation, Primary, Question, RecordType, SerialLimits};
    use crate::model::Period;

    fn check(server: Option<&str>, port: u16) -> Check {
        let asked = Asked {
            question: Question::new("example.com".parse().unwrap(), RecordType::SOA),
            expect: Expectation::default(),
        };
        let kind = CheckKind::Dns(Arc::new(DnsCheck {
            server: server.map(|text| text.parse().unwrap()),
            port,
            ..DnsCheck::one(asked)
        }));
        Check {
            name: "dns".to_owned(),
            on_failure: OnFailure::Withdraw,
            parts: Parts::One(Box::new(Member {
                name: "dns".to_owned(),
                kind,
                families: None,
                timing: TIMING,
            })),
        }
    }

    /// A check that decides on these families, whatever it asks.
    fn told(check: Check, families: Families) -> Check {
        let member = Member {
            families: Some(families),
            ..check.members()[0].clone()
        };
        Check {
            parts: Parts::One(Box::new(member)),
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

    /// A check that looks at this.
    fn looking(kind: CheckKind) -> Check {
        let member = Member {
            kind,
            ..check(None, 53).members()[0].clone()
        };
        Check {
            parts: Parts::One(Box::new(member)),
            ..check(None, 53)
        }
    }

    /// A check with so many questions, of which so many ask the primary besides.
    fn asking(questions: usize, of_primary: usize) -> Check {
        let CheckKind::Dns(mut dns) = check(None, 53).members()[0].kind.clone() else {
            unreachable!("it asks over DNS");
        };
        let asking = Arc::make_mut(&mut dns);
        asking.questions = vec![asking.questions[0].clone(); questions];
        for asked in asking.questions.iter_mut().take(of_primary) {
            asked.expect.serial = Some(SerialLimits {
                max_age: None,
                encoding: Encoding::Unix,
                primary: Some(Primary {
                    server: "127.0.0.1:53".parse().unwrap(),
                    max_behind: 0,
                }),
            });
        }
        looking(CheckKind::Dns(dns))
    }

    #[test]
    fn every_question_of_every_look_needs_a_descriptor() {
        let needed = |checks| service(&BOTH, checks).descriptors(10);
        assert_eq!(needed(vec![asking(1, 0)]), 2 * 10);
        assert_eq!(needed(vec![asking(4, 0); 250]), 500 * 4 * 10);
        assert_eq!(needed(vec![asking(16, 16)]), 2 * 32 * 10);
        let program = || {
            CheckKind::Exec(ExecCheck {
                command: vec!["/bin/true".parse().unwrap()],
                environment: vec![],
                exit_codes: ExitCodes::Plain,
            })
        };
        assert_eq!(
            needed(vec![looking(program()); 3]),
            3 * 5,
            "never two at once"
        );
        let unit = CheckKind::Unit("nsd.service".parse().unwrap());
        assert_eq!(needed(vec![looking(unit)]), 0);
    }
}
