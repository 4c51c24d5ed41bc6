//! Where a command finds the daemon, also when the configuration is broken.

use std::path::{Path, PathBuf};

use super::{Code, Failure, load, runtime};
use crate::config::Config;
use crate::config::defaults::CONTROL;
use crate::control::{self, Error, Request, Response};
use crate::status::Snapshot;

/// Whom to ask, and what to tell about it.
pub(super) struct Source {
    /// The daemon's socket.
    pub(super) control: PathBuf,
    /// The configuration, if it can be used.
    pub(super) config: Option<Config>,
    /// What is wrong with it otherwise.
    pub(super) talk: String,
}

impl Source {
    /// A configuration that somebody just broke must not keep an operator from the status.
    pub(super) fn find(config: &Path, control: Option<PathBuf>) -> Self {
        match load(config) {
            Ok(parsed) => Self {
                control: control.unwrap_or_else(|| parsed.config.daemon.control.clone()),
                config: Some(parsed.config),
                talk: String::new(),
            },
            Err(_) if control.is_some() => Self {
                control: control.unwrap_or_default(),
                config: None,
                talk: String::new(),
            },
            Err(failure) => Self {
                control: PathBuf::from(CONTROL),
                config: None,
                talk: format!(
                    "{}\nThe configuration cannot be used; asking the daemon at {CONTROL}.\n",
                    failure.message.trim_end()
                ),
            },
        }
    }

    /// Asks the daemon for its status.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.status()?.map_err(|error| self.failed(&error))
    }

    /// The same, with the reason why there is none.
    pub(super) fn status(&self) -> Result<Result<Snapshot, Error>, Failure> {
        let asked = runtime()?.block_on(control::ask(&self.control, Request::Status));
        Ok(asked.and_then(|response| match response {
            Response::Status(snapshot) => Ok(*snapshot),
            _ => Err(Error::Mismatch),
        }))
    }

    /// What ends the command: an error of the daemon's side, after what is wrong with the configuration.
    pub(super) fn failed(&self, error: &Error) -> Failure {
        Failure {
            code: Code::Environment,
            message: format!("{}{error}", self.talk),
        }
    }
}
