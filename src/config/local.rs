//! What a check looks at on this host, validated: programs, processes and files.

use std::path::PathBuf;
use std::str::FromStr;

use crate::model::VariableName;

/// A program that says by its exit code how things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecCheck {
    /// The program, an absolute path, and its arguments.
    pub command: Vec<Argument>,
    /// What its environment has besides `PATH` and `LANG`.
    pub environment: Vec<Variable>,
    /// What its exit code means.
    pub exit_codes: ExitCodes,
}

impl ExecCheck {
    /// The program.
    #[must_use]
    pub fn program(&self) -> &str {
        self.command.first().map_or("", Argument::as_str)
    }
}

/// What an exit code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCodes {
    /// 0 is up, 1 is down, and of any other nothing is known.
    Plain,
    /// 0 (OK) and 1 (WARNING) are up, 2 (CRITICAL) is down, and of any other, as of 3 (UNKNOWN), nothing is known.
    Nagios,
}

/// A process that wrote down its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessCheck {
    /// The file with the number.
    pub pidfile: PathBuf,
    /// What the process is called (`/proc/PID/comm`, at most 15 bytes); `None`: anything.
    pub name: Option<String>,
}

/// A file that has to be there, or that must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// The file, or anything else with a name in a directory.
    pub path: PathBuf,
    /// Whether it has to be there.
    pub present: bool,
}

/// The longest argument or variable, in bytes: less than what Linux takes (128 KiB), and more than anybody types.
pub const LONGEST_ARGUMENT: usize = 4096;

/// One word of a command line, as it is given to the program: no shell looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument(String);

impl Argument {
    /// The text, without NUL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Argument {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, InvalidArgument> {
        if text.len() > LONGEST_ARGUMENT {
            return Err(InvalidArgument::Long(text.len()));
        }
        if text.contains('\0') {
            return Err(InvalidArgument::Nul);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why a text is no word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArgument {
    /// Too long.
    #[error("an argument has at most {LONGEST_ARGUMENT} bytes, this one has {0}")]
    Long(usize),
    /// It would end there.
    #[error("a NUL byte ends an argument: it cannot stand within one")]
    Nul,
}

/// A variable of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: VariableName,
    /// Its value.
    pub value: Argument,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            format!("`{text}` has no `=`: write for example HOME=/var/lib/checks")
        })?;
        let name: VariableName = name.parse().map_err(|error| format!("{error}"))?;
        if name.as_str().starts_with(RESERVED) {
            return Err(format!(
                "variables that begin with {RESERVED} are set by anycastctl"
            ));
        }
        let value = value
            .parse()
            .map_err(|error: InvalidArgument| error.to_string())?;
        Ok(Self { name, value })
    }
}

/// How variables begin that are ours.
pub const RESERVED: &str = "ANYCASTCTL_";
