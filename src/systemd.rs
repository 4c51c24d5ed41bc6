//! What is said to systemd, or to whoever else has started this program and wants to know (`sd_notify(3)`).
//!
//! One datagram socket, open from the start, neither connected nor ever waiting. The crate `sd-notify` opens a
//! socket for each message and waits until it is taken: a daemon without descriptors could not feed its watchdog and
//! would be killed although it works, and a manager that does not read would hold up a withdraw. Nobody is told
//! anything where `NOTIFY_SOCKET` is not set.

mod job;
mod units;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub use job::{Error as BusError, is_restarting};
pub use units::{UnitState, Units};

/// So many messages wait for a manager that does not read; older ones are given up.
const WAITING: usize = 8;

/// What systemd sets for a service that it starts (systemd.exec(5)).
#[derive(Debug, Default)]
pub struct Environment {
    notify_socket: Option<OsString>,
    watchdog_usec: Option<OsString>,
    watchdog_pid: Option<OsString>,
    invocation_id: Option<OsString>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn read() -> Self {
        Self {
            notify_socket: std::env::var_os("NOTIFY_SOCKET"),
            watchdog_usec: std::env::var_os("WATCHDOG_USEC"),
            watchdog_pid: std::env::var_os("WATCHDOG_PID"),
            invocation_id: std::env::var_os("INVOCATION_ID"),
        }
    }

    /// Whether a unit of systemd runs this process, as far as can be told without asking.
    #[must_use]
    pub fn is_unit(&self) -> bool {
        self.notify_socket.is_some() && self.invocation_id.is_some()
    }

    /// How long the watchdog of this process waits; `None` if it has none. The variables may be inherited from a
    /// parent whose they are.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        let number = |value: &OsString| value.to_str()?.parse::<u64>().ok();
        let pid = self.watchdog_pid.as_ref();
        if pid.is_some_and(|pid| number(pid) != Some(std::process::id().into())) {
            return None;
        }
        let time = number(self.watchdog_usec.as_ref()?)?;
        (time > 0).then(|| Duration::from_micros(time))
    }
}

/// The way to systemd; says nothing if there is none.
#[derive(Debug, Default)]
pub struct Notifier {
    way: Option<(UnixDatagram, SocketAddr)>,
    /// What could not be sent yet, oldest first.
    waiting: VecDeque<String>,
    /// The last status, sent or waiting.
    status: String,
}

impl Notifier {
    /// Opens the socket. Where that fails the log tells, and nothing is ever said.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        let Some(name) = &environment.notify_socket else {
            return Self::default();
        };
        let way = open(name).inspect_err(
            |error| tracing::warn!(socket = ?name, %error, "systemd cannot be told anything"),
        );
        Self {
            way: way.ok(),
            ..Self::default()
        }
    }

    /// The daemon does what it is there for.
    pub fn ready(&mut self) {
        self.say("READY=1".to_owned());
    }

    /// The configuration is being read again; [`Self::ready`] ends that.
    pub fn reloading(&mut self) {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from);
        // Since release 253 systemd wants to know when, and takes a message without it for none.
        let now = now.unwrap_or_default().as_micros();
        self.say(format!("RELOADING=1\nMONOTONIC_USEC={now}"));
    }

    /// The daemon ends.
    pub fn stopping(&mut self) {
        self.say("STOPPING=1".to_owned());
    }

    /// What `systemctl status` shows: one line, told only if it is another one than before.
    pub fn status(&mut self, line: String) {
        if self.status != line {
            self.waiting.retain(|message| !message.starts_with(STATUS));
            self.say(format!("{STATUS}{line}"));
            self.status = line;
        }
    }

    /// The daemon works. One that cannot be sent is not sent later.
    pub fn feed_watchdog(&mut self) {
        self.flush();
        if self.waiting.is_empty() {
            // The next one comes in a second.
            let _ = self.send("WATCHDOG=1");
        }
    }

    /// Sends what waits, as far as systemd takes it.
    pub fn flush(&mut self) {
        while let Some(message) = self.waiting.front() {
            if !self.send(message) {
                return;
            }
            self.waiting.pop_front();
        }
    }

    fn say(&mut self, message: String) {
        if self.way.is_none() {
            return;
        }
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
        self.flush();
    }

    fn send(&self, message: &str) -> bool {
        let Some((socket, address)) = &self.way else {
            return true;
        };
        let sent = socket.send_to_addr(message.as_bytes(), address);
        if let Err(error) = &sent {
            tracing::debug!(%error, message, "systemd was not told");
        }
        sent.is_ok()
    }
}

