//! Every captured reply against what was true when it was captured.
//!
//! Two BIRDs of one release, A and B, on one link; all replies are A's. What each protocol is for is in its name:
//! `lim_warn` may warn of a limit, nobody answers `noarp`, `badpw` has another password than B.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::*;

/// Scenarios of which every command was captured, in the order of time.
const SCENARIOS: [&str; 11] = [
    "starting",
    "settled",
    "bfd-down",
    "hold-expired",
    "recovered",
    "unplugged",
    "replugged",
    "peer-killed",
    "peer-back",
    "gr-recovery",
    "gr-recovery2",
];

/// The same state in other formats of time, with the precision of the protocols' times, in nanoseconds.
const FORMATS: [(&str, u128); 8] = [
    ("tf-isoshort", 1_000_000_000),
    ("tf-isoshortus", 1000),
    ("tf-isolong", 1_000_000_000),
    ("tf-isolongms", 1_000_000),
    ("tf-custom", 1_000_000_000),
    ("tf-epoch", 1_000_000_000),
    ("tf-limit", 1_000_000_000),
    ("tf-spaceless", 1000),
];

fn all(release: &str, scenario: &str) -> Vec<Protocol> {
    let now = status(release, scenario).now;
    protocols(&fixture(&format!("{release}-{scenario}")), now)
}

fn brief(release: &str, scenario: &str) -> Vec<Protocol> {
    let now = status(release, scenario).now;
    protocols(&fixture(&format!("{release}-{scenario}.brief")), now)
}

fn status(release: &str, scenario: &str) -> DaemonStatus {
    daemon_status(&fixture(&format!("{release}-{scenario}.status"))).expect("a status")
}

fn named<'a>(protocols: &'a [Protocol], name: &str) -> &'a Protocol {
    let found = protocols.iter().find(|protocol| protocol.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn the_states_of_rows_are_those_of_the_protocols() {
    for release in RELEASES {
        for scenario in SCENARIOS {
            let protocols = brief(release, scenario);
            let wanted = protocols.iter().map(|one| (one.name.clone(), one.state));
            let found = protocol_states(&fixture(&format!("{release}-{scenario}.brief")));
            assert_eq!(found, wanted.collect(), "{release} {scenario}");
            assert!(!found.is_empty());
        }
    }
}

/// Of one release and scenario: protocol to state and information.
fn truth(release: &str, scenario: &str) -> BTreeMap<String, String> {
    let text = read("truth");
    let heading = format!("[{scenario}]\n");
    let (_, section) = text.split_once(&heading).expect("the scenario");
    let lines = section.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| {
            let (name, state) = line.split_once(": ").expect("name and state");
            let (name, releases) = name.split_once(" [").unwrap_or((name, release));
            let releases = releases.trim_end_matches(']');
            let is_meant = releases.split(", ").any(|one| one == release);
            is_meant.then(|| (name.to_owned(), state.to_owned()))
        })
        .collect()
}

