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
