//! A connection to BIRD's control socket: one command at a time, a deadline on everything.
//!
//! A connection that failed in any way is never used again: the answer to its last command may still be
//! on the way, and would be taken for the answer to the next one.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{UnixAddr, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::command::Command;
use super::reply::{Decoder, Event, FramingError, MAX_KEPT, Reply};
use crate::descriptors::is_shortage;

/// How long BIRD may take for an answer. `configure` of a big file keeps it from answering anybody for
/// 0.6 s (measured with 500,000 routes), so a second would be too tight.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// Between two knocks at a door where too many wait already.
const KNOCK_AGAIN: Duration = Duration::from_millis(1);

/// More blocks of notices than that, while nothing was asked, are no notices.
const MAX_NOTICES: usize = 256;

/// The code of BIRD's greeting.
const GREETING: u16 = 1;

/// The code that acknowledges `restrict`.
const RESTRICTED: u16 = 16;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket cannot be opened.
    #[error("cannot connect to BIRD at {path}: {}", explain(.source))]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("lost the connection to BIRD: {0}")]
    Lost(#[source] io::Error),
    /// BIRD closed the connection, as it does when it stops.
    #[error("BIRD closed the connection before it had answered")]
    Closed,
    /// Nothing, or not enough, within [`DEADLINE`].
    #[error("BIRD did not answer `{command}` within {} s", DEADLINE.as_secs())]
    Deadline {
        /// What was asked, or `connect` and `greeting`.
        command: String,
    },
    /// All answers of a poll together took too long, though each came in time.
    #[error("BIRD answers, but not all questions of a poll within {} s", .0.as_secs())]
    Slow(Duration),
    /// Something that is not BIRD's protocol.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The greeting is not one.
    #[error("the socket greeted with {0:?}: that is not BIRD")]
    NotBird(String),
    /// More than anybody can use.
    #[error(
        "the answer to `{0}` is too long: {MAX_KEPT} bytes of it were read, {1} more were dropped"
    )]
    TooLong(String, usize),
    /// An answer that nobody asked for, or a second one.
    #[error("BIRD sent an answer to nothing that was asked")]
    OutOfStep,
    /// BIRD refused the command.
    #[error("BIRD refused `{command}`: {answer}")]
    Refused {
        /// The command.
        command: String,
        /// BIRD's words, with its code.
        answer: String,
    },
}

impl Error {
    /// Whether this process has no descriptor left for a connection.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        matches!(self, Self::Connect { source, .. } if is_shortage(source))
    }

    /// Whether nobody has the socket open: BIRD does not run, as far as can be seen from here.
    #[must_use]
    pub fn is_no_bird(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(self, Self::Connect { source, .. } if matches!(source.kind(), NotFound | ConnectionRefused))
    }
}

/// What the operator can do about it.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such socket; is BIRD running?".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens there; did BIRD crash?".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied; run as root or join the group that owns the socket (Debian: bird)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// An open connection that has seen the greeting.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    decoder: Decoder,
}

impl Client {
    /// Connects and waits for the greeting.
    pub async fn connect(path: &Path) -> Result<Self, Error> {
        Self::greeted(path, knock(path)).await
    }

    /// The same with a socket for streams that is not connected yet and never waits: needs no further descriptor.
    pub async fn connect_with(path: &Path, socket: OwnedFd) -> Result<Self, Error> {
        Self::greeted(path, knock_with(path, socket)).await
    }

    async fn greeted(
        path: &Path,
        connection: impl Future<Output = io::Result<UnixStream>>,
    ) -> Result<Self, Error> {
        let deadline = Instant::now() + DEADLINE;
        let connected = timeout_at(deadline, connection).await;
        let stream = connected
            .map_err(|_| Error::Deadline {
                command: "connect".to_owned(),
            })?
            .map_err(|source| Error::Connect {
                path: path.to_owned(),
                source,
            })?;
        let mut client = Self {
            stream,
            decoder: Decoder::default(),
        };
        let greeting = client
            .within(deadline, "greeting", Self::next_reply)
            .await?;
        match greeting.last() {
            line if line.code == GREETING => Ok(client),
            line => Err(Error::NotBird(line.text.to_owned())),
        }
    }

