//! The whole loop in front of a BIRD of a few lines, where every step may fail and everybody else does what he wants.

use proptest::prelude::*;

use super::*;

/// What others do to one protocol, or to BIRD as a whole.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// BIRD ends: it answers nobody, and neighbours have nothing.
    Gone,
    /// BIRD starts, and reads its configuration.
    Started,
    /// `configure`: protocols are as their intent files say.
    Configured,
    /// Another configuration is loaded, which has this protocol or lacks it.
    Knows(Twin, bool),
    /// `birdc enable`, or `disable`.
    Switched(Twin, bool),
    /// BIRD is on its way from one to the other.
    Moves(Twin),
    /// Somebody edits the intent file, or deletes it.
    File(Twin, Intent),
}

/// How a step ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// As it should.
    Done,
    /// Nothing has happened, and that is told.
    Failed,
    /// It has happened, and nobody was told.
    Unobserved,
}

/// One look of the controller and what follows from it.
#[derive(Debug, Clone)]
struct Round {
    desired: Announcement,
    before: Vec<Fault>,
    /// Whether the controller looks again, or goes by what it knows.
    looks: bool,
    /// How each of the four possible steps ends, and what others do right after it.
    steps: [(Outcome, Option<Fault>); 4],
}

/// A protocol as it really is.
#[derive(Debug, Clone, Copy)]
struct Protocol {
    is_known: bool,
    is_up: bool,
    moves: bool,
    file: Intent,
}

/// BIRD and the disk as they really are.
#[derive(Debug, Clone, Copy)]
struct World {
    runs: bool,
    normal: Protocol,
    drain: Protocol,
}

const TWINS: [Twin; 2] = [Twin::Normal, Twin::Drain];

impl World {
    fn of(self, twin: Twin) -> Protocol {
        match twin {
            Twin::Normal => self.normal,
            Twin::Drain => self.drain,
        }
    }

    fn of_mut(&mut self, twin: Twin) -> &mut Protocol {
        match twin {
            Twin::Normal => &mut self.normal,
            Twin::Drain => &mut self.drain,
        }
    }

    fn is_up(self, twin: Twin) -> bool {
        self.runs && self.of(twin).is_known && self.of(twin).is_up
    }

    /// Whether neighbours have a route.
    fn has_route(self) -> bool {
        TWINS.into_iter().any(|twin| self.is_up(twin))
    }

    fn read_configuration(&mut self) {
        for twin in TWINS {
            let protocol = self.of_mut(twin);
            protocol.is_up = protocol.file == Written;
            protocol.moves = false;
        }
    }

    fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Gone => self.runs = false,
            Fault::Started if self.runs => {}
            Fault::Started => {
                self.runs = true;
                self.read_configuration();
            }
            Fault::Configured => self.read_configuration(),
            Fault::Knows(twin, is_known) => {
                let protocol = self.of_mut(twin);
                protocol.is_up &= is_known && protocol.is_known;
                protocol.is_known = is_known;
            }
            Fault::Switched(twin, is_up) => self.of_mut(twin).is_up = is_up,
            Fault::Moves(twin) => self.of_mut(twin).moves = true,
            Fault::File(twin, file) => self.of_mut(twin).file = file,
        }
    }

    /// What a look finds.
    fn view(self) -> FamilyView {
        let [normal, drain] = TWINS.map(|twin| {
            let protocol = self.of(twin);
            let seen = match (self.runs, protocol.is_known, protocol.moves, protocol.is_up) {
                (false, ..) => Seen::Unknown,
                (_, false, ..) => Seen::Missing,
                (_, _, true, _) => Seen::Changing,
                (.., true) => Seen::Up,
                (.., false) => Seen::Down,
            };
            let intent = protocol.file;
            ProtocolView { seen, intent }
        });
        FamilyView { normal, drain }
    }

    /// Carries a step out; false if that fails. What does not exist is down already, and cannot be enabled.
    fn carry_out(&mut self, step: Step) -> bool {
        let runs = self.runs;
        let protocol = self.of_mut(twin_of(step));
        match step {
            Step::WriteIntent(_) => protocol.file = Written,
            Step::RemoveIntent(_) => protocol.file = Absent,
            Step::Enable(_) if !runs || !protocol.is_known => return false,
            Step::Disable(_) if !runs => return false,
            Step::Enable(_) => (protocol.is_up, protocol.moves) = (true, false),
            Step::Disable(_) => (protocol.is_up, protocol.moves) = (false, false),
        }
        true
    }
}

