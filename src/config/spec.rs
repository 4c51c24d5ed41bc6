//! The configuration as it is typed: every key of format version 1, none of it checked against another.
//!
//! A [`Field`] is absent, refused (and reported), or holds a value that is right on its own. What follows
//! from keys together is the business of `validate`; defaults are given there too.

mod field;
mod host;
mod leaf;
mod merge;
mod preset;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use serde::Deserialize;

pub(crate) use field::{FIELD, Field, Named, OR, Or};
pub(crate) use host::Host;
pub(crate) use leaf::{Leaf, Number, Off, RouterId, Text};
pub(crate) use preset::Preset;

use super::{
    BirdLog, Discard, GracefulRestart, Import, KernelExport, LimitAction, OnStop, Pattern, Role,
};
use crate::dns::{DNSClass, NameTemplate, Rcode, RecordType, Transport};
use crate::model::{
    Asn, BirdVersion, Community, CredentialName, InterfaceName, LargeCommunity, Period, Prefix,
    ProtocolName, ServiceName, VariableName,
};

/// A list whose bad items are reported one by one.
pub(crate) type List<T> = Field<Vec<Field<T>>>;

/// The whole main file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    /// The version of this format: 1.
    pub(crate) version: Field<Number<1, 1>>,
    /// Files with more services and neighbours, as patterns relative to the directory of this one.
    pub(crate) include: List<Text<Pattern>>,
    /// This node.
    pub(crate) node: Field<Node>,
    /// The BIRD beside us.
    pub(crate) bird: Field<Bird>,
    /// Timers of all BFD sessions.
    pub(crate) bfd: Field<Bfd>,
    /// The kernel's routing table.
    pub(crate) kernel: Field<Kernel>,
    /// The services, by name.
    pub(crate) services: Field<Named<Service>>,
    /// What holds for every neighbour that does not say otherwise.
    pub(crate) neighbor_defaults: Field<Neighbor>,
    /// The BGP neighbours, by name.
    pub(crate) neighbors: Field<Named<Neighbor>>,
    /// The daemon's own behaviour.
    pub(crate) daemon: Field<Daemon>,
    /// What the host files need to know of the host.
    pub(crate) host: Field<Host>,
}

/// A file that the main one includes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Included {
    /// The version of this format: 1.
    pub(crate) version: Field<Number<1, 1>>,
    /// More services, by name.
    pub(crate) services: Field<Named<Service>>,
    /// More BGP neighbours, by name.
    pub(crate) neighbors: Field<Named<Neighbor>>,
}

/// This node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Node {
    /// A name for people, in status and logs.
    pub(crate) name: Leaf<String>,
    /// Our AS number.
    pub(crate) asn: Leaf<Asn>,
    /// BGP identifier: an IPv4 address of this node.
    pub(crate) router_id: Leaf<RouterId>,
}

/// The BIRD beside us.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bird {
    /// The oldest release that the rendered file must load on.
    pub(crate) version: Leaf<BirdVersion>,
    /// BIRD's control socket.
    pub(crate) socket: Leaf<PathBuf>,
    /// Where the rendered configuration is installed.
    pub(crate) config: Leaf<PathBuf>,
    /// Where the rendered secrets are installed.
    pub(crate) secrets: Leaf<PathBuf>,
    /// Directory of the intent files.
    pub(crate) intent_dir: Leaf<PathBuf>,
    /// The program `bird`, a path or a name to look up.
    pub(crate) binary: Leaf<PathBuf>,
    /// `syslog`, or the path of a file.
    pub(crate) log: Leaf<BirdLog>,
    /// Files with what this format does not cover, read by BIRD after everything else.
    pub(crate) include: List<Text<PathBuf>>,
}

/// Timers of all BFD sessions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bfd {
    /// Between packets, both ways; 10ms to 10s.
    pub(crate) interval: Leaf<Period>,
    /// Packets missed before the neighbour is down.
    pub(crate) multiplier: Field<Number<1, 255>>,
}

/// What BIRD writes into the kernel's routing table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kernel {
    /// `bgp`: routes that were imported from neighbours; `none`: nothing.
    pub(crate) export: Leaf<KernelExport>,
    /// At most so many next hops for one route (ECMP).
    pub(crate) ecmp: Field<Number<2, 255>>,
    /// The source address of packets that this host sends by those routes.
    pub(crate) preferred_source: Field<PreferredSource>,
}

/// One address a family.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PreferredSource {
    /// For IPv4.
    pub(crate) v4: Leaf<Ipv4Addr>,
    /// For IPv6.
    pub(crate) v6: Leaf<Ipv6Addr>,
}

