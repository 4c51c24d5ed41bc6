//! `anycastctl why`: the reasons of a service in plain sentences.

use std::path::{Path, PathBuf};

use super::source::Source;
use super::status::find;
use super::{Code, Failure, Output, document, terminal, written};
use crate::model::ServiceName;
use crate::status::{self, write_explanation};

/// Explains a service.
pub fn why(
    config: &Path,
    control: Option<PathBuf>,
    service: &ServiceName,
    json: bool,
) -> Result<Output, Failure> {
    let source = Source::find(config, control);
    let snapshot = source.snapshot()?;
    let explanation = status::why(&snapshot, find(&snapshot, service)?);
    let stdout = if json {
        document(&explanation)?
    } else {
        written(|out| write_explanation(&explanation, terminal::width(), out))?
    };
    Ok(Output {
        stdout,
        stderr: source.talk,
        code: Code::Success,
    })
}
