//! Resource records as they came, and their presentation format (RFC 1035, section 5.1).
//!
//! What is printed comes from the network and ends in terminals and logs: nothing but printable ASCII
//! leaves this file, everything else as `\DDD`. Text is made when somebody wants it: most replies are only judged.

use std::fmt::{self, Write as _};

use data_encoding::HEXUPPER;
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, Restrict};

use super::signature::Signature;
use super::wire::{end_of_name, number16, number32};
use super::{DNSClass, RecordType};

/// Where a record stands in its message, and its numbers. A message has at most 65,535 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    name: u16,
    pub(super) kind: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
    data: u16,
    length: u16,
}

impl Head {
    /// The record that begins there, and where it ends.
    pub(super) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let fixed = end_of_name(message, at)?;
        let (data, length) = (fixed + 10, number16(message, fixed + 8)?);
        let end = data + usize::from(length);
        message.get(data..end)?;
        let head = Self {
            name: u16::try_from(at).ok()?,
            kind: number16(message, fixed)?,
            class: number16(message, fixed + 2)?,
            ttl: number32(message, fixed + 4)?,
            data: u16::try_from(data).ok()?,
            length,
        };
        Some((head, end))
    }
}

/// One record of a reply.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    message: &'a [u8],
    head: Head,
}

impl<'a> Record<'a> {
    pub(super) fn new(message: &'a [u8], head: Head) -> Self {
        Self { message, head }
    }

    /// Its type.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        RecordType::from(self.head.kind)
    }

    /// How long it may be kept, in seconds. What has the highest bit is zero (RFC 2181, section 8).
    #[must_use]
    pub fn ttl(&self) -> u32 {
        let ttl = self.head.ttl;
        if ttl > i32::MAX.unsigned_abs() {
            0
        } else {
            ttl
        }
    }

    /// Its owner in presentation format, with the final dot.
    #[must_use]
    pub fn owner(&self) -> String {
        let owner = self
            .decoder(self.head.name)
            .map(|mut own| Name::read(&mut own));
        match owner {
            Some(Ok(name)) => presentation(&name),
            // A name that ends where it should, and that the library still does not like.
            _ => "\\?".to_owned(),
        }
    }

    /// Its data in presentation format; of types that are not known, as in RFC 3597.
    #[must_use]
    pub fn data(&self) -> String {
        let mut shown = String::new();
        if let Some(signature) = Signature::of(self) {
            return signature.to_string();
        }
        match self.parsed() {
            None | Some(RData::Unknown { .. } | RData::NULL(_) | RData::OPT(_)) => {
                generic(self.octets())
            }
            Some(RData::TXT(strings)) => quoted(&strings),
            Some(data) => match write!(shown, "{data}") {
                Ok(()) => escape(shown.as_bytes(), &[]),
                Err(fmt::Error) => generic(self.octets()),
            },
        }
    }

    /// The serial, if this is an SOA record: two names and five numbers (RFC 1035, 3.3.13).
    pub(super) fn soa_serial(&self) -> Option<u32> {
        if self.record_type() != RecordType::SOA {
            return None;
        }
        let numbers = end_of_name(self.message, end_of_name(self.message, self.start())?)?;
        let complete = numbers + 20 == self.start() + self.octets().len();
        number32(self.message, numbers).filter(|_| complete)
    }

    /// The name that begins so many octets into the data, and where it ends there.
    pub(super) fn name_in_data(&self, offset: u16) -> Option<(Name, usize)> {
        let at = self.head.data.checked_add(offset)?;
        let end = end_of_name(self.message, usize::from(at))?.checked_sub(self.start())?;
        let name = Name::read(&mut self.decoder(at)?).ok()?;
        Some((name, end)).filter(|(_, end)| *end <= self.octets().len())
    }

    /// Its data as it came.
    pub(super) fn octets(&self) -> &'a [u8] {
        let end = self.start() + usize::from(self.head.length);
        self.message.get(self.start()..end).unwrap_or_default()
    }

    fn start(&self) -> usize {
        usize::from(self.head.data)
    }

    /// A decoder that sees the whole message, for the sake of compressed names.
    fn decoder(&self, at: u16) -> Option<BinDecoder<'a>> {
        let known = usize::from(at) <= self.message.len();
        known.then(|| BinDecoder::new(self.message).clone(at))
    }

    fn parsed(&self) -> Option<RData> {
        let length = self.head.length;
        let mut own = self.decoder(self.head.data).filter(|_| length > 0)?;
        RData::read(&mut own, self.record_type(), Restrict::new(length)).ok()
    }
}

/// `example.com. 3600 IN A 192.0.2.80`
impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, ttl, data) = (self.owner(), self.head.ttl, self.data());
        let (class, kind) = (DNSClass::from(self.head.class), self.record_type());
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
    let text = format!("\\# {} {}", data.len(), hex(data));
    text.trim_end().to_owned()
}

/// Hexadecimal digits, as capitals.
pub(super) fn hex(bytes: &[u8]) -> String {
    HEXUPPER.encode(bytes)
}

/// Printable ASCII as it is, `special` characters behind a backslash, everything else as `\DDD`.
pub(super) fn escape(bytes: &[u8], special: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b' '..=b'~' => {
                if special.contains(&byte) {
                    shown.push('\\');
                }
                shown.push(char::from(byte));
            }
            _ => {
                let _infallible = write!(shown, "\\{byte:03}");
            }
        }
    }
    shown
}
