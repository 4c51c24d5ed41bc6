//! The configuration as it is typed: every key of format version 1, none of it checked against another.
//!
//! A [`Field`] is absent, refused (and reported), or holds a value that is right on its own. What follows
//! from keys together is the business of `validate`; defaults are given there too. Doc comments of keys are what
//! editors show, by way of the schema.

mod check;
mod dns;
mod expect;
mod field;
mod flap;
mod host;
mod leaf;
mod local;
mod merge;
mod neighbor;
mod preset;
mod remote;
mod service;
mod shape;
mod tls;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use check::{AtLeast, Check, Group};
pub(crate) use dns::Dns;
pub(crate) use expect::{Expect, Serial, Signatures, Ttl};
pub(crate) use field::{FIELD, Field, Named, OR, Or};
pub(crate) use flap::Flap;
pub(crate) use host::Host;
pub(crate) use leaf::{Leaf, Listen, Number, Off, RouterId, Text};
pub(crate) use local::{Exec, FileFlag, Process};
pub(crate) use neighbor::{Drain, Limit, Limits, Neighbor, Session};
pub(crate) use preset::Preset;
pub(crate) use remote::{Http, Tcp};
pub(crate) use service::{Damping, Service, Via, Window};
pub(crate) use tls::Tls;

use super::{BirdLog, KernelExport, OnStop, Pattern};
use crate::model::{Asn, BirdVersion, GroupName, Period};

/// A list whose bad items are reported one by one.
pub(crate) type List<T> = Field<Vec<Field<T>>>;

/// Configuration of anycastctl: a DNS anycast node, its services, and the BGP neighbours that hear of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    title = "anycastctl configuration, format version 1",
    extend("$id" = "urn:anycastctl:config:v1"),
    extend("required" = ["version", "node"]),
    extend("allOf" = [
        { "if": { "required": ["include"] }, "else": { "required": ["services", "neighbors"] } },
        {
            "if": {
                "required": ["neighbor_defaults"],
                "properties": { "neighbor_defaults": { "required": ["asn"] } },
            },
            "else": { "properties": { "neighbors": { "additionalProperties": {
                "if": { "required": ["preset"] },
                "else": { "required": ["asn"] },
            } } } },
        },
    ])
)]
pub(crate) struct File {
    /// The version of this format: 1.
    pub(crate) version: Field<Number<1, 1>>,
    /// Files with more services and neighbours: names, or patterns of names as in `conf.d/*.yaml`, relative to the
    /// directory of this file.
    #[schemars(extend("default" = []))]
    pub(crate) include: List<Text<Pattern>>,
    /// Who this node is.
    pub(crate) node: Field<Node>,
    /// The BIRD beside us: where it is, and what it understands.
    pub(crate) bird: Field<Bird>,
    /// Timers of all BFD sessions (RFC 5880).
    pub(crate) bfd: Field<Bfd>,
    /// What BIRD writes into the kernel's routing table.
    pub(crate) kernel: Field<Kernel>,
    /// The services, by name: a lower-case letter, then up to 31 lower-case letters, digits and `_`.
    /// BIRD's static protocols are named after them, as in `anycast_resolver_v4`.
    pub(crate) services: Field<Named<Service>>,
    /// What holds for every neighbour that does not say otherwise: the keys of a neighbour but `sessions` and
    /// `preset`. Sections are merged key by key, and a preset comes first.
    #[schemars(schema_with = "neighbor::defaults_schema")]
    pub(crate) neighbor_defaults: Field<Neighbor>,
    /// The BGP neighbours, by name: a lower-case letter, then up to 31 lower-case letters, digits and `_`.
    /// BIRD's BGP protocols are named after them, as in `bgp_tor1_v4`.
    pub(crate) neighbors: Field<Named<Neighbor>>,
    /// When a session counts as flapping, and what is done about it.
    pub(crate) flap: Field<Flap>,
    /// The daemon's own behaviour.
    pub(crate) daemon: Field<Daemon>,
    /// What the host files need to know of the host.
    pub(crate) host: Field<Host>,
}

/// A file that the main one includes: more services and BGP neighbours.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    title = "anycastctl configuration, included file, format version 1",
    extend("$id" = "urn:anycastctl:included:v1")
)]
pub(crate) struct Included {
    /// The version of this format: 1. Where absent, that of the main file.
    pub(crate) version: Field<Number<1, 1>>,
    /// More services, by name: a lower-case letter, then up to 31 lower-case letters, digits and `_`.
    pub(crate) services: Field<Named<Service>>,
    /// More BGP neighbours, by name: a lower-case letter, then up to 31 lower-case letters, digits and `_`.
    pub(crate) neighbors: Field<Named<Neighbor>>,
}

/// This node.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name", "asn", "router_id"]))]
pub(crate) struct Node {
    /// A name for people, in status and logs; 1 to 64 characters.
    pub(crate) name: Leaf<String>,
    /// Our AS number, 1 to 4294967295.
    pub(crate) asn: Leaf<Asn>,
    /// BGP identifier: an IPv4 address of this node, also if it speaks only IPv6.
    pub(crate) router_id: Leaf<RouterId>,
}