fn wanted(desired: Announcement) -> Option<Twin> {
    match desired {
        Announcement::Announced => Some(Twin::Normal),
        Announcement::Drained => Some(Twin::Drain),
        Announcement::Withdrawn => None,
    }
}

fn twin_of(step: Step) -> Twin {
    match step {
        Step::WriteIntent(twin)
        | Step::RemoveIntent(twin)
        | Step::Enable(twin)
        | Step::Disable(twin) => twin,
    }
}

/// What holds for the steps themselves, whatever becomes of them.
fn check_plan(desired: Announcement, plan: &[Step]) {
    for step in plan {
        let makes = matches!(step, Step::WriteIntent(_) | Step::Enable(_));
        let is_wanted = Some(twin_of(*step)) == wanted(desired);
        assert_eq!(makes, is_wanted, "{step:?} towards {desired}");
    }
    let position = |step| plan.iter().position(|other| *other == step);
    for twin in TWINS {
        for (file, command) in [
            (Step::WriteIntent(twin), Step::Enable(twin)),
            (Step::RemoveIntent(twin), Step::Disable(twin)),
        ] {
            let both = position(file).zip(position(command));
            assert!(both.is_none_or(|(file, command)| file < command));
        }
    }
    let is_command = |step: &Step| matches!(step, Step::Enable(_) | Step::Disable(_));
    // BIRD may end between two commands, and must not come back with either protocol.
    assert!(desired != Announcement::Withdrawn || plan.is_sorted_by_key(is_command));
}

/// The controller, and what it controls.
struct Loop {
    world: World,
    view: FamilyView,
}

impl Loop {
    fn round(&mut self, round: &Round) {
        for fault in &round.before {
            self.world.suffer(*fault);
        }
        if round.looks {
            self.view = self.world.view();
        }
        let plan = steps(round.desired, self.view);
        check_plan(round.desired, &plan);
        // Whether others may have done something since what is known was seen.
        let mut is_stale = !round.looks;
        let mut done = vec![];
        for (step, (outcome, fault)) in plan.iter().zip(round.steps) {
            let is_done = self.attempt(*step, outcome, round.desired, is_stale);
            if is_done {
                done.push(*step);
            }
            if let Some(fault) = fault {
                self.world.suffer(fault);
                is_stale = true;
            }
            // What has to be made first was not: nothing is broken.
            if !is_done && matches!(step, Step::Enable(_)) {
                break;
            }
        }
        if done == plan {
            for step in done {
                step.apply(&mut self.view);
            }
        } else {
            // Nobody knows how far it came.
            self.view = FamilyView::UNKNOWN;
        }
    }

    /// Carries out one step, and looks whether that was right. True if it is known to be done.
    fn attempt(
        &mut self,
        step: Step,
        outcome: Outcome,
        desired: Announcement,
        is_stale: bool,
    ) -> bool {
        let before = self.world;
        let is_done = outcome != Outcome::Failed && self.world.carry_out(step);
        for twin in TWINS {
            let rises = !before.is_up(twin) && self.world.is_up(twin);
            assert!(!rises || wanted(desired) == Some(twin), "{step:?}");
        }
        let leaves_nothing = before.has_route() && !self.world.has_route();
        assert!(
            !leaves_nothing || is_stale || desired == Announcement::Withdrawn,
            "{step:?} leaves nothing on the way to {desired}"
        );
        is_done && outcome == Outcome::Done
    }
}

