//! The program: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    anycastctl::commands::run(anycastctl::cli::Cli::parse())
}
