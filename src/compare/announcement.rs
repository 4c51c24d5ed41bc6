//! Prefixes: to whom they go out, and how they look there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::condition::Route;
use super::filter::{Attributes, Outcome, Policy};
use super::names::Names;
use super::service::{Static, statics};
use super::session::{Pair, Session};
use crate::bird::file::{File, Statement};

/// A prefix whose announcement to a session differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnnouncementChange {
    /// Such as `192.0.2.0/24`.
    pub prefix: String,
    /// The name of the session; that in the installed file if the announcement stops.
    pub session: String,
    /// The neighbour's address.
    pub neighbor: String,
    /// In which state of its service.
    pub state: State,
    /// What becomes of it.
    #[serde(flatten)]
    pub change: Change,
}

/// The state of a service in which a prefix is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// By the static protocol itself.
    Announced,
    /// By its twin with the lower preference.
    Drained,
}

/// What becomes of an announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The rendered file lets it out no more.
    Stops {
        /// How it looks now.
        installed: Attributes,
    },
    /// The installed file does not let it out.
    Starts {
        /// How it would look.
        rendered: Attributes,
    },
    /// It would look different.
    Changes {
        /// How it looks now.
        installed: Attributes,
        /// How it would look.
        rendered: Attributes,
    },
    /// A filter has something that this program does not understand.
    Unclear {
        /// What that is.
        because: String,
        /// Whether the rendered file may let the prefix out no more.
        may_stop: bool,
    },
}

impl AnnouncementChange {
    pub(super) fn stops(&self) -> bool {
        matches!(
            self.change,
            Change::Stops { .. } | Change::Unclear { may_stop: true, .. }
        )
    }
}

/// The routes of a file and what its filters may name.
struct Side<'f, 't> {
    file: &'f File<'t>,
    statics: Vec<Static<'t>>,
    names: Names<'f, 't>,
    drains: BTreeSet<&'t str>,
}

impl<'f, 't> Side<'f, 't> {
    fn new(file: &'f File<'t>) -> Self {
        let statics = statics(file);
        Self {
            file,
            drains: drains(&statics),
            statics,
            names: Names::of(file),
        }
    }

    /// Its policies towards a neighbour: one for each channel.
    fn policies<'s>(&'s self, session: Option<&'s Session<'t>>) -> Vec<(Table<'s>, Policy<'s, 't>)>
    where
        'f: 's,
    {
        let up = session.filter(|session| !session.is_disabled());
        let channels = up.into_iter().flat_map(Session::channels);
        let policies =
            channels.map(|(name, block)| (table(name, block), Policy::export(self.file, block)));
        policies.collect()
    }
}

/// Family and name of a table; `None` is the family's own.
type Table<'t> = (&'t str, Option<&'t str>);

/// Where a channel takes its routes from or puts them.
pub(super) fn table<'t>(channel: &'t str, block: &[Statement<'t>]) -> Table<'t> {
    let named = block
        .iter()
        .rev()
        .find_map(|statement| statement.after("table")?.first()?.word());
    let own = match channel {
        "ipv4" => "master4",
        "ipv6" => "master6",
        _ => "",
    };
    (channel, named.filter(|name| *name != own))
}

/// The protocols that announce what another one with a higher preference announces too.
fn drains<'t>(statics: &[Static<'t>]) -> BTreeSet<&'t str> {
    let mut best: BTreeMap<&str, u32> = BTreeMap::new();
    for Static {
        prefixes,
        preference,
        ..
    } in statics
    {
        for prefix in prefixes {
            let best = best.entry(prefix).or_default();
            *best = (*best).max(*preference);
        }
    }
    let is_drain = |protocol: &&Static<'_>| {
        let mut prefixes = protocol.prefixes.iter();
        prefixes.any(|prefix| {
            best.get(prefix)
                .is_some_and(|best| *best > protocol.preference)
        }) || protocol.name.ends_with("_drain")
    };
    statics
        .iter()
        .filter(is_drain)
        .map(|protocol| protocol.name)
        .collect()
}

