//! Which neighbours hear of the services: those that were asked for, or those that BIRD talks to.

use std::net::IpAddr;

use super::addresses::can_peer;
use super::found::{Found, Running, Session};
use super::wishes::{Peer, Wishes};
use crate::model::{Asn, Family};

/// A neighbour of the configuration to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Neighbor {
    pub(super) name: String,
    pub(super) asn: Option<Asn>,
    pub(super) ends: Vec<Ends>,
    /// What its sessions have in common, if BIRD has them.
    pub(super) like: Option<Session>,
    /// The names of these sessions.
    pub(super) sessions: Vec<String>,
    /// Somebody has to say how far away it is.
    pub(super) is_far: bool,
}

/// The ends of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) local: Option<IpAddr>,
    pub(super) remote: Option<IpAddr>,
}

/// The neighbours, and what could not become one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Peers {
    pub(super) neighbors: Vec<Neighbor>,
    pub(super) left_out: Vec<String>,
}

impl Peers {
    /// `families`: those of the services, for a neighbour that nobody knows.
    pub(super) fn of(found: &Found, wishes: &Wishes, families: &[Family]) -> Self {
        let sessions = match &found.bird.running {
            Running::Answers(bird) => bird.sessions.as_slice(),
            Running::Silent(_) => &[],
        };
        let mut peers = Self::default();
        if wishes.neighbors.is_empty() {
            peers.take_all(found, sessions);
        } else {
            for peer in &wishes.neighbors {
                peers.take_wished(found, *peer, sessions);
            }
        }
        if peers.neighbors.is_empty() {
            peers.neighbors.push(unknown(found, families));
        }
        peers
    }

    fn take_all(&mut self, found: &Found, sessions: &[Session]) {
        for session in sessions {
            match usable(session) {
                Err(why) => self
                    .left_out
                    .push(format!("BIRD's session {}: {why}", session.name)),
                Ok((remote, _)) if self.has(remote) => {
                    let name = &session.name;
                    let why = format!("BIRD's session {name}: {remote} has another one already");
                    self.left_out.push(why);
                }
                Ok((remote, asn)) => self.take(found, session, remote, asn),
            }
        }
    }

    fn has(&self, remote: IpAddr) -> bool {
        let mut ends = self.neighbors.iter().flat_map(|neighbor| &neighbor.ends);
        ends.any(|ends| ends.remote == Some(remote))
    }

    /// A session of the same neighbour in the other family joins it, so that both are configured as one.
    fn take(&mut self, found: &Found, session: &Session, remote: IpAddr, asn: Asn) {
        let (stem, ends) = (stem(&session.name), ends(found, session, remote));
        let is_same = |neighbor: &&mut Neighbor| {
            let families = neighbor.ends.iter().filter_map(|ends| ends.remote);
            neighbor.name == stem
                && neighbor.asn == Some(asn)
                && !families
                    .map(Family::of)
                    .any(|other| other == Family::of(remote))
                && neighbor
                    .like
                    .as_ref()
                    .is_some_and(|like| is_alike(like, session))
        };
        if let Some(neighbor) = self.neighbors.iter_mut().find(is_same) {
            neighbor.ends.push(ends);
            neighbor.sessions.push(session.name.clone());
            if let Some(like) = &mut neighbor.like {
                like.imported = like.imported.saturating_add(session.imported);
            }
            return;
        }
        self.neighbors.push(Neighbor {
            name: self.free(&stem),
            asn: Some(asn),
            ends: vec![ends],
            like: Some(session.clone()),
            sessions: vec![session.name.clone()],
            is_far: false,
        });
    }

    fn take_wished(&mut self, found: &Found, peer: Peer, sessions: &[Session]) {
        if self.has(peer.address) {
            return;
        }
        let known = sessions
            .iter()
            .find(|session| session.remote == Some(peer.address));
        if let Some(session) = known.filter(|session| usable(session).is_ok()) {
            return self.take(found, session, peer.address, peer.asn);
        }
        let local = found.local_to(peer.address);
        let ends = Ends {
            local: local.or_else(|| {
                only(found, Family::of(peer.address)).filter(|local| *local != peer.address)
            }),
            remote: Some(peer.address),
        };
        let joins = |neighbor: &&mut Neighbor| {
            let remotes = neighbor.ends.iter().filter_map(|ends| ends.remote);
            neighbor.like.is_none()
                && neighbor.asn == Some(peer.asn)
                && neighbor.is_far == local.is_none()
                && neighbor.ends.len() == 1
                && !remotes
                    .map(Family::of)
                    .any(|other| other == Family::of(peer.address))
        };
        match self.neighbors.iter_mut().find(joins) {
            Some(neighbor) => neighbor.ends.push(ends),
            None => self.neighbors.push(Neighbor {
                name: self.free("neighbor1"),
                asn: Some(peer.asn),
                ends: vec![ends],
                is_far: local.is_none(),
                ..Neighbor::default()
            }),
        }
    }

