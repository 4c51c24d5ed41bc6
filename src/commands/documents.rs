//! `anycastctl schema`, `completions` and `man`: from the types that read the file and the command line.

use std::fs;
use std::path::Path;

use clap_complete::Shell;

use super::{Code, Failure, Output};
use crate::manual::{self, Page};
use crate::{cli, config, files};

/// Everybody may read the manual.
const MODE: u32 = 0o644;

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
    clap_complete::generate(shell, &mut cli::command(), "anycastctl", &mut script);
    Output::new(String::from_utf8_lossy(&script).into_owned(), Code::Success)
}

/// A page of the manual: that of the program, of a command by its name, or of the configuration file.
pub fn man(name: Option<&str>) -> Result<Output, Failure> {
    let page = match name {
        None | Some("anycastctl") => "anycastctl".to_owned(),
        Some("config" | manual::FORMAT) => manual::FORMAT.to_owned(),
        Some(command) => format!("anycastctl-{}", command.trim_start_matches("anycastctl-")),
    };
    let found = pages().into_iter().find(|found| found.name == page);
    found
        .map(|page| Output::new(page.text, Code::Success))
        .ok_or_else(|| no_such_page(name.unwrap_or_default()))
}

fn no_such_page(name: &str) -> Failure {
    Failure::new(
        Code::Usage,
        &format!(
            "there is no page `{name}`: write the name of a command (see `anycastctl --help`), or `config`"
        ),
    )
}

/// Writes all pages of the manual into a directory.
pub fn write_manual(directory: &Path) -> Result<Output, Failure> {
    fs::create_dir_all(directory).map_err(|error| cannot_write(directory, &error))?;
    for page in pages() {
        let path = directory.join(page.file_name());
        files::write_atomically(&path, &page.text, MODE)
            .map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(Output::new(String::new(), Code::Success))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Failure::new(Code::Environment, &message)
}

fn pages() -> Vec<Page> {
    manual::pages(&cli::command(), &config::schema(), cli::examples)
}
