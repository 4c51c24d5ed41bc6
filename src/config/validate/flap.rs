//! `flap`.

use super::at_first;
use super::node::section;
use crate::config::report::Report;
use crate::config::spec::{self, Field};
use crate::config::{Flap, FlapAction};
use crate::model::Period;

/// Where nothing else is said. The reasons are told at the keys.
const DEFAULT: Flap = Flap {
    penalty: 1000,
    suppress: 3000,
    reuse: 750,
    half_life: Period::from_millis(300_000),
    max: 12_000,
    action: FlapAction::Report,
};

pub(super) fn flap(report: &Report<'_>, field: &Field<spec::Flap>) -> Option<Flap> {
    let spec = section(report, field)?;
    let penalty = report.number_or(&spec.penalty, DEFAULT.penalty);
    let suppress = report.number_or(&spec.suppress, DEFAULT.suppress);
    let reuse = report.number_or(&spec.reuse, DEFAULT.reuse);
    let half_life = report.text_or(&spec.half_life, DEFAULT.half_life);
    let max = report.number_or(&spec.max, DEFAULT.max);
    let action = report.text_or(&spec.action, DEFAULT.action);
    let flap = Flap {
        penalty: penalty?,
        suppress: suppress?,
        reuse: reuse?,
        half_life: half_life?,
        max: max?,
        action: action?,
    };
    order(report, &spec, flap);
    Some(flap)
}

/// What holds between the thresholds, or some of them would never matter.
fn order(report: &Report<'_>, spec: &spec::Flap, flap: Flap) {
    let Flap {
        penalty,
        suppress,
        reuse,
        max,
        ..
    } = flap;
    if reuse >= suppress {
        let message = format!(
            "`reuse` ({reuse}) is not less than `suppress` ({suppress}): a session would no longer be flapping as soon as it was: lower `reuse`, a quarter of `suppress` is usual"
        );
        at_first(report, [spec.reuse.node, spec.suppress.node], &message);
    }
    if suppress > max {
        let message = format!(
            "the penalty never exceeds `max` ({max}), so `suppress` ({suppress}) is never reached and no session would ever be flapping: raise `max`, or lower `suppress`"
        );
        at_first(report, [spec.suppress.node, spec.max.node], &message);
    }
    if penalty > max {
        let message = format!(
            "one flap adds {penalty}, and the penalty never exceeds `max` ({max}): raise `max`, or lower `penalty`"
        );
        at_first(report, [spec.penalty.node, spec.max.node], &message);
    }
}
