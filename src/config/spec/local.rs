//! What a check looks at on this host, as it is typed.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Field, Leaf, List, Text};
use crate::config::{Argument, ExitCodes, Variable};

/// A program that says by its exit code how things are. It runs as the daemon's user, in a process group of its own that
/// is killed when `timeout` is over or when it has ended, and never twice at once.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["command"]))]
pub(crate) struct Exec {
    /// The program, an absolute path, and its arguments, each an item of its own: no shell takes them apart. Status and
    /// metrics show the program without its arguments.
    #[schemars(length(min = 1))]
    pub(crate) command: List<Text<Argument>>,
    /// What its environment has besides `PATH` and `LANG`, as in `HOME=/var/lib/checks`.
    #[schemars(extend("default" = []))]
    pub(crate) environment: List<Text<Variable>>,
    /// What its exit code means. `plain`: 0 passes, 1 fails, and of any other nothing is known. `nagios`: 0 (OK) and 1
    /// (WARNING) pass, 2 (CRITICAL) fails, and of any other nothing is known.
    #[schemars(extend("default" = "plain"))]
    pub(crate) exit_codes: Leaf<ExitCodes>,
}

/// A process that has written its number into a file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["pidfile"]))]
pub(crate) struct Process {
    /// The file with the number, an absolute path. The check fails where it is absent, or no such process is left.
    pub(crate) pidfile: Leaf<PathBuf>,
    /// What the process is called (`ps -o comm`), 1 to 15 bytes: another one may have got the number. NSD is called
    /// `nsd: xfrd`. Where absent, any will do.
    pub(crate) name: Leaf<String>,
}

/// A file that must not be there, or has to be.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
pub(crate) struct FileFlag {
    /// The file, an absolute path; anything with that name counts.
    pub(crate) path: Leaf<PathBuf>,
    /// `false`: the check fails while the file is there, as for one that means maintenance. `true`: while it is not.
    #[schemars(extend("default" = false))]
    pub(crate) present: Field<bool>,
}
