//! Checks of this host: `exec`, `process` and `file`.

use std::path::{Path, PathBuf};

use super::id;
use super::node::is_absolute;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf};
use crate::config::tree::NodeId;
use crate::config::{ExecCheck, ExitCodes, FileCheck, ProcessCheck};

pub(super) fn exec(report: &Report<'_>, field: &Field<spec::Exec>) -> Option<ExecCheck> {
    let spec = report.filled(field)?;
    let example = "the program and its arguments, as in `command: [/usr/local/bin/check, --fast]`";
    let given = report.non_empty(id(field), "command", &spec.command, example);
    let command = given.and_then(|_| report.texts(&spec.command));
    let program = program(report, spec);
    let environment = report.texts(&spec.environment);
    let exit_codes = report.text_or(&spec.exit_codes, ExitCodes::Plain);
    if let Some((place, path)) = program.filter(|_| report.is_absent(&spec.exit_codes)) {
        of_nagios(report, place, path);
    }
    program?;
    Some(ExecCheck {
        command: command?,
        environment: environment?,
        exit_codes: exit_codes?,
    })
}

/// The program with its place; `None`: reported.
fn program<'s>(report: &Report<'_>, spec: &'s spec::Exec) -> Option<(NodeId, &'s Path)> {
    let (place, first) = spec.command.value.as_ref()?.first()?.placed()?;
    let program = Path::new(first.0.as_str());
    if program.is_absolute() {
        return Some((place, program));
    }
    let message = format!(
        "`{}` is no absolute path, and what it leads to depends on who looks: write for example /usr/local/bin/check",
        program.display()
    );
    report.error(place, message);
    None
}

/// A plugin of Nagios whose 2 (CRITICAL) would count for nothing.
fn of_nagios(report: &Report<'_>, place: NodeId, program: &Path) {
    let name = program.file_name().and_then(|name| name.to_str());
    let is_plugin = name.is_some_and(|name| name.starts_with("check_"));
    if is_plugin || program.starts_with("/usr/lib/nagios") {
        report.warning(place, "this looks like a plugin of Nagios, and its exit codes are read as plain ones: 2 (CRITICAL) would not count as a failure. Write `exit_codes: nagios`, or `plain` if it is none");
    }
}

/// The longest name of a process, in bytes: Linux cuts longer ones (`TASK_COMM_LEN`).
const LONGEST_NAME: usize = 15;

pub(super) fn process(report: &Report<'_>, field: &Field<spec::Process>) -> Option<ProcessCheck> {
    let spec = report.filled(field)?;
    let example = "the file with the number of the process, as in `pidfile: /run/nsd/nsd.pid`";
    let pidfile = path(report, id(field), "pidfile", &spec.pidfile, example);
    let name = report.optional(&spec.name);
    if let Some((place, name)) = spec.name.placed()
        && name.0.len() > LONGEST_NAME
    {
        let message = format!(
            "Linux keeps {LONGEST_NAME} bytes of a process's name, and this has {}: write what `ps -o comm` shows",
            name.0.len()
        );
        report.error(place, message);
    }
    Some(ProcessCheck {
        pidfile: pidfile?,
        name: name.ok()?.map(|name| name.0),
    })
}

pub(super) fn file(report: &Report<'_>, field: &Field<spec::FileFlag>) -> Option<FileCheck> {
    let spec = report.filled(field)?;
    let example = "the file to look for, as in `path: /etc/anycastctl/maintenance`";
    let path = path(report, id(field), "path", &spec.path, example);
    let present = report.or(&spec.present, false);
    Some(FileCheck {
        path: path?,
        present: present?,
    })
}

fn path(
    report: &Report<'_>,
    at: NodeId,
    key: &str,
    field: &Leaf<PathBuf>,
    example: &str,
) -> Option<PathBuf> {
    let path = report.required(at, key, field, example)?;
    is_absolute(report, field).then(|| path.0.clone())
}