/// A service: prefixes that are announced while its checks pass.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Service {
    /// What is announced.
    pub(crate) prefixes: List<Text<Prefix>>,
    /// Added to every announcement.
    pub(crate) communities: List<Text<Community>>,
    /// Added to every announcement (RFC 8092).
    pub(crate) large_communities: List<Text<LargeCommunity>>,
    /// `MULTI_EXIT_DISC` of every announcement: among several ways into this AS, the lowest is taken.
    pub(crate) med: Field<Number<0, 4_294_967_295>>,
    /// What becomes of the route on this host: `blackhole`, `unreachable`, or an interface that it follows.
    pub(crate) route: Field<Or<Discard, Via>>,
    /// Names of protocols that somebody wrote into BIRD's configuration by hand.
    pub(crate) bird: Field<ByHand>,
    /// Announce a family only while the host has an address within each of its prefixes.
    pub(crate) require_address: Field<bool>,
    /// Between probes.
    pub(crate) interval: Leaf<Period>,
    /// Between probes while an announced service looks bad.
    pub(crate) fast_interval: Leaf<Period>,
    /// How long one probe may take.
    pub(crate) timeout: Leaf<Period>,
    /// Consecutive failures that make the service unhealthy.
    pub(crate) fall: Field<Number<1, 1000>>,
    /// Consecutive passes that make it healthy.
    pub(crate) rise: Field<Number<1, 1000>>,
    /// Or so many failures among the last verdicts; `off` counts consecutive ones only.
    pub(crate) window: Field<Or<Off, Window>>,
    /// The checks; all of them must pass.
    pub(crate) checks: List<Check>,
}

/// A route that is there while an interface is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Via {
    /// The interface.
    pub(crate) interface: Leaf<InterfaceName>,
    /// Whether the interface also needs a carrier.
    pub(crate) check_link: Field<bool>,
}

/// Names of static protocols that are written by hand.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ByHand {
    /// Announces the IPv4 prefixes.
    pub(crate) v4: Leaf<ProtocolName>,
    /// Announces the IPv6 prefixes.
    pub(crate) v6: Leaf<ProtocolName>,
    /// Announces the IPv4 prefixes of a drained service.
    pub(crate) v4_drain: Leaf<ProtocolName>,
    /// Announces the IPv6 prefixes of a drained service.
    pub(crate) v6_drain: Leaf<ProtocolName>,
}

/// So many failures among the last verdicts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Window {
    /// How many verdicts are remembered.
    pub(crate) size: Field<Number<1, 1000>>,
    /// How many failures among them make the service unhealthy.
    pub(crate) failures: Field<Number<1, 1000>>,
}

/// One check.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Check {
    /// A name for people; `dns-1`, `dns-2` … where absent.
    pub(crate) name: Leaf<String>,
    /// Ask a DNS server.
    pub(crate) dns: Field<Dns>,
}

/// A DNS question, whom it goes to and what has to come back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dns {
    /// The server's address; the service's own addresses where absent.
    pub(crate) server: Leaf<IpAddr>,
    /// The server's port.
    pub(crate) port: Field<Number<1, 65535>>,
    /// The name; `{random}` stands for a label that nobody asked for before.
    pub(crate) name: Leaf<NameTemplate>,
    /// The record type.
    pub(crate) r#type: Leaf<RecordType>,
    /// The class.
    pub(crate) class: Leaf<DNSClass>,
    /// UDP or TCP.
    pub(crate) transport: Leaf<Transport>,
    /// The RD flag.
    pub(crate) recursion_desired: Field<bool>,
    /// What has to come back.
    pub(crate) expect: Field<Expect>,
}

/// What has to come back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expect {
    /// The response codes that are fine.
    pub(crate) rcode: List<Text<Rcode>>,
    /// At least so many records in the answer section.
    pub(crate) min_answers: Field<Number<0, 65535>>,
}

