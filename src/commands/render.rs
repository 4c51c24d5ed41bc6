//! `anycastctl render`: the files for BIRD, to standard output or installed whole.

use std::path::Path;

use secrecy::ExposeSecret;

use super::{Code, Failure, Output, load, secrets};
use crate::cli::Target;
use crate::config::{Parsed, Severity};
use crate::{files, render};

impl Target {
    /// The mode of the written file: passwords are for root and BIRD's group alone.
    fn mode(self) -> u32 {
        match self {
            Self::Bird => 0o644,
            Self::Secrets => 0o640,
        }
    }
}

/// Renders a file to standard output, or writes it to `output` as a whole or not at all. Warnings about the
/// configuration go to standard error.
pub fn render(config: &Path, target: Target, output: Option<&Path>) -> Result<Output, Failure> {
    let mut parsed = load(config)?;
    let text = match target {
        Target::Bird => bird(&parsed)?,
        Target::Secrets => passwords(&mut parsed)?,
    };
    let stdout = match output {
        None => text,
        Some(path) => {
            files::write_atomically(path, &text, target.mode()).map_err(|error| {
                let message = format!(
                    "cannot write {}: {error}; what was there is unchanged",
                    path.display()
                );
                Failure::new(Code::Environment, &message)
            })?;
            String::new()
        }
    };
    Ok(Output {
        stdout,
        stderr: parsed.warnings.to_string(),
        code: Code::Success,
    })
}

fn bird(parsed: &Parsed) -> Result<String, Failure> {
    render::bird(&parsed.config).map_err(|error| Failure::new(Code::Environment, &error))
}

fn passwords(parsed: &mut Parsed) -> Result<String, Failure> {
    let passwords = secrets::read(parsed, Severity::Error);
    if let Some(code) = passwords.failed {
        return Err(Failure::new(code, &parsed.warnings));
    }
    render::secrets(&parsed.config, &passwords.known)
        .map(|text| text.expose_secret().to_owned())
        .map_err(|error| Failure::new(Code::Environment, &error))
}
