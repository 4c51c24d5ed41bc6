//! Whether a session is to be held down x what is so -> steps.
//!
//! A held session is disabled in BIRD, with a message that begins with [`MARK`], and has a *drop-in*: a file of its own
//! that says `disabled;` and that the rendered BGP protocol includes, so that a `configure` leaves the session down.
//! Disk first and socket second, as for announcements: whoever reconfigures or restarts BIRD in between gets what is
//! wanted.
//!
//! A session that somebody else disabled is theirs: it is neither held nor ever enabled. Whose it is, the message tells,
//! or, because a `configure` takes the message away (measured, 2.0.7 to 3.4.0), the drop-in.

use crate::bird::table::ProtocolState;

/// How the message of every hold begins. A neighbour whose session is up when it is held reads it, too (RFC 9003).
pub const MARK: &str = "anycastctl: flapping";

/// What BIRD says of a session's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// BIRD does not answer.
    Unknown,
    /// BIRD's configuration has no such protocol.
    Missing,
    /// Enabled, be the session established or not.
    Enabled,
    /// Disabled by us.
    Held,
    /// Disabled by somebody else, by the configuration or by a limit.
    Foreign,
}

impl Seen {
    /// What BIRD's answer means. Without a message a session that is down is ours only if it `is_marked` otherwise: by
    /// a drop-in that BIRD reads, or because it was ours when last seen.
    #[must_use]
    pub fn of(state: Option<ProtocolState>, message: Option<&str>, is_marked: bool) -> Self {
        match state {
            None => Self::Missing,
            Some(ProtocolState::Start | ProtocolState::Up | ProtocolState::Other) => Self::Enabled,
            Some(ProtocolState::Down | ProtocolState::Stop | ProtocolState::Flush) => match message
            {
                Some(message) if message.starts_with(MARK) => Self::Held,
                None if is_marked => Self::Held,
                _ => Self::Foreign,
            },
        }
    }
}

/// The file that keeps a session down whenever BIRD reads its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropIn {
    /// There is none.
    Absent,
    /// It is ours.
    Written,
    /// It says something else, or cannot be read: somebody's own, which stays as it is.
    Foreign,
}

/// What is known of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// BIRD's word.
    pub seen: Seen,
    /// The disk's.
    pub drop_in: DropIn,
}

/// Something to do. Steps are idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write the drop-in.
    WriteDropIn,
    /// Remove the drop-in.
    RemoveDropIn,
    /// Disable in BIRD and wait until it is down.
    Disable,
    /// Enable in BIRD and wait until it is no longer down.
    Enable,
}

/// The steps from what is to what should be, in order; none if it is so already.
///
/// BIRD is told nothing while it is not known who disabled the session.
#[must_use]
pub fn steps(wanted: bool, view: View) -> Vec<Step> {
    let can_be_held = matches!(view.seen, Seen::Unknown | Seen::Enabled | Seen::Held);
    let [file, command] = if wanted {
        [
            (can_be_held && view.drop_in == DropIn::Absent).then_some(Step::WriteDropIn),
            (view.seen == Seen::Enabled).then_some(Step::Disable),
        ]
    } else {
        [
            (view.drop_in == DropIn::Written).then_some(Step::RemoveDropIn),
            (view.seen == Seen::Held).then_some(Step::Enable),
        ]
    };
    [file, command].into_iter().flatten().collect()
}

impl Step {
    /// What is known after the step has succeeded.
    pub fn apply(self, view: &mut View) {
        match self {
            Self::WriteDropIn => view.drop_in = DropIn::Written,
            Self::RemoveDropIn => view.drop_in = DropIn::Absent,
            Self::Disable => view.seen = Seen::Held,
            Self::Enable => view.seen = Seen::Enabled,
        }
    }
}

#[cfg(test)]
mod tests {
    mod properties;

    use proptest::prelude::*;

    use super::*;

    fn view(seen: Seen, drop_in: DropIn) -> View {
        View { seen, drop_in }
    }

