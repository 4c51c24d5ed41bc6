//! Sends the probes of all checks when their schedules say so, and tells what each has found.
//!
//! A check that is well asks over a socket that it shares with others, and costs a few microseconds each time. All else
//! is a task for each look: what takes several packets, and whatever is not well, over a socket of its own.
//!
//! Part of the controller: nothing here waits but [`Prober::next`], and what that has begun goes on when it is dropped.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::pending;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet, yield_now};
use tokio::time::sleep_until;

use super::duty::{Call, Duties, Duty, DutyId, Task};
use super::{Observed, ProbeId};
use crate::probe::{Arrival, Outcome, SharedSockets};
use crate::schedule::Ticket;

/// So many alarms ring before answers are looked at: some 0.2 ms, by which latencies are too long at most.
const TURN: usize = 32;

/// So many may wait for their answers without an alarm.
const OPEN: usize = 64;

/// See the module.
#[derive(Default)]
pub(super) struct Prober {
    duties: Duties,
    /// When to look after whom. What no longer holds is left in, and does nothing.
    alarms: BinaryHeap<Reverse<(Instant, DutyId)>>,
    sockets: SharedSockets<DutyId>,
    looks: JoinSet<Looked>,
    found: VecDeque<(DutyId, Observed)>,
    /// Those who asked a moment ago, and have no alarm. Most are answered before anything else is due.
    open: Vec<DutyId>,
}

/// A look that came to its end.
struct Looked {
    duty: DutyId,
    ticket: Ticket,
    sent: Instant,
    outcome: Outcome,
}

impl Prober {
    /// Probes from now on, for a service of which anything may be announced.
    pub(super) fn begin(&mut self, id: ProbeId, mut task: Task) -> DutyId {
        task.schedule.set_announced(true);
        let duty = self.duties.take(id, task);
        self.set_alarm(duty);
        duty
    }

    /// These go on, each under its new position; all others end, with what they have under way.
    pub(super) fn keep(&mut self, positions: &HashMap<DutyId, ProbeId>) {
        for place in self.duties.keep(positions) {
            self.sockets.give_up(place);
        }
    }

    /// Something is announced from now on that the probe decides on, or nothing.
    pub(super) fn announce(&mut self, duty: DutyId, announced: bool) {
        if let Some(state) = self.duties.of(duty) {
            state.task.schedule.set_announced(announced);
            self.set_alarm(duty);
        }
    }

    /// Something happened that is worth a look, there if anywhere.
    pub(super) fn look(&mut self, duty: Option<DutyId>, now: Instant) {
        if let Some(duty) = duty
            && let Some(state) = self.duties.of(duty)
        {
            state.task.schedule.on_event(now);
            self.set_alarm(duty);
        }
    }

