//! Whether `/proc` shows the processes that this one can send signals to.

use std::fs;

/// Whether numbers there are numbers here: not where a namespace of processes has the `/proc` of another one.
pub(super) fn is_ours() -> bool {
    let own = fs::read_link("/proc/self");
    own.is_ok_and(|own| own.as_os_str() == std::process::id().to_string().as_str())
}
