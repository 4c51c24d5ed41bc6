//! One who stands between BIRD and its clients, and lets everything pass until he is told otherwise. BIRD itself is
//! real, so that what is announced can be seen at the neighbour.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Context, Result};

/// How often a thread looks whether it should end.
const TICK: Duration = Duration::from_millis(20);

/// The size of a flood, in bytes.
const FLOOD: usize = 30 * 1024 * 1024;

/// What he does with commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// He passes them on, and BIRD's answers back.
    None,
    /// BIRD gets none of them; the answer is a line that is not BIRD's protocol.
    Garbage,
    /// BIRD gets none of them; the answer is half a line, and its rest never comes.
    HalfALine,
    /// BIRD gets none of them; the answer is 30 MB of rows.
    Flood,
}

/// See the module. Dropping it ends it.
pub struct Meddler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    bird: PathBuf,
    meddling: Mutex<Meddling>,
    stop: AtomicBool,
}

impl Meddler {
    /// Listens at `socket` for clients of the BIRD at `bird`.
    pub fn start(socket: &Path, bird: &Path) -> Result<Self> {
        let listener = UnixListener::bind(socket).context(socket.display())?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            bird: bird.to_owned(),
            meddling: Mutex::new(Meddling::None),
            stop: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, &served));
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// From now on he does this with every command, also on connections that are open.
    pub fn behave(&self, meddling: Meddling) {
        let mut now = self
            .shared
            .meddling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now = meddling;
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn serve(listener: &UnixListener, shared: &Arc<Shared>) {
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((client, _)) = listener.accept() else {
            std::thread::sleep(TICK);
            continue;
        };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            let _one_of_both_gone = shared.converse(client);
        });
    }
}

impl Shared {
    /// The greeting is BIRD's own: without BIRD, there is no connection. What BIRD says comes back in a thread of its own.
    fn converse(&self, client: UnixStream) -> std::io::Result<()> {
        client.set_nonblocking(false)?;
        client.set_read_timeout(Some(TICK))?;
        let mut bird = UnixStream::connect(&self.bird)?;
        let (from_bird, to_client) = (bird.try_clone()?, client.try_clone()?);
        std::thread::spawn(move || pass_on(from_bird, to_client));
        let outcome = self.commands(&client, &mut bird);
        let _already_gone = bird.shutdown(std::net::Shutdown::Both);
        let _already_gone = client.shutdown(std::net::Shutdown::Both);
        outcome
    }

    fn commands(&self, client: &UnixStream, bird: &mut UnixStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(client.try_clone()?);
        let mut command = String::new();
        while !self.stop.load(Ordering::Relaxed) {
            match lines.read_line(&mut command) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    self.answer(&command, client, bird)?;
                    command.clear();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn answer(
        &self,
        command: &str,
        mut client: &UnixStream,
        bird: &mut UnixStream,
    ) -> std::io::Result<()> {
        let meddling = *self.meddling.lock().unwrap_or_else(PoisonError::into_inner);
        match meddling {
            Meddling::None => bird.write_all(command.as_bytes()),
            Meddling::Garbage => client.write_all(b"\xff\x00\x1b what?\n"),
            Meddling::HalfALine => client.write_all(b"0009-anycast_res"),
            Meddling::Flood => {
                let row = format!("1006-{}\n", "x".repeat(400));
                let block = row.repeat(64 * 1024 / row.len());
                (0..FLOOD / block.len()).try_for_each(|_| client.write_all(block.as_bytes()))?;
                client.write_all(b"0000 \n")
            }
        }
    }
}

/// Until either is gone; then the client is told so.
fn pass_on(mut bird: UnixStream, mut client: UnixStream) {
    let _one_of_both_gone = std::io::copy(&mut bird, &mut client);
    let _already_gone = client.shutdown(std::net::Shutdown::Both);
}
