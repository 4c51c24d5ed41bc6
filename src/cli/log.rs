//! What the daemon logs.

use clap::{Args, ValueEnum};

/// What is logged, and how.
#[derive(Debug, Clone, Copy, Args)]
pub struct Log {
    /// Log from this level on
    #[arg(
        long,
        value_enum,
        value_name = "LEVEL",
        env = "ANYCASTCTL_LOG_LEVEL",
        default_value_t = LogLevel::Info
    )]
    pub log_level: LogLevel,
    /// How and where to log; lines that nobody takes in time are dropped and counted, nothing waits for them
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        env = "ANYCASTCTL_LOG_FORMAT",
        default_value_t = LogFormat::Auto
    )]
    pub log_format: LogFormat,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// As journald if standard error goes to the journal, as it does under systemd; else as text
    Auto,
    /// To standard error: time, level, message and field=value
    Text,
    /// To standard error: one flat JSON object a line
    Json,
    /// To the journal, with fields: try `journalctl ANYCASTCTL_SERVICE=resolver`
    Journald,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Only what somebody has to see to: BIRD does not answer, a withdraw is not confirmed
    Error,
    /// Also what somebody may have to: others change the state, the configuration is doubtful
    Warn,
    /// Also every decision with its reason, and when BIRD has confirmed it
    Info,
    /// Also the verdict of every probe
    Debug,
}
