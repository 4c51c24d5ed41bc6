//! Which prefixes this host serves, and which program does.

use std::net::IpAddr;

use super::addresses::{host_prefix, is_fit};
use super::found::{Found, Listener, Running};
use super::wishes::Wishes;
use crate::model::{Family, Prefix};

/// Prefixes that one program serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The program, where it is known.
    pub program: Option<String>,
    /// Zones that its configuration names.
    pub zones: Vec<String>,
    /// Its prefixes.
    pub prefixes: Vec<Served>,
}

/// A prefix to announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The prefix.
    pub prefix: Prefix,
    /// The addresses of this host in it.
    pub addresses: Vec<IpAddr>,
    /// Where it was found.
    pub why: String,
    /// The protocol that announces it now.
    pub announced_by: Option<String>,
}

/// What is served, and what only looks so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serving {
    /// What is served, by program.
    pub groups: Vec<Group>,
    /// Addresses that are left out, with the reason.
    pub left_out: Vec<String>,
}

impl Group {
    /// Who can be asked: the host's addresses in the prefixes.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let prefixes = self.prefixes.iter();
        prefixes
            .flat_map(|served| served.addresses.iter().copied())
            .collect()
    }

    /// The families that a check of the service's own addresses cannot ask in: they have networks only.
    pub(super) fn needs_server(&self) -> bool {
        Family::ALL.into_iter().any(|family| {
            let of = || {
                let prefixes = self.prefixes.iter().map(|served| served.prefix);
                prefixes.filter(move |prefix| prefix.family() == family)
            };
            of().next().is_some() && of().all(|prefix| prefix.host().is_none())
        })
    }
}

impl Serving {
    /// The prefixes that were asked for, or those that are served here.
    #[must_use]
    pub fn of(found: &Found, wishes: &Wishes) -> Self {
        if wishes.prefixes.is_empty() {
            Self::found(found, wishes.service.is_some())
        } else {
            Self::wished(found, &wishes.prefixes)
        }
    }

    fn wished(found: &Found, prefixes: &[Prefix]) -> Self {
        let mut group = Group::default();
        for prefix in prefixes {
            let known = |served: &Served| served.prefix == *prefix;
            if group.prefixes.iter().any(known) {
                continue;
            }
            let addresses = within(found, *prefix);
            let why = match addresses.first() {
                Some(_) => "as --prefix says".to_owned(),
                None => "as --prefix says; no interface of this host has an address in it yet"
                    .to_owned(),
            };
            if let Some(listener) = addresses.first().and_then(|at| listener(found, *at)) {
                group.learn(listener);
            }
            group.prefixes.push(Served {
                prefix: *prefix,
                addresses,
                why,
                announced_by: announcing(found, *prefix),
            });
        }
        Self {
            groups: vec![group],
            left_out: Vec::new(),
        }
    }

    /// `as_one`: in one group, whoever serves it.
    fn found(found: &Found, as_one: bool) -> Self {
        let mut serving = Self::default();
        let own = own(found);
        let is_served = found.listeners.iter().any(is_public);
        for candidate in found.addresses.iter().filter(|at| at.is_candidate()) {
            let (address, interface) = (candidate.address, &candidate.interface);
            let listener = listener(found, address);
            if let Some((_, what)) = own.iter().find(|(own, _)| *own == address) {
                serving.leave_out(format!(
                    "{address} on {interface} is {what}, so it is this node's own"
                ));
            } else if listener.is_none() && is_served {
                serving.leave_out(format!(
                    "nothing listens on port 53 of {address} on {interface}"
                ));
            } else if let Some(prefix) = announced(found, address).or_else(|| host_prefix(address))
            {
                let why = match listener {
                    Some(listener) => format!("on {interface}, served by {}", name(listener)),
                    None => format!("on {interface}; nothing listens on port 53 there yet"),
                };
                let group = serving.group(listener.filter(|_| !as_one));
                group.add(found, prefix, address, why);
                if let Some(listener) = listener {
                    group.learn(listener);
                }
            }
        }
        serving
    }

    fn leave_out(&mut self, why: String) {
        if !self.left_out.contains(&why) {
            self.left_out.push(why);
        }
    }

