//! What the system and the operator say by signals, and what systemd means by one.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::systemd;

/// Why the daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// The signal.
    pub(super) signal: &'static str,
    /// Whether systemd starts it again at once.
    pub(super) is_restart: bool,
}

impl Stop {
    fn by(signal: &'static str) -> Self {
        Self {
            signal,
            is_restart: false,
        }
    }
}

/// The signals that mean something.
pub(super) struct Signals {
    /// Those that say to stop.
    pub(super) stop: Stopping,
    /// SIGHUP: the one that says to read the configuration anew.
    pub(super) hangup: Signal,
}

/// The signals that say to stop.
pub(super) struct Stopping {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes them over from the system, which would end the process.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            stop: Stopping {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

impl Stopping {
    /// Waits for one of them. SIGTERM may be the beginning of a restart: that is asked, if this is a unit of systemd's.
    pub(super) async fn wait(mut self, is_unit: bool) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => self.terminated(is_unit).await,
            _ = self.interrupt.recv() => Stop::by("SIGINT"),
        }
    }

    /// The daemon works on while systemd is asked. Who has no time for that sends another signal.
    async fn terminated(&mut self, is_unit: bool) -> Stop {
        let stop = Stop::by("SIGTERM");
        if !is_unit {
            return stop;
        }
        tokio::select! {
            biased;
            _ = self.terminate.recv() => stop,
            _ = self.interrupt.recv() => Stop::by("SIGINT"),
            answer = systemd::is_restarting() => {
                let is_restart = answer.unwrap_or_else(|error| {
                    tracing::warn!(
                        %error,
                        "systemd could not be asked whether it starts this unit again; this is taken for a stop"
                    );
                    false
                });
                Stop { is_restart, ..stop }
            }
        }
    }
}
