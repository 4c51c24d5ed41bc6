//! What the host files need to know of the host.

use crate::model::{InterfaceName, Processors, UnitName};

/// The host that BIRD and the DNS server run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The dummy interface that holds the anycast addresses.
    pub interface: InterfaceName,
    /// The DNS server's unit.
    pub dns_unit: Option<UnitName>,
    /// How many file descriptors the DNS server may have open.
    pub open_files: u32,
    /// The interfaces that questions come in on, each once.
    pub receive_interfaces: Vec<InterfaceName>,
    /// The processors that share the work of receiving.
    pub receive_processors: Option<Processors>,
    /// How many questions over UDP one source may ask each second.
    pub queries_per_second: u32,
}
