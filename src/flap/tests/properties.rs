//! A BIRD of a few lines, whose session comes and goes as a script says, and whose times jitter as the real ones do.

use proptest::prelude::*;

use super::*;

/// BIRD's formats of `show protocols`.
#[derive(Debug, Clone, Copy)]
enum Format {
    /// That of rendered files, with and without a fraction.
    IsoLong(&'static str),
    /// BIRD's own.
    IsoShort(&'static str),
}

const FORMATS: [Format; 4] = [
    Format::IsoLong("%F %T.%3f"),
    Format::IsoLong("%F %T"),
    Format::IsoShort("%T.%3f"),
    Format::IsoShort("%T"),
];

/// The 20 hours after which iso short shows the date alone.
const SHORT: i64 = 20 * 3600 * 1000;

/// All times are milliseconds after the session first came up.
#[derive(Debug)]
struct Script {
    /// The moments at which it is lost, and how long it then is away.
    losses: Vec<(i64, i64)>,
    format: Format,
    /// The moment at which somebody sets BIRD's clock, and by how much.
    step: (i64, i64),
    /// The moment at which local time changes, and by how much.
    zone: (i64, i64),
}

/// The clock is as it always was.
const NEVER: (i64, i64) = (i64::MAX, 0);

impl Script {
    /// Whether it is up at a time, and since when it is as it is.
    fn state(&self, now: i64) -> (bool, i64) {
        match self.losses.iter().rev().find(|(at, _)| *at <= now) {
            None => (true, 0),
            Some((at, away)) if at + away <= now => (true, at + away),
            Some((at, _)) => (false, *at),
        }
    }

    /// What the wall shows for a moment, when that is asked at `now`.
    fn wall(&self, moment: i64, now: i64) -> jiff::civil::DateTime {
        let set = if now >= self.step.0 { self.step.1 } else { 0 };
        let zone = if moment >= self.zone.0 {
            self.zone.1
        } else {
            0
        };
        let start = jiff::civil::date(2026, 11, 22).at(1, 50, 0, 0);
        start + jiff::SignedDuration::from_millis(moment + set + zone)
    }

    fn look(&self, now: i64, jitter: i64) -> Sighting {
        let base = self.wall(now, now).strftime("%F %T.%3f").to_string();
        let clock = LocalTime::parse(&base, None);
        let (is_up, since) = self.state(now);
        let moment = self.wall(since + jitter, now);
        let text = match self.format {
            Format::IsoShort(_) if now - since >= SHORT => moment.strftime("%F").to_string(),
            Format::IsoLong(format) | Format::IsoShort(format) => {
                moment.strftime(format).to_string()
            }
        };
        let since = Moment::of(LocalTime::parse(&text, clock), clock);
        let sighting = if is_up { up(0.0, 0.0) } else { lost(0.0, 0.0) };
        Sighting { since, ..sighting }
    }

    /// How many flaps are seen by somebody who looks every `interval` from `phase` on until `end`.
    fn seen(&self, phase: i64, interval: i64, end: i64, jitters: &[i64]) -> u64 {
        let start = Instant::now();
        let mut tracker = Tracker::new("s".to_owned(), FLAP, start);
        let mut jitters = jitters.iter().cycle();
        let mut now = phase;
        while now <= end {
            let at = start + Duration::from_millis(now.unsigned_abs());
            let jitter = jitters.next().copied().unwrap_or_default();
            tracker.on(at, self.look(now, jitter), &NOTHING);
            now += interval;
        }
        tracker.count()
    }
}

fn format() -> impl Strategy<Value = Format> {
    prop::sample::select(FORMATS.to_vec())
}

/// In milliseconds: ten times what was measured.
fn jitters() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(-1_i64..=1, 1..50)
}

fn step(by: &[i64]) -> impl Strategy<Value = (i64, i64)> + use<> {
    (10_i64..120_000, prop::sample::select(by.to_vec()))
}

proptest! {
    #[test]
    fn every_loss_counts_once_whenever_somebody_looks(
        spells in prop::collection::vec((7_000_i64..60_000, 100_i64..20_000), 0..5),
        interval in prop::sample::select(vec![300_i64, 1000, 5000]),
        phase in 0_i64..5000,
        format in format(),
        jitters in jitters(),
    ) {
        let mut time = 0;
        let away = spells.into_iter().map(|(up, away)| {
            let at = time + up;
            time = at + away;
            (at, away)
        });
        let script = Script { losses: away.collect(), format, step: NEVER, zone: NEVER };
        let seen = script.seen(phase, interval, time + 11_000, &jitters);
        prop_assert_eq!(seen, script.losses.len() as u64, "{:?}", script);
    }

    #[test]
    fn a_session_that_stays_up_never_flaps(
        from in prop::sample::select(vec![0_i64, 3_500_000, SHORT - 60_000, 86_300_000]),
        step in step(&[-3_600_000, -10_000, -700, 700, 10_000, 3_600_000]),
        zone in step(&[-3_600_000, 0, 3_600_000]),
        interval in 500_i64..6000,
        format in prop::sample::select(FORMATS[..2].to_vec()),
        jitters in jitters(),
    ) {
        let (step, zone) = ((from + step.0, step.1), (from + zone.0, zone.1));
        let script = Script { losses: Vec::new(), format, step, zone };
        prop_assert_eq!(script.seen(from, interval, from + 200_000, &jitters), 0, "{:?}", script);
    }

    /// BIRD's own format changes its form after 20 hours, and its times of day return.
    #[test]
    fn nor_does_one_whose_time_changes_its_form(
        from in prop::sample::select(vec![0_i64, 79_000_000, SHORT - 60_000, SHORT, 86_300_000, 172_700_000]),
        step in step(&[-10_000, -700, 700, 10_000]),
        interval in 500_i64..6000,
        format in format(),
        jitters in jitters(),
    ) {
        let step = (from + step.0, step.1);
        let script = Script { losses: Vec::new(), format, step, zone: NEVER };
        prop_assert_eq!(script.seen(from, interval, from + 200_000, &jitters), 0, "{:?}", script);
    }
}

/// A look: how many milliseconds after the last one, and whether the session is up, or was lost and has come back since.
#[derive(Debug, Clone, Copy)]
enum Look {
    Up,
    Lost,
    Back,
}

fn looks() -> impl Strategy<Value = Vec<(u64, Look)>> {
    let look = prop::sample::select(vec![Look::Up, Look::Lost, Look::Back]);
    let later = prop_oneof![8 => 2000_u64..10_000, 1 => 10_000_u64..1_000_000];
    prop::collection::vec((later, look), 0..60)
}

fn thresholds() -> impl Strategy<Value = Flap> {
    let numbers = (1_u32..2000, 1_u32..2000, 0_u32..10_000, 1_u32..5000);
    numbers.prop_map(|(reuse, gap, more, penalty)| Flap {
        penalty: penalty.min(reuse + gap + more),
        reuse,
        suppress: reuse + gap,
        max: reuse + gap + more,
        ..FLAP
    })
}

proptest! {
    /// Whatever a session does: its penalty is bounded, and it counts as flapping from `suppress` until it is below
    /// `reuse`, told once each.
    #[test]
    fn flapping_begins_at_suppress_and_ends_below_reuse(flap in thresholds(), looks in looks()) {
        let start = Instant::now();
        let mut tracker = Tracker::new("s".to_owned(), flap, start);
        let (mut millis, mut since, mut flapping, mut flaps) = (0_u64, 0_u64, false, 0);
        let (suppress, reuse) = (f64::from(flap.suppress), f64::from(flap.reuse));
        for (later, look) in looks {
            let before = start + Duration::from_millis(millis);
            if let Some(deadline) = tracker.deadline(before) {
                // Nothing else happens until then: it ends there, and not much earlier.
                prop_assert!(tracker.penalty(deadline) < reuse);
                let early = deadline.checked_sub(Duration::from_millis(2)).unwrap();
                prop_assert!(early <= before || tracker.penalty(early) >= reuse);
            }
            prop_assert_eq!(tracker.deadline(before).is_some(), flapping);
            millis += later;
            let seconds = |millis: u64| Duration::from_millis(millis).as_secs_f64();
            let sighting = match look {
                Look::Up => up(seconds(since), seconds(millis)),
                Look::Back => {
                    since = millis - 100;
                    up(seconds(since), seconds(millis))
                }
                Look::Lost => {
                    since = millis - 200;
                    lost(seconds(since), seconds(millis))
                }
            };
            let now = start + Duration::from_millis(millis);
            for event in tracker.on(now, sighting, &NOTHING) {
                match event {
                    Event::Flapped { penalty, .. } => {
                        flaps += 1;
                        prop_assert!(penalty >= f64::from(flap.penalty));
                        prop_assert!(penalty <= f64::from(flap.max));
                    }
                    Event::Flapping { flapping: is, penalty, .. } => {
                        prop_assert_ne!(is, flapping, "told once");
                        let is_due = if is { penalty >= suppress } else { penalty < reuse };
                        prop_assert!(is_due, "{}", penalty);
                        flapping = is;
                    }
                    _ => {}
                }
            }
            let penalty = tracker.penalty(now);
            prop_assert_eq!((tracker.is_flapping(), tracker.count()), (flapping, flaps));
            let is_right = if flapping { penalty >= reuse } else { penalty < suppress };
            prop_assert!(is_right, "{}", penalty);
        }
    }
}
