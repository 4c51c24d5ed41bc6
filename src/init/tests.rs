//! Files for hosts that are made up, and what holds for every one.

mod properties;

use std::net::IpAddr;

use super::*;
use crate::config::Config;
use crate::dns::{DNSClass, RecordType};

fn address(interface: &str, text: &str) -> Address {
    let (address, length) = text.split_once('/').unwrap();
    Address {
        interface: interface.into(),
        is_inner: matches!(interface, "lo" | "anycast0"),
        address: address.parse().unwrap(),
        length: length.parse().unwrap(),
    }
}

fn listener(address: &str, program: Option<&str>, zones: &[&str]) -> Listener {
    Listener {
        address: address.parse().unwrap(),
        program: program.map(str::to_owned),
        zones: zones.iter().map(|&zone| zone.to_owned()).collect(),
    }
}

fn answer(server: &str, question: (&str, RecordType, Kind), detail: Result<&str, &str>) -> Answer {
    let (name, record_type, kind) = question;
    Answer {
        server: server.parse().unwrap(),
        question: Question {
            name: name.parse().unwrap(),
            record_type,
            class: if kind == Kind::Identity {
                DNSClass::CH
            } else {
                DNSClass::IN
            },
            kind,
        },
        has_passed: detail.is_ok(),
        is_authoritative: kind == Kind::Zone,
        is_recursive: kind == Kind::Local,
        detail: match detail {
            Ok(detail) | Err(detail) => detail.to_owned(),
        },
    }
}

const LOCALHOST: (&str, RecordType, Kind) = ("localhost", RecordType::A, Kind::Local);

fn bird(running: Running, file: BirdFile) -> Bird {
    Bird {
        socket: "/run/bird/bird.ctl".into(),
        config: "/etc/bird/bird.conf".into(),
        file,
        chooses_router_id: false,
        installed: Some("2.0.12".parse().unwrap()),
        running,
    }
}

/// A resolver with its addresses, and a BIRD that nobody has configured.
fn fresh() -> Found {
    Found {
        hostname: "ams1.example.net".into(),
        domains: vec!["ams1.example.net".into(), "example.net".into()],
        addresses: vec![
            address("lo", "127.0.0.1/8"),
            address("lo", "192.0.2.53/32"),
            address("lo", "2001:db8:53::53/128"),
            address("eth0", "10.99.0.2/24"),
            address("eth0", "fd99::2/64"),
            address("eth0", "fe80::2/64"),
        ],
        gateways: vec![Gateway {
            interface: "eth0".into(),
            address: "10.99.0.1".parse().unwrap(),
            metric: 0,
        }],
        bird: Bird {
            chooses_router_id: true,
            ..bird(
                Running::Answers(Answers {
                    version: "2.0.12".into(),
                    router_id: Some("10.99.0.2".parse().unwrap()),
                    ..Answers::default()
                }),
                BirdFile::ByHand,
            )
        },
        listeners: vec![
            listener("0.0.0.0", Some("unbound"), &[]),
            listener("::", Some("unbound"), &[]),
        ],
        answers: vec![
            answer("192.0.2.53", LOCALHOST, Ok("NOERROR, 1 answer")),
            answer("2001:db8:53::53", LOCALHOST, Ok("NOERROR, 1 answer")),
        ],
    }
}

fn session(name: &str, local: &str, remote: &str) -> Session {
    Session {
        name: name.into(),
        remote: remote.parse().ok(),
        asn: Some(64600),
        local_asn: Some(64601),
        local: local.parse().ok(),
        is_established: true,
        hold_time: Some(10),
        bfd: Some(true),
        has_password: Some(false),
        ..Session::default()
    }
}

