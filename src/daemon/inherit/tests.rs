//! Reloads of a controller on a clock of the tests' own: no prober and no actuator is ever given the time to run.

use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::super::actuator::Attempt;
use super::super::duty::DutyId;
use super::super::record::Recorder;
use super::super::reload::Reading;
use super::super::{Observed, Report};
use super::*;
use crate::config::{Damping, OnFailure, Parts};
use crate::control::Response;
use crate::health::{Health, Verdict};
use crate::model::Period;
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;
use crate::reconcile::{Intent, ProtocolView, Seen};
use crate::reload::Refusal;

const SECOND: Duration = Duration::from_secs(1);

/// Two services on one server, `fall` 3 and `rise` 5.
const TWO: &str = "\
version: 1
node: { name: ams1, asn: 64601, router_id: 10.99.0.2 }
services:
  resolver:
    prefixes: [192.0.2.53/32]
    require_address: false
    checks:
      - dns: { name: example.com, type: SOA }
  web:
    prefixes: [198.51.100.53/32]
    require_address: false
    checks:
      - dns: { name: example.com, type: SOA }
neighbors:
  tor1:
    asn: 64600
    sessions:
      - { local: 10.99.0.2, remote: 10.99.0.1 }
";

fn config(text: &str) -> Config {
    Config::parse("config.yaml", text).unwrap().config
}

fn two() -> Config {
    config(TWO)
}

/// The same, the other way round.
fn swapped() -> Config {
    let mut config = two();
    config.services.reverse();
    config
}

fn only(name: &str) -> Config {
    let mut config = two();
    config
        .services
        .retain(|service| service.name.as_str() == name);
    config
}

fn set_interval(config: &mut Config, interval: Period) {
    for check in &mut config.services[0].checks {
        if let Parts::One(member) = &mut check.parts {
            member.timing.interval = interval;
        }
    }
}

struct Scene {
    controller: Controller,
    now: Instant,
}

impl Scene {
    fn new(config: Config) -> Self {
        let recorder = Recorder::start(Path::new("/proc/nowhere"), mpsc::channel(1).0);
        let (events, polls) = (mpsc::channel(1).0, mpsc::channel(1).0);
        let now = Instant::now();
        let mut controller = Controller::new(Arc::new(config), events, polls, recorder.0, now);
        controller.start_probers();
        Self { controller, now }
    }

    fn adopt(&mut self, config: Config) {
        self.now += SECOND;
        self.controller.adopt_config(Arc::new(config), self.now);
    }

    fn position(&self, name: &str) -> usize {
        let mut services = self.controller.config.services.iter();
        services
            .position(|service| service.name.as_str() == name)
            .unwrap()
    }

    fn state(&self, name: &str) -> &ServiceState {
        &self.controller.services[self.position(name)]
    }

    fn observed(&self, verdict: Verdict) -> Observed {
        Observed {
            sent: self.now,
            verdict,
            is_silence: true,
            detail: "refused".to_owned(),
            latency: None,
            at: Timestamp::now(),
        }
    }

    /// So many verdicts of the first check.
    fn verdicts(&mut self, name: &str, verdict: Verdict, count: usize) {
        for _ in 0..count {
            let (service, observed) = (self.position(name), self.observed(verdict));
            let found = (ProbeId { service, probe: 0 }, observed);
            self.controller.take_found(Ok(found), self.now).unwrap();
        }
    }

    fn both_announced() -> Self {
        let mut scene = Self::new(two());
        for name in ["resolver", "web"] {
            scene.verdicts(name, Verdict::Pass, 5);
            scene.desires(name, Announcement::Announced);
        }
        scene
    }

    fn desires(&self, name: &str, desired: Announcement) {
        let family = &self.state(name).families[0];
        assert_eq!(family.desired, Some(desired), "{}", family.reason);
    }

    fn health(&self, name: &str) -> Health {
        self.state(name).probes[0].tracker.health()
    }

    fn prober(&self, name: &str) -> DutyId {
        self.state(name).probes[0].duty.unwrap()
    }

    fn reload(&mut self, read: Result<Config, Refusal>) -> Response {
        let (reply, mut response) = oneshot::channel();
        let parsed = |config| {
            let mut parsed = Config::parse("config.yaml", TWO).unwrap();
            parsed.config = config;
            Box::new(parsed)
        };
        let reading = Reading {
            by: "alice".to_owned(),
            file: "config.yaml".to_owned(),
            read: read.map(parsed),
            reply,
        };
        self.controller.on_reload(reading, self.now);
        response.try_recv().unwrap()
    }
}

