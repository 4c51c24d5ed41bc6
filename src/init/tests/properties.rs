//! Whatever a host shows, the file can be read, and what it lacks is refused where it lacks it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::*;
use crate::config::Config;
use crate::dns::{DNSClass, RecordType};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9._-]{0,20}",
        any::<String>(),
        "[\"'#:{}\\[\\]&*!|>%@`\\\\ \n\t\r-]{0,12}",
        Just("yes".to_owned()),
        Just("bgp_tor1_v4".to_owned()),
        Just("bgp_tor1_v6".to_owned()),
        Just(FILL_IN.to_owned()),
    ]
}

/// Few enough that they meet, and all kinds.
fn address() -> impl Strategy<Value = IpAddr> {
    let known = [
        "192.0.2.53",
        "192.0.2.54",
        "10.0.0.1",
        "10.0.0.2",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "169.254.1.1",
        "2001:db8::53",
        "fd00::1",
        "fd00::2",
        "fe80::1",
        "::",
        "::1",
        "::ffff:192.0.2.1",
        "ff02::1",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()).prop_map(|text| text.parse().unwrap()),
        1 => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        1 => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

fn host_address() -> impl Strategy<Value = Address> {
    let length = prop_oneof![Just(32), Just(128), Just(24), any::<u8>()];
    (text(), any::<bool>(), address(), length).prop_map(|(interface, is_inner, address, length)| {
        Address {
            interface,
            is_inner,
            address,
            length,
        }
    })
}

fn session() -> impl Strategy<Value = Session> {
    let hops = prop_oneof![
        Just(Hops::Direct),
        Just(Hops::Unknown),
        (1..=255_u8).prop_map(Hops::Most)
    ];
    let asn = || option::of(prop_oneof![Just(0), Just(64600), Just(64601), any::<u32>()]);
    let ends = (text(), option::of(address()), option::of(address()));
    let options = (
        hops,
        option::of(any::<u64>()),
        option::of(any::<bool>()),
        option::of(any::<u16>()),
    );
    let more = (
        option::of(text()),
        any::<[bool; 2]>(),
        option::of(any::<bool>()),
        0..3_u64,
    );
    (ends, asn(), asn(), options, more).prop_map(|(ends, asn, local_asn, options, more)| {
        let (name, remote, local) = ends;
        let (hops, hold_time, bfd, port) = options;
        let (role, [ttl_security, is_passive], has_password, imported) = more;
        Session {
            name,
            remote,
            asn,
            local_asn,
            local,
            is_established: is_passive,
            hops,
            hold_time,
            bfd,
            port,
            role,
            ttl_security,
            is_passive,
            has_password,
            imported,
        }
    })
}

fn running() -> impl Strategy<Value = Running> {
    let export = (
        "(192\\.0\\.2\\.(53/32|0/24))|10\\.0\\.0\\.0/8|0\\.0\\.0\\.0/0|2001:db8::/32|::/0",
        text(),
    );
    let export = export.prop_map(|(prefix, protocol)| Export {
        prefix: prefix.parse().unwrap(),
        protocol,
    });
    let version = prop_oneof![text(), Just("2.0.7".to_owned()), Just("3.1.7".to_owned())];
    let id = option::of(any::<u32>().prop_map(Ipv4Addr::from_bits));
    let parts = (
        version,
        id,
        vec(session(), 0..5),
        vec(export, 0..3),
        vec(text(), 0..2),
    );
    let answers = parts.prop_map(|(version, router_id, sessions, exports, others)| {
        Running::Answers(Answers {
            version,
            router_id,
            sessions,
            exports,
            others,
        })
    });
    prop_oneof![1 => text().prop_map(Running::Silent), 3 => answers]
}

fn bird() -> impl Strategy<Value = Bird> {
    let path = || {
        prop_oneof![
            text(),
            "/[a-z]{1,8}",
            "(/[a-z*]{1,40}){1,4}",
            Just("/run/bird/bird.ctl".to_owned())
        ]
    };
    let file = prop_oneof![
        Just(BirdFile::Absent),
        Just(BirdFile::Rendered),
        Just(BirdFile::ByHand),
        text().prop_map(BirdFile::Unreadable)
    ];
    // What a host has in one place is not both of them.
    let paths = (path(), path()).prop_filter("two files", |(socket, config)| socket != config);
    (paths, file, any::<[bool; 2]>(), running()).prop_map(
        |((socket, config), file, [chooses_router_id, is_installed], running)| Bird {
            socket: socket.into(),
            config: config.into(),
            file,
            chooses_router_id,
            installed: is_installed.then(|| "2.0.12".parse().unwrap()),
            running,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let question = proptest::sample::select(vec![
        ("localhost", RecordType::A, DNSClass::IN, Kind::Local),
        ("id.server", RecordType::TXT, DNSClass::CH, Kind::Identity),
        ("example.com", RecordType::SOA, DNSClass::IN, Kind::Zone),
    ]);
    (address(), question, any::<[bool; 3]>(), text()).prop_map(
        |(server, question, flags, detail)| {
            let (name, record_type, class, kind) = question;
            Answer {
                server,
                question: Question {
                    name: name.parse().unwrap(),
                    record_type,
                    class,
                    kind,
                },
                has_passed: flags[0],
                is_authoritative: flags[1],
                is_recursive: flags[2],
                detail,
            }
        },
    )
}

fn found() -> impl Strategy<Value = Found> {
    let names = (
        text(),
        vec(prop_oneof![text(), Just("example.com".to_owned())], 0..3),
    );
    let gateway =
        (text(), address(), any::<u32>()).prop_map(|(interface, address, metric)| Gateway {
            interface,
            address,
            metric,
        });
    let listener =
        (address(), option::of(text()), vec(text(), 0..3)).prop_map(|(address, program, zones)| {
            Listener {
                address,
                program,
                zones,
            }
        });
    let parts = (
        vec(host_address(), 0..7),
        vec(gateway, 0..3),
        vec(listener, 0..4),
        vec(answer(), 0..9),
    );
    (names, parts, bird()).prop_map(
        |((hostname, domains), (addresses, gateways, listeners, answers), bird)| Found {
            hostname,
            domains,
            addresses,
            gateways,
            bird,
            listeners,
            answers,
        },
    )
}

/// What options can say that every file can have.
fn wishes() -> impl Strategy<Value = Wishes> {
    let prefix = prop_oneof![
        Just("203.0.113.0/24"),
        Just("192.0.2.53/32"),
        Just("2001:db8::53/128"),
        Just("2001:db8::/48")
    ];
    let peer = prop_oneof![
        Just("10.0.0.1@64600"),
        Just("fd00::1@64600"),
        Just("10.0.0.9@64601")
    ];
    let given = (
        option::of(Just("node")),
        option::of(Just("64601")),
        option::of(Just("10.9.9.9")),
        option::of(Just("dns")),
        option::of(Just("example.com/SOA")),
    );
    (given, vec(prefix, 0..3), vec(peer, 0..3)).prop_map(|(given, prefixes, neighbors)| Wishes {
        name: given.0.map(|text| text.parse().unwrap()),
        asn: given.1.map(|text| text.parse().unwrap()),
        router_id: given.2.map(|text| text.parse().unwrap()),
        service: given.3.map(|text| text.parse().unwrap()),
        check: given.4.map(|text| text.parse().unwrap()),
        prefixes: prefixes
            .into_iter()
            .map(|text| text.parse().unwrap())
            .collect(),
        neighbors: neighbors
            .into_iter()
            .map(|text| text.parse().unwrap())
            .collect(),
    })
}

/// What is left in a file that the reader takes: the password is outside of it, a path that the format cannot have
/// is not written.
fn is_in_the_file(missing: &Missing) -> bool {
    !missing.path.ends_with(".password_file") && !missing.path.starts_with("bird.")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_host_gives_a_file_that_is_refused_exactly_where_it_lacks_something(found in found(), wishes in wishes()) {
        let draft = draft(&found, &wishes);
        let read = serde_saphyr::from_str::<serde_json::Value>(&draft.text);
        prop_assert!(read.is_ok(), "{read:?}\n{}", draft.text);
        let missing: Vec<&str> = draft
            .missing
            .iter()
            .filter(|missing| is_in_the_file(missing))
            .map(|missing| missing.path.as_str())
            .collect();
        match Config::parse("config.yaml", &draft.text) {
            Ok(parsed) => {
                prop_assert_eq!(&missing, &Vec::<&str>::new(), "{}", draft.text);
                prop_assert!(crate::render::bird(&parsed.config).is_ok(), "{}", draft.text);
            }
            Err(findings) => {
                let errors = findings.findings().iter();
                let errors = errors.filter(|finding| finding.severity == crate::config::Severity::Error);
                let places: Vec<&str> = errors.map(|finding| finding.path.as_str()).collect();
                let explains = |path: &&str| missing.iter().any(|missing| path.starts_with(missing));
                prop_assert!(places.iter().all(explains), "{}\n{}", findings, draft.text);
                let is_found = |missing: &&str| places.iter().any(|path| path.starts_with(missing));
                prop_assert!(missing.iter().all(is_found), "{missing:?}\n{findings}\n{}", draft.text);
            }
        }
    }

    #[test]
    fn nothing_that_is_said_can_talk_to_a_terminal(found in found()) {
        let draft = draft(&found, &Wishes::default());
        let missing = draft.missing.iter().map(|missing| &missing.what);
        for line in summary(&found).iter().chain(&draft.notes).chain(missing) {
            prop_assert!(!line.contains(char::is_control), "{line:?}");
        }
        prop_assert!(!draft.text.contains(|c: char| c.is_control() && c != '\n'), "{:?}", draft.text);
    }
}
