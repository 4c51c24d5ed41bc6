//! What fills the templates: the router's view of our sessions, so `local` is the router's own address.

use std::net::IpAddr;

use serde::Serialize;

use super::{Router, imports_default, names};
use crate::config::{Config, LocalRole, Neighbor, Role, Session};
use crate::model::{BirdVersion, Family};
use crate::render::context::Bfd;
use crate::render::context::sessions::{default_route, export_limit, keepalive, seconds};

/// The most paths of one route. FRR built with its own defaults takes no more; that many nodes share the
/// load of one router.
const PATHS: u8 = 16;

/// `bfd { interval …; }` within a BGP protocol came with BIRD 2.0.8.
const BFD_OPTIONS: BirdVersion = BirdVersion::new(2, 0, 8);

/// Fills all templates below `router/`.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a statement that is there or not"
)]
pub(super) struct Fragment {
    /// The node, for people.
    node: String,
    neighbor: String,
    /// The beginning of every name.
    name: String,
    node_asn: u32,
    router_asn: u32,
    /// What stands where the password belongs.
    password: Option<String>,
    bfd: Option<Bfd>,
    /// Whether BIRD takes the BFD timers of one session.
    bfd_options: bool,
    /// Whether the node is in the router's own AS.
    internal: bool,
    multihop: Option<u8>,
    ttl_security: bool,
    /// The port that the node connects to, if it is not BGP's own.
    port: Option<u16>,
    role: Option<Counterpart>,
    /// Seconds.
    hold_time: Option<u64>,
    /// Seconds.
    keepalive_time: Option<u64>,
    /// Whether the router announces its default route to us.
    default_route: bool,
    paths: u8,
    families: Vec<Part>,
}

/// What the router is to us (RFC 9234), in its own words.
#[derive(Serialize)]
struct Counterpart {
    name: &'static str,
    required: bool,
}

impl Counterpart {
    fn of(ours: LocalRole) -> Self {
        let name = match ours.role {
            Role::Provider => "customer",
            Role::Customer => "provider",
            Role::Peer => "peer",
            Role::RsServer => "rs-client",
            Role::RsClient => "rs-server",
        };
        Self {
            name,
            required: ours.required,
        }
    }
}

/// What belongs to one address family.
#[derive(Serialize)]
struct Part {
    /// `v4` or `v6`.
    suffix: &'static str,
    /// `ipv4` or `ipv6`.
    channel: &'static str,
    is_v4: bool,
    /// `0.0.0.0/0` or `::/0`.
    default: &'static str,
    /// What the node may announce, and nothing else.
    prefixes: Vec<String>,
    /// The most routes the router takes before it ends the session.
    limit: u32,
    sessions: Vec<Ends>,
}

/// One session.
#[derive(Serialize)]
struct Ends {
    /// The name of BIRD's protocol.
    protocol: String,
    /// The router's address.
    local: IpAddr,
    /// The node's address.
    remote: IpAddr,
}

impl Fragment {
    pub(super) fn new(config: &Config, neighbor: &Neighbor, router: Router) -> Self {
        let label = names::label(config, neighbor);
        let version = config.bird.version;
        let hold_time = neighbor.hold_time.map(seconds);
        Self {
            node: names::readable(&config.node.name),
            neighbor: neighbor.name.to_string(),
            name: name(&label, router),
            node_asn: config.node.asn.get(),
            router_asn: neighbor.asn.get(),
            password: neighbor.password.as_ref().map(|_| placeholder(&label)),
            bfd: neighbor.bfd.then(|| Bfd::new(config.bfd)),
            bfd_options: version >= BFD_OPTIONS,
            internal: config.is_internal(neighbor),
            multihop: neighbor.multihop,
            ttl_security: neighbor.ttl_security,
            port: neighbor.port,
            role: neighbor.role.map(Counterpart::of),
            hold_time,
            keepalive_time: hold_time.map(keepalive),
            default_route: imports_default(neighbor),
            paths: PATHS,
            families: families(config, neighbor, &name(&label, router)),
        }
    }
}

/// Names whose password it is; the node's secrets file calls it by the neighbour alone.
fn placeholder(label: &str) -> String {
    format!("PASSWORD_{}", label.to_ascii_uppercase().replace('-', "_"))
}

/// BIRD's names have no `-`.
fn name(label: &str, router: Router) -> String {
    match router {
        Router::Bird => format!("anycast_{}", label.replace('-', "_")),
        Router::Frr | Router::Junos | Router::Eos => format!("anycast-{label}"),
    }
}

/// The families in which there is a session.
fn families(config: &Config, neighbor: &Neighbor, name: &str) -> Vec<Part> {
    let parts = Family::ALL.map(|family| part(config, neighbor, family, name));
    parts
        .into_iter()
        .filter(|part| !part.sessions.is_empty())
        .collect()
}

fn part(config: &Config, neighbor: &Neighbor, family: Family, name: &str) -> Part {
    let services = config.services.iter();
    let own = services
        .filter(|service| neighbor.gets(&service.name))
        .flat_map(|service| service.prefixes_of(family));
    let sessions = neighbor.sessions_of(family).enumerate();
    let limit = neighbor.limits.export.max;
    Part {
        suffix: family.suffix(),
        channel: family.channel(),
        is_v4: family == Family::V4,
        default: default_route(family),
        prefixes: own.map(|prefix| prefix.to_string()).collect(),
        limit: limit.unwrap_or_else(|| export_limit(config, family)),
        sessions: sessions
            .map(|(index, session)| ends(name, family, index, session))
            .collect(),
    }
}

fn ends(name: &str, family: Family, index: usize, session: &Session) -> Ends {
    let number = match index {
        0 => String::new(),
        _ => format!("_{}", index + 1),
    };
    Ends {
        protocol: format!("{name}_{}{number}", family.suffix()),
        local: session.remote,
        remote: session.local,
    }
}
