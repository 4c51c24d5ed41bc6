//! A client of BIRD's control socket, small enough to be obviously right.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::{Context, Error, Result};

/// How long BIRD may take for a reply.
const REPLY: Duration = Duration::from_secs(5);

/// A connection to BIRD.
pub struct ControlSocket {
    stream: BufReader<UnixStream>,
}

impl ControlSocket {
    /// Connects and reads the greeting.
    pub fn connect(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path).context(path.display())?;
        stream.set_read_timeout(Some(REPLY))?;
        stream.set_write_timeout(Some(REPLY))?;
        let mut socket = Self {
            stream: BufReader::new(stream),
        };
        let greeting = socket.reply()?;
        if greeting.starts_with("0001 ") {
            Ok(socket)
        } else {
            Err(Error::new(greeting))
        }
    }

    /// Sends a command and returns the whole reply, codes included.
    pub fn ask(&mut self, command: &str) -> Result<String> {
        let line = format!("{command}\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .context(command)?;
        self.reply().context(command)
    }

    fn reply(&mut self) -> Result<String> {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.stream.read_line(&mut reply)? == 0 {
                return Err(Error::new(format!("BIRD hung up after: {reply}")));
            }
            if is_final(&reply[start..]) {
                return Ok(reply);
            }
        }
    }
}

/// Four digits and a blank end a reply; four digits and a dash do not.
fn is_final(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 4 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b' '
}
