//! Which neighbours have the prefixes, and why others do not.

use super::Case;
use crate::status::Session;
use crate::status::age::age;

impl Case<'_> {
    pub(super) fn neighbors(&self) -> Vec<String> {
        let exports = &self.service.exported_to;
        let mut prefixes: Vec<&str> = exports
            .iter()
            .map(|export| export.prefix.as_str())
            .collect();
        prefixes.dedup();
        let mut sentences: Vec<_> = prefixes.iter().map(|prefix| self.prefix(prefix)).collect();
        let sessions = self.snapshot.sessions.iter();
        let concerned = sessions
            .filter(|session| exports.iter().any(|export| export.session == session.name))
            .filter(|session| session.state != "Established");
        sentences.extend(concerned.map(|session| self.session(session)));
        sentences
    }

    fn prefix(&self, prefix: &str) -> String {
        let names = |wanted: Option<bool>| -> Vec<&str> {
            let exports = self.service.exported_to.iter();
            exports
                .filter(|export| export.prefix == prefix && export.exported == wanted)
                .map(|export| export.session.as_str())
                .collect()
        };
        let mut parts = Vec::new();
        for (wanted, word) in [
            (Some(true), "is exported to"),
            (Some(false), "is not exported to"),
            (None, "may be exported to"),
        ] {
            let names = names(wanted);
            if !names.is_empty() {
                parts.push(format!("{word} {}", names.join(", ")));
            }
        }
        format!("{prefix} {}.", parts.join("; it "))
    }

    fn session(&self, session: &Session) -> String {
        if session.state == "Missing" {
            return format!(
                "{} is not known to BIRD: has `anycastctl apply` been run?",
                session.name
            );
        }
        let error = session
            .last_error
            .as_ref()
            .map_or_else(String::new, |error| format!(", {error}"));
        let message = session
            .message
            .as_ref()
            .map_or_else(String::new, |text| format!(", \"{text}\""));
        let hint = session
            .hint
            .as_ref()
            .map_or_else(String::new, |hint| format!("; {hint}"));
        let held = if session.flaps.held {
            "; it flaps, and anycastctl keeps it disabled"
        } else {
            ""
        };
        format!(
            "{} is {} for {}{error}{message}{hint}{held}.",
            session.name,
            session.state,
            age(self.snapshot.at, session.since)
        )
    }
}
