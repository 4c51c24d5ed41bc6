//! Desired state x observed state -> steps.
//!
//! Intent goes to disk first and over the socket second, so that whoever reconfigures or restarts BIRD in
//! between gets what is wanted. Making comes before breaking: of the two protocols of a family, the one
//! that is wanted is enabled before the other is disabled.

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
        Announcement::Announced => (on(normal), off(drain)),
        Announcement::Drained => (on(drain), off(normal)),
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
mod tests {
    use proptest::prelude::*;

    use super::Intent::{Absent, Written};
    use super::*;

    fn view(normal: (Seen, Intent), drain: (Seen, Intent)) -> FamilyView {
        let protocol = |(seen, intent)| ProtocolView { seen, intent };
        FamilyView {
            normal: protocol(normal),
            drain: protocol(drain),
        }
    }

    const OFF: (Seen, Intent) = (Seen::Down, Absent);
    const ON: (Seen, Intent) = (Seen::Up, Written);

    #[test]
    fn intent_comes_before_the_command() {
        use Step::{Disable, Enable, RemoveIntent, WriteIntent};
        use Twin::{Drain, Normal};
        for (desired, from, expected) in [
            (
                Announcement::Announced,
                view(OFF, OFF),
                vec![WriteIntent(Normal), Enable(Normal)],
            ),
            (
                Announcement::Withdrawn,
                view(ON, OFF),
                vec![RemoveIntent(Normal), Disable(Normal)],
            ),
            (
                Announcement::Drained,
                view(ON, OFF),
                vec![
                    WriteIntent(Drain),
                    Enable(Drain),
                    RemoveIntent(Normal),
                    Disable(Normal),
                ],
            ),
            (
                Announcement::Announced,
                view(OFF, ON),
                vec![
                    WriteIntent(Normal),
                    Enable(Normal),
                    RemoveIntent(Drain),
                    Disable(Drain),
                ],
            ),
            (
                Announcement::Withdrawn,
                view(ON, ON),
                vec![
                    RemoveIntent(Normal),
                    RemoveIntent(Drain),
                    Disable(Normal),
                    Disable(Drain),
                ],
            ),
            // Someone deleted the file, or ran `birdc disable`.
            (
                Announcement::Announced,
                view((Seen::Up, Absent), OFF),
                vec![WriteIntent(Normal)],
            ),
            (
                Announcement::Announced,
                view((Seen::Down, Written), OFF),
                vec![Enable(Normal)],
            ),
            // BIRD is away: the file is put right, and the command tried.
            (
                Announcement::Withdrawn,
                view((Seen::Unknown, Written), (Seen::Unknown, Absent)),
                vec![RemoveIntent(Normal), Disable(Normal), Disable(Drain)],
            ),
            (
                Announcement::Announced,
                view((Seen::Missing, Absent), (Seen::Missing, Absent)),
                vec![WriteIntent(Normal)],
            ),
        ] {
            assert_eq!(steps(desired, from), expected, "{desired} from {from:?}");
        }
    }

    #[test]
    fn the_actual_state_is_known_or_not_claimed() {
        assert_eq!(view(ON, OFF).actual(), Some(Announcement::Announced));
        assert_eq!(view(OFF, ON).actual(), Some(Announcement::Drained));
        assert_eq!(view(OFF, OFF).actual(), Some(Announcement::Withdrawn));
        assert_eq!(view((Seen::Changing, Absent), OFF).actual(), None);
        assert_eq!(
            view((Seen::Missing, Absent), (Seen::Missing, Absent)).actual(),
            Some(Announcement::Withdrawn)
        );
        assert_eq!(FamilyView::UNKNOWN.actual(), None);
    }

    fn any_view() -> impl Strategy<Value = FamilyView> {
        let protocol = (
            prop_oneof![
                Just(Seen::Unknown),
                Just(Seen::Down),
                Just(Seen::Up),
                Just(Seen::Changing)
            ],
            prop_oneof![Just(Absent), Just(Written), Just(Intent::Foreign)],
        );
        (protocol.clone(), protocol).prop_map(|(normal, drain)| view(normal, drain))
    }

    fn any_announcement() -> impl Strategy<Value = Announcement> {
        prop_oneof![
            Just(Announcement::Announced),
            Just(Announcement::Drained),
            Just(Announcement::Withdrawn)
        ]
    }

    proptest! {
        #[test]
        fn steps_lead_from_anywhere_to_the_desired_state_and_then_end(mut from in any_view(), desired in any_announcement()) {
            for step in steps(desired, from) {
                step.apply(&mut from);
            }
            prop_assert_eq!(from.actual(), Some(desired));
            prop_assert_eq!(steps(desired, from), []);
        }

        #[test]
        fn a_route_is_there_at_every_moment_of_a_drain(from in prop_oneof![Just(view(ON, OFF)), Just(view(OFF, ON))], to_drained in any::<bool>()) {
            let mut now = from;
            let desired = if to_drained { Announcement::Drained } else { Announcement::Announced };
            for step in steps(desired, from) {
                step.apply(&mut now);
                prop_assert!(now.normal.seen == Seen::Up || now.drain.seen == Seen::Up);
            }
        }
    }
}
