//! One protocol, switched and read back, and file operations that do not keep anybody from it.
//!
//! A command that BIRD took has not happened before BIRD says that it has. The daemon and the brake share this.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::bird::client::{self, Client, DEADLINE};
use crate::bird::command::Command;
use crate::bird::table::{self, ProtocolState};
use crate::files::DiskError;

/// How long a file operation may take before the command goes ahead without it.
const FILE_DEADLINE: Duration = Duration::from_millis(200);

/// BIRD's code for "No protocols match".
const NO_SUCH_PROTOCOL: u16 = 8003;

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Bird(#[from] client::Error),
    #[error(transparent)]
    Intent(#[from] DiskError),
    #[error("{} could not be written or removed within {} ms", .0.display(), FILE_DEADLINE.as_millis())]
    SlowFile(PathBuf),
    #[error(
        "BIRD does not know the protocol {0}: is the configuration from `anycastctl render` installed?"
    )]
    NoProtocol(String),
    #[error("BIRD took the command, but {0} is still not {1} after {time} s", time = DEADLINE.as_secs())]
    NotConfirmed(String, &'static str),
}

/// What a protocol shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Enabled, and up.
    Up,
    /// Enabled: whether the neighbour answers is not ours to wait for.
    Enabled,
    /// Disabled, and down.
    Down,
}

impl Wanted {
    fn command(self, name: String, message: String) -> Command {
        match self {
            Self::Up | Self::Enabled => Command::Enable(name, message),
            Self::Down => Command::Disable(name, message),
        }
    }

    fn is(self, state: ProtocolState) -> bool {
        match self {
            Self::Up => state == ProtocolState::Up,
            Self::Enabled => matches!(state, ProtocolState::Start | ProtocolState::Up),
            Self::Down => state == ProtocolState::Down,
        }
    }

    /// Whether somebody has undone the command, rather than BIRD being on its way.
    fn is_undone(self, state: ProtocolState) -> bool {
        match self {
            Self::Up | Self::Enabled => state == ProtocolState::Down,
            Self::Down => matches!(state, ProtocolState::Start | ProtocolState::Up),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Enabled => "enabled",
            Self::Down => "down",
        }
    }
}

/// Tells BIRD, with a message for whoever looks there, and waits until it is so.
pub(crate) async fn switch(
    client: &mut Client,
    name: &str,
    wanted: Wanted,
    message: &str,
) -> Result<(), Error> {
    let command = wanted.command(name.to_owned(), message.to_owned());
    tell(client, name, &command).await?;
    confirm(client, name, wanted, &command).await
}

async fn tell(client: &mut Client, name: &str, command: &Command) -> Result<(), Error> {
    let reply = client.ask(command).await?;
    if reply.has(NO_SUCH_PROTOCOL) {
        return Err(Error::NoProtocol(name.to_owned()));
    }
    client::accepted(command, reply)?;
    Ok(())
}

/// The same towards down: what does not exist announces nothing.
pub(crate) async fn disable(client: &mut Client, name: &str, message: &str) -> Result<(), Error> {
    match switch(client, name, Wanted::Down, message).await {
        Err(Error::NoProtocol(_)) => Ok(()),
        result => result,
    }
}

/// Reads the protocol back until it is as wanted: BIRD 3 takes a few milliseconds. It also goes on with a `configure`
/// of others after it has answered us, and then starts what we have disabled: so what was undone is commanded again.
async fn confirm(
    client: &mut Client,
    name: &str,
    wanted: Wanted,
    command: &Command,
) -> Result<(), Error> {
    let deadline = Instant::now() + DEADLINE;
    let mut pause = Duration::from_millis(1);
    let show = Command::ShowProtocol(name.to_owned());
    loop {
        let reply = client.demand(&show).await?;
        let protocols = table::protocols(&reply, None);
        let found = protocols.iter().find(|protocol| protocol.name == name);
        if found.is_some_and(|protocol| wanted.is(protocol.state)) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Error::NotConfirmed(name.to_owned(), wanted.word()));
        }
        sleep(pause).await;
        if found.is_some_and(|protocol| wanted.is_undone(protocol.state)) {
            tell(client, name, command).await?;
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Off the runtime's thread: a file system that hangs must not keep the command from BIRD.
pub(crate) async fn on_disk(
    file: PathBuf,
    operation: fn(&Path) -> Result<(), DiskError>,
) -> Result<(), Error> {
    let work = tokio::task::spawn_blocking({
        let file = file.clone();
        move || operation(&file)
    });
    match timeout(FILE_DEADLINE, work).await {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(_)) | Err(_) => Err(Error::SlowFile(file)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::UnixListener;

    use super::*;

    /// Plays a BIRD with one protocol that is up. It forgets so many commands after it has answered them, and tells
    /// how many it was given once its client has gone.
    async fn forgetful(listener: UnixListener, mut forgets: usize) -> usize {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut state, mut given, mut command) = ("up", 0, String::new());
        stream.write_all(b"0001 BIRD 3.4.0 ready.\n").await.unwrap();
        while stream.read_line(&mut command).await.unwrap() > 0 {
            let answer = match command.split_whitespace().next() {
                Some("disable") => {
                    given += 1;
                    state = if forgets > 0 { "up" } else { "down" };
                    forgets = forgets.saturating_sub(1);
                    "0009-p: disabled\n0000 \n".to_owned()
                }
                _ => format!(
                    "2002-Name Proto Table State Since Info\n1002-p Static master4 {state} 12:00:00.000 \n0000 \n"
                ),
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            command.clear();
        }
        given
    }

    async fn disabled_by(forgets: usize) -> (Result<(), Error>, usize) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bird.ctl");
        let bird = tokio::spawn(forgetful(UnixListener::bind(&path).unwrap(), forgets));
        let mut client = Client::connect(&path).await.unwrap();
        let result = switch(&mut client, "p", Wanted::Down, "test").await;
        drop(client);
        (result, bird.await.unwrap())
    }

    #[tokio::test]
    async fn a_command_is_given_once_and_what_others_undo_again() {
        for forgets in [0, 1, 3] {
            let (result, given) = disabled_by(forgets).await;
            result.unwrap();
            assert_eq!(given, forgets + 1);
        }
    }
}
