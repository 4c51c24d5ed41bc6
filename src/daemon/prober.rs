//! One check at one server: probes go out when the schedule says so, verdicts go to the controller.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::address::{Address, Mailbox};
use super::cue::Cue;
use super::{Observed, ProbeId, Report};
use crate::probe::{Outcome, Probe};
use crate::schedule::{Schedule, Ticket};

/// What a prober is to do.
pub(super) struct Prober {
    /// Where verdicts go.
    pub(super) address: Mailbox<ProbeId>,
    /// What is looked at.
    pub(super) probe: Arc<Probe>,
    /// How long one probe may take.
    pub(super) timeout: Duration,
    /// When to probe.
    pub(super) schedule: Schedule,
    /// Whether anything that this probe decides on is announced, and whether it is time to look.
    pub(super) cue: Arc<Cue>,
}

/// A prober at work, which ends with this.
pub(super) struct Probing {
    /// Where its verdicts go.
    pub(super) address: watch::Sender<Address<ProbeId>>,
    /// The task.
    pub(super) task: AbortHandle,
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A probe that has come to its end.
struct Exchanged {
    ticket: Ticket,
    sent: Instant,
    outcome: Outcome,
}

impl Prober {
    /// Probes for ever. In a box, because the task has room for each argument twice.
    pub(super) async fn run(mut self: Box<Self>) -> Infallible {
        let cue = Arc::clone(&self.cue);
        // Both wait on from turn to turn: to begin anew each time would cost more than the rest of a turn.
        let mut told = pin!(cue.told());
        let mut alarm = pin!(sleep_until(Instant::now().into()));
        let mut due = None;
        let mut flights = Flights::default();
        self.schedule.set_announced(cue.is_announced());
        loop {
            let next = self.schedule.deadline();
            if let Some(next) = next.filter(|_| next != due) {
                let now = Instant::now();
                if next <= now {
                    // The alarm would be up to two milliseconds late, which is long for a burst.
                    self.send(&mut flights);
                    continue;
                }
                alarm.as_mut().reset(together(next, now).into());
            }
            due = next;
            tokio::select! {
                ended = flights.next() => {
                    let observed = self.on_end(ended);
                    let report = |id| Report::Observed(id, observed);
                    self.address.send(report).await;
                }
                () = alarm.as_mut(), if due.is_some() => {
                    due = None;
                    self.send(&mut flights);
                }
                () = told.as_mut() => {
                    told.set(cue.told());
                    self.schedule.set_announced(cue.is_announced());
                    if cue.happened() {
                        self.schedule.on_event(Instant::now());
                    }
                }
            }
        }
    }

    fn send(&mut self, flights: &mut Flights) {
        let sent = Instant::now();
        let ticket = self.schedule.on_send(sent);
        let (probe, timeout) = (Arc::clone(&self.probe), self.timeout);
        flights.0.push(Box::pin(async move {
            Exchanged {
                ticket,
                sent,
                outcome: probe.run(timeout).await,
            }
        }));
    }

    fn on_end(&mut self, exchanged: Exchanged) -> Observed {
        let Exchanged {
            ticket,
            sent,
            outcome,
        } = exchanged;
        let now = Instant::now();
        self.schedule.on_verdict(now, ticket, outcome.verdict);
        Observed {
            sent,
            verdict: outcome.verdict,
            is_silence: outcome.is_silence,
            detail: outcome.detail,
            latency: outcome.latency,
            at: Timestamp::now(),
        }
    }
}

/// The probes under way, oldest first. They are part of the prober: most have the next few microseconds to themselves,
/// which a task of their own would cost.
#[derive(Default)]
struct Flights(Vec<Pin<Box<dyn Future<Output = Exchanged> + Send>>>);

impl Flights {
    /// The next one to end; never without any.
    async fn next(&mut self) -> Exchanged {
        poll_fn(|context| {
            for position in 0..self.0.len() {
                if let Poll::Ready(ended) = self.0[position].as_mut().poll(context) {
                    drop(self.0.remove(position));
                    return Poll::Ready(ended);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// All probers send at whole multiples of this, where that moves a probe by no more than a fiftieth: the kernel, the
/// runtime and the server are woken up for many at a time.
const BEAT: Duration = Duration::from_millis(20);

/// Whoever probes sooner is in a hurry.
const LONG: Duration = Duration::from_millis(500);

/// A time near this one at which others send, too; this one if it is close.
fn together(next: Instant, now: Instant) -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    if next.saturating_duration_since(now) < LONG {
        return next;
    }
    let first = *FIRST.get_or_init(|| now);
    let past = next.saturating_duration_since(first).as_nanos() % BEAT.as_nanos();
    let past = Duration::from_nanos(u64::try_from(past).unwrap_or_default());
    let before = next.checked_sub(past).unwrap_or(next);
    if past < BEAT / 2 {
        before
    } else {
        before + BEAT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_go_out_together_unless_there_is_a_hurry() {
        let now = Instant::now();
        let at = |microseconds| now + Duration::from_micros(microseconds);
        assert_eq!(together(at(100_003), now), at(100_003));
        let beat = together(at(1_003_000), now);
        assert!(beat < at(1_003_000) + BEAT && beat + BEAT > at(1_003_000));
        for near in [beat + BEAT / 3, beat + BEAT / 2, beat + 3 * BEAT / 2] {
            let sent = together(near, now);
            assert!(sent <= near + BEAT / 2 && near <= sent + BEAT / 2);
            assert!(sent == beat || sent == beat + BEAT || sent == beat + 2 * BEAT);
        }
    }
}
