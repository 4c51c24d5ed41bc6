//! What holds whatever becomes of a family, beside a reference that keeps all that ever happened to it.

use proptest::prelude::*;

use super::*;

/// Something that happens so many seconds after the last such thing.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Becomes(Input),
    Clock,
    Forgiven,
}

/// All that became of a family since it was forgiven: the seconds at which that was, in their order.
struct Reference {
    settings: Damping,
    past: Vec<(u64, Input)>,
}

impl Reference {
    /// The penalty at a second, worked out anew from the beginning.
    fn penalty(&self, now: u64) -> f64 {
        let half_life = self.settings.half_life.duration().as_secs_f64();
        let ends = self.past.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let mut penalty = 0.0;
        let mut was_up = false;
        for ((at, input), end) in self.past.iter().zip(ends) {
            let is_up = *input == Input::Up;
            if was_up && *input == Input::Failed {
                penalty = f64::min(penalty + 1.0, self.most());
            }
            if is_up {
                let seconds = Duration::from_secs(end - at).as_secs_f64();
                penalty *= (-seconds / half_life).exp2();
            }
            was_up = is_up;
        }
        penalty
    }

    /// That of the longest hold.
    fn most(&self) -> f64 {
        let [hold, longest] = [self.settings.hold, self.settings.max_hold]
            .map(|period| period.duration().as_secs_f64());
        f64::from(self.settings.free) + 1.0 + (longest / hold).log2().ceil()
    }

    /// How long the withdrawal for a failure at a second holds.
    fn hold(&self, now: u64) -> Option<Duration> {
        let over = self.penalty(now) - f64::from(self.settings.free);
        // As in the table: what lies between two lines counts as the second one.
        let line = (1..100).find(|line| over <= f64::from(*line) + REMNANT)?;
        let longest = self.settings.max_hold.duration();
        let hold = self.settings.hold.duration() * 2_u32.pow(line.min(30) - 1);
        (over > REMNANT).then_some(hold.min(longest))
    }
}

fn settings() -> impl Strategy<Value = Damping> {
    (0_u32..4, 1_u64..100, 0_u64..2000, 10_u64..1000).prop_map(|(free, hold, longer, half_life)| {
        Damping {
            half_life: Period::from_millis(half_life * 1000),
            ..with(free, hold, hold + longer)
        }
    })
}

fn happenings() -> impl Strategy<Value = Vec<(u64, Happening)>> {
    let inputs = prop_oneof![
        5 => Just(Input::Up),
        5 => Just(Input::Failed),
        1 => Just(Input::Down),
    ];
    let happening = prop_oneof![
        20 => inputs.prop_map(Happening::Becomes),
        5 => Just(Happening::Clock),
        1 => Just(Happening::Forgiven),
    ];
    prop::collection::vec((0_u64..300, happening), 0..60)
}

proptest! {
    #[test]
    fn agrees_with_a_slow_reference(settings in settings(), happenings in happenings()) {
        let start = Instant::now();
        let mut damper = Damper::new(settings, start);
        let mut reference = Reference { settings, past: vec![] };
        let (mut second, mut held, mut is_up) = (0, None, false);
        for (later, happening) in happenings {
            second += later;
            let now = start + Duration::from_secs(second);
            match happening {
                Happening::Becomes(input) => {
                    let fails = is_up && input == Input::Failed;
                    is_up = input == Input::Up;
                    let until = damper.on(now, input);
                    reference.past.push((second, input));
                    let expected = reference.hold(second).filter(|_| fails);
                    prop_assert_eq!(until.map(|until| until - now), expected, "{:?}", reference.past);
                    if fails {
                        held = until;
                    }
                }
                Happening::Clock => {
                    let is_over = held.is_some_and(|until| until <= now) && !is_up;
                    prop_assert_eq!(damper.on_time(now), is_over);
                    held = held.filter(|_| !is_over);
                }
                Happening::Forgiven => {
                    damper.forgive(now);
                    held = None;
                    reference.past.clear();
                    let input = if is_up { Input::Up } else { Input::Down };
                    reference.past.push((second, input));
                }
            }
            prop_assert!((damper.penalty(now) - reference.penalty(second)).abs() < 1e-6);
            prop_assert!(damper.penalty(now) <= reference.most());
            // Nobody who is up has a hold to wait for, and nobody waits longer than the longest.
            prop_assert_eq!(damper.deadline(), held.filter(|_| !is_up));
            let longest = settings.max_hold.duration();
            prop_assert!(damper.deadline().is_none_or(|until| until <= now + longest));
        }
    }

    /// However bad it was: who is up for long enough has paid for everything.
    #[test]
    fn decays_to_nothing(settings in settings(), happenings in happenings()) {
        let start = Instant::now();
        let mut damper = Damper::new(settings, start);
        let mut now = start;
        for (later, happening) in happenings {
            now += Duration::from_secs(later);
            if let Happening::Becomes(input) = happening {
                damper.on(now, input);
            }
        }
        damper.on(now, Input::Up);
        // A penalty of at most 16 is below 0.1 then.
        now += 8 * settings.half_life.duration();
        prop_assert!(damper.penalty(now) < REMNANT);
        let until = damper.on(now, Input::Failed);
        let first = (settings.free == 0).then(|| now + settings.hold.duration());
        prop_assert_eq!((until, damper.cycles()), (first, 1));
    }
}
