//! How long the signatures of an answer are valid.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Evidence, Finding};
use crate::dns::signature::Signature;
use crate::dns::words::span;
use crate::dns::{Expectation, RecordType};

pub(super) fn signatures(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let Some(wanted) = expect.signatures else {
        return Finding::Held;
    };
    match earliest(evidence) {
        Err(reason) => Finding::Broken(reason),
        Ok((signed, left)) if left <= 0 => {
            let ago = span(u64::from(left.unsigned_abs()));
            Finding::Broken(format!("{signed} expired {ago} ago"))
        }
        Ok((signed, left)) if u64::from(left.unsigned_abs()) < wanted.duration().as_secs() => {
            let left = span(u64::from(left.unsigned_abs()));
            Finding::Broken(format!("{signed} expires in {left}, wanted {wanted}"))
        }
        Ok(_) => Finding::Held,
    }
}

/// Owner and type of records that belong together.
type Set = (String, u16);

/// The set of records in the answer section whose last signature expires first, and the seconds until then; or which
/// of them has no signature that is valid already.
pub(super) fn earliest(evidence: &Evidence<'_>) -> Result<(String, i32), String> {
    let none = || "no RRSIG in the answer".to_owned();
    let (sets, signed) = sets(evidence);
    if signed.is_empty() {
        return Err(none());
    }
    if let Some(set) = sets.iter().find(|set| !signed.contains_key(set)) {
        return Err(format!("no RRSIG of {} in the answer", shown(set)));
    }
    let (set, worst) = signed
        .into_iter()
        .min_by_key(|(_, validity)| *validity)
        .ok_or_else(none)?;
    match worst {
        Validity::Pending(Reverse(seconds)) => Err(format!(
            "RRSIG of {} becomes valid only in {}",
            shown(&set),
            span(u64::from(seconds.unsigned_abs()))
        )),
        Validity::Until(left) => Ok((format!("RRSIG of {}", shown(&set)), left)),
    }
}

fn shown((owner, kind): &Set) -> String {
    format!("{owner} {}", RecordType::from(*kind))
}

/// The records of the answer section, and the best signature of each set.
fn sets(evidence: &Evidence<'_>) -> (BTreeSet<Set>, BTreeMap<Set, Validity>) {
    let (mut sets, mut signed) = (BTreeSet::new(), BTreeMap::new());
    for record in evidence.answers() {
        let owner = record.owner().to_ascii_lowercase();
        if let Some(signature) = Signature::of(&record) {
            let validity = Validity::of(&signature, evidence.now);
            let set = (owner, u16::from(signature.covered));
            let best = signed.entry(set).or_insert(validity);
            *best = validity.max(*best);
        } else if record.record_type() != RecordType::RRSIG {
            sets.insert((owner, u16::from(record.record_type())));
        }
    }
    let [alias, tree] = [RecordType::CNAME, RecordType::DNAME].map(u16::from);
    // The alias that follows from a DNAME record is not signed (RFC 6672, 5.3.1).
    if sets.iter().any(|(_, kind)| *kind == tree) {
        sets.retain(|(_, kind)| *kind != alias);
    }
    (sets, signed)
}

/// What a signature is worth, the best one the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Validity {
    /// Nothing yet, for so many seconds.
    Pending(Reverse<i32>),
    /// So many seconds are left; less than none where it has expired.
    Until(i32),
}

impl Validity {
    fn of(signature: &Signature, now: Timestamp) -> Self {
        match signature.pending(now) {
            pending @ 1.. => Self::Pending(Reverse(pending)),
            _ => Self::Until(signature.remaining(now)),
        }
    }
}
