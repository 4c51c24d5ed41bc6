//! The words that begin with `+`, those of `dig` and of `kdig`.

use super::Unclear;
use crate::dns::Transport;

/// What a word is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// How the question travels. HTTPS takes a path.
    Over(Transport),
    /// On, or off where `no` stands in front.
    Switch(Switch),
    /// With a value.
    Setting(Setting),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    Recurse,
    CheckingDisabled,
    AuthenticData,
    Dnssec,
    Nsid,
    Edns,
    Ignore,
    Short,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Buffer,
    Time,
    Tries,
    Retry,
    TlsName,
    Authorities,
    Certificate,
}

impl Setting {
    /// A value that it could have.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Buffer => "1232",
            Self::Time => "2",
            Self::Tries => "1",
            Self::Retry => "0",
            Self::TlsName => "dns.example.com",
            Self::Authorities | Self::Certificate => "/etc/ssl/certs/dns.pem",
        }
    }
}

/// Every word with what it means.
const WORDS: &[(&str, Word)] = &[
    ("tcp", Word::Over(Transport::Tcp)),
    ("vc", Word::Over(Transport::Tcp)),
    ("tls", Word::Over(Transport::Tls)),
    ("https", Word::Over(Transport::Https)),
    ("quic", Word::Over(Transport::Quic)),
    ("recurse", Word::Switch(Switch::Recurse)),
    ("rec", Word::Switch(Switch::Recurse)),
    ("rdflag", Word::Switch(Switch::Recurse)),
    ("cdflag", Word::Switch(Switch::CheckingDisabled)),
    ("cd", Word::Switch(Switch::CheckingDisabled)),
    ("adflag", Word::Switch(Switch::AuthenticData)),
    ("ad", Word::Switch(Switch::AuthenticData)),
    ("dnssec", Word::Switch(Switch::Dnssec)),
    ("do", Word::Switch(Switch::Dnssec)),
    ("nsid", Word::Switch(Switch::Nsid)),
    ("edns", Word::Switch(Switch::Edns)),
    ("ignore", Word::Switch(Switch::Ignore)),
    ("short", Word::Switch(Switch::Short)),
    ("bufsize", Word::Setting(Setting::Buffer)),
    ("time", Word::Setting(Setting::Time)),
    ("timeout", Word::Setting(Setting::Time)),
    ("tries", Word::Setting(Setting::Tries)),
    ("retry", Word::Setting(Setting::Retry)),
    ("tls-hostname", Word::Setting(Setting::TlsName)),
    ("tls-host", Word::Setting(Setting::TlsName)),
    ("tls-ca", Word::Setting(Setting::Authorities)),
    ("tls-pin", Word::Setting(Setting::Certificate)),
];

/// A word taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) name: &'static str,
    pub(super) word: Word,
    /// Whether `no` stands in front.
    pub(super) is_negated: bool,
    pub(super) value: Option<&'a str>,
}

/// Takes a word apart, without its `+`.
pub(super) fn read(text: &str) -> Result<Said<'_>, Unclear> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let name = name.to_ascii_lowercase();
    let unknown = || Unclear::Unknown {
        word: text.to_owned(),
    };
    let (found, is_negated) = match (find(&name), name.strip_prefix("no").and_then(find)) {
        (Some(found), _) => (found, false),
        (None, Some(found)) => (found, true),
        (None, None) => return Err(unknown()),
    };
    let (name, word) = *found;
    let negates_nothing = matches!(word, Word::Setting(_)) && is_negated;
    if negates_nothing {
        return Err(unknown());
    }
    Ok(Said {
        name,
        word,
        is_negated,
        value,
    })
}

fn find(name: &str) -> Option<&'static (&'static str, Word)> {
    WORDS.iter().find(|(known, _)| *known == name)
}

/// How alike a word must be to be offered.
const ALIKE: f64 = 0.8;

/// What could have been meant.
pub(super) fn advice(text: &str) -> String {
    let name = text.split('=').next().unwrap_or_default();
    let (no, name) = match name.strip_prefix("no") {
        Some(rest) => ("no", rest),
        None => ("", name),
    };
    let alike = |(known, _): &(&'static str, Word)| (strsim::jaro_winkler(name, known), *known);
    let alike = WORDS.iter().map(alike).filter(|(alike, _)| *alike >= ALIKE);
    let nearest = alike.max_by(|(left, _), (right, _)| left.total_cmp(right));
    if let Some((_, near)) = nearest {
        return format!(": did you mean `+{no}{near}`?");
    }
    let all: Vec<_> = WORDS.iter().map(|(known, _)| format!("+{known}")).collect();
    format!(": there are {}", all.join(" "))
}
