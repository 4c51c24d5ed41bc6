//! What fills the templates: every name, number and decision, so that they only lay out text.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde::Serialize;

use super::Error;
use crate::config::{self, BirdLog, Config, LimitAction, Neighbor, Service, Session};
use crate::model::{BirdVersion, Community, Family, NeighborName, Password, Prefix};

/// BIRD's own default for static routes, said aloud because the twin's refers to it.
const PREFERENCE: u16 = 200;
/// Lower, so that the twin's routes stay behind while both protocols are up: make before break.
const DRAIN_PREFERENCE: u16 = 150;

/// Fills `bird.conf.j2`.
#[derive(Serialize)]
pub(super) struct Bird {
    log: String,
    router_id: Ipv4Addr,
    /// The secrets file, if anybody has a password.
    secrets: Option<String>,
    /// Whether BIRD knows `authentication`.
    authentication: bool,
    bfd: Option<Bfd>,
    statics: Vec<Static>,
    filters: Vec<Filter>,
    sessions: Vec<Bgp>,
}

impl Bird {
    pub(super) fn new(config: &Config) -> Self {
        let any_password = config.neighbors.iter().any(|n| n.password_file.is_some());
        let any_bfd = config.neighbors.iter().any(|neighbor| neighbor.bfd);
        Self {
            log: log(&config.bird.log),
            router_id: config.node.router_id,
            secrets: any_password.then(|| config.bird.secrets.display().to_string()),
            authentication: knows_authentication(config.bird.version),
            bfd: any_bfd.then(|| Bfd::new(config.bfd)),
            statics: statics(config),
            filters: filters(config),
            sessions: sessions(config),
        }
    }
}

fn log(log: &BirdLog) -> String {
    match log {
        BirdLog::Syslog => "syslog".to_owned(),
        BirdLog::File(path) => format!("\"{}\"", path.display()),
    }
}

/// `authentication` came with TCP-AO in 2.17 and 3.1. From then on BIRD warns where it is missing; before,
/// it is a syntax error.
fn knows_authentication(version: BirdVersion) -> bool {
    let second = BirdVersion::new(2, 17, 0)..BirdVersion::new(3, 0, 0);
    second.contains(&version) || version >= BirdVersion::new(3, 1, 0)
}

#[derive(Serialize)]
struct Bfd {
    /// Milliseconds.
    interval: u64,
    multiplier: u8,
}

impl Bfd {
    fn new(bfd: config::Bfd) -> Self {
        Self {
            interval: bfd.interval.millis(),
            multiplier: bfd.multiplier,
        }
    }
}

#[derive(Serialize)]
struct Static {
    name: String,
    intent: String,
    channel: &'static str,
    preference: u16,
    prefixes: Vec<String>,
}

fn statics(config: &Config) -> Vec<Static> {
    let of_family = |service: &Service, family: Family| {
        let protocols = [
            (service.name.protocol(family), PREFERENCE),
            (service.name.drain_protocol(family), DRAIN_PREFERENCE),
        ];
        protocols.map(|(name, preference)| Static {
            intent: pattern(&config.bird.intent_file(&name)),
            name,
            channel: family.channel(),
            preference,
            prefixes: prefixes(service, family),
        })
    };
    let of_service = |service| {
        let families = Service::families(service);
        families.flat_map(move |family| of_family(service, family))
    };
    config.services.iter().flat_map(of_service).collect()
}

fn prefixes(service: &Service, family: Family) -> Vec<String> {
    let own = service.prefixes_of(family);
    own.map(|prefix: Prefix| prefix.to_string()).collect()
}

/// The path as a pattern of exactly one name. BIRD refuses to load with a plain include whose file is
/// missing, but a pattern may match nothing. The brackets stand in the first component, where the directory
/// is `/` and always there: BIRD also refuses a pattern below a directory that is missing.
fn pattern(path: &Path) -> String {
    let path = path.display().to_string();
    match path.find(|c: char| c.is_ascii_alphanumeric()) {
        Some(at) => format!("{}[{}]{}", &path[..at], &path[at..=at], &path[at + 1..]),
        None => path,
    }
}

#[derive(Serialize)]
struct Filter {
    name: String,
    branches: Vec<Branch>,
}

/// The routes of one static protocol.
#[derive(Serialize)]
struct Branch {
    protocol: String,
    prefixes: Vec<String>,
    communities: Vec<Pair>,
    /// Our AS number, as often as it is prepended.
    prepends: Vec<u32>,
}

#[derive(Serialize)]
struct Pair {
    high: u16,
    low: u16,
}

fn pairs(communities: impl Iterator<Item = Community>) -> Vec<Pair> {
    let pair = |Community { high, low }| Pair { high, low };
    communities.map(pair).collect()
}

fn filter_name(neighbor: &NeighborName, family: Family) -> String {
    format!("{}_export", neighbor.protocol(family, 0))
}

/// One for each neighbour and family in which it has a session.
fn filters(config: &Config) -> Vec<Filter> {
    let of_family = |neighbor: &Neighbor, family| Filter {
        name: filter_name(&neighbor.name, family),
        branches: branches(config, neighbor, family),
    };
    let of_neighbor = |neighbor| {
        let has_session =
            move |family: &Family| Neighbor::sessions_of(neighbor, *family).next().is_some();
        let families = Family::ALL.into_iter().filter(has_session);
        families.map(move |family| of_family(neighbor, family))
    };
    config.neighbors.iter().flat_map(of_neighbor).collect()
}