    #[test]
    fn whose_a_disabled_session_is_the_message_tells_or_a_mark() {
        use ProtocolState::{Down, Flush, Start, Stop, Up};
        let ours = Some("anycastctl: flapping, penalty 3120, held until 21:12:04 UTC");
        for (state, message, is_marked, seen) in [
            (None, None, true, Seen::Missing),
            (Some(Up), ours, true, Seen::Enabled),
            (Some(Start), None, false, Seen::Enabled),
            (Some(Down), ours, false, Seen::Held),
            (Some(Stop), ours, false, Seen::Held),
            (Some(Flush), ours, false, Seen::Held),
            // A configure took the message away.
            (Some(Down), None, true, Seen::Held),
            // A limit, or an operator who said nothing.
            (Some(Down), None, false, Seen::Foreign),
            (Some(Down), Some("maintenance"), true, Seen::Foreign),
            (
                Some(Down),
                Some("anycastctl: no longer flapping"),
                true,
                Seen::Foreign,
            ),
        ] {
            assert_eq!(
                Seen::of(state, message, is_marked),
                seen,
                "{state:?} {message:?} {is_marked}"
            );
        }
    }

    #[test]
    fn the_drop_comes_before_the_command() {
        use DropIn::{Absent, Foreign, Written};
        use Step::{Disable, Enable, RemoveDropIn, WriteDropIn};
        let held: &[Step] = &[];
        for (wanted, seen, drop, expected) in [
            (true, Seen::Enabled, Absent, &[WriteDropIn, Disable][..]),
            // Somebody enabled it.
            (true, Seen::Enabled, Written, &[Disable]),
            (true, Seen::Held, Written, held),
            // Somebody removed the drop-in.
            (true, Seen::Held, Absent, &[WriteDropIn]),
            // BIRD is away, and must not come back with a session that flaps.
            (true, Seen::Unknown, Absent, &[WriteDropIn]),
            (true, Seen::Missing, Absent, &[]),
            // An operator was first.
            (true, Seen::Foreign, Absent, &[]),
            (true, Seen::Enabled, Foreign, &[Disable]),
            (false, Seen::Held, Written, &[RemoveDropIn, Enable]),
            (false, Seen::Held, Absent, &[Enable]),
            (false, Seen::Enabled, Written, &[RemoveDropIn]),
            (false, Seen::Foreign, Written, &[RemoveDropIn]),
            (false, Seen::Missing, Written, &[RemoveDropIn]),
            (false, Seen::Unknown, Written, &[RemoveDropIn]),
            (false, Seen::Foreign, Foreign, &[]),
            (false, Seen::Enabled, Absent, &[]),
        ] {
            assert_eq!(
                steps(wanted, view(seen, drop)),
                expected,
                "{wanted} {seen:?} {drop:?}"
            );
        }
    }

    fn any_view() -> impl Strategy<Value = View> {
        let seen = [
            Seen::Unknown,
            Seen::Missing,
            Seen::Enabled,
            Seen::Held,
            Seen::Foreign,
        ];
        let drop = [DropIn::Absent, DropIn::Written, DropIn::Foreign];
        (
            proptest::sample::select(seen.to_vec()),
            proptest::sample::select(drop.to_vec()),
        )
            .prop_map(|(seen, drop)| view(seen, drop))
    }

    proptest! {
        #[test]
        fn steps_lead_from_anywhere_to_what_is_wanted_and_then_end(from in any_view(), wanted in any::<bool>()) {
            let mut now = from;
            for step in steps(wanted, from) {
                step.apply(&mut now);
            }
            prop_assert_eq!(steps(wanted, now), []);
            prop_assert_ne!(now.seen, if wanted { Seen::Enabled } else { Seen::Held });
            prop_assert!(wanted || now.drop_in != DropIn::Written);
        }

        #[test]
        fn what_is_somebody_elses_stays_as_it_is(from in any_view(), wanted in any::<bool>()) {
            let mut now = from;
            for step in steps(wanted, from) {
                step.apply(&mut now);
            }
            prop_assert!(from.seen != Seen::Foreign || now.seen == Seen::Foreign);
            prop_assert!(from.drop_in != DropIn::Foreign || now.drop_in == DropIn::Foreign);
        }

        #[test]
        fn a_session_that_is_held_has_its_drop_unless_somebody_elses_is_there(from in any_view()) {
            let mut now = from;
            for step in steps(true, from) {
                step.apply(&mut now);
                prop_assert!(now.seen != Seen::Held || now.drop_in != DropIn::Absent);
            }
        }
    }
}