/// Everything that is announced differently.
pub(super) fn changes(
    old: &File<'_>,
    new: &File<'_>,
    pairs: &[Pair<'_>],
) -> Vec<AnnouncementChange> {
    let (old, new) = (Side::new(old), Side::new(new));
    let nothing_differs = old.statics == new.statics && old.names == new.names;
    let mut changes = Vec::new();
    for pair in pairs {
        let policies = (
            old.policies(pair.old.as_ref()),
            new.policies(pair.new.as_ref()),
        );
        if !(nothing_differs && policies.0 == policies.1) {
            let before = outcomes(&old, &policies.0);
            let after = outcomes(&new, &policies.1);
            compare(pair, before, after, &mut changes);
        }
    }
    changes
}

type Outcomes<'t> = BTreeMap<(&'t str, State), Outcome>;

fn outcomes<'t>(side: &Side<'_, 't>, policies: &[(Table<'_>, Policy<'_, 't>)]) -> Outcomes<'t> {
    let mut outcomes = Outcomes::new();
    for (table, policy) in policies {
        let branches = policy.branches();
        for protocol in side
            .statics
            .iter()
            .filter(|protocol| protocol.table == *table)
        {
            let state = if side.drains.contains(protocol.name) {
                State::Drained
            } else {
                State::Announced
            };
            for prefix in &protocol.prefixes {
                let route = Route {
                    protocol: protocol.name,
                    prefix,
                };
                let outcome = match entering(side, protocol, route) {
                    Outcome::Out(attributes) => {
                        policy.outcome(&branches, route, attributes, &side.names)
                    }
                    kept => kept,
                };
                let known = outcomes.entry((*prefix, state)).or_insert(Outcome::Kept);
                if *known == Outcome::Kept {
                    *known = outcome;
                }
            }
        }
    }
    outcomes
}

/// What comes of a route on its way into BIRD's table.
fn entering(side: &Side<'_, '_>, protocol: &Static<'_>, route: Route<'_>) -> Outcome {
    let policy = Policy::import(side.file, &protocol.channel);
    let branches = policy.branches();
    policy.outcome(&branches, route, Attributes::default(), &side.names)
}

fn compare<'o>(
    pair: &Pair<'_>,
    mut before: Outcomes<'o>,
    after: Outcomes<'o>,
    changes: &mut Vec<AnnouncementChange>,
) {
    let (Some(named_before), Some(named_after)) = (
        pair.old.as_ref().or(pair.new.as_ref()),
        pair.new.as_ref().or(pair.old.as_ref()),
    ) else {
        return;
    };
    let mut add = |(prefix, state): (&str, State), change: Option<Change>| {
        let Some(change) = change else { return };
        let session = match change {
            Change::Stops { .. } | Change::Unclear { may_stop: true, .. } => named_before,
            _ => named_after,
        };
        changes.push(AnnouncementChange {
            prefix: prefix.to_owned(),
            session: session.name.to_owned(),
            neighbor: session.neighbor.to_owned(),
            state,
            change,
        });
    };
    for (key, rendered) in after {
        let installed = before.remove(&key).unwrap_or(Outcome::Kept);
        add(key, change(installed, rendered));
    }
    for (key, installed) in before {
        add(key, change(installed, Outcome::Kept));
    }
}

fn change(installed: Outcome, rendered: Outcome) -> Option<Change> {
    match (installed, rendered) {
        (installed, rendered) if installed == rendered => None,
        // One that goes out afterwards in any case cannot stop.
        (Outcome::Unclear(because), rendered) => Some(Change::Unclear {
            because,
            may_stop: !matches!(rendered, Outcome::Out(_)),
        }),
        (installed, Outcome::Unclear(because)) => Some(Change::Unclear {
            because,
            may_stop: installed != Outcome::Kept,
        }),
        (Outcome::Out(installed), Outcome::Out(rendered)) => Some(Change::Changes {
            installed,
            rendered,
        }),
        (Outcome::Out(installed), _) => Some(Change::Stops { installed }),
        (_, Outcome::Out(rendered)) => Some(Change::Starts { rendered }),
        (Outcome::Kept, Outcome::Kept) => None,
    }
}
