//! A socket that plays BIRD, for what the real one cannot be made to do.
//!
//! It has static protocols and nothing else, and answers as BIRD 2.0.12 does unless told to misbehave.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::listener::{Client, Listener, flood, long_row};
use crate::Result;

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// Not at all.
    None,
    /// Every answer is a line that is not BIRD's protocol.
    Garbage,
    /// Every answer is half a line, and its rest never comes.
    HalfALine,
    /// The table of all protocols is 30 MB of rows.
    Flood,
    /// The table of all protocols is 30 MB of lines without any text.
    EmptyFlood,
    /// It hangs up in the middle of every answer.
    HangsUp,
    /// Every answer comes twice.
    TwoReplies,
    /// Lines of a log stand before every line of an answer.
    Notices,
    /// A line of every table is replaced by `8000-<line overflow>`.
    Overflow,
    /// `enable` and `disable` are refused.
    Refuses,
    /// `enable` and `disable` are reported done, and nothing changes.
    Pretends,
    /// `enable` and `disable` are carried out and never answered.
    KeepsSilent,
    /// `configure confirm` finds nothing to confirm.
    NeverConfirms,
    /// A reconfiguration never ends once it has begun.
    NeverReady,
    /// `configure timeout` is carried out and never answered.
    ConfiguresSilently,
}

/// See the module. Dropping it ends it.
pub struct FakeBird {
    shared: Arc<Shared>,
    _listener: Listener,
}

struct Shared {
    /// Protocols, and whether they are up.
    protocols: Mutex<BTreeMap<String, bool>>,
    mischief: Mutex<Mischief>,
    /// Something was configured with a timeout, and not gone back to.
    configured: AtomicBool,
}

