//! Resource records as they came, and their presentation format (RFC 1035, section 5.1).
//!
//! What is printed comes from the network and ends in terminals and logs: nothing but printable ASCII
//! leaves this file, everything else as `\DDD`.

use std::fmt::{self, Write as _};

use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError, Restrict};

use super::{DNSClass, RecordType};

/// One record.
pub(super) struct Record<'a> {
    name: Name,
    kind: RecordType,
    class: DNSClass,
    ttl: u32,
    data: &'a [u8],
    /// `data` understood, `None` where hickory-proto does not.
    parsed: Option<RData>,
}

impl<'a> Record<'a> {
    /// Up to `count` records, and whether there were so many.
    pub(super) fn read_section(decoder: &mut BinDecoder<'a>, count: u16) -> (Vec<Self>, bool) {
        let mut records = Vec::new();
        for _ in 0..count {
            match Self::read(decoder) {
                Ok(record) => records.push(record),
                Err(_) => return (records, false),
            }
        }
        (records, true)
    }

    fn read(decoder: &mut BinDecoder<'a>) -> Result<Self, DecodeError> {
        let name = Name::read(decoder)?;
        let kind = RecordType::read(decoder)?;
        let class = DNSClass::from(decoder.read_u16()?.unverified());
        let ttl = decoder.read_u32()?.unverified();
        let length = decoder.read_u16()?.unverified();
        let parsed = parse(decoder, kind, length);
        let data = decoder.read_slice(usize::from(length))?.unverified();
        Ok(Self {
            name,
            kind,
            class,
            ttl,
            data,
            parsed,
        })
    }

    /// The serial, if this is an SOA record.
    pub(super) fn soa_serial(&self) -> Option<u32> {
        match &self.parsed {
            Some(RData::SOA(soa)) => Some(soa.serial),
            _ => None,
        }
    }

    /// The upper eight bits of the response code, if this is an OPT record (RFC 6891, 6.1.3).
    pub(super) fn extended_rcode(&self) -> Option<u8> {
        let [high, ..] = self.ttl.to_be_bytes();
        (self.kind == RecordType::OPT).then_some(high)
    }

    fn shown_data(&self) -> String {
        let mut shown = String::new();
        match &self.parsed {
            None | Some(RData::Unknown { .. } | RData::NULL(_) | RData::OPT(_)) => {
                generic(self.data)
            }
            Some(RData::TXT(strings)) => quoted(strings),
            Some(data) => match write!(shown, "{data}") {
                Ok(()) => escape(shown.as_bytes(), &[]),
                Err(fmt::Error) => generic(self.data),
            },
        }
    }
}

/// Reads the data with a decoder of its own, which sees the whole message for the sake of compressed names.
fn parse(decoder: &BinDecoder<'_>, kind: RecordType, length: u16) -> Option<RData> {
    let index = u16::try_from(decoder.index()).ok()?;
    let mut own = decoder.clone(index);
    match length {
        0 => None,
        _ => RData::read(&mut own, kind, Restrict::new(length)).ok(),
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, ttl) = (presentation(&self.name), self.ttl);
        let (class, kind, data) = (self.class, self.kind, self.shown_data());
        write!(f, "{name} {ttl} {class} {kind} {data}")
    }
}

/// A name with its final dot; dots and backslashes within labels are escaped.
pub(super) fn presentation(name: &Name) -> String {
    if name.iter().next().is_none() {
        return ".".to_owned();
    }
    name.iter()
        .map(|label| escape(label, b".\\ \"();@$") + ".")
        .collect()
}

/// Quoted strings, as TXT records have them.
fn quoted(strings: &TXT) -> String {
    let quote = |bytes: &[u8]| format!("\"{}\"", escape(bytes, b"\"\\"));
    let parts: Vec<String> = strings.txt_data.iter().map(|bytes| quote(bytes)).collect();
    parts.join(" ")
}

/// Data of any type (RFC 3597, section 5).
fn generic(data: &[u8]) -> String {
    let hex: Vec<String> = data.iter().map(|byte| format!("{byte:02X}")).collect();
    let text = format!("\\# {} {}", data.len(), hex.concat());
    text.trim_end().to_owned()
}

/// Printable ASCII as it is, `special` characters behind a backslash, everything else as `\DDD`.
fn escape(bytes: &[u8], special: &[u8]) -> String {
    let shown = |&byte: &u8| match byte {
        b' '..=b'~' if special.contains(&byte) => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03}"),
    };
    bytes.iter().map(shown).collect::<Vec<_>>().concat()
}