/// A BGP neighbour.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Neighbor {
    /// The neighbour of a provider, whose addresses and AS number are known: `vultr` or `vultr_bare_metal`.
    pub(crate) preset: Leaf<Preset>,
    /// Its AS number; our own makes it iBGP.
    pub(crate) asn: Leaf<Asn>,
    /// Pairs of addresses.
    pub(crate) sessions: List<Session>,
    /// A file that holds the MD5 password of all sessions.
    pub(crate) password_file: Leaf<PathBuf>,
    /// The name of a systemd credential that holds it.
    pub(crate) password_credential: Leaf<CredentialName>,
    /// The name of an environment variable that holds it.
    pub(crate) password_env: Leaf<VariableName>,
    /// BFD on all sessions.
    pub(crate) bfd: Field<bool>,
    /// Hold time in whole seconds; keepalive is a third.
    pub(crate) hold_time: Leaf<Period>,
    /// TTL of a neighbour that is not directly connected.
    pub(crate) multihop: Field<Number<1, 255>>,
    /// GTSM (RFC 5082): drops packets that were sent from further away. Both ends need it.
    pub(crate) ttl_security: Field<bool>,
    /// What we are to the neighbour (RFC 9234): provider, customer, peer, `rs_server` or `rs_client`.
    pub(crate) role: Leaf<Role>,
    /// Refuse a neighbour that does not say its role.
    pub(crate) require_role: Field<bool>,
    /// Wait for the neighbour to connect.
    pub(crate) passive: Field<bool>,
    /// The neighbour's TCP port.
    pub(crate) port: Field<Number<1, 65535>>,
    /// Graceful restart (RFC 4724): `aware` keeps the neighbour's routes while it restarts, `on` also asks it
    /// to keep ours, `off` does neither.
    pub(crate) graceful_restart: Leaf<GracefulRestart>,
    /// What is taken from the neighbour: `none` or `default_route`.
    pub(crate) import: Leaf<Import>,
    /// Limits on the number of routes.
    pub(crate) limits: Field<Limits>,
    /// Only these services are announced to it; all of them where absent.
    pub(crate) services: List<Text<ServiceName>>,
    /// Added to every announcement to it.
    pub(crate) communities: List<Text<Community>>,
    /// Added to every announcement to it (RFC 8092).
    pub(crate) large_communities: List<Text<LargeCommunity>>,
    /// Prepends our AS number so many times.
    pub(crate) prepend: Field<Number<0, 10>>,
    /// `LOCAL_PREF` of every announcement, on iBGP only.
    pub(crate) local_pref: Field<Number<0, 4_294_967_295>>,
    /// How a drained service looks to this neighbour.
    pub(crate) drain: Field<Drain>,
}

/// The two ends of a session.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Session {
    /// Our address.
    pub(crate) local: Leaf<IpAddr>,
    /// The neighbour's address.
    pub(crate) remote: Leaf<IpAddr>,
    /// The name of a BGP protocol that somebody wrote into BIRD's configuration by hand.
    pub(crate) bird: Leaf<ProtocolName>,
}

/// Limits on the number of routes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Routes that the neighbour sends, before the filter.
    pub(crate) receive: Field<Limit>,
    /// Routes taken from the neighbour.
    pub(crate) import: Field<Limit>,
    /// Routes given to the neighbour.
    pub(crate) export: Field<Limit>,
}

/// One limit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limit {
    /// At most so many routes.
    pub(crate) max: Field<Number<1, 4_294_967_295>>,
    /// What happens to more: `warn`, `block`, `restart` or `disable`.
    pub(crate) action: Leaf<LimitAction>,
}

/// How a drained service looks to a neighbour.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Drain {
    /// Adds the community `GRACEFUL_SHUTDOWN` and, on iBGP, sets `LOCAL_PREF` to 0 (RFC 8326).
    pub(crate) graceful_shutdown: Field<bool>,
    /// Prepends our AS number so many times.
    pub(crate) prepend: Field<Number<0, 10>>,
}

/// The daemon's own behaviour.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Daemon {
    /// Our control socket.
    pub(crate) control: Leaf<PathBuf>,
    /// What a stop does to announcements: `withdraw` or `hold`.
    pub(crate) on_stop: Leaf<OnStop>,
    /// How long a check may go without a verdict.
    pub(crate) stale_after: Leaf<Period>,
}

/// What to say to an unknown key that is likelier a misunderstanding than a slip.
pub(crate) fn hint(section: &str, key: &str) -> Option<&'static str> {
    match (section, key) {
        (
            "Included",
            "include" | "node" | "bird" | "bfd" | "kernel" | "host" | "neighbor_defaults"
            | "daemon",
        ) => Some(
            "this key belongs into the main file: an included one holds `services` and `neighbors` only",
        ),
        ("Neighbor" | "Session", "password") => Some(
            "a password does not belong into this file, which is committed and shown: write it into a file of its own and name that with `password_file` (or `password_credential`, `password_env`)",
        ),
        ("Check", "type") => {
            Some("the kind of a check is its key: write `dns: { name: …, type: … }`")
        }
        ("Check", "server" | "port" | "transport" | "expect" | "class") => {
            Some("this belongs into the check's `dns: { … }`")
        }
        _ => None,
    }
}
