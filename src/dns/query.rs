//! The question on the wire (RFC 1035, section 4).

use std::fmt;

use hickory_proto::op::{Message, MessageType, Metadata, OpCode, Query as Wire};
use hickory_proto::rr::Name;

use super::record;
use super::{DNSClass, InvalidDns, Question, RecordType};

/// A question as it goes out, and the measure of what may come back.
///
/// Without EDNS (RFC 6891): the smallest question there is reaches servers of any age, and no reply to it
/// can be fragmented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    id: u16,
    name: Name,
    record_type: RecordType,
    class: DNSClass,
    bytes: Vec<u8>,
}

impl Query {
    /// The message that asks `question`, with `{random}` replaced by `random_label` (at most 63 octets).
    pub fn new(question: &Question, id: u16, random_label: &str) -> Result<Self, InvalidDns> {
        let text = question.name.with_random(random_label);
        let invalid = |reason: String| InvalidDns::Name(text.clone(), reason);
        let mut name = Name::from_ascii(&text).map_err(|error| invalid(error.to_string()))?;
        name.set_fqdn(true);
        let message = message(question, id, name.clone());
        Ok(Self {
            id,
            name,
            record_type: question.record_type,
            class: question.class,
            bytes: message
                .to_vec()
                .map_err(|error| invalid(error.to_string()))?,
        })
    }

    /// The message to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The type that is asked for.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// Whether a header is that of a response to this query.
    pub(super) fn is_answered_by(&self, header: &Metadata) -> bool {
        header.id == self.id
            && header.message_type == MessageType::Response
            && header.op_code == OpCode::Query
    }

    /// Whether a question from the wire is this one.
    pub(super) fn is(&self, other: &Wire) -> bool {
        // `Name` compares without regard to case (RFC 4343).
        other.name == self.name
            && other.query_type == self.record_type
            && other.query_class == self.class
    }
}

fn message(question: &Question, id: u16, name: Name) -> Message {
    let mut wire = Wire::query(name, question.record_type);
    wire.set_query_class(question.class);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = question.recursion_desired;
    message.add_query(wire);
    message
}

/// As in a zone file: `example.com. IN SOA`.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = record::presentation(&self.name);
        write!(f, "{name} {} {}", self.class, self.record_type)
    }
}
