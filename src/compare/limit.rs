//! Limits on routes.

use std::fmt;

use serde::Serialize;

use super::session::{Pair, Session};
use crate::bird::file::{Statement, after};

/// A limit that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitChange {
    /// The name of the session.
    pub session: String,
    /// `ipv4` or `ipv6`.
    pub channel: String,
    /// `import`, `receive` or `export`.
    pub direction: &'static str,
    /// As installed; `None` is no limit.
    pub installed: Option<Limit>,
    /// As rendered.
    pub rendered: Option<Limit>,
    /// What BIRD does about it, in a few words.
    pub effect: &'static str,
}

/// At most so many routes, and what happens at one more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// As it is written, which is a number unless a person wrote it.
    pub max: String,
    /// `warn`, `block`, `restart` or `disable`.
    pub action: String,
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.max, self.action)
    }
}

const DIRECTIONS: [&str; 3] = ["import", "receive", "export"];

/// The limits of sessions that stand in both files.
pub(super) fn changes(pairs: &[Pair<'_>]) -> Vec<LimitChange> {
    let both = pairs
        .iter()
        .filter_map(|pair| pair.old.as_ref().zip(pair.new.as_ref()));
    both.flat_map(|(old, new)| of_session(old, new)).collect()
}

fn of_session(old: &Session<'_>, new: &Session<'_>) -> Vec<LimitChange> {
    let mut changes = Vec::new();
    for (channel, block) in new.channels() {
        let before = old.channels().find(|(name, _)| *name == channel);
        let Some((_, before)) = before else { continue };
        for direction in DIRECTIONS {
            let (installed, rendered) = (limit(before, direction), limit(block, direction));
            if installed != rendered {
                changes.push(LimitChange {
                    session: new.name.to_owned(),
                    channel: channel.to_owned(),
                    direction,
                    effect: effect(installed.as_ref(), rendered.as_ref()),
                    installed,
                    rendered,
                });
            }
        }
    }
    changes
}

/// The last one counts. Without an action it is `disable`, and `off` is no limit.
fn limit(block: &[Statement<'_>], direction: &str) -> Option<Limit> {
    let words = format!("{direction} limit");
    let rest = block
        .iter()
        .rev()
        .find_map(|statement| statement.after(&words))?;
    let (max, rest) = rest.split_first()?;
    let action = after(rest, "action").and_then(|rest| rest.first());
    (max.word() != Some("off")).then(|| Limit {
        max: max.to_string(),
        action: action.map_or_else(|| "disable".to_owned(), ToString::to_string),
    })
}

/// What BIRD does at `configure`, as seen on 2.0.12, 2.20.0 and 3.4.0. The session stays up unless more
/// routes are there already than a limit allows that restarts or disables.
fn effect(installed: Option<&Limit>, rendered: Option<&Limit>) -> &'static str {
    let number =
        |limit: Option<&Limit>| limit.map_or(Some(u64::MAX), |limit| limit.max.parse().ok());
    let is_raised = number(rendered)
        .zip(number(installed))
        .is_some_and(|(after, before)| after > before);
    let acts = |limit: Option<&Limit>, actions: &[&str]| {
        limit.is_some_and(|limit| actions.contains(&limit.action.as_str()))
    };
    match rendered {
        _ if is_raised && acts(installed, &["block"]) => {
            "what was kept back stays back: `reload` brings it on BIRD 2, a new announcement on BIRD 3"
        }
        _ if is_raised => "the session stays up",
        _ if acts(rendered, &["restart", "disable"]) => {
            "BIRD closes the session at once if there are more already"
        }
        _ if acts(rendered, &["block"]) => {
            "what is out stays, new routes over the limit do not follow"
        }
        _ => "the session stays up",
    }
}
