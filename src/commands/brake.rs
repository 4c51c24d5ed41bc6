//! `anycastctl brake`: withdraws everything when there is no daemon that could.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Code, Failure, Output, document, load, runtime, terminal, written};
use crate::brake::{self, Bird, Protocol, Report, State, Target};
use crate::cli::Brake;
use crate::columns::{BAD, GOOD, PLAIN, Page, WARN, cell, plain};
use crate::config::{Config, defaults};
use crate::control::{self, Excluded, exclude_daemon};
use crate::history::{Event, Record};
use crate::history_store;
use crate::intent;

/// How long the disk may take for the configuration, and for the history.
const DISK: Duration = Duration::from_secs(2);

/// What was found before anything was done.
struct Site {
    target: Target,
    state_dir: PathBuf,
    /// Whether the socket is but a guess.
    guessed: bool,
    talk: String,
    /// As long as this is there, no daemon starts.
    _excluded: Option<Excluded>,
}

/// Applies the brake.
pub fn brake(config: &Path, options: Brake) -> Result<Output, Failure> {
    let runtime = runtime()?;
    let output = apply(&runtime, config, options);
    // Without waiting for file operations that hang.
    runtime.shutdown_background();
    output
}

fn apply(runtime: &Runtime, config: &Path, options: Brake) -> Result<Output, Failure> {
    let (patience, json) = (options.wait, options.json);
    let site = find(runtime, config, options)?;
    let report = runtime.block_on(brake::pull(&site.target, patience.duration()));
    let (code, words) = outcome(&report, &site);
    let record = Record {
        at: report.at,
        event: event(&report),
    };
    runtime.block_on(remember(site.state_dir, record));
    let stdout = if json {
        document(&report)?
    } else {
        lines(&report.protocols)?
    };
    Ok(Output {
        stdout,
        stderr: site.talk + &words,
        code,
    })
}

/// What the disk says.
struct Look {
    /// The daemon's control socket.
    control: PathBuf,
    /// The configuration, or what is wrong with it.
    config: Result<Config, String>,
    excluded: Result<Excluded, control::Error>,
    /// What to say about protocols that are not protected.
    unprotected: String,
}

impl Look {
    fn take(config: &Path, control: Option<PathBuf>) -> Self {
        let config = load(config)
            .map(|parsed| parsed.config)
            .map_err(|failure| failure.message);
        let configured = config.as_ref().ok();
        let control = control.or_else(|| Some(configured?.daemon.control.clone()));
        let control = control.unwrap_or_else(|| defaults::CONTROL.into());
        Self {
            excluded: exclude_daemon(&control),
            control,
            unprotected: config.as_ref().map(unprotected).unwrap_or_default(),
            config,
        }
    }
}

/// Looks up where everything is. A disk that hangs leaves the defaults.
fn find(runtime: &Runtime, path: &Path, options: Brake) -> Result<Site, Failure> {
    let looking = {
        let (path, control) = (path.to_owned(), options.control.clone());
        bounded(move || Look::take(&path, control))
    };
    let Some(look) = runtime.block_on(looking) else {
        let talk = format!(
            "{} could not be read within {} s: whether a daemon runs is not known.\n",
            path.display(),
            DISK.as_secs()
        );
        return Ok(site(None, options, talk, None));
    };
    let excluded = look.excluded.map_err(|error| refused(&error))?;
    let (config, mut talk) = match look.config {
        Ok(config) => (Some(config), look.unprotected),
        Err(message) => (None, format!("{}\n", message.trim_end())),
    };
    if !excluded.knows_a_daemon() {
        let _ = writeln!(
            talk,
            "No daemon has run with the control socket {} since its directory was made. If one runs with another, it \
             announces again what is withdrawn here: then give that with --control.",
            look.control.display()
        );
    }
    Ok(site(config, options, talk, Some(excluded)))
}

async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    timeout(DISK, spawn_blocking(work)).await.ok()?.ok()
}

/// A daemon runs, or nobody can tell.
fn refused(error: &control::Error) -> Failure {
    match error {
        control::Error::InUse(socket) => Failure::new(
            Code::NotAsWanted,
            &format!(
                "a daemon runs with the control socket {}, and would announce again: nothing was touched. Let it \
                 withdraw everything with `anycastctl withdraw --all`. One that no longer works has to be killed \
                 first: `systemctl kill --signal=KILL anycastctl`",
                socket.display()
            ),
        ),
        error => Failure::new(
            Code::Environment,
            &format!(
                "{error}: whether a daemon runs cannot be told, so nothing was touched. Run this as root or as the \
                 daemon's user"
            ),
        ),
    }
}

