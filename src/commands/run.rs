//! `anycastctl run`: the daemon.

use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Code, Failure, Output, load, runtime};
use crate::cli::LogLevel;
use crate::daemon;

/// So many log lines wait for a slow reader; more are dropped.
const LOG_LINES: usize = 4096;

/// Runs until it is told to stop.
pub fn run(config: &Path, level: LogLevel) -> Result<Output, Failure> {
    let parsed = load(config)?;
    // The guard writes out what still waits when the daemon ends.
    let _guard = start_log(level);
    // Into the log and not to standard error: nobody may read that, and it must not hold up the start.
    for finding in parsed.warnings.findings() {
        tracing::warn!(
            key = finding.path,
            warning = finding.message,
            "doubtful configuration"
        );
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(daemon::run(parsed.config));
    // Without waiting for file operations that hang.
    runtime.shutdown_background();
    ended
        .map(|()| Output::new(String::new(), Code::Success))
        .map_err(|error| Failure::new(code(&error), &error))
}

fn code(error: &daemon::Error) -> Code {
    match error {
        daemon::Error::NotWithdrawn { .. } => Code::Bird,
        daemon::Error::Control(_) | daemon::Error::Signals(_) | daemon::Error::Task(_) => {
            Code::Environment
        }
    }
}

/// A reader of the log that is slow, or gone, must not delay a withdraw: lines are dropped instead.
fn start_log(level: LogLevel) -> tracing_appender::non_blocking::WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .buffered_lines_limit(LOG_LINES)
        .lossy(true)
        .finish(std::io::stderr());
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false);
    // Libraries stay silent: what they would log is the network's text as it came.
    let own = Targets::new().with_target("anycastctl", level);
    tracing_subscriber::registry().with(lines).with(own).init();
    guard
}
