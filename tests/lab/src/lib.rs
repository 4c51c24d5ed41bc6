//! A laboratory for anycast: real BIRDs, real neighbours and real DNS servers, each in a network
//! namespace of its own, on one machine and without a trace afterwards.
//!
//! ```text
//!   node                          neighbor tor1 (AS 64600)
//!   lo: anycast addresses         MD5, BFD 300 ms x 3, imports all, exports none
//!   DNS servers, BIRD, anycastctl BIRD
//!   10.99.0.2  fd99::2  --------- 10.99.0.1  fd99::1
//! ```
//!
//! - [`Lab`] makes the hosts, the link between them and a private directory;
//! - [`Host`] is one namespace: run, spawn or call something inside it;
//! - [`Bird`] is a daemon with its control socket, [`Neighbor`] the witness: what *it* has in its table
//!   is what the world sees; [`FakeBird`] misbehaves as no real one can be made to, and a [`Meddler`] stands
//!   between a real one and its clients;
//! - [`DnsServer`] is nsd, unbound or named, which can die, hang or answer nonsense; [`FakeDns`] lies;
//!   [`QuicDns`] is what none of them can be yet;
//! - [`Authority`] issues certificates for them, expired ones too;
//! - [`WebServer`] serves one page, over HTTP or HTTPS;
//! - [`Site`] is a router between several nodes, [`Frr`] a router other than BIRD;
//! - [`Prometheus`] scrapes our program and evaluates its alert rules;
//! - [`Machine`] is a booted Debian on a host's network, with our package in it;
//! - [`Manager`] listens where a service tells systemd how it goes;
//! - [`Settings`] and [`Controller`] are our own program, its configuration and its life;
//! - [`Exception`] is what a release of BIRD cannot do;
//! - [`wait_until`] is the only way to wait: a condition and a deadline, never a sleep.
//!
//! Nothing here uses the product's code: a witness that shares the accused's eyes sees the same mirage.

mod bird;
mod certificate;
mod controller;
mod dns;
mod error;
mod exception;
mod frr;
mod host;
mod lab;
mod machine;
mod manager;
mod neighbor;
mod process;
mod prometheus;
mod requirements;
mod settings;
mod site;
mod wait;
mod web;

pub use bird::{Bird, ControlSocket, FakeBird, Meddler, Meddling, Mischief};
pub use certificate::{Authority, Certificate, Validity};
pub use controller::{Controller, Outcome};
pub use dns::{Answer, DnsServer, FakeDns, Lie, QuicDns, Software, ask, zone};
pub use error::{Context, Error, Result};
pub use exception::Exception;
pub use frr::Frr;
pub use host::Host;
pub use lab::{Lab, NEIGHBOR_ASN, NODE_ASN};
pub use machine::{Machine, Root, Roots};
pub use manager::Manager;
pub use neighbor::{History, Neighbor, Route, RouteWatch, Timeline, Updates};
pub use nix::sys::signal::Signal;
pub use process::Process;
pub use prometheus::Prometheus;
pub use settings::{Service, Settings};
pub use site::Site;
pub use wait::{PATIENCE, stays, wait_until};
pub use web::WebServer;
