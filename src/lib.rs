//! anycastctl keeps the BGP announcement of a DNS anycast node equal to the health of its DNS server.

pub mod bird;
pub mod config;
pub mod control;
pub mod daemon;
pub mod dns;
pub mod files;
pub mod health;
pub mod host;
pub mod intent;
pub mod model;
pub mod policy;
pub mod probe;
pub mod reconcile;
pub mod render;
pub mod schedule;
pub mod status;
