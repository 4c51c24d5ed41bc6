//! Limits on the number of routes.

use super::super::Reported;
use super::super::node::section;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Text};
use crate::config::{Limit, LimitAction, Limits};

/// Where `limits.import.max` is absent: a leaf takes in next to nothing.
const IMPORT_MAX: u32 = 10;

pub(super) fn limits(report: &Report<'_>, field: &Field<spec::Limits>) -> Option<Limits> {
    let spec = section(report, field)?;
    let receive = receive(report, &spec.receive);
    let import = limit(report, &spec.import, Some(IMPORT_MAX), LimitAction::Restart);
    let export = limit(report, &spec.export, None, LimitAction::Block);
    let given = spec.export.value.as_ref();
    if let Some((place, Text(LimitAction::Restart | LimitAction::Disable))) =
        given.and_then(|limit| limit.action.placed())
    {
        report.warning(place, "one route too many would take the session down, with every announcement of this node to this neighbour: `block` only holds the surplus back");
    }
    Some(Limits {
        receive: receive.ok()?,
        import: import?,
        export: export?,
    })
}

fn receive(report: &Report<'_>, field: &Field<spec::Limit>) -> Result<Option<Limit>, Reported> {
    let Some(spec) = report.optional(field)? else {
        return Ok(None);
    };
    let what = "how many routes the neighbour may send, as in `max: 1000`";
    let max = report.required(super::super::id(field), "max", &spec.max, what);
    let action = report.text_or(&spec.action, LimitAction::Restart);
    Ok(Some(Limit {
        max: max.ok_or(Reported)?.get(),
        action: action.ok_or(Reported)?,
    }))
}

fn limit(
    report: &Report<'_>,
    field: &Field<spec::Limit>,
    max: Option<u32>,
    action: LimitAction,
) -> Option<Limit> {
    let spec = section(report, field)?;
    let given = report.optional(&spec.max);
    let action = report.text_or(&spec.action, action);
    Some(Limit {
        max: given.ok()?.and_then(spec::Number::get).or(max),
        action: action?,
    })
}
