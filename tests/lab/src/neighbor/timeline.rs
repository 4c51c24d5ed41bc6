//! When a neighbour had a route, and when it had none.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{RouteWatch, has_route};
use crate::{Error, Result};

/// Looks at one prefix all the time, in a thread of its own, until its end.
pub struct Timeline {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Result<History>>,
}

/// What a timeline has seen.
#[derive(Debug, Clone)]
pub struct History {
    began: Instant,
    ended: Instant,
    /// When the route came or went, and whether it was there from then on. The first is what was there at first.
    changes: Vec<(Instant, bool)>,
}

impl Timeline {
    /// Between two looks: well under what any neighbour forgives.
    const LOOK_AGAIN: Duration = Duration::from_millis(1);

    pub(super) fn start(watch: RouteWatch) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::spawn(move || look(watch, &end));
        Self { ended, thread }
    }

    /// Looks once more, and tells.
    pub fn end(self) -> Result<History> {
        self.ended.store(true, Ordering::Release);
        let looked = self.thread.join();
        looked.map_err(|_| Error::new("the timeline has panicked"))?
    }
}

/// Until the end. The neighbour outlives its node: a question without an answer is an error.
fn look(mut watch: RouteWatch, end: &AtomicBool) -> Result<History> {
    let question = format!("show route {}", watch.prefix);
    let began = Instant::now();
    let mut changes: Vec<(Instant, bool)> = Vec::new();
    loop {
        // What its owner has seen before it asked for the end is seen here, too.
        let is_last = end.load(Ordering::Acquire);
        let present = has_route(&watch.socket.ask(&question)?, &watch.prefix);
        if changes.last().is_none_or(|(_, last)| *last != present) {
            changes.push((Instant::now(), present));
        }
        if is_last {
            return Ok(History {
                began,
                ended: Instant::now(),
                changes,
            });
        }
        std::thread::sleep(Timeline::LOOK_AGAIN);
    }
}

impl History {
    /// Whether the route was there all the time.
    #[must_use]
    pub fn kept(&self) -> bool {
        self.changes.iter().all(|(_, present)| *present)
    }

    /// Whether the route went once, and is back.
    #[must_use]
    pub fn lost_once(&self) -> bool {
        matches!(self.gaps().collect::<Vec<_>>()[..], [(_, Some(_))])
    }

    /// Whether the route went once, and for good.
    #[must_use]
    pub fn withdrawn(&self) -> bool {
        matches!(self.gaps().collect::<Vec<_>>()[..], [(_, None)])
    }

    /// When the route was not there: from when on since the beginning, and for how long; `None`: to the end.
    fn gaps(&self) -> impl Iterator<Item = (Duration, Option<Duration>)> + '_ {
        let next = self.changes.iter().skip(1).map(|(at, _)| Some(*at));
        let pairs = self.changes.iter().zip(next.chain([None]));
        pairs
            .filter(|((_, present), _)| !present)
            .map(|((at, _), back)| (*at - self.began, back.map(|back| back - *at)))
    }
}

/// As a row of the documentation's table.
impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kept() {
            let whole = (self.ended - self.began).as_secs_f64();
            return write!(formatter, "kept (looked at for {whole:.1} s)");
        }
        for (number, (after, gap)) in self.gaps().enumerate() {
            let separator = if number > 0 { "; " } else { "" };
            let after = after.as_secs_f64();
            match gap {
                Some(gap) => {
                    let gap = gap.as_secs_f64();
                    write!(
                        formatter,
                        "{separator}lost after {after:.3} s, for {gap:.3} s"
                    )?;
                }
                None => write!(
                    formatter,
                    "{separator}withdrawn after {after:.3} s, and it stays so"
                )?,
            }
        }
        Ok(())
    }
}
