//! `anycastctl schema`, `completions` and `man`: from the types that read the file and the command line.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Code, Failure, Output};
use crate::cli::Cli;
use crate::config;

/// The JSON Schema of the configuration file, or of the files that it includes.
#[must_use]
pub fn schema(included: bool) -> Output {
    let schema = if included {
        config::included_schema()
    } else {
        config::schema()
    };
    Output::new(format!("{schema:#}\n"), Code::Success)
}

/// The completion script of a shell.
#[must_use]
pub fn completions(shell: Shell) -> Output {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "anycastctl", &mut script);
    Output::new(String::from_utf8_lossy(&script).into_owned(), Code::Success)
}

/// The man page of the program, or of one of its commands.
pub fn man(command: Option<&str>) -> Result<Output, Failure> {
    let mut program = Cli::command();
    // Gives each command its full name and the options of all.
    program.build();
    let page = match command {
        None => program,
        Some(name) => subcommand(&program, name)?,
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text).map_err(|error| {
        Failure::new(
            Code::Environment,
            &format!("cannot write the man page: {error}"),
        )
    })?;
    Ok(Output::new(
        String::from_utf8_lossy(&text).into_owned(),
        Code::Success,
    ))
}

fn subcommand(program: &Command, name: &str) -> Result<Command, Failure> {
    program.find_subcommand(name).cloned().ok_or_else(|| {
        Failure::new(
            Code::Usage,
            &format!("there is no command `{name}`: see `anycastctl --help`"),
        )
    })
}
