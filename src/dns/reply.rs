//! A reply from the wire (RFC 1035, section 4), and whether it is the reply to our question.
//!
//! What it is worth is decided in `aspect` and `verdict`. It is walked record by record instead of handing it to
//! hickory-proto in one piece: that refuses the whole message for one record whose data it cannot read, and a check
//! must not fail a server, and so withdraw a route, for a record that the server got right and nobody asked for.
//! The walk notes where records stand; what they say is read when somebody asks.

use hickory_proto::op::{Header, Query as Wire};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::edns::Edns;
use super::record::{self, Head, Record};
use super::wire::HEADER;
use super::{Flags, Query, Rcode, RecordType};

/// Why bytes are not the reply to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No answer to this question: another id, name, type or class, not a response, or not even a header.
    /// Anybody may have sent that; the real answer can still come.
    #[error("an answer for another question")]
    Foreign,
    /// The answer to this question, but its bytes make no message.
    #[error("malformed {0}")]
    Malformed(&'static str),
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The response code; with the upper bits from an OPT record, if there is one (RFC 6891, 6.1.3).
    pub rcode: Rcode,
    /// The flags of the header.
    pub flags: Flags,
    /// Records that really are there, section by section.
    pub counts: Counts,
    /// The message, at most 65,535 octets of it.
    message: Box<[u8]>,
    /// Of all sections, one after the other.
    heads: Vec<Head>,
}

/// Records by section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Answer section.
    pub answer: usize,
    /// Authority section.
    pub authority: usize,
    /// Additional section, an OPT record included.
    pub additional: usize,
}

/// A part of a message that holds records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What answers the question.
    Answer,
    /// Who is responsible.
    Authority,
    /// What else may help. Its OPT record is read by [`Reply::edns`].
    Additional,
}

impl Reply {
    /// Reads `bytes` as the reply to `query`. Any bytes will do: there is no panic in here.
    pub fn parse(bytes: &[u8], query: &Query) -> Result<Self, Rejected> {
        let header = Header::read(&mut BinDecoder::new(bytes)).map_err(|_| Rejected::Foreign)?;
        if !query.is_answered_by(&header) {
            return Err(Rejected::Foreign);
        }
        let records = question_end(bytes, &header, query)?;
        let (heads, counts) = walk(bytes, records, &header)?;
        let mut reply = Self {
            rcode: Rcode(u16::from(header.response_code.low())),
            flags: Flags::from(&header.metadata),
            counts,
            message: bytes.into(),
            heads,
        };
        reply.rcode.0 |= u16::from(reply.extended_rcode()) << 4;
        Ok(reply)
    }

    /// The records of a section, in the order in which they came.
    pub fn section(&self, section: Section) -> impl Iterator<Item = Record<'_>> {
        let heads = self.heads_of(section).iter();
        heads.map(|head| Record::new(&self.message, *head))
    }

    /// The answer section in presentation format, printable ASCII only.
    #[must_use]
    pub fn answers(&self) -> Vec<String> {
        self.section(Section::Answer)
            .map(|record| record.to_string())
            .collect()
    }

    /// The serial of the first SOA record in the answer section.
    #[must_use]
    pub fn soa_serial(&self) -> Option<u32> {
        self.section(Section::Answer)
            .find_map(|record| record.soa_serial())
    }

    /// The question as the reply repeats it, as in `example.com. IN SOA`; `None` where it leaves it out.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let repeats = self.message.get(4..6)? == [0, 1];
        let mut decoder = BinDecoder::new(&self.message).clone(u16::try_from(HEADER).ok()?);
        let wire = Wire::read(&mut decoder).ok().filter(|_| repeats)?;
        let name = record::presentation(&wire.name);
        Some(format!("{name} {} {}", wire.query_class, wire.query_type))
    }

    /// What is said by way of EDNS; `None` where the reply has no OPT record.
    #[must_use]
    pub fn edns(&self) -> Option<Edns<'_>> {
        let head = self.opt()?;
        Some(Edns::new(head, &Record::new(&self.message, head)))
    }

    /// The length of the message, in octets.
    #[must_use]
    pub fn size(&self) -> usize {
        self.message.len()
    }

    fn opt(&self) -> Option<Head> {
        let opt = u16::from(RecordType::OPT);
        let mut heads = self.heads_of(Section::Additional).iter();
        heads.find(|head| head.kind == opt).copied()
    }

    /// The upper eight bits of the response code.
    fn extended_rcode(&self) -> u8 {
        self.opt().map_or(0, |head| head.ttl.to_be_bytes()[0])
    }

    fn heads_of(&self, section: Section) -> &[Head] {
        let Counts {
            answer, authority, ..
        } = self.counts;
        let heads = match section {
            Section::Answer => self.heads.get(..answer),
            Section::Authority => self.heads.get(answer..answer + authority),
            Section::Additional => self.heads.get(answer + authority..),
        };
        heads.unwrap_or_default()
    }
}

/// Where the records begin. The question has to be ours. It may be missing from a reply that says nothing about the
/// name: servers answer FORMERR, NOTIMP, SERVFAIL or REFUSED with a bare header, and to wait on would hide that.
fn question_end(bytes: &[u8], header: &Header, query: &Query) -> Result<usize, Rejected> {
    const NXDOMAIN: u8 = 3;
    let code = header.response_code.low();
    match header.counts.queries {
        0 if code != 0 && code != NXDOMAIN => Ok(HEADER),
        1 => query.is_repeated_in(bytes).ok_or_else(|| refused(bytes)),
        _ => Err(Rejected::Foreign),
    }
}

/// Why a question that is not ours to the letter is refused: it is another one, or none. Ours cannot be compressed, for
/// nothing stands before it but the header.
fn refused(bytes: &[u8]) -> Rejected {
    let mut decoder = BinDecoder::new(bytes);
    let question = Header::read(&mut decoder).and_then(|_| Wire::read(&mut decoder));
    if question.is_ok() {
        Rejected::Foreign
    } else {
        Rejected::Malformed("question")
    }
}

/// Where all records stand.
fn walk(bytes: &[u8], start: usize, header: &Header) -> Result<(Vec<Head>, Counts), Rejected> {
    let mut at = start;
    let mut heads = Vec::new();
    let mut section = |count: u16, name: &'static str| {
        let before = heads.len();
        for _ in 0..count {
            let Some((head, end)) = Head::read(bytes, at) else {
                // A truncated reply may end in the middle of a record (RFC 2181, section 9).
                let complete = !header.truncation;
                return if complete {
                    Err(Rejected::Malformed(name))
                } else {
                    Ok(heads.len() - before)
                };
            };
            heads.push(head);
            at = end;
        }
        Ok(heads.len() - before)
    };
    let counts = Counts {
        answer: section(header.counts.answers, "answer section")?,
        authority: section(header.counts.authorities, "authority section")?,
        additional: section(header.counts.additionals, "additional section")?,
    };
    Ok((heads, counts))
}

#[cfg(test)]
mod tests;
