//! A control socket that is played: one thread listens, and each client has another.

use std::io::{BufRead, BufReader, ErrorKind, Result as Outcome, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Context, Result};

/// How often a thread looks whether it should end.
const TICK: Duration = Duration::from_millis(20);

/// The size of a flood, in bytes.
const FLOOD: usize = 30 * 1024 * 1024;

/// Dropping it ends it.
pub(super) struct Listener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens at `socket`, and has every client talked to in a thread of its own.
    pub(super) fn start(
        socket: &Path,
        converse: impl Fn(Client) -> Outcome<()> + Clone + Send + 'static,
    ) -> Result<Self> {
        let listener = UnixListener::bind(socket).context(socket.display())?;
        listener.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&listener, &seen, &converse));
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn serve(
    listener: &UnixListener,
    stop: &Arc<AtomicBool>,
    converse: &(impl Fn(Client) -> Outcome<()> + Clone + Send + 'static),
) {
    while !stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(TICK);
            continue;
        };
        let (stop, converse) = (Arc::clone(stop), converse.clone());
        std::thread::spawn(move || {
            let _client_gone = converse(Client { stream, stop });
        });
    }
}

/// Who is talked to.
pub(super) struct Client {
    pub(super) stream: UnixStream,
    stop: Arc<AtomicBool>,
}

impl Client {
    /// Has every line answered until that says false, the client goes, or the listener ends.
    pub(super) fn commands(
        &self,
        mut answer: impl FnMut(&str, &UnixStream) -> Outcome<bool>,
    ) -> Outcome<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(Some(TICK))?;
        let mut lines = BufReader::new(&self.stream);
        let mut command = String::new();
        while !self.stop.load(Ordering::Relaxed) {
            match lines.read_line(&mut command) {
                Ok(0) => return Ok(()),
                Ok(_) if answer(&command, &self.stream)? => command.clear(),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// An answer of 30 MB of the same line.
pub(super) fn flood(mut stream: &UnixStream, line: &str) -> Outcome<()> {
    let block = line.repeat(64 * 1024 / line.len());
    for _ in 0..FLOOD / block.len() {
        stream.write_all(block.as_bytes())?;
    }
    stream.write_all(b"0000 \n")
}

/// A long row of a table.
pub(super) fn long_row() -> String {
    format!("1006-{}\n", "x".repeat(400))
}
