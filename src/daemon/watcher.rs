//! Asks the host for its addresses: for `require_address`, and to know which checks are of other hosts.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Event;
use crate::host;

/// Between two looks: an address that goes away withdraws within this time.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks for ever.
pub(super) async fn run(events: mpsc::Sender<Event>) -> Infallible {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // The queue is closed only when the daemon stops, and this task with it.
        let _ = events.send(Event::Addresses(host::addresses())).await;
    }
}
