mod properties;

use proptest::prelude::*;

use super::*;
use crate::config::OnFailure;
use crate::health::Health;
use crate::model::Period;
use crate::policy::{Addresses, Announcement, CheckView, Hold, Inputs, decide};

/// The defaults.
const DEFAULTS: Damping = Damping {
    free: 2,
    hold: Period::from_millis(60_000),
    max_hold: Period::from_millis(960_000),
    half_life: Period::from_millis(900_000),
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: u64 = 24 * 3600;

/// One family in virtual time, as the daemon has it: health, damping and policy, once a second.
struct Family {
    damper: Damper,
    current: Announcement,
    /// When it was withdrawn, and for how many seconds it is held then.
    withdrawn: Vec<(u64, u64)>,
    /// When it was announced.
    announced: Vec<u64>,
}

impl Family {
    fn new(settings: Damping, start: Instant) -> Self {
        let mut damper = Damper::new(settings, start);
        damper.on(start, Input::Up);
        Self {
            damper,
            current: Announcement::Announced,
            withdrawn: vec![],
            announced: vec![],
        }
    }

    /// What is desired when the check fails, or passes, at this second.
    fn at(&mut self, second: u64, now: Instant, fails: bool) -> Announcement {
        self.damper.on_time(now);
        let checks = [CheckView {
            name: "dns-1 at 192.0.2.53",
            health: if fails {
                Health::Unhealthy
            } else {
                Health::Healthy
            },
            reason: "3 failed in a row: refused".into(),
            on_failure: OnFailure::Withdraw,
            off_host: false,
        }];
        let cycles = self.damper.cycles();
        let hold = self.damper.deadline().map(|_| Hold {
            until: jiff::Timestamp::UNIX_EPOCH,
            cycles,
        });
        let decision = decide(&Inputs {
            stopping: None,
            order: None,
            addresses: Addresses::Present,
            checks: &checks,
            hold,
            current: Some(self.current),
            has_twin: true,
        });
        let desired = decision.desired.unwrap();
        if desired != self.current {
            self.take(second, now, desired, decision.is_failure());
        }
        desired
    }

    fn take(&mut self, second: u64, now: Instant, desired: Announcement, is_failure: bool) {
        self.current = desired;
        if is_failure {
            let until = self.damper.on(now, Input::Failed);
            self.withdrawn
                .push((second, until.map_or(0, |until| (until - now).as_secs())));
        } else {
            self.damper.on(now, Input::Up);
            self.announced.push(second);
        }
    }
}

/// One line of a script.
struct Outages {
    from: u64,
    to: u64,
    every: u64,
    lasting: u64,
    holds: Vec<u64>,
}

impl Outages {
    fn read(line: &str) -> Self {
        let (when, holds) = line.split_once('|').unwrap();
        let words: Vec<_> = when.split_whitespace().collect();
        let clock = |text: &str| {
            let (hours, minutes) = text.split_once(':').unwrap();
            hours.parse::<u64>().unwrap() * 3600 + minutes.parse::<u64>().unwrap() * 60
        };
        let seconds = |text: &str| text.parse::<Period>().unwrap().duration().as_secs();
        Self {
            from: clock(words[0]),
            to: clock(words[1]),
            every: seconds(words[2]),
            lasting: seconds(words[3]),
            holds: holds
                .split_whitespace()
                .map(|hold| hold.parse().unwrap())
                .collect(),
        }
    }

    fn fails(&self, second: u64) -> bool {
        (self.from..self.to).contains(&second) && (second - self.from) % self.every < self.lasting
    }
}

/// A day of outages, and how many seconds each withdrawal holds the service at the defaults. An outage that comes
/// while it is withdrawn is no new withdrawal.
const A_BAD_DAY: &str = "
from  to    every lasting | holds
00:00 01:00 2m    10s     | 0 0 60 120 240 240 480 960 960
07:00 07:05 30s   10s     | 0 0 60 120
10:00 13:00 15m   1m      | 0 0 0 0 0 0 0 0 0 0 0 0
16:00 17:20 10m   10s     | 0 0 0 60 60 60 60 60
19:00 19:50 25m   20m     | 0 0
22:00 24:00 40s   20s     | 0 0 60 120 240 480 960 960 960 960 960 960 960
";

#[test]
fn a_bad_day_in_virtual_time() {
    let script: Vec<_> = A_BAD_DAY.lines().skip(2).map(Outages::read).collect();
    let start = Instant::now();
    let mut family = Family::new(DEFAULTS, start);
    for second in 0..DAY {
        let fails = script.iter().any(|outages| outages.fails(second));
        let desired = family.at(second, start + Duration::from_secs(second), fails);
        assert!(
            !fails || desired == Announcement::Withdrawn,
            "at {second} s"
        );
    }
    for outages in &script {
        let held = family.withdrawn.iter();
        let holds: Vec<_> = held
            .filter(|(at, _)| (outages.from..outages.to).contains(at))
            .map(|(_, hold)| *hold)
            .collect();
        assert_eq!(holds, outages.holds, "from {} h", outages.from / 3600);
    }
    // It is back in the very second in which the hold is over and the outage too.
    for (withdrawn, hold) in &family.withdrawn {
        let fails = |second: u64| script.iter().any(|outages| outages.fails(second));
        let wanted = (withdrawn + hold..DAY).find(|second| !fails(*second));
        let back = family.announced.iter().find(|at| *at > withdrawn);
        assert_eq!(back.copied(), wanted, "withdrawn at {withdrawn} s");
    }
}

/// Goes down again at once whenever it may be announced.
fn dies_at_once(settings: Damping, times: usize) -> Vec<u64> {
    let mut now = Instant::now();
    let mut damper = Damper::new(settings, now);
    let mut holds = vec![];
    for _ in 0..times {
        damper.on(now, Input::Up);
        let until = damper.on(now, Input::Failed);
        holds.push(until.map_or(0, |until| (until - now).as_secs()));
        now = until.unwrap_or(now);
        damper.on_time(now);
    }
    holds
}

/// With these holds in seconds.
fn with(free: u32, hold: u64, max_hold: u64) -> Damping {
    Damping {
        free,
        hold: Period::from_millis(hold * 1000),
        max_hold: Period::from_millis(max_hold * 1000),
        ..DEFAULTS
    }
}

#[test]
fn holds_double_up_to_the_longest() {
    for (settings, holds) in [
        (DEFAULTS, vec![0, 0, 60, 120, 240, 480, 960, 960, 960]),
        (with(0, 60, 960), vec![60, 120, 240, 480, 960, 960]),
        (with(1, 3, 10), vec![0, 3, 6, 10, 10]),
        (with(1, 30, 30), vec![0, 30, 30]),
    ] {
        assert_eq!(dies_at_once(settings, holds.len()), holds, "{settings:?}");
    }
    let a_year = u64::try_from(Period::MAX.duration().as_millis()).unwrap() / 1000;
    assert_eq!(dies_at_once(with(0, a_year, a_year), 2), [a_year, a_year]);
}

#[test]
fn a_bad_day_is_paid_for_in_hours() {
    for (settings, most) in [
        // The free ones, and those of 60 to 960 s.
        (DEFAULTS, "7"),
        // 3, 6 and what would be 12 s.
        (with(1, 3, 10), "4"),
        (with(0, 30, 30), "1"),
    ] {
        let now = Instant::now();
        let mut damper = Damper::new(settings, now);
        for _ in 0..100 {
            damper.on(now, Input::Up);
            damper.on(now, Input::Failed);
        }
        assert_eq!(damper.penalty(now).to_string(), most, "{settings:?}");
    }
}

fn up_and_held(settings: Damping) -> (Damper, Instant) {
    let now = Instant::now();
    let mut damper = Damper::new(settings, now);
    for _ in 0..3 {
        damper.on(now, Input::Up);
        damper.on(now, Input::Failed);
    }
    (damper, now)
}

#[test]
fn the_penalty_halves_only_while_announced() {
    let (mut damper, now) = up_and_held(DEFAULTS);
    let half_life = DEFAULTS.half_life.duration();
    assert_eq!(damper.penalty(now + 4 * half_life).to_string(), "3");
    damper.on(now + 4 * half_life, Input::Up);
    assert_eq!(damper.penalty(now + 5 * half_life).to_string(), "1.5");
    damper.on(now + 5 * half_life, Input::Down);
    assert_eq!(damper.penalty(now + 6 * half_life).to_string(), "1.5");
}

#[test]
fn a_hold_ends_once_and_in_time() {
    let (mut damper, now) = up_and_held(DEFAULTS);
    let until = now + DEFAULTS.hold.duration();
    assert_eq!((damper.deadline(), damper.cycles()), (Some(until), 3));
    assert!(!damper.on_time(until.checked_sub(SECOND).unwrap()));
    assert!(damper.on_time(until));
    assert_eq!((damper.deadline(), damper.on_time(until)), (None, false));
}

#[test]
fn what_an_operator_withdraws_costs_nothing() {
    let now = Instant::now();
    let mut damper = Damper::new(DEFAULTS, now);
    for _ in 0..9 {
        damper.on(now, Input::Up);
        assert_eq!(damper.on(now, Input::Down), None);
        assert_eq!(damper.on(now, Input::Failed), None);
    }
    assert_eq!(
        (damper.penalty(now).to_string(), damper.cycles()),
        ("0".to_owned(), 0)
    );
}

#[test]
fn a_hold_goes_on_after_a_pin() {
    let (mut damper, now) = up_and_held(DEFAULTS);
    let until = damper.deadline();
    damper.on(now, Input::Up);
    assert_eq!(damper.deadline(), None);
    damper.on(now, Input::Down);
    assert_eq!(damper.deadline(), until);
}

#[test]
fn forgiven_is_forgotten() {
    let (mut damper, now) = up_and_held(DEFAULTS);
    damper.forgive(now);
    assert_eq!((damper.deadline(), damper.cycles()), (None, 0));
    assert_eq!(damper.penalty(now).to_string(), "0");
    damper.on(now, Input::Up);
    damper.forgive(now);
    assert_eq!(damper.on(now, Input::Failed), None);
    assert_eq!(damper.penalty(now).to_string(), "1");
}

#[test]
fn the_free_cycles_are_back_after_a_quiet_while() {
    let (mut damper, mut now) = up_and_held(DEFAULTS);
    damper.on(now, Input::Up);
    now += 5 * DEFAULTS.half_life.duration();
    let mut holds = vec![];
    for _ in 0..3 {
        holds.push(damper.on(now, Input::Failed).map(|until| until - now));
        damper.on(now, Input::Up);
    }
    assert_eq!(holds, [None, None, Some(DEFAULTS.hold.duration())]);
    assert_eq!(damper.cycles(), 3);
}

proptest! {
    /// Whatever happens: a failure withdraws in the same second, and who passes is back when the hold is over.
    #[test]
    fn never_delays_a_withdrawal_and_always_lets_back(
        outages in prop::collection::vec((1_u64..400, 1_u64..100), 1..8),
        free in 0_u32..4,
        hold in 1_u64..100,
        longer in 0_u64..500,
    ) {
        let settings = Damping {
            free,
            hold: Period::from_millis(hold * 1000),
            max_hold: Period::from_millis((hold + longer) * 1000),
            ..DEFAULTS
        };
        let start = Instant::now();
        let (mut family, mut second) = (Family::new(settings, start), 0);
        let mut step = |fails| {
            let desired = family.at(second, start + Duration::from_secs(second), fails);
            second += 1;
            desired
        };
        for (quiet, lasting) in outages {
            for _ in 0..quiet {
                step(false);
            }
            for _ in 0..lasting {
                prop_assert_eq!(step(true), Announcement::Withdrawn);
            }
        }
        for _ in 0..hold + longer {
            step(false);
        }
        prop_assert_eq!(step(false), Announcement::Announced);
        for (at, held) in &family.withdrawn {
            prop_assert!(*held == 0 || (hold..=hold + longer).contains(held));
            let back = family.announced.iter().find(|back| *back > at).unwrap();
            prop_assert!(*back >= at + held);
        }
    }
}