/// A node that somebody has set up by hand, with a loopback address of its own.
fn by_hand() -> Found {
    let zone = ("example.com", RecordType::SOA, Kind::Zone);
    Found {
        hostname: "fra2".into(),
        addresses: vec![
            address("lo", "10.255.0.2/32"),
            address("anycast0", "192.0.2.53/32"),
            address("anycast0", "198.51.100.53/32"),
            address("eth0", "10.99.0.2/24"),
            address("eth0", "fd99::2/64"),
        ],
        gateways: vec![Gateway {
            interface: "eth0".into(),
            address: "10.99.0.1".parse().unwrap(),
            metric: 32,
        }],
        bird: bird(
            Running::Answers(Answers {
                version: "2.17.5".into(),
                router_id: Some("10.255.0.2".parse().unwrap()),
                sessions: vec![
                    Session {
                        imported: 1,
                        ..session("upstream4", "10.99.0.2", "10.99.0.1")
                    },
                    session("upstream6", "fd99::2", "fd99::1"),
                    Session {
                        hops: Hops::Most(2),
                        has_password: Some(true),
                        asn: Some(64601),
                        bfd: Some(false),
                        ..session("rr1", "10.255.0.2", "10.255.0.9")
                    },
                    session("linklocal", "fe80::2", "fe80::1"),
                ],
                exports: vec![
                    Export {
                        prefix: "192.0.2.53/32".parse().unwrap(),
                        protocol: "dns4".into(),
                    },
                    Export {
                        prefix: "198.51.100.0/24".parse().unwrap(),
                        protocol: "dns4".into(),
                    },
                ],
                others: vec!["OSPF ospf1".into()],
            }),
            BirdFile::ByHand,
        ),
        listeners: vec![
            listener("192.0.2.53", Some("nsd"), &["example.com"]),
            listener("198.51.100.53", Some("named"), &["example.org"]),
        ],
        answers: vec![
            answer("192.0.2.53", zone, Ok("NOERROR, SOA serial 1")),
            answer(
                "198.51.100.53",
                ("example.org", RecordType::SOA, Kind::Zone),
                Ok("NOERROR, SOA serial 2"),
            ),
        ],
        ..Found::default()
    }
}

fn v6_only() -> Found {
    Found {
        hostname: "six".into(),
        addresses: vec![
            address("anycast0", "2001:db8:53::53/128"),
            address("eth0", "2001:db8:1::2/64"),
            address("eth0", "2001:db8:1::99/128"),
        ],
        gateways: vec![Gateway {
            interface: "eth0".into(),
            address: "fe80::1".parse().unwrap(),
            metric: 1024,
        }],
        bird: bird(
            Running::Silent("cannot connect to BIRD".into()),
            BirdFile::Unreadable("cannot read /etc/bird/bird.conf: Permission denied".into()),
        ),
        listeners: vec![listener("::", None, &[])],
        answers: vec![answer(
            "2001:db8:53::53",
            ("id.server", RecordType::TXT, Kind::Identity),
            Ok("NOERROR, 1 answer"),
        )],
        ..Found::default()
    }
}

/// Addresses of which only some are served, and one that does not answer.
fn many() -> Found {
    let mut found = fresh();
    for last in 54..58 {
        found
            .addresses
            .push(address("anycast0", &format!("192.0.2.{last}/32")));
    }
    found.listeners = vec![
        listener("127.0.0.53", Some("systemd-resolve"), &[]),
        listener("192.0.2.53", Some("unbound"), &[]),
        listener("192.0.2.54", Some("unbound"), &[]),
        listener("192.0.2.55", Some("unbound"), &[]),
    ];
    found.answers.extend([
        answer("192.0.2.54", LOCALHOST, Ok("NOERROR, 1 answer")),
        answer("192.0.2.55", LOCALHOST, Err("no answer within 800ms")),
    ]);
    found
}

/// The file, and what is said about it.
fn shown(found: &Found, wishes: &Wishes) -> String {
    let draft = draft(found, wishes);
    let name = |missing: &Missing| format!("{}: {}", missing.path, missing.what);
    let missing: Vec<String> = draft.missing.iter().map(name).collect();
    let (missing, notes) = (missing.join("\n"), draft.notes.join("\n"));
    let summary = summary(found).join("\n");
    format!(
        "{}---\n{summary}\n---\n{missing}\n---\n{notes}\n",
        draft.text
    )
}

fn is_complete(draft: &Draft) {
    assert_eq!(draft.missing, []);
    let parsed = Config::parse("config.yaml", &draft.text);
    let parsed = parsed.unwrap_or_else(|findings| panic!("{findings}\n{}", draft.text));
    assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
    crate::render::bird(&parsed.config).unwrap();
}

fn peer(text: &str) -> Wishes {
    Wishes {
        neighbors: vec![text.parse().unwrap()],
        asn: "64601".parse().ok(),
        ..Wishes::default()
    }
}

#[test]
fn a_fresh_resolver_lacks_its_neighbour() {
    insta::assert_snapshot!(shown(&fresh(), &Wishes::default()));
}

#[test]
fn with_its_neighbour_it_is_complete() {
    let mut wishes = peer("10.99.0.1@64600");
    wishes.neighbors.push("fd99::1@64600".parse().unwrap());
    is_complete(&draft(&fresh(), &wishes));
    insta::assert_snapshot!(shown(&fresh(), &wishes));
}

