//! What the controller knows of one family of a service, and of one probe.

use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::duty::DutyId;
use super::measure::{Counted, Mismatch};
use super::{FamilyId, Observed, Sight};
use crate::config::{Families, OnFailure, Service};
use crate::damping::{Damper, Input};
use crate::health::{Change, Health, Tracker, Verdict};
use crate::model::{Family, Prefix};
use crate::policy::{Announcement, Decision, Hold};
use crate::reconcile::{self, FamilyView, Intent, Step};
use crate::status;
use crate::watchdog::Pulse;

/// A position among the checks of a service, and one among the members of that check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) check: usize,
    pub(super) member: usize,
}

/// One check at one server, or whatever else is looked at.
pub(super) struct ProbeState {
    /// Which check it belongs to, and which member of that.
    pub(super) place: Place,
    /// The name of the check, or of the member of a group.
    pub(super) check: String,
    /// What is looked at, for people.
    pub(super) subject: String,
    /// The address that is asked, if it is known beforehand.
    pub(super) address: Option<IpAddr>,
    /// How an operator knows it: `dns-1 at 192.0.2.53`.
    pub(super) name: String,
    /// The families it decides on.
    pub(super) decides: Families,
    /// What its failure does to the service.
    pub(super) on_failure: OnFailure,
    /// Its health.
    pub(super) tracker: Tracker,
    /// When its prober reported last.
    pub(super) pulse: Pulse,
    /// Why its health is as it is.
    pub(super) reason: String,
    /// The last verdict.
    pub(super) last: Option<Observed>,
    /// Whether anything may be announced that it decides on.
    pub(super) announced: bool,
    /// Whether it looks at once when something happens.
    pub(super) has_events: bool,
    /// What is watched for that.
    pub(super) sight: Option<Sight>,
    /// What happened there, until a later probe passes.
    pub(super) happened: Option<Happened>,
    /// What is counted for the metrics.
    pub(super) counted: Counted,
    /// With the prober; `None` until it has begun.
    pub(super) duty: Option<DutyId>,
}

/// Something that was worth a look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    at: Instant,
    /// In words that "then" may follow.
    what: &'static str,
    /// Whether a probe has failed since, and that was told to others.
    is_told: bool,
}

impl ProbeState {
    /// Takes a verdict. True if it decided something.
    pub(super) fn on(&mut self, now: Instant, observed: Observed) -> bool {
        self.pulse.on(now);
        self.counted.on(&observed);
        if observed.verdict == Verdict::Pass {
            self.happened
                .take_if(|happened| happened.at <= observed.sent);
        }
        if !observed.is_silence {
            self.tracker.hear(now);
        }
        let change = self.tracker.on(now, observed.sent, observed.verdict);
        if let Some(change) = change {
            self.reason = self.reason_for(change, &observed.detail);
        }
        self.last = Some(observed);
        change.is_some()
    }

    /// Looks at the clock. True if silence decided something.
    pub(super) fn on_time(&mut self, now: Instant) -> bool {
        let Some(change) = self.tracker.on_time(now) else {
            return false;
        };
        let last = self.last.as_ref();
        let detail = last.map_or("no probe has ended", |last| last.detail.as_str());
        self.reason = self.reason_for(change, detail);
        true
    }

    fn reason_for(&self, change: Change, detail: &str) -> String {
        match change.to {
            Health::Healthy | Health::Unknown => change.cause.to_string(),
            Health::Unhealthy => match self.happened {
                Some(Happened { what, .. }) => {
                    format!("{what}, then {}: {detail}", change.cause)
                }
                None => format!("{}: {detail}", change.cause),
            },
        }
    }

    /// Something happened to what it looks at. Where the prober is to look, if there is anything to lose.
    pub(super) fn happens(&mut self, now: Instant, what: &'static str) -> Option<DutyId> {
        if !self.has_events || !self.announced {
            return None;
        }
        self.happened = Some(Happened {
            at: now,
            what,
            is_told: false,
        });
        self.duty
    }

    /// The server that is asked, if it can be watched.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        match &self.sight {
            Some(Sight::Server(server)) => Some(*server),
            Some(Sight::Unit(_)) | None => None,
        }
    }

    /// The server, if something happened there and it has now failed for the first time since.
    pub(super) fn fails_after_event(&mut self) -> Option<SocketAddr> {
        let fails = self.last.as_ref()?.verdict == Verdict::Fail;
        let happened = self.happened.as_mut().filter(|_| fails)?;
        let is_told = mem::replace(&mut happened.is_told, true);
        self.server().filter(|_| !is_told)
    }
}

/// One family of a service.
pub(super) struct FamilyState {
    /// Which.
    pub(super) family: Family,
    /// Its prefixes.
    pub(super) prefixes: Vec<Prefix>,
    /// Its protocol and the drained twin.
    pub(super) names: [String; 2],
    /// Whether there is a drained twin.
    pub(super) has_twin: bool,
    /// What should be; `None` while what is has been adopted and nothing is decided.
    pub(super) desired: Option<Announcement>,
    /// Why.
    pub(super) reason: String,
    /// Since when.
    pub(super) since: Timestamp,
    /// What it costs to come and go; `None`: nothing.
    pub(super) damper: Option<Damper>,
    /// What is.
    pub(super) view: FamilyView,
    /// When `view` was last changed by ourselves: an older poll does not know it.
    pub(super) changed: Instant,
    /// The actuator at work.
    pub(super) motion: Option<Motion>,
    /// Why the desired state is not reached.
    pub(super) error: Option<String>,
    /// Whether BIRD's configuration includes the intent files; `None` if it cannot be read.
    pub(super) protected: [Option<bool>; 2],
    /// For how long it was not as desired, all in all.
    pub(super) mismatch: Mismatch,
}

