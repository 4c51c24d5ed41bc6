//! Sessions that are kept disabled because they flap: compares what is wanted with what is, and sets a holder to work
//! on the difference.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::FamilyId;
use super::address::{Address, Mailbox};
use super::controller::Controller;
use super::holder::{Attempt, CONNECTIONS, Holder, SessionId};
use super::poller::{Poll, sessions};
use crate::bird::table::Protocol;
use crate::config::{Config, FlapAction};
use crate::history::Event;
use crate::hold::{self, DropIn, MARK, Seen, Step, View};

/// What BIRD keeps as the message of a session that is held no longer.
const RELEASED: &str = "anycastctl: no longer flapping";

/// Any export may be asked about first: what counts is that BIRD is polled at once.
const ANY_FAMILY: FamilyId = FamilyId {
    service: 0,
    family: 0,
};

/// Every session, held or not, in the order of the configuration.
pub(super) struct Holds {
    states: Vec<HoldState>,
    connections: Arc<Semaphore>,
    /// The daemon stops: nothing is held any more.
    is_over: bool,
}

/// One session.
struct HoldState {
    name: String,
    /// The message under which it is to be held; `None` if it is not.
    wanted: Option<String>,
    view: View,
    /// When `view` was last changed by ourselves: an older poll does not know it.
    changed: Instant,
    /// BIRD was told something and has not confirmed it; the next poll tells.
    is_doubtful: bool,
    motion: Option<Motion>,
    /// Why it is not as wanted.
    error: Option<String>,
    /// Whether BIRD's configuration includes the drop-in; `None` if it cannot be read.
    protected: Option<bool>,
}

/// A holder at work.
struct Motion {
    /// Whether towards a hold.
    wanted: bool,
    steps: Vec<Step>,
    /// Ends it.
    call_off: CancellationToken,
    /// Where its report goes.
    address: watch::Sender<Address<SessionId>>,
}

/// What the status says of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hold {
    /// Whether BIRD keeps the session disabled for us.
    pub(super) held: bool,
    /// Whether that outlives a `configure`; `None` if it is not held, or nobody knows.
    pub(super) protected: Option<bool>,
}

