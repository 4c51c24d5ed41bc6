//! BIRD: its program.

pub mod binary;
