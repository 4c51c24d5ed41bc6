//! What is asked.

use std::fmt;
use std::str::FromStr;

use hickory_proto::ProtoError;
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::BinEncodable;

use super::record;
use super::{DNSClass, InvalidDns, RecordType};

/// A question, with everything around it that a server may answer differently to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name, perhaps with `{random}` labels.
    pub name: NameTemplate,
    /// The type.
    pub record_type: RecordType,
    /// The class.
    pub class: DNSClass,
    /// The RD flag: the server is asked to resolve.
    pub recursion_desired: bool,
    /// The CD flag: the server is asked not to validate (RFC 4035, 3.2.2).
    pub checking_disabled: bool,
    /// The AD flag: the server is asked to say in AD whether it has validated (RFC 6840, 5.7).
    pub authentic_data: bool,
    /// What is asked by way of EDNS; `None` sends no OPT record.
    pub edns: Option<EdnsRequest>,
}

/// What an OPT record asks for (RFC 6891).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdnsRequest {
    /// The longest datagram that we take, in octets; at least 512.
    pub buffer_size: u16,
    /// The DO flag: signatures are wanted (RFC 3225).
    pub dnssec: bool,
    /// The server is asked which of its instances it is (RFC 5001).
    pub nsid: bool,
}

impl EdnsRequest {
    /// What is known not to be fragmented on the Internet, in octets; DNS servers offer the same.
    pub const BUFFER_SIZE: u16 = 1232;
}

impl Question {
    /// The plainest question about that: class IN, RD set, no EDNS.
    #[must_use]
    pub fn new(name: NameTemplate, record_type: RecordType) -> Self {
        Self {
            name,
            record_type,
            class: DNSClass::IN,
            recursion_desired: true,
            checking_disabled: false,
            authentic_data: false,
            edns: None,
        }
    }
}

/// Parses a record type by its mnemonic: `SOA`, `aaaa`.
pub fn record_type(text: &str) -> Result<RecordType, InvalidDns> {
    RecordType::from_str(&text.to_ascii_uppercase())
        .ok()
        .filter(|kind| {
            !matches!(
                kind,
                RecordType::ZERO | RecordType::OPT | RecordType::TSIG | RecordType::Unknown(_)
            )
        })
        .ok_or_else(|| InvalidDns::Type(text.to_owned()))
}

/// Parses a class by its mnemonic: `IN` or `CH`.
pub fn class(text: &str) -> Result<DNSClass, InvalidDns> {
    match text.to_ascii_uppercase().as_str() {
        "IN" => Ok(DNSClass::IN),
        "CH" => Ok(DNSClass::CH),
        _ => Err(InvalidDns::Class(text.to_owned())),
    }
}

/// A domain name in which `{random}` stands for 16 characters that nobody asked for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    text: String,
    /// As it goes onto the wire (RFC 1035, 3.1), but for the random octets.
    wire: Vec<u8>,
    /// Where those stand, 16 after each other for each `{random}`.
    random: Vec<usize>,
}

/// The placeholder.
const RANDOM: &str = "{random}";

/// Two labels that differ in each of their octets show where random ones go.
const SAMPLES: [&str; 2] = ["0123456789abcdef", "fedcba9876543210"];

impl NameTemplate {
    /// The length of the name on the wire, in octets.
    pub(super) fn length(&self) -> usize {
        self.wire.len()
    }

    /// Appends the name on the wire, with every `{random}` replaced by the hexadecimal digits of `random`.
    pub(super) fn write(&self, message: &mut Vec<u8>, random: u64) {
        let start = message.len();
        message.extend(&self.wire);
        for (digit, position) in self.random.iter().enumerate() {
            let shift = 60 - 4 * (digit % SAMPLES[0].len());
            let value = (random >> shift) & 0xf;
            let digit = u32::try_from(value)
                .ok()
                .and_then(|value| char::from_digit(value, 16));
            if let (Some(octet), Some(digit)) = (message.get_mut(start + position), digit) {
                *octet = u8::try_from(digit).unwrap_or(b'0');
            }
        }
    }
}

impl FromStr for NameTemplate {
    type Err = InvalidDns;

    fn from_str(text: &str) -> Result<Self, InvalidDns> {
        let sample = |label: &str| {
            let mut name = Name::from_ascii(text.replace(RANDOM, label))?;
            name.set_fqdn(true);
            name.to_bytes()
        };
        // The library shows labels with their escapes undone.
        let invalid = |reason: ProtoError| {
            let reason = record::escape(reason.to_string().as_bytes(), &[]);
            InvalidDns::Name(text.to_owned(), reason)
        };
        let wire = sample(SAMPLES[0]).map_err(invalid)?;
        let other = sample(SAMPLES[1]).map_err(invalid)?;
        let differs = |(position, (one, other))| (one != other).then_some(position);
        let random = wire
            .iter()
            .zip(&other)
            .enumerate()
            .filter_map(differs)
            .collect();
        Ok(Self {
            text: text.to_owned(),
            wire,
            random,
        })
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_classes_have_mnemonics() {
        assert_eq!(record_type("aaaa"), Ok(RecordType::AAAA));
        for none in ["OPT", "TSIG", "TYPE65280", "SOAP", ""] {
            assert!(record_type(none).is_err(), "{none}");
        }
        assert_eq!(
            (class("in"), class("CH")),
            (Ok(DNSClass::IN), Ok(DNSClass::CH))
        );
        assert!(class("HS").is_err());
    }

    #[test]
    fn a_template_is_shown_as_it_was_written() {
        let name: NameTemplate = "a{random}.Example.com".parse().unwrap();
        assert_eq!(name.to_string(), "a{random}.Example.com");
    }

    #[test]
    fn why_a_name_is_none_is_said_without_control_characters() {
        let error = r"2\021".parse::<NameTemplate>().unwrap_err().to_string();
        assert_eq!(
            error,
            r"`2\021` is not a domain name: Malformed label: 2\017"
        );
    }
}