    /// Connects for reading only: BIRD itself then refuses whatever would change something. Its times have dates and
    /// microseconds, where BIRD lets a connection choose.
    pub async fn connect_restricted(path: &Path) -> Result<Self, Error> {
        let mut client = Self::connect(path).await?;
        let reply = client.ask(&Command::Restrict).await?;
        if !reply.has(RESTRICTED) {
            return Err(refused(&Command::Restrict, &reply));
        }
        // Before 2.16 this is an error of syntax, and times come as the configuration says.
        client.ask(&Command::TimeFormat).await?;
        Ok(client)
    }

    /// Sends a command and returns its answer, which may report an error.
    pub async fn ask(&mut self, command: &Command) -> Result<Reply, Error> {
        let text = command.to_string();
        let deadline = Instant::now() + DEADLINE;
        self.discard_notices()?;
        self.within(deadline, &text, async |client| {
            client
                .stream
                .write_all(format!("{text}\n").as_bytes())
                .await
                .map_err(Error::Lost)?;
            client.next_reply().await
        })
        .await
    }

    /// Sends a command and takes an error in its answer, or an answer with parts dropped, for a failure.
    pub async fn demand(&mut self, command: &Command) -> Result<Reply, Error> {
        whole(command, self.ask(command).await?)
    }

    async fn within<T>(
        &mut self,
        deadline: Instant,
        what: &str,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        timeout_at(deadline, work(self)).await.unwrap_or_else(|_| {
            Err(Error::Deadline {
                command: what.to_owned(),
            })
        })
    }

    async fn next_reply(&mut self) -> Result<Reply, Error> {
        /// BIRD writes blocks of 4 kB.
        const BLOCK: usize = 4096;
        let mut buffer = [0; BLOCK];
        loop {
            match self.decoder.next_event() {
                Some(Event::Reply(reply)) => return Ok(reply),
                Some(Event::Notice(_)) => continue,
                None => {}
            }
            match self.stream.read(&mut buffer).await.map_err(Error::Lost)? {
                0 => return Err(Error::Closed),
                length => self.decoder.push(&buffer[..length])?,
            }
        }
    }

    /// Nothing but notices may have arrived while nothing was asked: BIRD 3 answers some commands twice,
    /// and a second answer would be taken for that of the next command.
    fn discard_notices(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        // Nothing here waits, so nobody else would get their turn while BIRD floods.
        for _ in 0..MAX_NOTICES {
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(Error::Closed),
                Ok(length) => self.decoder.push(&buffer[..length])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.between_replies();
                }
                Err(error) => return Err(Error::Lost(error)),
            }
        }
        Err(Error::OutOfStep)
    }

    fn between_replies(&mut self) -> Result<(), Error> {
        while let Some(event) = self.decoder.next_event() {
            if matches!(event, Event::Reply(_)) {
                return Err(Error::OutOfStep);
            }
        }
        if self.decoder.is_idle() {
            Ok(())
        } else {
            Err(Error::OutOfStep)
        }
    }
}

/// BIRD lets eight connections wait until it accepts them, and the kernel turns the next ones away at once.
async fn knock(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(KNOCK_AGAIN).await,
            result => return result,
        }
    }
}

/// The same with a socket of the caller's.
async fn knock_with(path: &Path, socket: OwnedFd) -> io::Result<UnixStream> {
    let address = UnixAddr::new(path)?;
    while let Err(error) = connect(socket.as_raw_fd(), &address) {
        match error {
            Errno::EAGAIN => sleep(KNOCK_AGAIN).await,
            error => return Err(error.into()),
        }
    }
    UnixStream::from_std(StdStream::from(socket))
}

/// The answer, unless it reports an error.
pub fn accepted(command: &Command, reply: Reply) -> Result<Reply, Error> {
    if reply.error().is_some() {
        Err(refused(command, &reply))
    } else {
        Ok(reply)
    }
}

/// The same, unless parts of it were dropped.
pub fn whole(command: &Command, reply: Reply) -> Result<Reply, Error> {
    match accepted(command, reply)? {
        reply if reply.dropped > 0 => Err(Error::TooLong(command.to_string(), reply.dropped)),
        reply => Ok(reply),
    }
}

fn refused(command: &Command, reply: &Reply) -> Error {
    let line = reply.error().unwrap_or_else(|| reply.last());
    Error::Refused {
        command: command.to_string(),
        answer: format!("{:04} {}", line.code, line.text),
    }
}

#[cfg(test)]
mod tests;
