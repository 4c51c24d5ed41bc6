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
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over from the system, which would end the process.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that says to stop. SIGTERM may be the beginning of a restart: that is asked, if this is a unit of
    /// systemd's.
    pub(super) async fn stop(mut self, is_unit: bool) -> Stop {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return self.terminated(is_unit).await,
                _ = self.interrupt.recv() => return Stop::by("SIGINT"),
                _ = self.hangup.recv() => {
                    tracing::warn!("SIGHUP is ignored: the configuration is read at the start only");
                }
            }
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
