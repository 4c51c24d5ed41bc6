//! What comes in from the tasks that work for one configuration.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::address::{self, Address};
use super::{Report, watcher};
use crate::config::Config;

/// What the tasks report that work for this configuration, and where the two report that outlive it.
pub(super) struct Reports {
    sender: mpsc::Sender<Report>,
    /// What they have reported.
    pub(super) queue: mpsc::Receiver<Report>,
    /// The poller.
    pub(super) poller: watch::Sender<Address<Arc<Config>>>,
    /// The watcher of addresses: whether anybody needs it.
    pub(super) watcher: watch::Sender<Address<bool>>,
}

impl Reports {
    /// For the tasks of this configuration.
    pub(super) fn new(config: &Arc<Config>) -> Self {
        let (sender, queue) = address::queue();
        let reports = || sender.clone();
        Self {
            queue,
            poller: watch::Sender::new(Address {
                id: Arc::clone(config),
                reports: reports(),
            }),
            watcher: watch::Sender::new(Address {
                id: watcher::is_needed(config),
                reports: reports(),
            }),
            sender,
        }
    }

    /// The same for another configuration, from now on: nobody hears what is sent to the old queue.
    pub(super) fn renew(&mut self, config: &Arc<Config>) {
        let (sender, queue) = address::queue();
        (self.sender, self.queue) = (sender, queue);
        let needed = watcher::is_needed(config);
        self.poller.send_replace(self.address(Arc::clone(config)));
        self.watcher.send_replace(self.address(needed));
    }

    /// An address of a task that reports as this.
    pub(super) fn address<T>(&self, id: T) -> Address<T> {
        Address {
            id,
            reports: self.sender.clone(),
        }
    }
}
