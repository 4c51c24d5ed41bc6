//! When a session that comes and goes counts as flapping, validated.

use crate::model::Period;

/// Penalty of a session after RFC 2439: so much for each flap, halving every `half_life`.
/// `1 <= reuse < suppress <= max` and `1 <= penalty <= max`, all at most 1000000. So a session is flapping for at most
/// `half_life * log2(max / reuse)` after its last flap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flap {
    /// What one flap adds.
    pub penalty: u32,
    /// From here on the session is flapping.
    pub suppress: u32,
    /// Below this it no longer is.
    pub reuse: u32,
    /// The time in which the penalty halves.
    pub half_life: Period,
    /// The penalty never exceeds this, which bounds how long a session is flapping after its last flap.
    pub max: u32,
    /// What is done about it.
    pub action: FlapAction,
}

/// What is done about a flapping session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlapAction {
    /// It is told.
    Report,
    /// It is kept disabled until its penalty is below `reuse`.
    Hold,
}
