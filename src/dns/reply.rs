//! A reply from the wire (RFC 1035, section 4), and whether it is the reply to our question.
//!
//! What it is worth is decided in `verdict`. It is walked record by record instead of handing it to hickory-proto in one piece: that refuses the
//! whole message for one record whose data it cannot read, and a check must not fail a server, and so
//! withdraw a route, for a record that the server got right and nobody asked for.

use hickory_proto::op::{Header, Metadata, Query as Wire};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::record::Record;
use super::{Query, Rcode};

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
    /// The answer section in presentation format, printable ASCII only.
    pub answers: Vec<String>,
    /// The serial of the first SOA record in the answer section.
    pub soa_serial: Option<u32>,
}

/// The flags of a reply's header (RFC 1035, 4.1.1 and RFC 4035, 3.1.6 and 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the header has six of them, each on its own"
)]
pub struct Flags {
    /// AA, authoritative answer.
    pub authoritative: bool,
    /// TC, truncated.
    pub truncated: bool,
    /// RD, recursion desired, copied from the question.
    pub recursion_desired: bool,
    /// RA, recursion available.
    pub recursion_available: bool,
    /// AD, authentic data.
    pub authentic_data: bool,
    /// CD, checking disabled.
    pub checking_disabled: bool,
}

impl Flags {
    /// The names of those that are set, as `dig` writes them and in its order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (self.authoritative, "aa"),
            (self.truncated, "tc"),
            (self.recursion_desired, "rd"),
            (self.recursion_available, "ra"),
            (self.authentic_data, "ad"),
            (self.checking_disabled, "cd"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}

impl From<&Metadata> for Flags {
    fn from(header: &Metadata) -> Self {
        Self {
            authoritative: header.authoritative,
            truncated: header.truncation,
            recursion_desired: header.recursion_desired,
            recursion_available: header.recursion_available,
            authentic_data: header.authentic_data,
            checking_disabled: header.checking_disabled,
        }
    }
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

impl Reply {
    /// Reads `bytes` as the reply to `query`. Any bytes will do: there is no panic in here.
    pub fn parse(bytes: &[u8], query: &Query) -> Result<Self, Rejected> {
        let mut decoder = BinDecoder::new(bytes);
        let header = Header::read(&mut decoder).map_err(|_| Rejected::Foreign)?;
        if !query.is_answered_by(&header) {
            return Err(Rejected::Foreign);
        }
        check_question(&mut decoder, &header, query)?;
        let sections = Sections::read(&mut decoder, &header)?;
        Ok(Self::new(&header, &sections))
    }

    fn new(header: &Header, sections: &Sections<'_>) -> Self {
        Self {
            rcode: sections.rcode(header),
            flags: Flags::from(&header.metadata),
            counts: Counts {
                answer: sections.answer.len(),
                authority: sections.authority.len(),
                additional: sections.additional.len(),
            },
            answers: sections.answer.iter().map(Record::to_string).collect(),
            soa_serial: sections.answer.iter().find_map(Record::soa_serial),
        }
    }
}

/// The question has to be ours. It may be missing from a reply that says nothing about the name: servers
/// answer FORMERR, NOTIMP, SERVFAIL or REFUSED with a bare header, and to wait on would hide that.
fn check_question(
    decoder: &mut BinDecoder<'_>,
    header: &Header,
    query: &Query,
) -> Result<(), Rejected> {
    const NXDOMAIN: u8 = 3;
    let code = header.response_code.low();
    match header.counts.queries {
        0 if code != 0 && code != NXDOMAIN => Ok(()),
        1 => match Wire::read(decoder) {
            Ok(wire) if query.is(&wire) => Ok(()),
            Ok(_) => Err(Rejected::Foreign),
            Err(_) => Err(Rejected::Malformed("question")),
        },
        _ => Err(Rejected::Foreign),
    }
}

struct Sections<'a> {
    answer: Vec<Record<'a>>,
    authority: Vec<Record<'a>>,
    additional: Vec<Record<'a>>,
}

impl<'a> Sections<'a> {
    fn read(decoder: &mut BinDecoder<'a>, header: &Header) -> Result<Self, Rejected> {
        let counts = &header.counts;
        let mut section = |count: u16, name: &'static str| {
            let (records, complete) = Record::read_section(decoder, count);
            // A truncated reply may end in the middle of a record (RFC 2181, section 9).
            if complete || header.truncation {
                Ok(records)
            } else {
                Err(Rejected::Malformed(name))
            }
        };
        Ok(Self {
            answer: section(counts.answers, "answer section")?,
            authority: section(counts.authorities, "authority section")?,
            additional: section(counts.additionals, "additional section")?,
        })
    }

    fn rcode(&self, header: &Header) -> Rcode {
        let low = u16::from(header.response_code.low());
        let high = self.additional.iter().find_map(Record::extended_rcode);
        Rcode(u16::from(high.unwrap_or(0)) << 4 | low)
    }
}

#[cfg(test)]
mod tests;
