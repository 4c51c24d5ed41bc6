//! `anycastctl metrics`: the daemon's metrics, for node_exporter's textfile collector or to look at.

use std::path::{Path, PathBuf};

use super::source::Source;
use super::{Code, Failure, Output, runtime};
use crate::cli::MetricsFormat;
use crate::control::{self, Request, Response};
use crate::files;
use crate::metrics::{self, Format};

/// Everybody may read them, node_exporter above all.
const MODE: u32 = 0o644;

/// Prints the metrics, or writes a file as a whole. Where the daemon does not answer, that is what they say.
pub fn metrics(
    config: &Path,
    control: Option<PathBuf>,
    output: Option<&Path>,
    format: MetricsFormat,
) -> Result<Output, Failure> {
    let Source {
        control,
        talk: mut stderr,
        ..
    } = Source::find(config, control);
    let (text, code) = match ask(&control)? {
        Ok(text) => (text, Code::Success),
        Err(reason) => {
            stderr.push_str(&reason);
            (metrics::absent(), Code::Environment)
        }
    };
    let text = match format {
        MetricsFormat::Openmetrics => Format::OpenMetrics.of(text),
        MetricsFormat::Text => Format::Text.of(text),
    };
    let stdout = match output {
        None => text,
        Some(path) => {
            write(path, &text)?;
            String::new()
        }
    };
    Ok(Output {
        stdout,
        stderr,
        code,
    })
}

/// The metrics, or why there are none.
fn ask(control: &Path) -> Result<Result<String, String>, Failure> {
    Ok(
        match runtime()?.block_on(control::ask(control, Request::Metrics)) {
            Ok(Response::Metrics(text)) => Ok(text),
            Ok(_) => Err(control::Error::Mismatch.to_string()),
            Err(error) => Err(error.to_string()),
        },
    )
}

/// The collector reads every file that ends in `.prom`: the one being written does not.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    files::write_atomically(path, text, MODE).map_err(|error| {
        let message = format!(
            "cannot write {}: {error}. The metrics in it stay as they were",
            path.display()
        );
        Failure::new(Code::Environment, &message)
    })
}
