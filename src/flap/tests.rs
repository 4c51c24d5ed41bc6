//! Scripted looks in virtual time.

mod corpus;
mod hints;
mod properties;

use std::time::{Duration, Instant};

use super::*;
use crate::bird::table::{ErrorClass, LastError, LocalTime, SessionState, daemon_status};
use crate::config::FlapAction;
use crate::model::Period;

/// That of a configuration that says nothing else.
const FLAP: Flap = Flap {
    penalty: 1000,
    suppress: 3000,
    reuse: 750,
    half_life: Period::from_millis(300_000),
    max: 12_000,
    action: FlapAction::Report,
};

const NOTHING: BirdChange = BirdChange {
    restarted: false,
    reconfigured: None,
};

const RESTARTED: BirdChange = BirdChange {
    restarted: true,
    ..NOTHING
};

fn reconfigured(ago: u64) -> BirdChange {
    BirdChange {
        reconfigured: Some(Duration::from_secs(ago)),
        ..NOTHING
    }
}

/// What began `seconds` after noon, seen `now` seconds after noon, in the default format of this project.
fn moment(seconds: f64, now: f64) -> Moment {
    let time = |seconds: f64| {
        let noon = jiff::civil::date(2026, 11, 22).at(12, 0, 0, 0);
        let time = noon + jiff::SignedDuration::from_secs_f64(seconds);
        LocalTime::parse(&time.strftime("%F %T.%3f").to_string(), None)
    };
    Moment::of(time(seconds), time(now))
}

/// A session in this state since `since`, seen at `now`: seconds after noon.
fn seen(state: SessionState, since: f64, now: f64) -> Sighting {
    Sighting {
        state: Some(state),
        since: moment(since, now),
        ..Sighting::default()
    }
}

fn up(since: f64, now: f64) -> Sighting {
    seen(SessionState::Established, since, now)
}

fn failed(since: f64, now: f64, class: ErrorClass, text: &str) -> Sighting {
    Sighting {
        last_error: Some(LastError {
            class,
            text: text.to_owned(),
        }),
        ..seen(SessionState::Idle, since, now)
    }
}

fn lost(since: f64, now: f64) -> Sighting {
    failed(since, now, ErrorClass::Sent, "Hold timer expired")
}

fn with_bfd(sighting: Sighting, state: BfdState, since: f64, now: f64) -> Sighting {
    let since = moment(since, now);
    Sighting {
        bfd: Some(BfdSighting { state, since }),
        ..sighting
    }
}

/// A tracker and its clock.
struct Watched {
    tracker: Tracker,
    noon: Instant,
}

impl Watched {
    fn new() -> Self {
        let noon = Instant::now();
        let tracker = Tracker::new("bgp_tor1_v4".to_owned(), FLAP, noon);
        Self { tracker, noon }
    }

    fn at(&self, seconds: f64) -> Instant {
        self.noon + Duration::from_secs_f64(seconds)
    }

    fn look_with(&mut self, now: f64, sighting: Sighting, bird: &BirdChange) -> Vec<Event> {
        self.tracker.on(self.at(now), sighting, bird)
    }

    fn look(&mut self, now: f64, sighting: Sighting) -> Vec<Event> {
        self.look_with(now, sighting, &NOTHING)
    }

    fn cause(&self) -> String {
        self.tracker.cause().unwrap_or_default()
    }
}

/// Why a session changed that did not flap.
fn changes(events: &[Event]) -> Vec<Option<&str>> {
    let mut causes = Vec::new();
    for event in events {
        if let Event::SessionChanged { cause, .. } = event {
            causes.push(cause.as_deref());
        }
    }
    causes
}

#[test]
fn the_first_look_and_a_session_that_never_was_up_are_no_flaps() {
    let mut watched = Watched::new();
    assert!(watched.look(1.0, lost(0.5, 1.0)).is_empty());
    for second in 2..60_u32 {
        let now = f64::from(second);
        let refused = failed(now - 0.3, now, ErrorClass::Socket, "Connection refused");
        assert!(watched.look(now, refused).is_empty(), "{second}");
    }
    assert_eq!(changes(&watched.look(60.0, up(59.5, 60.0))), [None]);
    assert_eq!(watched.tracker.count(), 0);
}

#[test]
fn a_loss_counts_once_and_the_return_is_none() {
    let mut watched = Watched::new();
    watched.look(100.0, up(0.0, 100.0));
    let events = watched.look(101.0, lost(100.4, 101.0));
    assert!(
        matches!(&events[..], [Event::Flapped { witness, cause: Some(cause), penalty, .. }]
            if witness == "Established, then Idle" && cause == "BGP Error: Hold timer expired" && *penalty >= 1000.0),
        "{events:?}"
    );
    assert!(watched.look(102.0, lost(100.4, 102.0)).is_empty());
    assert_eq!(changes(&watched.look(106.0, up(105.2, 106.0))), [None]);
    assert!(watched.look(107.0, up(105.2, 107.0)).is_empty());
    assert_eq!(watched.tracker.count(), 1);
    assert_eq!(watched.tracker.last(), Some(watched.at(100.4)));
}