#[test]
fn what_somebody_set_up_is_taken_over() {
    insta::assert_snapshot!(shown(&by_hand(), &Wishes::default()));
}

#[test]
fn without_a_password_that_is_complete() {
    let mut found = by_hand();
    let Running::Answers(bird) = &mut found.bird.running else {
        panic!("it answers");
    };
    bird.sessions.truncate(2);
    is_complete(&draft(&found, &Wishes::default()));
}

#[test]
fn a_host_with_nothing_says_what_belongs_where() {
    insta::assert_snapshot!(shown(&Found::default(), &Wishes::default()));
}

#[test]
fn a_host_without_ipv4_needs_a_router_id() {
    insta::assert_snapshot!(shown(&v6_only(), &Wishes::default()));
    let wishes = Wishes {
        router_id: "10.0.0.1".parse().ok(),
        ..peer("2001:db8:1::1@64600")
    };
    is_complete(&draft(&v6_only(), &wishes));
}

#[test]
fn of_many_addresses_those_are_taken_that_are_served() {
    insta::assert_snapshot!(shown(&many(), &Wishes::default()));
}

#[test]
fn what_an_operator_says_comes_first() {
    let wishes = Wishes {
        name: "a \"node\"\\".parse().ok(),
        asn: "4200000000".parse().ok(),
        router_id: "10.0.0.9".parse().ok(),
        service: "roots".parse().ok(),
        prefixes: ["203.0.113.0/24", "2001:db8:53::53/128", "203.0.113.0/24"]
            .map(|prefix| prefix.parse().unwrap())
            .to_vec(),
        neighbors: ["172.16.0.1@65000", "2001:db8:9::1@65000", "10.99.0.1@64999"]
            .map(|peer| peer.parse().unwrap())
            .to_vec(),
        check: "example.com/soa".parse().ok(),
    };
    insta::assert_snapshot!(shown(&by_hand(), &wishes));
}

#[test]
fn an_anycast_address_is_no_router_id() {
    let mut found = fresh();
    let Running::Answers(bird) = &mut found.bird.running else {
        panic!("it answers");
    };
    bird.router_id = Some("192.0.2.53".parse().unwrap());
    let text = draft(&found, &Wishes::default()).text;
    assert!(text.contains("- 192.0.2.53/32"), "{text}");
    assert!(text.contains("router_id: 10.99.0.2"), "{text}");
    // What somebody wrote is meant.
    found.bird.chooses_router_id = false;
    let text = draft(&found, &Wishes::default()).text;
    assert!(!text.contains("- 192.0.2.53/32"), "{text}");
    assert!(text.contains("router_id: 192.0.2.53"), "{text}");
}

#[test]
fn the_best_question_is_one_that_every_server_answers() {
    let group = |found: &Found| Serving::of(found, &Wishes::default()).groups[0].clone();
    let mut found = fresh();
    found.answers.clear();
    let zone = ("example.net", RecordType::SOA, Kind::Zone);
    for (server, question) in [
        ("192.0.2.53", zone),
        ("192.0.2.53", LOCALHOST),
        ("2001:db8:53::53", LOCALHOST),
    ] {
        found.answers.push(answer(server, question, Ok("NOERROR")));
    }
    let all = questions(&found, &group(&found), &Wishes::default());
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "ams1.example.net IN SOA",
            "example.net IN SOA",
            "localhost IN A",
            ". IN NS",
            "id.server CH TXT",
            "version.bind CH TXT"
        ]
    );
    let chosen = |found: &Found| {
        let group = group(found);
        let choice = questions::choose(found, &group, &Wishes::default());
        choice.map(|choice| choice.question.to_string())
    };
    assert_eq!(chosen(&found).as_deref(), Some("localhost IN A"));
    // An answer that somebody else gave to a resolver is no zone of its own.
    found.answers[0].is_authoritative = false;
    found.answers.truncate(1);
    assert_eq!(chosen(&found), None);
    found.answers[0].is_authoritative = true;
    assert_eq!(chosen(&found).as_deref(), Some("example.net IN SOA"));
}

#[test]
fn listeners_on_the_loopback_serve_nobody() {
    let mut found = fresh();
    found.listeners = vec![listener("127.0.0.53", Some("systemd-resolve"), &[])];
    let serving = Serving::of(&found, &Wishes::default());
    assert_eq!(serving.groups.len(), 1);
    assert_eq!(serving.groups[0].program, None);
    let addresses: Vec<IpAddr> = serving.groups[0].addresses();
    assert_eq!(addresses.len(), 2);
}
