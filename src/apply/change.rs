//! The change itself: write, configure, look, and confirm or go back.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep, timeout_at};

use super::before::Before;
use super::bird::{INSISTENCE, LOOK_AGAIN};
use super::expectation::{Expectation, Export, Missing, Observed};
use super::report::{NewSession, Outcome, Report};
use super::{Apply, Error, Rendered, loss, text};
use crate::bird::client::{self, DEADLINE};
use crate::bird::command::Command;
use crate::files::DiskError;
use crate::signals::Signals;

/// BIRD waits so much longer for a confirmation than we look: it must not go back while we confirm or undo,
/// and has to go back when we were killed.
pub(super) const MARGIN: Duration = Duration::from_secs(20);

/// Between writing the files and BIRD's reading them: its clock shows milliseconds, and later it has to be
/// clear which came first.
const APART: Duration = Duration::from_millis(50);

/// How long everything has to be as it should without a break.
const STEADY: Duration = Duration::from_secs(1);

/// How long sessions may take at least to come back after a change that broke them: BIRD and its neighbours
/// wait 60 s after an error (`error wait time`), and then 5 s (`connect delay time`).
const RECOVERY: Duration = Duration::from_secs(90);

/// The code of `Reconfiguration confirmed`.
const CONFIRMED: u16 = 18;

/// Why the change has to be undone.
struct Failed {
    reason: String,
    missing: Vec<Missing>,
    /// BIRD refused it, and still runs the old one.
    untouched: bool,
}

impl Failed {
    fn because(reason: String) -> Self {
        Self {
            reason,
            missing: Vec::new(),
            untouched: false,
        }
    }
}

