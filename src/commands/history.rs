//! `anycastctl history`: what happened and why, from the daemon or, without one, from its files.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::source::Source;
use super::{Code, Failure, Output, document, runtime, terminal, written};
use crate::config::defaults::STATE_DIR;
use crate::control::{self, Request, Response};
use crate::history::{History, MAX_ENTRIES, Origin, Selection, Since, write_lines};
use crate::history_store;
use crate::model::ServiceName;

/// What to show, and how.
#[derive(Debug)]
pub struct Options<'a> {
    /// Only what is about this service.
    pub service: Option<&'a ServiceName>,
    /// Only from then on.
    pub since: Option<Since>,
    /// The newest so many.
    pub limit: Option<usize>,
    /// As JSON.
    pub json: bool,
    /// The control socket, instead of the configured one.
    pub control: Option<PathBuf>,
}

/// Shows the history.
pub fn history(config: &Path, options: Options<'_>) -> Result<Output, Failure> {
    let now = Timestamp::now();
    let selection = Selection {
        since: options.since.map(|since| since.moment(now)),
        service: options.service.map(ToString::to_string),
        limit: options.limit.unwrap_or(MAX_ENTRIES),
    };
    let Source {
        control,
        config: loaded,
        talk,
    } = Source::find(config, options.control);
    let (history, fallback) = match ask(&control, &selection) {
        Ok(history) => (history, String::new()),
        Err(error) => {
            let directory =
                loaded.map_or_else(|| STATE_DIR.into(), |config| config.daemon.state_dir);
            let history = from_files(&directory, &selection, now, &error)?;
            let directory = directory.display();
            let talk = format!("{error}\nThis is from the files in {directory}.\n");
            (history, talk)
        }
    };
    let remarks = remarks(&history);
    Ok(Output {
        stdout: if options.json {
            document(&history)?
        } else {
            written(|out| write_lines(&history, terminal::width(), out))?
        },
        stderr: format!("{talk}{fallback}{remarks}"),
        code: Code::Success,
    })
}

fn ask(control: &Path, selection: &Selection) -> Result<History, String> {
    let request = Request::History(selection.clone());
    let runtime = runtime().map_err(|failure| failure.message)?;
    match runtime.block_on(control::ask(control, request)) {
        Ok(Response::History(history)) => Ok(*history),
        Ok(_) => Err(control::Error::Mismatch.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn from_files(
    directory: &Path,
    selection: &Selection,
    now: Timestamp,
    no_daemon: &str,
) -> Result<History, Failure> {
    let failure =
        |message: String| Failure::new(Code::Environment, &format!("{no_daemon}\n{message}"));
    match history_store::read(directory, selection) {
        Ok(Some(found)) => Ok(History::new(now, Origin::Files, selection, found, &[])),
        Ok(None) => Err(failure(format!(
            "there is no history in {}: has the daemon ever run here?",
            directory.display()
        ))),
        Err(error) => Err(failure(error.to_string())),
    }
}

/// What to tell besides.
fn remarks(history: &History) -> String {
    let mut remarks = Vec::new();
    if history.entries.is_empty() {
        remarks.push("No such events are recorded.".to_owned());
    }
    if history.more {
        let shown = history.entries.len();
        remarks.push(format!(
            "There are older events than these {shown}: see --limit and --since."
        ));
    }
    if history.unreadable > 0 {
        remarks.push(format!(
            "{} lines of the files were left out: torn by a crash, or not written by anycastctl.",
            history.unreadable
        ));
    }
    remarks.extend(history.problem.clone());
    remarks.join("\n")
}
