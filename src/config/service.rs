//! A service, validated.

use super::Check;
use crate::model::{
    Community, Family, InterfaceName, LargeCommunity, Period, Prefix, ProtocolName, ServiceName,
};

/// A service: prefixes that are announced while its checks pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The key in the file.
    pub name: ServiceName,
    /// At least one, none twice, none in another service.
    pub prefixes: Vec<Prefix>,
    /// Added to every announcement.
    pub communities: Vec<Community>,
    /// Added to every announcement.
    pub large_communities: Vec<LargeCommunity>,
    /// `MULTI_EXIT_DISC` of every announcement.
    pub med: Option<u32>,
    /// What the static routes lead to.
    pub route: Route,
    /// Protocols that exist already in a configuration that is written by hand.
    pub existing: ByHand,
    /// Announce a family only while the host has an address within each of its prefixes.
    pub require_address: bool,
    /// Look at once when something happens to a server.
    pub events: bool,
    /// How many verdicts make a change.
    pub thresholds: Thresholds,
    /// How long a service that comes and goes stays withdrawn; `None`: never longer than its checks want.
    pub damping: Option<Damping>,
    /// At least one; names unique within the service.
    pub checks: Vec<Check>,
}

impl Service {
    /// The prefixes of one family, in the order of the file.
    pub fn prefixes_of(&self, family: Family) -> impl Iterator<Item = Prefix> {
        self.prefixes
            .iter()
            .copied()
            .filter(move |prefix| prefix.family() == family)
    }

    /// The protocols of a family, if they are written by hand.
    #[must_use]
    pub fn by_hand(&self, family: Family) -> Option<&Twins> {
        self.existing.of(family)
    }

    /// The protocol that announces a family, and its drained twin, as they are called in BIRD.
    #[must_use]
    pub fn protocols(&self, family: Family) -> [String; 2] {
        let [normal, drain] = self.name.protocols(family);
        match self.by_hand(family) {
            None => [normal, drain],
            Some(twins) => [
                twins.normal.to_string(),
                twins.drain.as_ref().map_or(drain, ToString::to_string),
            ],
        }
    }

    /// Whether a family can be drained. A protocol that is written by hand may lack a drained twin; its name
    /// in [`protocols`](Self::protocols) is then one that BIRD does not know.
    #[must_use]
    pub fn has_twin(&self, family: Family) -> bool {
        let twins = self.by_hand(family);
        twins.is_none_or(|twins| twins.drain.is_some())
    }

    /// The families in which this service has a prefix, IPv4 first.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        Family::ALL
            .into_iter()
            .filter(|family| self.prefixes_of(*family).next().is_some())
    }
}

/// What a static route leads to. Neighbours see no difference: the next hop is this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Nowhere: the kernel's own host routes deliver the packets.
    Blackhole,
    /// Nowhere, with an ICMP error.
    Unreachable,
    /// An interface: BIRD has the route only while the interface is up.
    Interface {
        /// The interface.
        name: InterfaceName,
        /// Whether it also needs a carrier.
        check_link: bool,
    },
}

/// The words that may stand for a [`Route`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    /// `blackhole`
    Blackhole,
    /// `unreachable`
    Unreachable,
}

/// Static protocols of a service that are written by hand instead of rendered: at most one a family, and at
/// most one drained twin for each of those.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Announces the IPv4 prefixes.
    pub v4: Option<Twins>,
    /// Announces the IPv6 prefixes.
    pub v6: Option<Twins>,
}

/// A protocol and its drained twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twins {
    /// Announces.
    pub normal: ProtocolName,
    /// Announces while the service is drained; without it the service cannot be drained.
    pub drain: Option<ProtocolName>,
}

impl ByHand {
    /// The protocols of one family.
    #[must_use]
    pub fn of(&self, family: Family) -> Option<&Twins> {
        match family {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }
}

/// When probes are sent. `fast_interval <= interval`, and `timeout < daemon.stale_after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between probes.
    pub interval: Period,
    /// Between probes while an announced service looks bad.
    pub fast_interval: Period,
    /// How long one probe may take. Probes overlap, so a hang costs one timeout and not `fall` of them.
    pub timeout: Period,
}

/// How many verdicts make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Consecutive failures that make a service unhealthy; at least 1.
    pub fall: u32,
    /// Consecutive passes that make it healthy; at least 1.
    pub rise: u32,
    /// Or so many failures among the last verdicts: catches the server that fails two times in three.
    pub window: Option<Window>,
}

/// `failures` of the last `size` verdicts; `1 <= failures <= size <= 1000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many verdicts are remembered.
    pub size: u32,
    /// How many failures among them make a service unhealthy.
    pub failures: u32,
}

/// How long a service that comes and goes stays withdrawn.
///
/// Each withdrawal for a failure adds 1 to a penalty, which halves every `half_life` for which the service is
/// announced. Up to `free` it may be announced again as soon as its checks pass; then only `hold` after the
/// withdrawal, and twice as long for each further one, up to `max_hold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// So many cycles cost nothing; at most 1000.
    pub free: u32,
    /// The first hold.
    pub hold: Period,
    /// The longest hold; at least `hold`.
    pub max_hold: Period,
    /// The time announced in which the penalty halves.
    pub half_life: Period,
}
