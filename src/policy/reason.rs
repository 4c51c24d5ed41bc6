//! The reasons of decisions, in words.

use jiff::Timestamp;

use super::{Because, CheckView, Decision, Hold};
use crate::config::OnFailure;
use crate::health::Health;
use crate::overrides::Override;

/// Where everything fails that is not on this host, it is likely not this host that is broken. A fleet whose nodes
/// all took themselves out for that would be gone as a whole.
///
/// Checks of this host say nothing of that while they pass. One that fails does: it is more likely that this host is
/// broken, and where it is the zone that all nodes have, its own reason tells.
pub(super) fn beyond(checks: &[CheckView<'_>]) -> Option<String> {
    let draining = checks
        .iter()
        .filter(|check| check.on_failure == OnFailure::Drain);
    let (off_host, own): (Vec<_>, Vec<_>) = draining.partition(|check| check.off_host);
    let fails = |check: &&CheckView<'_>| check.health == Health::Unhealthy;
    let all_fail = off_host.iter().all(fails) && !own.iter().any(fails);
    all_fail.then(|| match off_host.len() {
        1 => "the only check of another host fails: the fault may lie beyond it, on the way or for the whole fleet"
            .to_owned(),
        count => format!(
            "all {count} checks of other hosts fail at once: the fault may lie beyond them, on the way or for the whole fleet"
        ),
    })
}

/// Why something that might be announced is not yet.
pub(super) fn held(hold: Hold, wanted: &Decision) -> String {
    let waits = format!(
        "held until {}: it went down {} (damping)",
        time(hold.until),
        times(hold.cycles)
    );
    if wanted.because == Because::Passed {
        format!("healthy again, but {waits}")
    } else {
        format!("{waits}; after that: {}", wanted.reason)
    }
}

/// What a hold adds to the reason of a withdrawal.
pub(super) fn no_earlier(hold: Option<Hold>) -> String {
    hold.map_or_else(String::new, |hold| {
        format!(
            "; not announced again before {}: it went down {} (damping)",
            time(hold.until),
            times(hold.cycles)
        )
    })
}

fn time(time: Timestamp) -> String {
    time.strftime("%H:%M:%S UTC").to_string()
}

fn times(cycles: u32) -> String {
    match cycles {
        1 => "once lately".to_owned(),
        _ => format!("{cycles} times lately"),
    }
}

/// Who gave the order, since and until when, and why.
pub(super) fn words(order: &Override) -> String {
    let date = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let until = order.until.map(|until| format!(" until {}", date(until)));
    let reason = order.reason.as_ref().map(|reason| format!(" ({reason})"));
    let [until, reason] = [until, reason].map(Option::unwrap_or_default);
    format!("by {} since {}{until}{reason}", order.by, date(order.since))
}

/// That all of them pass.
pub(super) fn passed(count: usize) -> String {
    match count {
        1 => "1 check passes".to_owned(),
        _ => format!("{count} checks pass"),
    }
}
