//! `anycastctl run`: the daemon.

use std::path::Path;

use tracing::level_filters::LevelFilter;

use super::{Code, Failure, Output, load, runtime};
use crate::cli::{Log, LogFormat, LogLevel};
use crate::config::Parsed;
use crate::{daemon, log};

/// Runs until it is told to stop.
pub fn run(config: &Path, options: Log) -> Result<Output, Failure> {
    let Parsed {
        config: valid,
        warnings,
        ..
    } = load(config)?;
    // The guard writes out what still waits when the daemon ends.
    let _guard = start_log(options);
    // Into the log and not to standard error: nobody may read that, and it must not hold up the start.
    for finding in warnings.findings() {
        tracing::warn!(
            key = finding.path,
            warning = finding.message,
            "doubtful configuration"
        );
    }
    // And with them the text of the whole file.
    drop(warnings);
    let runtime = runtime()?;
    let ended = runtime.block_on(daemon::run(valid, config.to_owned()));
    // Without waiting for file operations that hang.
    runtime.shutdown_background();
    ended
        .map(|()| Output::new(String::new(), Code::Success))
        .map_err(|error| Failure::new(code(&error), &error))
}

fn code(error: &daemon::Error) -> Code {
    match error {
        daemon::Error::NotWithdrawn { .. } | daemon::Error::NotReleased { .. } => Code::Bird,
        daemon::Error::Control(_) | daemon::Error::Signals(_) | daemon::Error::Task(_) => {
            Code::Environment
        }
    }
}

fn start_log(options: Log) -> log::Guard {
    let level = match options.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let format = match options.log_format {
        LogFormat::Auto => log::detect(),
        LogFormat::Text => log::Format::Text,
        LogFormat::Json => log::Format::Json,
        LogFormat::Journald => log::Format::Journal,
    };
    log::start(format, level)
}
