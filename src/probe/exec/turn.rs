//! Turns: one program at a time, and what the one whose turn it is does meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How far the one whose turn it is has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its program is being started.
    Starts,
    /// It runs.
    Runs,
    /// It was killed and is not gone yet.
    Dies,
    /// It is gone, and we look for what it has left behind.
    Gone,
}

/// A turn is held by the one that runs, and by what is left of it.
#[derive(Debug)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    stage: Arc<Mutex<Stage>>,
}

/// Others wait for this.
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    stage: Arc<Mutex<Stage>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(1)),
            stage: Arc::new(Mutex::new(Stage::Starts)),
        }
    }

    /// The next turn, once nobody has it; `None` never comes.
    pub(super) async fn next(&self) -> Option<Turn> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let turn = Turn {
            _permit: permit,
            stage: Arc::clone(&self.stage),
        };
        turn.comes_to(Stage::Starts);
        Some(turn)
    }

    /// How far the one has come whose turn it is, or was last.
    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    pub(super) fn comes_to(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}