    /// How many probes there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.duties.len()
    }

    /// Waits until a probe has found something. Fails if one broke down, which none should.
    pub(super) async fn next(&mut self) -> Result<(ProbeId, Observed), JoinError> {
        loop {
            if let Some(found) = self.found() {
                return Ok(found);
            }
            let alarm = self.ring(Instant::now());
            if !self.found.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.sockets.wait() => self.on_arrivals(),
                Some(looked) = self.looks.join_next() => match looked {
                    Ok(looked) => self.on_looked(looked),
                    // Nobody wants to know any more.
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => return Err(error),
                },
                () = until(alarm) => {}
            }
        }
    }

    /// What was found and not yet told.
    pub(super) fn found(&mut self) -> Option<(ProbeId, Observed)> {
        while let Some((duty, observed)) = self.found.pop_front() {
            if let Some(state) = self.duties.of(duty) {
                return Some((state.id, observed));
            }
        }
        None
    }

    /// Looks after everybody whose time has come, as far as fits into a turn. When the next alarm is.
    fn ring(&mut self, now: Instant) -> Option<Instant> {
        for _ in 0..TURN {
            if self.next_alarm(now).is_none_or(|at| at > now) {
                break;
            }
            if let Some(Reverse((_, duty))) = self.alarms.pop() {
                self.look_after(duty, now);
            }
        }
        for duty in self.sockets.send() {
            self.on_unsent(duty);
        }
        let open = self.next_open(now);
        self.next_alarm(now).into_iter().chain(open).min()
    }

    /// When to look after the first of those who wait for their answers; alarms are set for those who wait longer.
    fn next_open(&mut self, now: Instant) -> Option<Instant> {
        let mut open = mem::take(&mut self.open);
        let is_open = |state: &mut Duty| state.call.is_some() && state.alarm.is_none();
        open.retain(|duty| self.duties.of(*duty).is_some_and(is_open));
        let states = |duty: &DutyId| self.duties.of(*duty)?.wake(now);
        let first = open.iter().filter_map(states).min();
        if open.len() > OPEN || first.is_some_and(|at| at <= now) {
            open.drain(..).for_each(|duty| self.set_alarm(duty));
        }
        self.open = open;
        first
    }

    /// The first alarm that still holds; it is the next of the heap.
    fn next_alarm(&mut self, now: Instant) -> Option<Instant> {
        loop {
            let Reverse((at, duty)) = *self.alarms.peek()?;
            let state = self.duties.of(duty);
            let state = state.filter(|state| state.alarm == Some(at));
            // Mostly, the answer has come meanwhile, and there is nothing to do before the next probe.
            if let Some(state) = state {
                if state.wake(now).is_some_and(|wake| wake <= at) {
                    return Some(at);
                }
                state.alarm = None;
            }
            self.alarms.pop();
            self.set_alarm(duty);
        }
    }

    fn set_alarm(&mut self, duty: DutyId) {
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let Some(wake) = state.wake(Instant::now()) else {
            return;
        };
        // An earlier one rings first, and is set again then.
        if state.alarm.is_none_or(|alarm| wake < alarm) {
            state.alarm = Some(wake);
            self.alarms.push(Reverse((wake, duty)));
        }
    }

    fn look_after(&mut self, duty: DutyId, now: Instant) {
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        state.alarm = None;
        if state.overdue().is_some_and(|overdue| overdue <= now) {
            self.give_up(duty);
        }
        if let Some(state) = self.duties.of(duty)
            && state.next(now).is_some_and(|next| next <= now)
        {
            self.send(duty);
        }
        let is_open = |state: &mut Duty| state.call.is_some();
        if !(self.duties.of(duty).is_some_and(is_open) && self.open.contains(&duty)) {
            self.set_alarm(duty);
        }
    }

    fn send(&mut self, duty: DutyId) {
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let sent = Instant::now();
        let is_calm = state.shares && state.task.schedule.is_calm();
        let ticket = state.task.schedule.on_send(sent);
        let plain = state.task.probe.plain().filter(|_| is_calm);
        let place = plain.and_then(|plain| self.sockets.ask(duty, plain.server, plain.query()));
        match place {
            Some(place) => {
                self.open.push(duty);
                state.call = Some(Call {
                    ticket,
                    sent,
                    place,
                });
            }
            None => self.spawn(duty, ticket, sent),
        }
    }

    /// A question that could not be sent over a shared socket.
    fn on_unsent(&mut self, duty: DutyId) {
        let call = self.duties.of(duty).and_then(|state| state.call.take());
        if let Some(call) = call {
            self.spawn(duty, call.ticket, call.sent);
            self.set_alarm(duty);
        }
    }

    /// Looks by a task, which has a socket of its own.
    fn spawn(&mut self, duty: DutyId, ticket: Ticket, sent: Instant) {
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let (probe, timeout) = (Arc::clone(&state.task.probe), state.timeout());
        let look = self.looks.spawn(async move {
            Looked {
                duty,
                ticket,
                sent,
                outcome: probe.run(timeout).await,
            }
        });
        state.looks.push(look);
    }

    fn on_looked(&mut self, looked: Looked) {
        let Looked {
            duty,
            ticket,
            sent,
            outcome,
        } = looked;
        if let Some(state) = self.duties.of(duty) {
            // A handle keeps all the memory of its task.
            state.looks.retain(|look| !look.is_finished());
        }
        self.on_outcome(duty, ticket, sent, outcome);
    }

    fn on_arrivals(&mut self) {
        while let Some(arrival) = self.sockets.arrival() {
            self.on_arrival(arrival);
        }
    }

    fn on_arrival(&mut self, arrival: Arrival<DutyId>) {
        let duty = arrival.by;
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let Some(call) = state.call.take() else {
            return;
        };
        let allowed = state.allowed(&call);
        let plain = state.task.probe.plain();
        if let Some(outcome) = plain.and_then(|plain| plain.on_arrival(arrival, allowed)) {
            self.on_outcome(duty, call.ticket, call.sent, outcome);
        } else {
            state.shares = false;
            self.spawn(duty, call.ticket, call.sent);
            self.set_alarm(duty);
        }
    }

    /// The time for an answer is over. What has come by now counts: this process may have been late to look.
    fn give_up(&mut self, duty: DutyId) {
        let call = self.duties.of(duty).and_then(|state| state.call.as_ref());
        if let Some(place) = call.map(|call| call.place) {
            self.sockets.look(place);
        }
        self.on_arrivals();
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let Some(call) = state.call.take() else {
            return;
        };
        let allowed = state.allowed(&call);
        let unanswered = self.sockets.give_up(call.place);
        let plain = state.task.probe.plain();
        if let Some((plain, unanswered)) = plain.zip(unanswered) {
            let outcome = plain.on_silence(unanswered, allowed, Instant::now());
            self.on_outcome(duty, call.ticket, call.sent, outcome);
        }
    }

    fn on_outcome(&mut self, duty: DutyId, ticket: Ticket, sent: Instant, outcome: Outcome) {
        let Some(state) = self.duties.of(duty) else {
            return;
        };
        let verdict = outcome.verdict;
        state
            .task
            .schedule
            .on_verdict(Instant::now(), ticket, verdict);
        let observed = Observed {
            sent,
            verdict,
            is_silence: outcome.is_silence,
            detail: outcome.detail,
            latency: outcome.latency,
            at: Timestamp::now(),
        };
        self.found.push_back((duty, observed));
        self.set_alarm(duty);
    }
}

/// Where an alarm has rung already, everybody else has a turn first.
async fn until(alarm: Option<Instant>) {
    match alarm {
        Some(alarm) if alarm <= Instant::now() => yield_now().await,
        Some(alarm) => sleep_until(alarm.into()).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
