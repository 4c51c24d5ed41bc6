//! Carries out the steps of one family: intent file, command, read back; again and again until BIRD
//! confirms.
//!
//! Each attempt has a connection of its own, so that no withdraw waits for a poll, and no late answer is
//! taken for another's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::address::Mailbox;
use super::{FamilyId, Report};
use crate::bird::client::{self, Client};
use crate::config::Config;
use crate::descriptors::{Loan, Spares};
use crate::files::DiskError;
use crate::intent;
use crate::reconcile::{Step, Twin};
use crate::switch::{self, Error, Wanted, on_disk};

/// Between two attempts: doubles from the first to the last. A BIRD that answers again ends the wait.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// Connections that withdraw may have open at a time, and those that announce: a withdraw never waits
/// for an announce, and BIRD keeps descriptors for others (200 clients were fine, measured).
pub(super) const CONNECTIONS: (usize, usize) = (128, 16);

/// What an attempt came to.
#[derive(Default)]
pub(super) struct Attempt {
    /// The steps that have come true.
    pub(super) done: Vec<Step>,
    /// Why not all of them have.
    pub(super) error: Option<String>,
}

/// Whether the steps that follow have to wait for another attempt.
fn ends_attempt(error: &Error, step: Step) -> bool {
    match error {
        Error::Intent(_) | Error::SlowFile(_) => false,
        // Making comes before breaking.
        _ if matches!(step, Step::Enable(_)) => true,
        Error::Bird(error) => !matches!(error, client::Error::Refused { .. }),
        Error::NoProtocol(_) | Error::NotConfirmed(..) => false,
    }
}

/// A connection and the right to have it.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Ends after the client: what is given back is its descriptor.
    _loan: Option<Loan>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Waits for its turn.
    pub(super) async fn open(config: &Config, turns: &Arc<Semaphore>) -> Result<Self, Error> {
        // Never closed: the semaphore lives as long as the controller.
        let permit = Arc::clone(turns).acquire_owned().await.ok();
        // Boxed: a thousand may wait for their turn, and need not be as large as a conversation with BIRD.
        let client = Box::pin(Client::connect(&config.bird.socket)).await?;
        Ok(Self {
            client,
            _loan: None,
            _permit: permit,
        })
    }

    /// The same; where no descriptors are left, with one that is kept for this.
    async fn open_at_any_rate(
        config: &Config,
        turns: &Arc<Semaphore>,
        spares: &Arc<Spares>,
    ) -> Result<Self, Error> {
        let error = match Self::open(config, turns).await {
            Err(Error::Bird(error)) if error.is_shortage() => error,
            result => return result,
        };
        let Some((socket, loan)) = spares.lend().await else {
            return Err(error.into());
        };
        Ok(Self {
            client: Box::pin(Client::connect_with(&config.bird.socket, socket)).await?,
            _loan: Some(loan),
            _permit: None,
        })
    }
}

/// One family in motion.
pub(super) struct Actuator {
    /// Which, and where results go.
    pub(super) address: Mailbox<FamilyId>,
    /// Its protocol and the drained twin.
    pub(super) names: [String; 2],
    /// What to do.
    pub(super) steps: Vec<Step>,
    /// Why, for whoever looks at BIRD.
    pub(super) reason: String,
    /// Sockets and directories.
    pub(super) config: Arc<Config>,
    /// Limits the connections.
    pub(super) connections: Arc<Semaphore>,
    /// For connections that have to be made even without descriptors; `None` if these do not.
    pub(super) spares: Option<Arc<Spares>>,
    /// Counts up whenever BIRD answers again after it did not.
    pub(super) bird_is_back: watch::Receiver<u64>,
    /// Something else is wanted now.
    pub(super) called_off: CancellationToken,
}

impl Actuator {
    /// Tries until it succeeds or is called off.
    pub(super) async fn run(mut self) {
        let called_off = self.called_off.clone();
        tokio::select! {
            () = called_off.cancelled() => {}
            () = self.converge() => {}
        }
        self.address.send(Report::Ended).await;
    }

    async fn converge(&mut self) {
        let mut backoff = BACKOFF.0;
        loop {
            self.bird_is_back.mark_unchanged();
            let attempt = self.attempt().await;
            let failed = attempt.error.is_some();
            let report = |id| Report::Actuated(id, attempt);
            self.address.send(report).await;
            if !failed {
                return;
            }
            let _ = timeout(backoff, self.bird_is_back.changed()).await;
            backoff = (backoff * 2).min(BACKOFF.1);
        }
    }

    /// What cannot be done does not keep the rest from being done, unless that depends on it.
    async fn attempt(&self) -> Attempt {
        let mut connection = None;
        let mut attempt = Attempt::default();
        for step in &self.steps {
            match self.take(*step, &mut connection).await {
                Ok(()) => attempt.done.push(*step),
                Err(error) => {
                    attempt.error = Some(error.to_string());
                    if ends_attempt(&error, *step) {
                        break;
                    }
                }
            }
        }
        attempt
    }

    async fn take(&self, step: Step, connection: &mut Option<Connection>) -> Result<(), Error> {
        match step {
            Step::WriteIntent(twin) => self.file(twin, intent::write).await,
            Step::RemoveIntent(twin) => self.file(twin, intent::remove).await,
            Step::Enable(twin) => self.switch(connection, twin, Wanted::Up).await,
            Step::Disable(twin) => self.switch(connection, twin, Wanted::Down).await,
        }
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let (config, turns) = (&self.config, &self.connections);
        match &self.spares {
            Some(spares) => Connection::open_at_any_rate(config, turns, spares).await,
            None => Connection::open(config, turns).await,
        }
    }

    fn name(&self, twin: Twin) -> &str {
        match twin {
            Twin::Normal => &self.names[0],
            Twin::Drain => &self.names[1],
        }
    }

    async fn file(
        &self,
        twin: Twin,
        operation: fn(&Path) -> Result<(), DiskError>,
    ) -> Result<(), Error> {
        on_disk(self.config.bird.intent_file(self.name(twin)), operation).await
    }

    async fn switch(
        &self,
        connection: &mut Option<Connection>,
        twin: Twin,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let Connection { client, .. } = match connection {
            Some(connection) => connection,
            None => connection.insert(self.connect().await?),
        };
        let name = self.name(twin);
        let message = format!("anycastctl: {}", self.reason);
        match wanted {
            Wanted::Down => Box::pin(switch::disable(client, name, &message)).await,
            Wanted::Up | Wanted::Enabled => {
                Box::pin(switch::switch(client, name, wanted, &message)).await
            }
        }
    }
}