/// An actuator at work.
pub(super) struct Motion {
    /// Towards what.
    pub(super) target: Announcement,
    /// Its steps.
    pub(super) steps: Vec<Step>,
    /// Since when.
    pub(super) began: Instant,
    /// Whether all steps have come true.
    pub(super) confirmed: bool,
    /// Ends it.
    pub(super) call_off: CancellationToken,
    /// Where its reports go.
    pub(super) address: watch::Sender<Address<FamilyId>>,
}

impl FamilyState {
    /// A family of which nothing is known yet.
    pub(super) fn new(service: &Service, family: Family, now: Instant) -> Self {
        Self {
            family,
            prefixes: service.prefixes_of(family).collect(),
            names: service.protocols(family),
            has_twin: service.has_twin(family),
            desired: None,
            reason: "no verdict yet".to_owned(),
            since: Timestamp::now(),
            damper: service.damping.map(|damping| Damper::new(damping, now)),
            view: FamilyView::UNKNOWN,
            changed: now,
            motion: None,
            error: None,
            protected: [None; 2],
            mismatch: Mismatch::default(),
        }
    }

    /// Whether nothing is left to do, as far as is known.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_as_desired = |desired| reconcile::steps(desired, self.view).is_empty();
        self.motion.is_none() && self.error.is_none() && self.desired.is_none_or(is_as_desired)
    }

    /// Takes a decision; true if something else is desired than before.
    ///
    /// Once there was a decision it stands until there is another: a decision to hold changes nothing.
    pub(super) fn take(&mut self, decision: Decision) -> bool {
        let Some(desired) = decision.desired else {
            if self.desired.is_none() {
                self.reason = decision.reason;
            }
            return false;
        };
        self.reason = decision.reason;
        let changed = self.desired != Some(desired);
        if changed {
            self.desired = Some(desired);
            self.since = Timestamp::now();
        }
        changed
    }

    /// What should be; before the first decision, what is. `None` if that is unknown.
    pub(super) fn current(&self) -> Option<Announcement> {
        self.desired.or_else(|| self.view.actual())
    }

    /// Whether neighbours may have a route, as far as is known.
    pub(super) fn is_announced(&self) -> bool {
        self.current() != Some(Announcement::Withdrawn)
    }

    /// Tells damping of a decision that is not taken yet. True if a hold begins.
    pub(super) fn damp(&mut self, decision: &Decision, now: Instant) -> bool {
        let current = self.current();
        let Some(damper) = &mut self.damper else {
            return false;
        };
        let up_or_down = |state| match state {
            Announcement::Withdrawn => Input::Down,
            Announcement::Drained | Announcement::Announced => Input::Up,
        };
        // What was announced before we came goes down like anything else.
        if let Some(current) = current {
            damper.on(now, up_or_down(current));
        }
        let Some(desired) = decision.desired else {
            return false;
        };
        let input = if decision.is_failure() {
            Input::Failed
        } else {
            up_or_down(desired)
        };
        damper.on(now, input).is_some()
    }

    /// Looks at the clock. True if it is no longer held back.
    pub(super) fn on_time(&mut self, now: Instant) -> bool {
        self.damper
            .as_mut()
            .is_some_and(|damper| damper.on_time(now))
    }

    /// An operator wants no more of its past: neither penalty nor hold.
    pub(super) fn forgive(&mut self, now: Instant) {
        if let Some(damper) = &mut self.damper {
            damper.forgive(now);
        }
    }

    /// What holds it back; `at` is `now` by the wall clock.
    pub(super) fn hold(&self, now: Instant, at: Timestamp) -> Option<Hold> {
        let damper = self.damper.as_ref()?;
        let left = damper.deadline()?.saturating_duration_since(now);
        let whole = TimestampRound::new()
            .smallest(Unit::Second)
            .mode(RoundMode::Ceil);
        // Both are far from the end of time.
        let until = at.checked_add(left).ok()?.round(whole).ok()?;
        (!left.is_zero()).then_some(Hold {
            until,
            cycles: damper.cycles(),
        })
    }

    /// Its damping as everybody may see it; `at` is `now` by the wall clock.
    pub(super) fn damping(&self, now: Instant, at: Timestamp) -> status::Damping {
        status::Damping {
            penalty: self
                .damper
                .as_ref()
                .map_or(0.0, |damper| damper.penalty(now)),
            hold_until: self.hold(now, at).map(|hold| hold.until),
        }
    }

    /// These steps have come true.
    pub(super) fn apply(&mut self, done: &[Step], now: Instant) {
        for step in done {
            step.apply(&mut self.view);
            self.changed = now;
        }
    }

    /// The motion is done. Returns where it went and how long it took.
    pub(super) fn confirm(&mut self, now: Instant) -> Option<(Announcement, Duration)> {
        let motion = self.motion.as_mut()?;
        (motion.confirmed, self.error) = (true, None);
        Some((motion.target, now.saturating_duration_since(motion.began)))
    }

    /// The actuator has ended. Without a confirmation nobody knows how far it came: the next one has to
    /// do everything, even what seems to be so already.
    pub(super) fn end(&mut self, now: Instant) {
        if self.motion.take().is_some_and(|motion| !motion.confirmed) {
            (self.view, self.changed) = (FamilyView::UNKNOWN, now);
        }
    }

    /// Whether BIRD would start with both protocols disabled.
    pub(super) fn has_no_intent(&self) -> bool {
        [self.view.normal, self.view.drain]
            .iter()
            .all(|protocol| protocol.intent == Intent::Absent)
    }
}

impl Motion {
    /// Whether it goes there, and with all these steps.
    pub(super) fn covers(&self, target: Announcement, steps: &[Step]) -> bool {
        self.target == target && steps.iter().all(|step| self.steps.contains(step))
    }
}