/// The same from what was parsed, without BIRD's own line on the state of sessions.
fn summary(protocol: &Protocol) -> String {
    let state = match protocol.state {
        ProtocolState::Down => "down",
        ProtocolState::Start => "start",
        ProtocolState::Up => "up",
        ProtocolState::Stop => "stop",
        ProtocolState::Flush => "flush",
        ProtocolState::Other => "?",
    };
    let session = protocol.session_word();
    let error = protocol.last_error().map(ToString::to_string);
    let info = match &protocol.bgp {
        Some(_) => "",
        None => protocol.info.as_str(),
    };
    let words = [state, session, error.as_deref().unwrap_or_default(), info];
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn states_and_information_are_true_with_and_without_details() {
    for release in RELEASES {
        for scenario in SCENARIOS.into_iter().chain(["tf-isoshort"]) {
            let truth = truth(release, scenario);
            assert_eq!(truth.len(), 27, "{release} {scenario}");
            let brief = brief(release, scenario);
            for (name, wanted) in &truth {
                let found = summary(named(&brief, name));
                assert_eq!(&found, wanted, "{release} {scenario} {name}");
            }
            if scenario.starts_with("tf-") {
                continue;
            }
            let all = all(release, scenario);
            for (name, wanted) in &truth {
                let found = summary(named(&all, name));
                assert_eq!(&found, wanted, "{release} {scenario} {name}, all");
            }
        }
    }
}

/// What a cache of RPKI says of itself: kept, but nobody's question here.
const RPKI: [&str; 12] = [
    "Cache server",
    "Cache port",
    "Status",
    "Transport",
    "Protocol version",
    "Session ID",
    "Serial number",
    "Last update",
    "Refresh timer",
    "Retry timer",
    "Expire timer",
    "No aspa channel",
];

#[test]
fn every_line_is_understood_but_those_of_rpki() {
    for release in RELEASES {
        let formats = FORMATS.iter().map(|(scenario, _)| brief(release, scenario));
        let scenarios = SCENARIOS.iter().map(|scenario| all(release, scenario));
        for protocol in formats.chain(scenarios).flatten() {
            let mut unknown = protocol.unknown.clone();
            if protocol.kind == "RPKI" {
                unknown.retain(|line| !RPKI.iter().any(|label| line.starts_with(label)));
            }
            assert!(
                unknown.is_empty(),
                "{release} {}: {unknown:?}",
                protocol.name
            );
        }
    }
}

/// The channel of a protocol in the scenario `settled`.
fn channel(protocols: &[Protocol], name: &str, channel: &str) -> Channel {
    let found = named(protocols, name)
        .channels
        .iter()
        .find(|found| found.name == channel);
    found
        .unwrap_or_else(|| panic!("no {channel} of {name}"))
        .clone()
}

/// Imported, filtered, exported.
fn counts(channel: &Channel) -> Option<(Option<u64>, Option<u64>, Option<u64>)> {
    let routes = channel.routes?;
    Some((routes.imported, routes.filtered, routes.exported))
}

#[test]
fn counts_of_routes_are_true() {
    for release in RELEASES {
        let all = all(release, "settled");
        let three = release.starts_with('3');
        let some = |imported, exported| Some((Some(imported), None, Some(exported)));
        for (name, of, wanted) in [
            ("up_md5", "ipv4", some(5, 2)),
            ("up_md5", "ipv6", some(2, 1)),
            ("up_gr_addpath", "ipv4", some(5, 0)),
            ("lim_block", "ipv4", some(3, 0)),
            ("lim_disable", "ipv4", None),
            ("lim_warn", "ipv4", some(5, 2)),
            ("badpw", "ipv4", None),
            ("filt", "ipv4", Some((Some(1), Some(4), Some(0)))),
            (
                "imptab",
                "ipv4",
                Some((Some(0), three.then_some(5), Some(2))),
            ),
            ("ll6", "ipv6", some(2, 0)),
            ("role1", "ipv4", some(5, 0)),
            ("dyn", "ipv4", None),
            ("dynx1", "ipv4", some(5, 0)),
            ("edge-fra.1:v4", "ipv4", some(5, 0)),
            ("anycast_upstream_transit_frankfurt_1", "ipv6", some(2, 1)),
            ("anycast_upstream_transit_frankfurt_1", "ipv4", some(5, 0)),
            ("pipe1", "main", some(0, 47)),
            ("kernel4", "ipv4", some(0, 5)),
            ("anycast6", "ipv6", some(1, 0)),
            ("rpki1", "roa4", None),
        ] {
            let found = channel(&all, name, of);
            assert_eq!(counts(&found), wanted, "{release} {name} {of}");
            // What is not counted is not zero.
            assert_eq!(
                found.changes.is_some(),
                wanted.is_some(),
                "{release} {name} {of}"
            );
        }
    }
}

#[test]
fn every_column_of_the_changes_is_where_it_belongs() {
    let five = channel(&all("2.0.12", "settled"), "lim_block", "ipv4")
        .changes
        .unwrap();
    let seven = channel(&all("3.1.7", "settled"), "lim_block", "ipv4")
        .changes
        .unwrap();
    let pipe = channel(&all("3.1.7", "settled"), "pipe1", "main")
        .changes
        .unwrap();
    assert_eq!(
        seven.import_updates,
        Changes {
            received: Some(5),
            rejected: Some(0),
            filtered: Some(0),
            ignored: Some(0),
            receive_limit: Some(0),
            limit: Some(2),
            accepted: Some(3),
        }
    );
    assert_eq!(
        seven.import_withdraws,
        Changes {
            received: Some(2),
            rejected: Some(0),
            filtered: None,
            ignored: Some(4),
            receive_limit: None,
            limit: None,
            accepted: Some(0),
        }
    );
    assert_eq!(
        (
            seven.export_updates.filtered,
            seven.export_withdraws.rejected
        ),
        (Some(8), None)
    );
    assert_eq!(
        (five.import_updates.received, five.import_updates.accepted),
        (Some(5), Some(3))
    );
    assert_eq!(
        (five.import_updates.limit, five.import_updates.receive_limit),
        (None, None)
    );
    assert_eq!(
        (
            pipe.import_updates.received,
            pipe.import_updates.rejected,
            pipe.export_updates.ignored,
            pipe.export_updates.accepted
        ),
        (Some(60), Some(60), Some(3), Some(57))
    );
}

#[test]
fn limits_are_hit_where_bird_says_so() {
    use LimitAction::{Block, Disable, Restart, Warn};
    use LimitKind::{Export, Import, Receive};
    for release in RELEASES {
        let all = all(release, "settled");
        // BIRD 3 does not mark a limit that only warns.
        let marked = !release.starts_with('3');
        for (name, wanted) in [
            ("up_md5", vec![]),
            ("lim_block", vec![(Import, 3, true, Block)]),
            ("lim_disable", vec![(Receive, 3, true, Disable)]),
            ("lim_restart", vec![(Import, 3, true, Restart)]),
            (
                "lim_warn",
                vec![(Import, 100, false, Disable), (Export, 1, marked, Warn)],
            ),
        ] {
            let found = channel(&all, name, "ipv4");
            let limits = found
                .limits()
                .map(|(kind, limit)| (kind, limit.max.unwrap(), limit.hit, limit.action.unwrap()));
            assert_eq!(limits.collect::<Vec<_>>(), wanted, "{release} {name}");
            let is_hit = wanted.iter().any(|(_, _, hit, _)| *hit);
            assert_eq!(named(&all, name).limit_hit(), is_hit, "{release} {name}");
        }
    }
}

#[test]
fn sessions_have_their_details() {
    for release in RELEASES {
        let all = all(release, "settled");
        let md5 = named(&all, "up_md5");
        assert_eq!(md5.description.as_deref(), Some("Transit FRA, MD5+BFD"));
        assert_eq!((md5.table.as_deref(), md5.kind.as_str()), (None, "BGP"));
        let bgp = md5.bgp.as_ref().unwrap();
        let address = |bgp: &Bgp| {
            let neighbor = bgp.neighbor_address.clone();
            neighbor.map(|at| (at.address.to_string(), at.interface))
        };
        // Before 2.15 each session of A has a local address of its own.
        assert_eq!(address(bgp), Some(("10.99.0.10".to_owned(), None)));
        assert_eq!((bgp.neighbor_as, bgp.local_as), (Some(65110), Some(65001)));
        assert_eq!(bgp.neighbor_id, "10.99.0.2".parse().ok());
        assert_eq!(bgp.session.as_deref(), Some("external AS4"));
        assert!(bgp.source_address.is_some_and(|address| address.is_ipv4()));
        assert_eq!(bgp.hold_timer.unwrap().of, Some(Duration::from_mins(4)));
        assert!(bgp.keepalive_timer.unwrap().remaining < Duration::from_secs(80));
        assert_eq!(bgp.send_hold_timer.is_some(), release != "2.0.12");
        assert_eq!(bgp.pending_bytes, (release == "3.1.7").then_some(0));
        let offered = bgp.neighbor_capabilities.as_ref().unwrap();
        assert_eq!(offered.families, ["ipv4", "ipv6"]);
        assert!(offered.offered.contains(&Capability::FourOctetAs));

        let of = |name: &str| named(&all, name).bgp.as_ref().unwrap();
        let graceful = of("up_gr_addpath").local_capabilities.as_ref().unwrap();
        assert!(graceful.offered.contains(&Capability::AddPath));
        assert_eq!(graceful.restart_time, Some(Duration::from_mins(2)));
        assert_eq!(graceful.stale_time, Some(Duration::from_hours(1)));
        let role = |capabilities: &Option<Capabilities>| capabilities.as_ref()?.role.clone();
        assert_eq!(
            role(&of("role1").local_capabilities).as_deref(),
            Some("customer")
        );
        assert_eq!(
            role(&of("role1").neighbor_capabilities).as_deref(),
            Some("provider")
        );
        let linked = Some(("fe80::2".to_owned(), Some("eth0".to_owned())));
        assert_eq!(address(of("ll6")), linked);
        assert_eq!((of("dyn").neighbor_as, address(of("dyn"))), (Some(0), None));
        assert!(of("dyn").neighbor_range.is_some() && of("dynx1").neighbor_range.is_none());
        assert_eq!(
            of("edge-fra.1:v4").session.as_deref(),
            Some("internal multihop route-reflector AS4")
        );
        let wait = of("badas").error_wait.unwrap();
        assert!(wait.of == Some(Duration::from_secs(20)) && wait.remaining > Duration::ZERO);
        assert_eq!(
            of("refused").connect_delay.unwrap().of,
            Some(Duration::from_secs(1))
        );
        let error = of("badas").last_error.clone().unwrap();
        assert_eq!(
            (error.class, error.text.as_str()),
            (ErrorClass::Sent, "Bad peer AS")
        );
        let channel = channel(&all, "ll6", "ipv6");
        let next_hops: Vec<IpAddr> = vec!["::".parse().unwrap(), "fe80::1".parse().unwrap()];
        assert_eq!(channel.next_hops, next_hops);
        assert_eq!(
            named(&all, "edge-fra.1:v4").channels[0].other_tables,
            ["master4"]
        );
    }
}

#[test]
fn messages_are_those_that_were_given() {
    for release in RELEASES {
        let settled = all(release, "settled");
        for (name, wanted) in [
            ("admin_msg", Some("maintenance TICKET-42: rack move")),
            ("remote_shut", Some("peer maint; back 18:00 UTC")),
            ("disabled_cfg", None),
            ("up_md5", None),
        ] {
            assert_eq!(
                named(&settled, name).message.as_deref(),
                wanted,
                "{release} {name}"
            );
        }
        // Enabled again by the next configuration.
        assert_eq!(named(&all(release, "bfd-down"), "admin_msg").message, None);
    }
}

#[test]
fn channels_have_states_where_the_release_has_them() {
    for release in RELEASES {
        let all = all(release, "settled");
        let up = channel(&all, "up_md5", "ipv4");
        assert_eq!(up.state, Some(ChannelState::Up));
        assert_eq!(
            (up.table.as_deref(), up.preference),
            (Some("master4"), Some(100))
        );
        assert_eq!(up.input_filter.as_deref(), Some("ACCEPT"));
        assert_eq!(up.output_filter.as_deref(), Some("(unnamed)"));
        let three = release.starts_with('3');
        assert_eq!(up.import_state, three.then_some(ChannelState::Up));
        assert_eq!(up.export_state, three.then_some(ChannelState::Ready));
        assert_eq!(up.pending.is_some(), three);
        assert_eq!(named(&all, "up_md5").created.is_some(), three);
        let pipe = channel(&all, "pipe1", "main");
        assert_eq!((pipe.state, pipe.peer_table.as_deref()), (None, Some("t4")));
        let state = if three {
            ChannelState::Ready
        } else {
            ChannelState::Up
        };
        assert_eq!(pipe.export_state, Some(state));
        assert_eq!(pipe.output_filter.as_deref(), Some("ACCEPT"));
    }
}

#[test]
fn a_neighbour_in_graceful_restart_keeps_its_routes() {
    for release in RELEASES {
        let all = all(release, "peer-killed");
        let bgp = named(&all, "up_gr_addpath").bgp.clone().unwrap();
        assert!(bgp.neighbor_graceful_restart, "{release}");
        let timer = bgp.restart_timer.unwrap();
        assert!(timer.of.is_none() && timer.remaining > Duration::from_secs(100));
        let channel = channel(&all, "up_gr_addpath", "ipv4");
        assert_eq!(channel.state, Some(ChannelState::Start), "{release}");
        assert_eq!(channel.neighbor_restart, Some(NeighborRestart::Regular));
        assert_eq!(channel.routes.unwrap().imported, Some(5), "{release}");
    }
}

#[test]
fn bird_says_what_it_waits_for_after_its_own_graceful_restart() {
    for release in RELEASES {
        let recovering = status(release, "gr-recovery").recovery.unwrap();
        assert_eq!(recovering.wait.unwrap().of, Some(Duration::from_mins(1)));
        let all = all(release, "gr-recovery");
        let recoveries = all.iter().flat_map(|protocol| &protocol.channels);
        let recoveries: Vec<Recovery> = recoveries.filter_map(|channel| channel.recovery).collect();
        let pending = recoveries
            .iter()
            .filter(|recovery| recovery.pending)
            .count();
        // The status was asked for a moment later.
        let waits = usize::try_from(recovering.channels.unwrap()).unwrap();
        assert!(
            waits > 0 && pending.abs_diff(waits) <= 2,
            "{release}: {pending} {waits}"
        );
        assert!(recoveries.len() > pending);
        assert_eq!(status(release, "settled").recovery, None);
        assert_eq!(
            channel(&self::all(release, "settled"), "up_md5", "ipv4").recovery,
            None
        );
    }
}

#[test]
fn every_format_of_time_gives_the_same_ages() {
    for release in RELEASES {
        let up_for = |scenario: &str, protocols: &[Protocol]| {
            let since = named(protocols, "up_md5").since.unwrap();
            let now = status(release, scenario).now.unwrap();
            (since.age(now).unwrap(), since.precision().as_nanos())
        };
        let (settled, precision) = up_for("settled", &all(release, "settled"));
        assert_eq!(precision, 1_000_000);
        let age = |scenario: &str| {
            let status = status(release, scenario);
            status.started.unwrap().age(status.now.unwrap()).unwrap()
        };
        for (scenario, wanted) in FORMATS {
            let (found, precision) = up_for(scenario, &brief(release, scenario));
            assert_eq!(precision, wanted, "{release} {scenario}");
            // As much older as BIRD itself is.
            let passed = age(scenario).saturating_sub(age("settled"));
            let error = found.abs_diff(settled + passed);
            assert!(
                error < Duration::from_secs(3),
                "{release} {scenario}: {error:?}"
            );
            let bfd = bfd_sessions(
                &fixture(&format!("{release}-{scenario}.bfd")),
                status(release, scenario).now,
            );
            assert!(
                bfd.iter()
                    .all(|session| session.since.unwrap().precision().as_nanos() == wanted),
                "{release} {scenario}"
            );
        }
    }
}

#[test]
fn a_flap_leaves_a_younger_since() {
    for release in RELEASES {
        let age = |scenario: &str, name: &str| {
            let now = status(release, scenario).now.unwrap();
            named(&all(release, scenario), name)
                .since
                .unwrap()
                .age(now)
                .unwrap()
        };
        // Replugged 14 s ago; the session over another path never noticed.
        assert!(
            age("replugged", "up_md5") < Duration::from_secs(15),
            "{release}"
        );
        assert!(
            age("replugged", "edge-fra.1:v4") > Duration::from_secs(40),
            "{release}"
        );
    }
}

#[test]
fn bfd_sessions_are_true_in_every_scenario() {
    let down = ["bfd-down", "hold-expired", "peer-killed"];
    for release in RELEASES {
        let formats = FORMATS.iter().map(|(scenario, _)| *scenario);
        for scenario in SCENARIOS.into_iter().chain(formats) {
            let now = status(release, scenario).now;
            let sessions = bfd_sessions(&fixture(&format!("{release}-{scenario}.bfd")), now);
            let of = |address: &str| {
                let address: IpAddr = address.parse().unwrap();
                sessions.iter().find(|session| session.address == address)
            };
            let never = of("10.99.0.202").unwrap();
            assert_eq!((&never.state, never.timeout), (&BfdState::Down, None));
            assert_eq!(never.interval, Some(Duration::from_secs(1)));
            assert_eq!(never.interface.as_deref(), Some("eth0"));
            assert_eq!(never.protocol.as_deref(), Some("bfd1"));
            let peer = of("10.99.0.10");
            // Without the link nobody asks for a session.
            assert_eq!(
                peer.is_none(),
                scenario == "unplugged",
                "{release} {scenario}"
            );
            let Some(peer) = peer else { continue };
            let is_up = !down.contains(&scenario);
            let state = if is_up { BfdState::Up } else { BfdState::Down };
            assert_eq!(peer.state, state, "{release} {scenario}");
            if is_up {
                assert_eq!(peer.interval, Some(Duration::from_millis(300)));
                assert_eq!(peer.timeout, Some(Duration::from_millis(900)));
            }
            assert!(peer.since.unwrap().age(now.unwrap()).is_some());
        }
    }
}

#[test]
fn the_status_is_bird_itself() {
    for release in RELEASES {
        for scenario in SCENARIOS {
            let status = status(release, scenario);
            assert_eq!(
                (status.version.as_str(), status.state),
                (release, DaemonState::Running)
            );
            assert_eq!(status.router_id, "10.99.0.1".parse().ok());
            assert_eq!(status.hostname.as_deref(), Some("vm"));
            assert!(status.reconfigured.is_some() && status.started.is_some());
        }
        let settled = status(release, "settled");
        let age = settled.started.unwrap().age(settled.now.unwrap()).unwrap();
        assert!(
            (Duration::from_secs(17)..Duration::from_secs(20)).contains(&age),
            "{release}: {age:?}"
        );
    }
}
