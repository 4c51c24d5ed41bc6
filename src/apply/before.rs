//! Before anything is changed: which BIRD this is, what it runs, and what is at stake.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep};

use super::bird::LOOK_AGAIN;
use super::change::MARGIN;
use super::disk::Installed;
use super::expectation::{Expectation, Observed};
use super::loss::{self, Sessions};
use super::report::{Report, Reset};
use super::{Apply, Error, Rendered};
use crate::bird::client;
use crate::bird::command::Command;
use crate::compare::Comparison;
use crate::hold::DropIn;
use crate::intent;
use crate::model::BirdVersion;
use crate::reconcile::Intent;

/// So often it is asked which of two things was first, while that is not clear.
const LOOKS: usize = 10;

/// What is known before anything is changed.
pub(super) struct Before {
    pub(super) observed: Observed,
    /// What has to be so afterwards.
    pub(super) expectation: Expectation,
}

impl Apply<'_> {
    /// BIRD must read the file that is about to be written.
    pub(super) async fn is_the_right_bird(&mut self) -> Result<(), Error> {
        let status = self.bird.status().await;
        let status = status.map_err(|error| self.no_bird(error))?;
        self.say(&format!("BIRD {} answers", status.version));
        let Some(file) = self.bird.file().await? else {
            return Ok(());
        };
        // What a relative name is relative to is BIRD's secret.
        if file.is_relative() || Installed::new(&file).path() == self.conf.path() {
            return Ok(());
        }
        let (reads, ours) = (file.display(), self.conf.path().display());
        Err(Error::InTheWay(format!(
            "BIRD reads {reads} and bird.config is {ours}: set bird.config to the file that BIRD reads, or bird.socket to the BIRD that reads it"
        )))
    }

    fn no_bird(&self, error: client::Error) -> Error {
        if !error.is_no_bird() {
            return Error::Bird(error);
        }
        let files = [&self.config.bird.config, &self.config.bird.secrets];
        let [conf, secrets] = files.map(|path| path.display().to_string());
        Error::NoBird(error, conf, secrets)
    }

    /// What an apply left that was killed before it had confirmed: the last good files are put back. BIRD's
    /// own undo must not be pending when the next change begins: it would go back to what that one left.
    pub(super) async fn finish_an_earlier_one(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + self.options.confirm;
        self.is_at_rest(deadline).await?;
        let pending = self.bird.progress().await?.undo;
        if !self.conf.is_unconfirmed() {
            return match pending {
                None => Ok(()),
                Some(undo) => Err(Error::InTheWay(format!(
                    "BIRD runs a configuration that nobody has confirmed ({undo}): wait for that, or say `birdc configure confirm` or `birdc configure undo`"
                ))),
            };
        }
        if pending.is_none() && self.was_confirmed().await? {
            self.say("an earlier apply was killed after it had confirmed");
            return Ok(self.forget()?);
        }
        let kept = self.conf.unconfirmed();
        let kept = kept.display();
        self.say(&format!(
            "an earlier apply did not come to its end: {kept} is the last good bird.conf"
        ));
        if self.options.dry_run {
            return Ok(());
        }
        self.put_back()?;
        self.say("the old files are back");
        if pending.is_some() {
            self.undo_an_earlier_one(deadline).await?;
        }
        Ok(self.forget()?)
    }

    pub(super) async fn is_at_rest(&mut self, deadline: Instant) -> Result<(), Error> {
        if self.bird.settles(deadline).await? {
            return Ok(());
        }
        Err(Error::InTheWay(
            "BIRD is still busy with an earlier configuration, nothing was changed: look with `birdc configure status` and `birdc show protocols`"
                .to_owned(),
        ))
    }

    /// BIRD read the new file soon after it was written, and has not gone back: it would have done so later,
    /// and would have read nothing then.
    async fn was_confirmed(&mut self) -> Result<bool, Error> {
        if !self.conf.is_replaced() {
            return Ok(false);
        }
        let ages = self.conf.age().zip(self.configured().await?);
        Ok(ages.is_some_and(|(written, configured)| {
            configured < written && written < configured + MARGIN
        }))
    }

    async fn undo_an_earlier_one(&mut self, deadline: Instant) -> Result<(), Error> {
        self.say("BIRD goes back to them; waiting for its sessions");
        self.bird.tell(&Command::Configure).await?;
        self.is_at_rest(deadline).await?;
        // Those that never come up are waited for no longer than after a change.
        while Instant::now() < deadline && !self.all_established().await? {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn all_established(&mut self) -> Result<bool, Error> {
        let observed = self.bird.observe().await?;
        let mut sessions = observed.sessions.values();
        // A session without a state is shut down, by somebody or by a limit, and stays so.
        Ok(sessions.all(|session| session.is_established() || session.state.is_empty()))
    }

    /// Whether both files are as rendered and confirmed, and BIRD has read them since they were written.
    pub(super) async fn is_unchanged(&mut self, rendered: &Rendered) -> Result<bool, Error> {
        let is_same = is(&self.conf, &rendered.bird_conf)?
            && (!self.needs_secrets() || is(&self.secrets, rendered.secrets.expose_secret())?);
        if !is_same || self.conf.is_unconfirmed() {
            return Ok(false);
        }
        let is_loaded = self.is_loaded().await?;
        if !is_loaded {
            self.say(
                "the files are as rendered, but BIRD has not read them since they were written",
            );
        }
        Ok(is_loaded)
    }

    /// Whether BIRD has read both files since they were written.
    pub(super) async fn is_loaded(&mut self) -> Result<bool, Error> {
        // Between the two looks at the files lies the one at BIRD; it may take longer than BIRD took to read.
        for _ in 0..LOOKS {
            let before = self.written();
            let Some(configured) = self.configured().await? else {
                return Ok(false);
            };
            let is_after = |written: Option<Duration>| written.is_some_and(|age| configured < age);
            match (is_after(before), is_after(self.written())) {
                (true, true) => return Ok(true),
                (false, false) => return Ok(false),
                _ => {}
            }
        }
        Ok(false)
    }

    /// How long ago the younger of both files was written.
    fn written(&self) -> Option<Duration> {
        let files = [&self.conf, &self.secrets].into_iter();
        files.filter_map(Installed::age).min()
    }

    /// How long ago BIRD was configured; `None` where its time format does not tell.
    async fn configured(&mut self) -> Result<Option<Duration>, Error> {
        let status = self.bird.status().await?;
        let times = status.reconfigured.zip(status.now);
        Ok(times.and_then(|(then, now)| then.age(now)))
    }

    /// What BIRD shows, and what of that is at stake.
    pub(super) async fn look(
        &mut self,
        rendered: &Rendered,
        report: &mut Report,
    ) -> Result<Before, Error> {
        let installed = self.last_good()?;
        let secrets = self.config.bird.secrets.display().to_string();
        let sessions = Sessions::new(&installed, &rendered.bird_conf, &secrets);
        let observed = self.bird.observe().await?;
        self.say_what_is_held(&observed);
        let exports = observed.exports.iter();
        let live = exports.filter(|export| sessions.is_ours(&export.session));
        let live: BTreeSet<_> = live.cloned().collect();
        let (kept, dropped) = loss::part(&live, &loss::meant(self.config), &self.announcing());
        report.dropped = dropped;
        let comparison = self.compare(&installed, rendered)?;
        self.spare_bird(&comparison).await?;
        report.resets = resets(&comparison);
        report.new_protocols = self.new_protocols().await?;
        Ok(Before {
            expectation: Expectation::new(&observed, |name| sessions.remains(name), kept),
            observed,
        })
    }

    /// Nobody should wonder why these stay down.
    fn say_what_is_held(&mut self, observed: &Observed) {
        let down = observed.sessions.iter();
        let down = down.filter(|(_, session)| !session.is_established());
        let held: Vec<&String> = down
            .filter_map(|(name, _)| self.is_held(name).then_some(name))
            .collect();
        for name in held {
            self.say(&format!(
                "{name} is kept disabled because it flaps: it is not waited for"
            ));
        }
    }

    /// What this BIRD would die of is refused, and what it may die of is said.
    async fn spare_bird(&mut self, comparison: &Comparison) -> Result<(), Error> {
        let Some(version) = BirdVersion::told(&self.bird.status().await?.version) else {
            return Ok(());
        };
        if let Some(protocol) = comparison.kills(version) {
            return Err(Error::InTheWay(format!(
                "BIRD {version} would die of the change of `{protocol}`, and nothing was changed: set bird.version to \"{version}\", and the protocol is rendered in a form that it survives"
            )));
        }
        if let Some(hazard) = comparison.hazard(version) {
            self.say(&hazard);
        }
        Ok(())
    }

    fn compare(&self, installed: &str, rendered: &Rendered) -> Result<Comparison, Error> {
        let secrets = match self.secrets.read_unconfirmed()? {
            Some(bytes) => Some(bytes),
            None => self.secrets.read()?,
        };
        let secrets =
            SecretString::from(String::from_utf8_lossy(&secrets.unwrap_or_default()).into_owned());
        let comparison = Comparison::between(installed, &rendered.bird_conf);
        Ok(comparison.with_secrets(secrets.expose_secret(), rendered.secrets.expose_secret()))
    }

    /// The text of the bird.conf that BIRD runs, or goes back to; empty if there is none.
    fn last_good(&self) -> Result<String, Error> {
        let bytes = match self.conf.read_unconfirmed()? {
            Some(bytes) => Some(bytes),
            None => self.conf.read()?,
        };
        Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    }

    /// Those that BIRD switches on whenever it configures. One that is written by hand may have no place for
    /// an intent file; whether it does not come back is seen afterwards.
    pub(super) fn announcing(&self) -> HashSet<String> {
        let bird = &self.config.bird;
        let is_on = |name: &String| intent::read(&bird.intent_file(name)) == Intent::Written;
        let by_hand = self.config.services.iter().flat_map(|service| {
            let families = service.families();
            families.filter_map(|family| service.by_hand(family))
        });
        let by_hand = by_hand.map(|twins| twins.normal.to_string());
        let rendered = self.config.protocols().flatten().filter(is_on);
        rendered.chain(by_hand).collect()
    }

    /// Whether the daemon keeps a session disabled because it flaps: its drop-in tells.
    pub(super) fn is_held(&self, session: &str) -> bool {
        intent::read_drop_in(&self.config.bird.intent_file(session)) == DropIn::Written
    }

    async fn new_protocols(&mut self) -> Result<Vec<String>, Error> {
        let known = self.bird.protocols().await?;
        let known: HashSet<String> = known.into_iter().map(|protocol| protocol.name).collect();
        let normal = self.config.protocols().map(|[normal, _drained]| normal);
        Ok(normal.filter(|name| !known.contains(name)).collect())
    }
}

/// The sessions that BIRD closes and opens again.
fn resets(comparison: &Comparison) -> Vec<Reset> {
    let resets = comparison.resets().into_iter();
    resets
        .map(|(session, reasons)| Reset {
            session: session.to_owned(),
            because: reasons.iter().map(|reason| reason.option.clone()).collect(),
        })
        .collect()
}

fn is(file: &Installed, text: &str) -> Result<bool, Error> {
    Ok(file.read()?.is_some_and(|bytes| bytes == text.as_bytes()))
}
