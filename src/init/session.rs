//! A BGP session from what BIRD shows of it and what its file says.

use std::net::IpAddr;

use super::found::{Hops, Session};
use crate::bird::file::{Protocol as Written, Statement, Token};
use crate::bird::table::{Bgp, Protocol};

/// What BIRD uses where its file says `multihop` and no number.
const BIRDS_MULTIHOP: u8 = 64;

/// Joins both. `has_bfd`: BIRD shows a BFD session with the neighbour. `written` is the protocol in BIRD's file, as
/// far as that can be read. `None`: it is no BGP.
#[must_use]
pub fn session(shown: &Protocol, has_bfd: bool, written: Option<&Written<'_>>) -> Option<Session> {
    let bgp = shown.bgp.as_ref()?;
    let says = |words: &str| written.and_then(|written| value(written, words));
    let bfd = written.map(|written| has(written, "bfd", false));
    Some(Session {
        name: shown.name.clone(),
        remote: bgp
            .neighbor_address
            .as_ref()
            .map(|neighbor| neighbor.address),
        asn: bgp.neighbor_as,
        local_asn: bgp.local_as,
        local: bgp.source_address.or_else(|| local(written?)),
        is_established: shown.session_word() == "Established",
        hops: hops(bgp, written),
        hold_time: says("hold time").or_else(|| {
            Some(bgp.hold_timer.as_ref()?.of?.as_secs()).filter(|seconds| *seconds > 0)
        }),
        bfd: if has_bfd { Some(true) } else { bfd },
        port: bgp.neighbor_port,
        role: bgp
            .local_capabilities
            .as_ref()
            .and_then(|own| own.role.clone()),
        ttl_security: written.is_some_and(|written| has(written, "ttl security", false)),
        is_passive: written.is_some_and(|written| has(written, "passive", false)),
        has_password: written.map(|written| has(written, "password", true)),
        imported: imported(shown),
    })
}

fn imported(shown: &Protocol) -> u64 {
    let channels = shown.channels.iter();
    channels
        .filter_map(|channel| channel.routes.as_ref()?.imported)
        .fold(0, u64::saturating_add)
}

fn hops(bgp: &Bgp, written: Option<&Written<'_>>) -> Hops {
    let is_multihop = |words: &str| words.split(' ').any(|word| word == "multihop");
    let shown = bgp.session.as_deref().map(is_multihop);
    match (written.and_then(|written| last(written, "multihop")), shown) {
        (Some([]), _) => Hops::Most(BIRDS_MULTIHOP),
        (Some([number, ..]), _) => {
            let number = number.word().and_then(|word| word.parse().ok());
            number
                .filter(|hops| *hops > 0)
                .map_or(Hops::Unknown, Hops::Most)
        }
        (None, Some(true)) => Hops::Unknown,
        (None, _) => Hops::Direct,
    }
}

/// `local 10.0.0.2 as 64601`, `local 10.0.0.2 port 179 as 64601`, `source address 10.0.0.2`.
fn local(written: &Written<'_>) -> Option<IpAddr> {
    let source = last(written, "source address").or_else(|| last(written, "local"));
    source?.iter().find_map(|token| token.word()?.parse().ok())
}

/// What follows these words where they stand last: BIRD takes the last word.
fn last<'w, 't>(written: &'w Written<'t>, words: &str) -> Option<&'w [Token<'t>]> {
    let mut statements = written.statements.iter().rev();
    statements.find_map(|statement: &Statement<'t>| statement.after(words))
}

/// A number behind these words; not one that stands for itself by another name.
fn value(written: &Written<'_>, words: &str) -> Option<u64> {
    let [number, ..] = last(written, words)? else {
        return None;
    };
    number.word()?.parse().ok()
}

/// Whether an option is there and not switched off. `any`: it is never a switch.
fn has(written: &Written<'_>, words: &str, any: bool) -> bool {
    last(written, words).is_some_and(|rest| {
        let word = rest.first().and_then(Token::word);
        any || !matches!(word, Some("off" | "no"))
    })
}

#[cfg(test)]
mod tests;
