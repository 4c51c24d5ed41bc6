//! Installs the rendered files and has BIRD take them, or leaves everything as it was.
//!
//! ```text
//! check: bird -p; what would be dropped; configure check on a trial beside bird.conf
//! write: configure once more; keep the old files; secrets with the old names too; bird.conf
//! try:   configure timeout; look until sessions and exports are as they should be
//! then:  configure confirm; secrets without the old names; forget the old files
//! or:    old files back; configure; look until everything is as before
//! ```
//!
//! The two files cannot be replaced at one moment, so BIRD loads what lies there at every moment between:
//! the secrets always define what the `bird.conf` beside them names. The old files are kept as
//! `….unconfirmed` until BIRD has confirmed the new ones. A killed apply leaves them there, and BIRD goes
//! back by itself; the next apply puts the old files back before it begins.
//!
//! Intent files are the daemon's and are not touched: BIRD reads from them what is announced whenever it
//! configures. An undo reads nothing: it goes back to what was announced when BIRD last read the old files.
//! That is why BIRD reads them once more before the change, and again instead of an undo.

mod before;
mod bird;
mod change;
mod disk;
mod expectation;
mod loss;
mod report;
mod text;
mod trial;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::bird::client;
use crate::config::Config;
use crate::files::DiskError;
use crate::model::{NeighborName, Password};
use crate::render;
use bird::Bird;
use disk::{Installed, Rights};

pub use expectation::{Export, Missing};
pub use loss::Loss;
pub use report::{NewSession, Outcome, Report, Reset};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long sessions and exports may take to be as they should, and again to be as before.
    pub confirm: Duration,
    /// Drop live prefixes.
    pub allow_withdraw: bool,
    /// Replace files that somebody else has written.
    pub replace: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// Why nothing was applied. Nothing was changed, unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no BIRD to apply it to.
    #[error(
        "{0}. To install the files for a BIRD that does not run: `anycastctl render bird -o {1}` and `anycastctl render secrets -o {2}`"
    )]
    NoBird(client::Error, String, String),
    /// BIRD does not answer as it should.
    #[error(transparent)]
    Bird(#[from] client::Error),
    /// BIRD does not take the file.
    #[error("the rendered file is refused, nothing was changed: {0}")]
    Refused(String),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// There is nothing to install.
    #[error(transparent)]
    Render(#[from] render::Error),
    /// The program `bird`.
    #[error(transparent)]
    Binary(#[from] crate::bird::binary::Error),
    /// It was tried, and BIRD stopped answering.
    #[error(
        "not applied: {reason}. The old files are back, but BIRD does not answer ({error}): if it took the new configuration, it goes back by itself within {seconds} s; look with `birdc show protocols`"
    )]
    Silent {
        /// Why it was undone.
        reason: String,
        /// What came instead of an answer.
        error: client::Error,
        /// BIRD's own timeout.
        seconds: u64,
    },
    /// BIRD runs it, and something is left over.
    #[error("applied, and BIRD runs it, but {0}")]
    Untidy(DiskError),
    /// Somebody else has written a file that would be replaced.
    #[error(
        "{} was not written by anycastctl, which would replace all of it, and nothing was changed: look with `anycastctl diff`, put what is to stay into a file of `bird.include`, and say --replace; a copy is kept as {}", path.display(), copy.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Where it would be kept.
        copy: PathBuf,
    },
    /// Something stands in the way; the text says what to do.
    #[error("{0}")]
    InTheWay(String),
}

/// Takes a line about a step when it happens.
pub type Talk<'t> = &'t mut dyn FnMut(&str);

/// The rendered files.
struct Rendered {
    bird_conf: String,
    secrets: SecretString,
}

struct Apply<'a> {
    config: &'a Config,
    passwords: &'a [(NeighborName, Password)],
    options: Options,
    talk: Talk<'a>,
    bird: Bird<'a>,
    conf: Installed,
    secrets: Installed,
    /// BIRD has read the old files as they lie there.
    trusted: bool,
}

