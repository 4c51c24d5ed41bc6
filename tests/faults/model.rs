//! What has to hold while faults come and go: given what is wrong since when, and how many prefixes the neighbour has.

use std::time::Instant;

use crate::fault::{BUDGET, Decision, Healthy, Meaning};

/// What is wrong at the moment, and when that changed last.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// All prefixes.
    prefixes: usize,
    /// The service is dead.
    dead: Condition,
    /// No decision gets through.
    blocked: Condition,
    /// The sessions are down, or may be.
    cut: Condition,
    /// What the neighbour had when it was asked last.
    seen: usize,
}

/// How many faults have it so, and since when, or until when.
#[derive(Debug, Clone, Copy)]
struct Condition {
    faults: usize,
    changed: Instant,
    /// Something was wrong at some time.
    ever: bool,
}

impl Condition {
    fn is_so(&self) -> bool {
        self.faults > 0
    }

    /// It is so for longer than anything may take.
    fn is_old(&self, now: Instant) -> bool {
        self.is_so() && now - self.changed > BUDGET
    }

    /// It is not so, and has not been for so long.
    fn is_over(&self, now: Instant) -> bool {
        !self.is_so() && (!self.ever || now - self.changed > BUDGET)
    }

    fn change(&mut self, begins: bool, now: Instant) {
        let before = self.is_so();
        self.faults = if begins {
            self.faults + 1
        } else {
            self.faults.saturating_sub(1)
        };
        if before != self.is_so() {
            self.changed = now;
            self.ever = true;
        }
    }
}

impl Model {
    /// Everything is well, and the neighbour has all of them.
    pub(crate) fn new(prefixes: usize, now: Instant) -> Self {
        let condition = Condition {
            faults: 0,
            changed: now,
            ever: false,
        };
        Self {
            prefixes,
            dead: condition,
            blocked: condition,
            cut: condition,
            seen: prefixes,
        }
    }

    /// A fault has begun, or ended.
    pub(crate) fn changes(&mut self, meaning: Meaning, begins: bool, now: Instant) {
        match meaning {
            Meaning::Service(_) => self.dead.change(begins, now),
            Meaning::Way { healthy, decision } => {
                if decision.delays() {
                    self.blocked.change(begins, now);
                }
                if cuts(healthy, decision) {
                    self.cut.change(begins, now);
                }
            }
        }
    }

    /// The neighbour has so many prefixes. What is wrong about that, if anything.
    pub(crate) fn sees(&mut self, number: usize, now: Instant) -> Result<(), String> {
        let before = std::mem::replace(&mut self.seen, number);
        let undisturbed = self.blocked.is_over(now) && self.cut.is_over(now);
        if number > 0 && self.dead.is_old(now) && undisturbed {
            return Err(format!(
                "{number} prefixes are announced although their service is dead for {:?}",
                now - self.dead.changed
            ));
        }
        if number < before && self.dead.is_over(now) && self.cut.is_over(now) {
            return Err(format!(
                "{} of {} prefixes went without a cause",
                before - number,
                self.prefixes
            ));
        }
        Ok(())
    }
}

/// Whether a fault takes sessions down, while it lasts or with its end.
pub(crate) fn cuts(healthy: Healthy, decision: Decision) -> bool {
    healthy != Healthy::Kept || decision == Decision::AfterRestart
}