impl Holds {
    /// Nothing is held, as far as is known.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let states = sessions(config).map(|name| HoldState {
            name,
            wanted: None,
            view: View {
                seen: Seen::Unknown,
                drop_in: DropIn::Absent,
            },
            changed: now,
            is_doubtful: false,
            motion: None,
            error: None,
            protected: None,
        });
        Self {
            states: states.collect(),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            is_over: false,
        }
    }

    /// Goes on with other sessions, of which `fresh` knows nothing yet: those of the same name keep their state.
    pub(super) fn adopt(&mut self, fresh: Self) {
        let before = std::mem::replace(&mut self.states, fresh.states);
        let named = |state: HoldState| (state.name.clone(), state);
        let mut before: HashMap<_, _> = before.into_iter().map(named).collect();
        for state in &mut self.states {
            if let Some(known) = before.remove(&state.name) {
                *state = known;
            }
        }
        for motion in before.into_values().filter_map(|state| state.motion) {
            motion.call_off.cancel();
        }
    }

    /// The sessions that BIRD keeps disabled for us, as far as is known, or may yet.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &String> {
        let open = self.states.iter().filter(|state| {
            state.view.seen == Seen::Held || state.is_doubtful || state.motion.is_some()
        });
        open.map(|state| &state.name)
    }

    /// Tells the holders at work where they report to.
    pub(super) fn tell_addresses(&self, address: impl Fn(SessionId) -> Address<SessionId>) {
        for (id, state) in self.states.iter().enumerate() {
            if let Some(motion) = &state.motion {
                motion.address.send_replace(address(id));
            }
        }
    }

    /// Whether the daemon stops.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// What the status says of a session.
    pub(super) fn of(&self, id: SessionId) -> Hold {
        let held = |state: &&HoldState| state.view.seen == Seen::Held;
        self.states
            .get(id)
            .filter(held)
            .map_or_else(Hold::default, |state| Hold {
                held: true,
                protected: state.protected,
            })
    }

    /// What an operator should know of a hold: what went wrong, or what a `configure` would do.
    pub(super) fn hint(&self, id: SessionId) -> Option<String> {
        let state = self.states.get(id)?;
        if let Some(error) = &state.error {
            let what = if state.wanted.is_some() {
                "held"
            } else {
                "enabled again"
            };
            return Some(format!("cannot be {what}: {error}"));
        }
        let is_open = state.view.seen == Seen::Held && state.protected == Some(false);
        is_open.then(|| {
            "bird.conf does not include its drop-in, so `birdc configure` enables it for a moment"
                .to_owned()
        })
    }

    /// A poll: what BIRD says, and the disk where that was asked for this configuration.
    pub(super) fn observe(&mut self, poll: &Poll, is_current: bool) {
        let files = poll.files.as_ref();
        for (id, state) in self.states.iter_mut().enumerate() {
            let protected = files.and_then(|files| files.protected.as_ref());
            if is_current {
                state.protected = protected.map(|names| names.contains(&state.name));
            }
            if state.changed < poll.began {
                let protocol = poll.said.protocol(&state.name);
                let drop_in = files.and_then(|files| files.drop_ins.get(id));
                state.observe(protocol, drop_in.copied());
            }
        }
    }

    /// Nobody knows what BIRD does.
    pub(super) fn forget(&mut self) {
        for state in &mut self.states {
            state.view.seen = Seen::Unknown;
        }
    }

    /// The sessions that a stop has to wait for. A BIRD that `is_gone` enables them when it starts, without drop-ins.
    fn open(&self, is_gone: bool) -> impl Iterator<Item = &HoldState> {
        self.states.iter().filter(move |state| {
            let marked = state.view.drop_in == DropIn::Written;
            let busy = state.motion.is_some() || state.is_doubtful || !state.steps().is_empty();
            marked || (busy && !is_gone)
        })
    }
}

impl HoldState {
    fn observe(&mut self, protocol: Option<&Protocol>, drop_in: Option<DropIn>) {
        let drop_in = drop_in.unwrap_or(self.view.drop_in);
        let is_read = drop_in == DropIn::Written && self.protected != Some(false);
        let is_marked = is_read || self.view.seen == Seen::Held;
        let message = protocol.and_then(|protocol| protocol.message.as_deref());
        let seen = Seen::of(protocol.map(|protocol| protocol.state), message, is_marked);
        if self.view.seen == Seen::Held && seen == Seen::Enabled && self.wanted.is_some() {
            tracing::warn!(
                session = self.name,
                "somebody else enabled a session that is kept disabled because it flaps; disabling it again"
            );
        }
        self.view = View { seen, drop_in };
        self.is_doubtful = false;
    }

    fn steps(&self) -> Vec<Step> {
        hold::steps(self.wanted.is_some(), self.view)
    }

    /// These steps have come true, and others may have.
    fn end(&mut self, attempt: &Attempt, now: Instant) {
        for step in &attempt.done {
            step.apply(&mut self.view);
        }
        self.changed = now;
        let Some(motion) = self.motion.take() else {
            return;
        };
        let is_command = |step: &&Step| matches!(step, Step::Disable | Step::Enable);
        let mut commands = motion.steps.iter().filter(is_command);
        if commands.any(|step| !attempt.done.contains(step)) {
            (self.view.seen, self.is_doubtful) = (Seen::Unknown, true);
        }
    }
}

