//! The router opposite: its side of one neighbour's sessions, for four kinds of router.
//!
//! A fragment to merge into what the router has. FRR and BIRD run it in the scenarios; nobody here can run
//! Junos or EOS, and their headers say so. No fragment knows a password: each has a placeholder.

mod context;
mod names;

#[cfg(test)]
mod tests;

use super::{Error, fill};
use crate::config::{Config, Import, Neighbor};
use crate::model::NeighborName;

/// The software of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Router {
    /// `FRRouting`.
    Frr,
    /// BIRD 2 or 3, as old as `bird.version` at least.
    Bird,
    /// Juniper's Junos OS.
    Junos,
    /// Arista's EOS.
    Eos,
}

impl Router {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Frr, Self::Bird, Self::Junos, Self::Eos];

    fn template(self) -> &'static str {
        match self {
            Self::Frr => include_str!("../../templates/router/frr.j2"),
            Self::Bird => include_str!("../../templates/router/bird.j2"),
            Self::Junos => include_str!("../../templates/router/junos.j2"),
            Self::Eos => include_str!("../../templates/router/eos.j2"),
        }
    }
}

/// The configuration of the router at the other end of a neighbour's sessions.
pub fn router(config: &Config, name: &NeighborName, router: Router) -> Result<String, Error> {
    let found = config.neighbors.iter().find(|other| other.name == *name);
    let neighbor = found.ok_or_else(|| unknown(config, name))?;
    fill(
        router.template(),
        &context::Fragment::new(config, neighbor, router),
    )
}

/// Whether the router announces its default route to us.
fn imports_default(neighbor: &Neighbor) -> bool {
    neighbor.import == Import::DefaultRoute
}

/// So many neighbours are named where one is not found.
const MOST_NAMES: usize = 8;

fn unknown(config: &Config, name: &NeighborName) -> Error {
    let alike = |other: &NeighborName| strsim::jaro_winkler(name.as_str(), other.as_str());
    let mut known: Vec<&NeighborName> = config.neighbors.iter().map(|other| &other.name).collect();
    known.sort_by(|left, right| alike(right).total_cmp(&alike(left)));
    let named = known.iter().take(MOST_NAMES);
    let named: Vec<String> = named.map(|name| format!("`{name}`")).collect();
    let more = match known.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Error::UnknownNeighbor {
        name: name.clone(),
        known: named.join(", ") + &more,
    }
}