#[test]
fn a_session_that_is_back_before_anybody_looked_is_one_flap() {
    let mut watched = Watched::new();
    watched.look(3600.0, up(0.0, 3600.0));
    let events = watched.look(3605.0, up(3604.8, 3605.0));
    assert!(
        matches!(&events[..], [Event::Flapped { witness, .. }] if witness == "Established, and again since 0.2 s"),
        "{events:?}"
    );
    assert_eq!(
        watched.cause(),
        "unknown (it was back before BIRD was asked, and BIRD has forgotten the error)"
    );
    assert!(watched.look(3610.0, up(3604.8, 3610.0)).is_empty());
}

#[test]
fn counters_witness_where_the_time_cannot_be_read() {
    let counted = |count: u64| {
        let counts = [Some(count), Some(0), None, None];
        let channel = "ipv4".to_owned();
        Sighting {
            since: Moment::default(),
            counters: vec![ChannelCounters { channel, counts }],
            ..up(0.0, 1.0)
        }
    };
    let mut watched = Watched::new();
    watched.look(1.0, counted(7));
    assert!(watched.look(2.0, counted(8)).is_empty());
    assert_eq!(watched.look(3.0, counted(2)).len(), 1);
    assert!(watched.look(4.0, counted(2)).is_empty());
    // Where the time can be read, a channel that began anew is no other session.
    let exact = |count, now| Sighting {
        since: moment(0.0, now),
        ..counted(count)
    };
    let mut watched = Watched::new();
    watched.look(10.0, exact(7, 10.0));
    assert!(watched.look(11.0, exact(2, 11.0)).is_empty());
}

#[test]
fn a_restart_of_bird_is_no_flap_of_a_session() {
    let mut watched = Watched::new();
    watched.look(100.0, up(0.0, 100.0));
    let down = seen(SessionState::Active, 103.0, 104.0);
    assert!(watched.look_with(104.0, down, &RESTARTED).is_empty());
    assert_eq!(changes(&watched.look(109.0, up(108.0, 109.0))), [None]);
    assert!(
        watched
            .look_with(120.0, up(119.0, 120.0), &RESTARTED)
            .is_empty()
    );
    assert_eq!(watched.tracker.count(), 0);
}

#[test]
fn what_happens_on_purpose_here_is_no_flap() {
    let cases = [
        (
            seen(SessionState::Down, 100.5, 101.0),
            NOTHING,
            "shut down here",
        ),
        (
            seen(SessionState::Idle, 100.5, 101.0),
            NOTHING,
            "restarted or shut down here",
        ),
        (
            seen(SessionState::Idle, 100.5, 101.0),
            reconfigured(1),
            "reconfiguration",
        ),
        (up(100.8, 101.0), reconfigured(1), "reconfiguration"),
        (
            failed(100.5, 101.0, ErrorClass::Socket, "Connection refused"),
            reconfigured(1),
            "reconfiguration",
        ),
        (
            Sighting::default(),
            reconfigured(1),
            "BIRD's configuration no longer has it",
        ),
    ];
    for (sighting, bird, why) in cases {
        let mut watched = Watched::new();
        watched.look(100.0, up(0.0, 100.0));
        let events = watched.look_with(101.0, sighting, &bird);
        assert_eq!(changes(&events), [Some(why)]);
        assert_eq!(events.len(), 1, "{events:?}");
    }
}

#[test]
fn an_error_that_ends_sessions_is_a_flap_whatever_the_configuration_does() {
    let mut watched = Watched::new();
    watched.look(100.0, up(0.0, 100.0));
    assert_eq!(
        watched
            .look_with(101.0, lost(100.5, 101.0), &reconfigured(1))
            .len(),
        1
    );
    assert_eq!(watched.tracker.count(), 1);
}

