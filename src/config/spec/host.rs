//! The section `host`.

use serde::Deserialize;

use super::{Field, Leaf, List, Number, Text};
use crate::model::{InterfaceName, Processors, UnitName};

/// What the host files need to know of the host.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Host {
    /// The dummy interface that holds the anycast addresses.
    pub(crate) interface: Leaf<InterfaceName>,
    /// The DNS server's systemd unit.
    pub(crate) dns_unit: Leaf<UnitName>,
    /// How many file descriptors the DNS server may have open.
    pub(crate) open_files: Field<Number<1024, 1_048_576>>,
    /// The interfaces that questions come in on.
    pub(crate) receive_interfaces: List<Text<InterfaceName>>,
    /// The processors that share the work of receiving, as in `0-3`.
    pub(crate) receive_processors: Leaf<Processors>,
    /// How many questions over UDP one source may ask each second.
    pub(crate) queries_per_second: Field<Number<1, 1_000_000>>,
}
