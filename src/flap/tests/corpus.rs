//! What three releases really showed while a neighbour was frozen, unplugged and killed, against what is known to
//! have happened to it.

use super::*;
use crate::bird::reply::{self, Decoder, Reply};
use crate::bird::table::{
    BfdSession, DaemonStatus, Protocol, bfd_sessions, daemon_status, protocols,
};

const RELEASES: [&str; 3] = ["2.0.12", "2.17.5", "3.1.7"];

/// In the order of the captures; B is the neighbour.
const LOOKS: [&str; 10] = [
    "settled",
    "bfd-down",     // B is frozen: BFD has expired
    "hold-expired", // the hold time of 6 s, too
    "recovered",    // B goes on
    "unplugged",    // the link is down
    "replugged",
    "peer-killed", // B is killed
    "peer-back",
    "gr-recovery", // BIRD itself was started anew
    "gr-recovery2",
];

const LINK: (&str, &str) = ("unplugged", "Error: Link down");
const KILLED: (&str, &str) = ("peer-killed", "Socket: Connection closed");

/// Sessions with the looks that show them lost, and the cause.
const TRUTH: [(&str, &[(&str, &str)]); 16] = [
    (
        "short_hold",
        &[
            ("hold-expired", "BGP Error: Hold timer expired"),
            LINK,
            KILLED,
        ],
    ),
    ("lim_block", &[LINK, KILLED]),
    ("filt", &[LINK, KILLED]),
    // Enabled by a `configure` between the first two looks.
    ("admin_msg", &[LINK, KILLED]),
    // The neighbour restarts, and an attempt to connect has overwritten the error.
    (
        "up_gr_addpath",
        &[
            LINK,
            (
                "peer-killed",
                "the neighbour restarts, gracefully (RFC 4724)",
            ),
        ],
    ),
    // Over several hops nobody sees the link go.
    (
        "edge-fra.1:v4",
        &[(
            "peer-killed",
            "unknown (BIRD's last error is now Socket: Connection refused)",
        )],
    ),
    ("anycast_upstream_transit_frankfurt_1", &[LINK]),
    ("ll6", &[LINK]),
    // Not one of these was seen established and then lost.
    ("lim_disable", &[]),
    ("badpw", &[]),
    ("badas", &[]),
    ("remote_shut", &[]),
    ("disabled_cfg", &[]),
    ("refused", &[]),
    ("noarp", &[]),
    ("passive1", &[]),
];

struct Look {
    status: DaemonStatus,
    protocols: Vec<Protocol>,
    bfd: Vec<BfdSession>,
}

fn read(name: &str) -> Reply {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/bird/corpus");
    let bytes = std::fs::read(format!("{folder}/{name}.txt")).expect(name);
    let mut decoder = Decoder::default();
    decoder.push(&bytes).unwrap();
    match decoder.next_event() {
        Some(reply::Event::Reply(reply)) => reply,
        other => panic!("{name}: wanted a reply, got {other:?}"),
    }
}

fn look(release: &str, scenario: &str) -> Look {
    let name = format!("{release}-{scenario}");
    let status = daemon_status(&read(&format!("{name}.status"))).unwrap();
    // Of the formats of time only the table was kept, without details.
    let table = if scenario.starts_with("tf-") {
        format!("{name}.brief")
    } else {
        name.clone()
    };
    Look {
        protocols: protocols(&read(&table), status.now),
        bfd: bfd_sessions(&read(&format!("{name}.bfd")), status.now),
        status,
    }
}

/// The flaps of a session as pairs of look and cause, and how often BIRD was seen to restart.
fn flaps(
    looks: &[(&'static str, Look)],
    session: &str,
    has_bfd: bool,
) -> (Vec<(&'static str, String)>, u32) {
    let noon = Instant::now();
    let mut bird = BirdWatch::default();
    let mut tracker = Tracker::new(session.to_owned(), FLAP, noon);
    let (mut found, mut restarts, mut now, mut clock) = (Vec::new(), 0, noon, None);
    for (scenario, look) in looks {
        // Captures are some seconds apart, and one may show its clock in another zone.
        let elapsed = clock.and_then(|clock: LocalTime| clock.age(look.status.now?));
        now += elapsed.unwrap_or(Duration::from_secs(2));
        clock = look.status.now;
        let change = bird.on(now, &look.status);
        restarts += u32::from(change.restarted);
        let protocol = look.protocols.iter().find(|found| found.name == session);
        let neighbor =
            protocol.and_then(|protocol| protocol.bgp.as_ref()?.neighbor_address.clone());
        let address = neighbor
            .map(|neighbor| neighbor.address)
            .filter(|_| has_bfd);
        let bfd = look.bfd.iter().find(|bfd| Some(bfd.address) == address);
        let sighting = Sighting::of(protocol, bfd, look.status.now);
        for event in tracker.on(now, sighting, &change) {
            if let Event::Flapped { cause, .. } = event {
                found.push((*scenario, cause.unwrap()));
            }
        }
    }
    assert_eq!(tracker.count(), found.len() as u64);
    (found, restarts)
}

#[test]
fn every_loss_is_seen_with_its_cause_and_nothing_else() {
    for release in RELEASES {
        let looks = LOOKS.map(|scenario| (scenario, look(release, scenario)));
        for (session, truth) in TRUTH {
            let (found, restarts) = flaps(&looks, session, false);
            let found: Vec<(&str, &str)> = found
                .iter()
                .map(|(look, cause)| (*look, cause.as_str()))
                .collect();
            assert_eq!(found, truth, "{release} {session}");
            assert_eq!(restarts, 1, "{release}");
        }
    }
}

/// The session with BFD. Whether it was back before the link went differs from release to release.
#[test]
fn bfd_and_bgp_are_lost_together() {
    for release in RELEASES {
        let looks = LOOKS.map(|scenario| (scenario, look(release, scenario)));
        let (found, _) = flaps(&looks, "up_md5", true);
        let was_back =
            looks[3].1.protocols.iter().any(|protocol| {
                protocol.name == "up_md5" && protocol.session_word() == "Established"
            });
        let mut truth = vec![("bfd-down", "Error: BFD session down")];
        truth.extend(was_back.then_some(LINK));
        truth.push(KILLED);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(look, cause)| (*look, cause.as_str()))
            .collect();
        assert_eq!(found, truth, "{release}");
    }
}

/// Other formats of time, and configurations that somebody has BIRD read, while sessions stay up.
#[test]
fn a_new_format_of_time_is_no_flap() {
    let formats = [
        "settled",
        "tf-isoshort",
        "tf-isoshortus",
        "tf-isolong",
        "tf-isolongms",
        "tf-custom",
        "tf-epoch",
        "tf-limit",
        "tf-spaceless",
        "bfd-down",
    ];
    for release in RELEASES {
        let looks = formats.map(|scenario| (scenario, look(release, scenario)));
        for session in [
            "lim_block",
            "filt",
            "short_hold",
            "edge-fra.1:v4",
            "up_gr_addpath",
            "badpw",
        ] {
            let (found, restarts) = flaps(&looks, session, false);
            assert_eq!(found, [], "{release} {session}");
            assert_eq!(restarts, 0, "{release}");
        }
    }
}
