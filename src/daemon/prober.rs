//! One check at one server: probes go out when the schedule says so, verdicts go to the controller.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::address::{Address, Mailbox};
use super::{Observed, ProbeId, Report};
use crate::probe::{Outcome, Probe};
use crate::schedule::{Probe as Ticket, Schedule};

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
    /// Whether anything that this probe decides on is announced.
    pub(super) announced: watch::Receiver<bool>,
    /// Notified when something happened that is worth a look.
    pub(super) look: Arc<Notify>,
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
    /// Probes for ever.
    pub(super) async fn run(mut self) -> Infallible {
        let mut exchanges: JoinSet<Exchanged> = JoinSet::new();
        // What is so from the start is never reported as a change.
        let announced = *self.announced.borrow_and_update();
        self.schedule.set_announced(announced);
        loop {
            let next = self.schedule.deadline();
            tokio::select! {
                Some(Ok(ended)) = exchanges.join_next() => self.report(ended).await,
                () = sleep_until(next) => self.send(&mut exchanges),
                () = self.look.notified() => self.schedule.on_event(Instant::now()),
                Ok(()) = self.announced.changed() => {
                    let announced = *self.announced.borrow_and_update();
                    self.schedule.set_announced(announced);
                }
            }
        }
    }

    fn send(&mut self, exchanges: &mut JoinSet<Exchanged>) {
        let sent = Instant::now();
        let ticket = self.schedule.on_send(sent);
        let (probe, timeout) = (Arc::clone(&self.probe), self.timeout);
        exchanges.spawn(async move {
            Exchanged {
                ticket,
                sent,
                outcome: probe.run(timeout).await,
            }
        });
    }

    async fn report(
        &mut self,
        Exchanged {
            ticket,
            sent,
            outcome,
        }: Exchanged,
    ) {
        self.schedule
            .on_verdict(Instant::now(), ticket, outcome.verdict);
        let observed = Observed {
            sent,
            verdict: outcome.verdict,
            is_silence: outcome.is_silence,
            detail: outcome.detail,
            latency: outcome.latency,
            at: Timestamp::now(),
        };
        let report = |id| Report::Observed(id, observed);
        self.address.send(report).await;
    }
}

/// Sleeps until then; for ever without a time.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
