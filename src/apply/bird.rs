//! The conversation with BIRD: every change on a connection of its own, all looks over one that may not
//! change anything.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::expectation::{Export, Observed, Session};
use crate::bird::client::{Client, DEADLINE, Error};
use crate::bird::command::Command;
use crate::bird::reply::Reply;
use crate::bird::table::{self, DaemonStatus, Protocol, Reconfiguration};

/// Between two looks.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A BIRD that is asked and told.
pub(super) struct Bird<'s> {
    socket: &'s Path,
    looking: Option<Client>,
}

impl<'s> Bird<'s> {
    pub(super) fn new(socket: &'s Path) -> Self {
        Self {
            socket,
            looking: None,
        }
    }

    /// Asks, and connects anew after whatever went wrong before.
    async fn look(&mut self, command: &Command) -> Result<Reply, Error> {
        let mut client = match self.looking.take() {
            Some(client) => client,
            None => Client::connect_restricted(self.socket).await?,
        };
        let reply = client.ask(command).await?;
        self.looking = Some(client);
        Ok(reply)
    }

    async fn demand(&mut self, command: &Command) -> Result<Reply, Error> {
        match crate::bird::client::accepted(command, self.look(command).await?)? {
            reply if reply.dropped > 0 => Err(Error::TooLong(command.to_string(), reply.dropped)),
            reply => Ok(reply),
        }
    }

    /// Tells it to do something; an error in the answer is a failure.
    pub(super) async fn tell(&self, command: &Command) -> Result<Reply, Error> {
        Client::connect(self.socket).await?.demand(command).await
    }

    /// Its version, and when it was configured.
    pub(super) async fn status(&mut self) -> Result<DaemonStatus, Error> {
        let reply = self.demand(&Command::ShowStatus).await?;
        table::daemon_status(&reply).ok_or_else(|| Error::NotBird(reply.last().text.to_owned()))
    }

    /// The file that it reads, in its own words. The file itself may be broken.
    pub(super) async fn file(&self) -> Result<Option<PathBuf>, Error> {
        let mut client = Client::connect(self.socket).await?;
        let reply = client.ask(&Command::ConfigureCheck).await?;
        Ok(table::configuration_file(&reply))
    }

    /// How far it is with its configuration.
    pub(super) async fn progress(&mut self) -> Result<Reconfiguration, Error> {
        let reply = self.demand(&Command::ConfigureStatus).await?;
        Ok(table::reconfiguration(&reply))
    }

    /// Waits until protocols are neither being stopped nor started; false if they still are at the deadline.
    pub(super) async fn settles(&mut self, deadline: Instant) -> Result<bool, Error> {
        while self.progress().await?.in_progress {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(LOOK_AGAIN).await;
        }
        Ok(true)
    }

    /// All protocols.
    pub(super) async fn protocols(&mut self) -> Result<Vec<Protocol>, Error> {
        let reply = self.demand(&Command::ShowProtocolsAll).await?;
        Ok(table::protocols(&reply, None))
    }

    /// All sessions, and what is exported to those that are established.
    pub(super) async fn observe(&mut self) -> Result<Observed, Error> {
        let mut observed = Observed::default();
        for protocol in self.protocols().await? {
            if protocol.kind == "BGP" {
                observed
                    .sessions
                    .insert(protocol.name.clone(), session(&protocol));
            }
        }
        let established = observed.sessions.iter().filter(|(_, s)| s.is_established());
        let established: Vec<String> = established.map(|(name, _)| name.clone()).collect();
        for session in established {
            for prefix in self.exports(&session).await? {
                let session = session.clone();
                observed.exports.insert(Export { prefix, session });
            }
        }
        Ok(observed)
    }

    async fn exports(&mut self, session: &str) -> Result<Vec<crate::model::Prefix>, Error> {
        let command = Command::ShowRoutesExport(session.to_owned());
        Ok(table::exported_prefixes(&self.demand(&command).await?))
    }

    /// Repeats `work` until it succeeds, with the last error after `patience`.
    pub(super) async fn insist<T>(
        &mut self,
        patience: Duration,
        mut work: impl AsyncFnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + patience;
        loop {
            match work(self).await {
                Err(_) if Instant::now() + LOOK_AGAIN < deadline => sleep(LOOK_AGAIN).await,
                result => return result,
            }
        }
    }
}

/// How long an undo is insisted on: twice what one answer may take.
pub(super) const INSISTENCE: Duration = DEADLINE.saturating_mul(2);

fn session(protocol: &Protocol) -> Session {
    Session {
        state: protocol.session_word().to_owned(),
        last_error: protocol.last_error().map(ToString::to_string),
        limit_hit: protocol.limit_hit(),
    }
}
