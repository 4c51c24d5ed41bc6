//! Passwords: read from where the configuration says they are, and never shown.

use std::env;
use std::path::{Path, PathBuf};

use nix::sys::prctl::set_dumpable;
use secrecy::ExposeSecret;

use crate::config::PasswordSource;
use crate::files::{self, Exposure, ReadError};
use crate::model::{InvalidPassword, Password};

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The process has no credentials.
    #[error(
        "cannot read the credential {0}: there is no $CREDENTIALS_DIRECTORY, which systemd sets for a unit with `LoadCredential={0}:/path`"
    )]
    NoCredentials(String),
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// What stands there cannot be used.
    #[error("{place}: {source}")]
    Invalid {
        /// The file or the variable.
        place: String,
        /// Why.
        source: InvalidPassword,
    },
}

impl Error {
    /// Whether something stands there that cannot be a password. Otherwise this host or this user has none.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        match self {
            Self::Invalid { .. } => true,
            Self::Read(error) => !matches!(error, ReadError::Io { .. }),
            Self::NoCredentials(_) | Self::Unset(_) => false,
        }
    }
}

/// A password has 80 bytes; the rest is room to say what is wrong instead of that the file is large.
const LIMIT: u64 = 4096;
/// Where systemd says the credentials of a unit are (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Reads a password. From here on nobody else can look into this process, and no core of it is written (prctl(2),
/// `PR_SET_DUMPABLE`): what renders passwords has copies of them.
pub fn read(source: &PasswordSource) -> Result<Password, Error> {
    // Where the kernel will not, the password is still for us alone.
    let _ = set_dumpable(false);
    match source {
        PasswordSource::File(path) => from_file(path),
        PasswordSource::Credential(name) => {
            let directory = env::var_os(CREDENTIALS);
            let directory = directory.ok_or_else(|| Error::NoCredentials(name.to_string()))?;
            from_file(&PathBuf::from(directory).join(name.as_str()))
        }
        PasswordSource::Environment(name) => {
            let value = env::var_os(name.as_str());
            let value = value.ok_or_else(|| Error::Unset(name.to_string()))?;
            let invalid = |source| Error::Invalid {
                place: name.to_string(),
                source,
            };
            let text = value.into_string();
            let text = text.map_err(|_| invalid(InvalidPassword::Control))?;
            Password::new(text).map_err(invalid)
        }
    }
}

/// The only line of a file.
fn from_file(path: &Path) -> Result<Password, Error> {
    // Wiped when it is dropped, as the password itself is.
    let text = files::read_secret(path, LIMIT)?;
    Password::from_file(text.expose_secret()).map_err(|source| Error::Invalid {
        place: path.display().to_string(),
        source,
    })
}

/// What every user of the host may do to the file of a password. systemd gives credentials to the unit alone, and the
/// environment of a process is its user's.
#[must_use]
pub fn exposure(source: &PasswordSource) -> Option<(&Path, Exposure)> {
    match source {
        PasswordSource::File(path) => Some((path.as_path(), files::exposure(path)?)),
        PasswordSource::Credential(_) | PasswordSource::Environment(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_only_line_of_its_file_and_errors_do_not_show_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let source = PasswordSource::File(path.clone());
        assert!(!read(&source).unwrap_err().is_wrong());
        std::fs::write(&path, "hunter2\nhunter3\n").unwrap();
        let error = read(&source).unwrap_err();
        assert!(
            error.is_wrong() && !error.to_string().contains("hunter"),
            "{error}"
        );
        std::fs::write(&path, "hunter2\n").unwrap();
        assert_eq!(read(&source).unwrap().expose(), "hunter2");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let variable = "ANYCASTCTL_TEST_UNSET".parse().unwrap();
        let error = read(&PasswordSource::Environment(variable)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable ANYCASTCTL_TEST_UNSET is not set"
        );
        let path = PasswordSource::Environment("PATH".parse().unwrap());
        assert!(read(&path).is_ok() || read(&path).unwrap_err().is_wrong());
    }

    #[test]
    fn nobody_looks_into_a_process_with_a_password() {
        let path = PasswordSource::Environment("ANYCASTCTL_TEST_UNSET".parse().unwrap());
        assert!(read(&path).is_err());
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
        set_dumpable(true).unwrap();
    }
}
