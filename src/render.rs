//! Rendering: a [`Config`] in, the text of BIRD's files and of the host's out.
//!
//! The same configuration gives the same bytes on every host and at every time: no clock, no host name, no
//! order but that of the file. What BIRD does with every construct was tried on 2.0.7 to 3.4.0.

mod context;
pub mod host;
mod router;

#[cfg(test)]
pub(crate) mod tests;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use secrecy::SecretString;
use serde::Serialize;

use crate::config::Config;
use crate::model::{NeighborName, Password};

pub use router::{Router, router};

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A neighbour has a password, which was not given.
    #[error("neighbors.{0}: the password is needed to render the secrets")]
    MissingPassword(NeighborName),
    /// No neighbour has this name.
    #[error("the configuration has no neighbour `{name}`: there are {known}")]
    UnknownNeighbor {
        /// The name that was asked for.
        name: NeighborName,
        /// Those there are, the likeliest first.
        known: String,
    },
    /// The file needs a key of `host` that has no default.
    #[error("host.{key}: missing, and this file cannot be rendered without it: write {what}")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// What to write.
        what: &'static str,
    },
    /// A template and what fills it do not fit.
    #[error("a template is broken, which is a bug in anycastctl: {0}")]
    Template(#[from] minijinja::Error),
}

/// How every rendered file for BIRD begins.
pub const HEADER: &str = "# Managed by anycastctl";

const BIRD: &str = include_str!("../templates/bird.conf.j2");
const SECRETS: &str = include_str!("../templates/secrets.conf.j2");

/// The text of `bird.conf`. Passwords are named in it, not told: it can be committed.
pub fn bird(config: &Config) -> Result<String, Error> {
    fill(BIRD, &context::Bird::new(config))
}

/// The text of the secrets file: one `define` for each neighbour with a password.
pub fn secrets(
    config: &Config,
    passwords: &[(NeighborName, Password)],
) -> Result<SecretString, Error> {
    let context = context::Secrets::new(config, passwords)?;
    fill(SECRETS, &context).map(SecretString::from)
}

fn fill(template: &str, context: &impl Serialize) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true);
    syntax.lstrip_blocks(true);
    syntax.keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    Ok(environment.render_str(template, Serde(context))?)
}
