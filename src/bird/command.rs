//! The commands that are sent to BIRD. No free text reaches the wire.
//!
//! Protocols are named as `"name"`, which BIRD takes as a pattern: an unknown name is then `8003` on every
//! release instead of a syntax error whose text differs. Single quotes would not protect keywords
//! (`disable 'all'` disables everything). `show route export` alone wants a symbol.

use std::fmt;
use std::path::PathBuf;

use crate::model::Prefix;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Gives up the right to change anything, for the rest of the connection.
    Restrict,
    /// Dates and microseconds in the replies to this connection; 2.16 and later know it.
    TimeFormat,
    /// Version, times and state of the daemon.
    ShowStatus,
    /// Every protocol with all details.
    ShowProtocolsAll,
    /// The row of every protocol.
    ShowProtocols,
    /// Those with such names, with all details: `*` stands for any letters.
    ShowProtocolsLike(String),
    /// The row of one protocol.
    ShowProtocol(String),
    /// BFD sessions.
    ShowBfdSessions,
    /// Whether a prefix is exported to a BGP protocol.
    ShowRouteExport {
        /// The prefix.
        prefix: Prefix,
        /// The BGP protocol.
        session: String,
    },
    /// Every prefix that is exported to a BGP protocol.
    ShowRoutesExport(String),
    /// Every route of the main tables.
    ShowRoutes,
    /// Parses the configuration that BIRD was started with, and changes nothing.
    ConfigureCheck,
    /// Parses this file, and changes nothing. BIRD itself opens it.
    ConfigureCheckFile(PathBuf),
    /// Reads the configuration anew.
    Configure,
    /// The same, and goes back to the old one after so many seconds without [`Command::ConfigureConfirm`].
    ConfigureTimeout(u64),
    /// Makes a configuration with a timeout permanent.
    ConfigureConfirm,
    /// Goes back to the configuration before.
    ConfigureUndo,
    /// Whether a configuration is being put in place or waits to be confirmed.
    ConfigureStatus,
    /// Switches a protocol on, with a word for whoever looks at BIRD.
    Enable(String, String),
    /// Switches a protocol off, likewise.
    Disable(String, String),
}

/// The longest message in bytes: BIRD closes the connection at commands of 1,023 bytes and replaces
/// lines of its replies over 506.
const MAX_MESSAGE: usize = 200;

/// What a message may hold: BIRD has no escape for `"`, and keeps control characters as they are.
fn message(text: &str) -> String {
    text.chars()
        .map(|c| {
            if (' '..='~').contains(&c) && c != '"' {
                c
            } else {
                '?'
            }
        })
        .take(MAX_MESSAGE)
        .collect()
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restrict => f.write_str("restrict"),
            Self::TimeFormat => f.write_str("timeformat iso long us"),
            Self::ShowStatus => f.write_str("show status"),
            Self::ShowProtocolsAll => f.write_str("show protocols all"),
            Self::ShowProtocols => f.write_str("show protocols"),
            Self::ShowProtocolsLike(pattern) => write!(f, "show protocols all \"{pattern}\""),
            Self::ShowProtocol(name) => write!(f, "show protocols \"{name}\""),
            Self::ShowBfdSessions => f.write_str("show bfd sessions"),
            Self::ShowRouteExport { prefix, session } => {
                write!(f, "show route {prefix} export '{session}'")
            }
            Self::ShowRoutesExport(session) => write!(f, "show route export '{session}'"),
            Self::ShowRoutes => f.write_str("show route"),
            Self::ConfigureCheck => f.write_str("configure check"),
            Self::ConfigureCheckFile(path) => {
                write!(f, "configure check \"{}\"", path.display())
            }
            Self::Configure => f.write_str("configure"),
            Self::ConfigureTimeout(seconds) => write!(f, "configure timeout {seconds}"),
            Self::ConfigureConfirm => f.write_str("configure confirm"),
            Self::ConfigureUndo => f.write_str("configure undo"),
            Self::ConfigureStatus => f.write_str("configure status"),
            Self::Enable(name, text) => write!(f, "enable \"{name}\" \"{}\"", message(text)),
            Self::Disable(name, text) => write!(f, "disable \"{name}\" \"{}\"", message(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_named_as_patterns_and_sessions_as_symbols() {
        assert_eq!(
            Command::ShowProtocol("a_v4".into()).to_string(),
            "show protocols \"a_v4\""
        );
        let prefix = "192.0.2.53/32".parse().unwrap();
        assert_eq!(
            Command::ShowRouteExport {
                prefix,
                session: "bgp_tor1_v4".into()
            }
            .to_string(),
            "show route 192.0.2.53/32 export 'bgp_tor1_v4'"
        );
    }

    #[test]
    fn a_file_is_named_in_quotes() {
        assert_eq!(
            Command::ConfigureCheckFile("/etc/bird/a b.conf".into()).to_string(),
            "configure check \"/etc/bird/a b.conf\""
        );
        assert_eq!(
            Command::ConfigureTimeout(75).to_string(),
            "configure timeout 75"
        );
    }

    #[test]
    fn messages_cannot_end_their_quotes_nor_overflow_a_line() {
        let command = Command::Disable("a".into(), "say \"x\"\nen\u{1b}d é".into());
        assert_eq!(command.to_string(), "disable \"a\" \"say ?x??en?d ?\"");
        assert!(
            Command::Enable("a".into(), "x".repeat(5000))
                .to_string()
                .len()
                < 1000
        );
    }
}
