//! Between the host and the stage: how one process comes from here to there, and how nothing is left of it.
//!
//! The first process of a process namespace takes all others with it, however it ends; it ends with whoever started it.
//! Its network and its file systems are its own before it does anything else, and `/run` is a memory file system: there
//! stand all files of the stage, and no socket of the host is to be seen.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getpid;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use super::fault::{Cell, Fault, Stakes};
use super::layout;
use super::play::Play;
use super::process::OURSELVES;
use super::promise::{Promise, Sessions};
use super::report::Event;
use super::server;
use super::stage::{Programs, Stage};
use super::witness::Witness;
use crate::config::{Config, Parsed};

/// What is to be played, as it is told to the stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The configuration of the stage.
    pub(crate) text: String,
    pub(crate) programs: Programs,
    pub(crate) faults: Vec<Fault>,
}

/// Where programs are, first of all.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The file system that is covered: nothing there is of any use on the stage.
const COVERED: &str = "/run";

/// All that the files of the stage may take.
const ROOM: &str = "size=256m,mode=0700";

/// Starts the stage. It reads its [`Plan`] from its standard input, and ends when that does.
pub(crate) fn start() -> io::Result<Child> {
    unshare(CloneFlags::CLONE_NEWPID)?;
    let search = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(PATH).chain(std::env::split_paths(&search));
    let search = std::env::join_paths(directories.collect::<Vec<PathBuf>>());
    Command::new(OURSELVES)
        .args(["selftest", "--role", "stage"])
        .env_clear()
        .env("PATH", search.unwrap_or_else(|_| PATH.into()))
        .env("LC_ALL", "C")
        .current_dir("/")
        // An interrupt at the terminal is for the one who started it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Apart from the host, whoever calls this.
pub(crate) fn leave_the_host() -> Result<(), String> {
    let failed = |what: &str, error: Errno| format!("{what}: {error}");
    if getpid().as_raw() != 1 {
        return Err("this is for `anycastctl selftest` to start, and nobody else".to_owned());
    }
    // Only after this there is anything to leave: whoever started us may have ended before.
    set_pdeathsig(Signal::SIGKILL).map_err(|error| failed("prctl", error))?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
        .map_err(|error| failed("cannot make namespaces", error))?;
    let nothing: Option<&str> = None;
    mount(
        nothing,
        "/",
        nothing,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        nothing,
    )
    .map_err(|error| failed("cannot part with the host's file systems", error))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, nothing)
        .map_err(|error| failed("cannot mount /proc", error))?;
    mount(Some("tmpfs"), COVERED, Some("tmpfs"), flags, Some(ROOM))
        .map_err(|error| failed("cannot mount a memory file system", error))
}

/// Plays what standard input asks for, and writes to standard output what comes of it.
pub(crate) async fn play() -> Result<(), String> {
    let mut lines = server::lines().map_err(text)?;
    let first = lines.next_line().await.map_err(text)?.unwrap_or_default();
    let plan: Plan = serde_json::from_str(&first).map_err(text)?;
    let played = async {
        let ended = match all(plan).await {
            Ok(()) => Event::Ended,
            Err(reason) => Event::Failed(reason),
        };
        tell(&ended)
    };
    tokio::select! {
        played = played => played,
        // Nobody looks any more.
        _ = lines.next_line() => Ok(()),
    }
}

async fn all(plan: Plan) -> Result<(), String> {
    let parsed = Config::parse("the self-test's configuration", &plan.text);
    let Parsed { config, .. } = parsed.map_err(text)?;
    let promises = promises(&config);
    let cells = cells(&plan.faults, &config);
    let longest = |time: fn(&Promise) -> std::time::Duration| promises.iter().map(time).max();
    let announced = longest(|promise| promise.announced).unwrap_or_default();
    let withdrawn = longest(|promise| promise.silent).unwrap_or_default();
    let stage = Stage::new(&plan.text, config, plan.programs).await?;
    let services = stage.services();
    let mut playing = Play {
        witness: Witness::new(&stage.witnesses(), services.len()),
        stage,
        services,
        announced,
        withdrawn,
    };
    let cells: Vec<Cell> = cells.into_iter().filter_map(Result::ok).collect();
    playing.all(&cells, tell).await
}

/// What each service of the stage promises.
fn promises(config: &Config) -> Vec<Promise> {
    config.services.iter().filter_map(Promise::of).collect()
}

/// How faults are played with this configuration; an error says why one is not.
pub(crate) fn cells(faults: &[Fault], config: &Config) -> Vec<Result<Cell, String>> {
    let promises = promises(config);
    let stakes = Stakes {
        promises: &promises,
        sessions: Sessions::of(config),
    };
    let cell = |fault: &Fault| {
        let cell = fault.cell(stakes);
        cell.map_err(|reason| format!("{}: not played: {reason}", fault.name()))
    };
    faults.iter().map(cell).collect()
}

/// The neighbours that are looked at, by the operator's names.
pub(crate) fn neighbors(config: &Config) -> Vec<String> {
    let routers = layout::routers(config);
    let names = routers
        .iter()
        .map(|router| router.neighbor.name.to_string());
    let mut names: Vec<String> = names.collect();
    names.dedup();
    names
}

fn tell(event: &Event) -> Result<(), String> {
    use std::io::Write as _;
    let line = serde_json::to_string(event).map_err(text)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(text)
}

fn text(error: impl Display) -> String {
    error.to_string()
}
