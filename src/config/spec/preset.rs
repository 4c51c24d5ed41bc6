//! Neighbours of providers, whose side of the session is the same for every customer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::leaf::{Leaf, Number, Text};
use super::{Field, Neighbor};
use crate::config::tree::NodeId;
use crate::model::{Asn, Family};

/// A provider whose neighbour is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// Vultr's virtual machines.
    Vultr,
    /// Vultr's bare metal.
    VultrBareMetal,
}

impl Preset {
    /// The provider's AS number.
    ///
    /// Numbers and addresses are those of docs.vultr.com, "High Availability on Vultr with Floating IP and
    /// BGP" and "Configuring BGP on Vultr".
    fn asn(self) -> u32 {
        match self {
            Self::Vultr => 64515,
            Self::VultrBareMetal => 20473,
        }
    }

    /// The provider's address; `None` where it documents none.
    pub(crate) fn remote(self, family: Family) -> Option<IpAddr> {
        match (self, family) {
            (Self::Vultr, Family::V4) => Some(Ipv4Addr::new(169, 254, 169, 254).into()),
            (Self::Vultr, Family::V6) => {
                Some(Ipv6Addr::new(0x2001, 0x19f0, 0xffff, 0, 0, 0, 0, 1).into())
            }
            (Self::VultrBareMetal, Family::V4) => Some(Ipv4Addr::new(169, 254, 1, 1).into()),
            (Self::VultrBareMetal, Family::V6) => None,
        }
    }

    /// What every session with the provider needs; it speaks no BFD. Findings about it point at the preset.
    /// Of a preset that was refused, nothing is known and nothing missing.
    pub(super) fn neighbor(preset: Option<Self>, at: NodeId) -> Neighbor {
        Neighbor {
            asn: Leaf {
                node: Some(at),
                value: preset.and_then(|preset| Asn::new(preset.asn())).map(Text),
            },
            multihop: Field {
                node: Some(at),
                value: Some(Number::new(2)),
            },
            bfd: Field {
                node: Some(at),
                value: Some(false),
            },
            ..Neighbor::default()
        }
    }
}
