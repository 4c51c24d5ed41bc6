//! Names that others have given: BIRD's protocols, systemd credentials, environment variables.

use super::checked::checked_text;

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

checked_text! {
    /// A protocol in a BIRD configuration that was written by hand. Names in apostrophes, which may hold
    /// more characters, are left out, and so is `all`, which is every protocol even there (measured, 2.0.12 to
    /// 3.4.0).
    ProtocolName, InvalidSymbol, |text| accept(identifier(text, 64) && text != "all", text, InvalidSymbol::Protocol)
}
checked_text! {
    /// A credential that systemd hands to a service (systemd.exec(5), `LoadCredential=`): a file name.
    CredentialName, InvalidSymbol, |text| accept(words(text, 255, "_.-") && !text.starts_with('.'), text, InvalidSymbol::Credential)
}
checked_text! {
    /// An environment variable.
    VariableName, InvalidSymbol, |text| accept(identifier(text, 255), text, InvalidSymbol::Variable)
}

fn accept(
    is_good: bool,
    text: &str,
    refuse: fn(String) -> InvalidSymbol,
) -> Result<(), InvalidSymbol> {
    if is_good {
        Ok(())
    } else {
        Err(refuse(text.to_owned()))
    }
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
