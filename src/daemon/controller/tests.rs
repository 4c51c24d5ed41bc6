//! The whole way from verdicts to what is desired, without BIRD and on a clock of the tests' own: no actuator is
//! ever given the time to run.

use std::path::Path;

use super::*;
use crate::config::{Damping, OnFailure, SMALLEST};
use crate::health::Verdict;
use crate::model::Period;
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;
use crate::status::{Health, Service};

const OWN: &str = "192.0.2.53";
const OTHER: &str = "198.51.100.1";
const SECOND: Duration = Duration::from_secs(1);

/// The first withdrawal is free, the second holds for ten seconds.
const DAMPING: Damping = Damping {
    free: 1,
    hold: Period::from_millis(10_000),
    max_hold: Period::from_millis(20_000),
    half_life: Period::from_millis(3_600_000),
};

/// One that has no directory to write to.
fn recorder() -> Recorder {
    Recorder::start(Path::new("/proc/nowhere"), mpsc::channel(1).0).0
}

/// The controller of one service with a check of its own address and a draining one of `other`.
struct Scene {
    controller: Controller,
    now: Instant,
}

impl Scene {
    fn new(other: &str) -> Self {
        let recursion = format!(
            "{{ name: recursion, dns: {{ server: {other}, name: example.com, type: SOA }} }}"
        );
        let text = SMALLEST.replace("neighbors:", &format!("      - {recursion}\nneighbors:"));
        let mut config = Config::parse("config.yaml", &text).unwrap().config;
        config.services[0].damping = Some(DAMPING);
        config.services[0].checks[1].on_failure = OnFailure::Drain;
        let (events, _) = mpsc::channel(1);
        let (polls, _) = mpsc::channel(1);
        let now = Instant::now();
        let mut controller = Controller::new(Arc::new(config), events, polls, recorder(), now);
        controller.take_report(Report::Addresses(Ok(addresses(&[OWN]))), now);
        Self { controller, now }
    }

    /// So many verdicts of the check of the own address, or of the other one.
    fn verdicts(&mut self, probe: usize, verdict: Verdict, count: usize) {
        for _ in 0..count {
            let observed = Observed {
                sent: self.now,
                verdict,
                is_silence: true,
                detail: "refused".to_owned(),
                latency: None,
                at: Timestamp::now(),
            };
            let id = ProbeId { service: 0, probe };
            self.controller.on_observed(id, observed, self.now);
        }
    }

    fn own(&mut self, verdict: Verdict) {
        self.verdicts(0, verdict, 5);
    }

    fn other(&mut self, verdict: Verdict) {
        self.verdicts(1, verdict, 5);
    }

    fn both(&mut self, verdict: Verdict) {
        self.own(verdict);
        self.other(verdict);
    }

    fn order(&mut self, kind: Option<Kind>) {
        self.controller.services[0].order = kind.map(|kind| Override {
            kind,
            reason: None,
            by: "alice".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            until: None,
        });
        self.controller.settle_service(0, self.now);
    }

    fn tick(&mut self, later: Duration) {
        self.now += later;
        self.controller.look_at_clock(self.now, self.now);
    }

    fn service(&self) -> Service {
        self.controller
            .snapshot(Timestamp::now())
            .services
            .remove(0)
    }

    fn is(&self, desired: Announcement, health: Health) {
        let service = self.service();
        let is = (service.desired, service.health);
        assert_eq!(is, (Some(desired), health), "{}", service.reason);
    }

    /// Went down as often as is free, and once more; healthy again since.
    fn held() -> Self {
        let mut scene = Self::new(OTHER);
        scene.both(Verdict::Pass);
        for _ in 0..2 {
            scene.own(Verdict::Fail);
            scene.is(Announcement::Withdrawn, Health::Unhealthy);
            scene.own(Verdict::Pass);
        }
        scene
    }
}

/// A reason with the time of the end of a hold in it, which is a time of day.
fn assert_says(reason: &str, (before, times): (&str, &str)) {
    let after = format!(" UTC: it went down {times} (damping)");
    assert!(
        reason.starts_with(before) && reason.ends_with(&after),
        "{reason}"
    );
}

