//! Trials: what `bird -p` says, and what the BIRD that runs says. Nothing that is installed is touched.

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::{Apply, Error, Rendered};
use crate::bird::binary::{self, Binary};
use crate::bird::client;
use crate::bird::command::Command;
use crate::render;

/// BIRD closes the connection at commands of 1,023 bytes.
const LONGEST_COMMAND: usize = 1000;

impl Apply<'_> {
    /// The program on this machine reads the file first: what makes it die must not reach the one that runs.
    pub(super) fn judge(&mut self) -> Result<(), Error> {
        let wanted = &self.config.bird.binary;
        let Some(path) = binary::find(wanted) else {
            let wanted = wanted.display().to_string();
            self.say(&format!(
                "no `{wanted}` on this machine: `bird -p` is left out"
            ));
            return Ok(());
        };
        let binary = Binary::ask(&path)?;
        let judgement = binary.judge(self.config, self.passwords)?;
        let messages = judgement.messages.iter().map(|message| {
            let place = message
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            format!("bird.conf{place}: {}", message.text)
        });
        let messages: Vec<String> = messages.collect();
        if !judgement.accepted {
            let (version, program) = (&binary.version_text, binary.path.display());
            return Err(Error::Refused(format!(
                "BIRD {version} ({program} -p): {}",
                messages.join("; ")
            )));
        }
        for message in messages {
            self.say(&message);
        }
        self.say(&format!(
            "BIRD {} would load it (bird -p)",
            binary.version_text
        ));
        Ok(())
    }

    /// The BIRD that runs reads a trial of both files, which lie beside the real ones.
    pub(super) async fn try_out(&mut self, rendered: &Rendered) -> Result<(), Error> {
        let mut config = self.config.clone();
        config.bird.secrets = self.secrets.trial();
        let text = render::bird(&config)?;
        let command = Command::ConfigureCheckFile(self.conf.trial());
        can_be_said(&self.conf.trial(), &command)?;
        let secrets = rendered.secrets.expose_secret().as_bytes();
        let needed = self.needs_secrets();
        let _secrets = needed
            .then(|| self.secrets.try_out(secrets, self.secrets_rights()))
            .transpose()?;
        let _conf = self.conf.try_out(text.as_bytes(), self.conf_rights())?;
        match self.bird.tell(&command).await {
            Ok(_) => {
                self.say("the BIRD that runs would take it (configure check)");
                Ok(())
            }
            Err(client::Error::Refused { answer, .. }) => {
                let trial = self.conf.trial().display().to_string();
                let answer = answer.replace(&trial, "bird.conf");
                Err(Error::Refused(format!("the BIRD that runs: {answer}")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A link may lead anywhere, also to where BIRD's commands cannot reach.
fn can_be_said(path: &Path, command: &Command) -> Result<(), Error> {
    let length = command.to_string().len();
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && c != '"';
    if length <= LONGEST_COMMAND && path.to_str().is_some_and(|text| text.chars().all(plain)) {
        return Ok(());
    }
    Err(Error::InTheWay(format!(
        "{} cannot be named in a command to BIRD: it is too long, or not plain ASCII",
        path.display()
    )))
}