#[tokio::test]
async fn everything_follows_the_name_of_its_service() {
    let mut scene = Scene::both_announced();
    scene.verdicts("resolver", Verdict::Fail, 2);
    let since = scene.state("resolver").families[0].since;
    let probers = ["resolver", "web"].map(|name| scene.prober(name));
    scene.adopt(swapped());
    assert_eq!(scene.position("resolver"), 1);
    assert_eq!(probers, ["resolver", "web"].map(|name| scene.prober(name)));
    assert_eq!(scene.state("resolver").families[0].since, since);
    // What was failing gets no new time: the third failure counts with the two before.
    scene.verdicts("resolver", Verdict::Fail, 1);
    scene.desires("resolver", Announcement::Withdrawn);
    scene.desires("web", Announcement::Announced);
    let counted = scene.controller.measurements(scene.now).probes;
    let of = |name: &str| counted.iter().find(|probe| probe.service == name).unwrap();
    assert_eq!(
        (of("resolver").verdicts.fail, of("web").verdicts.fail),
        (3, 0)
    );
}

#[tokio::test]
async fn what_was_reported_before_is_read_with_the_positions_of_before() {
    let mut scene = Scene::both_announced();
    let id = FamilyId {
        service: scene.position("resolver"),
        family: 0,
    };
    let reports = scene.controller.reports.address(()).reports;
    let report = || {
        let attempt = Attempt {
            done: Vec::new(),
            error: Some("refused".to_owned()),
        };
        Report::Actuated(id, attempt)
    };
    assert!(reports.try_send(report()).is_ok());
    scene.adopt(swapped());
    let error = |name: &str| scene.state(name).families[0].error.clone();
    assert_eq!(error("resolver").as_deref(), Some("refused"));
    assert_eq!(error("web"), None);
    // And nothing more is heard from there.
    assert!(reports.try_send(report()).is_err());
}

#[tokio::test]
async fn an_actuator_at_work_goes_on_under_its_new_position() {
    let mut scene = Scene::both_announced();
    let motion = |scene: &Scene, name: &str| {
        let motion = scene.state(name).families[0].motion.as_ref().unwrap();
        let address = motion.address.borrow().id;
        (address, motion.call_off.clone())
    };
    let (before, called_off) = motion(&scene, "web");
    scene.adopt(swapped());
    let (after, still) = motion(&scene, "web");
    assert_eq!((before.service, after.service), (1, 0));
    assert!(!called_off.is_cancelled() && !still.is_cancelled());
    // That of a service which is gone does not.
    scene.adopt(only("resolver"));
    assert!(called_off.is_cancelled());
}

#[tokio::test]
async fn other_thresholds_begin_anew_and_hold_what_is() {
    let mut scene = Scene::both_announced();
    scene.verdicts("resolver", Verdict::Fail, 3);
    let prober = scene.prober("resolver");
    let mut config = two();
    for service in &mut config.services {
        service.thresholds.rise = 2;
    }
    scene.adopt(config);
    assert_eq!(scene.health("resolver"), Health::Unknown);
    assert_ne!(scene.prober("resolver"), prober);
    scene.desires("resolver", Announcement::Withdrawn);
    scene.desires("web", Announcement::Announced);
    scene.verdicts("resolver", Verdict::Pass, 1);
    scene.desires("resolver", Announcement::Withdrawn);
    scene.verdicts("resolver", Verdict::Pass, 1);
    scene.desires("resolver", Announcement::Announced);
}

#[tokio::test]
async fn another_interval_forgets_no_verdict() {
    let mut scene = Scene::both_announced();
    scene.verdicts("resolver", Verdict::Fail, 2);
    let prober = scene.prober("resolver");
    let mut config = two();
    set_interval(&mut config, Period::from_millis(5000));
    scene.adopt(config);
    assert_ne!(scene.prober("resolver"), prober);
    scene.verdicts("resolver", Verdict::Fail, 1);
    scene.desires("resolver", Announcement::Withdrawn);
}

