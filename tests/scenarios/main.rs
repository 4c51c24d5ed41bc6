//! The main job, end to end: a real DNS server fails in every way we know, and a real neighbour loses
//! the route and gets it back. Needs root; see the crate `lab`.

mod apply;
mod bird;
mod brake;
mod by_hand;
mod crowds;
mod daemon;
mod damping;
mod diff;
mod draining_checks;
mod fake_bird;
mod families;
mod faults;
mod flaps;
mod history;
mod holds;
mod host;
mod host_generated;
mod host_packets;
mod init;
mod intents;
mod metrics;
mod orders;
mod orders_kept;
mod orphans;
mod outages;
mod probe;
mod reload;
mod rendering;
mod routers;
mod scene;
mod status;
mod stopping;
mod systemd;
mod transports;
