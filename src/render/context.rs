//! What fills the templates: every name, number and decision, so that they only lay out text.

mod attributes;
mod filters;
pub(super) mod sessions;
mod statics;

use std::net::Ipv4Addr;
use std::path::Path;

use serde::Serialize;

use self::attributes::Function;
use self::filters::Filter;
use self::sessions::Bgp;
use self::statics::Static;
use super::Error;
use crate::config::{self, BirdLog, Config, Import, KernelExport, Neighbor};
use crate::model::{BirdVersion, Family, NeighborName, Password, Prefix};

/// Fills `bird.conf.j2`.
#[derive(Serialize)]
pub(super) struct Bird {
    log: String,
    router_id: Ipv4Addr,
    /// The secrets file, if anybody has a password.
    secrets: Option<String>,
    /// Whether BIRD knows `authentication`.
    authentication: bool,
    /// The families in which a service has a prefix.
    sets: Vec<Set>,
    /// Families in which the next hops of imported routes have to be looked up.
    lookups: Vec<Lookup>,
    kernels: [Kernel; 2],
    bfd: Option<Bfd>,
    statics: Vec<Static>,
    functions: Vec<Function>,
    filters: Vec<Filter>,
    sessions: Vec<Bgp>,
    includes: Vec<String>,
}

impl Bird {
    pub(super) fn new(config: &Config) -> Self {
        let rendered = |neighbor: &&Neighbor| neighbor.sessions.iter().any(is_rendered);
        let neighbors = || config.neighbors.iter().filter(rendered);
        let any_password = neighbors().any(|neighbor| neighbor.password.is_some());
        let any_bfd = neighbors().any(|neighbor| neighbor.bfd);
        Self {
            log: log(&config.bird.log),
            router_id: config.node.router_id,
            secrets: any_password.then(|| config.bird.secrets.display().to_string()),
            authentication: knows_authentication(config.bird.version),
            sets: sets(config),
            lookups: Family::ALL
                .into_iter()
                .filter(|family| looks_up(config, *family))
                .map(Lookup::new)
                .collect(),
            kernels: Family::ALL.map(|family| Kernel::new(config, family)),
            bfd: any_bfd.then(|| Bfd::new(config.bfd)),
            statics: statics::statics(config),
            functions: attributes::functions(config),
            filters: filters::filters(config),
            sessions: sessions::sessions(config),
            includes: config
                .bird
                .include
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        }
    }
}

/// Whether a session is ours to render, and not written by hand.
fn is_rendered(session: &config::Session) -> bool {
    session.by_hand.is_none()
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

/// All prefixes of a family.
#[derive(Serialize)]
struct Set {
    name: String,
    prefixes: Vec<String>,
}

fn set_name(family: Family) -> String {
    format!("ANYCAST_{}", family.suffix().to_ascii_uppercase())
}

fn sets(config: &Config) -> Vec<Set> {
    let set = |family| {
        let services = config.services.iter();
        let prefixes = services.flat_map(|service| service.prefixes_of(family));
        let prefixes: Vec<_> = prefixes.map(|prefix: Prefix| prefix.to_string()).collect();
        let name = set_name(family);
        Some(Set { name, prefixes }).filter(|set| !set.prefixes.is_empty())
    };
    Family::ALL.into_iter().filter_map(set).collect()
}

/// Whether BIRD has to look up where a next hop is, which it does for neighbours that are not directly
/// connected.
fn looks_up(config: &Config, family: Family) -> bool {
    let imports = |neighbor: &&Neighbor| {
        let import = neighbor.import == Import::DefaultRoute;
        import && neighbor.multihop.is_some()
    };
    let mut neighbors = config.neighbors.iter().filter(imports);
    neighbors.any(|neighbor| neighbor.sessions_of(family).any(is_rendered))
}

/// A table of this host's own networks. It is apart from the announced routes: there, the network of an
/// anycast address on this host would win over the static route that neighbours get.
#[derive(Serialize)]
struct Lookup {
    channel: &'static str,
    table: String,
}

impl Lookup {
    fn new(family: Family) -> Self {
        Self {
            channel: family.channel(),
            table: table(family),
        }
    }
}

fn table(family: Family) -> String {
    format!("igp{}", number(family))
}

fn number(family: Family) -> char {
    match family {
        Family::V4 => '4',
        Family::V6 => '6',
    }
}

/// From this release on, BIRD dies of a `configure` that changes the export filter of a kernel protocol
/// (SIGSEGV, measured on 3.1.7 and 3.4.0).
const FILTER_CHANGES_KILL: BirdVersion = BirdVersion::new(3, 0, 0);

/// The kernel's routing table of a family.
#[derive(Serialize)]
struct Kernel {
    name: String,
    channel: &'static str,
    /// Whether imported routes are written.
    export: bool,
    /// At most so many next hops.
    ecmp: Option<u8>,
    source: Option<String>,
}

impl Kernel {
    fn new(config: &Config, family: Family) -> Self {
        let mut neighbors = config.neighbors.iter();
        let imports = neighbors.any(|neighbor| {
            let import = neighbor.import == Import::DefaultRoute;
            import && neighbor.sessions_of(family).any(is_rendered)
        });
        let source = config.kernel.preferred_source(family);
        let kernel = Self {
            name: format!("kernel{}", number(family)),
            channel: family.channel(),
            export: imports && config.kernel.export == KernelExport::Bgp,
            ecmp: config.kernel.ecmp,
            source: source.map(|address| address.to_string()),
        };
        if config.bird.version >= FILTER_CHANGES_KILL {
            kernel.named_by_settings()
        } else {
            kernel
        }
    }

    /// The same under a name that changes with what it exports: to BIRD another protocol, which takes the
    /// place of the one before.
    fn named_by_settings(mut self) -> Self {
        if self.export {
            let ecmp = self.ecmp.map(|most| format!("_{most}"));
            let source = self.source.as_ref();
            let source = source.map(|address| format!("_{}", address.replace(['.', ':'], "_")));
            self.name = [self.name, "_bgp".to_owned()]
                .into_iter()
                .chain(ecmp)
                .chain(source)
                .collect();
        }
        self
    }
}

#[derive(Serialize)]
pub(super) struct Bfd {
    /// Milliseconds.
    interval: u64,
    multiplier: u8,
}

impl Bfd {
    pub(super) fn new(bfd: config::Bfd) -> Self {
        Self {
            interval: bfd.interval.millis(),
            multiplier: bfd.multiplier,
        }
    }
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
        let protected = neighbors.filter(|neighbor| neighbor.password.is_some());
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
