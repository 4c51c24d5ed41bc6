//! The pages of the manual: those of the commands from the definition of the command line, that of the file from
//! its schema, and prose in `templates/manual` for what neither knows.
//!
//! The same program always writes the same bytes: no page has a date.

mod command;
mod exit_status;
mod format;
mod key;
mod kind;
mod option;
mod page;
mod prose;
mod related;

use clap::Command;
use serde_json::Value;

/// What an example is for, and its command line.
pub type Example = (&'static str, &'static str);

/// The page of the file format has the name of no command.
pub const FORMAT: &str = "anycastctl.yaml";

/// A page as roff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// As it is asked for, as in `anycastctl-status`.
    pub name: String,
    /// 1 for commands, 5 for the file, 8 for the daemon.
    pub section: u8,
    /// The source, for `man -l`.
    pub text: String,
}

impl Page {
    /// As `man` looks for it, as in `anycastctl-status.1`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.section)
    }
}

/// All pages: the program, its commands in the order of `--help`, and the file format.
///
/// `examples` has those of a command by its name; the program's own by an empty one.
pub fn pages(
    program: &Command,
    schema: &Value,
    examples: impl Fn(&str) -> &'static [Example],
) -> Vec<Page> {
    let mut program = program.clone().disable_help_subcommand(true);
    // Gives each command its full name and the options of all.
    program.build();
    let mut pages = vec![command::program(&program, examples(""))];
    let commands = program.get_subcommands();
    pages.extend(
        commands
            .map(|command| command::subcommand(&program, command, examples(command.get_name()))),
    );
    pages.push(format::page(schema));
    pages
}