/// How a status begins.
const STATUS: &str = "STATUS=";

fn open(name: &OsString) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::Error::other("neither a path nor an abstract name")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(socket: impl Into<OsString>) -> Environment {
        Environment {
            notify_socket: Some(socket.into()),
            ..Environment::default()
        }
    }

    fn watchdog(usec: &str, pid: Option<String>) -> Option<Duration> {
        let environment = Environment {
            watchdog_usec: Some(usec.into()),
            watchdog_pid: pid.map(Into::into),
            ..Environment::default()
        };
        environment.watchdog()
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn nobody_is_told_where_nobody_listens() {
        for socket in ["", "vsock:2:9999", "/nonexistent/notify", "relative"] {
            let mut notifier = Notifier::new(&environment(socket));
            notifier.ready();
            notifier.feed_watchdog();
        }
        let mut notifier = Notifier::new(&Environment::default());
        notifier.ready();
        assert!(notifier.waiting.is_empty());
    }

    #[test]
    fn both_kinds_of_sockets_hear_everything_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("anycastctl-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (listener, name) in [
            (UnixDatagram::bind(&path), path.clone().into_os_string()),
            (
                UnixDatagram::bind_addr(&abstract_name),
                format!("@{name}").into(),
            ),
        ] {
            let listener = listener.unwrap();
            let mut notifier = Notifier::new(&environment(name));
            notifier.status("one".to_owned());
            notifier.status("one".to_owned());
            notifier.ready();
            notifier.feed_watchdog();
            notifier.reloading();
            notifier.stopping();
            for wanted in ["STATUS=one", "READY=1", "WATCHDOG=1"] {
                assert_eq!(received(&listener), wanted);
            }
            let reloading = received(&listener);
            let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
            assert!(time.unwrap().parse::<u64>().unwrap() > 0, "{reloading}");
            assert_eq!(received(&listener), "STOPPING=1");
        }
    }

    #[test]
    fn what_a_full_socket_does_not_take_waits_and_the_last_status_is_enough() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let mut notifier = Notifier::new(&environment(path));
        while notifier.send("WATCHDOG=1") {}
        notifier.ready();
        for number in 0..100 {
            notifier.status(number.to_string());
        }
        notifier.feed_watchdog();
        assert_eq!(notifier.waiting, ["READY=1", "STATUS=99"]);
        while received(&listener) == "WATCHDOG=1" {
            notifier.flush();
        }
        assert_eq!(received(&listener), "STATUS=99");
    }

    #[test]
    fn a_manager_that_is_started_again_hears_what_waited() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let mut notifier = Notifier::new(&environment(path.clone()));
        notifier.ready();
        let listener = UnixDatagram::bind(&path).unwrap();
        notifier.flush();
        assert_eq!(received(&listener), "READY=1");
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let own = std::process::id();
        let time = Some(Duration::from_secs(20));
        assert_eq!(watchdog("20000000", None), time);
        assert_eq!(watchdog("20000000", Some(own.to_string())), time);
        for pid in [(own + 1).to_string(), String::new(), "x".to_owned()] {
            assert_eq!(watchdog("20000000", Some(pid)), None);
        }
        for usec in ["0", "", "-1", "20s"] {
            assert_eq!(watchdog(usec, None), None, "{usec}");
        }
    }

    #[test]
    fn only_a_unit_is_one() {
        assert!(!environment("/run/systemd/notify").is_unit());
        let unit = Environment {
            invocation_id: Some("4711".into()),
            ..environment("/run/systemd/notify")
        };
        assert!(unit.is_unit());
    }
}