impl Controller {
    /// Holds the sessions that flap, if the configuration wants that, and acts on every difference.
    pub(super) fn hold_flapping(&mut self, now: Instant, wall: Timestamp) {
        let holds = self.config.flap.action == FlapAction::Hold;
        let reasons = self.sessions.states.iter().map(|state| {
            let end = state.tracker.deadline(now).filter(|_| holds)?;
            let end = wall.checked_add(end.saturating_duration_since(now)).ok()?;
            let penalty = state.tracker.penalty(now);
            let end = end.strftime("%H:%M:%S UTC");
            Some(format!("penalty {penalty:.0}, held until {end}"))
        });
        for (id, reason) in reasons.collect::<Vec<_>>().into_iter().enumerate() {
            self.hold(id, reason);
        }
        self.settle_holds();
    }

    /// Holds a session from now on, with these words about the reason, or no longer.
    fn hold(&mut self, id: SessionId, reason: Option<String>) {
        let reason = reason.filter(|_| !self.holds.is_over);
        let Some(state) = self.holds.states.get_mut(id) else {
            return;
        };
        // The words of the beginning stay.
        if state.wanted.is_some() != reason.is_some() {
            state.wanted = reason.map(|reason| format!("{MARK}, {reason}"));
            self.settle_hold(id);
        }
    }

    /// Nothing is held any more: nobody would enable it once this daemon is gone.
    pub(super) fn release_all(&mut self) {
        self.holds.is_over = true;
        for id in 0..self.holds.states.len() {
            self.hold(id, None);
        }
    }

    /// The sessions that a stop has to wait for.
    pub(super) fn open_holds(&self) -> Vec<String> {
        let is_gone = self.bird.is_gone && self.bird.error.is_some();
        let open = self.holds.open(is_gone);
        open.map(|state| state.name.clone()).collect()
    }

    pub(super) fn settle_holds(&mut self) {
        (0..self.holds.states.len()).for_each(|id| self.settle_hold(id));
    }

    fn settle_hold(&mut self, id: SessionId) {
        let state = &mut self.holds.states[id];
        let (wanted, steps) = (state.wanted.is_some(), state.steps());
        if let Some(motion) = &state.motion {
            if motion.wanted != wanted || !steps.iter().all(|step| motion.steps.contains(step)) {
                motion.call_off.cancel();
            }
            return;
        }
        if steps.is_empty() {
            if !state.is_doubtful {
                state.error = None;
            }
            return;
        }
        let call_off = CancellationToken::new();
        let address = watch::Sender::new(self.reports.address(id));
        let mailbox = Mailbox::new(&address);
        state.motion = Some(Motion {
            wanted,
            steps: steps.clone(),
            call_off: call_off.clone(),
            address,
        });
        let holder = Holder {
            address: mailbox,
            name: state.name.clone(),
            steps,
            message: state.wanted.clone().unwrap_or_else(|| RELEASED.to_owned()),
            config: Arc::clone(&self.config),
            connections: Arc::clone(&self.holds.connections),
            called_off: call_off,
        };
        self.actuators.spawn(holder.run());
    }

    /// A holder has ended. What it could not do is tried again with the next poll, or the next look at the clock.
    pub(super) fn on_held(&mut self, id: SessionId, attempt: Attempt, now: Instant) {
        let Some(state) = self.holds.states.get_mut(id) else {
            return;
        };
        state.end(&attempt, now);
        let is_news = attempt.error.is_some() && state.error != attempt.error;
        if let Some(error) = attempt.error.as_ref().filter(|_| is_news) {
            let wanted = state.wanted.is_some();
            tracing::error!(
                session = state.name,
                held = wanted,
                error,
                "not done yet; trying on"
            );
        }
        let failed = attempt.error.is_some();
        state.error = attempt.error;
        let session = state.name.clone();
        for step in attempt.done {
            let session = session.clone();
            match step {
                Step::Disable => self.record(Event::Held {
                    session,
                    held: true,
                }),
                Step::Enable => self.record(Event::Held {
                    session,
                    held: false,
                }),
                Step::WriteDropIn | Step::RemoveDropIn => {}
            }
        }
        // A full queue means a poll is due anyway.
        let _ = self.poll_requests.try_send(ANY_FAMILY);
        if !failed {
            self.settle_hold(id);
        }
    }
}