/// Whether it is as it should be, as far as BIRD can do it.
fn is_reached(desired: Announcement, world: World) -> bool {
    let goal = wanted(desired);
    let can_be = goal.is_none_or(|twin| world.of(twin).is_known);
    TWINS.into_iter().all(|twin| {
        let Protocol { file, is_known, .. } = world.of(twin);
        if goal == Some(twin) {
            file == Written && world.is_up(twin) == is_known
        } else {
            // Where the one that is wanted does not exist, nothing is taken away for it.
            !can_be || (file == Absent && !world.is_up(twin))
        }
    })
}

fn twins() -> impl Strategy<Value = Twin> + Clone {
    prop::sample::select(TWINS.to_vec())
}

fn files() -> impl Strategy<Value = Intent> + Clone {
    prop::sample::select(vec![Absent, Written, Intent::Foreign])
}

fn faults() -> impl Strategy<Value = Fault> + Clone {
    prop_oneof![
        Just(Fault::Gone),
        Just(Fault::Started),
        Just(Fault::Configured),
        (twins(), any::<bool>()).prop_map(|(twin, knows)| Fault::Knows(twin, knows)),
        (twins(), any::<bool>()).prop_map(|(twin, up)| Fault::Switched(twin, up)),
        twins().prop_map(Fault::Moves),
        (twins(), files()).prop_map(|(twin, file)| Fault::File(twin, file)),
    ]
}

fn worlds() -> impl Strategy<Value = World> {
    let flags = (
        prop::bool::weighted(0.8),
        any::<bool>(),
        prop::bool::weighted(0.2),
    );
    let protocol = (flags, files());
    let protocol = protocol.prop_map(|((is_known, is_up, moves), file)| Protocol {
        is_known,
        is_up: is_known && is_up,
        moves,
        file,
    });
    let world = (prop::bool::weighted(0.8), protocol.clone(), protocol);
    world.prop_map(|(runs, normal, drain)| World {
        runs,
        normal,
        drain,
    })
}

fn rounds() -> impl Strategy<Value = Round> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Done),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unobserved),
    ];
    let fault = prop_oneof![6 => Just(None), 1 => faults().prop_map(Some)];
    let step = (outcome, fault);
    let before = prop::collection::vec(faults(), 0..3);
    let steps = [step.clone(), step.clone(), step.clone(), step];
    let round = (any_announcement(), before, prop::bool::weighted(0.8), steps);
    round.prop_map(|(desired, before, looks, steps)| Round {
        desired,
        before,
        looks,
        steps,
    })
}

proptest! {
    /// All along, nothing rises that is not wanted, and no route goes away on the way to another one. And once the
    /// faults have ended, one round puts everything right, and leaves nothing to do.
    #[test]
    fn from_anywhere_through_any_faults_to_what_is_desired(
        world in worlds(),
        rounds in prop::collection::vec(rounds(), 0..12),
        desired in any_announcement(),
    ) {
        let mut controller = Loop { world, view: FamilyView::UNKNOWN };
        for round in &rounds {
            controller.round(round);
        }
        controller.round(&Round {
            desired,
            before: vec![Fault::Started],
            looks: true,
            steps: [(Outcome::Done, None); 4],
        });
        let world = &mut controller.world;
        prop_assert!(is_reached(desired, *world), "{:?}", world);
        prop_assert_eq!(steps(desired, world.view()), []);
        // Whoever has BIRD read its configuration then changes nothing.
        if wanted(desired).is_none_or(|twin| world.of(twin).is_known) {
            world.suffer(Fault::Configured);
            prop_assert!(is_reached(desired, *world), "{:?}", world);
        }
    }

    /// The steps of a withdrawal need not each other: one that fails keeps none of the rest from its work.
    #[test]
    fn no_failure_on_the_way_keeps_a_withdrawal_from_either_protocol(world in worlds(), fails in 0_usize..4) {
        let mut world = World { runs: true, ..world };
        let plan = steps(Announcement::Withdrawn, world.view());
        for (position, step) in plan.iter().enumerate() {
            if position != fails {
                world.carry_out(*step);
            }
        }
        for twin in TWINS {
            let failed = plan.get(fails) == Some(&Step::Disable(twin));
            prop_assert!(!world.is_up(twin) || failed);
        }
    }
}
