//! What came of it: the document of `apply --json`, and its text.

use std::fmt;

use serde::Serialize;

use super::expectation::Missing;
use super::loss::Loss;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// BIRD runs the rendered files already.
    Unchanged,
    /// BIRD would take them; nothing was changed, as was asked for.
    Checked,
    /// BIRD runs them, and everything is as it should be.
    Applied,
    /// Live prefixes would be dropped; nothing was changed.
    Refused,
    /// The old files are back, BIRD runs them, and everything is as before.
    RolledBack,
    /// The old files are back, and not everything is as before.
    Damaged,
}

/// The document of `apply --json`, format version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// 1.
    pub version: u8,
    /// How it ended.
    pub outcome: Outcome,
    /// The file.
    pub bird_conf: String,
    /// Live prefixes that are, or would be, dropped.
    pub dropped: Vec<Loss>,
    /// Sessions that BIRD resets, and why.
    pub resets: Vec<Reset>,
    /// Sessions that are new, and how they are.
    pub new_sessions: Vec<NewSession>,
    /// Static protocols that are new: they start withdrawn.
    pub new_protocols: Vec<String>,
    /// Why it was undone.
    pub reason: Option<String>,
    /// What was not as it should be when it was undone.
    pub missing: Vec<Missing>,
    /// What is not as before after it was undone.
    pub damage: Vec<Missing>,
}

/// A session that BIRD resets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reset {
    /// The BGP protocol.
    pub session: String,
    /// The options that change.
    pub because: Vec<String>,
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is reset ({})", self.session, self.because.join(", "))
    }
}

/// A session that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewSession {
    /// The BGP protocol.
    pub session: String,
    /// Whether it is established.
    pub established: bool,
    /// The state with the last error.
    pub state: String,
}

impl Report {
    /// An empty one about this file.
    #[must_use]
    pub fn new(bird_conf: String) -> Self {
        Self {
            version: 1,
            outcome: Outcome::Unchanged,
            bird_conf,
            dropped: Vec::new(),
            resets: Vec::new(),
            new_sessions: Vec::new(),
            new_protocols: Vec::new(),
            reason: None,
            missing: Vec::new(),
            damage: Vec::new(),
        }
    }

    /// It ended so.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    fn heading(&self) -> String {
        let file = &self.bird_conf;
        let reason = self.reason.as_deref().unwrap_or_default();
        match self.outcome {
            Outcome::Unchanged => format!("nothing to do: {file} is as rendered, and BIRD runs it"),
            Outcome::Checked => format!("{file} can be applied; nothing was changed"),
            Outcome::Applied => format!("applied: BIRD runs {file}"),
            Outcome::Refused => format!(
                "refused, nothing was changed: prefixes that are announced now would be dropped. `--allow-withdraw` applies {file} all the same"
            ),
            Outcome::RolledBack => format!(
                "not applied: {reason}. The old files are back, BIRD runs them, and all is as before"
            ),
            Outcome::Damaged => format!(
                "not applied: {reason}. The old files are back, but not everything is as before"
            ),
        }
    }

    /// One line each.
    fn details(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.dropped.iter().map(ToString::to_string).collect();
        if self.outcome == Outcome::Applied {
            lines = self.dropped.iter().map(dropped).collect();
            lines.extend(self.new_sessions.iter().map(new_session));
            lines.extend(self.new_protocols.iter().map(|name| new_protocol(name)));
        }
        lines.extend(self.missing.iter().map(ToString::to_string));
        lines.extend(self.damage.iter().map(|damage| format!("still: {damage}")));
        lines
    }
}

fn dropped(loss: &Loss) -> String {
    let (prefix, session) = (&loss.export.prefix, &loss.export.session);
    format!("{prefix} is no longer announced to {session}, as allowed")
}

fn new_session(session: &NewSession) -> String {
    let name = &session.session;
    if session.established {
        format!("{name} is new and Established")
    } else {
        format!("{name} is new and not Established yet: {}", session.state)
    }
}

fn new_protocol(name: &str) -> String {
    format!(
        "{name} is new and starts withdrawn: it is announced when the daemon has read the configuration, too, and its checks pass"
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.heading())?;
        self.details()
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::expectation::Export;

    fn export() -> Export {
        Export {
            prefix: "192.0.2.53/32".parse().unwrap(),
            session: "bgp_tor1_v4".to_owned(),
        }
    }

    fn report(outcome: Outcome) -> Report {
        let loss = Loss {
            export: export(),
            starts_withdrawn: None,
        };
        let session = NewSession {
            session: "bgp_tor2_v4".to_owned(),
            established: false,
            state: "Active".to_owned(),
        };
        let mut report = Report::new("/etc/bird/bird.conf".to_owned()).ended(outcome);
        match outcome {
            Outcome::Refused => report.dropped = vec![loss],
            Outcome::Applied => {
                report.dropped = vec![loss];
                report.new_sessions = vec![session];
                report.new_protocols = vec!["anycast_web_v4".to_owned()];
            }
            Outcome::RolledBack | Outcome::Damaged => {
                report.reason = Some("stopped by SIGTERM".to_owned());
                report.missing = vec![Missing::Export(export())];
            }
            Outcome::Unchanged | Outcome::Checked => {}
        }
        if outcome == Outcome::Damaged {
            report.damage = vec![Missing::Export(export())];
        }
        report
    }

    const ALL: [Outcome; 6] = [
        Outcome::Unchanged,
        Outcome::Checked,
        Outcome::Applied,
        Outcome::Refused,
        Outcome::RolledBack,
        Outcome::Damaged,
    ];

    #[test]
    fn every_outcome_says_what_is_on_the_disk_and_what_bird_runs() {
        let texts = ALL.map(|outcome| report(outcome).to_string());
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn the_document_is_flat() {
        let document = serde_json::to_string_pretty(&report(Outcome::Damaged)).unwrap();
        insta::assert_snapshot!(document);
        let document = serde_json::to_value(report(Outcome::Refused)).unwrap();
        assert_eq!(document["dropped"][0]["prefix"], "192.0.2.53/32");
        assert_eq!(document["outcome"], "refused");
    }
}