impl FakeBird {
    /// Listens at `socket`, with these protocols, all of them down.
    pub fn start(socket: &Path, protocols: &[&str]) -> Result<Self> {
        let protocols = protocols.iter().map(|&name| (name.to_owned(), false));
        let shared = Arc::new(Shared {
            protocols: Mutex::new(protocols.collect()),
            mischief: Mutex::new(Mischief::None),
            configured: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        let listener = Listener::start(socket, move |client| served.converse(&client))?;
        Ok(Self {
            shared,
            _listener: listener,
        })
    }

    /// From now on it misbehaves like this, also on connections that are open.
    pub fn behave(&self, mischief: Mischief) {
        *lock(&self.shared.mischief) = mischief;
    }

    /// Whether a protocol is up.
    #[must_use]
    pub fn is_up(&self, protocol: &str) -> bool {
        lock(&self.shared.protocols).get(protocol) == Some(&true)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn converse(&self, client: &Client) -> std::io::Result<()> {
        (&client.stream).write_all(b"0001 BIRD 2.0.12 ready.\n")?;
        client.commands(|command, stream| self.answer(command.trim(), stream))
    }

    /// False to hang up.
    fn answer(&self, command: &str, mut stream: &UnixStream) -> std::io::Result<bool> {
        let mischief = *lock(&self.mischief);
        let switches = command.starts_with("enable ") || command.starts_with("disable ");
        let all = command.starts_with("show protocols");
        match mischief {
            Mischief::Garbage => stream.write_all(b"\xff\x00\x1b what?\n")?,
            Mischief::HalfALine => stream.write_all(b"0009-anycast_res")?,
            Mischief::Flood if all => flood(stream, &long_row())?,
            Mischief::EmptyFlood if all => flood(stream, "1006-\n")?,
            Mischief::HangsUp => {
                stream.write_all(b"0009-anycast_res")?;
                return Ok(false);
            }
            Mischief::TwoReplies => stream.write_all(self.reply(command).repeat(2).as_bytes())?,
            Mischief::Notices => {
                let noise = "+log\n<3 messages lost>\n+log\n";
                let reply = self.reply(command);
                let noisy: String = reply
                    .lines()
                    .map(|line| format!("{noise}{line}\n"))
                    .collect();
                stream.write_all(noisy.as_bytes())?;
            }
            Mischief::Overflow => {
                let reply = self.reply(command);
                let reply = reply.replacen("0000 ", "8000-<line overflow>\n0000 ", 1);
                stream.write_all(reply.as_bytes())?;
            }
            Mischief::Refuses if switches => stream.write_all(b"8007 Access denied\n")?,
            Mischief::Pretends if switches => stream.write_all(b"0009-x: disabled\n0000 \n")?,
            Mischief::NeverConfirms if command == "configure confirm" => {
                stream.write_all(b"0019 Nothing to do\n")?;
            }
            Mischief::NeverReady if command == "configure status" && self.is_configured() => {
                let reply = self.reply(command).replacen(
                    "0003-Daemon is up and running",
                    "0004-Reconfiguration in progress",
                    1,
                );
                stream.write_all(reply.as_bytes())?;
            }
            Mischief::ConfiguresSilently if command.starts_with("configure timeout") => {
                drop(self.reply(command));
            }
            Mischief::KeepsSilent if switches => drop(self.reply(command)),
            _ => stream.write_all(self.reply(command).as_bytes())?,
        }
        Ok(true)
    }

    /// Carries the command out, and says so as BIRD does.
    fn reply(&self, command: &str) -> String {
        let name = command.split('"').nth(1).unwrap_or_default();
        match command.split(' ').next().unwrap_or_default() {
            "restrict" => "0016 Access restricted\n".to_owned(),
            "enable" => self.switch(name, true),
            "disable" => self.switch(name, false),
            "configure" => self.configure(command),
            _ if command == "show status" => STATUS.to_owned(),
            _ if command.starts_with("show protocols") => self.table(name),
            _ if command.starts_with("show route") => "0000 \n".to_owned(),
            _ => "9001 syntax error\n".to_owned(),
        }
    }

    fn is_configured(&self) -> bool {
        self.configured.load(Ordering::Relaxed)
    }

    fn configure(&self, command: &str) -> String {
        let word = command.split(' ').nth(1);
        if !matches!(word, Some("check" | "status")) {
            let unconfirmed = word == Some("timeout");
            self.configured.store(unconfirmed, Ordering::Relaxed);
        }
        let reply = match word {
            Some("check") => "0020 Configuration OK\n",
            Some("confirm") => "0018 Reconfiguration confirmed\n",
            Some("status") if self.is_configured() => {
                "0003-Daemon is up and running\n0022-Configuration unconfirmed, undo in 9.000 s\n0000 \n"
            }
            Some("status") => "0003-Daemon is up and running\n0000 \n",
            _ => "0003 Reconfigured\n",
        };
        reply.to_owned()
    }

    fn switch(&self, name: &str, up: bool) -> String {
        match lock(&self.protocols).get_mut(name) {
            None => "8003 No protocols match\n".to_owned(),
            Some(state) => {
                *state = up;
                let done = if up {
                    "0011-x: enabled"
                } else {
                    "0009-x: disabled"
                };
                format!("{done}\n0000 \n")
            }
        }
    }

    /// One protocol, or all for an empty name.
    fn table(&self, wanted: &str) -> String {
        let protocols = lock(&self.protocols);
        let rows: String = protocols
            .iter()
            .filter(|(name, _)| wanted.is_empty() || *name == wanted)
            .map(|(name, up)| {
                let state = if *up { "up" } else { "down" };
                format!("1002-{name} Static     master4    {state:6} 2026-11-22    \n")
            })
            .collect();
        if rows.is_empty() {
            return "8003 No protocols match\n".to_owned();
        }
        format!("2002-Name       Proto      Table      State  Since         Info\n{rows}0000 \n")
    }
}

const STATUS: &str = "1000-BIRD 2.0.12
1011-Router ID is 10.99.0.2
 Current server time is 2026-11-22 12:00:00.000
 Last reboot on 2026-11-22 11:00:00.000
 Last reconfiguration on 2026-11-22 11:00:00.000
0013 Daemon is up and running
";
