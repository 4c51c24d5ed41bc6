//! The state of the node in one line, as `systemctl status` shows it.

use super::Actual;
use crate::columns::clean;
use crate::overrides::{Kind, Override};

/// The longest line, in characters: what fits beside the rest on a wide terminal, twice.
const LONGEST: usize = 320;

/// So many services are named with the same state; of more, there is the number.
const NAMED: usize = 3;

/// What the line says of a service, taken from where the status document takes it.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is announced, of the family that is announced least.
    pub actual: Actual,
    /// Why that is desired.
    pub reason: &'a str,
    /// Why the desired state is not reached.
    pub error: Option<&'a str>,
    /// The operator's order in force.
    pub order: Option<&'a Override>,
}

/// How many of the BGP sessions are up; all zero where nobody knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionCount {
    /// Up.
    pub established: usize,
    /// All.
    pub all: usize,
}

/// What is announced and what is not, with the reasons; before that a BIRD that does not answer, after it what is wrong
/// with the daemon itself. One line of bounded length, without control characters.
#[must_use]
pub fn line<'a>(
    bird_error: Option<&str>,
    services: &[Brief<'_>],
    sessions: SessionCount,
    problems: impl Iterator<Item = &'a str>,
) -> String {
    let mut parts: Vec<_> = bird_error
        .map(|error| format!("BIRD does not answer: {error}"))
        .into_iter()
        .collect();
    let announced = with(services, Actual::Announced).len();
    let noun = if services.len() == 1 {
        "service"
    } else {
        "services"
    };
    parts.push(format!(
        "{announced} of {} {noun} announced",
        services.len()
    ));
    for actual in [Actual::Withdrawn, Actual::Unknown, Actual::Drained] {
        parts.extend(list(
            &actual.to_string(),
            &with(services, actual),
            |service| Some(service.error.unwrap_or(service.reason).to_owned()),
        ));
    }
    let open = |service: &Brief<'_>| service.actual == Actual::Announced && service.error.is_some();
    let open: Vec<_> = services.iter().copied().filter(open).collect();
    parts.extend(list("not done", &open, |service| {
        service.error.map(str::to_owned)
    }));
    let pinned: Vec<_> = services.iter().copied().filter(is_pinned).collect();
    parts.extend(list("pinned", &pinned, |service| {
        service.order.map(|order| format!("by {}", order.by))
    }));
    if sessions.established < sessions.all {
        let SessionCount { established, all } = sessions;
        parts.push(format!("{established} of {all} sessions established"));
    }
    parts.extend(problems.map(|problem| format!("problem: {problem}")));
    bounded(&clean(&parts.join("; ")))
}

fn with<'a>(services: &[Brief<'a>], actual: Actual) -> Vec<Brief<'a>> {
    let is = |service: &Brief<'_>| service.actual == actual;
    services.iter().copied().filter(is).collect()
}

fn is_pinned(service: &Brief<'_>) -> bool {
    service.order.is_some_and(|order| order.kind == Kind::Pin)
}

/// `withdrawn: resolver (why), authority (why), 3 more`; nothing if there is none.
fn list(
    word: &str,
    services: &[Brief<'_>],
    why: impl Fn(&Brief<'_>) -> Option<String>,
) -> Option<String> {
    let mut named: Vec<_> = services
        .iter()
        .take(NAMED)
        .map(|service| match why(service) {
            Some(why) if !why.is_empty() => format!("{} ({why})", service.name),
            _ => service.name.to_owned(),
        })
        .collect();
    if services.len() > NAMED {
        named.push(format!("{} more", services.len() - NAMED));
    }
    (!named.is_empty()).then(|| format!("{word}: {}", named.join(", ")))
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST - 1) {
        Some((end, _)) if text.chars().nth(LONGEST).is_some() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn brief(name: &str, actual: Actual) -> Brief<'_> {
        Brief {
            name,
            actual,
            reason: "2 checks pass",
            error: None,
            order: None,
        }
    }

    fn said(services: &[Brief<'_>]) -> String {
        line(None, services, SessionCount::default(), std::iter::empty())
    }

    #[test]
    fn what_is_announced_needs_no_reason() {
        let good = brief("resolver", Actual::Announced);
        assert_eq!(said(&[good]), "1 of 1 service announced");
        assert_eq!(said(&[good, good]), "2 of 2 services announced");
        assert_eq!(said(&[]), "0 of 0 services announced");
    }

    #[test]
    fn what_is_not_has_its_reason() {
        let withdrawn = Brief {
            reason: "dns-1 at 192.0.2.53: 3 failed in a row: connection refused",
            ..brief("resolver", Actual::Withdrawn)
        };
        let drained = Brief {
            reason: "drained by alice since 2026-11-22 21:00:00 UTC",
            ..brief("authority", Actual::Drained)
        };
        let good = brief("other", Actual::Announced);
        assert_eq!(
            said(&[withdrawn, good, drained]),
            "1 of 3 services announced; withdrawn: resolver (dns-1 at 192.0.2.53: 3 failed in a row: connection \
             refused); drained: authority (drained by alice since 2026-11-22 21:00:00 UTC)"
        );
    }

    #[test]
    fn a_bird_that_does_not_answer_comes_first_and_problems_last() {
        let unknown = Brief {
            reason: "no verdict yet",
            ..brief("resolver", Actual::Unknown)
        };
        let sessions = SessionCount {
            established: 1,
            all: 2,
        };
        assert_eq!(
            line(
                Some("gone"),
                &[unknown],
                sessions,
                ["disk full"].into_iter()
            ),
            "BIRD does not answer: gone; 0 of 1 service announced; unknown: resolver (no verdict yet); \
             1 of 2 sessions established; problem: disk full"
        );
    }

    #[test]
    fn errors_and_pins_are_told_of_announced_services_too() {
        let order = Override {
            kind: Kind::Pin,
            reason: None,
            by: "alice".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            until: None,
        };
        let service = Brief {
            error: Some("BIRD refused"),
            order: Some(&order),
            ..brief("resolver", Actual::Announced)
        };
        assert_eq!(
            said(&[service]),
            "1 of 1 service announced; not done: resolver (BIRD refused); pinned: resolver (by alice)"
        );
    }

    #[test]
    fn it_is_one_line_of_bounded_length() {
        let reason = "ä\n\u{1b}[31m\0 ".repeat(500);
        let service = Brief {
            reason: &reason,
            ..brief("resolver", Actual::Withdrawn)
        };
        for count in 1..=10 {
            let line = said(&vec![service; count]);
            assert_eq!(line.chars().count(), LONGEST);
            assert!(!line.contains(char::is_control), "{line:?}");
            assert!(line.ends_with('…'));
        }
        let exact = "x".repeat(LONGEST);
        assert_eq!(bounded(&exact), exact);
        let many = said(&[brief("a", Actual::Withdrawn); 7]);
        assert!(many.ends_with("a (2 checks pass), 4 more"), "{many}");
    }
}
