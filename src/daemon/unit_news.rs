//! News of systemd's units: that one changes its state is a reason to look.
//!
//! Not a failure by itself, and nobody misses it where there is no bus: the checks ask again in any case.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::controller::Controller;
use super::{Event, Sight};
use crate::backoff::Backoff;
use crate::systemd::Units;

/// Before the bus is tried again: from the first to the longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Listens for ever to what systemd says of the units that it is told of.
pub(super) async fn run(
    mut units: watch::Receiver<BTreeSet<String>>,
    events: mpsc::Sender<Event>,
) -> Infallible {
    let mut backoff = Backoff::new(WAIT.0, WAIT.1);
    loop {
        let wanted = units.borrow_and_update().clone();
        tokio::select! {
            () = other(&mut units) => backoff.reset(),
            () = listen(&wanted, &events, &mut backoff) => {}
        }
    }
}

/// Waits until other units are wanted.
async fn other(units: &mut watch::Receiver<BTreeSet<String>>) {
    if units.changed().await.is_err() {
        // The controller has ended, and so will this task.
        pending::<()>().await;
    }
}

/// Listens until the bus is gone, and then waits before it may be tried again.
async fn listen(wanted: &BTreeSet<String>, events: &mpsc::Sender<Event>, backoff: &mut Backoff) {
    if wanted.is_empty() {
        return pending().await;
    }
    let error = match Units::system().watch(wanted).await {
        Ok(mut news) => {
            backoff.reset();
            loop {
                match news.next().await {
                    Ok(unit) => {
                        let event = Event::Look(Sight::Unit(unit), "systemd changed its state");
                        // Fails only while the daemon stops.
                        let _ = events.send(event).await;
                    }
                    Err(error) => break error,
                }
            }
        }
        Err(error) => error,
    };
    tracing::debug!(%error, "no news of systemd's units");
    sleep(backoff.wait(rand::random())).await;
}

impl Controller {
    /// Has all units listened to that checks with events ask for.
    pub(super) fn follow_units(&self) {
        let probes = self.services.iter().flat_map(|service| &service.probes);
        let wanted = probes.filter(|probe| probe.has_events);
        let units: BTreeSet<String> = wanted
            .filter_map(|probe| match &probe.sight {
                Some(Sight::Unit(unit)) => Some(unit.clone()),
                Some(Sight::Server(_)) | None => None,
            })
            .collect();
        self.units
            .send_if_modified(|before| std::mem::replace(before, units.clone()) != units);
    }
}
