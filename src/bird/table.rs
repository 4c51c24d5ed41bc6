//! What BIRD's replies say: the daemon's state, its protocols, its BFD sessions, what is exported.
//!
//! Lenient on purpose: an unknown line is passed over and a missing one is `None`, never zero. Layouts of
//! 2.0.7 to 2.20 and of 3.x are the same as far as they are read here.

mod exported;
mod protocols;
mod reconfiguration;
mod status;
mod time;

pub use exported::{exported_prefixes, exporting_protocols};
pub use protocols::{BfdSession, Protocol, ProtocolState, bfd_sessions, protocols};
pub use reconfiguration::{Reconfiguration, configuration_file, reconfiguration};
pub use status::{DaemonStatus, daemon_status};
pub use time::LocalTime;

#[cfg(test)]
mod tests;
