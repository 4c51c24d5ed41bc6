//! Whole outages in virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::Period;

fn timing() -> Timing {
    Timing {
        interval: Period::from_millis(1000),
        fast_interval: Period::from_millis(100),
        timeout: Period::from_millis(800),
    }
}

const FALL: u32 = 3;

/// A schedule in front of a scripted server.
struct World {
    start: Instant,
    schedule: Schedule,
    /// Probes in flight: when they come to their verdict, in milliseconds.
    in_flight: VecDeque<(u64, Ticket, Verdict)>,
    sent: Vec<u64>,
    verdicts: Vec<(u64, Verdict)>,
}

impl World {
    fn new(limit: usize) -> Self {
        let start = Instant::now();
        let mut schedule = Schedule::new(timing(), FALL, limit, start);
        schedule.set_announced(true);
        Self {
            start,
            schedule,
            in_flight: VecDeque::new(),
            sent: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn deadline(&self) -> Option<u64> {
        let deadline = self.schedule.deadline()?;
        let millis = deadline.duration_since(self.start).as_millis();
        Some(u64::try_from(millis).unwrap())
    }

    /// Runs until `end`; `server` says for a probe sent then how long it takes and how it ends.
    fn run(&mut self, end: u64, mut server: impl FnMut(u64) -> (u64, Verdict)) {
        let mut now = self.sent.last().copied().unwrap_or(0);
        while let Some(next) = self.next_event(now).filter(|next| *next <= end) {
            now = next;
            if self.complete(now) {
                continue;
            }
            let (latency, verdict) = server(now);
            let probe = self.schedule.on_send(self.at(now));
            self.sent.push(now);
            self.in_flight.push_back((now + latency, probe, verdict));
        }
    }

    /// Something happens now: when the last thing did, or at this time if that is later.
    fn event(&mut self, millis: u64) {
        self.schedule.on_event(self.at(millis));
    }

    fn next_event(&self, now: u64) -> Option<u64> {
        let completion = self.in_flight.iter().map(|(at, ..)| *at).min();
        let due = self.deadline().map(|at| at.max(now));
        completion.into_iter().chain(due).min()
    }

    fn complete(&mut self, now: u64) -> bool {
        let Some(position) = self.in_flight.iter().position(|(at, ..)| *at <= now) else {
            return false;
        };
        let (_, probe, verdict) = self.in_flight.remove(position).unwrap();
        self.schedule.on_verdict(self.at(now), probe, verdict);
        self.verdicts.push((now, verdict));
        true
    }
}

#[test]
fn a_good_server_is_asked_once_an_interval() {
    let mut world = World::new(10);
    world.run(3000, |_| (1, Verdict::Pass));
    assert_eq!(world.sent, [0, 1000, 2000, 3000]);
}

#[test]
fn a_frozen_server_fails_three_times_within_a_second() {
    let mut world = World::new(10);
    world.run(1000, |_| (800, Verdict::Fail));
    assert_eq!(world.sent[..9], [0, 100, 200, 300, 400, 500, 600, 700, 800]);
    let fails = [800, 900, 1000].map(|at| (at, Verdict::Fail));
    assert_eq!(world.verdicts, fails);
}

#[test]
fn a_refusing_server_fails_three_times_within_two_fast_intervals() {
    let mut world = World::new(10);
    world.run(200, |_| (0, Verdict::Fail));
    assert_eq!(world.sent, [0, 100, 200]);
}

#[test]
fn a_withdrawn_service_is_never_hurried() {
    let mut world = World::new(10);
    world.schedule.set_announced(false);
    world.run(3000, |now| match now {
        0 => (0, Verdict::Fail),
        1000 => (800, Verdict::Fail),
        _ => (1, Verdict::Pass),
    });
    assert_eq!(world.sent, [0, 1000, 2000, 3000]);
}

#[test]
fn fast_probing_ends_with_the_next_pass() {
    let mut world = World::new(10);
    world.run(2300, |now| match now {
        0 | 100 => (0, Verdict::Fail),
        _ => (1, Verdict::Pass),
    });
    assert_eq!(world.sent, [0, 100, 200, 1200, 2200]);
}

#[test]
fn withdrawing_in_the_middle_of_an_outage_ends_the_hurry() {
    let mut world = World::new(10);
    world.run(200, |_| (0, Verdict::Fail));
    world.schedule.set_announced(false);
    assert_eq!(world.deadline(), Some(1200));
    world.schedule.set_announced(true);
    assert_eq!(world.deadline(), Some(300));
}

#[test]
fn a_slow_but_good_server_is_asked_twice_an_interval() {
    let mut world = World::new(10);
    world.run(2300, |_| (150, Verdict::Pass));
    assert_eq!(world.sent, [0, 100, 1100, 1200, 2200, 2300]);
}

#[test]
fn a_server_that_freezes_after_an_answer_is_noticed_from_that_answer_on() {
    let mut world = World::new(20);
    world.run(450, |now| match now {
        0 => (150, Verdict::Pass),
        _ => (800, Verdict::Fail),
    });
    assert_eq!(world.sent, [0, 100, 250, 350, 450]);
}

#[test]
fn an_unknown_verdict_is_no_reason_to_hurry() {
    let mut world = World::new(10);
    world.run(1000, |_| (0, Verdict::Unknown));
    assert_eq!(world.sent, [0, 1000]);
}

#[test]
fn at_the_limit_the_next_probe_waits_for_a_completion() {
    let mut world = World::new(3);
    world.run(799, |_| (800, Verdict::Fail));
    assert_eq!(world.sent, [0, 100, 200]);
    assert_eq!(world.schedule.deadline(), None);
    world.run(1000, |_| (800, Verdict::Fail));
    assert_eq!(world.sent, [0, 100, 200, 800, 900, 1000]);
}

#[test]
fn a_limit_of_none_still_lets_one_probe_out() {
    let mut world = World::new(0);
    world.run(1700, |_| (800, Verdict::Fail));
    assert_eq!(world.sent, [0, 800, 1600]);
}

#[test]
fn a_stall_is_not_caught_up_by_a_burst() {
    let mut world = World::new(10);
    world.run(0, |_| (0, Verdict::Pass));
    assert!(world.complete(0) || world.in_flight.is_empty());
    let probe = world.schedule.on_send(world.at(60_000));
    let pass = Verdict::Pass;
    world.schedule.on_verdict(world.at(60_000), probe, pass);
    assert_eq!(world.deadline(), Some(61_000));
}

/// A world in which a good server was asked at 0, and an event happens at 500.
fn alarmed(limit: usize) -> World {
    let mut world = World::new(limit);
    world.run(499, |_| (1, Verdict::Pass));
    world.event(500);
    world
}

#[test]
fn an_event_at_a_dead_server_shows_it_within_milliseconds() {
    let mut world = alarmed(10);
    world.run(510, |_| (0, Verdict::Fail));
    assert_eq!(world.sent, [0, 500, 500, 500]);
    let fails = [500, 500, 500].map(|at| (at, Verdict::Fail));
    assert_eq!(world.verdicts[1..], fails);
}

#[test]
fn a_false_alarm_costs_one_probe() {
    let mut world = alarmed(10);
    world.run(2500, |_| (1, Verdict::Pass));
    assert_eq!(world.sent, [0, 500, 1500, 2500]);
}

#[test]
fn a_false_alarm_at_a_slow_server_costs_one_probe_too() {
    let mut world = World::new(10);
    world.run(4499, |_| (40, Verdict::Pass));
    world.event(4500);
    world.run(5499, |_| (60, Verdict::Pass));
    assert_eq!(world.sent, [0, 1000, 2000, 3000, 4000, 4500]);
}

#[test]
fn a_burst_waits_twice_what_answers_usually_take() {
    let mut world = World::new(10);
    world.run(20_000, |_| (40, Verdict::Pass));
    world.event(20_500);
    world.run(20_590, |_| (800, Verdict::Fail));
    assert_eq!(world.sent[20..], [20_000, 20_500, 20_580]);
}

#[test]
fn datagrams_that_a_dying_process_swallowed_hold_up_nothing() {
    let mut world = alarmed(10);
    world.run(520, |now| match now {
        500..504 => (800, Verdict::Fail),
        _ => (0, Verdict::Fail),
    });
    assert_eq!(world.sent, [0, 500, 502, 504, 504, 504]);
    let fails = [504, 504, 504].map(|at| (at, Verdict::Fail));
    assert_eq!(world.verdicts[1..], fails);
}

#[test]
fn a_burst_that_nobody_answers_ends() {
    let mut world = alarmed(64);
    world.run(599, |_| (800, Verdict::Fail));
    // More and more slowly: the answer to the probe before the event took a millisecond.
    let burst = [500, 502, 504, 506, 508, 510, 513, 517, 522, 529, 538, 550];
    assert_eq!(world.sent[1..], burst);
    // From then on as without it.
    world.run(760, |_| (800, Verdict::Fail));
    assert_eq!(world.sent[13..], [650, 750]);
}

#[test]
fn a_pass_of_a_probe_from_before_the_event_says_nothing_about_it() {
    let mut world = World::new(10);
    let frozen = |now| match now {
        0 => (3, Verdict::Pass),
        _ => (0, Verdict::Fail),
    };
    world.run(1, frozen);
    world.event(1);
    world.run(10, frozen);
    assert_eq!(world.sent, [0, 1, 1, 1]);
}

#[test]
fn a_burst_keeps_the_limit_of_probes_in_flight() {
    let mut world = alarmed(2);
    world.run(1299, |_| (800, Verdict::Fail));
    assert_eq!(world.sent, [0, 500, 502]);
    assert_eq!(world.schedule.deadline(), None);
    world.run(1310, |_| (0, Verdict::Fail));
    // The burst has had its time when there is room again.
    assert_eq!(world.sent[3..], [1300]);
}

#[test]
fn an_event_too_soon_after_another_is_not_lost() {
    let mut world = alarmed(10);
    world.run(501, |_| (1, Verdict::Pass));
    world.event(502);
    world.event(503);
    world.run(560, |_| (0, Verdict::Fail));
    assert_eq!(world.sent, [0, 500, 550, 550, 550]);
}

#[test]
fn a_withdrawn_service_is_not_hurried_by_events() {
    let mut world = World::new(10);
    world.schedule.set_announced(false);
    world.run(499, |_| (1, Verdict::Pass));
    world.event(500);
    world.run(2000, |_| (0, Verdict::Fail));
    assert_eq!(world.sent, [0, 1000, 2000]);
}

#[test]
fn a_withdrawal_ends_the_burst_and_what_waits() {
    let mut world = alarmed(10);
    world.run(500, |_| (0, Verdict::Fail));
    world.event(501);
    world.schedule.set_announced(false);
    assert_eq!(world.deadline(), Some(1500));
    world.schedule.set_announced(true);
    assert_eq!(world.deadline(), Some(600));
}

#[test]
fn before_the_first_probe_an_event_is_its_reason() {
    let mut world = World::new(10);
    world.schedule.first = world.at(900);
    world.event(3);
    world.run(900, |_| (0, Verdict::Pass));
    assert_eq!(world.sent, [3]);
}

#[test]
fn it_is_calm_while_there_is_nothing_to_find_out() {
    let mut world = World::new(10);
    assert!(!world.schedule.is_calm(), "nothing is known yet");
    for (verdict, is_calm) in [
        (Verdict::Unknown, false),
        (Verdict::Pass, true),
        (Verdict::Unknown, true),
        (Verdict::Fail, false),
        (Verdict::Unknown, false),
        (Verdict::Pass, true),
    ] {
        let probe = world.schedule.on_send(world.start);
        assert!(!world.schedule.is_calm(), "a probe is under way");
        world.schedule.on_verdict(world.start, probe, verdict);
        assert_eq!(world.schedule.is_calm(), is_calm, "{verdict:?}");
    }
    world.event(1);
    assert!(!world.schedule.is_calm(), "something has happened");
    world.run(2, |_| (0, Verdict::Pass));
    assert!(world.schedule.is_calm(), "a false alarm");
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Pass),
        Just(Verdict::Fail),
        Just(Verdict::Unknown)
    ]
}

