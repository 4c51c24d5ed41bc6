//! BIRD over its control socket: replies, commands and tables as pure text, the connection at the edge.
//!
//! [`reply`], [`command`], [`table`] and [`mod@file`] do no I/O. [`client`] is the only file that opens the socket,
//! [`survey`] asks for the state, and [`binary`] is the only one that starts the program. Nothing here knows health. Facts about the protocol
//! were measured on 2.0.7, 2.0.12, 2.17.5, 2.20.0, 3.1.7 and 3.4.0.

pub mod binary;
pub mod client;
pub mod command;
pub mod file;
pub mod reply;
pub mod survey;
pub mod table;