    fn group(&mut self, listener: Option<&Listener>) -> &mut Group {
        let program = listener.and_then(|listener| listener.program.as_ref());
        let is_same = |group: &Group| listener.is_none() || group.program.as_ref() == program;
        let position = self.groups.iter().position(is_same).unwrap_or_else(|| {
            self.groups.push(Group::default());
            self.groups.len() - 1
        });
        &mut self.groups[position]
    }
}

impl Group {
    /// A second address of a network that is announced as a whole adds nothing but somebody to ask.
    fn add(&mut self, found: &Found, prefix: Prefix, address: IpAddr, why: String) {
        match self
            .prefixes
            .iter_mut()
            .find(|served| served.prefix == prefix)
        {
            Some(served) if served.addresses.contains(&address) => {}
            Some(served) => served.addresses.push(address),
            None => self.prefixes.push(Served {
                prefix,
                addresses: vec![address],
                why,
                announced_by: announcing(found, prefix),
            }),
        }
    }

    fn learn(&mut self, listener: &Listener) {
        if self.program.is_none() {
            self.program.clone_from(&listener.program);
        }
        for zone in &listener.zones {
            if !self.zones.contains(zone) {
                self.zones.push(zone.clone());
            }
        }
    }
}

/// A listener's name for people.
fn name(listener: &Listener) -> String {
    let program = listener.program.as_deref().unwrap_or("a DNS server");
    if listener.address.is_unspecified() {
        format!("{program}, which listens on all addresses")
    } else {
        program.to_owned()
    }
}

/// Whether somebody else than this host can be served: a stub resolver on 127.0.0.53 serves nobody.
fn is_public(listener: &Listener) -> bool {
    !listener.address.is_loopback()
}

/// Who answers at an address: who asked for that address, or who asked for all of its family. A socket on `::` may
/// take IPv4 as well; whether it does, the probe shows.
fn listener(found: &Found, address: IpAddr) -> Option<&Listener> {
    let of = |wanted: IpAddr| {
        let mut listeners = found.listeners.iter();
        listeners.find(move |listener| listener.address == wanted)
    };
    let all_v6 = IpAddr::from([0_u16; 8]);
    let all = match address {
        IpAddr::V4(_) => IpAddr::from([0_u8; 4]),
        IpAddr::V6(_) => all_v6,
    };
    of(address).or_else(|| of(all)).or_else(|| of(all_v6))
}

/// The addresses that tell this node from others, with words for what they are.
fn own(found: &Found) -> Vec<(IpAddr, String)> {
    let Running::Answers(bird) = &found.bird.running else {
        return Vec::new();
    };
    let locals = bird.sessions.iter().filter_map(|session| {
        let what = format!("our end of BIRD's session {}", session.name);
        Some((session.local?, what))
    });
    // One that BIRD chose may as well be an anycast address.
    let router_id = bird.router_id.filter(|_| !found.bird.chooses_router_id);
    let router_id = router_id.map(IpAddr::V4);
    let router_id = router_id.map(|id| (id, "BIRD's router id".to_owned()));
    locals.chain(router_id).collect()
}

/// The addresses of this host within a prefix.
fn within(found: &Found, prefix: Prefix) -> Vec<IpAddr> {
    let mut within: Vec<IpAddr> = Vec::new();
    for address in found.addresses.iter().map(|address| address.address) {
        if prefix.contains(address) && is_fit(address) && !within.contains(&address) {
            within.push(address);
        }
    }
    within
}

/// The smallest prefix that is announced now and has an address in it; never the default route.
fn announced(found: &Found, address: IpAddr) -> Option<Prefix> {
    let exports = exports(found).map(|(prefix, _)| prefix);
    exports
        .filter(|prefix| prefix.contains(address))
        .max_by_key(|prefix| prefix.length())
}

/// The protocol that announces a prefix now.
fn announcing(found: &Found, prefix: Prefix) -> Option<String> {
    let (_, protocol) = exports(found).find(|(other, _)| *other == prefix)?;
    Some(protocol.to_owned())
}

fn exports(found: &Found) -> impl Iterator<Item = (Prefix, &str)> {
    let exports = match &found.bird.running {
        Running::Answers(bird) => bird.exports.as_slice(),
        Running::Silent(_) => &[],
    };
    let exports = exports.iter().filter(|export| export.prefix.length() > 0);
    exports.map(|export| (export.prefix, export.protocol.as_str()))
}
