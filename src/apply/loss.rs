//! Which live prefixes a new configuration would drop.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use serde::Serialize;

use super::expectation::Export;
use super::text;
use crate::config::{Announcement, Config};

/// What a configuration means to announce, and by which static protocols: that of the service, and its
/// drained twin.
pub(super) type Meant = BTreeMap<Export, [String; 2]>;

/// Every prefix at every session of its family with a neighbour that is to get it.
#[must_use]
pub(super) fn meant(config: &Config) -> Meant {
    let announcements = config.announcements().into_iter();
    let meant = announcements.map(
        |Announcement {
             service,
             prefix,
             session,
         }| {
            let protocols = config.services[service].protocols(prefix.family());
            (Export { prefix, session }, protocols)
        },
    );
    meant.collect()
}

/// Whose a session is: that of the rendered file, or of one that it includes and that nobody changes.
pub(super) struct Sessions {
    rendered: BTreeSet<String>,
    installed: BTreeSet<String>,
    others: bool,
}

impl Sessions {
    /// `installed` and `rendered` are texts of `bird.conf`.
    #[must_use]
    pub(super) fn new(installed: &str, rendered: &str, secrets: &str) -> Self {
        Self {
            rendered: text::sessions(rendered),
            installed: text::sessions(installed),
            others: text::includes_more(rendered, secrets),
        }
    }

    /// Whether the rendered file decides about it.
    #[must_use]
    pub(super) fn is_ours(&self, session: &str) -> bool {
        !self.others || self.rendered.contains(session) || self.installed.contains(session)
    }

    /// Whether it is still configured with the rendered file.
    #[must_use]
    pub(super) fn remains(&self, session: &str) -> bool {
        self.rendered.contains(session) || !self.is_ours(session)
    }
}

/// A live prefix that would be dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What is announced now.
    #[serde(flatten)]
    pub export: Export,
    /// The static protocol that means to announce it and starts withdrawn; none means to otherwise.
    pub starts_withdrawn: Option<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Export { prefix, session } = &self.export;
        match &self.starts_withdrawn {
            None => write!(f, "{prefix} would no longer be announced to {session}"),
            Some(protocol) => write!(
                f,
                "{prefix} would be withdrawn from {session} for a while: {protocol} has no intent file and starts withdrawn"
            ),
        }
    }
}

/// Parts what is `live` into what stays announced and what does not. BIRD reads from intent files which
/// protocols are on: those in `announcing`. Whatever somebody enabled by hand ends with a `configure`.
#[must_use]
pub(super) fn part(
    live: &BTreeSet<Export>,
    meant: &Meant,
    announcing: &HashSet<String>,
) -> (BTreeSet<Export>, Vec<Loss>) {
    let mut kept = BTreeSet::new();
    let mut losses = Vec::new();
    for export in live {
        let protocols = meant.get(export);
        if protocols.is_some_and(|pair| pair.iter().any(|name| announcing.contains(name))) {
            kept.insert(export.clone());
        } else {
            losses.push(Loss {
                export: export.clone(),
                starts_withdrawn: protocols.map(|[normal, _]| normal.clone()),
            });
        }
    }
    (kept, losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SMALLEST;

    fn export(prefix: &str) -> Export {
        Export {
            prefix: prefix.parse().unwrap(),
            session: "bgp_tor1_v4".to_owned(),
        }
    }

    #[test]
    fn sessions_of_included_files_are_left_alone() {
        let installed = "protocol bgp a { }\nprotocol bgp b { }\n";
        let rendered = "include \"/s.conf\";\nprotocol bgp a { }\n";
        let sessions = Sessions::new(installed, rendered, "/s.conf");
        assert!(sessions.remains("a") && !sessions.remains("b") && !sessions.remains("c"));
        let rendered = format!("{rendered}include \"/more.conf\";\n");
        let sessions = Sessions::new(installed, &rendered, "/s.conf");
        assert!(sessions.remains("a") && !sessions.remains("b") && sessions.remains("c"));
        assert!(sessions.is_ours("b") && !sessions.is_ours("c"));
    }

    #[test]
    fn a_prefix_stays_if_it_is_meant_and_its_protocol_is_on() {
        let config = Config::parse("a.yaml", SMALLEST).unwrap().config;
        let meant = meant(&config);
        let (own, other) = (export("192.0.2.53/32"), export("198.51.100.0/24"));
        let live = [own.clone(), other.clone()].into();
        for on in ["anycast_resolver_v4", "anycast_resolver_v4_drain"] {
            let (kept, losses) = part(&live, &meant, &[on.to_owned()].into());
            assert_eq!(kept, [own.clone()].into());
            assert_eq!(
                losses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                ["198.51.100.0/24 would no longer be announced to bgp_tor1_v4"]
            );
        }
        let (kept, losses) = part(&[own].into(), &meant, &HashSet::new());
        assert!(kept.is_empty());
        let starts = losses[0].starts_withdrawn.as_deref();
        assert_eq!(starts, Some("anycast_resolver_v4"));
    }
}
