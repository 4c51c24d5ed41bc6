//! What a first check asks: what fails only when this node fails.
//!
//! Best is a zone that the server itself has: its SOA record shows that the zone is loaded and served. A resolver
//! has none, and what it has to look up elsewhere may fail for every node at once; `localhost` (RFC 6761, 6.3) it
//! answers by itself. The root is what every resolver has in its cache. Last comes the server's own name (RFC 4892),
//! which shows that somebody is there and nothing more.

use std::fmt;

use super::found::{Answer, Found};
use super::serving::Group;
use super::wishes::{Asked, Wishes};
use crate::dns::{DNSClass, NameTemplate, RecordType};

/// A question that a check could ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: NameTemplate,
    /// The type.
    pub record_type: RecordType,
    /// The class.
    pub class: DNSClass,
    /// What its answer shows.
    pub kind: Kind,
}

/// What an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The operator asks for it.
    Wished,
    /// A zone is served, if the answer is authoritative.
    Zone,
    /// A resolver answers out of itself.
    Local,
    /// A resolver knows the root.
    Root,
    /// Somebody is there.
    Identity,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.class, self.record_type)
    }
}

/// So many zones are tried: each may cost a timeout.
const MOST_ZONES: usize = 8;

/// What to ask the servers of a group, best first.
#[must_use]
pub fn questions(found: &Found, group: &Group, wishes: &Wishes) -> Vec<Question> {
    if let Some(Asked { name, record_type }) = &wishes.check {
        return vec![Question {
            name: name.clone(),
            record_type: *record_type,
            class: DNSClass::IN,
            kind: Kind::Wished,
        }];
    }
    let zones = group.zones.iter().take(MOST_ZONES);
    let zones = zones.chain(found.domains.iter().take(MOST_ZONES));
    let zones = zones.map(|zone| (zone.as_str(), RecordType::SOA, DNSClass::IN, Kind::Zone));
    let always = [
        ("localhost", RecordType::A, DNSClass::IN, Kind::Local),
        (".", RecordType::NS, DNSClass::IN, Kind::Root),
        ("id.server", RecordType::TXT, DNSClass::CH, Kind::Identity),
        (
            "version.bind",
            RecordType::TXT,
            DNSClass::CH,
            Kind::Identity,
        ),
    ];
    let mut questions: Vec<Question> = Vec::new();
    for (name, record_type, class, kind) in zones.chain(always) {
        // A file may name what is no domain name.
        let Some(name) = name.parse().ok().filter(is_plain) else {
            continue;
        };
        let question = Question {
            name,
            record_type,
            class,
            kind,
        };
        if !questions.contains(&question) {
            questions.push(question);
        }
    }
    questions
}

/// Whether a name is asked for as it stands.
fn is_plain(name: &NameTemplate) -> bool {
    !name.to_string().contains('{')
}

impl Answer {
    /// Whether it makes its question a check.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.has_passed
            && match self.question.kind {
                Kind::Wished | Kind::Identity => true,
                Kind::Zone => self.is_authoritative,
                Kind::Local | Kind::Root => self.is_recursive || self.is_authoritative,
            }
    }
}

/// The question to ask, and what came back from each server that was asked it.
pub(super) struct Choice<'f> {
    pub(super) question: Question,
    pub(super) answers: Vec<&'f Answer>,
}

impl Choice<'_> {
    /// Whether a resolver answered.
    pub(super) fn is_recursive(&self) -> bool {
        self.answers.iter().any(|answer| answer.is_recursive)
    }

    /// What was seen, in one sentence.
    pub(super) fn seen(&self) -> String {
        if self.answers.is_empty() {
            return "nobody could be asked, as no address of this host is in the prefixes"
                .to_owned();
        }
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        for answer in &self.answers {
            let server = answer.server.to_string();
            match parts
                .iter_mut()
                .find(|(detail, _)| *detail == answer.detail)
            {
                Some((_, servers)) => servers.push(server),
                None => parts.push((answer.detail.clone(), vec![server])),
            }
        }
        let parts = parts
            .into_iter()
            .map(|(detail, servers)| format!("{detail} from {}", servers.join(", ")));
        parts.collect::<Vec<_>>().join("; ")
    }

    /// Whether every server gave what the check wants.
    pub(super) fn is_good(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(|answer| answer.is_good())
    }
}

/// The question that most servers of a group answer well, the best of these; `None` if no server answers any. What
/// the operator asks for is taken whatever comes back.
pub(super) fn choose<'f>(found: &'f Found, group: &Group, wishes: &Wishes) -> Option<Choice<'f>> {
    let servers = group.addresses();
    let mut best: Option<(usize, Choice<'f>)> = None;
    for question in questions(found, group, wishes) {
        let answers = found.answers.iter();
        let answers = answers
            .filter(|answer| servers.contains(&answer.server) && answer.question == question);
        let choice = Choice {
            answers: answers.collect(),
            question,
        };
        let count = choice
            .answers
            .iter()
            .filter(|answer| answer.is_good())
            .count();
        let is_usable = count > 0 || choice.question.kind == Kind::Wished;
        if is_usable && best.as_ref().is_none_or(|(most, _)| count > *most) {
            best = Some((count, choice));
        }
    }
    best.map(|(_, choice)| choice)
}
