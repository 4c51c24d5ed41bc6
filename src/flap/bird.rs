//! What happens to BIRD itself: a restart, which takes every session with it, and a new configuration.

use std::time::{Duration, Instant};

use super::Moment;
use crate::bird::table::DaemonStatus;

/// What happened to BIRD since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BirdChange {
    /// It was started anew.
    pub restarted: bool,
    /// It has read its configuration, so long ago.
    pub reconfigured: Option<Duration>,
}

/// BIRD over many looks.
#[derive(Debug, Default)]
pub struct BirdWatch {
    last: Option<Seen>,
    lost: bool,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    started: Moment,
    reconfigured: Moment,
}

impl BirdWatch {
    /// Takes in what BIRD said of itself at `now`. The first time, nothing happened.
    pub fn on(&mut self, now: Instant, status: &DaemonStatus) -> BirdChange {
        let seen = Seen {
            at: now,
            started: Moment::of(status.started, status.now),
            reconfigured: Moment::of(status.reconfigured, status.now),
        };
        let lost = std::mem::take(&mut self.lost);
        let mut change = BirdChange::default();
        if let Some(last) = &self.last {
            let elapsed = now.saturating_duration_since(last.at);
            let started = seen.started.began_after(last.started, elapsed);
            change.restarted = started.unwrap_or(lost);
            let later = seen.reconfigured.is_later_than(last.reconfigured, elapsed);
            let is_new = !change.restarted && later == Some(true);
            change.reconfigured = seen.reconfigured.age().filter(|_| is_new);
        }
        self.last = Some(seen);
        change
    }

    /// Nobody had BIRD's socket open. Where its times cannot be read, this tells that it was started anew.
    pub fn on_loss(&mut self) {
        self.lost = true;
    }
}
