//! One who stands between BIRD and its clients, and lets everything pass until he is told otherwise. BIRD itself is
//! real, so that what is announced can be seen at the neighbour.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::listener::{Client, Listener, flood, long_row};
use crate::Result;

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
    meddling: Arc<Mutex<Meddling>>,
    _listener: Listener,
}

impl Meddler {
    /// Listens at `socket` for clients of the BIRD at `bird`.
    pub fn start(socket: &Path, bird: &Path) -> Result<Self> {
        let meddling = Arc::new(Mutex::new(Meddling::None));
        let between = Between {
            bird: bird.to_owned(),
            meddling: Arc::clone(&meddling),
        };
        let listener = Listener::start(socket, move |client| between.converse(&client))?;
        Ok(Self {
            meddling,
            _listener: listener,
        })
    }

    /// From now on he does this with every command, also on connections that are open.
    pub fn behave(&self, meddling: Meddling) {
        *self.meddling.lock().unwrap_or_else(PoisonError::into_inner) = meddling;
    }
}

/// What stands between BIRD and each client.
#[derive(Clone)]
struct Between {
    bird: PathBuf,
    meddling: Arc<Mutex<Meddling>>,
}

impl Between {
    /// The greeting is BIRD's own: without BIRD, there is no connection. What BIRD says comes back in a thread of its own.
    fn converse(&self, client: &Client) -> std::io::Result<()> {
        let bird = UnixStream::connect(&self.bird)?;
        let (from_bird, to_client) = (bird.try_clone()?, client.stream.try_clone()?);
        std::thread::spawn(move || pass_on(from_bird, to_client));
        let outcome = client.commands(|command, client| {
            self.answer(command, client, &bird)?;
            Ok(true)
        });
        let _already_gone = bird.shutdown(Shutdown::Both);
        let _already_gone = client.stream.shutdown(Shutdown::Both);
        outcome
    }

    fn answer(
        &self,
        command: &str,
        mut client: &UnixStream,
        mut bird: &UnixStream,
    ) -> std::io::Result<()> {
        let meddling = *self.meddling.lock().unwrap_or_else(PoisonError::into_inner);
        match meddling {
            Meddling::None => bird.write_all(command.as_bytes()),
            Meddling::Garbage => client.write_all(b"\xff\x00\x1b what?\n"),
            Meddling::HalfALine => client.write_all(b"0009-anycast_res"),
            Meddling::Flood => flood(client, &long_row()),
        }
    }
}

/// Until either is gone; then the client is told so.
fn pass_on(mut bird: UnixStream, mut client: UnixStream) {
    let _one_of_both_gone = std::io::copy(&mut bird, &mut client);
    let _already_gone = client.shutdown(Shutdown::Both);
}
