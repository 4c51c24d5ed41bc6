//! Carries out the steps of one session that is held, or no longer: drop-in, command, read back.
//!
//! One attempt: whatever has not come true by then is tried again after the next poll, which knows how far this one
//! came. It has few connections, none of which a withdraw waits for.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Report;
use super::actuator::Connection;
use super::address::Mailbox;
use crate::config::Config;
use crate::hold::Step;
use crate::intent;
use crate::switch::{Error, Wanted, on_disk, switch};

/// Sessions that may be disabled or enabled at a time.
pub(super) const CONNECTIONS: usize = 4;

/// A session by its position: neighbours and their sessions in the order of the configuration.
pub(super) type SessionId = usize;

/// What an attempt came to.
pub(super) struct Attempt {
    /// The steps that have come true.
    pub(super) done: Vec<Step>,
    /// Why not all of them have.
    pub(super) error: Option<String>,
}

/// One attempt at one session.
pub(super) struct Holder {
    /// Which, and where the result goes.
    pub(super) address: Mailbox<SessionId>,
    /// The BGP protocol.
    pub(super) name: String,
    /// What to do.
    pub(super) steps: Vec<Step>,
    /// Why, for whoever looks at BIRD here or at the neighbour.
    pub(super) message: String,
    /// Sockets and directories.
    pub(super) config: Arc<Config>,
    /// Limits the connections.
    pub(super) connections: Arc<Semaphore>,
    /// Something else is wanted now.
    pub(super) called_off: CancellationToken,
}

impl Holder {
    /// Tries, unless it is called off.
    pub(super) async fn run(mut self) {
        let mut attempt = Attempt {
            done: Vec::new(),
            error: None,
        };
        tokio::select! {
            () = self.called_off.cancelled() => {}
            () = self.attempt(&mut attempt) => {}
        }
        let report = |id| Report::Held(id, attempt);
        self.address.send(report).await;
    }

    /// A file that cannot be written or removed does not keep the command from BIRD.
    async fn attempt(&self, attempt: &mut Attempt) {
        for step in &self.steps {
            match self.take(*step).await {
                Ok(()) => attempt.done.push(*step),
                Err(error) => attempt.error = Some(error.to_string()),
            }
        }
    }

    async fn take(&self, step: Step) -> Result<(), Error> {
        let file = || self.config.bird.intent_file(&self.name);
        match step {
            Step::WriteDropIn => on_disk(file(), intent::write_drop_in).await,
            Step::RemoveDropIn => on_disk(file(), intent::remove).await,
            Step::Disable => self.tell(Wanted::Down).await,
            Step::Enable => self.tell(Wanted::Enabled).await,
        }
    }

    async fn tell(&self, wanted: Wanted) -> Result<(), Error> {
        let mut connection = Connection::open(&self.config, &self.connections).await?;
        switch(&mut connection.client, &self.name, wanted, &self.message).await
    }
}
