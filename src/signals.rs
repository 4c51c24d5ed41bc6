//! What ends a command that would leave something behind: SIGINT, SIGTERM, and SIGHUP of a terminal that was cut off.

use std::io;

use nix::sys::signal::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, taken over from the system, which would end the process at once.
pub(crate) struct Signals([(Number, Signal); 3]);

impl Signals {
    /// From here on, they end nothing by themselves.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self([
            (Number::SIGINT, signal(SignalKind::interrupt())?),
            (Number::SIGTERM, signal(SignalKind::terminate())?),
            (Number::SIGHUP, signal(SignalKind::hangup())?),
        ]))
    }

    /// Waits for one.
    pub(crate) async fn any(&mut self) -> Number {
        let [(int, interrupt), (term, terminate), (hup, hangup)] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => *int,
            _ = terminate.recv() => *term,
            _ = hangup.recv() => *hup,
        }
    }
}
