//! The loop that holds one session, in front of a BIRD of a few lines that others restart, configure and switch.

use proptest::prelude::*;

use super::*;

const OURS: &str = "anycastctl: flapping, penalty 3120, held until 21:12:04 UTC";
const THEIRS: &str = "maintenance";

/// A session as it really is.
#[derive(Debug, Clone, Copy)]
struct World {
    runs: bool,
    is_known: bool,
    is_enabled: bool,
    message: Option<&'static str>,
    drop_in: DropIn,
}

/// What others do.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// BIRD ends.
    Gone,
    /// BIRD starts.
    Started,
    /// `configure` takes messages away, and disables what a drop-in of ours says.
    Configured,
    /// Another configuration is loaded, which has the session or lacks it.
    Knows(bool),
    /// An operator disables it, and says why.
    Disabled,
    /// An operator enables it.
    Enabled,
    /// Somebody deletes our drop-in, or puts his own there.
    File(DropIn),
}

#[derive(Debug, Clone)]
struct Round {
    wanted: bool,
    before: Vec<Fault>,
    /// How many of the steps succeed before one fails; that one may have happened all the same.
    done: usize,
    unobserved: bool,
}

impl World {
    fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Gone => self.runs = false,
            Fault::Started if self.runs => {}
            Fault::Started => {
                (self.runs, self.message) = (true, None);
                self.is_enabled = self.drop_in != DropIn::Written;
            }
            Fault::Configured => {
                // A session that an operator disabled stays so, but his words are gone: the model leaves them.
                if self.message != Some(THEIRS) {
                    self.message = None;
                }
                self.is_enabled &= self.drop_in != DropIn::Written;
            }
            Fault::Knows(is_known) => self.is_known = is_known,
            Fault::Disabled => (self.is_enabled, self.message) = (false, Some(THEIRS)),
            Fault::Enabled => (self.is_enabled, self.message) = (true, None),
            Fault::File(drop_in) => self.drop_in = drop_in,
        }
    }

    fn is_theirs(self) -> bool {
        !self.is_enabled && self.message == Some(THEIRS)
    }

    /// What a look finds, by someone who last saw `before`.
    fn view(self, before: Seen) -> View {
        let drop_in = self.drop_in;
        if !self.runs {
            return view(Seen::Unknown, drop_in);
        }
        let state = if self.is_enabled {
            ProtocolState::Start
        } else {
            ProtocolState::Down
        };
        let is_marked = drop_in == DropIn::Written || before == Seen::Held;
        let message = self.message.filter(|_| !self.is_enabled);
        let state = self.is_known.then_some(state);
        view(Seen::of(state, message, is_marked), drop_in)
    }

    /// False if it fails.
    fn carry_out(&mut self, step: Step) -> bool {
        match step {
            Step::WriteDropIn => self.drop_in = DropIn::Written,
            Step::RemoveDropIn => self.drop_in = DropIn::Absent,
            Step::Disable | Step::Enable if !self.runs || !self.is_known => return false,
            Step::Disable => (self.is_enabled, self.message) = (false, Some(OURS)),
            Step::Enable => (self.is_enabled, self.message) = (true, None),
        }
        true
    }
}

struct Loop {
    world: World,
    seen: Seen,
}

impl Loop {
    fn round(&mut self, round: &Round) {
        for fault in &round.before {
            self.world.suffer(*fault);
        }
        let mut known = self.world.view(self.seen);
        for (position, step) in steps(round.wanted, known).into_iter().enumerate() {
            let before = self.world;
            let fails = position == round.done;
            let is_done = (!fails || round.unobserved) && self.world.carry_out(step);
            assert!(
                !before.is_theirs() || self.world.is_theirs(),
                "{step:?} of what somebody else disabled"
            );
            assert!(
                before.drop_in != DropIn::Foreign || self.world.drop_in == DropIn::Foreign,
                "{step:?} of somebody else's file"
            );
            if is_done && !fails {
                step.apply(&mut known);
            } else if matches!(step, Step::Disable | Step::Enable) {
                known.seen = Seen::Unknown;
            }
        }
        self.seen = known.seen;
    }
}

fn drops() -> impl Strategy<Value = DropIn> + Clone {
    prop::sample::select(vec![DropIn::Absent, DropIn::Written, DropIn::Foreign])
}

fn rounds() -> impl Strategy<Value = Round> {
    let fault = prop_oneof![
        Just(Fault::Gone),
        Just(Fault::Started),
        Just(Fault::Configured),
        any::<bool>().prop_map(Fault::Knows),
        Just(Fault::Disabled),
        Just(Fault::Enabled),
        drops().prop_map(Fault::File),
    ];
    let before = prop::collection::vec(fault, 0..3);
    let round = (any::<bool>(), before, 0_usize..5, any::<bool>());
    round.prop_map(|(wanted, before, done, unobserved)| Round {
        wanted,
        before,
        done,
        unobserved,
    })
}

proptest! {
    /// What is somebody else's stays so all along. And once the faults have ended, one round does what is wanted.
    #[test]
    fn from_anywhere_through_any_faults_to_what_is_wanted(
        rounds in prop::collection::vec(rounds(), 0..12),
        drop_in in drops(),
        is_enabled in any::<bool>(),
        wanted in any::<bool>(),
    ) {
        let world = World {
            runs: true,
            is_known: true,
            is_enabled: is_enabled && drop_in != DropIn::Written,
            message: None,
            drop_in,
        };
        let mut controller = Loop { world, seen: Seen::Unknown };
        for round in &rounds {
            controller.round(round);
        }
        controller.round(&Round {
            wanted,
            before: vec![Fault::Knows(true), Fault::Started],
            done: usize::MAX,
            unobserved: false,
        });
        let world = controller.world;
        let known = world.view(controller.seen);
        prop_assert_eq!(steps(wanted, known), []);
        if wanted {
            prop_assert!(!world.is_enabled, "{:?}", world);
            prop_assert!(known.seen != Seen::Held || world.drop_in != DropIn::Absent);
        } else {
            prop_assert!(known.seen != Seen::Held && world.drop_in != DropIn::Written, "{:?}", world);
        }
    }
}
