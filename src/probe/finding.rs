//! What a look finds that is no exchange of DNS messages, and the clock around it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, within};
use crate::dns::Failure;
use crate::harmless::is_harmful;
use crate::health::Verdict;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// Whether nothing is known because of us.
    is_silence: bool,
    /// Why, in one line for operators.
    pub(super) detail: String,
}

impl Finding {
    pub(super) fn pass(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, detail)
    }

    pub(super) fn fail(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, detail)
    }

    pub(super) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Unknown, detail)
    }

    pub(super) fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            is_silence: verdict == Verdict::Unknown,
            detail: detail.into(),
        }
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        Self {
            is_silence: failure.is_ours(),
            ..Self::new(failure.verdict(), failure.to_string())
        }
    }
}

/// What was known without any look.
impl From<Finding> for Outcome {
    fn from(finding: Finding) -> Self {
        Self {
            verdict: finding.verdict,
            is_silence: finding.is_silence,
            detail: finding.detail,
            latency: None,
            exchanges: Vec::new(),
        }
    }
}

/// So many characters of a line that somebody else wrote, and none that does anything but show itself.
pub(super) fn printable(line: &str, most: usize) -> String {
    let mut shown: String = String::new();
    for (position, character) in line.chars().enumerate() {
        if position >= most {
            shown.push('…');
            break;
        }
        if is_harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Looks for at most `timeout`. `silence` says what it means that this was not enough.
pub(super) async fn timed(
    timeout: Duration,
    look: impl Future<Output = Result<Finding, Failure>>,
    silence: impl FnOnce() -> Finding,
) -> Outcome {
    let start = Instant::now();
    let found = within(start + timeout, timeout, look).await;
    let taken = start.elapsed();
    let in_time = found.is_some() && taken <= timeout;
    let finding = match found {
        Some(found) => found.unwrap_or_else(Finding::from),
        None => silence(),
    };
    let is_known = finding.verdict != Verdict::Unknown;
    Outcome {
        latency: Some(taken).filter(|_| in_time && is_known),
        ..finding.into()
    }
}
