//! Layouts that are not in the corpus: of other releases, and of what goes wrong.

use std::time::Duration;

use super::*;

/// One protocol from its row and its details, as BIRD indents them.
fn protocol(row: &str, details: &str) -> Protocol {
    let mut all = several(&[(row, details)]);
    assert_eq!(all.len(), 1, "{row}");
    all.remove(0)
}

fn several(blocks: &[(&str, &str)]) -> Vec<Protocol> {
    let mut stream = "2002-Name       Proto      Table      State  Since         Info\n".to_owned();
    for (row, details) in blocks {
        stream.extend(["1002-", row, "\n"]);
        for (number, line) in details.lines().enumerate() {
            let code = if number == 0 { "1006-" } else { " " };
            stream.extend([code, line, "\n"]);
        }
        stream += " \n";
    }
    let now = LocalTime::parse("2026-11-22 21:00:00.000", None);
    protocols(&decode(format!("{stream}0000 \n").as_bytes()), now)
}

const ROW: &str = "a  BGP  ---  up  20:59:00.000  Established   ";

#[test]
fn what_newer_releases_say_is_read() {
    let found = protocol(
        ROW,
        "  Router ID:          192.0.2.1
  VRF:                blue
  Last autorestart:   20:58:59.000
  BGP state:          Established
    Neighbor address: fe80::2%eth0 onlink
    Neighbor port:    1790
    Local capabilities
      Extended message
      Hostname: Channel ipv4: x
    TCP-AO:
      Current key:    1
      RNext key:      2
      Good packets:   18446744073709551615
      Bad packets:    3
    Last error:       Received: Administrative reset
  Channel ipv4
    State:          UP
    Import state:   WAITING
    AltExp state:   DOWN
    GR recovery:    pending waiting
    Receive limit:  -1 [HIT]
      Action:       restart
    Neighbor GR:    Long-lived
    LL stale timer: 3599.125/-
    IGP IPv6 table: master6
    Base table:     master4
    Pending 3 attribute sets with total 17 prefixes to send",
    );
    assert_eq!(found.unknown, [""; 0]);
    assert_eq!(found.router_id, "192.0.2.1".parse().ok());
    assert_eq!(found.vrf.as_deref(), Some("blue"));
    assert!(found.restarted.is_some());
    let bgp = found.bgp.unwrap();
    let at = bgp.neighbor_address.unwrap();
    assert_eq!((at.interface.as_deref(), at.on_link), (Some("eth0"), true));
    assert_eq!(bgp.neighbor_port, Some(1790));
    let local = bgp.local_capabilities.unwrap();
    assert_eq!(local.offered, [Capability::ExtendedMessage]);
    assert_eq!(local.hostname.as_deref(), Some("Channel ipv4: x"));
    let packets = bgp.tcp_ao.unwrap();
    assert_eq!(
        (packets.good_packets, packets.bad_packets),
        (Some(u64::MAX), Some(3))
    );
    assert_eq!(bgp.last_error.unwrap().class, ErrorClass::Received);
    let [channel] = found.channels.as_slice() else {
        panic!("{:?}", found.channels);
    };
    assert_eq!(channel.import_state, Some(ChannelState::Waiting));
    let both = Recovery {
        pending: true,
        waiting: true,
    };
    assert_eq!(channel.recovery, Some(both));
    let limit = channel.receive_limit.unwrap();
    assert_eq!((limit.max, limit.hit), (Some(u64::from(u32::MAX)), true));
    assert_eq!(limit.action, Some(LimitAction::Restart));
    assert_eq!(channel.neighbor_restart, Some(NeighborRestart::LongLived));
    assert_eq!(
        channel.stale_timer.unwrap().remaining,
        Duration::from_millis(3_599_125)
    );
    assert_eq!(channel.other_tables, ["master6", "master4"]);
    let pending = channel.pending.unwrap();
    assert_eq!((pending.attribute_sets, pending.prefixes), (3, 17));
}

