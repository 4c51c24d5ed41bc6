//! Each configured session: its tracker, fed with every poll, and what it adds to the status.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use jiff::Timestamp;

use super::controller::Controller;
use super::poller::Poll;
use crate::bird::table::DaemonState;
use crate::config::Config;
use crate::flap::hint::{Md5, hint};
use crate::flap::{BirdChange, BirdWatch, Sighting, Tracker};
use crate::history::Event;
use crate::status::Flaps;

/// Every session, and what concerns them all.
pub(super) struct Sessions {
    /// In the order of the configuration.
    pub(super) states: Vec<SessionState>,
    bird: BirdWatch,
}

/// One session.
pub(super) struct SessionState {
    /// Its flaps.
    pub(super) tracker: Tracker,
    /// The neighbour's AS.
    pub(super) asn: u32,
    /// The neighbour.
    pub(super) remote: IpAddr,
    /// What may be wrong with it.
    pub(super) hint: Option<String>,
    /// When it was lost last, by the wall clock.
    lost_at: Option<Timestamp>,
    /// What the kernel had refused when the session was first seen not to be up.
    refused: Option<(Md5, Timestamp)>,
}

impl Sessions {
    /// Nothing is known of any.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let neighbors = config.neighbors.iter();
        let states = neighbors.flat_map(|neighbor| {
            neighbor
                .named_sessions()
                .map(move |(name, session)| SessionState {
                    tracker: Tracker::new(name, config.flap, now),
                    asn: neighbor.asn.get(),
                    remote: session.remote,
                    hint: None,
                    lost_at: None,
                    refused: None,
                })
        });
        Self {
            states: states.collect(),
            bird: BirdWatch::default(),
        }
    }

    /// Goes on with other sessions, of which `fresh` knows nothing yet: those that are the same keep their flaps.
    pub(super) fn adopt(&mut self, fresh: Self) {
        let before = std::mem::replace(&mut self.states, fresh.states);
        let named = |state: SessionState| (state.tracker.session().to_owned(), state);
        let mut before: HashMap<_, _> = before.into_iter().map(named).collect();
        for state in &mut self.states {
            let known = before.remove(state.tracker.session());
            let is_same = |old: &SessionState| {
                old.remote == state.remote && old.tracker.counts_like(&state.tracker)
            };
            if let Some(known) = known.filter(is_same) {
                *state = SessionState {
                    asn: state.asn,
                    ..known
                };
            }
        }
    }

    /// Nobody has BIRD's socket open.
    pub(super) fn on_loss_of_bird(&mut self) {
        self.bird.on_loss();
    }

    /// A poll: what happened since the last one.
    fn on(&mut self, poll: &Poll, wall: Timestamp) -> Vec<Event> {
        // Sessions go down with BIRD: its next start is the event.
        if poll.said.daemon.state == DaemonState::ShuttingDown {
            return Vec::new();
        }
        let change = self.bird.on(poll.said.answered, &poll.said.daemon);
        let md5 = poll.files.as_ref().and_then(|files| files.md5);
        let mut events = Vec::new();
        for state in &mut self.states {
            let protocol = poll.said.protocol(state.tracker.session());
            let bfd = poll.said.bfd(state.remote);
            let sighting = Sighting::of(protocol, bfd, poll.said.daemon.now);
            state.suspect(&sighting, md5, wall);
            events.extend(state.on(poll.said.answered, sighting, &change, wall));
        }
        of_bird(change, poll).into_iter().chain(events).collect()
    }
}

impl SessionState {
    fn on(
        &mut self,
        now: Instant,
        sighting: Sighting,
        bird: &BirdChange,
        wall: Timestamp,
    ) -> Vec<Event> {
        let events = self.tracker.on(now, sighting, bird);
        let is_flap = |event: &Event| matches!(event, Event::Flapped { .. });
        if let Some(last) = self.tracker.last().filter(|_| events.iter().any(is_flap)) {
            self.lost_at = wall.checked_sub(now.saturating_duration_since(last)).ok();
        }
        events
    }

    /// Looks for a reason that BIRD does not give.
    fn suspect(&mut self, sighting: &Sighting, md5: Option<Md5>, wall: Timestamp) {
        if sighting.is_established() {
            (self.refused, self.hint) = (None, None);
            return;
        }
        if self.refused.is_none() {
            self.refused = md5.map(|md5| (md5, wall));
        }
        let refused = md5
            .zip(self.refused)
            .map(|(md5, (earlier, since))| (md5.since(earlier), since));
        self.hint = hint(sighting, refused);
    }

    /// Its flaps at `now`, which is `wall` by the wall clock.
    pub(super) fn flaps(&self, now: Instant, wall: Timestamp) -> Flaps {
        let reuse = self.tracker.deadline(now);
        Flaps {
            count: self.tracker.count(),
            penalty: self.tracker.penalty(now),
            flapping: self.tracker.is_flapping(),
            last: self.lost_at,
            cause: self.tracker.cause(),
            reuse_at: reuse
                .and_then(|reuse| wall.checked_add(reuse.saturating_duration_since(now)).ok()),
            ..Flaps::default()
        }
    }
}

impl Controller {
    /// Takes in what a poll says of the sessions.
    pub(super) fn watch_sessions(&mut self, poll: &Poll) {
        let events = self.sessions.on(poll, Timestamp::now());
        for event in events {
            self.record(event);
        }
    }

    /// Flapping ends by itself, also while BIRD says nothing.
    pub(super) fn calm_sessions(&mut self, now: Instant) {
        let states = self.sessions.states.iter_mut();
        let events: Vec<Event> = states
            .filter_map(|state| state.tracker.on_time(now))
            .collect();
        for event in events {
            self.record(event);
        }
    }
}

/// What happened to BIRD itself.
fn of_bird(change: BirdChange, poll: &Poll) -> Option<Event> {
    let said = &poll.said;
    if change.restarted {
        let started_at = said.wall(said.daemon.started);
        return Some(Event::BirdRestarted { started_at });
    }
    let reconfigured_at = said.wall(said.daemon.reconfigured);
    change
        .reconfigured
        .map(|_| Event::BirdReconfigured { reconfigured_at })
}
