//! Names that others have given: BIRD's protocols, systemd credentials, environment variables.

use std::fmt;
use std::str::FromStr;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSymbol {
    /// No name of a protocol.
    #[error(
        "`{0}` is no name of a protocol in BIRD: 1 to 64 letters, digits and `_`, the first one no digit"
    )]
    Protocol(String),
    /// No name of a credential.
    #[error("`{0}` is no name of a systemd credential: letters, digits and `_.-`, no path")]
    Credential(String),
    /// No name of a variable.
    #[error(
        "`{0}` is no name of an environment variable: letters, digits and `_`, the first one no digit"
    )]
    Variable(String),
}

macro_rules! symbol {
    ($(#[$doc:meta])* $type:ident, $error:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidSymbol;

            fn from_str(text: &str) -> Result<Self, InvalidSymbol> {
                let rule: fn(&str) -> bool = $rule;
                if rule(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidSymbol::$error(text.to_owned()))
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

symbol! {
    /// A protocol in a BIRD configuration that was written by hand. Names in apostrophes, which may hold
    /// more characters, are left out, and so is `all`, which is every protocol even there (measured, 2.0.12 to
    /// 3.4.0).
    ProtocolName, Protocol, |text| identifier(text, 64) && text != "all"
}
symbol! {
    /// A credential that systemd hands to a service (systemd.exec(5), `LoadCredential=`): a file name.
    CredentialName, Credential, |text| words(text, 255, "_.-") && !text.starts_with('.')
}
symbol! {
    /// An environment variable.
    VariableName, Variable, |text| identifier(text, 255)
}

fn words(text: &str, most: usize, others: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    (1..=most).contains(&text.len()) && text.chars().all(known)
}

fn identifier(text: &str, most: usize) -> bool {
    words(text, most, "_") && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_only_what_their_owners_take() {
        for (good, bad) in [
            ("static1", "1static"),
            ("My_Static", "my-static"),
            (&"x".repeat(64), &"x".repeat(65)),
            ("_", ""),
            ("All", "all"),
        ] {
            assert!(good.parse::<ProtocolName>().is_ok(), "{good}");
            assert!(bad.parse::<ProtocolName>().is_err(), "{bad}");
        }
        assert!("tor1-md5".parse::<CredentialName>().is_ok());
        assert!("../shadow".parse::<CredentialName>().is_err());
        assert!("PASSWORD_TOR1".parse::<VariableName>().is_ok());
        assert!("PASSWORD=x".parse::<VariableName>().is_err());
    }
}
