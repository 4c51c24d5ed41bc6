//! What has to be so again before a new configuration is confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::Prefix;

/// A prefix at a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Export {
    /// The prefix.
    #[serde(serialize_with = "as_text")]
    pub prefix: Prefix,
    /// The BGP protocol.
    pub session: String,
}

fn as_text<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(prefix)
}

/// A BGP protocol as BIRD shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Session {
    /// `Established`, another state of RFC 4271, or nothing if it is shut down.
    pub state: String,
    /// BIRD's words.
    pub last_error: Option<String>,
    /// A limit on routes is hit.
    pub limit_hit: bool,
}

impl Session {
    /// Whether routes are exchanged.
    #[must_use]
    pub(super) fn is_established(&self) -> bool {
        self.state == "Established"
    }

    /// The state with the last error, for people.
    #[must_use]
    pub(super) fn describe(&self) -> String {
        let state = match self.state.as_str() {
            "" => "down",
            state => state,
        };
        match &self.last_error {
            Some(error) => format!("{state}, last error: {error}"),
            None => state.to_owned(),
        }
    }
}

/// What BIRD shows at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observed {
    /// All BGP protocols.
    pub sessions: BTreeMap<String, Session>,
    /// What is exported to those that are established.
    pub exports: BTreeSet<Export>,
}

/// What has to be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expectation {
    /// Established.
    pub sessions: BTreeSet<String>,
    /// No limit hit.
    pub limits: BTreeSet<String>,
    /// Exported.
    pub exports: BTreeSet<Export>,
}

impl Expectation {
    /// What was good `before`, as far as it `remains` configured, and what is to be `kept` exported. A
    /// session that was down, or that is new, is nobody's promise: its other side may not be ready.
    pub(super) fn new(
        before: &Observed,
        remains: impl Fn(&str) -> bool,
        kept: BTreeSet<Export>,
    ) -> Self {
        let remaining = |is_so: fn(&Session) -> bool| {
            let sessions = before.sessions.iter();
            sessions
                .filter(|(name, session)| is_so(session) && remains(name))
                .map(|(name, _)| name.clone())
                .collect()
        };
        Self {
            sessions: remaining(Session::is_established),
            limits: remaining(|session| !session.limit_hit),
            exports: kept,
        }
    }

    /// What is not so, sessions first: what follows from a lost session is not told once more.
    #[must_use]
    pub(super) fn missing(&self, now: &Observed) -> Vec<Missing> {
        let lost = self.sessions.iter().filter_map(|name| {
            let session = now.sessions.get(name);
            let is_lost = !session.is_some_and(Session::is_established);
            is_lost.then(|| Missing::Session {
                session: name.clone(),
                state: session.map_or_else(|| "gone".to_owned(), Session::describe),
            })
        });
        let mut missing: Vec<Missing> = lost.collect();
        let hit = |name: &&String| now.sessions.get(*name).is_some_and(|s| s.limit_hit);
        let hits = self.limits.iter().filter(hit);
        missing.extend(hits.map(|name| Missing::Limit {
            session: name.clone(),
        }));
        let is_established =
            |name: &str| now.sessions.get(name).is_some_and(Session::is_established);
        let unexported = self
            .exports
            .iter()
            .filter(|export| is_established(&export.session) && !now.exports.contains(export));
        missing.extend(unexported.cloned().map(Missing::Export));
        missing
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Missing {
    /// It was established before.
    Session {
        /// The BGP protocol.
        session: String,
        /// What BIRD shows instead.
        state: String,
    },
    /// A limit on routes is hit that was not.
    Limit {
        /// The BGP protocol.
        session: String,
    },
    /// It was exported before.
    Export(Export),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { session, state } => {
                write!(f, "{session} was Established and is not: {state}")
            }
            Self::Limit { session } => write!(f, "{session} has hit a limit on routes"),
            Self::Export(Export { prefix, session }) => {
                write!(f, "{prefix} was exported to {session} and is not")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(session: &str) -> Export {
        Export {
            prefix: "192.0.2.53/32".parse().unwrap(),
            session: session.to_owned(),
        }
    }

    fn session(state: &str) -> Session {
        Session {
            state: state.to_owned(),
            ..Session::default()
        }
    }

    /// Three sessions: `a` and `b` are established and have the prefix, `c` waits.
    fn before() -> Observed {
        let sessions = [("a", "Established"), ("b", "Established"), ("c", "Active")];
        Observed {
            sessions: sessions
                .map(|(name, state)| (name.to_owned(), session(state)))
                .into(),
            exports: [export("a"), export("b")].into(),
        }
    }

    fn expectation() -> Expectation {
        Expectation::new(&before(), |name| name != "b", [export("a")].into())
    }

    fn missing(now: &Observed) -> Vec<String> {
        let missing = expectation().missing(now);
        missing.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_good_and_remains_is_expected() {
        let expected = expectation();
        assert_eq!(expected.sessions, ["a".to_owned()].into());
        assert_eq!(expected.limits, ["a".to_owned(), "c".to_owned()].into());
        assert!(missing(&before()).is_empty());
    }

    #[test]
    fn a_lost_session_is_told_with_its_error_and_without_its_prefixes() {
        let mut now = before();
        let idle = Session {
            last_error: Some("BGP Error: Bad peer AS".to_owned()),
            ..session("Idle")
        };
        now.sessions.insert("a".to_owned(), idle);
        now.exports.clear();
        assert_eq!(
            missing(&now),
            ["a was Established and is not: Idle, last error: BGP Error: Bad peer AS"]
        );
        now.sessions.insert("a".to_owned(), session(""));
        assert_eq!(missing(&now), ["a was Established and is not: down"]);
        now.sessions.remove("a");
        assert_eq!(missing(&now), ["a was Established and is not: gone"]);
    }

    #[test]
    fn a_prefix_that_is_not_exported_and_a_limit_are_told() {
        let mut now = before();
        now.exports.clear();
        now.sessions.get_mut("c").unwrap().limit_hit = true;
        assert_eq!(
            missing(&now),
            [
                "c has hit a limit on routes",
                "192.0.2.53/32 was exported to a and is not"
            ]
        );
    }

    #[test]
    fn what_was_not_so_before_is_not_expected() {
        let mut now = before();
        now.sessions.remove("b");
        now.sessions.insert("new".to_owned(), session("Active"));
        assert!(missing(&now).is_empty());
    }
}
