//! `damping` of a service.

use super::{Reported, at_first};
use crate::config::Damping;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Or};
use crate::model::Period;

/// Where nothing else is said: two cycles may be a restart and its repair; the fifth hold after the first is the
/// longest.
const DEFAULT: Damping = Damping {
    free: 2,
    hold: Period::from_millis(60_000),
    max_hold: Period::from_millis(960_000),
    half_life: Period::from_millis(900_000),
};

pub(super) fn damping(
    report: &Report<'_>,
    field: &Field<Or<spec::Off, spec::Damping>>,
) -> Result<Option<Damping>, Reported> {
    let damping = match report.optional(field)? {
        Some(Or::Word(spec::Off)) => return Ok(None),
        Some(Or::Section(damping)) => damping,
        None => return Ok(Some(DEFAULT)),
    };
    let free = report.number_or(&damping.free, DEFAULT.free);
    let hold = report.text_or(&damping.hold, DEFAULT.hold);
    let max_hold = report.text_or(&damping.max_hold, DEFAULT.max_hold);
    let half_life = report.text_or(&damping.half_life, DEFAULT.half_life);
    let (hold, max_hold) = (hold.ok_or(Reported)?, max_hold.ok_or(Reported)?);
    if hold > max_hold {
        let message = format!(
            "the first hold ({hold}) is longer than the longest, `max_hold` ({max_hold}): raise `max_hold` to at least {hold}, or shorten `hold`"
        );
        at_first(report, [damping.hold.node, damping.max_hold.node], &message);
    }
    Ok(Some(Damping {
        free: free.ok_or(Reported)?,
        hold,
        max_hold,
        half_life: half_life.ok_or(Reported)?,
    }))
}