    /// A name that no other neighbour has: `tor`, `tor_2`; and `neighbor1`, `neighbor2`.
    fn free(&self, stem: &str) -> String {
        let is_free = |name: &String| self.neighbors.iter().all(|other| other.name != *name);
        let (base, between) = match stem.strip_suffix('1') {
            Some("neighbor") => ("neighbor", ""),
            _ => (stem, "_"),
        };
        let numbered = (2..).map(|number: usize| format!("{base}{between}{number}"));
        let mut names = std::iter::once(stem.to_owned()).chain(numbered);
        names.find(is_free).unwrap_or_default()
    }
}

/// A neighbour that nobody has named.
fn unknown(found: &Found, families: &[Family]) -> Neighbor {
    let family = families.first().copied().unwrap_or(Family::V4);
    Neighbor {
        name: "neighbor1".to_owned(),
        ends: vec![Ends {
            local: only(found, family),
            remote: None,
        }],
        ..Neighbor::default()
    }
}

/// The address that sessions of a family run from, if there is no other.
fn only(found: &Found, family: Family) -> Option<IpAddr> {
    let mut outer = found.outer(family).map(|address| address.address);
    let first = outer.next()?;
    outer.all(|other| other == first).then_some(first)
}

/// The neighbour of a session that the format can have, or why it cannot.
fn usable(session: &Session) -> Result<(IpAddr, Asn), String> {
    let remote = session.remote;
    let remote = remote.ok_or("its neighbours are a range, which the format does not have")?;
    if !can_peer(remote) {
        return Err(format!(
            "{remote} takes an interface to be reached, or is no address of a neighbour"
        ));
    }
    let asn = session.asn.and_then(Asn::new);
    let asn = asn.ok_or("BIRD does not say the neighbour's AS number")?;
    Ok((remote, asn))
}

fn ends(found: &Found, session: &Session, remote: IpAddr) -> Ends {
    let fits = |local: &IpAddr| {
        Family::of(*local) == Family::of(remote) && *local != remote && can_peer(*local)
    };
    let local = session.local.filter(fits);
    Ends {
        local: local.or_else(|| found.local_to(remote)),
        remote: Some(remote),
    }
}

/// Whether two sessions can be those of one neighbour.
fn is_alike(one: &Session, other: &Session) -> bool {
    let options = |session: &Session| {
        (
            (session.hops, session.hold_time, session.bfd, session.port),
            (session.role.clone(), session.ttl_security),
            (session.is_passive, session.has_password),
        )
    };
    options(one) == options(other)
}

/// The longest name, in characters, with room for a number.
const LONGEST: usize = 28;

/// A neighbour's name from that of its session: `tor1` from `bgp_tor1_v4`, `upstream` from `Upstream-6`.
fn stem(session: &str) -> String {
    let lower = session.to_ascii_lowercase();
    let name = lower.strip_prefix("bgp_").unwrap_or(&lower);
    let name = without_family(name).unwrap_or(name);
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fine: String = name
        .chars()
        .map(|c| if is_fine(c) { c } else { '_' })
        .take(LONGEST)
        .collect();
    match fine.trim_matches('_') {
        "" | "bgp" => "neighbor1".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_lowercase()) => name.to_owned(),
        name => format!("n{name}"),
    }
}

/// `tor1_` of `tor1_v4`, and `upstream` of `upstream6`; `None` for `tor4`, which may be the fourth.
fn without_family(name: &str) -> Option<&str> {
    let rest = name.strip_suffix(['4', '6'])?;
    let mut short = ["ipv", "ip", "v"].iter();
    let bare = short.find_map(|word| rest.strip_suffix(word));
    let bare = bare.unwrap_or(rest);
    let is_word = bare.len() >= 4 && bare.chars().all(|c| c.is_ascii_lowercase());
    (bare.is_empty() || bare.len() < rest.len() || bare.ends_with(['_', '-']) || is_word)
        .then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_give_their_neighbours_names() {
        for (session, name) in [
            ("bgp_tor1_v4", "tor1"),
            ("bgp_tor1_v6", "tor1"),
            ("upstream4", "upstream"),
            ("Upstream-6", "upstream"),
            ("rr_ipv6", "rr"),
            ("tor4", "tor4"),
            ("1st", "n1st"),
            ("bgp1", "bgp1"),
            ("bgp_4", "neighbor1"),
            ("", "neighbor1"),
            ("'a b.c'", "a_b_c"),
        ] {
            assert_eq!(stem(session), name, "{session}");
        }
        for odd in [
            "é",
            "_",
            "v4",
            "ipv6",
            "bgp_",
            "4",
            "bgp_bgp_4",
            &"x".repeat(99),
        ] {
            let name = stem(odd);
            assert!(
                name.parse::<crate::model::NeighborName>().is_ok(),
                "{odd}: {name}"
            );
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut peers = Peers::default();
        for (stem, name) in [
            ("neighbor1", "neighbor1"),
            ("neighbor1", "neighbor2"),
            ("tor1", "tor1"),
            ("tor1", "tor1_2"),
            ("tor1", "tor1_3"),
        ] {
            let free = peers.free(stem);
            assert_eq!(free, name);
            peers.neighbors.push(Neighbor {
                name: free,
                ..Neighbor::default()
            });
        }
    }
}
