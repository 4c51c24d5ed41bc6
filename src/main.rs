//! The program: parse, call, exit code.

use std::process::ExitCode;

use anycastctl::cli::{self, Cli};
use clap::FromArgMatches as _;

fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    anycastctl::commands::run(cli)
}
