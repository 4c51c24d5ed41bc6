//! Asks the host for its addresses: for `require_address`, to know which checks are of other hosts, and because one that
//! goes away is an event for whoever asks it.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;

use super::Report;
use super::address::Mailbox;
use crate::config::{Config, OnFailure, Service};
use crate::host::{self, AddressChanges};

/// Between two looks while the kernel says when there is something to see.
const RARELY: Duration = Duration::from_mins(1);

/// Between two looks while it does not, or while the addresses cannot be read: an address that goes away withdraws
/// within this time.
const OFTEN: Duration = Duration::from_secs(1);

/// Before the next look, however many addresses come and go.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether anything in a configuration depends on the addresses.
pub(super) fn is_needed(config: &Config) -> bool {
    let drains = |service: &Service| {
        let mut checks = service.checks.iter();
        checks.any(|check| check.on_failure == OnFailure::Drain)
    };
    let looks = |service: &Service| {
        let mut targets = service.targets().into_iter();
        service.events && targets.any(|target| target.subject.address().is_some())
    };
    let asks = |service: &Service| service.require_address || drains(service) || looks(service);
    config.services.iter().any(asks)
}

/// Looks for ever, while it is told that somebody needs it.
pub(super) async fn run(mut address: Mailbox<bool>) -> Infallible {
    let mut changes = None;
    loop {
        if !address.id() {
            changes = None;
            address.changed().await;
            continue;
        }
        // Before the look: what changes after it is then told.
        changes = changes.or_else(listen);
        let addresses = host::addresses();
        let is_certain = addresses.is_ok() && changes.is_some();
        let report = |_| Report::Addresses(addresses);
        address.send(report).await;
        sleep(PAUSE).await;
        tokio::select! {
            () = address.changed() => {}
            () = next(&mut changes) => {}
            () = sleep(if is_certain { RARELY } else { OFTEN }) => {}
        }
    }
}

fn listen() -> Option<AddressChanges> {
    let changes = AddressChanges::listen();
    changes
        .inspect_err(|error| tracing::debug!(%error, "the kernel does not tell of addresses"))
        .ok()
}

/// Waits for a change; for ever where nobody tells. A listener that fails is given up.
async fn next(changes: &mut Option<AddressChanges>) {
    let Some(listener) = changes else {
        return std::future::pending().await;
    };
    if let Err(error) = listener.next().await {
        tracing::debug!(%error, "the kernel tells of addresses no more");
        *changes = None;
        sleep(OFTEN).await;
    }
}