/// The BIRD beside us.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bird {
    /// The oldest release that the rendered file must load on, without even a warning; 2.0.7 or later.
    #[schemars(extend("default" = "2.0.12"))]
    pub(crate) version: Leaf<BirdVersion>,
    /// BIRD's control socket, an absolute path of at most 107 bytes.
    #[schemars(extend("default" = "/run/bird/bird.ctl"))]
    pub(crate) socket: Leaf<PathBuf>,
    /// Where the rendered configuration is installed, an absolute path.
    #[schemars(extend("default" = "/etc/bird/bird.conf"))]
    pub(crate) config: Leaf<PathBuf>,
    /// Where the rendered secrets are installed, an absolute path. `bird.conf` includes that file and holds no
    /// password itself.
    #[schemars(extend("default" = "/etc/bird/bird.secrets.conf"))]
    pub(crate) secrets: Leaf<PathBuf>,
    /// Directory of the intent files, an absolute path. Each says whether BIRD announces a service, and
    /// outlives a `configure`. On a file system that a reboot empties, a node boots withdrawn.
    #[schemars(extend("default" = "/run/anycastctl/intent"))]
    pub(crate) intent_dir: Leaf<PathBuf>,
    /// The program `bird`, a path or a name to look up.
    #[schemars(extend("default" = "bird"))]
    pub(crate) binary: Leaf<PathBuf>,
    /// Where BIRD logs to: `syslog`, or the absolute path of a file.
    #[schemars(extend("default" = "syslog"))]
    pub(crate) log: Leaf<BirdLog>,
    /// Files with what this format does not cover, absolute paths. BIRD reads them after everything else.
    #[schemars(extend("default" = []))]
    pub(crate) include: List<Text<PathBuf>>,
    /// Between two questions about BIRD's state; 100ms to 10s. What BIRD has is compared with what should be each
    /// time, so a longer one sees later what somebody changed by hand, or that a session is gone; and of several
    /// flaps of a session within it only one is seen. It delays no decision of ours.
    #[schemars(extend("default" = "1s"))]
    pub(crate) poll_interval: Leaf<Period>,
}

/// Timers of all BFD sessions.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bfd {
    /// Between packets, both ways; 10ms to 10s. A neighbour is down after `interval` x `multiplier` of silence.
    #[schemars(extend("default" = "300ms"))]
    pub(crate) interval: Leaf<Period>,
    /// Packets missed before the neighbour is down; 1 to 255.
    #[schemars(extend("default" = 3))]
    pub(crate) multiplier: Field<Number<1, 255>>,
}

/// What BIRD writes into the kernel's routing table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kernel {
    /// `bgp`: routes that were imported from neighbours, never our own prefixes; `none`: nothing.
    #[schemars(extend("default" = "bgp"))]
    pub(crate) export: Leaf<KernelExport>,
    /// At most so many next hops for one route (ECMP); 2 to 255. Where absent, one.
    pub(crate) ecmp: Field<Number<2, 255>>,
    /// The source address of packets that this host sends by those routes.
    pub(crate) preferred_source: Field<PreferredSource>,
}

/// One address a family.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PreferredSource {
    /// The source of IPv4 packets, an address of this host. Where absent, the kernel chooses.
    pub(crate) v4: Leaf<Ipv4Addr>,
    /// The source of IPv6 packets, an address of this host. Where absent, the kernel chooses.
    pub(crate) v6: Leaf<Ipv6Addr>,
}

/// The daemon's own behaviour.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Daemon {
    /// Our control socket, an absolute path of at most 107 bytes.
    #[schemars(extend("default" = "/run/anycastctl/control.sock"))]
    pub(crate) control: Leaf<PathBuf>,
    /// The group of those who may give orders over the control socket (drain, withdraw, pin), besides root and the
    /// daemon's own user: 1 to 32 lower-case letters, digits, `_` and `-`. Where absent, nobody else may.
    pub(crate) operator_group: Leaf<GroupName>,
    /// Where metrics and health are served over HTTP: an address and a port, as in `127.0.0.1:9553` or
    /// `"[::1]:9553"`; or `off`: nowhere. Who reaches it may read everything, so another address than one of the
    /// loopback interface gives a warning.
    #[schemars(extend("default" = "127.0.0.1:9553"))]
    pub(crate) listen: Leaf<Listen>,
    /// Directory of what outlives a reboot, an absolute path: orders of operators, and the history. It belongs onto
    /// a file system that a reboot does not empty.
    #[schemars(extend("default" = "/var/lib/anycastctl"))]
    pub(crate) state_dir: Leaf<PathBuf>,
    /// What a stop of the daemon does to announcements: `withdraw` takes every service out, `hold` leaves all as
    /// it is.
    #[schemars(extend("default" = "withdraw"))]
    pub(crate) on_stop: Leaf<OnStop>,
    /// How long a check may go without a verdict before its service counts as unhealthy. More than `timeout`
    /// of every service.
    #[schemars(extend("default" = "30s"))]
    pub(crate) stale_after: Leaf<Period>,
}

/// What to say to an unknown key that is likelier a misunderstanding than a slip.
pub(crate) fn hint(section: &str, key: &str) -> Option<&'static str> {
    match (section, key) {
        (
            "Included",
            "include" | "node" | "bird" | "bfd" | "kernel" | "host" | "neighbor_defaults" | "flap"
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
        (
            "Check",
            "server" | "port" | "transport" | "expect" | "class" | "tls" | "path" | "source"
            | "interface" | "fallback_to_tcp",
        ) => Some("this belongs into the check's `dns: { … }`"),
        _ => None,
    }
}