fn branches(config: &Config, neighbor: &Neighbor, family: Family) -> Vec<Branch> {
    let announces = |service: &&Service| service.prefixes_of(family).next().is_some();
    let services = config.services.iter().filter(announces);
    let both = |service| {
        [
            branch(service, family),
            drain_branch(service, family, neighbor, config.node.asn.get()),
        ]
    };
    services.flat_map(both).collect()
}

fn branch(service: &Service, family: Family) -> Branch {
    Branch {
        protocol: service.name.protocol(family),
        prefixes: prefixes(service, family),
        communities: pairs(service.communities.iter().copied()),
        prepends: Vec::new(),
    }
}

fn drain_branch(service: &Service, family: Family, neighbor: &Neighbor, asn: u32) -> Branch {
    let drain = neighbor.drain;
    let shutdown = Some(Community::GRACEFUL_SHUTDOWN)
        .filter(|added| drain.graceful_shutdown && !service.communities.contains(added));
    Branch {
        protocol: service.name.drain_protocol(family),
        communities: pairs(service.communities.iter().copied().chain(shutdown)),
        prepends: vec![asn; drain.prepend.into()],
        ..branch(service, family)
    }
}

#[derive(Serialize)]
struct Bgp {
    name: String,
    description: String,
    local: IpAddr,
    local_asn: u32,
    remote: IpAddr,
    remote_asn: u32,
    multihop: Option<u8>,
    /// The name of the constant that holds it.
    password: Option<String>,
    bfd: bool,
    /// Seconds.
    hold_time: Option<u64>,
    /// Seconds.
    keepalive_time: Option<u64>,
    channel: &'static str,
    import_limit: Limit,
    export_limit: Limit,
    filter: String,
}

#[derive(Serialize)]
struct Limit {
    max: u32,
    action: &'static str,
}

impl Limit {
    fn new(limit: config::Limit, default: u32) -> Self {
        Self {
            max: limit.max.unwrap_or(default),
            action: match limit.action {
                LimitAction::Block => "block",
                LimitAction::Restart => "restart",
            },
        }
    }
}

fn sessions(config: &Config) -> Vec<Bgp> {
    let of_neighbor = |neighbor| {
        let sessions = Neighbor::named_sessions(neighbor);
        sessions.map(move |(name, session)| bgp(config, neighbor, name, *session))
    };
    config.neighbors.iter().flat_map(of_neighbor).collect()
}

fn bgp(config: &Config, neighbor: &Neighbor, name: String, session: Session) -> Bgp {
    let family = session.family();
    let hold_time = neighbor.hold_time.map(|time| time.millis() / 1000);
    Bgp {
        name,
        description: format!("{} {family}", neighbor.name),
        local: session.local,
        local_asn: config.node.asn.get(),
        remote: session.remote,
        remote_asn: neighbor.asn.get(),
        multihop: neighbor.multihop,
        password: neighbor
            .password_file
            .as_ref()
            .map(|_| constant(&neighbor.name)),
        bfd: neighbor.bfd,
        hold_time,
        // A third (RFC 4271, 10).
        keepalive_time: hold_time.map(|seconds| (seconds / 3).max(1)),
        channel: family.channel(),
        import_limit: Limit::new(neighbor.limits.import, 1),
        export_limit: Limit::new(neighbor.limits.export, export_limit(config, family)),
        filter: filter_name(&neighbor.name, family),
    }
}

/// Four times what we have: a net against a filter that lets out too much, and never in the way.
fn export_limit(config: &Config, family: Family) -> u32 {
    let own = config
        .services
        .iter()
        .flat_map(|service| service.prefixes_of(family));
    u32::try_from(own.count())
        .unwrap_or(u32::MAX)
        .saturating_mul(4)
        .max(1)
}

fn constant(neighbor: &NeighborName) -> String {
    format!("PASSWORD_{}", neighbor.as_str().to_ascii_uppercase())
}

/// Fills `secrets.conf.j2`.
#[derive(Serialize)]
pub(super) struct Secrets<'p> {
    secrets: Vec<Secret<'p>>,
}

#[derive(Serialize)]
struct Secret<'p> {
    name: String,
    password: &'p str,
}

impl<'p> Secrets<'p> {
    pub(super) fn new(
        config: &Config,
        passwords: &'p [(NeighborName, Password)],
    ) -> Result<Self, Error> {
        let neighbors = config.neighbors.iter();
        let protected = neighbors.filter(|neighbor| neighbor.password_file.is_some());
        let secrets = protected.map(|Neighbor { name, .. }| {
            let found = passwords.iter().find(|(other, _)| other == name);
            let (_, password) = found.ok_or_else(|| Error::MissingPassword(name.clone()))?;
            Ok(Secret {
                name: constant(name),
                password: password.expose(),
            })
        });
        Ok(Self {
            secrets: secrets.collect::<Result<_, Error>>()?,
        })
    }
}
