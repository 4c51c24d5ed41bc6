//! The socket that a probe left behind, for the next one: making one costs more than asking.
//!
//! Only a socket with nothing outstanding is kept: its one question was answered. A new one has another port, and a
//! server of several processes that share an address is told by the port which of them is to answer. So a socket is
//! kept for a few questions only, and the first that goes wrong gets another.

use std::sync::{Mutex, PoisonError};

use tokio::net::UdpSocket;

/// One question in so many leaves no socket behind, at random: a check of one question a second has asked every process
/// of a server within minutes.
const KEPT_FOR: u32 = 32;

/// A place for one socket, which is connected to the one server that is asked.
#[derive(Debug, Default)]
pub(super) struct Idle(pub(super) Mutex<Option<UdpSocket>>);

impl Idle {
    /// The socket, if there is one. Whoever asks at the same time makes one.
    pub(super) fn take(&self) -> Option<UdpSocket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps a socket on which nothing is outstanding, or does not.
    pub(super) fn keep(&self, socket: UdpSocket) {
        if !rand::random_ratio(1, KEPT_FOR) {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(socket);
        }
    }
}
