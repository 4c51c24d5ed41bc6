//! The tracker against a reference that is slow and obviously right: it keeps all that ever happened, and works every
//! answer out anew from the whole of it.

use proptest::prelude::*;

use super::*;

/// Something that the tracker is told, so many milliseconds after the last such thing.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A verdict on a probe that was sent so many milliseconds ago.
    Verdict(Verdict, u64),
    /// A look at the clock.
    Clock,
    /// The server was heard of.
    Heard,
    /// We stood still ourselves, for so many milliseconds up to now.
    Stall(u64),
    /// So many milliseconds without a verdict are too long from now on.
    StaleAfter(u64),
}

/// A pass or a failure.
#[derive(Debug, Clone, Copy)]
struct Known {
    at: Instant,
    sent: Instant,
    failed: bool,
}

/// The rules, over everything that ever happened.
struct Reference {
    thresholds: Thresholds,
    stale_after: Duration,
    known: Vec<Known>,
    /// Whenever the silence began anew.
    heard: Vec<Instant>,
    /// How long we stood still since then.
    stalled: Duration,
    /// When silence was taken for a failure, and how many verdicts there were before.
    silences: Vec<(Instant, usize)>,
    /// How many verdicts there were at each recovery.
    recoveries: Vec<usize>,
    health: Health,
}

impl Reference {
    fn new(thresholds: Thresholds, now: Instant) -> Self {
        Self {
            thresholds,
            stale_after: STALE,
            known: vec![],
            heard: vec![now],
            stalled: Duration::ZERO,
            silences: vec![],
            recoveries: vec![],
            health: Health::Unknown,
        }
    }

    /// When the last failure was known, silences included.
    fn last_failure(&self) -> Option<Instant> {
        let failures = self.known.iter().filter(|known| known.failed);
        let silences = self.silences.iter().map(|(at, _)| *at);
        failures.map(|known| known.at).chain(silences).max()
    }

    /// Passes in a row whose probes were sent when the last failure was known already.
    fn passes(&self) -> usize {
        let from = self.silences.last().map_or(0, |(_, verdicts)| *verdicts);
        let last = self.last_failure();
        let row = self.known[from..].iter().rev();
        let row = row.take_while(|known| !known.failed);
        row.filter(|known| last.is_none_or(|last| known.sent >= last))
            .count()
    }

    fn failures(&self) -> usize {
        let row = self.known.iter().rev();
        row.take_while(|known| known.failed).count()
    }

    fn window_is_full(&self) -> bool {
        self.thresholds.window.is_some_and(|window| {
            let recovered = self.recoveries.last().copied().unwrap_or(0);
            let from = recovered.max(self.known.len().saturating_sub(window.size as usize));
            let failures = self.known[from..].iter().filter(|known| known.failed);
            failures.count() >= window.failures as usize
        })
    }

    fn silence(&self, now: Instant) -> Duration {
        let heard = *self.heard.last().unwrap() + self.stalled;
        now.saturating_duration_since(heard)
    }

    fn hear(&mut self, now: Instant) {
        self.heard.push(now);
        self.stalled = Duration::ZERO;
    }

    /// What is decided, if something is.
    fn on(&mut self, now: Instant, happening: Happening) -> Option<Health> {
        let verdict = match happening {
            Happening::Heard => {
                self.hear(now);
                return None;
            }
            Happening::Stall(millis) => {
                self.stalled += Duration::from_millis(millis);
                return None;
            }
            Happening::StaleAfter(millis) => {
                self.stale_after = Duration::from_millis(millis);
                return None;
            }
            Happening::Clock | Happening::Verdict(Verdict::Unknown, _) => None,
            Happening::Verdict(verdict, ago) => Some((verdict, ago)),
        };
        let Some((verdict, ago)) = verdict else {
            if self.silence(now) < self.stale_after || self.health == Health::Unhealthy {
                return None;
            }
            self.silences.push((now, self.known.len()));
            return self.decide(Health::Unhealthy);
        };
        self.hear(now);
        self.known.push(Known {
            at: now,
            sent: now.checked_sub(Duration::from_millis(ago)).unwrap(),
            failed: verdict == Verdict::Fail,
        });
        if self.passes() >= self.thresholds.rise as usize {
            let recovered = self.decide(Health::Healthy);
            if recovered.is_some() {
                self.recoveries.push(self.known.len());
            }
            return recovered;
        }
        let is_out = self.failures() >= self.thresholds.fall as usize || self.window_is_full();
        is_out.then(|| self.decide(Health::Unhealthy)).flatten()
    }

    fn decide(&mut self, health: Health) -> Option<Health> {
        (std::mem::replace(&mut self.health, health) != health).then_some(health)
    }
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Pass),
        4 => Just(Verdict::Fail),
        1 => Just(Verdict::Unknown),
    ]
}