fn addresses(addresses: &[&str]) -> BTreeSet<IpAddr> {
    let addresses = addresses.iter();
    addresses.map(|address| address.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_hold_ends_with_the_next_tick() {
    let mut scene = Scene::held();
    scene.is(Announcement::Withdrawn, Health::Healthy);
    let service = scene.service();
    assert!(service.damping.hold_until.is_some());
    let between = ("healthy again, but held until ", "2 times lately");
    assert_says(&service.reason, between);
    scene.tick(Duration::from_secs(9));
    scene.is(Announcement::Withdrawn, Health::Healthy);
    scene.tick(SECOND);
    scene.is(Announcement::Announced, Health::Healthy);
    assert_eq!(scene.service().damping.hold_until, None);
}

#[tokio::test]
async fn the_decision_to_withdraw_says_until_when() {
    let mut scene = Scene::held();
    scene.tick(DAMPING.hold.duration());
    scene.own(Verdict::Fail);
    let check = format!("dns-1 at {OWN}: 3 failed in a row: refused; not announced again before ");
    assert_says(&scene.service().reason, (&check, "3 times lately"));
}

#[tokio::test]
async fn a_forgiven_family_is_announced_at_once() {
    let mut scene = Scene::held();
    scene.controller.services[0].families[0].forgive(scene.now);
    scene.controller.settle_service(0, scene.now);
    scene.is(Announcement::Announced, Health::Healthy);
    scene.own(Verdict::Fail);
    scene.own(Verdict::Pass);
    scene.is(Announcement::Announced, Health::Healthy);
}

#[tokio::test]
async fn without_damping_nothing_is_ever_held() {
    let mut scene = Scene::new(OTHER);
    let mut config = Config::clone(&scene.controller.config);
    config.services[0].damping = None;
    let (events, polls) = (mpsc::channel(1).0, mpsc::channel(1).0);
    scene.controller = Controller::new(Arc::new(config), events, polls, recorder(), scene.now);
    let addresses = addresses(&[OWN]);
    scene
        .controller
        .take_report(Report::Addresses(Ok(addresses)), scene.now);
    scene.both(Verdict::Pass);
    for _ in 0..9 {
        scene.own(Verdict::Fail);
        scene.is(Announcement::Withdrawn, Health::Unhealthy);
        scene.own(Verdict::Pass);
        scene.is(Announcement::Announced, Health::Healthy);
    }
    assert_eq!(scene.service().damping, crate::status::Damping::default());
}

#[tokio::test]
async fn an_address_that_comes_and_goes_is_damped() {
    let mut scene = Scene::new(OTHER);
    scene.both(Verdict::Pass);
    for desired in [Announcement::Announced, Announcement::Withdrawn] {
        for own in [&[][..], &[OWN]] {
            let report = Report::Addresses(Ok(addresses(own)));
            scene.controller.take_report(report, scene.now);
        }
        scene.is(desired, Health::Healthy);
    }
}

#[tokio::test]
async fn what_an_operator_does_is_neither_illness_nor_cure_nor_damped() {
    let mut scene = Scene::new(OTHER);
    scene.both(Verdict::Pass);
    for _ in 0..5 {
        scene.order(Some(Kind::Drain));
        scene.is(Announcement::Drained, Health::Healthy);
        scene.order(Some(Kind::Withdraw));
        scene.is(Announcement::Withdrawn, Health::Healthy);
        scene.order(None);
        scene.is(Announcement::Announced, Health::Healthy);
    }
    scene.order(Some(Kind::Pin));
    scene.own(Verdict::Fail);
    scene.is(Announcement::Announced, Health::Unhealthy);
    scene.order(None);
    scene.is(Announcement::Withdrawn, Health::Unhealthy);
    assert_eq!(scene.service().damping.hold_until, None);
}

#[tokio::test]
async fn an_order_before_the_first_verdict() {
    let mut scene = Scene::new(OTHER);
    scene.order(Some(Kind::Drain));
    assert_eq!(scene.service().desired, None);
    scene.order(Some(Kind::Withdraw));
    scene.is(Announcement::Withdrawn, Health::Unknown);
}

#[tokio::test]
async fn a_failed_check_of_another_host_drains_and_that_is_all() {
    let beyond = "the only check of another host fails";
    let mut scene = Scene::new(OTHER);
    scene.both(Verdict::Pass);
    scene.other(Verdict::Fail);
    scene.is(Announcement::Drained, Health::Degraded);
    assert!(scene.service().reason.starts_with(beyond));
    // The host gets this address: so it was its own server all the time.
    let report = Report::Addresses(Ok(addresses(&[OWN, OTHER])));
    scene.controller.take_report(report, scene.now);
    let reason = scene.service().reason;
    assert!(
        reason.starts_with("recursion at 198.51.100.1: "),
        "{reason}"
    );
    scene.other(Verdict::Pass);
    scene.is(Announcement::Announced, Health::Healthy);

    let mut scene = Scene::new("127.0.0.1");
    scene.both(Verdict::Pass);
    scene.other(Verdict::Fail);
    scene.is(Announcement::Drained, Health::Degraded);
    let reason = scene.service().reason;
    assert!(reason.starts_with("recursion at 127.0.0.1: "), "{reason}");
}
