//! Flaps of BGP and BFD sessions: what BIRD shows at each look in, what happened since the last one out.
//!
//! A flap is an Established (or a BFD Up) that was lost, or that another one has replaced between two looks.
//! The second is told by age: a session that is younger than it was, and began after the last look. Text is not
//! compared, because BIRD computes it anew for every reply: it jitters, and moves with the clock. Where a format
//! shows no age, counters that ran backwards tell it.
//!
//! No flap: the first look at a session; one that never was established; a loss without any error, because BIRD
//! forgets the error only where somebody shut the session down here; a configuration that restarts it; BIRD's own
//! restart, which is one event. Two losses between two looks look like one, and a session that was back before the
//! next look is none if it had come up less than a second before it was lost. A restart by hand that is over before
//! the next look is a flap, because BIRD shows no difference.
//!
//! A BFD session that goes down with its BGP session is one flap with it. What BFD does alone is known one look
//! later, because BIRD is asked for BGP first and BFD takes BGP with it.
//!
//! The penalty is that of RFC 2439: [`Flap::penalty`] a flap, halving every [`Flap::half_life`].
//!
//! Pure: time arrives as an argument.

mod bird;
mod cause;
pub mod hint;
mod moment;
mod sighting;
#[cfg(test)]
mod tests;

use std::time::Instant;

pub use bird::{BirdChange, BirdWatch};
pub use moment::Moment;
pub use sighting::{BfdSighting, ChannelCounters, Sighting};

use crate::bird::table::BfdState;
use crate::config::Flap;
use crate::decay::Penalty;
use crate::history::Event;
use cause::Cause;

/// One session, over many looks.
#[derive(Debug)]
pub struct Tracker {
    session: String,
    flap: Flap,
    penalty: Penalty,
    flapping: bool,
    count: u64,
    last: Option<Sighted>,
    lost: Option<Lost>,
    /// A BFD session was lost, and nobody knows yet whether BGP goes with it.
    bfd_lost: Option<String>,
}

/// A sighting and its time.
#[derive(Debug)]
struct Sighted {
    at: Instant,
    sighting: Sighting,
}

/// The last flap.
#[derive(Debug)]
struct Lost {
    at: Instant,
    cause: Cause,
    /// Whether errors that are still to come may explain it: the session has not been established since.
    open: bool,
}

impl Tracker {
    /// Nothing is known of the session yet.
    #[must_use]
    pub fn new(session: String, flap: Flap, now: Instant) -> Self {
        Self {
            session,
            flap,
            penalty: Penalty::new(flap.half_life, now),
            flapping: false,
            count: 0,
            last: None,
            lost: None,
            bfd_lost: None,
        }
    }

    /// The BGP protocol.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Whether both count flaps in the same way, whatever is done about them.
    #[must_use]
    pub fn counts_like(&self, other: &Self) -> bool {
        let action = self.flap.action;
        let other = Flap {
            action,
            ..other.flap
        };
        self.flap == other
    }

    /// How often it was lost.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Its penalty.
    #[must_use]
    pub fn penalty(&self, now: Instant) -> f64 {
        self.penalty.at(now)
    }

    /// Whether it counts as flapping.
    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// When it was lost last.
    #[must_use]
    pub fn last(&self) -> Option<Instant> {
        Some(self.lost.as_ref()?.at)
    }