#[tokio::test]
async fn a_check_that_is_put_in_front_changes_no_other() {
    let mut scene = Scene::both_announced();
    scene.verdicts("resolver", Verdict::Fail, 2);
    let first = "{ name: recursion, dns: { name: example.org, type: A } }\n      - dns:";
    scene.adopt(config(&TWO.replacen("dns:", first, 1)));
    let probes = &scene.state("resolver").probes;
    assert_eq!(probes[0].tracker.health(), Health::Unknown);
    assert!(probes[1].tracker.is_failing());
    assert_eq!(probes[1].tracker.health(), Health::Healthy);
    scene.desires("resolver", Announcement::Announced);
}

#[tokio::test]
async fn a_failure_may_do_something_else_at_once() {
    let mut scene = Scene::both_announced();
    let mut drains = two();
    drains.services[0].checks[0].on_failure = OnFailure::Drain;
    scene.adopt(drains);
    scene.verdicts("resolver", Verdict::Fail, 3);
    scene.desires("resolver", Announcement::Drained);
    scene.adopt(two());
    scene.desires("resolver", Announcement::Withdrawn);
}

#[tokio::test]
async fn probers_of_what_is_gone_are_ended_and_no_others() {
    let mut scene = Scene::both_announced();
    for round in 0..20 {
        let mut config = two();
        set_interval(&mut config, Period::from_millis(1000 + round));
        scene.adopt(config);
    }
    let kept = scene.prober("web");
    scene.adopt(only("web"));
    assert_eq!(scene.prober("web"), kept);
    assert_eq!(scene.controller.prober.len(), 1);
}

#[tokio::test]
async fn a_hold_goes_on_unless_its_settings_are_others() {
    let damping = |hold| Damping {
        free: 0,
        hold: Period::from_millis(hold),
        max_hold: Period::from_millis(600_000),
        half_life: Period::from_millis(3_600_000),
    };
    let damped = |hold| {
        let mut config = two();
        config.services[0].damping = Some(damping(hold));
        config
    };
    let mut scene = Scene::new(damped(60_000));
    scene.verdicts("resolver", Verdict::Pass, 5);
    scene.verdicts("resolver", Verdict::Fail, 3);
    scene.verdicts("resolver", Verdict::Pass, 5);
    let held = |scene: &Scene| {
        let family = &scene.state("resolver").families[0];
        family.hold(scene.now, Timestamp::now()).is_some()
    };
    assert!(held(&scene));
    scene.adopt(damped(60_000));
    assert!(held(&scene));
    scene.desires("resolver", Announcement::Withdrawn);
    scene.adopt(damped(90_000));
    assert!(!held(&scene));
    scene.desires("resolver", Announcement::Announced);
}

#[tokio::test]
async fn an_order_waits_for_its_service() {
    let mut scene = Scene::both_announced();
    let order = Override {
        kind: Kind::Withdraw,
        reason: None,
        by: "alice".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        until: None,
    };
    scene.controller.services[1].order = Some(order.clone());
    scene.controller.settle_all(scene.now);
    scene.adopt(only("resolver"));
    assert_eq!(scene.state("resolver").order, None);
    assert_eq!(scene.controller.orders_in_force()["web"], order);
    assert_eq!(scene.controller.problems.len(), 1);
    scene.adopt(swapped());
    assert_eq!(scene.state("web").order, Some(order));
    assert_eq!(scene.controller.problems.len(), 0);
    scene.desires("web", Announcement::Withdrawn);
}

#[tokio::test]
async fn what_is_exported_is_known_by_session_and_prefix() {
    let mut scene = Scene::new(two());
    scene.controller.bird.exports = HashMap::from([(0, Some(true)), (1, None)]);
    scene.adopt(swapped());
    assert_eq!(
        scene.controller.bird.exports,
        HashMap::from([(1, Some(true)), (0, None)])
    );
    scene.adopt(only("web"));
    assert_eq!(scene.controller.bird.exports, HashMap::from([(0, None)]));
}