impl Apply<'_> {
    /// From here on there is no way out but to confirm or to go back.
    pub(super) async fn change(
        &mut self,
        rendered: &Rendered,
        before: Before,
        mut report: Report,
    ) -> Result<Report, Error> {
        let mut signals = Signals::new().map_err(|error| {
            Error::InTheWay(format!(
                "cannot take over signals, nothing was changed: {error}"
            ))
        })?;
        for file in self.foreign()? {
            file.keep_copy()?;
        }
        self.refresh().await?;
        if let Err(error) = self.write(rendered) {
            self.put_back()?;
            self.forget()?;
            return Err(error.into());
        }
        match self.attempt(&before.expectation, &mut signals).await {
            Ok(observed) => {
                report.new_sessions = new_sessions(&before.observed, &observed);
                self.tidy(rendered).map_err(Error::Untidy)?;
                Ok(report.ended(Outcome::Applied))
            }
            Err(failed) => self.roll_back(failed, &before.observed, report).await,
        }
    }

    /// BIRD goes back to what it read, and from the intent files it read what was announced at that time: it
    /// would withdraw what was announced since, or announce what was withdrawn. So it reads the old files
    /// once more, unless they were changed since it did: then it is left to go back to what it runs.
    async fn refresh(&mut self) -> Result<(), Error> {
        self.trusted = self.is_loaded().await?;
        if !self.trusted {
            return Ok(());
        }
        match self.bird.tell(&Command::Configure).await {
            Ok(_) => self.is_at_rest(Instant::now() + DEADLINE).await,
            Err(client::Error::Refused { .. }) => {
                self.trusted = false;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The secrets serve both, so they come first.
    fn write(&mut self, rendered: &Rendered) -> Result<(), DiskError> {
        if self.needs_secrets() {
            let rights = self.secrets_rights();
            let union = self.union(rendered)?;
            self.secrets.keep()?;
            self.conf.keep()?;
            self.secrets
                .replace(union.expose_secret().as_bytes(), rights)?;
        } else {
            self.conf.keep()?;
        }
        let rights = self.conf_rights();
        self.conf.replace(rendered.bird_conf.as_bytes(), rights)
    }

    /// The new secrets, with the names of every bird.conf that may lie beside them until this is confirmed.
    fn union(&self, rendered: &Rendered) -> Result<SecretString, DiskError> {
        let files = [self.secrets.read()?, self.secrets.read_unconfirmed()?];
        let texts = files
            .into_iter()
            .flatten()
            .map(|bytes| SecretString::from(String::from_utf8_lossy(&bytes).into_owned()));
        let texts: Vec<SecretString> = texts.collect();
        Ok(text::union(&rendered.secrets, &texts))
    }

    /// In the order that leaves BIRD something to load at every moment.
    pub(super) fn put_back(&self) -> Result<(), DiskError> {
        self.conf.restore()?;
        self.secrets.restore()
    }

    /// Until then the next apply knows that this one has not come to its end.
    pub(super) fn forget(&self) -> Result<(), DiskError> {
        self.conf.confirm()?;
        self.secrets.confirm()
    }

    /// The old names are needed no more, nor the old files.
    fn tidy(&mut self, rendered: &Rendered) -> Result<(), DiskError> {
        let secrets = rendered.secrets.expose_secret().as_bytes();
        if self.needs_secrets() && self.secrets.read()?.as_deref() != Some(secrets) {
            self.secrets.trim(secrets, self.secrets_rights())?;
        }
        self.forget()
    }

    /// BIRD's own timeout in seconds.
    fn timeout(&self) -> u64 {
        (self.options.confirm + MARGIN).as_secs() + 1
    }

    async fn attempt(
        &mut self,
        expectation: &Expectation,
        signals: &mut Signals,
    ) -> Result<Observed, Failed> {
        let timeout = self.timeout();
        self.say(&format!(
            "the files are in place; unless this is confirmed, BIRD goes back by itself in {timeout} s"
        ));
        sleep(APART).await;
        let told = self.bird.tell(&Command::ConfigureTimeout(timeout)).await;
        told.map_err(|error| Failed {
            untouched: matches!(error, client::Error::Refused { .. }),
            ..Failed::because(error.to_string())
        })?;
        let (sessions, exports) = (expectation.sessions.len(), expectation.exports.len());
        self.say(&if sessions + exports == 0 {
            "no session and no announcement was there that has to come back".to_owned()
        } else {
            format!("waiting for {sessions} sessions and {exports} announcements")
        });
        let deadline = Instant::now() + self.options.confirm;
        let observed = tokio::select! {
            biased;
            signal = signals.any() => Err(Failed::because(format!("stopped by {signal}"))),
            observed = self.watch(expectation, deadline) => observed,
        }?;
        self.confirm().await.map(|()| observed)
    }

    async fn confirm(&mut self) -> Result<(), Failed> {
        match self.bird.tell(&Command::ConfigureConfirm).await {
            Ok(reply) if reply.has(CONFIRMED) => {
                self.say("all is as it should be; confirmed");
                Ok(())
            }
            Ok(reply) => Err(Failed::because(format!(
                "BIRD had nothing to confirm ({}): it was restarted or configured by somebody else meanwhile",
                reply.last().text
            ))),
            Err(error) => Err(Failed::because(error.to_string())),
        }
    }

    /// Looks until everything is as expected, and has been for a moment.
    async fn watch(
        &mut self,
        expectation: &Expectation,
        deadline: Instant,
    ) -> Result<Observed, Failed> {
        let steady = STEADY.min(self.options.confirm / 2);
        let mut good_since = None;
        let mut last = Failed::because("BIRD does not answer".to_owned());
        while let Ok(looked) = timeout_at(deadline, self.look_once(expectation)).await {
            match looked {
                Ok(observed) => {
                    let since = *good_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= steady {
                        return Ok(observed);
                    }
                    last = Failed::because(
                        "all is as it should be, but not for long enough".to_owned(),
                    );
                }
                Err(failed) => {
                    good_since = None;
                    last = failed;
                }
            }
            sleep(LOOK_AGAIN).await;
        }
        let seconds = self.options.confirm.as_secs_f64();
        last.reason = format!("{} after {seconds} s", last.reason);
        Err(last)
    }

    async fn look_once(&mut self, expectation: &Expectation) -> Result<Observed, Failed> {
        let failed = |error: client::Error| Failed::because(error.to_string());
        if self.bird.progress().await.map_err(failed)?.in_progress {
            return Err(Failed::because("BIRD is still at it".to_owned()));
        }
        let observed = self.bird.observe().await.map_err(failed)?;
        let mut missing = expectation.missing(&observed);
        if !missing.is_empty() {
            self.forgive_withdrawn(&mut missing);
            self.forgive_held(&mut missing);
        }
        if missing.is_empty() {
            return Ok(observed);
        }
        Err(Failed {
            missing,
            ..Failed::because("not everything is as it should be".to_owned())
        })
    }

    /// Takes out what the daemon has withdrawn meanwhile, and its intent files tell so: a service that fails is
    /// no fault of the change.
    fn forgive_withdrawn(&self, missing: &mut Vec<Missing>) {
        let (meant, announcing) = (loss::meant(self.config), self.announcing());
        let is_withdrawn = |export: &Export| {
            let protocols = meant.get(export);
            protocols.is_some_and(|pair| pair.iter().all(|name| !announcing.contains(name)))
        };
        missing
            .retain(|missing| !matches!(missing, Missing::Export(export) if is_withdrawn(export)));
    }

    /// Takes out the sessions that the daemon keeps disabled because they flap.
    fn forgive_held(&self, missing: &mut Vec<Missing>) {
        let is_held = |missing: &Missing| match missing {
            Missing::Session { session, .. } => self.is_held(session),
            Missing::Limit { .. } | Missing::Export(_) => false,
        };
        missing.retain(|missing| !is_held(missing));
    }

    /// Old files first: whatever happens to BIRD from now on, it finds them.
    async fn roll_back(
        &mut self,
        failed: Failed,
        before: &Observed,
        mut report: Report,
    ) -> Result<Report, Error> {
        self.say(&format!("{}; going back", failed.reason));
        let put_back = self.put_back();
        if put_back.is_ok() {
            self.say("the old files are back");
        } else {
            // What lies there is not what BIRD should read.
            self.trusted = false;
        }
        let undone = if failed.untouched {
            Ok(())
        } else {
            self.undo().await
        };
        put_back?;
        if let Err(error) = undone {
            return Err(Error::Silent {
                reason: failed.reason,
                error,
                seconds: self.timeout(),
            });
        }
        self.forget()?;
        report.reason = Some(failed.reason);
        report.missing = failed.missing;
        let everything = Expectation::new(before, |_| true, before.exports.clone());
        let deadline = Instant::now() + self.options.confirm.max(RECOVERY);
        match self.watch(&everything, deadline).await {
            Ok(_) => Ok(report.ended(Outcome::RolledBack)),
            Err(damaged) => {
                report.damage = damaged.missing;
                Ok(report.ended(Outcome::Damaged))
            }
        }
    }

    /// The old files, with what is announced now. An undo would go back to what was announced then, and too
    /// far if BIRD never took the new configuration, has gone back already or was restarted: it is for old
    /// files that BIRD never read, or reads no more.
    async fn undo(&mut self) -> Result<(), client::Error> {
        let trusted = self.trusted;
        self.bird
            .insist(INSISTENCE, async |bird| {
                if trusted && bird.tell(&Command::Configure).await.is_ok() {
                    return Ok(());
                }
                match bird.progress().await?.undo {
                    Some(_) => bird.tell(&Command::ConfigureUndo).await.map(drop),
                    None => Ok(()),
                }
            })
            .await
    }
}

fn new_sessions(before: &Observed, now: &Observed) -> Vec<NewSession> {
    let new = now.sessions.iter();
    let new = new.filter(|(name, _)| !before.sessions.contains_key(*name));
    new.map(|(name, session)| NewSession {
        session: name.clone(),
        established: session.is_established(),
        state: session.describe(),
    })
    .collect()
}