#[test]
fn a_configuration_counts_at_the_look_that_first_shows_it() {
    let status = |started: &str, reconfigured: &str, now: &str| {
        let text = format!(
            "1000-BIRD 2.17.5\n Current server time is 2026-11-22 {now}\n Last reboot on 2026-11-22 {started}\n \
             Last reconfiguration on 2026-11-22 {reconfigured}\n0013 Daemon is up and running\n"
        );
        let mut decoder = crate::bird::reply::Decoder::default();
        decoder.push(text.as_bytes()).unwrap();
        match decoder.next_event() {
            Some(crate::bird::reply::Event::Reply(reply)) => daemon_status(&reply).unwrap(),
            other => panic!("wanted a reply, got {other:?}"),
        }
    };
    let mut bird = BirdWatch::default();
    let noon = Instant::now();
    let at = |seconds| noon + Duration::from_secs(seconds);
    let first = status("12:00:00", "12:00:00", "12:00:01");
    assert_eq!(bird.on(at(1), &first), NOTHING, "who knows what was before");
    let later = status("12:00:00", "12:00:00", "12:00:05");
    assert_eq!(bird.on(at(5), &later), NOTHING);
    let configured = status("12:00:00", "12:00:08", "12:00:10");
    assert_eq!(bird.on(at(10), &configured), reconfigured(2));
    let later = status("12:00:00", "12:00:08", "12:00:11");
    assert_eq!(bird.on(at(11), &later), NOTHING);
    bird.on_loss();
    assert_eq!(bird.on(at(12), &later), NOTHING, "it only did not answer");
    let restarted = status("12:00:13", "12:00:13", "12:00:15");
    assert_eq!(bird.on(at(15), &restarted), RESTARTED);
    // In a format that nobody can read, a lost socket is the only sign.
    let unreadable = status("noon", "noon", "noon");
    assert_eq!(bird.on(at(16), &unreadable), NOTHING);
    bird.on_loss();
    assert_eq!(bird.on(at(17), &unreadable), RESTARTED);
    assert_eq!(bird.on(at(18), &unreadable), NOTHING);
}

#[test]
fn the_cause_is_what_ended_the_session_and_not_what_came_later() {
    let limit = |sighting: Sighting| Sighting {
        state: Some(SessionState::Down),
        limit: Some("import limit 3".to_owned()),
        ..sighting
    };
    let message = |sighting: Sighting| Sighting {
        message: Some("back 18:00 UTC".to_owned()),
        ..sighting
    };
    let failed = |class, text| failed(100.5, 101.0, class, text);
    let refused = || failed(ErrorClass::Socket, "Connection refused");
    let restarting = || Sighting {
        neighbor_restarts: true,
        ..refused()
    };
    let cases = [
        (failed(ErrorClass::Error, "Link down"), "Error: Link down"),
        (
            failed(ErrorClass::Socket, "Connection closed"),
            "Socket: Connection closed",
        ),
        (
            limit(failed(
                ErrorClass::AutomaticShutdown,
                "Route limit exceeded",
            )),
            "Automatic shutdown: Route limit exceeded (import limit 3)",
        ),
        (
            message(failed(ErrorClass::Received, "Administrative shutdown")),
            "Received: Administrative shutdown: back 18:00 UTC",
        ),
        (
            message(refused()),
            "shut down with the message: back 18:00 UTC",
        ),
        (
            restarting(),
            "the neighbour restarts, gracefully (RFC 4724)",
        ),
        (
            refused(),
            "unknown (BIRD's last error is now Socket: Connection refused)",
        ),
    ];
    for (sighting, cause) in cases {
        let mut watched = Watched::new();
        watched.look(100.0, up(0.0, 100.0));
        assert_eq!(watched.look(101.0, sighting).len(), 1, "{cause}");
        assert_eq!(watched.cause(), cause);
        let next = self::failed(100.5, 102.0, ErrorClass::Socket, "Connection refused");
        watched.look(102.0, next);
        assert_eq!(watched.cause(), cause, "overwritten");
    }
}

#[test]
fn what_explains_a_loss_may_be_seen_later() {
    let mut watched = Watched::new();
    watched.look(100.0, up(0.0, 100.0));
    watched.look(101.0, failed(100.5, 101.0, ErrorClass::Sent, "Bad peer AS"));
    let unknown = "unknown (BIRD's last error is now BGP Error: Bad peer AS)";
    assert_eq!(watched.cause(), unknown);
    watched.look(102.0, failed(100.5, 102.0, ErrorClass::Error, "Link down"));
    assert_eq!(watched.cause(), "Error: Link down");
    // But not after it was up again.
    watched.look(110.0, up(109.0, 110.0));
    watched.look(120.0, seen(SessionState::Down, 119.5, 120.0));
    watched.look(
        130.0,
        failed(129.0, 130.0, ErrorClass::Error, "BFD session down"),
    );
    assert_eq!(watched.cause(), "Error: Link down");
}

#[test]
fn an_old_message_explains_nothing() {
    let message = |sighting| Sighting {
        message: Some("of last week".to_owned()),
        ..sighting
    };
    let mut watched = Watched::new();
    watched.look(100.0, message(up(0.0, 100.0)));
    let refused = failed(100.5, 101.0, ErrorClass::Socket, "Connection refused");
    watched.look(101.0, message(refused));
    assert!(
        watched.cause().starts_with("unknown"),
        "{}",
        watched.cause()
    );
}

