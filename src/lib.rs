//! anycastctl keeps the BGP announcement of a DNS anycast node equal to the health of its DNS server.
//!
//! # The map of the house
//!
//! Four layers; imports point downwards only (`tests/layers.rs` holds that).
//!
//! **Pure: no sockets, files, clocks or threads; time arrives as an argument.**
//! [`model`] has the field's terms as types. [`health`] turns verdicts into decisions about a check,
//! [`policy`] those into what should be announced, [`reconcile`] that into steps. [`schedule`] says when
//! to probe. [`damping`] says how long what came and went stays withdrawn, with the penalty of [`decay`].
//! `backoff` waits longer each time. [`flap`] watches sessions come and go, and [`hold`] says how one is kept down.
//! [`overrides`] are the orders of operators. [`reload`] says what a new configuration changes. [`history`] is what happened, with its evidence.
//! [`status`] is the one document that everybody reads, and [`metrics`] writes it for Prometheus.
//!
//! **Pure: text in, text out.**
//! [`config`] reads YAML, or reports every finding with its position. [`render`] writes `bird.conf`, the files
//! of the host and those of the router opposite. [`bird`] decodes and reads BIRD's replies ([`bird::reply`],
//! [`bird::command`], [`bird::table`]) and its configuration ([`bird::file`]); [`observed`] says those replies in
//! the words of the status; [`compare`] says what the change from one configuration to another means to the
//! network. [`init`] writes a first configuration from what was found on a host. [`dns`] builds questions and judges
//! answers; [`ask`] reads a question in the words of `dig`. `harmless` takes the harm out of what others wrote. [`manual`] writes the pages of the manual.
//!
//! **Edge: one file a kind of I/O.**
//! [`bird::client`] is the connection to BIRD and [`bird::binary`] the program; [`probe`] exchanges DNS
//! messages, runs programs and looks at processes and files, and keeps connections whose end is news; [`intent`],
//! [`files`], [`history_store`] and [`passwords`] are the disk, [`host`] this machine, [`control`]
//! our own socket, [`operators`] who asks there, [`http`] what monitoring asks, [`log`] the
//! lines that the daemon writes, `signals` what ends a command. `switch` tells BIRD one thing and waits until it is so;
//! `leftover` ends what files of ours that nobody looks after have it do.
//!
//! **Composition.**
//! [`daemon`] has one owner of all mutable state, and tasks that send to it. [`apply`] has BIRD take new files,
//! or goes back. [`brake`] withdraws everything without the daemon. [`selftest`] plays faults on a stage apart from the host. [`cli`] is the command line,
//! [`commands`] one file a command.
//!
//! ```text
//! YAML -> Spec -> Config | findings -> text -> bird -p -> file -> configure -> read back
//! tick -> exchange -> verdict -> health -> policy -> desired
//! show protocols all -> observed;  desired x observed -> intent file + command -> read back
//! ```

pub mod apply;
pub mod ask;
mod backoff;
pub mod bird;
pub mod brake;
pub mod cli;
mod columns;
pub mod commands;
pub mod compare;
pub mod config;
pub mod control;
pub mod daemon;
pub mod damping;
pub mod decay;
pub mod descriptors;
pub mod dns;
pub mod files;
pub mod flap;
mod harmless;
pub mod health;
pub mod history;
pub mod history_store;
pub mod hold;
pub mod host;
pub mod http;
pub mod init;
pub mod intent;
mod leftover;
pub mod log;
pub mod manual;
pub mod metrics;
pub mod model;
pub mod observed;
pub mod operators;
pub mod overrides;
pub mod passwords;
pub mod policy;
pub mod probe;
pub mod reconcile;
pub mod reload;
pub mod render;
pub mod schedule;
pub mod selftest;
mod signals;
pub mod status;
mod switch;
pub mod systemd;
pub mod watchdog;