    /// Why, then.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        Some(self.lost.as_ref()?.cause.to_string())
    }

    /// When it no longer counts as flapping if nothing more happens; `None` if it does not now. Call
    /// [`Tracker::on_time`] then.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let until = self
            .penalty
            .until_below(now, f64::from(self.flap.reuse))
            .filter(|_| self.flapping)?;
        now.checked_add(until)
    }

    /// Takes in a look, made at `now`, and what happened to BIRD itself since the last one.
    pub fn on(&mut self, now: Instant, sighting: Sighting, bird: &BirdChange) -> Vec<Event> {
        let mut events: Vec<Event> = self.on_time(now).into_iter().collect();
        if let Some(last) = self.last.take() {
            if bird.restarted {
                self.bfd_lost = None;
            } else {
                self.compare(&last, now, &sighting, bird, &mut events);
            }
        }
        self.learn(&sighting);
        self.last = Some(Sighted { at: now, sighting });
        events
    }

    /// Looks at the clock: a penalty that has gone below `reuse` ends the flapping.
    pub fn on_time(&mut self, now: Instant) -> Option<Event> {
        let penalty = self.penalty.at(now);
        let is_over = self.flapping && penalty < f64::from(self.flap.reuse);
        is_over.then(|| self.set_flapping(false, penalty))
    }

    fn compare(
        &mut self,
        last: &Sighted,
        now: Instant,
        sighting: &Sighting,
        bird: &BirdChange,
        events: &mut Vec<Event>,
    ) {
        let elapsed = now.saturating_duration_since(last.at);
        let witness = last.sighting.lost(sighting, elapsed);
        let (was, is) = (last.sighting.is_established(), sighting.is_established());
        match &witness {
            Some(witness) => {
                self.bfd_lost = None;
                match sighting.on_purpose(bird.reconfigured) {
                    Some(why) => events.push(self.changed(last, sighting, Some(why))),
                    None => self.flapped(now, witness, last, sighting, events),
                }
            }
            None if is && was => {
                // BGP has survived the look after the loss: BFD went down alone.
                if let Some(witness) = self.bfd_lost.take() {
                    let cause = Cause::bfd_alone();
                    self.count_flap(now, now, &witness, cause, events);
                }
                self.bfd_lost = last
                    .sighting
                    .bfd_lost(sighting, elapsed)
                    .filter(|_| !sighting.bfd_began_with(bird.reconfigured));
            }
            None => {
                self.bfd_lost = None;
                if is {
                    events.push(self.changed(last, sighting, None));
                }
            }
        }
    }

    fn flapped(
        &mut self,
        now: Instant,
        witness: &str,
        last: &Sighted,
        sighting: &Sighting,
        events: &mut Vec<Event>,
    ) {
        let elapsed = now.saturating_duration_since(last.at);
        let bfd_lost = last.sighting.bfd_lost(sighting, elapsed).is_some();
        let cause = Cause::of(&last.sighting, sighting, bfd_lost);
        // Where it is down, its state began with the loss.
        let ago = sighting.since.age().filter(|_| !sighting.is_established());
        let at = now.checked_sub(ago.unwrap_or_default().min(elapsed));
        self.count_flap(now, at.unwrap_or(now), witness, cause, events);
    }

    fn count_flap(
        &mut self,
        now: Instant,
        at: Instant,
        witness: &str,
        cause: Cause,
        events: &mut Vec<Event>,
    ) {
        let (amount, max) = (f64::from(self.flap.penalty), f64::from(self.flap.max));
        let penalty = self.penalty.add(now, amount, max);
        self.count += 1;
        events.push(Event::Flapped {
            session: self.session.clone(),
            witness: witness.to_owned(),
            cause: Some(cause.to_string()),
            penalty,
        });
        self.lost = Some(Lost {
            at,
            cause,
            open: true,
        });
        if !self.flapping && penalty >= f64::from(self.flap.suppress) {
            events.push(self.set_flapping(true, penalty));
        }
    }

    /// An error that is seen only now may explain a loss that nothing has explained yet.
    fn learn(&mut self, sighting: &Sighting) {
        let Some(lost) = self.lost.as_mut().filter(|lost| lost.open) else {
            return;
        };
        if sighting.is_established() {
            lost.open = false;
        } else {
            lost.cause.learn(sighting);
        }
    }

    fn set_flapping(&mut self, flapping: bool, penalty: f64) -> Event {
        self.flapping = flapping;
        Event::Flapping {
            session: self.session.clone(),
            flapping,
            penalty,
        }
    }

    fn changed(&self, last: &Sighted, sighting: &Sighting, cause: Option<&str>) -> Event {
        Event::SessionChanged {
            session: self.session.clone(),
            from: last.sighting.word().to_owned(),
            to: sighting.word().to_owned(),
            cause: cause.map(str::to_owned),
        }
    }
}

/// Whether a BFD session is up.
fn is_up(bfd: Option<&BfdSighting>) -> bool {
    bfd.is_some_and(|bfd| bfd.state == BfdState::Up)
}
