//! What tells an apply to go back: SIGINT, SIGTERM, and SIGHUP of a terminal that was cut off.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, taken over from the system, which would end the process between two files.
pub(super) struct Signals([(&'static str, Signal); 3]);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self([
            ("SIGINT", signal(SignalKind::interrupt())?),
            ("SIGTERM", signal(SignalKind::terminate())?),
            ("SIGHUP", signal(SignalKind::hangup())?),
        ]))
    }

    /// Waits for one, and returns its name.
    pub(super) async fn any(&mut self) -> &'static str {
        let [(int, interrupt), (term, terminate), (hup, hangup)] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => int,
            _ = terminate.recv() => term,
            _ = hangup.recv() => hup,
        }
    }
}
