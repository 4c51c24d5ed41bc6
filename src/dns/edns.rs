//! What a reply says by way of EDNS (RFC 6891): its OPT record, the server's name for itself (RFC 5001), and why it
//! answers as it does (RFC 8914).

use std::fmt;

use super::query::NSID;
use super::record::{Head, Record, escape, hex};
use super::wire::number16;

/// The code of the option with an extended error (RFC 8914, section 2).
const EXTENDED_ERROR: u16 = 15;

/// The longest text of an extended error that is shown, in octets.
const LONGEST_TEXT: usize = 200;

/// The OPT record of a reply.
#[derive(Debug, Clone, Copy)]
pub struct Edns<'a> {
    /// The version.
    pub version: u8,
    /// The DO flag, copied from the question (RFC 3225).
    pub dnssec_ok: bool,
    /// All flags as they came; DO is the highest bit.
    pub flags: u16,
    /// The longest datagram that the server takes, in octets.
    pub buffer_size: u16,
    options: &'a [u8],
}

impl<'a> Edns<'a> {
    pub(super) fn new(head: Head, record: &Record<'a>) -> Self {
        let [_, version, high, low] = head.ttl.to_be_bytes();
        Self {
            version,
            dnssec_ok: high & 0x80 != 0,
            flags: u16::from_be_bytes([high, low]),
            buffer_size: head.class,
            options: record.octets(),
        }
    }

    /// What the server calls itself: as text where it is printable, as hexadecimal digits otherwise.
    #[must_use]
    pub fn nsid(&self) -> Option<String> {
        let name = self.name()?;
        let printable = name.iter().all(|octet| (b' '..=b'~').contains(octet));
        Some(match std::str::from_utf8(name) {
            Ok(text) if printable => text.to_owned(),
            _ => hex(name),
        })
    }

    /// What the server calls itself, as hexadecimal digits.
    #[must_use]
    pub fn nsid_hex(&self) -> Option<String> {
        self.name().map(hex)
    }

    fn name(&self) -> Option<&'a [u8]> {
        let mut options = self.options();
        let (_, name) = options.find(|(code, _)| *code == NSID)?;
        Some(name)
    }

    /// Why the server answers as it does, if it says so.
    pub fn errors(&self) -> impl Iterator<Item = ExtendedError> + use<'a> {
        let errors = self.options().filter(|(code, _)| *code == EXTENDED_ERROR);
        errors.filter_map(|(_, data)| {
            let text = data.get(2..)?;
            Some(ExtendedError {
                code: number16(data, 0)?,
                text: escape(text.get(..LONGEST_TEXT).unwrap_or(text), &[]),
            })
        })
    }

    /// Code and data of each; they end where they make no sense.
    fn options(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            let (code, length) = (number16(rest, 0)?, number16(rest, 2)?);
            let end = 4 + usize::from(length);
            let data = rest.get(4..end)?;
            rest = rest.get(end..)?;
            Some((code, data))
        })
    }
}

/// Why a server answers as it does (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedError {
    /// The code.
    pub code: u16,
    /// What the server adds, in printable ASCII; often empty.
    pub text: String,
}

/// Purposes as in the IANA registry of Extended DNS Error Codes, in the order of their codes.
const PURPOSES: [&str; 31] = [
    "Other Error",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable to conform to policy",
    "Synthesized",
    "Invalid Query Type",
];

/// `DNSSEC Bogus (validation failure)`
impl fmt::Display for ExtendedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PURPOSES.get(usize::from(self.code)) {
            Some(purpose) => f.write_str(purpose)?,
            None => write!(f, "extended error {}", self.code)?,
        }
        match self.text.as_str() {
            "" => Ok(()),
            text => write!(f, " ({text})"),
        }
    }
}