#[test]
fn what_people_write_stays_what_they_wrote() {
    let found = protocol(
        ROW,
        "  Description:    Channel ipv4
  Message:        BGP state: Down\u{1b}[31m: Import limit: 3 [HIT]
  BGP state:          Established",
    );
    assert_eq!(found.description.as_deref(), Some("Channel ipv4"));
    assert_eq!(
        found.message.as_deref(),
        Some("BGP state: Down\u{1b}[31m: Import limit: 3 [HIT]")
    );
    assert_eq!(found.session_state(), Some(SessionState::Established));
    assert!(found.channels.is_empty() && !found.limit_hit());
}

#[test]
fn a_line_too_long_for_bird_is_missed_and_nothing_else() {
    let stream = format!(
        "1002-{ROW}\n1006-  Description:    x\n8000-<line overflow>\n1006-  BGP state:          Active\n \n0000 \n"
    );
    let found = protocols(&decode(stream.as_bytes()), None).remove(0);
    assert_eq!(found.unknown, ["<line overflow>"]);
    assert_eq!(
        (found.message.as_deref(), found.session_word()),
        (None, "Active")
    );
}

#[test]
fn details_never_go_to_the_protocol_before() {
    let details = "  Message:        not yours";
    let found = several(&[(ROW, ""), ("cut off", details)]);
    assert_eq!((found.len(), found[0].message.as_deref()), (1, None));
    // The row itself was too long.
    let stream = format!("1002-{ROW}\n1006-\n8000-<line overflow>\n1006-{details}\n \n0000 \n");
    let found = protocols(&decode(stream.as_bytes()), None).remove(0);
    assert_eq!((found.message, found.unknown), (None, Vec::new()));
}

#[test]
fn every_state_has_its_word() {
    for word in [
        "Idle",
        "Connect",
        "Active",
        "OpenSent",
        "OpenConfirm",
        "Established",
        "Close",
        "Passive",
    ] {
        let found = protocol(
            &format!("a BGP --- start 20:59:00.000  {word:14}Socket: x"),
            "",
        );
        assert_eq!(found.session_word(), word);
        assert_eq!(
            found.last_error().map(ToString::to_string).as_deref(),
            Some("Socket: x")
        );
    }
    let later = protocol(
        "a BGP --- start 20:59:00.000  Hibernating",
        "  BGP state:          Hibernating\n    Local AS:         1",
    );
    assert_eq!(
        (later.session_state(), later.unknown.as_slice()),
        (None, &["Hibernating".to_owned()][..])
    );
    assert_eq!(later.bgp.unwrap().local_as, Some(1));
    for (word, state) in [
        ("down", ProtocolState::Down),
        ("stop", ProtocolState::Stop),
        ("flush", ProtocolState::Flush),
        ("melting", ProtocolState::Other),
    ] {
        assert_eq!(
            protocol(&format!("a Static t {word} 20:59:00"), "").state,
            state
        );
    }
    let down = protocol("a BGP --- down 20:59:00.000  ", "");
    assert_eq!(
        (down.session_state(), down.session_word()),
        (Some(SessionState::Down), "")
    );
}

#[test]
fn numbers_that_make_no_sense_are_none_and_never_zero() {
    let found = protocol(
        ROW,
        "  BGP state:          Established
    Neighbor AS:      4294967296
    Hold timer:       -0.012/240
    TX pending:       -5 bytes
  Channel ipv4
    Import limit:   99999999999999999999
      Action:       explode
    Routes:         99999999999999999999 imported, 3 exported
    Route change stats:     received   rejected   filtered    ignored   accepted
      Import updates:              1          2          3          4          5          6
      Import withdraws:            1          2        ---          4",
    );
    let bgp = found.bgp.unwrap();
    assert_eq!((bgp.neighbor_as, bgp.pending_bytes), (None, None));
    assert_eq!(bgp.hold_timer.unwrap().remaining, Duration::ZERO);
    let channel = &found.channels[0];
    let limit = channel.import_limit.unwrap();
    assert_eq!((limit.max, limit.hit, limit.action), (None, false, None));
    let routes = channel.routes.unwrap();
    assert_eq!(
        (routes.imported, routes.exported, routes.preferred),
        (None, Some(3), None)
    );
    assert_eq!(channel.changes, Some(RouteChanges::default()));
    let labels = found
        .unknown
        .iter()
        .map(|line| line.split(':').next().unwrap());
    let wanted = [
        "Neighbor AS",
        "TX pending",
        "Action",
        "Import updates",
        "Import withdraws",
    ];
    assert_eq!(labels.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_row_that_is_cut_off_still_tells_what_it_has() {
    let found = protocol("a Static t up", "");
    assert_eq!(
        (found.state, found.since, found.info.as_str()),
        (ProtocolState::Up, None, "")
    );
    assert_eq!(several(&[("a Static t", "")]), []);
}

#[test]
fn bfd_sessions_of_several_protocols_and_kinds() {
    let reply = decode(
        b"1020-bfd1: is not up
1020-bfd2:
 IP address                Interface  State      Since         Interval  Timeout
 2001:db8:1234:5678:9abc:def0:1234:5678 ---        AdminDown  22.11.2026 20:59:00    0.100    0.300
 fe80::1%eth0              ---        Init       20:59:00.000    1.000    0.000
 fe80::2                   eth1       Hopping    20:59:00.000    1.000    0.000
0000 \n",
    );
    let now = LocalTime::parse("2026-11-22 21:00:00.000", None);
    let found = bfd_sessions(&reply, now);
    let row = |session: &BfdSession| {
        (
            session.protocol.clone(),
            session.interface.clone(),
            session.state.to_string(),
        )
    };
    let of = |interface: Option<&str>, state: &str| {
        (
            Some("bfd2".to_owned()),
            interface.map(str::to_owned),
            state.to_owned(),
        )
    };
    let wanted = [
        of(None, "AdminDown"),
        of(Some("eth0"), "Init"),
        of(Some("eth1"), "Hopping"),
    ];
    assert_eq!(found.iter().map(row).collect::<Vec<_>>(), wanted);
    assert!(found.iter().all(|session| session.since.unwrap().age(now.unwrap()) == Some(Duration::from_mins(1))));
    for none in [
        "9001 There is no BFD protocol running\n",
        "0000 \n",
        "1020-bfd1: is not up\n0000 \n",
    ] {
        assert_eq!(bfd_sessions(&decode(none.as_bytes()), now), []);
    }
}

#[test]
fn both_readers_of_rows_part_words_at_blanks_only() {
    let reply = decode(b"1002-a BGP \x0c\x0c up 20:59:00.000  Idle\n0000 \n");
    let states = protocol_states(&reply);
    let all = protocols(&reply, None);
    assert_eq!(all[0].state, ProtocolState::Up);
    assert_eq!(states.get(&all[0].name), Some(&all[0].state));
}

#[test]
fn a_status_of_another_state_is_one() {
    for (text, state) in [
        ("Daemon is up and running", DaemonState::Running),
        ("Reconfiguration in progress", DaemonState::Reconfiguring),
        ("Shutdown in progress", DaemonState::ShuttingDown),
        ("Daemon dreams", DaemonState::Other),
    ] {
        let reply = decode(
            format!("1000-BIRD 2.0.7\n1011-Router ID is 10.0.0.1\n0013 {text}\n").as_bytes(),
        );
        let status = daemon_status(&reply).unwrap();
        assert_eq!(
            (status.state, status.hostname, status.now),
            (state, None, None)
        );
    }
    assert_eq!(daemon_status(&decode(b"9001 syntax error\n")), None);
}