fn site(
    config: Option<Config>,
    options: Brake,
    mut talk: String,
    excluded: Option<Excluded>,
) -> Site {
    let guessed = config.is_none() && options.socket.is_none();
    let bird = config.as_ref().map(|config| &config.bird);
    let socket = options
        .socket
        .or_else(|| bird.map(|bird| bird.socket.clone()));
    let intent_dir = options
        .intent_dir
        .or_else(|| bird.map(|bird| bird.intent_dir.clone()));
    let target = Target {
        socket: socket.unwrap_or_else(|| defaults::BIRD_SOCKET.into()),
        intent_dir: intent_dir.unwrap_or_else(|| defaults::INTENT_DIR.into()),
        protocols: config
            .iter()
            .flat_map(|config| config.protocols().flatten())
            .collect(),
    };
    if config.is_none() {
        let (socket, intents) = (target.socket.display(), target.intent_dir.display());
        let _ = writeln!(
            talk,
            "The configuration cannot be used: the brake goes to BIRD at {socket} and to the intent files in {intents} \
             (--socket, --intent-dir)."
        );
    }
    Site {
        target,
        state_dir: config.map_or_else(
            || defaults::STATE_DIR.into(),
            |config| config.daemon.state_dir,
        ),
        guessed,
        talk,
        _excluded: excluded,
    }
}

/// A word about protocols whose intent files BIRD does not read; none if that is not known.
fn unprotected(config: &Config) -> String {
    let names: Vec<_> = config.protocols().map(|[normal, _]| normal).collect();
    let Some(protected) = intent::protected(&config.bird, names.iter().cloned()) else {
        return String::new();
    };
    let open: Vec<_> = names
        .into_iter()
        .filter(|name| !protected.contains(name))
        .collect();
    if open.is_empty() {
        return String::new();
    }
    format!(
        "bird.conf does not include the intent files of {}: a `birdc configure` or a start of BIRD announces again \
         what is withdrawn here, unless bird.conf itself says `disabled;`.\n",
        open.join(", ")
    )
}

/// How to exit, and what to say about it.
fn outcome(report: &Report, site: &Site) -> (Code, String) {
    let socket = site.target.socket.display();
    let error = report.error.as_deref().unwrap_or_default();
    let files_are_gone = report.problems.is_empty();
    let (code, mut words) = match report.bird {
        Bird::Confirmed => (
            Code::Success,
            "BIRD has confirmed: nothing is announced. `systemctl start anycastctl` announces again what is healthy.\n"
                .to_owned(),
        ),
        Bird::Away if site.guessed => (
            Code::Environment,
            format!(
                "Nobody answers at {socket}. A BIRD that does not run announces nothing and will start withdrawn; but \
                 the configuration may have named another socket: give it with --socket.\n"
            ),
        ),
        Bird::Away => (
            Code::Success,
            format!(
                "Nobody answers at {socket}: BIRD does not run, and without intent files it will start withdrawn.\n"
            ),
        ),
        Bird::Unconfirmed if files_are_gone => (
            Code::Bird,
            format!(
                "BIRD has not confirmed: {error}. It may still announce. The intent files are gone, so that it \
                 withdraws when it next reads its configuration (`birdc configure`) or is restarted. Run this again \
                 until it exits with 0, or end BIRD.\n"
            ),
        ),
        Bird::Unconfirmed => (
            Code::Bird,
            format!("BIRD has not confirmed: {error}. It may still announce: end it.\n"),
        ),
        Bird::Closed => (
            Code::Environment,
            format!("BIRD was not told anything: {error}. It may still announce.\n"),
        ),
    };
    for problem in &report.problems {
        let _ = writeln!(words, "{problem}.");
    }
    match code {
        Code::Success if !files_are_gone => (Code::Environment, words),
        code => (code, words),
    }
}

fn lines(protocols: &[Protocol]) -> Result<String, Failure> {
    if protocols.is_empty() {
        return Ok("nothing was announced\n".to_owned());
    }
    let rows: Vec<_> = protocols
        .iter()
        .map(|Protocol { name, was, is }| {
            let what = if was == is {
                word(*is).to_owned()
            } else {
                format!("{} -> {}", word(*was), word(*is))
            };
            let style = match is {
                State::Down | State::Missing | State::Enabled => GOOD,
                State::Disabled => PLAIN,
                State::Held | State::Changing => WARN,
                State::Up | State::Unknown => BAD,
            };
            vec![plain(name), cell(&what, style)]
        })
        .collect();
    let width = terminal::width();
    written(|out| Page { out, width }.columns(&rows))
}

fn word(state: State) -> &'static str {
    match state {
        State::Up => "announced",
        State::Down => "withdrawn",
        State::Changing => "changing",
        State::Held => "kept disabled",
        State::Enabled => "enabled",
        State::Disabled => "disabled by somebody else",
        State::Missing => "not in BIRD",
        State::Unknown => "unknown",
    }
}

fn event(report: &Report) -> Event {
    let announced =
        |protocol: &&Protocol| matches!(protocol.was, State::Up | State::Changing | State::Unknown);
    let bird = match report.bird {
        Bird::Confirmed => "confirmed",
        Bird::Away => "away",
        Bird::Unconfirmed => "not confirmed",
        Bird::Closed => "not told",
    };
    Event::Braked {
        withdrawn: report.protocols.iter().filter(announced).count(),
        bird: bird.to_owned(),
    }
}

/// In the history, where that is possible: the brake is not about that.
async fn remember(directory: PathBuf, record: Record) {
    let added = bounded(move || history_store::add(&directory, &record)).await;
    if let Some(Err(error)) = added {
        tracing::debug!(%error, "the history does not tell of the brake");
    }
}