proptest! {
    #[test]
    fn probes_keep_their_distance_and_their_limit_and_never_stop(
        answers in proptest::collection::vec((0u64..=800, verdict()), 1..60),
        limit in 0usize..12,
        announced in any::<bool>(),
    ) {
        let mut world = World::new(limit);
        world.schedule.set_announced(announced);
        let mut script = answers.iter().cycle().copied();
        let end = 20_000;
        world.run(end, |_| script.next().unwrap());
        prop_assert!(world.schedule.in_flight <= limit.max(1));
        prop_assert!(world.schedule.deadline().is_some() || !world.in_flight.is_empty());
        let smallest = if announced { 100 } else { 1000 };
        for pair in world.sent.windows(2) {
            prop_assert!(pair[1] - pair[0] >= smallest, "{pair:?}");
            prop_assert!(pair[1] - pair[0] <= 1000, "{pair:?}");
        }
        prop_assert!(end - world.sent.last().unwrap() <= 1000);
    }

    #[test]
    fn events_cost_a_bounded_number_of_probes_and_always_end(
        answers in proptest::collection::vec((0u64..=800, verdict()), 1..60),
        limit in 0usize..40,
        mut events in proptest::collection::vec(0u64..2000, 1..200),
    ) {
        let mut world = World::new(limit);
        let mut script = answers.iter().cycle().copied();
        events.sort_unstable();
        for event in &events {
            world.run(*event, |_| script.next().unwrap());
            world.event(*event);
            prop_assert!(world.schedule.in_flight <= limit.max(1));
        }
        let last = *events.last().unwrap();
        world.run(last + 8000, |_| script.next().unwrap());
        // Forty bursts in two seconds, each of twelve probes at most, and what is sent without them.
        let hurried = world.sent.windows(2).filter(|pair| pair[1] - pair[0] < 100).count();
        prop_assert!(hurried <= 41 * 12, "{hurried}");
        // The last one has ended: from its longest time on, probes are as far apart as ever. It may have waited for
        // the one before, and for room, and then have filled that.
        let after = last + 50 + 4 * 800;
        let late: Vec<u64> = world.sent.iter().copied().filter(|at| *at > after).collect();
        prop_assert!(late.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{late:?}");
        prop_assert!(!late.is_empty());
    }

    #[test]
    fn an_event_finds_a_dead_server_however_long_that_takes_to_die(dying in 0u64..=29) {
        let mut world = alarmed(10);
        world.run(600, |now| {
            let swallowed = now < 500 + dying;
            (if swallowed { 800 } else { 0 }, Verdict::Fail)
        });
        let failed = world.verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Fail);
        let third = failed.map(|(at, _)| *at).nth(2).unwrap() - 500;
        prop_assert!(third >= dying && third <= dying + 2 + dying / 3, "{third}");
    }
}
