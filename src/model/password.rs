//! MD5 passwords of BGP sessions (RFC 2385), refused where BIRD or the kernel would misread them.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// Why a password was refused. Never shows the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Nothing there.
    #[error("the password is empty")]
    Empty,
    /// Longer than the kernel takes: BIRD would accept it and the session would never come up.
    #[error("the password has {0} bytes, and Linux takes at most 80 (TCP_MD5SIG_MAXKEYLEN)")]
    TooLong(usize),
    /// BIRD's strings have no escapes.
    #[error("the password has a double quote in it, which BIRD's configuration cannot express")]
    Quote,
    /// A line break, a tab or worse: the neighbour's would differ by something nobody sees.
    #[error("the password has a control character in it (a second line, or a carriage return?)")]
    Control,
}

/// The longest key of `TCP_MD5SIG`, in bytes.
const MAX_LENGTH: usize = 80;

/// A password: 1 to 80 bytes, without control characters and double quotes. Cannot be printed, and is wiped
/// from memory when it is dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes a password as it is, without trimming.
    pub fn new(text: String) -> Result<Self, InvalidPassword> {
        let secret = SecretString::from(text);
        match secret.expose_secret() {
            "" => Err(InvalidPassword::Empty),
            text if text.len() > MAX_LENGTH => Err(InvalidPassword::TooLong(text.len())),
            text if text.contains('"') => Err(InvalidPassword::Quote),
            text if text.contains(char::is_control) => Err(InvalidPassword::Control),
            _ => Ok(Self(secret)),
        }
    }

    /// Takes what stands in a file, without the one line break that editors put at its end.
    pub fn from_file(text: &str) -> Result<Self, InvalidPassword> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        Self::new(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }

    /// The password itself, for BIRD's secrets file.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_password() {
        for (file, password) in [
            ("a", Ok("a")),
            ("a\n", Ok("a")),
            ("a\r\n", Ok("a")),
            ("p\\a'ss;#w}ord/*x*/é \n", Ok("p\\a'ss;#w}ord/*x*/é ")),
            ("a\n\n", Err(InvalidPassword::Control)),
            ("a\rb", Err(InvalidPassword::Control)),
            ("a\0b", Err(InvalidPassword::Control)),
            ("\n", Err(InvalidPassword::Empty)),
            ("", Err(InvalidPassword::Empty)),
            (
                "a\"; passive on; description \"b",
                Err(InvalidPassword::Quote),
            ),
        ] {
            let read = Password::from_file(file);
            assert_eq!(
                read.as_ref().map(Password::expose).map_err(|e| *e),
                password
            );
        }
    }

    #[test]
    fn the_longest_password_has_eighty_bytes_and_none_is_printed() {
        let longest = Password::new("x".repeat(80)).unwrap();
        assert!(!format!("{longest:?}").contains('x'));
        let error = Password::new("é".repeat(41)).unwrap_err();
        assert_eq!(error, InvalidPassword::TooLong(82));
    }
}
