//! What happens when: a booted Debian with our package, its BIRD and a DNS server, stopped, killed, filled and
//! upgraded, and what a real neighbour sees of it. `systemd/README.md` has the table; each row is a test here.
//!
//! Needs root and the package that `tests/run` builds; see the crate `lab`.

mod clock;
mod failing;
mod local_checks;
mod node;
mod others;
mod packages;
mod readme;
mod reloading;
mod resources;
mod stopping;
mod unit;