#[tokio::test]
async fn the_host_is_asked_for_its_addresses_only_where_somebody_needs_them() {
    let asks = |scene: &Scene| scene.controller.reports.watcher.borrow().id;
    let without_events = || {
        let mut config = two();
        for service in &mut config.services {
            service.events = false;
        }
        config
    };
    let mut scene = Scene::new(without_events());
    assert!(!asks(&scene));
    // The probes of an address that goes away have to look.
    scene.adopt(two());
    assert!(asks(&scene));
    let mut config = without_events();
    config.services[1].require_address = true;
    scene.adopt(config);
    assert!(asks(&scene));
    let report = Report::Addresses(Ok(["192.0.2.53".parse().unwrap()].into()));
    scene.controller.take_report(report, scene.now);
    scene.desires("web", Announcement::Withdrawn);
    scene.adopt(without_events());
    assert!(!asks(&scene));
    assert_eq!(scene.controller.addresses, None);
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_told_until_something_is_taken() {
    let mut scene = Scene::both_announced();
    let loaded_at = scene.controller.config_loaded_at;
    let refusal = Refusal::plain("config.yaml:1:1: no".to_owned(), false);
    let response = scene.reload(Err(refusal.clone()));
    assert_eq!(response, Response::ReloadRefused(refusal));
    let mut moved = only("web");
    moved.bird.socket = PathBuf::from("/run/other.ctl");
    let response = scene.reload(Ok(moved));
    assert!(
        matches!(response, Response::ReloadRefused(refusal) if refusal.because.contains("bird.socket"))
    );
    assert_eq!(scene.controller.config.services.len(), 2);
    assert_eq!(scene.controller.config_loaded_at, loaded_at);
    let problems = scene.controller.problems.values().next().unwrap();
    assert!(problems.contains("bird.socket"), "{problems}");
    assert!(scene.controller.reload_refused);

    let response = scene.reload(Ok(only("web")));
    let Response::Reloaded(report) = response else {
        panic!("{response:?}");
    };
    assert_eq!(report.changes.services.removed, ["resolver"]);
    assert!(scene.controller.problems.is_empty());
    assert!(!scene.controller.reload_refused);
}

#[tokio::test]
async fn nothing_is_taken_during_a_stop() {
    let mut scene = Scene::both_announced();
    scene.controller.release_all();
    let response = scene.reload(Ok(only("web")));
    assert_eq!(
        response,
        Response::Error("the daemon is stopping".to_owned())
    );
    assert_eq!(scene.controller.config.services.len(), 2);
}

impl Scene {
    /// What nobody looks after any more, as a stop sees it.
    fn left_behind(&self) -> Vec<&str> {
        self.controller.orphans.open(false).collect()
    }

    /// BIRD has confirmed it, and what it says of the other protocols is that they are not there.
    fn is(&mut self, name: &str, normal: Seen, intent: Intent) {
        let position = self.position(name);
        let family = &mut self.controller.services[position].families[0];
        family.motion = None;
        family.view.normal = ProtocolView {
            seen: normal,
            intent,
        };
        family.view.drain = ProtocolView {
            seen: Seen::Missing,
            intent: Intent::Absent,
        };
    }
}

#[tokio::test]
async fn a_withdrawal_that_nobody_has_confirmed_outlives_its_service() {
    let mut scene = Scene::both_announced();
    for name in ["resolver", "web"] {
        scene.is(name, Seen::Up, Intent::Written);
    }
    scene.verdicts("web", Verdict::Fail, 3);
    scene.desires("web", Announcement::Withdrawn);
    // The file is gone, and BIRD does not answer.
    let position = scene.position("web");
    let family = &mut scene.controller.services[position].families[0];
    assert!(family.motion.is_some());
    (family.view.normal.intent, family.view.normal.seen) = (Intent::Absent, Seen::Unknown);
    scene.adopt(only("resolver"));
    assert_eq!(scene.left_behind(), ["anycast_web_v4"]);
    // Whoever is configured again looks after it himself.
    scene.adopt(two());
    assert_eq!(scene.left_behind(), [""; 0]);
}

#[tokio::test]
async fn what_bird_announces_without_a_file_outlives_no_service() {
    let mut scene = Scene::both_announced();
    // A disk that is full: announced by a command alone.
    scene.is("resolver", Seen::Up, Intent::Absent);
    scene.is("web", Seen::Down, Intent::Absent);
    let mut none = two();
    none.services.clear();
    scene.adopt(none);
    assert_eq!(scene.left_behind(), ["anycast_resolver_v4"]);
}

#[tokio::test]
async fn a_service_that_is_renamed_keeps_a_protocol_that_is_written_by_hand() {
    let by_hand = |name: &str| {
        let bird = "prefixes: [192.0.2.53/32]\n    bird: { v4: by_hand }";
        let text = TWO.replacen("prefixes: [192.0.2.53/32]", bird, 1);
        config(&text.replacen("resolver:", name, 1))
    };
    let mut scene = Scene::new(by_hand("resolver:"));
    scene.verdicts("resolver", Verdict::Pass, 5);
    scene.adopt(by_hand("other:"));
    assert_eq!(scene.left_behind(), [""; 0]);
}
