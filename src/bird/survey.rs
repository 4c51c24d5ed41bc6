//! The three questions that tell BIRD's state.

use std::time::Instant;

use jiff::Timestamp;

use super::client::{Client, Error};
use super::command::Command;
use super::table;
use crate::observed::Survey;

/// Asks, one question after the other.
pub async fn ask(client: &mut Client) -> Result<Survey, Error> {
    let status = client.demand(&Command::ShowStatus).await?;
    let (answered, at) = (Instant::now(), Timestamp::now());
    let mut daemon = table::daemon_status(&status)
        .ok_or_else(|| Error::NotBird(status.last().text.to_owned()))?;
    daemon.now = daemon.now.map(|now| now.located(at));
    let protocols = client.demand(&Command::ShowProtocolsAll).await?;
    let protocols = table::protocols(&protocols, daemon.now);
    // Without a BFD protocol this is an error of BIRD's, and no sessions to us.
    let bfd = client.ask(&Command::ShowBfdSessions).await?;
    let bfd = table::bfd_sessions(&bfd, daemon.now);
    Ok(Survey::new((answered, at), daemon, protocols, bfd))
}
