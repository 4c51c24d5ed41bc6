mod properties;

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
        // BIRD's configuration has no drained twin yet: neighbours keep the route that they have.
        (
            Announcement::Drained,
            view(ON, (Seen::Missing, Absent)),
            vec![WriteIntent(Drain)],
        ),
        (
            Announcement::Announced,
            view((Seen::Missing, Written), ON),
            vec![],
        ),
        (
            Announcement::Withdrawn,
            view((Seen::Missing, Written), ON),
            vec![RemoveIntent(Normal), RemoveIntent(Drain), Disable(Drain)],
        ),
    ] {
        assert_eq!(steps(desired, from), expected, "{desired} from {from:?}");
    }
}

#[test]
fn the_history_tells_steps_in_words() {
    let words = steps(Announcement::Drained, view(ON, OFF));
    let words: Vec<_> = words.iter().map(Step::to_string).collect();
    assert_eq!(
        words.join(", "),
        "write the intent file (drained), enable the protocol (drained), remove the intent file, disable the protocol"
    );
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
