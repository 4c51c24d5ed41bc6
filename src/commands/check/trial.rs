//! Giving the rendered file to BIRD.

use std::path::{Path, PathBuf};

use super::super::{Code, Failure};
use crate::bird::binary::{self, Binary, Judgement};
use crate::config::Config;
use crate::model::{NeighborName, Password};

/// What came of giving the rendered file to one BIRD.
pub(super) enum Trial {
    /// There is no such program.
    NoBinary(String),
    /// It was tried.
    Done {
        binary: Binary,
        judgement: Judgement,
        /// A warning if the program is older than the release that the file is rendered for.
        older: Option<String>,
    },
}

impl Trial {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Done { judgement, .. } if !judgement.accepted)
    }
}

/// Tries every program that was named, each of which has to be there; or else the one of the configuration,
/// which a machine that only checks need not have.
pub(super) fn all(
    config: &Config,
    passwords: &[(NeighborName, Password)],
    programs: &[PathBuf],
) -> Result<Vec<Trial>, Failure> {
    if programs.is_empty() {
        let wanted = &config.bird.binary;
        let trial = match binary::find(wanted) {
            Some(path) => one(config, passwords, &path)?,
            None => Trial::NoBinary(wanted.display().to_string()),
        };
        return Ok(vec![trial]);
    }
    let found = programs.iter().map(|program| {
        let found = binary::find(program).ok_or_else(|| {
            let message = format!("there is no program {}, named by --bird", program.display());
            Failure::new(Code::Environment, &message)
        });
        one(config, passwords, &found?)
    });
    found.collect()
}

fn one(
    config: &Config,
    passwords: &[(NeighborName, Password)],
    path: &Path,
) -> Result<Trial, Failure> {
    let failure = |error: binary::Error| Failure::new(Code::Environment, &error);
    let binary = Binary::ask(path).map_err(failure)?;
    let judgement = binary.judge(config, passwords).map_err(failure)?;
    let target = config.bird.version;
    let is_older = binary.version.is_none_or(|version| version < target);
    let older = is_older.then(|| {
        let has = &binary.version_text;
        format!("this BIRD is {has}, older than `bird.version` {target}, which the file is rendered for: try it on the release that will load it")
    });
    Ok(Trial::Done {
        binary,
        judgement,
        older,
    })
}