#[test]
fn bfd_that_goes_with_bgp_is_one_flap_with_it() {
    // Seen together, or BFD first because it is asked later.
    for seen_first in [false, true] {
        let mut watched = Watched::new();
        watched.look(100.0, with_bfd(up(0.0, 100.0), BfdState::Up, 0.0, 100.0));
        if seen_first {
            let sighting = with_bfd(up(0.0, 101.0), BfdState::Down, 100.9, 101.0);
            assert!(watched.look(101.0, sighting).is_empty());
        }
        let down = failed(101.1, 102.0, ErrorClass::Error, "BFD session down");
        let events = watched.look(102.0, with_bfd(down, BfdState::Down, 101.1, 102.0));
        assert_eq!(events.len(), 1, "{events:?}");
        let back = with_bfd(up(108.0, 109.0), BfdState::Up, 107.0, 109.0);
        watched.look(109.0, back);
        watched.look(
            110.0,
            with_bfd(up(108.0, 110.0), BfdState::Up, 107.0, 110.0),
        );
        assert_eq!(watched.tracker.count(), 1);
    }
}

#[test]
fn bfd_that_is_lost_alone_is_a_flap_once() {
    let mut watched = Watched::new();
    watched.look(100.0, with_bfd(up(0.0, 100.0), BfdState::Up, 0.0, 100.0));
    let down = |now| with_bfd(up(0.0, now), BfdState::Down, 100.5, now);
    assert!(
        watched.look(101.0, down(101.0)).is_empty(),
        "BGP may follow"
    );
    let events = watched.look(102.0, down(102.0));
    assert!(
        matches!(&events[..], [Event::Flapped { witness, .. }] if witness == "BFD Up, then Down"),
        "{events:?}"
    );
    assert_eq!(watched.cause(), "BFD session down; BGP stayed established");
    assert!(watched.look(103.0, down(103.0)).is_empty());
    let back = |now| with_bfd(up(0.0, now), BfdState::Up, 103.5, now);
    assert!(watched.look(104.0, back(104.0)).is_empty());
    // Lost and back between two looks.
    let again = |now| with_bfd(up(0.0, now), BfdState::Up, 108.5, now);
    assert!(watched.look(109.0, again(109.0)).is_empty());
    assert_eq!(watched.look(110.0, again(110.0)).len(), 1);
    assert_eq!(watched.tracker.count(), 2);
}

#[test]
fn bfd_that_is_no_longer_wanted_is_no_flap() {
    let cases = [
        (
            with_bfd(up(0.0, 101.0), BfdState::AdminDown, 100.5, 101.0),
            NOTHING,
        ),
        (up(0.0, 101.0), NOTHING),
        (
            with_bfd(up(0.0, 101.0), BfdState::Down, 100.5, 101.0),
            reconfigured(1),
        ),
    ];
    for (sighting, bird) in cases {
        let mut watched = Watched::new();
        watched.look(100.0, with_bfd(up(0.0, 100.0), BfdState::Up, 0.0, 100.0));
        watched.look_with(101.0, sighting, &bird);
        watched.look(102.0, up(0.0, 102.0));
        watched.look(103.0, up(0.0, 103.0));
        assert_eq!(watched.tracker.count(), 0);
    }
}

#[test]
fn flapping_lasts_from_suppress_until_below_reuse() {
    let mut watched = Watched::new();
    let mut flapping = Vec::new();
    for flap in 0..4_u32 {
        let began = f64::from(flap) * 10.0;
        watched.look(began + 5.0, up(began, began + 5.0));
        let events = watched.look(began + 6.0, lost(began + 5.5, began + 6.0));
        flapping.extend(
            events
                .into_iter()
                .filter(|event| matches!(event, Event::Flapping { .. })),
        );
    }
    // Three within half a minute decay a little below three thousand; the fourth is over.
    assert!(
        matches!(flapping[..], [Event::Flapping { flapping: true, .. }]),
        "{flapping:?}"
    );
    let now = watched.at(40.0);
    let deadline = watched.tracker.deadline(now).unwrap();
    let minutes = deadline.duration_since(now).as_secs() / 60;
    assert_eq!(minutes, 11, "log2(3860 / 750) half-lives of 5 min");
    let before = deadline.checked_sub(Duration::from_secs(1)).unwrap();
    assert!(watched.tracker.on_time(before).is_none());
    assert!(watched.tracker.is_flapping());
    let event = watched.tracker.on_time(deadline);
    assert!(
        matches!(
            event,
            Some(Event::Flapping {
                flapping: false,
                ..
            })
        ),
        "{event:?}"
    );
    assert_eq!(watched.tracker.deadline(deadline), None);
}
