//! Verdicts in, change out: `fall`, `rise` and the window.

use serde::{Deserialize, Serialize};

/// What one probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server answered as expected.
    Pass,
    /// It did not, in time.
    Fail,
    /// The prober itself was broken: nothing is known about the server.
    Unknown,
}
