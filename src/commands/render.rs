//! `anycastctl render`: the files for BIRD, for the host and for the router opposite, to standard output or installed whole.

mod compare;
mod list;

use std::fmt::Write;
use std::path::Path;

use secrecy::ExposeSecret;

use super::{Code, Failure, Output, load, secrets};
use crate::cli::{self, Opposite, Router, Target};
use crate::config::{Parsed, Severity};
use crate::render::host::{self, File, Rendered};
use crate::{files, render};

/// A neighbour or a router was named, and the target has none.
const NOT_OPPOSITE: &str = "a neighbour's name and `--for` belong to `render neighbor`: write `anycastctl render neighbor NAME --for frr`";

impl Opposite {
    fn is_named(&self) -> bool {
        self.neighbor.is_some() || self.router.is_some()
    }
}

impl From<Router> for render::Router {
    fn from(router: Router) -> Self {
        match router {
            Router::Frr => Self::Frr,
            Router::Bird => Self::Bird,
            Router::Junos => Self::Junos,
            Router::Eos => Self::Eos,
        }
    }
}

impl Target {
    /// The mode of a new file: passwords are for root and BIRD's group alone.
    fn mode(self) -> u32 {
        if self == Self::Secrets { 0o640 } else { 0o644 }
    }
}

/// Renders a file: to standard output, to a file as a whole or not at all, or only to compare it with one.
/// Warnings about the configuration go to standard error.
pub fn render(config: &Path, options: &cli::Render) -> Result<Output, Failure> {
    if options.list {
        return list::list(options.json);
    }
    let mut parsed = load(config)?;
    let Rendered { text, notes } = text(config, &mut parsed, options)?;
    let mut output = match (&options.output, &options.check) {
        (Some(path), _) => install(path, &text, options.target)?,
        (None, Some(path)) => compare::compare(path, &text, options.target)?,
        (None, None) => Output::new(text, Code::Success),
    };
    let talk = std::mem::take(&mut output.stderr);
    output.stderr = parsed.warnings.to_string();
    for line in notes
        .into_iter()
        .chain([talk])
        .filter(|line| !line.is_empty())
    {
        // Writing to a String cannot fail.
        let _ = writeln!(output.stderr, "{line}");
    }
    Ok(output)
}

fn text(path: &Path, parsed: &mut Parsed, options: &cli::Render) -> Result<Rendered, Failure> {
    let rendered = match options.target {
        Target::Neighbor => return router(parsed, &options.opposite),
        _ if options.opposite.is_named() => return Err(Failure::new(Code::Usage, &NOT_OPPOSITE)),
        Target::Bird => render::bird(&parsed.config).map(Rendered::from),
        Target::Secrets => return passwords(parsed).map(Rendered::from),
        Target::NetworkdNetdev => host::host(&parsed.config, File::NetworkdNetdev),
        Target::NetworkdNetwork => host::host(&parsed.config, File::NetworkdNetwork),
        Target::Ifupdown => host::host(&parsed.config, File::Ifupdown),
        Target::Sysctl => host::host(&parsed.config, File::Sysctl),
        Target::Steering => host::host(&parsed.config, File::Steering),
        Target::Limits => host::host(&parsed.config, File::Limits),
        Target::Nftables => host::host(&parsed.config, File::Nftables),
    };
    rendered.map_err(|error| failure(path, &error))
}

fn failure(path: &Path, error: &render::Error) -> Failure {
    match error {
        render::Error::MissingKey { .. } => {
            Failure::new(Code::Usage, &format!("{}: {error}", path.display()))
        }
        _ => Failure::new(Code::Environment, error),
    }
}

fn router(parsed: &Parsed, opposite: &Opposite) -> Result<Rendered, Failure> {
    let (Some(name), Some(router)) = (&opposite.neighbor, opposite.router) else {
        return Err(Failure::new(Code::Usage, &NOT_OPPOSITE));
    };
    let text = render::router(&parsed.config, name, router.into()).map_err(|error| {
        let is_unknown = matches!(error, render::Error::UnknownNeighbor { .. });
        let code = if is_unknown {
            Code::Usage
        } else {
            Code::Environment
        };
        Failure::new(code, &error)
    })?;
    Ok(Rendered::from(text))
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

fn install(path: &Path, text: &str, target: Target) -> Result<Output, Failure> {
    let shown = path.display();
    let had = files::install(path, text, target.mode()).map_err(|error| {
        let message = format!("cannot write {shown}: {error}; what was there is unchanged");
        Failure::new(Code::Environment, &message)
    })?;
    let tightened = had.map(|mode| {
        format!("{shown}: was open to every user of this host (mode {mode:04o}), and no longer is; change the passwords if the old file held any of them")
    });
    Ok(Output {
        stdout: String::new(),
        stderr: tightened.unwrap_or_default(),
        code: Code::Success,
    })
}
