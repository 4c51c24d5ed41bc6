//! The section `host`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Field, Leaf, List, Number, Text};
use crate::model::{InterfaceName, Processors, UnitName};

/// What the files for the host need to know of it (`anycastctl render --list`).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Host {
    /// The dummy interface that holds the anycast addresses.
    #[schemars(extend("default" = "anycast0"))]
    pub(crate) interface: Leaf<InterfaceName>,
    /// The DNS server's systemd unit. Where absent, `render limits` asks for it.
    pub(crate) dns_unit: Leaf<UnitName>,
    /// How many file descriptors the DNS server may have open, 1024 to 1048576.
    #[schemars(extend("default" = 65536))]
    pub(crate) open_files: Field<Number<1024, 1_048_576>>,
    /// The interfaces that questions come in on. Where absent, `render steering` asks for them.
    pub(crate) receive_interfaces: List<Text<InterfaceName>>,
    /// The processors that share the work of receiving, as in 0-3. Where absent, `render steering` asks for them.
    pub(crate) receive_processors: Leaf<Processors>,
    /// How many questions over UDP one source may ask each second; an IPv6 source is a /64.
    #[schemars(extend("default" = 1000))]
    pub(crate) queries_per_second: Field<Number<1, 1_000_000>>,
}
