//! What is read from the texts themselves: names in `bird.conf`, and a secrets file that serves two.

use std::collections::{BTreeSet, HashSet};

use secrecy::{ExposeSecret, SecretString};

use crate::bird::file::{File, Token};

/// The names of all BGP protocols of a `bird.conf`.
#[must_use]
pub(super) fn sessions(bird_conf: &str) -> BTreeSet<String> {
    let protocols = File::read(bird_conf).protocols().into_iter();
    let sessions = protocols.filter(|protocol| protocol.kind == "bgp");
    sessions.map(|session| session.name.to_owned()).collect()
}

/// Whether a `bird.conf` includes more at its top level than the file of secrets: protocols may stand there
/// that this text does not show.
#[must_use]
pub(super) fn includes_more(bird_conf: &str, secrets: &str) -> bool {
    let file = File::read(bird_conf);
    let mut included = file.statements().iter().filter_map(|s| s.after("include"));
    included.any(|path| path.first().and_then(Token::text) != Some(secrets))
}

/// The definitions of the first file, and everything of the others that no file before them defines: with
/// it BIRD loads the `bird.conf` that belongs to any of them.
#[must_use]
pub(super) fn union<'f>(
    first: &SecretString,
    others: impl IntoIterator<Item = &'f SecretString>,
) -> SecretString {
    let mut union = first.expose_secret().to_owned();
    let mut defined: HashSet<String> = union.lines().filter_map(defined_in).collect();
    for file in others {
        let before = SecretString::from(union.clone());
        let is_told = |line: &str| before.expose_secret().lines().any(|other| other == line);
        for line in file.expose_secret().lines().filter(|line| is_code(line)) {
            let is_new = match defined_in(line) {
                Some(name) => defined.insert(name),
                None => !is_told(line),
            };
            if is_new {
                union.push_str(line);
                union.push('\n');
            }
        }
    }
    SecretString::from(union)
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The name in `define NAME = …`.
fn defined_in(line: &str) -> Option<String> {
    let definition = line.trim_start().strip_prefix("define")?;
    let (name, _) = definition.split_once('=')?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn sessions_are_found_however_they_are_written() {
        let conf = "protocol bgp bgp_a_v4 {\n}\n  protocol bgp 'b-c'{}\n# protocol bgp no {\nprotocol static s { }\nprotocol bgp c from t {\nprotocol bgp {\n";
        let names = ["bgp_a_v4", "b-c", "c"].map(str::to_owned);
        assert_eq!(sessions(conf), names.into());
    }

    #[test]
    fn an_include_inside_a_protocol_adds_no_protocols() {
        let conf =
            "include \"/etc/s.conf\";\nprotocol static a {\n  include \"/[r]un/a.conf\";\n}\n";
        assert!(!includes_more(conf, "/etc/s.conf"));
        assert!(includes_more(conf, "/etc/other.conf"));
    }

    #[test]
    fn the_union_has_the_new_passwords_and_the_old_names() {
        let new = secret("# new\ndefine A = \"2\";\n");
        let installed = secret("# old\ndefine A = \"1\";\ndefine B = \"1\";\n\ninclude \"x\";\n");
        let older = secret("define C = \"0\";\ninclude \"x\";\n");
        assert_eq!(
            union(&new, [&installed, &older]).expose_secret(),
            "# new\ndefine A = \"2\";\ndefine B = \"1\";\ninclude \"x\";\ndefine C = \"0\";\n"
        );
        let same = union(&installed, [&installed]);
        assert!(same.expose_secret().starts_with("# old\ndefine A = \"1\""));
        assert_eq!(union(&new, []).expose_secret(), new.expose_secret());
    }
}
