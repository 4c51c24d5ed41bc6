//! The questions that tell BIRD's state.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::client::{self, Client, Error};
use super::command::Command;
use super::reply::Reply;
use super::table::{self, BfdSession, DaemonStatus, Protocol, ProtocolState};
use crate::observed::Survey;

/// BIRD's code for "No protocols match".
const NO_SUCH_PROTOCOL: u16 = 8003;

/// Asks for everything, one question after the other.
pub async fn ask(client: &mut Client) -> Result<Survey, Error> {
    let (moment, daemon) = status(client).await?;
    let protocols = client.demand(&Command::ShowProtocolsAll).await?;
    let protocols = table::protocols(&protocols, daemon.now);
    let bfd = bfd(client, &daemon).await?;
    Ok(Survey::new(moment, daemon, protocols, bfd))
}

/// What whoever asks every second asks: the state of every protocol, and details of some. Thousands of protocols whose
/// state is as it was are not even read.
#[derive(Debug, Default)]
pub struct Watch {
    /// The last rows, and what they say.
    last: Option<(Reply, Arc<HashMap<String, ProtocolState>>)>,
}

impl Watch {
    /// Asks, one question after the other; for details of the protocols that are named like this, where `*` stands for
    /// any letters, or of none.
    pub async fn ask(
        &mut self,
        client: &mut Client,
        detailed: Option<&str>,
    ) -> Result<Survey, Error> {
        let (moment, daemon) = status(client).await?;
        let rows = client.demand(&Command::ShowProtocols).await?;
        let states = self.states(rows);
        let protocols = match detailed {
            Some(pattern) => details(client, pattern, &daemon).await?,
            None => Vec::new(),
        };
        let bfd = bfd(client, &daemon).await?;
        Ok(Survey::new(moment, daemon, protocols, bfd).with_states(states))
    }

    fn states(&mut self, rows: Reply) -> Arc<HashMap<String, ProtocolState>> {
        let known = self.last.take().filter(|(last, _)| *last == rows);
        let states = known.map_or_else(
            || Arc::new(table::protocol_states(&rows)),
            |(_, states)| states,
        );
        self.last = Some((rows, Arc::clone(&states)));
        states
    }
}

async fn status(client: &mut Client) -> Result<((Instant, Timestamp), DaemonStatus), Error> {
    let status = client.demand(&Command::ShowStatus).await?;
    let (answered, at) = (Instant::now(), Timestamp::now());
    let mut daemon = table::daemon_status(&status)
        .ok_or_else(|| Error::NotBird(status.last().text.to_owned()))?;
    daemon.now = daemon.now.map(|now| now.located(at));
    Ok(((answered, at), daemon))
}

async fn details(
    client: &mut Client,
    pattern: &str,
    daemon: &DaemonStatus,
) -> Result<Vec<Protocol>, Error> {
    let command = Command::ShowProtocolsLike(pattern.to_owned());
    let reply = client.ask(&command).await?;
    if reply.has(NO_SUCH_PROTOCOL) {
        return Ok(Vec::new());
    }
    let reply = client::whole(&command, reply)?;
    Ok(table::protocols(&reply, daemon.now))
}

/// Without a BFD protocol this is an error of BIRD's, and no sessions to us.
async fn bfd(client: &mut Client, daemon: &DaemonStatus) -> Result<Vec<BfdSession>, Error> {
    let reply = client.ask(&Command::ShowBfdSessions).await?;
    Ok(table::bfd_sessions(&reply, daemon.now))
}

#[cfg(test)]
mod tests {
    use super::super::reply::{Decoder, Event};
    use super::*;

    fn rows(state: &str) -> Reply {
        let text = format!(
            "2002-Name       Proto      Table      State  Since         Info\n\
             1002-a          Static     master4    {state:6} 20:48:49.123  \n\
             \u{20}b          Static     master4    down   20:48:49.123  \n0000 \n"
        );
        let mut decoder = Decoder::default();
        decoder.push(text.as_bytes()).unwrap();
        match decoder.next_event() {
            Some(Event::Reply(reply)) => reply,
            other => panic!("wanted a reply, got {other:?}"),
        }
    }

    #[test]
    fn rows_are_read_again_as_soon_as_one_says_something_else() {
        let mut watch = Watch::default();
        let up = watch.states(rows("up"));
        assert_eq!(up["a"], ProtocolState::Up);
        assert_eq!(up["b"], ProtocolState::Down);
        assert!(Arc::ptr_eq(&up, &watch.states(rows("up"))));
        let flush = watch.states(rows("flush"));
        assert_eq!(flush["a"], ProtocolState::Flush);
        assert_eq!(watch.states(rows("up")), up);
    }
}
