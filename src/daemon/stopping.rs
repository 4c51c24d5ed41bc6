//! The end: a restart leaves everything to the next start, a stop does as `on_stop` wants it, and waits for BIRD.

use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::{interval, sleep_until, timeout};

use super::controller::{Controller, TICK};
use super::family::{FamilyState, Motion};
use super::signals::Stop;
use super::{Error, Event, LAST_ANSWER, STOP_DEADLINE};
use crate::config::OnStop;
use crate::history;
use crate::policy::Announcement;

impl Controller {
    /// A restart leaves everything as it is, for the next start to adopt; a stop does as `on_stop` wants it.
    pub(super) async fn end(
        mut self,
        stop: Stop,
        queue: mpsc::Receiver<Event>,
    ) -> Result<(), Error> {
        let (on_stop, what) = match (stop.is_restart, self.config.daemon.on_stop) {
            (true, _) => ("restart", "systemd starts it again, announcements stay"),
            (false, OnStop::Hold) => ("hold", "announcements stay"),
            (false, OnStop::Withdraw) => ("withdraw", "everything is withdrawn"),
        };
        self.record(history::Event::Stopping {
            signal: stop.signal.to_owned(),
            on_stop: on_stop.to_owned(),
        });
        self.tell_stopping(what);
        if !stop.is_restart {
            return self.stop(stop.signal, queue).await;
        }
        // What BIRD is being told comes to its end. The receiver is kept: nobody is to wait for a closed queue.
        let told = async { while self.actuators.join_next().await.is_some() {} };
        let _ = timeout(LAST_ANSWER, told).await;
        drop(queue);
        Ok(())
    }

    /// Withdraws everything, if `on_stop` wants that. Sessions that are held are enabled in any case: nobody else
    /// would.
    async fn stop(
        mut self,
        signal: &'static str,
        mut queue: mpsc::Receiver<Event>,
    ) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + STOP_DEADLINE;
        let withdraws = self.config.daemon.on_stop == OnStop::Withdraw;
        if withdraws {
            self.stopping = Some(signal);
            self.settle_all(Instant::now());
        }
        self.release_all();
        let mut ticks = interval(TICK);
        while self.is_withdrawing() || !self.open_holds().is_empty() {
            tokio::select! {
                Some(report) = self.reports.queue.recv() => self.take_report(report, Instant::now()),
                Some(event) = queue.recv() => self.take(event, Instant::now()),
                found = self.prober.next() => self.take_found(found, Instant::now())?,
                _ = ticks.tick() => self.settle_holds(),
                () = sleep_until(deadline) => return Err(self.not_stopped()),
            }
        }
        if !withdraws {
            return Ok(());
        }
        if self.bird.error.is_some() {
            tracing::warn!(
                "nobody answers at BIRD's socket; the intent files are removed, so BIRD will start withdrawn"
            );
        } else {
            tracing::info!("everything is withdrawn, and BIRD has confirmed it");
        }
        Ok(())
    }

    fn is_withdrawing(&self) -> bool {
        self.stopping.is_some()
            && (self.open_families().next().is_some() || self.open_orphans().next().is_some())
    }

    fn not_stopped(&self) -> Error {
        if self.is_withdrawing() {
            return self.not_withdrawn();
        }
        Error::NotReleased {
            sessions: self.open_holds().join(", "),
        }
    }

    fn not_withdrawn(&self) -> Error {
        let open: Vec<_> = self
            .open_families()
            .map(|family| family.names[0].as_str())
            .chain(self.open_orphans())
            .collect();
        let removed =
            self.open_families().all(FamilyState::has_no_intent) && self.orphans.are_retired();
        Error::NotWithdrawn {
            protocols: open.join(", "),
            intents: if removed {
                "the intent files are removed, so BIRD withdraws when it next reads its configuration"
            } else {
                "not all intent files could be removed, so BIRD may announce again by itself"
            },
        }
    }

    fn open_families(&self) -> impl Iterator<Item = &FamilyState> {
        let families = self.services.iter().flat_map(|service| &service.families);
        families.filter(|family| !self.is_withdrawn(family))
    }

    fn open_orphans(&self) -> impl Iterator<Item = &str> {
        self.orphans.open(self.is_bird_gone())
    }

    /// Nobody has BIRD's socket open, as far as is known.
    pub(super) fn is_bird_gone(&self) -> bool {
        self.bird.is_gone && self.bird.error.is_some()
    }

    /// A BIRD that does not run announces nothing; without intent files it will not when it starts.
    fn is_withdrawn(&self, family: &FamilyState) -> bool {
        let withdraws = |motion: &Motion| motion.target == Announcement::Withdrawn;
        let off = family.view.actual() == Some(Announcement::Withdrawn) && family.motion.is_none();
        let gone = self.is_bird_gone() && family.motion.as_ref().is_none_or(withdraws);
        (off || gone) && family.has_no_intent()
    }
}
