//! The question on the wire (RFC 1035, section 4), with an OPT record where EDNS is asked for (RFC 6891).

use std::fmt;

use hickory_proto::op::{MessageType, Metadata, OpCode};
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::record;
use super::wire::HEADER;
use super::{DNSClass, EdnsRequest, Question, RecordType};

/// Octets of type, class and an OPT record.
const AFTER_NAME: usize = 2 + 2 + 15;

/// The code of the NSID option (RFC 5001).
pub(super) const NSID: u16 = 3;

/// A question as it goes out, and the measure of what may come back.
///
/// Without EDNS unless something is asked by way of it: the smallest question there is reaches servers of any age,
/// and no reply to it can be fragmented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    id: u16,
    record_type: RecordType,
    class: DNSClass,
    bytes: Vec<u8>,
    /// Where the question ends.
    end: usize,
}

impl Query {
    /// The message that asks `question`, with `{random}` replaced by the hexadecimal digits of `random`.
    #[must_use]
    pub fn new(question: &Question, id: u16, random: u64) -> Self {
        let (record_type, class) = (question.record_type, question.class);
        let mut bytes = Vec::with_capacity(HEADER + question.name.length() + AFTER_NAME);
        bytes.extend(header(question, id));
        question.name.write(&mut bytes, random);
        bytes.extend(u16::from(record_type).to_be_bytes());
        bytes.extend(u16::from(class).to_be_bytes());
        let end = bytes.len();
        if let Some(edns) = question.edns {
            append_opt(&mut bytes, edns);
        }
        Self {
            id,
            record_type,
            class,
            bytes,
            end,
        }
    }

    /// The message to send: at most 286 octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What an answer repeats.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.id
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

    /// Whether a message has this question in the place of its first; if so, where that ends.
    ///
    /// Names compare without regard to case (RFC 4343). No octet of a length is a letter.
    pub(super) fn is_repeated_in(&self, message: &[u8]) -> Option<usize> {
        let fixed = self.end - 4;
        let ours = self.bytes.get(HEADER..fixed)?;
        let theirs = message.get(HEADER..fixed)?;
        let same = theirs.eq_ignore_ascii_case(ours)
            && message.get(fixed..self.end)? == self.bytes.get(fixed..self.end)?;
        same.then_some(self.end)
    }

    fn name(&self) -> Option<Name> {
        let mut decoder = BinDecoder::new(self.bytes.get(HEADER..)?);
        Name::read(&mut decoder).ok()
    }
}

fn header(question: &Question, id: u16) -> [u8; HEADER] {
    let [high, low] = id.to_be_bytes();
    let recursion = u8::from(question.recursion_desired);
    let flags = u8::from(question.authentic_data) << 5 | u8::from(question.checking_disabled) << 4;
    let additional = u8::from(question.edns.is_some());
    [high, low, recursion, flags, 0, 1, 0, 0, 0, 0, 0, additional]
}

/// The root as owner, type, buffer size as class, and in the TTL: no extended code, version 0 and the flags.
fn append_opt(bytes: &mut Vec<u8>, edns: EdnsRequest) {
    bytes.push(0);
    bytes.extend(u16::from(RecordType::OPT).to_be_bytes());
    bytes.extend(edns.buffer_size.to_be_bytes());
    bytes.extend([0, 0, u8::from(edns.dnssec) << 7, 0]);
    let option = [NSID.to_be_bytes(), [0, 0]].concat();
    let options: &[u8] = if edns.nsid { &option } else { &[] };
    bytes.extend([0, if edns.nsid { 4 } else { 0 }]);
    bytes.extend(options);
}

/// As in a zone file: `example.com. IN SOA`.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name().map(|name| record::presentation(&name));
        let name = name.unwrap_or_default();
        write!(f, "{name} {} {}", self.class, self.record_type)
    }
}
