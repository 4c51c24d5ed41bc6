//! How fresh a zone is, by the serial of its SOA record.

use jiff::Timestamp;

use super::{Evidence, Finding, serial_of};
use crate::dns::serial::behind;
use crate::dns::words::span;
use crate::dns::{Answer, Encoding, Expectation, Failure, Primary, Rcode, SerialLimits};

pub(super) fn serial(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let (Some(limits), Some(own)) = (expect.serial, evidence.reply.soa_serial()) else {
        return Finding::Held;
    };
    match age(limits, own, evidence.now) {
        Finding::Held => limits
            .primary
            .map_or(Finding::Held, |primary| lag(primary, own, evidence.primary)),
        // An old zone is that, whatever the primary has.
        old @ Finding::Broken(_) => old,
        open @ Finding::Open(_) => {
            match limits
                .primary
                .map(|primary| lag(primary, own, evidence.primary))
            {
                Some(behind @ Finding::Broken(_)) => behind,
                _ => open,
            }
        }
    }
}

fn age(limits: SerialLimits, own: u32, now: Timestamp) -> Finding {
    let Some(wanted) = limits.max_age else {
        return Finding::Held;
    };
    match limits.encoding.age(own, now) {
        None => Finding::Open(format!(
            "whether it is older than {wanted} is not known: it tells no time{}",
            match limits.encoding {
                Encoding::Date => " as YYYYMMDDnn",
                Encoding::Auto | Encoding::Unix => "",
            }
        )),
        Some(age) if age.unsigned_abs() > wanted.duration() => {
            let age = span(age.unsigned_abs().as_secs());
            Finding::Broken(format!(
                "SOA serial {own} is {age} old, wanted at most {wanted}"
            ))
        }
        Some(_) => Finding::Held,
    }
}

fn lag(primary: Primary, own: u32, said: Option<&Result<Answer, Failure>>) -> Finding {
    let server = primary.server.ip();
    let open = |reason: String| {
        Finding::Open(format!(
            "whether it is behind the primary {server} is not known: {reason}"
        ))
    };
    let theirs = match said.map(primary_serial) {
        None => return open("nobody waited for its answer".to_owned()),
        Some(Err(reason)) => return open(reason),
        Some(Ok(serial)) => serial,
    };
    match behind(own, theirs) {
        None => open(format!("its serial {theirs} is too far away to compare")),
        Some(distance) if distance > primary.max_behind => Finding::Broken(format!(
            "SOA serial {own} is {distance} behind {theirs} of the primary {server}, wanted at most {}",
            primary.max_behind
        )),
        Some(_) => Finding::Held,
    }
}

fn primary_serial(said: &Result<Answer, Failure>) -> Result<u32, String> {
    let reply = &said.as_ref().map_err(Failure::to_string)?.reply;
    match (reply.rcode, reply.soa_serial()) {
        (Rcode::NO_ERROR, Some(serial)) => Ok(serial),
        (Rcode::NO_ERROR, None) => Err("no SOA record in its answer".to_owned()),
        (rcode, _) => Err(rcode.to_string()),
    }
}

/// What is wanted, for a table.
pub(super) fn limits(limits: SerialLimits) -> String {
    let age = limits.max_age.map(|age| format!("at most {age} old"));
    let lag = limits.primary.map(|primary| {
        let (server, most) = (primary.server.ip(), primary.max_behind);
        format!("at most {most} behind the primary {server}")
    });
    let both: Vec<_> = age.into_iter().chain(lag).collect();
    format!("SOA serial {}", both.join(" and "))
}

/// What there is, for a table.
pub(super) fn known_serials(evidence: &Evidence<'_>) -> String {
    let own = serial_of(evidence.reply);
    match evidence.primary.map(primary_serial) {
        Some(Ok(primary)) => format!("{own}; the primary has {primary}"),
        Some(Err(_)) | None => own,
    }
}
