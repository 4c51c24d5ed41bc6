//! Where lines end up. Only the worker thread waits here.

use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an entry waits for a journal that does not read before it is given up.
const JOURNAL_TIME: Duration = Duration::from_secs(1);

/// The end of the way.
pub(super) enum Sink {
    /// One line after the other.
    Stream(Box<dyn Write + Send>),
    /// One datagram an entry.
    Journal {
        /// Not connected: a journal that is started again is found again.
        socket: UnixDatagram,
        /// The journal's socket.
        path: PathBuf,
    },
}

impl Sink {
    pub(super) fn standard_error() -> Self {
        Self::Stream(Box::new(io::stderr()))
    }

    /// Fails if nobody is there now.
    pub(super) fn journal(path: &Path) -> io::Result<Self> {
        UnixDatagram::unbound()?.connect(path)?;
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(JOURNAL_TIME))?;
        let path = path.to_owned();
        Ok(Self::Journal { socket, path })
    }

    /// Writes a whole line. It is lost if this fails.
    pub(super) fn put(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.write_all(line),
            Self::Journal { socket, path } => socket.send_to(line, path).map(drop),
        }
    }
}
