//! What the controller lets a prober know: whether anything is announced that it decides on, and that it is time to
//! look. Many of these wait for years, so one costs little.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// See the module.
#[derive(Debug)]
pub(super) struct Cue {
    announced: AtomicBool,
    happened: AtomicBool,
    told: Notify,
}

impl Cue {
    /// Something may be announced, and nothing happened.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            announced: AtomicBool::new(true),
            happened: AtomicBool::new(false),
            told: Notify::new(),
        })
    }

    /// Whether anything is announced that the probe decides on.
    pub(super) fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }

    /// Something is announced from now on, or nothing. True if that was otherwise.
    pub(super) fn announce(&self, announced: bool) -> bool {
        let changed = self.announced.swap(announced, Ordering::AcqRel) != announced;
        if changed {
            self.told.notify_one();
        }
        changed
    }

    /// Something happened that is worth a look.
    pub(super) fn look(&self) {
        self.happened.store(true, Ordering::Release);
        self.told.notify_one();
    }

    /// Whether something happened since this was asked last.
    pub(super) fn happened(&self) -> bool {
        self.happened.swap(false, Ordering::AcqRel)
    }

    /// Waits for either. What was told before anybody waited is told then; several at once are one.
    pub(super) fn told(&self) -> Notified<'_> {
        self.told.notified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_told_before_anybody_waits_is_not_lost() {
        let cue = Cue::new();
        assert!(cue.is_announced() && !cue.happened());
        assert!(!cue.announce(true));
        assert!(cue.announce(false));
        cue.look();
        cue.told().await;
        assert!(!cue.is_announced());
        assert!(cue.happened());
        assert!(!cue.happened(), "it is told once");
    }
}
