//! Signatures over records (RFC 4034, section 3).

use std::fmt;

use data_encoding::BASE64;
use jiff::Timestamp;

use super::RecordType;
use super::record::{Record, presentation};
use super::wire::{number16, number32};

/// Octets before the signer's name.
const FIXED: u16 = 18;

/// The data of an RRSIG record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) covered: RecordType,
    algorithm: u8,
    labels: u8,
    ttl: u32,
    expiration: u32,
    inception: u32,
    key_tag: u16,
    signer: String,
    octets: Vec<u8>,
}

impl Signature {
    /// What is signed how, if this is an RRSIG record whose data makes sense.
    pub(super) fn of(record: &Record<'_>) -> Option<Self> {
        if record.record_type() != RecordType::RRSIG {
            return None;
        }
        let data = record.octets();
        let (signer, end) = record.name_in_data(FIXED)?;
        Some(Self {
            covered: RecordType::from(number16(data, 0)?),
            algorithm: *data.get(2)?,
            labels: *data.get(3)?,
            ttl: number32(data, 4)?,
            expiration: number32(data, 8)?,
            inception: number32(data, 12)?,
            key_tag: number16(data, 16)?,
            signer: presentation(&signer),
            octets: data.get(end..)?.to_vec(),
        })
    }

    /// Seconds until it expires; negative where it has.
    pub(super) fn remaining(&self, now: Timestamp) -> i32 {
        ahead(self.expiration, now)
    }

    /// Seconds until it becomes valid; zero and less where it has.
    pub(super) fn pending(&self, now: Timestamp) -> i32 {
        ahead(self.inception, now)
    }
}

/// How far a time, which is known to 136 years, is ahead of now: the nearer way round (RFC 4034, 3.1.5), in seconds.
fn ahead(time: u32, now: Timestamp) -> i32 {
    let now = u32::try_from(now.as_second().rem_euclid(1 << 32)).unwrap_or_default();
    time.wrapping_sub(now).cast_signed()
}

/// `SOA 13 2 3600 20261207000000 20261123000000 34567 example.com. …`, as RFC 4034, 3.2 has it.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (covered, algorithm, labels) = (self.covered, self.algorithm, self.labels);
        let (expiration, inception) = (Moment(self.expiration), Moment(self.inception));
        let (ttl, key_tag, signer) = (self.ttl, self.key_tag, &self.signer);
        let signature = BASE64.encode(&self.octets);
        write!(
            f,
            "{covered} {algorithm} {labels} {ttl} {expiration} {inception} {key_tag} {signer} {signature}"
        )
    }
}

/// `YYYYMMDDHHmmSS` in UTC.
struct Moment(u32);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(i64::from(self.0)) {
            Ok(time) => write!(f, "{}", time.strftime("%Y%m%d%H%M%S")),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}
