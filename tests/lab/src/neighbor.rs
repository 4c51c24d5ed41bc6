//! The neighbour: the witness whose table is what the world sees.

mod timeline;

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::path::Path;
use std::time::{Duration, Instant};

pub use timeline::{History, Timeline};

use crate::{Bird, Context, ControlSocket, Error, Host, PATIENCE, Result, wait_until};

/// A neighbour's BIRD, with one session for each family.
pub struct Neighbor<'lab> {
    bird: Bird<'lab>,
}

/// A route as the neighbour has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The AS path, nearest first.
    pub as_path: Vec<u32>,
    /// Standard communities, as BIRD prints them: `(64601,53)`.
    pub communities: Vec<String>,
}

/// How often the neighbour was told something, on all sessions together, since they came up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Updates {
    /// Prefixes announced, or announced again.
    pub announced: u64,
    /// Prefixes withdrawn.
    pub withdrawn: u64,
}

impl fmt::Display for Updates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} announced, {} withdrawn",
            self.announced, self.withdrawn
        )
    }
}

impl Sum for Updates {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            announced: sum.announced + one.announced,
            withdrawn: sum.withdrawn + one.withdrawn,
        })
    }
}

impl<'lab> Neighbor<'lab> {
    /// Starts the neighbour's BIRD; `$LAB_NEIGHBOR_BIRD` names another release's program.
    pub(crate) fn start(host: &'lab Host, configuration: &Path) -> Result<Self> {
        let bird = Bird::start_on_router(host, configuration)?;
        Ok(Self { bird })
    }

    /// Its BIRD, to be asked anything.
    #[must_use]
    pub fn bird(&self) -> &Bird<'lab> {
        &self.bird
    }

    /// Its BIRD, to be ended and started again.
    pub fn bird_mut(&mut self) -> &mut Bird<'lab> {
        &mut self.bird
    }

    /// The route to a prefix, if there is one.
    pub fn route(&self, prefix: &str) -> Result<Option<Route>> {
        let reply = self.bird.ask(&format!("show route {prefix} all"))?;
        Ok(has_route(&reply, prefix).then(|| parse_route(&reply)))
    }

    /// `Ok` while every prefix is here; for waiting.
    pub fn has(&self, prefixes: &[&str]) -> Result<()> {
        self.look(prefixes, true)
    }

    /// `Ok` while no prefix is here; for waiting.
    pub fn lacks(&self, prefixes: &[&str]) -> Result<()> {
        self.look(prefixes, false)
    }

    fn look(&self, prefixes: &[&str], wanted: bool) -> Result<()> {
        for prefix in prefixes {
            let present = self.route(prefix)?.is_some();
            if present != wanted {
                let seen = if present { "has" } else { "lacks" };
                return Err(Error::new(format!("the neighbour {seen} {prefix}")));
            }
        }
        Ok(())
    }

    /// How many of the routes in its tables are to single addresses, as services have them.
    pub fn number_of_addresses(&self) -> Result<usize> {
        let table = self.bird.ask("show route")?;
        let is_address = |line: &&str| {
            let mut words = line.split_whitespace();
            words.any(|word| word.ends_with("/32") || word.ends_with("/128"))
        };
        Ok(table.lines().filter(is_address).count())
    }

    /// What it was told so far.
    pub fn updates(&self) -> Result<Updates> {
        Ok(self.updates_by_session()?.into_values().sum())
    }

    /// What each session was told, by its name: one that comes up again counts from nothing, and the others go on.
    pub fn updates_by_session(&self) -> Result<BTreeMap<String, Updates>> {
        let details = self.bird.ask("show protocols all \"bgp_*\"")?;
        Ok(updates_by_session(&details))
    }

    /// Waits until all its sessions are established.
    pub fn established(&self) -> Result<()> {
        wait_until("established sessions", PATIENCE, || {
            self.bird.all_established()
        })
    }

    /// A watcher of one prefix that looks a few thousand times a second.
    pub fn watch(&self, prefix: &str) -> Result<RouteWatch> {
        Ok(RouteWatch {
            socket: ControlSocket::connect(self.bird.socket())?,
            prefix: prefix.to_owned(),
            look_again: RouteWatch::LOOK_AGAIN,
        })
    }
}

impl Neighbor<'_> {
    /// Looks at one prefix from now on, until it is asked what it has seen.
    pub fn timeline(&self, prefix: &str) -> Result<Timeline> {
        Ok(Timeline::start(self.watch(prefix)?))
    }
}

/// Looks at one prefix over and over, for measurements.
pub struct RouteWatch {
    socket: ControlSocket,
    prefix: String,
    look_again: Duration,
}

impl RouteWatch {
    /// Between two looks: well under the millisecond that matters, without eating a processor.
    const LOOK_AGAIN: Duration = Duration::from_micros(200);

    /// The same, but with so long between two looks: where many watch at a time, and milliseconds do not matter.
    #[must_use]
    pub fn every(mut self, look_again: Duration) -> Self {
        self.look_again = look_again;
        self
    }

    /// When the route was seen to be gone.
    pub fn gone(&mut self) -> Result<Instant> {
        self.becomes(false)
    }

    /// When the route was seen to be there.
    pub fn back(&mut self) -> Result<Instant> {
        self.becomes(true)
    }

    fn becomes(&mut self, wanted: bool) -> Result<Instant> {
        let deadline = Instant::now() + PATIENCE;
        let question = format!("show route {}", self.prefix);
        while Instant::now() < deadline {
            if has_route(&self.socket.ask(&question)?, &self.prefix) == wanted {
                return Ok(Instant::now());
            }
            std::thread::sleep(self.look_again);
        }
        Err(Error::new(format!("{} did not change", self.prefix))).context("watch")
    }
}

/// A row of the table names the prefix; the error for an unknown network does not.
fn has_route(reply: &str, prefix: &str) -> bool {
    reply.contains(prefix)
}

/// Attributes are `BGP.as_path:` in BIRD 2 and `bgp_path:` in BIRD 3.
fn parse_route(reply: &str) -> Route {
    let attribute = |names: [&str; 2]| {
        reply.lines().map(str::trim).find_map(|line| {
            names
                .iter()
                .find_map(|name| line.strip_prefix(name))
                .map(str::trim)
        })
    };
    let path = attribute(["BGP.as_path:", "bgp_path:"]).unwrap_or_default();
    let communities = attribute(["BGP.community:", "bgp_community:"]).unwrap_or_default();
    Route {
        as_path: path
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect(),
        communities: communities.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Counts below the line of each session, which alone begins at the margin.
fn updates_by_session(details: &str) -> BTreeMap<String, Updates> {
    let mut sessions: BTreeMap<String, Updates> = BTreeMap::new();
    let mut name = "";
    for line in details.lines() {
        if !line.starts_with(' ') {
            name = line.split_whitespace().next().unwrap_or_default();
            continue;
        }
        let told = Updates {
            announced: received(line, "Import updates:"),
            withdrawn: received(line, "Import withdraws:"),
        };
        let session = sessions.entry(name.to_owned()).or_default();
        *session = [*session, told].into_iter().sum();
    }
    sessions
}

/// The first number of a line of this label, which every release prints as "received": 0 on any other line.
fn received(line: &str, label: &str) -> u64 {
    let numbers = line.trim().strip_prefix(label).unwrap_or_default();
    let first = numbers.split_whitespace().next();
    first.and_then(|first| first.parse().ok()).unwrap_or(0)
}
