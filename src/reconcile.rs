//! Desired state x observed state -> steps.
//!
//! Intent goes to disk first and over the socket second, so that whoever reconfigures or restarts BIRD in
//! between gets what is wanted. Making comes before breaking: of the two protocols of a family, the one
//! that is wanted is enabled before the other is disabled. Where BIRD does not know the one that is wanted, the other
//! stays as it is: a drain must not become a withdrawal because somebody has not installed the file yet.

use std::fmt;

use crate::policy::Announcement;

/// What BIRD says of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// BIRD does not answer.
    Unknown,
    /// BIRD's configuration has no such protocol.
    Missing,
    /// Not announcing.
    Down,
    /// Announcing.
    Up,
    /// On its way from one to the other.
    Changing,
}

/// The intent file of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// There is none: BIRD leaves the protocol disabled.
    Absent,
    /// It says that the protocol is enabled.
    Written,
    /// It says something else, or cannot be read.
    Foreign,
}

/// What is known of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolView {
    /// BIRD's word.
    pub seen: Seen,
    /// What BIRD shall do with it whenever it reads its configuration.
    pub intent: Intent,
}

/// What is known of one family of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyView {
    /// The protocol that announces.
    pub normal: ProtocolView,
    /// Its drained twin.
    pub drain: ProtocolView,
}

impl FamilyView {
    /// Nothing is known: everything has to be done.
    pub const UNKNOWN: Self = {
        let protocol = ProtocolView {
            seen: Seen::Unknown,
            intent: Intent::Foreign,
        };
        Self {
            normal: protocol,
            drain: protocol,
        }
    };

    fn of(&mut self, twin: Twin) -> &mut ProtocolView {
        match twin {
            Twin::Normal => &mut self.normal,
            Twin::Drain => &mut self.drain,
        }
    }

    /// What is announced; `None` if BIRD does not say. A protocol that BIRD does not know announces nothing.
    #[must_use]
    pub fn actual(&self) -> Option<Announcement> {
        match (self.normal.seen, self.drain.seen) {
            (Seen::Up, _) => Some(Announcement::Announced),
            (Seen::Unknown | Seen::Changing, _) | (_, Seen::Unknown | Seen::Changing) => None,
            (_, Seen::Up) => Some(Announcement::Drained),
            (Seen::Down | Seen::Missing, _) => Some(Announcement::Withdrawn),
        }
    }
}

/// One of the two protocols of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The one that announces.
    Normal,
    /// The drained one.
    Drain,
}

/// Something to do. Steps are idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write the intent file.
    WriteIntent(Twin),
    /// Remove the intent file.
    RemoveIntent(Twin),
    /// Enable in BIRD and wait until it is up. What follows is not done unless this succeeds.
    Enable(Twin),
    /// Disable in BIRD and wait until it is down.
    Disable(Twin),
}

/// The steps from what is to what should be, in order; none if it is so already.
///
/// A protocol that BIRD does not know gets its intent file but no command, which could only fail.
#[must_use]
pub fn steps(desired: Announcement, view: FamilyView) -> Vec<Step> {
    let normal = (Twin::Normal, view.normal);
    let drain = (Twin::Drain, view.drain);
    let ([first, second], [third, fourth]) = match desired {
        Announcement::Announced => in_place_of(drain, normal),
        Announcement::Drained => in_place_of(normal, drain),
        Announcement::Withdrawn => {
            // Both files go before either command: BIRD may be away, and must not come back announcing.
            let ([normal_intent, normal_command], [drain_intent, drain_command]) =
                (off(normal), off(drain));
            (
                [normal_intent, drain_intent],
                [normal_command, drain_command],
            )
        }
    };
    [first, second, third, fourth]
        .into_iter()
        .flatten()
        .collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (does, twin) = match self {
            Self::WriteIntent(twin) => ("write the intent file", twin),
            Self::RemoveIntent(twin) => ("remove the intent file", twin),
            Self::Enable(twin) => ("enable the protocol", twin),
            Self::Disable(twin) => ("disable the protocol", twin),
        };
        f.write_str(does)?;
        match twin {
            Twin::Normal => Ok(()),
            Twin::Drain => f.write_str(" (drained)"),
        }
    }
}

impl Step {
    /// What is known after the step has succeeded.
    pub fn apply(self, view: &mut FamilyView) {
        match self {
            Self::WriteIntent(twin) => view.of(twin).intent = Intent::Written,
            Self::RemoveIntent(twin) => view.of(twin).intent = Intent::Absent,
            Self::Enable(twin) => view.of(twin).seen = Seen::Up,
            Self::Disable(twin) => view.of(twin).seen = Seen::Down,
        }
    }
}

/// One of the two on, and then the other off, unless nothing would be left.
fn in_place_of(
    other: (Twin, ProtocolView),
    wanted: (Twin, ProtocolView),
) -> ([Option<Step>; 2], [Option<Step>; 2]) {
    let can_be_on = wanted.1.seen != Seen::Missing;
    let breaks = if can_be_on { off(other) } else { [None, None] };
    (on(wanted), breaks)
}

fn on((twin, view): (Twin, ProtocolView)) -> [Option<Step>; 2] {
    [
        (view.intent != Intent::Written).then_some(Step::WriteIntent(twin)),
        (!matches!(view.seen, Seen::Up | Seen::Missing)).then_some(Step::Enable(twin)),
    ]
}

fn off((twin, view): (Twin, ProtocolView)) -> [Option<Step>; 2] {
    [
        (view.intent != Intent::Absent).then_some(Step::RemoveIntent(twin)),
        (!matches!(view.seen, Seen::Down | Seen::Missing)).then_some(Step::Disable(twin)),
    ]
}

#[cfg(test)]
mod tests;
