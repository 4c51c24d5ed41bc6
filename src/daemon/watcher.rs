//! Asks the host for its addresses: for `require_address`, and to know which checks are of other hosts.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::timeout;

use super::Report;
use super::address::Mailbox;
use crate::config::{Config, OnFailure, Service};
use crate::host;

/// Between two looks: an address that goes away withdraws within this time.
const INTERVAL: Duration = Duration::from_secs(1);

/// Whether anything in a configuration depends on the addresses.
pub(super) fn is_needed(config: &Config) -> bool {
    let drains = |service: &Service| {
        let mut checks = service.checks.iter();
        checks.any(|check| check.on_failure == OnFailure::Drain)
    };
    let asks = |service: &Service| service.require_address || drains(service);
    config.services.iter().any(asks)
}

/// Looks for ever, while it is told that somebody needs it.
pub(super) async fn run(mut address: Mailbox<bool>) -> Infallible {
    loop {
        if !address.id() {
            address.changed().await;
            continue;
        }
        let addresses = host::addresses();
        let report = |_| Report::Addresses(addresses);
        address.send(report).await;
        let _ = timeout(INTERVAL, address.changed()).await;
    }
}
