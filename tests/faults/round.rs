//! One round of a random sequence: some faults that overlap, and whoever watches the neighbour meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lab::{Error, Result, Updates};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::fault::{End, Fault, Healthy, Meaning};
use crate::model::{Model, cuts};
use crate::stage::Stage;

/// Between two looks at the neighbour.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// When the last fault of a round begins, and how long the longest lasts, in milliseconds.
const BEGINS: u64 = 6_000;
const LASTS: std::ops::Range<u64> = 300..12_000;

/// How long everything may take until it is as if nothing had been: a BIRD that had several errors in a row waits up to a
/// minute before it tries again (`error wait time`).
const CONVERGES: Duration = Duration::from_secs(100);

/// How long it has to stay so.
const A_WHILE: Duration = Duration::from_secs(3);

/// A link that flaps has so many sessions.
const SESSIONS: usize = 4;

/// Some faults, each in another place, that overlap as it happens.
pub(crate) struct Round<'faults> {
    plans: Vec<Plan<'faults>>,
}

struct Plan<'faults> {
    fault: &'faults Fault,
    begins: Duration,
    ends: Duration,
}

impl std::fmt::Display for Round<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (
            number,
            Plan {
                fault,
                begins,
                ends,
            },
        ) in self.plans.iter().enumerate()
        {
            let separator = if number > 0 { "; " } else { "" };
            let (begins, ends) = (begins.as_secs_f64(), ends.as_secs_f64());
            write!(
                formatter,
                "{separator}{} ({begins:.1} to {ends:.1} s)",
                fault.name
            )?;
        }
        Ok(())
    }
}

impl<'faults> Round<'faults> {
    /// Rolls the dice.
    pub(crate) fn draw(random: &mut StdRng, faults: &[&'faults Fault]) -> Self {
        let mut plans: Vec<Plan<'faults>> = Vec::new();
        for _ in 0..random.random_range(1..=4) {
            let free: Vec<_> = faults
                .iter()
                .filter(|fault| plans.iter().all(|plan| plan.fault.place != fault.place))
                .collect();
            let Some(fault) = free.choose(random) else {
                break;
            };
            let begins = Duration::from_millis(random.random_range(0..BEGINS));
            let ends = begins + Duration::from_millis(random.random_range(LASTS));
            plans.push(Plan {
                fault,
                begins,
                ends,
            });
        }
        Self { plans }
    }

    /// Plays all of them, to their ends, and returns what was wrong meanwhile.
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<Vec<String>> {
        let mut watch = Watch::new(stage)?;
        let mut ends: Vec<(&Plan<'_>, End)> = Vec::new();
        let mut waiting: Vec<&Plan<'_>> = self.plans.iter().collect();
        let began = Instant::now();
        while !(waiting.is_empty() && ends.is_empty()) {
            let now = began.elapsed();
            for plan in waiting.extract_if(.., |plan| plan.begins <= now) {
                watch.changes(plan.fault, true);
                ends.push((plan, (plan.fault.begin)(stage)?));
            }
            for (plan, end) in ends.extract_if(.., |(plan, _)| plan.ends <= now) {
                end(stage)?;
                watch.changes(plan.fault, false);
            }
            if !ends.iter().any(|(plan, _)| is_unseen(plan.fault)) {
                watch.look(stage);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        watch.converges(stage)?;
        watch.told_little(&self.plans, stage.prefixes());
        Ok(watch.wrong)
    }
}

fn is_unseen(fault: &Fault) -> bool {
    matches!(fault.meaning, Meaning::Way { healthy, .. } if healthy == Healthy::Unseen)
}

/// Looks at the neighbour during a round.
struct Watch {
    model: Model,
    /// What each session was told when it was last looked at.
    last: BTreeMap<String, Updates>,
    /// What all were told since the beginning.
    told: Updates,
    wrong: Vec<String>,
}

impl Watch {
    fn new(stage: &Stage<'_>) -> Result<Self> {
        Ok(Self {
            model: Model::new(stage.prefixes(), Instant::now()),
            last: stage.neighbor.updates_by_session()?,
            told: Updates::default(),
            wrong: Vec::new(),
        })
    }

    fn changes(&mut self, fault: &Fault, begins: bool) {
        self.model.changes(fault.meaning, begins, Instant::now());
    }

    /// A neighbour that is just starting tells nothing. What is wrong for long is told once.
    fn look(&mut self, stage: &Stage<'_>) {
        if let Ok(number) = stage.neighbor.number_of_addresses()
            && let Err(wrong) = self.model.sees(number, Instant::now())
            && self.wrong.is_empty()
        {
            self.wrong.push(wrong);
        }
        if let Ok(now) = stage.neighbor.updates_by_session() {
            self.hears(now);
        }
    }

    /// A session that came up again counts from nothing, and so has to be counted by itself: in a sum, what the others
    /// had been told long before would be news.
    fn hears(&mut self, now: BTreeMap<String, Updates>) {
        let more = |now: u64, last: u64| now.checked_sub(last).unwrap_or(now);
        for (name, now) in now {
            let last = self.last.insert(name, now).unwrap_or_default();
            self.told.announced += more(now.announced, last.announced);
            self.told.withdrawn += more(now.withdrawn, last.withdrawn);
        }
    }

    /// Until the neighbour has all of them, and for a while after that.
    fn converges(&mut self, stage: &Stage<'_>) -> Result<()> {
        let ended = Instant::now();
        let mut well = None;
        loop {
            self.look(stage);
            match stage.number_is(stage.prefixes()) {
                Ok(()) => {
                    let since: Instant = *well.get_or_insert_with(Instant::now);
                    if since.elapsed() > A_WHILE {
                        return Ok(());
                    }
                }
                Err(error) if ended.elapsed() > CONVERGES => {
                    let late = format!("{CONVERGES:?} after the last fault: {error}");
                    return Err(Error::new(late));
                }
                Err(_) => well = None,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// One withdraw and one announcement of each prefix for each fault of the service, and what new sessions are told: none
    /// at all where there was neither. Where something kept decisions from BIRD as well, what was decided first may happen
    /// after it, and be put right.
    fn told_little(&mut self, plans: &[Plan<'_>], prefixes: usize) {
        let (mut services, mut cut, mut blocked) = (0, 0, 0);
        for plan in plans {
            match plan.fault.meaning {
                Meaning::Service(_) => services += 1,
                Meaning::Way { healthy, decision } => {
                    cut += usize::from(cuts(healthy, decision));
                    blocked += usize::from(decision.delays());
                }
            }
        }
        let changes = services * (1 + blocked);
        let most = Updates {
            announced: (prefixes * (changes + SESSIONS * cut)) as u64,
            withdrawn: (prefixes * changes) as u64,
        };
        if self.told.announced > most.announced || self.told.withdrawn > most.withdrawn {
            let told = self.told;
            self.wrong.push(format!(
                "the neighbour was told {told}, and at most {most} were due"
            ));
        }
    }
}
