//! The program `bird`: where it is, which release it is, and what it says about a rendered file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use secrecy::ExposeSecret;

use crate::config::{BirdLog, Config};
use crate::files;
use crate::model::{BirdVersion, NeighborName, Password};
use crate::render;

/// Why the program could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started, or its private directory not be made.
    #[error("cannot run {}: {source}", program.display())]
    Io {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("{} did not end within {} s and was killed", program.display(), DEADLINE.as_secs())]
    Timeout {
        /// The program.
        program: PathBuf,
    },
    /// It is no BIRD.
    #[error("{} is not BIRD: `--version` says `{said}`", program.display())]
    NotBird {
        /// The program.
        program: PathBuf,
        /// The beginning of what it says.
        said: String,
    },
    /// There is nothing to give it.
    #[error(transparent)]
    Render(#[from] render::Error),
}

/// Parsing takes milliseconds; this is for a machine that is stuck.
const DEADLINE: Duration = Duration::from_secs(10);
/// Between looks at whether the program has ended.
const PAUSE: Duration = Duration::from_millis(2);
/// So much of what the program says is read, in bytes.
const OUTPUT_LIMIT: u64 = 64 * 1024;
/// Where distributions put `bird`, which the `PATH` of ordinary users lacks.
const MORE_DIRECTORIES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// A `bird` that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// The program.
    pub path: PathBuf,
    /// Its release as it says, for people.
    pub version_text: String,
    /// Its release; `None` if it is older than any that is supported, or says so in an unknown way.
    pub version: Option<BirdVersion>,
}

/// What BIRD says about a rendered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it would load the file.
    pub accepted: bool,
    /// Errors and warnings.
    pub messages: Vec<Message>,
}

/// One line of what BIRD says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Message {
    /// The line of `bird.conf`, from 1, if the message names one.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
    /// The rendered line.
    pub rendered: Option<String>,
}

