//! The daemon, and the BIRD beside it.

use std::fmt;

use jiff::Timestamp;

use super::page::{Page, about, seconds};
use crate::status::{Bird, Snapshot};

/// A time as Prometheus has it: seconds since 1970.
pub(super) fn unix(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

pub(super) fn write(page: &mut Page<'_>, snapshot: &Snapshot) -> fmt::Result {
    write_up(page, snapshot.controller.is_some())?;
    page.gauge(
        &seconds("snapshot_timestamp", "When all of this was so."),
        Some(unix(snapshot.at)),
    )?;
    let Some(controller) = &snapshot.controller else {
        return write_bird(page, &snapshot.bird);
    };
    page.info(
        &about("build", "The release of anycastctl."),
        "version",
        &controller.version,
    )?;
    page.gauge(
        &seconds("start_timestamp", "When the daemon started."),
        Some(unix(controller.started_at)),
    )?;
    page.gauge(
        &seconds(
            "config_load_timestamp",
            "When the daemon read its configuration.",
        ),
        Some(unix(controller.config_loaded_at)),
    )?;
    page.gauge(
        &about(
            "config_last_reload_successful",
            "Whether the daemon took its configuration when it last read it.",
        ),
        Some(i64::from(!controller.reload_refused)),
    )?;
    page.gauge(
        &about(
            "problems",
            "How much is wrong with the daemon itself; anycastctl status says what.",
        ),
        Some(controller.problems.len()),
    )?;
    write_bird(page, &snapshot.bird)
}

/// Whether there is a daemon to ask.
pub(super) fn write_up(page: &mut Page<'_>, is_up: bool) -> fmt::Result {
    let up = about("up", "Whether the daemon answers.");
    page.gauge(&up, Some(i64::from(is_up)))
}

fn write_bird(page: &mut Page<'_>, bird: &Bird) -> fmt::Result {
    page.gauge(
        &about(
            "bird_up",
            "Whether BIRD answered the last time it was asked.",
        ),
        Some(i64::from(bird.connected)),
    )?;
    if let Some(version) = &bird.version {
        page.info(
            &about("bird", "The release of BIRD that answered last."),
            "version",
            version,
        )?;
    }
    page.gauge(
        &seconds("bird_start_timestamp", "When BIRD started."),
        bird.started_at.map(unix),
    )?;
    page.gauge(
        &seconds(
            "bird_reconfigured_timestamp",
            "When BIRD last read its configuration.",
        ),
        bird.reconfigured_at.map(unix),
    )
}
