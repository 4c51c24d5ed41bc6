mod properties;

use super::*;
use crate::config::Window;

const STALE: Duration = Duration::from_secs(30);

fn tracker(fall: u32, rise: u32, window: Option<(u32, u32)>) -> (Tracker, Instant) {
    let window = window.map(|(size, failures)| Window { size, failures });
    let now = Instant::now();
    (
        Tracker::new(Thresholds { fall, rise, window }, STALE, now),
        now,
    )
}

/// Feeds `p`, `f` and `?`, a second apart, and returns the changes with their position.
fn feed(tracker: &mut Tracker, start: Instant, verdicts: &str) -> Vec<(usize, Health)> {
    let verdict = |c| match c {
        'p' => Verdict::Pass,
        'f' => Verdict::Fail,
        _ => Verdict::Unknown,
    };
    verdicts
        .chars()
        .enumerate()
        .filter_map(|(i, c)| {
            let now = start + Duration::from_secs(i as u64);
            tracker
                .on(now, now, verdict(c))
                .map(|change| (i, change.to))
        })
        .collect()
}

#[test]
fn rise_and_fall_count_in_a_row() {
    for (verdicts, expected) in [
        ("ppppp", vec![(4, Health::Healthy)]),
        ("ppppfppppp", vec![(9, Health::Healthy)]),
        ("fff", vec![(2, Health::Unhealthy)]),
        ("ffpffpff", vec![]),
        (
            "pppppffffppppp",
            vec![
                (4, Health::Healthy),
                (7, Health::Unhealthy),
                (13, Health::Healthy),
            ],
        ),
    ] {
        let (mut tracker, now) = tracker(3, 5, None);
        assert_eq!(feed(&mut tracker, now, verdicts), expected, "{verdicts}");
    }
}

#[test]
fn the_window_catches_a_server_that_fails_two_times_in_three() {
    let (mut tracker, now) = tracker(3, 5, Some((10, 6)));
    assert_eq!(
        feed(&mut tracker, now, "ffpffpffp"),
        [(7, Health::Unhealthy)]
    );
}

#[test]
fn a_recovery_starts_with_an_empty_window() {
    let (mut tracker, now) = tracker(3, 2, Some((10, 6)));
    let changes = feed(&mut tracker, now, "ffffffppf");
    assert_eq!(changes, [(2, Health::Unhealthy), (7, Health::Healthy)]);
}

#[test]
fn unknown_verdicts_hold_and_break_no_row() {
    let (mut tracker, now) = tracker(3, 3, None);
    assert_eq!(feed(&mut tracker, now, "p?p?p"), [(4, Health::Healthy)]);
    assert_eq!(feed(&mut tracker, now, "f?f"), []);
    assert_eq!(feed(&mut tracker, now, "f"), [(0, Health::Unhealthy)]);
}

#[test]
fn silence_becomes_unhealthy_at_the_deadline_and_once() {
    let (mut tracker, now) = tracker(3, 1, None);
    tracker.on(now, now, Verdict::Pass);
    let deadline = tracker.deadline().unwrap();
    assert_eq!(deadline, now + STALE);
    assert_eq!(
        tracker.on_time(deadline.checked_sub(Duration::from_millis(1)).unwrap()),
        None
    );
    let change = tracker.on(deadline, deadline, Verdict::Unknown).unwrap();
    assert_eq!(
        (change.to, change.cause),
        (Health::Unhealthy, Cause::Stale(STALE))
    );
    assert_eq!(
        (tracker.deadline(), tracker.on_time(deadline + STALE)),
        (None, None)
    );
}

#[test]
fn answers_that_waited_for_a_thaw_do_not_make_a_recovery() {
    let (mut tracker, start) = tracker(3, 3, None);
    assert_eq!(feed(&mut tracker, start, "fff"), [(2, Health::Unhealthy)]);
    let thaw = start + Duration::from_secs(3);
    let before = start + Duration::from_secs(1);
    for _ in 0..10 {
        assert_eq!(tracker.on(thaw, before, Verdict::Pass), None);
    }
    assert_eq!(feed(&mut tracker, thaw, "ppp"), [(2, Health::Healthy)]);
}

#[test]
fn after_a_silence_that_counted_as_failure_it_takes_all_of_rise() {
    let (mut tracker, start) = tracker(3, 3, None);
    assert_eq!(feed(&mut tracker, start, "pppp"), [(2, Health::Healthy)]);
    let silent = start + Duration::from_secs(3) + STALE;
    assert!(tracker.on_time(silent).is_some());
    let before = silent.checked_sub(Duration::from_secs(1)).unwrap();
    for _ in 0..10 {
        assert_eq!(tracker.on(silent, before, Verdict::Pass), None);
    }
    assert_eq!(
        feed(&mut tracker, silent, "ppp"),
        [(2, Health::Healthy)],
        "passes from before the silence do not count"
    );
}

#[test]
fn a_stall_of_our_own_is_not_the_servers_silence() {
    let (mut tracker, now) = tracker(3, 1, None);
    tracker.on(now, now, Verdict::Pass);
    tracker.forgive(STALE);
    assert_eq!(tracker.on_time(now + STALE), None);
    assert_eq!(tracker.deadline(), Some(now + STALE * 2));
}

#[test]
fn causes_read_as_sentences() {
    let (mut tracker, now) = tracker(3, 5, Some((4, 3)));
    let mut last = None;
    for (i, verdict) in [Verdict::Fail, Verdict::Fail, Verdict::Pass, Verdict::Fail]
        .into_iter()
        .enumerate()
    {
        last = tracker
            .on(
                now + Duration::from_secs(i as u64),
                now + Duration::from_secs(i as u64),
                verdict,
            )
            .or(last);
    }
    assert_eq!(last.unwrap().cause.to_string(), "3 of the last 4 failed");
    assert_eq!(Cause::Failures(3).to_string(), "3 failed in a row");
}
