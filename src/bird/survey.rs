//! The three questions that tell BIRD's state.

use std::time::Instant;

use jiff::Timestamp;

use super::client::{Client, Error};
use super::command::Command;
use super::table::{self, BfdSession, DaemonStatus, Protocol};
use crate::observed::Answers;

/// What BIRD said.
#[derive(Debug, Clone)]
pub struct Survey {
    /// When BIRD had said what its clock shows: the ages of its answers are as of then.
    pub answered: Instant,
    /// The same by the wall clock.
    pub at: Timestamp,
    /// BIRD itself.
    pub daemon: DaemonStatus,
    /// Its protocols.
    pub protocols: Vec<Protocol>,
    /// Its BFD sessions.
    pub bfd: Vec<BfdSession>,
}

impl Survey {
    /// Asks, one question after the other.
    pub async fn ask(client: &mut Client) -> Result<Self, Error> {
        let status = client.demand(&Command::ShowStatus).await?;
        let (answered, at) = (Instant::now(), Timestamp::now());
        let mut daemon = table::daemon_status(&status)
            .ok_or_else(|| Error::NotBird(status.last().text.to_owned()))?;
        daemon.now = daemon.now.map(|now| now.located(at));
        let protocols = client.demand(&Command::ShowProtocolsAll).await?;
        // Without a BFD protocol this is an error of BIRD's, and no sessions to us.
        let bfd = client.ask(&Command::ShowBfdSessions).await?;
        Ok(Self {
            answered,
            at,
            protocols: table::protocols(&protocols, daemon.now),
            bfd: table::bfd_sessions(&bfd, daemon.now),
            daemon,
        })
    }

    /// For whoever puts them into the words of the status.
    #[must_use]
    pub fn answers(&self) -> Answers<'_> {
        Answers {
            daemon: &self.daemon,
            protocols: &self.protocols,
            bfd: &self.bfd,
            at: self.at,
        }
    }
}
