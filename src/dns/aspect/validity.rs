//! How long the signatures of an answer are valid.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Evidence, Finding};
use crate::dns::signature::Signature;
use crate::dns::words::span;
use crate::dns::{Expectation, RecordType};
use crate::model::Period;

pub(super) fn signatures(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let Some(wanted) = expect.signatures else {
        return Finding::Held;
    };
    match earliest(evidence, wanted) {
        Err(reason) => Finding::Broken(reason),
        Ok((_, Validity::Long(_))) => Finding::Held,
        Ok((signed, Validity::Short(left))) if left <= 0 => {
            Finding::Broken(format!("{signed} expired {} ago", length(left)))
        }
        Ok((signed, Validity::Short(left))) => {
            let left = length(left);
            Finding::Broken(format!("{signed} expires in {left}, wanted {wanted}"))
        }
        Ok((signed, Validity::Pending(Reverse(wait)))) => Finding::Open(format!(
            "{signed} becomes valid only in {} by this host's clock, which may be behind",
            length(wait)
        )),
    }
}

/// What there is, for a table, where that is as wanted.
pub(super) fn known(expect: &Expectation, evidence: &Evidence<'_>) -> String {
    let earliest = expect.signatures.map(|wanted| earliest(evidence, wanted));
    match earliest {
        Some(Ok((
            signed,
            Validity::Long(left) | Validity::Short(left) | Validity::Pending(Reverse(left)),
        ))) => format!("{signed} is valid for {}", length(left)),
        Some(Err(reason)) => reason,
        None => String::new(),
    }
}

fn length(seconds: i32) -> String {
    span(u64::from(seconds.unsigned_abs()))
}

/// Owner and type of records that belong together.
type Set = (String, u16);

/// The set of records in the answer section whose signatures are worth least, and what; or which of them has none.
fn earliest(evidence: &Evidence<'_>, wanted: Period) -> Result<(String, Validity), String> {
    let none = || "no RRSIG in the answer".to_owned();
    let (sets, signed) = sets(evidence, wanted);
    if signed.is_empty() {
        return Err(none());
    }
    if let Some(set) = sets.iter().find(|set| !signed.contains_key(set)) {
        return Err(format!("no RRSIG of {} in the answer", shown(set)));
    }
    let worst = signed.into_iter().min_by_key(|(_, validity)| *validity);
    let (set, validity) = worst.ok_or_else(none)?;
    Ok((format!("RRSIG of {}", shown(&set)), validity))
}

fn shown((owner, kind): &Set) -> String {
    format!("{owner} {}", RecordType::from(*kind))
}

/// The records of the answer section, and the best signature of each set.
fn sets(evidence: &Evidence<'_>, wanted: Period) -> (BTreeSet<Set>, BTreeMap<Set, Validity>) {
    let (mut sets, mut signed) = (BTreeSet::new(), BTreeMap::new());
    for record in evidence.answers() {
        let owner = record.owner().to_ascii_lowercase();
        if let Some(signature) = Signature::of(&record) {
            let validity = Validity::of(&signature, wanted, evidence.now);
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
///
/// One that becomes valid later is worth less than one that is valid, and more than one that will not be for long enough
/// whatever the time is: a node that booted with a clock in the past sees every signature like this, and it cannot tell
/// them from those of a signer whose clock is ahead. The latter is the same on all nodes, so that it would help nobody if
/// they withdrew: nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Validity {
    /// So many seconds are left, which is too few; less than none where it has expired.
    Short(i32),
    /// Nothing yet by this host's clock, for so many seconds; then for long enough.
    Pending(Reverse<i32>),
    /// So many seconds are left, as many as are wanted.
    Long(i32),
}

impl Validity {
    fn of(signature: &Signature, wanted: Period, now: Timestamp) -> Self {
        let left = signature.remaining(now);
        let enough = u64::from(left.unsigned_abs()) >= wanted.duration().as_secs();
        match signature.pending(now) {
            _ if left <= 0 || !enough => Self::Short(left),
            pending @ 1.. => Self::Pending(Reverse(pending)),
            _ => Self::Long(left),
        }
    }
}
