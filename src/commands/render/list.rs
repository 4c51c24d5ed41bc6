//! `anycastctl render --list`.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::super::{Code, Failure, Output};
use crate::cli::Target;
use crate::render::host::File;

/// A line of the list.
#[derive(Serialize)]
struct Row {
    /// As on the command line.
    target: String,
    /// What it is.
    about: String,
    /// Where it is installed, as far as the configuration does not say otherwise.
    path: &'static str,
}

impl Target {
    fn path(self) -> &'static str {
        match self {
            // The defaults of `bird.config` and `bird.secrets`.
            Self::Bird => "/etc/bird/bird.conf",
            Self::Secrets => "/etc/bird/bird.secrets.conf",
            Self::NetworkdNetdev => File::NetworkdNetdev.path(),
            Self::NetworkdNetwork => File::NetworkdNetwork.path(),
            Self::Ifupdown => File::Ifupdown.path(),
            Self::Sysctl => File::Sysctl.path(),
            Self::Steering => File::Steering.path(),
            Self::Limits => File::Limits.path(),
            Self::Nftables => File::Nftables.path(),
            Self::Neighbor => "on the router",
        }
    }

    /// The name and the help text are those of the command line.
    fn row(self) -> Option<Row> {
        let value = self.to_possible_value()?;
        Some(Row {
            target: value.get_name().to_owned(),
            about: value.get_help().map(ToString::to_string)?,
            path: self.path(),
        })
    }
}

/// Every target, what it is and where it is installed.
pub(super) fn list(json: bool) -> Result<Output, Failure> {
    let targets = Target::value_variants().iter();
    let rows: Vec<Row> = targets.filter_map(|target| target.row()).collect();
    let text = if json {
        let text = serde_json::to_string_pretty(&rows);
        text.map_err(|error| Failure::new(Code::Environment, &error))? + "\n"
    } else {
        table(&rows)
    };
    Ok(Output::new(text, Code::Success))
}

/// One line each, in columns.
fn table(rows: &[Row]) -> String {
    let target = rows.iter().map(|row| row.target.len()).max();
    let path = rows.iter().map(|row| row.path.len()).max();
    let (target, path) = (target.unwrap_or_default(), path.unwrap_or_default());
    rows.iter().fold(String::new(), |mut text, row| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:target$}  {:path$}  {}",
            row.target, row.path, row.about
        );
        text
    })
}