/// Looks a program up as a shell does, and where distributions hide daemons.
#[must_use]
pub fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() {
        return program.is_file().then(|| program.to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(MORE_DIRECTORIES.map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

impl Binary {
    /// Asks a program which BIRD it is.
    pub fn ask(path: &Path) -> Result<Self, Error> {
        let (_, said) = run(path, &["--version"])?;
        let version = said
            .lines()
            .find_map(|line| line.strip_prefix("BIRD version "));
        let version_text = version.ok_or_else(|| Error::NotBird {
            program: path.to_owned(),
            said: said.chars().take(80).collect(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            version_text: version_text.trim().to_owned(),
            version: BirdVersion::told(version_text),
        })
    }

    /// Renders a configuration into a private directory and has it parsed there. Of the paths of the
    /// configuration only `bird.include` is opened, and what is [`missing`] of that counts as empty:
    /// `bird -p` needs no rights and no socket.
    pub fn judge(
        &self,
        config: &Config,
        passwords: &[(NeighborName, Password)],
    ) -> Result<Judgement, Error> {
        let directory = tempfile::tempdir().map_err(|source| self.io(source))?;
        let config = moved(config, directory.path());
        let text = render::bird(&config)?;
        let secrets = render::secrets(&config, passwords)?;
        let files = [
            (&placeholder(directory.path()), ""),
            (&config.bird.secrets, secrets.expose_secret()),
            (&config.bird.config, text.as_str()),
        ];
        for (path, text) in files {
            files::write_atomically(path, text, 0o600).map_err(|source| self.io(source))?;
        }
        let file = config.bird.config.display().to_string();
        let (status, said) = run(&self.path, &["-p", "-c", &file])?;
        let lines = said.lines().filter(|line| !line.trim().is_empty());
        Ok(Judgement {
            accepted: status.success(),
            messages: lines
                .map(|line| message(line, &file, &text))
                .chain(died(status))
                .collect(),
        })
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io {
            program: self.path.clone(),
            source,
        }
    }
}

/// The files of `bird.include` that are not on this machine, as in CI.
#[must_use]
pub fn missing(config: &Config) -> Vec<PathBuf> {
    let included = config.bird.include.iter();
    included.filter(|path| !path.exists()).cloned().collect()
}

/// An empty file that stands for all that are missing.
fn placeholder(directory: &Path) -> PathBuf {
    directory.join("missing.conf")
}

/// The configuration with every path that BIRD would open moved into a directory. Files that people wrote
/// stay where they are: they may include others next to them.
fn moved(config: &Config, directory: &Path) -> Config {
    let mut config = config.clone();
    config.bird.config = directory.join("bird.conf");
    config.bird.secrets = directory.join("secrets.conf");
    config.bird.intent_dir = directory.join("intent");
    if let BirdLog::File(path) = &mut config.bird.log {
        *path = directory.join("log");
    }
    let missing = missing(&config);
    for path in &mut config.bird.include {
        if missing.contains(path) {
            *path = placeholder(directory);
        }
    }
    config
}

/// BIRD aborts on some input instead of refusing it, and says nothing.
fn died(status: ExitStatus) -> Option<Message> {
    let signal = status.signal()?;
    Some(Message {
        line: None,
        text: format!("BIRD died of signal {signal} while it read the file"),
        rendered: None,
    })
}

/// Takes `bird: <time and class in BIRD 3> <file>:<line>:<column> <text>` apart.
fn message(said: &str, file: &str, rendered: &str) -> Message {
    let place = said.split_once(&format!("{file}:")).and_then(|(_, rest)| {
        let (line, rest) = rest.split_once(':')?;
        let text = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        Some((line.parse::<usize>().ok()?, text.trim_start_matches(':')))
    });
    let (line, text) = match place {
        Some((line, text)) => (Some(line), text),
        None => (None, said.strip_prefix("bird: ").unwrap_or(said)),
    };
    let rendered = line.and_then(|line| rendered.lines().nth(line.checked_sub(1)?));
    Message {
        line,
        text: text.trim().to_owned(),
        rendered: rendered.map(|line| line.trim().to_owned()),
    }
}

/// Runs a program to its end; returns what it wrote to standard error, where BIRD says everything.
fn run(program: &Path, arguments: &[&str]) -> Result<(ExitStatus, String), Error> {
    let io = |source| Error::Io {
        program: program.to_owned(),
        source,
    };
    // A file and not a pipe: a program that says more than a pipe holds must not wait for a reader.
    let said = tempfile::NamedTempFile::new().map_err(io)?;
    let child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said.reopen().map_err(io)?)
        .spawn()
        .map_err(io)?;
    let status = wait(child).map_err(io)?.ok_or_else(|| Error::Timeout {
        program: program.to_owned(),
    })?;
    let text = beginning(said.as_file()).map_err(io)?;
    Ok((status, text))
}

/// `None`: it was killed at the deadline.
fn wait(mut child: Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

fn beginning(file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(OUTPUT_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_bird_2_and_3_are_taken_apart() {
        for (said, line, text) in [
            (
                "bird: /t/bird.conf:2:3 syntax error, unexpected X",
                Some(2),
                "syntax error, unexpected X",
            ),
            (
                "bird: 2026-11-22 22:11:15.971 [0001] <WARN> /t/bird.conf:1:1: Missing",
                Some(1),
                "Missing",
            ),
            (
                "bird: No protocol is specified in the config file",
                None,
                "No protocol is specified in the config file",
            ),
            ("bird: /t/bird.conf:99:1 x", Some(99), "x"),
            ("bird: /t/bird.conf:x", None, "/t/bird.conf:x"),
        ] {
            let message = message(said, "/t/bird.conf", "one\n  two\n");
            assert_eq!((message.line, message.text.as_str()), (line, text));
        }
        let shown = message("bird: /t/bird.conf:2:3 x", "/t/bird.conf", "one\n  two\n");
        assert_eq!(shown.rendered.as_deref(), Some("two"));
    }

    #[test]
    fn programs_that_are_no_bird_are_told_apart() {
        let echo = find(Path::new("true")).unwrap();
        assert!(matches!(Binary::ask(&echo), Err(Error::NotBird { .. })));
        let missing = Path::new("/nonexistent/bird");
        assert_eq!(find(missing), None);
        assert!(matches!(Binary::ask(missing), Err(Error::Io { .. })));
    }
}
