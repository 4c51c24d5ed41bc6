//! `anycastctl selftest`: what a neighbour sees when things fail, with the operator's own thresholds, on a stage of its own.
//!
//! Three processes, all of this program. The one that the operator started only reads: his configuration, and what the
//! second says. It starts the second as the first process of a new process namespace, with file systems and a network
//! apart from the host's; when that ends, however it ends, the kernel ends everything in it, and nothing was ever
//! anywhere else: its files lie in a memory file system that only it sees. The second plays the node: his BIRD, this
//! program's daemon, and the third, a DNS server that can be made to fail. In a network each beside it, a BIRD plays each
//! router opposite. What these have in their tables is the truth; nobody asks our own status.
//!
//! ```text
//! Config -> derive -> Stage (a configuration as text, routers, addresses) -> play -> Event ... -> Report -> table
//! ```
//!
//! Pure: [`fault`] and [`promise`] say what may happen and what must come of it, [`derive`] and [`opposite`] what is
//! written, [`answer`] what the DNS server says, [`judge`] whether what was seen is right, [`report`] and [`text`] what is shown.

pub(crate) mod answer;
pub(crate) mod derive;
pub mod fault;
pub(crate) mod inside;
pub(crate) mod judge;
pub(crate) mod layout;
pub(crate) mod opposite;
pub(crate) mod play;
pub(crate) mod process;
pub(crate) mod promise;
pub mod report;
pub(crate) mod server;
pub(crate) mod stage;
pub(crate) mod text;
pub(crate) mod witness;
