//! Random sequences of faults that overlap, from a seed that is printed; the same seed plays the same sequence.

use std::time::{Duration, Instant};

use lab::{Error, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::fault::{Fault, Meaning};
use crate::round::Round;
use crate::soak::Figures;
use crate::stage::{BOTH, Setup, Special, Stage};

/// What would end the daemon whose memory is looked at.
const KILLED: &str = "controller killed";

/// Every third question is answered, whoever asks it: of many services, one now and then gets three answers in a row.
const LOSS: &str = "67 % loss";

/// Waits until BIRD takes its configuration, from which others may keep it.
const WAITS: &str = "edited, and `/run` full";

/// What these stages are prepared for.
const HERE: &[Special] = &[Special::Meddler, Special::Clock, Special::SmallDisks];

/// So much may be wrong before a sequence is given up.
const MOST: usize = 10;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence {
    /// Where the dice begin.
    pub(crate) seed: u64,
    /// How many services there are.
    pub(crate) services: u8,
    /// Until so many rounds are over, or so much time.
    pub(crate) until: Until,
    /// The daemon is never killed, so that its memory can be looked at in the end.
    pub(crate) spares_daemon: bool,
}

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// So many rounds.
    Rounds(u32),
    /// The first end of a round after that.
    Time(Duration),
}

impl Sequence {
    fn setup(&self) -> Setup {
        Setup {
            services: self.services,
            special: HERE,
            ..Setup::USUAL
        }
    }

    /// Those that can strike here, in any combination.
    fn choose<'faults>(&self, faults: &'faults [Fault]) -> Vec<&'faults Fault> {
        let fits = |fault: &&Fault| {
            let setup = &fault.setup;
            let all = !matches!(fault.meaning, Meaning::Service(lost) if lost != BOTH);
            let sure = self.services == 1 || fault.name != LOSS;
            let brief = fault.name != WAITS;
            let spared = self.spares_daemon && fault.name == KILLED;
            let here = setup.special.iter().all(|special| HERE.contains(special));
            let usual = setup.checks == Setup::USUAL.checks && setup.services <= self.services;
            all && brief && sure && usual && !spared && here
        };
        faults.iter().filter(fits).collect()
    }

    /// Plays it, and returns what the daemon used at the end of each round; an error has all that was wrong.
    pub(crate) fn play(&self, faults: &[Fault]) -> Result<Figures> {
        let setup = self.setup();
        let lab = setup.lab()?;
        let mut stage = Stage::announced(&lab, setup, "damping: \"off\"")?;
        let mut random = StdRng::seed_from_u64(self.seed);
        let faults = self.choose(faults);
        let (mut figures, mut wrong) = (Figures::default(), Vec::new());
        let began = Instant::now();
        for number in 1.. {
            let round = Round::draw(&mut random, &faults);
            let where_it_was = format!("seed {}, round {number}: {round}", self.seed);
            let played = round.play(&mut stage);
            let failed = |error| lab.explain(&Error::new(format!("{where_it_was}: {error}")));
            let seen = played.map_err(failed)?;
            wrong.extend(seen.iter().map(|seen| format!("{where_it_was}: {seen}")));
            figures.take(began, stage.controller.daemon()?)?;
            if self.is_over(number, began) || wrong.len() > MOST {
                break;
            }
        }
        if wrong.is_empty() {
            return Ok(figures);
        }
        let wrong = wrong.join("\n");
        Err(lab.explain(&Error::new(format!("{wrong}\n{figures}"))))
    }

    fn is_over(&self, round: u32, began: Instant) -> bool {
        match self.until {
            Until::Rounds(rounds) => round >= rounds,
            Until::Time(time) => began.elapsed() >= time,
        }
    }
}
