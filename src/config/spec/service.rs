//! A service as it is typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Check, Field, Leaf, List, Number, Off, Or, Text};
use crate::config::Discard;
use crate::model::{Community, InterfaceName, LargeCommunity, Period, Prefix, ProtocolName};

/// A service: prefixes that are announced while its checks pass.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["prefixes", "checks"]))]
pub(crate) struct Service {
    /// What is announced: at least one prefix without host bits, as in 192.0.2.53/32 or `2001:db8:53::/48`.
    #[schemars(length(min = 1))]
    pub(crate) prefixes: List<Text<Prefix>>,
    /// Standard communities (RFC 1997) added to every announcement, as in "64601:53".
    #[schemars(extend("default" = []))]
    pub(crate) communities: List<Text<Community>>,
    /// Large communities (RFC 8092) added to every announcement, as in "64601:1:53".
    #[schemars(extend("default" = []))]
    pub(crate) large_communities: List<Text<LargeCommunity>>,
    /// `MULTI_EXIT_DISC` of every announcement, 0 to 4294967295: among several ways into this AS, neighbours take
    /// the lowest. Where absent, none is sent.
    pub(crate) med: Field<Number<0, 4_294_967_295>>,
    /// What becomes on this host of a packet that no address takes: `blackhole` drops it, `unreachable` says so to
    /// the sender. An interface instead makes BIRD announce only while that is up.
    #[schemars(extend("default" = "blackhole"))]
    pub(crate) route: Field<Or<Discard, Via>>,
    /// Names of static protocols that somebody wrote into BIRD's configuration by hand: they are switched, and none
    /// is rendered in their place.
    pub(crate) bird: Field<ByHand>,
    /// Announce a family only while the host has an address within each of its prefixes.
    #[schemars(extend("default" = true))]
    pub(crate) require_address: Field<bool>,
    /// Look at once when something happens to a server of this host: it closes the connection that is kept open to its
    /// port for this (nothing is sent there; four at each port at most, which speak for the others; none for TLS, HTTPS
    /// and QUIC), its address goes away, or systemd changes the state of a `unit`. Only probes that fail then withdraw.
    /// `false`: `interval` alone says when to look.
    #[schemars(extend("default" = true))]
    pub(crate) events: Field<bool>,
    /// Between probes of each check that does not say otherwise, as in 500ms, 1s or 1m 30s.
    #[schemars(extend("default" = "1s"))]
    pub(crate) interval: Leaf<Period>,
    /// Between probes while an announced service looks bad: a probe failed, or has been unanswered for this
    /// long. At most `interval`, which is also the default where it is shorter.
    #[schemars(extend("default" = "100ms"))]
    pub(crate) fast_interval: Leaf<Period>,
    /// How long one probe may take, where its check does not say otherwise. Probes overlap, so a server that hangs costs
    /// one timeout and not `fall` of them. At most ten times `interval`.
    #[schemars(extend("default" = "800ms"))]
    pub(crate) timeout: Leaf<Period>,
    /// Consecutive failures that make the service unhealthy; 1 to 1000.
    #[schemars(extend("default" = 3))]
    pub(crate) fall: Field<Number<1, 1000>>,
    /// Consecutive passes that make it healthy; 1 to 1000.
    #[schemars(extend("default" = 5))]
    pub(crate) rise: Field<Number<1, 1000>>,
    /// Or so many failures among the last verdicts: catches the server that fails two times in three. `off` counts
    /// consecutive ones only, as does a `fall` above 6 where `window` is absent.
    pub(crate) window: Field<Or<Off, Window>>,
    /// How long a service that comes and goes stays withdrawn; a withdrawal is never delayed. Each one for a failed
    /// check adds 1 to a penalty, which halves every `half_life` for which the service is announced. `off`: never longer
    /// than its checks want.
    pub(crate) damping: Field<Or<Off, Damping>>,
    /// The checks, at least one; all of them must pass.
    #[schemars(length(min = 1))]
    pub(crate) checks: List<Check>,
}

/// A route that BIRD has only while an interface is up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["interface"]))]
pub(crate) struct Via {
    /// The interface, 1 to 15 characters, as in anycast0.
    pub(crate) interface: Leaf<InterfaceName>,
    /// Whether the interface also needs a carrier.
    #[schemars(extend("default" = false))]
    pub(crate) check_link: Field<bool>,
}

/// Names of static protocols that are written by hand, each with all prefixes of the service in its family.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ByHand {
    /// The protocol that announces the IPv4 prefixes. Where absent, it is rendered.
    pub(crate) v4: Leaf<ProtocolName>,
    /// The protocol that announces the IPv6 prefixes. Where absent, it is rendered.
    pub(crate) v6: Leaf<ProtocolName>,
    /// The protocol that announces the IPv4 prefixes while the service is drained. Where absent beside `v4`, IPv4
    /// cannot be drained.
    pub(crate) v4_drain: Leaf<ProtocolName>,
    /// The protocol that announces the IPv6 prefixes while the service is drained. Where absent beside `v6`, IPv6
    /// cannot be drained.
    pub(crate) v6_drain: Leaf<ProtocolName>,
}

/// So many failures among the last verdicts make the service unhealthy: catches the server that fails two
/// times in three. Or `off`: only consecutive failures count.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Window {
    /// How many verdicts are remembered; 1 to 1000.
    #[schemars(extend("default" = 10))]
    pub(crate) size: Field<Number<1, 1000>>,
    /// How many failures among them make the service unhealthy; at least `fall`, at most `size`.
    #[schemars(extend("default" = 6))]
    pub(crate) failures: Field<Number<1, 1000>>,
}

/// How long a service that comes and goes stays withdrawn; a withdrawal is never delayed. Each one for a failed check
/// adds 1 to a penalty, which halves every `half_life` for which the service is announced. Or `off`: it is announced
/// again as soon as its checks pass.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Damping {
    /// Up to this penalty, the service is announced again as soon as its checks pass; 0 to 1000.
    #[schemars(extend("default" = 2))]
    pub(crate) free: Field<Number<0, 1000>>,
    /// How long after a withdrawal it may be announced again, when that is the first one that is not free. Each
    /// further one doubles it. At most `max_hold`.
    #[schemars(extend("default" = "60s"))]
    pub(crate) hold: Leaf<Period>,
    /// The longest hold; at least `hold`.
    #[schemars(extend("default" = "16m"))]
    pub(crate) max_hold: Leaf<Period>,
    /// The time announced in which the penalty halves.
    #[schemars(extend("default" = "15m"))]
    pub(crate) half_life: Leaf<Period>,
}