/// Applies a configuration.
pub async fn apply(
    config: &Config,
    passwords: &[(NeighborName, Password)],
    options: Options,
    talk: Talk<'_>,
) -> Result<Report, Error> {
    let conf = Installed::new(&config.bird.config);
    let Some(_lock) = disk::lock(conf.path())? else {
        let path = conf.path().display();
        return Err(Error::InTheWay(format!(
            "another `anycastctl apply` of {path} is at work: wait for its end"
        )));
    };
    let mut apply = Apply {
        config,
        passwords,
        options,
        talk,
        bird: Bird::new(&config.bird.socket),
        secrets: Installed::new(&config.bird.secrets),
        conf,
        trusted: false,
    };
    apply.run().await
}

impl Apply<'_> {
    async fn run(&mut self) -> Result<Report, Error> {
        let rendered = self.render()?;
        self.clean()?;
        self.judge()?;
        self.is_the_right_bird().await?;
        self.finish_an_earlier_one().await?;
        let mut report = Report::new(self.conf.path().display().to_string());
        if self.is_unchanged(&rendered).await? {
            return Ok(report);
        }
        self.refuse_foreign()?;
        let before = self.look(&rendered, &mut report).await?;
        if !report.dropped.is_empty() && !self.options.allow_withdraw {
            return Ok(report.ended(Outcome::Refused));
        }
        self.try_out(&rendered).await?;
        self.foretell(&report);
        if self.options.dry_run {
            return Ok(report.ended(Outcome::Checked));
        }
        self.change(&rendered, before, report).await
    }

    fn say(&mut self, line: &str) {
        (self.talk)(line);
    }

    fn render(&self) -> Result<Rendered, Error> {
        Ok(Rendered {
            bird_conf: render::bird(self.config)?,
            secrets: render::secrets(self.config, self.passwords)?,
        })
    }

    fn clean(&mut self) -> Result<(), Error> {
        let mut leftovers = self.conf.clean()?;
        leftovers.extend(self.secrets.clean()?);
        // The old secrets are kept first and forgotten last: alone they mean nothing.
        if self.secrets.is_unconfirmed() && !self.conf.is_unconfirmed() {
            self.secrets.confirm()?;
            leftovers.push(self.secrets.unconfirmed());
        }
        for path in leftovers {
            let path = path.display();
            self.say(&format!("an earlier apply was killed: removed its {path}"));
        }
        Ok(())
    }

    /// The installed files that somebody else has written.
    fn foreign(&self) -> Result<Vec<&Installed>, Error> {
        let mut foreign = Vec::new();
        for file in [&self.conf, &self.secrets] {
            let text = file.read()?.unwrap_or_default();
            if !text.is_empty() && !text.starts_with(render::HEADER.as_bytes()) {
                foreign.push(file);
            }
        }
        Ok(foreign)
    }

    fn refuse_foreign(&self) -> Result<(), Error> {
        match self.foreign()?[..] {
            [file, ..] if !self.options.replace => Err(Error::Foreign {
                path: file.path().to_owned(),
                copy: file.copy(),
            }),
            _ => Ok(()),
        }
    }

    /// What will happen, as far as it can be told.
    fn foretell(&mut self, report: &Report) {
        for loss in &report.dropped {
            self.say(&format!("{loss}, as allowed"));
        }
        for reset in &report.resets {
            self.say(&reset.to_string());
        }
    }

    /// A file of secrets is written where somebody has a password, or one lies there.
    fn needs_secrets(&self) -> bool {
        !self.passwords.is_empty() || self.secrets.rights().is_some()
    }

    /// As the file that is there, else for everybody: it holds no secrets.
    fn conf_rights(&self) -> Rights {
        self.conf.rights().unwrap_or(Rights {
            user: None,
            group: None,
            mode: 0o644,
        })
    }

    /// The owner of the file that is there, else root and the group of BIRD's socket; never for everybody.
    fn secrets_rights(&self) -> Rights {
        let fresh = || {
            let socket = Installed::new(&self.config.bird.socket).rights();
            Rights {
                user: None,
                group: socket.and_then(|rights| rights.group),
                mode: 0o640,
            }
        };
        Rights {
            mode: 0o640,
            ..self.secrets.rights().unwrap_or_else(fresh)
        }
    }
}
