//! Waiting for conditions: with a deadline, and with words for the person who reads a failure.

use std::fmt::Display;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How long a condition may take before a test gives up. Generous, because a machine may be busy; a
/// test that passes never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Looks until `look` says `Ok`; its `Err` is the state seen last, and part of the error after `limit`.
pub fn wait_until<T, E: Display>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> std::result::Result<T, E>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let state = match look() {
            Ok(value) => return Ok(value),
            Err(state) => state,
        };
        if Instant::now() >= deadline {
            return Err(Error::new(format!(
                "waited {limit:?} for: {what}\nlast seen: {state}"
            )));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Looks for the whole of `period` and fails as soon as `look` says `Err`: for what must *not* happen.
pub fn stays<E: Display>(
    what: &str,
    period: Duration,
    mut look: impl FnMut() -> std::result::Result<(), E>,
) -> Result<()> {
    let deadline = Instant::now() + period;
    while Instant::now() < deadline {
        look().map_err(|state| Error::new(format!("should have stayed: {what}\nseen: {state}")))?;
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