/// How long ago a probe was sent: at once, a usual answer, one that waited for a thaw.
fn ages() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0_u64), 1 => 1_u64..800, 1 => 800_u64..20_000]
}

fn happenings() -> impl Strategy<Value = (u64, Happening)> {
    let happening = prop_oneof![
        16 => (verdicts(), ages()).prop_map(|(verdict, ago)| Happening::Verdict(verdict, ago)),
        2 => Just(Happening::Clock),
        1 => Just(Happening::Heard),
        1 => (0_u64..40_000).prop_map(Happening::Stall),
        1 => (1_000_u64..60_000).prop_map(Happening::StaleAfter),
    ];
    // Mostly probes that follow each other, and now and then a silence, also of exactly `stale_after`.
    let later = prop_oneof![12 => 0_u64..1500, 1 => 20_000_u64..40_000, 1 => Just(30_000_u64)];
    (later, happening)
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    let window = (1_u32..12).prop_flat_map(|size| (Just(size), 1..=size));
    let window = prop::option::of(window.prop_map(|(size, failures)| Window { size, failures }));
    (1_u32..5, 1_u32..6, window).prop_map(|(fall, rise, window)| Thresholds { fall, rise, window })
}

/// What these verdicts make of a tracker, and when the last of them is there.
fn after(thresholds: Thresholds, happenings: Vec<(u64, Happening)>) -> (Tracker, Instant) {
    let mut now = Instant::now() + Duration::from_hours(1);
    let mut tracker = Tracker::new(thresholds, STALE, now);
    for (later, happening) in happenings {
        now += Duration::from_millis(later);
        if let Happening::Verdict(verdict, _) = happening {
            tracker.on(now, now, verdict);
        }
    }
    (tracker, now)
}

proptest! {
    #[test]
    fn agrees_with_a_slow_reference(
        thresholds in thresholds(),
        happenings in prop::collection::vec(happenings(), 0..80),
    ) {
        // So that no probe was sent before the beginning of time.
        let start = Instant::now() + Duration::from_hours(1);
        let mut tracker = Tracker::new(thresholds, STALE, start);
        let mut reference = Reference::new(thresholds, start);
        let mut now = start;
        for (later, happening) in happenings {
            now += Duration::from_millis(later);
            let change = match happening {
                Happening::Verdict(verdict, ago) => {
                    tracker.on(now, now.checked_sub(Duration::from_millis(ago)).unwrap(), verdict)
                }
                Happening::Clock => tracker.on_time(now),
                Happening::Heard => {
                    tracker.hear(now);
                    None
                }
                Happening::Stall(millis) => {
                    tracker.forgive(Duration::from_millis(millis));
                    None
                }
                Happening::StaleAfter(millis) => {
                    tracker.set_stale_after(Duration::from_millis(millis));
                    None
                }
            };
            let expected = reference.on(now, happening);
            prop_assert_eq!(change.map(|change| change.to), expected, "{:?}", happening);
            prop_assert_eq!(tracker.health(), reference.health);
            prop_assert_eq!(tracker.is_failing(), reference.failures() > 0);
            match change.map(|change| change.cause) {
                Some(Cause::Passes(count)) => prop_assert_eq!(count as usize, reference.passes()),
                Some(Cause::Failures(count)) => prop_assert_eq!(count as usize, reference.failures()),
                Some(Cause::Window { failures, size }) => {
                    prop_assert!(reference.window_is_full() && failures <= size);
                }
                Some(Cause::Stale(silence)) => prop_assert_eq!(silence, reference.silence(now)),
                None => {}
            }
        }
    }

    /// Whoever looks at the clock at the deadline, and no earlier, misses nothing.
    #[test]
    fn the_deadline_is_the_first_moment_at_which_silence_counts(
        thresholds in thresholds(),
        happenings in prop::collection::vec(happenings(), 0..40),
    ) {
        let (mut tracker, _) = after(thresholds, happenings);
        let Some(deadline) = tracker.deadline() else {
            prop_assert_eq!(tracker.health(), Health::Unhealthy);
            return Ok(());
        };
        let before = deadline.checked_sub(Duration::from_nanos(1)).unwrap();
        prop_assert_eq!(tracker.clone().on_time(before), None);
        prop_assert!(tracker.on_time(deadline).is_some());
    }

    /// However it went before: so many failures in a row withdraw, with the last of them.
    #[test]
    fn nothing_delays_the_decision_after_fall_failures(
        thresholds in thresholds(),
        happenings in prop::collection::vec(happenings(), 0..40),
    ) {
        let (mut tracker, now) = after(thresholds, happenings);
        for _ in 0..thresholds.fall {
            tracker.on(now, now, Verdict::Fail);
        }
        prop_assert_eq!(tracker.health(), Health::Unhealthy);
    }
}
