//! What BIRD's replies say: the daemon's state, its protocols, its BFD sessions, what is exported.
//!
//! Lenient on purpose: an unknown line is kept aside and a missing one is `None`, never zero. Layouts are those of
//! 2.0.7 to 2.20 and of 3.x.

mod bfd;
mod bgp;
mod channel;
mod exported;
mod protocol;
mod protocols;
mod reconfiguration;
mod status;
mod time;

pub use bfd::{BfdSession, BfdState, bfd_sessions};
pub use bgp::{
    Authentication, Bgp, Capabilities, Capability, ErrorClass, LastError, NeighborAddress,
    SessionState, Timer,
};
pub use channel::{
    Changes, Channel, ChannelState, Limit, LimitAction, LimitKind, NeighborRestart, Pending,
    Recovery, RouteChanges, Routes,
};
pub use exported::{exported_prefixes, exporting_protocols};
pub use protocol::{Protocol, ProtocolState};
pub use protocols::{protocol_states, protocols};
pub use reconfiguration::{Reconfiguration, configuration_file, reconfiguration};
pub use status::{DaemonRecovery, DaemonState, DaemonStatus, daemon_status};
pub use time::LocalTime;

#[cfg(test)]
mod tests;
