//! A configuration on the disk: the main file and those it includes.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{ReadError, read_text};
use crate::config::{Diagnostics, Draft, Include, Parsed, Pattern, Severity};
use crate::harmless;

/// A file of a thousand services is smaller.
const FILE_LIMIT: u64 = 1 << 20;
/// All files together, in bytes.
const LIMIT_IN_ALL: usize = 16 << 20;
/// Files that may be included.
const MOST_FILES: usize = 1000;

/// Why a configuration was refused.
#[derive(Debug)]
pub struct Refused {
    /// Everything that is wrong with it.
    pub findings: Diagnostics,
    /// Whether the reason is, or may be, that an included file could not be read.
    pub unreadable: bool,
}

/// Reads a configuration, at most 1 MiB of UTF-8 a file, with the files that it includes. An error: the main
/// file could not be read.
pub fn read_configuration(path: &Path) -> Result<Result<Parsed, Refused>, ReadError> {
    let text = read_text(path, FILE_LIMIT)?;
    let mut reading = Reading {
        directory: path.parent().unwrap_or_else(|| Path::new("")),
        draft: Draft::new(&path.display().to_string(), &text),
        // A pattern like `*.yaml` may match the main file too.
        taken: path.canonicalize().into_iter().collect(),
        files: 0,
        bytes: text.len(),
        unreadable: false,
    };
    reading.include_all();
    let Reading {
        draft, unreadable, ..
    } = reading;
    let refused = |findings| Refused {
        findings,
        unreadable,
    };
    Ok(draft.finish().map_err(refused))
}

/// How far the reading has come.
struct Reading<'p> {
    /// What patterns are relative to: the directory of the main file.
    directory: &'p Path,
    draft: Draft,
    /// The files that were read, under their real names.
    taken: HashSet<PathBuf>,
    files: usize,
    bytes: usize,
    unreadable: bool,
}

/// Why an included file is not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "{} is one file too many, at most {MOST_FILES} are included: is it the right pattern?",
        .0.display()
    )]
    Files(PathBuf),
    #[error(
        "with {} the configuration has more than {LIMIT_IN_ALL} bytes, far more than belongs into it: are these the right files?",
        .0.display()
    )]
    Bytes(PathBuf),
    #[error(
        "{} has neither `services` nor `neighbors` at the beginning of a line, and nothing of it is shown here: is it the right file?",
        harmless::path(.0)
    )]
    Foreign(PathBuf),
}

impl Reading<'_> {
    fn include_all(&mut self) {
        for include in self.draft.includes() {
            for path in self.paths(&include) {
                let Err(refusal) = self.take(path) else {
                    continue;
                };
                self.refuse(&include, &refusal);
                // Beyond a limit there is nothing more to learn.
                match refusal {
                    Refusal::Read(_) | Refusal::Foreign(_) => {}
                    Refusal::Files(_) | Refusal::Bytes(_) => return,
                }
            }
        }
    }

    /// The files of an item that are there or have to be, sorted by name.
    fn paths(&mut self, include: &Include) -> Vec<PathBuf> {
        if let Some(name) = include.pattern.plain_name() {
            return vec![self.directory.join(name)];
        }
        let directory = self.directory.join(include.pattern.directory());
        match matches(&directory, &include.pattern) {
            Ok(Matches { paths, others }) => {
                // An empty directory is as it should be on a new node.
                if paths.is_empty() && others > 0 {
                    let directory = or_here(&directory).display();
                    let message =
                        format!("none of the names in {directory} matches: nothing is included");
                    self.draft.report(include, Severity::Warning, message);
                }
                paths
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = or_here(&directory).display();
                let message = format!("there is no directory {directory}: nothing is included");
                self.draft.report(include, Severity::Warning, message);
                Vec::new()
            }
            Err(source) => {
                let path = directory;
                self.refuse(include, &ReadError::Io { path, source }.into());
                Vec::new()
            }
        }
    }

    /// Reads a file, unless it was read before.
    fn take(&mut self, path: PathBuf) -> Result<(), Refusal> {
        let real = real_file(&path).map_err(|source| ReadError::Io {
            path: path.clone(),
            source,
        })?;
        if !self.taken.insert(real) {
            return Ok(());
        }
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(Refusal::Files(path));
        }
        let text = read_text(&path, FILE_LIMIT)?;
        self.bytes += text.len();
        if self.bytes > LIMIT_IN_ALL {
            return Err(Refusal::Bytes(path));
        }
        if !is_ours(&text) {
            return Err(Refusal::Foreign(path));
        }
        self.draft.add(&path.display().to_string(), &text);
        Ok(())
    }

    fn refuse(&mut self, include: &Include, refusal: &Refusal) {
        self.unreadable |= matches!(refusal, Refusal::Read(ReadError::Io { .. }));
        let message = refusal.to_string();
        self.draft.report(include, Severity::Error, message);
    }
}

/// Whether somebody meant it for this program. Whoever may write a configuration need not be allowed to read what the
/// checking user can, and findings show the lines that they are about.
fn is_ours(text: &str) -> bool {
    let is_empty = |line: &str| line.is_empty() || line.starts_with('#');
    let mut lines = text.lines().map(str::trim_end);
    lines
        .clone()
        .all(|line| is_empty(line.trim_start()) || ["---", "{}", "version: 1"].contains(&line))
        || lines.any(is_key_of_ours)
}

/// Also with a small mistake, which a finding then explains.
fn is_key_of_ours(line: &str) -> bool {
    const ALIKE: f64 = 0.9;
    let line = line.trim_start_matches(['{', ' ']);
    let Some((key, rest)) = line.split_once(':') else {
        return false;
    };
    let key = key.trim_matches(['"', '\'', ' ']);
    (rest.is_empty() || rest.starts_with(' '))
        && ["services", "neighbors"]
            .iter()
            .any(|known| strsim::jaro_winkler(key, known) >= ALIKE)
}

/// The real name of a file. A pipe would be waited for, perhaps for ever.
fn real_file(path: &Path) -> io::Result<PathBuf> {
    match path.metadata()? {
        file if file.is_file() => path.canonicalize(),
        file if file.is_dir() => Err(io::Error::other(
            "it is a directory: name the files in it, for example as `*.yaml`",
        )),
        _ => Err(io::Error::other("it is not a regular file")),
    }
}

/// What a directory holds for a pattern.
struct Matches {
    /// What matches, sorted.
    paths: Vec<PathBuf>,
    /// How many names do not match; hidden ones do not count.
    others: usize,
}

fn matches(directory: &Path, pattern: &Pattern) -> io::Result<Matches> {
    let mut found = Matches {
        paths: Vec::new(),
        others: 0,
    };
    for entry in or_here(directory).read_dir()? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if pattern.matches(&text) {
            found.paths.push(directory.join(&name));
        } else if !text.starts_with('.') {
            found.others += 1;
        }
    }
    found.paths.sort();
    Ok(found)
}

/// The directory that a path without one means.
fn or_here(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

#[cfg(test)]
mod tests;
