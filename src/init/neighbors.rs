//! The neighbours, with what their sessions have now.

use super::Writer;
use super::found::{Found, Gateway, Hops, Session};
use super::peers::{Ends, Neighbor, Peers};
use super::yaml::{FILL_IN, network};
use crate::model::Family;

pub(super) fn write(writer: &mut Writer, found: &Found, peers: &Peers) {
    writer
        .page
        .comment(0, "Who hears of the services, by name.");
    writer.page.line(0, "neighbors:", "");
    for why in &peers.left_out {
        writer.note(2, &format!("Left out: {why}."));
    }
    for neighbor in &peers.neighbors {
        one(writer, found, neighbor);
    }
    if peers
        .neighbors
        .iter()
        .any(|neighbor| neighbor.like.is_some())
    {
        writer.page.comment(2, "What filters of the bird.conf that is there add to routes is not known here: look at `anycastctl diff`, and at `communities`, `prepend` and `limits`.");
    }
}

fn one(writer: &mut Writer, found: &Found, neighbor: &Neighbor) {
    let path = format!("neighbors.{}", neighbor.name);
    let sessions = match neighbor.sessions.as_slice() {
        [] => String::new(),
        [one] => format!("BIRD's session {one}"),
        more => format!("BIRD's sessions {}", more.join(" and ")),
    };
    writer
        .page
        .line(2, &format!("{}:", neighbor.name), &sessions);
    if let Some(asn) = neighbor.asn {
        writer.page.line(4, &format!("asn: {asn}"), "");
    } else {
        let what = "the AS number of the neighbour";
        writer.missing(format!("{path}.asn"), what);
        writer.page.line(4, &format!("asn: {FILL_IN}"), what);
    }
    writer.page.line(4, "sessions:", "");
    for (index, ends) in neighbor.ends.iter().enumerate() {
        session(
            writer,
            found,
            neighbor,
            &format!("{path}.sessions[{index}]"),
            *ends,
        );
    }
    if neighbor.is_far {
        let what = "no network of this host reaches the neighbour: how many hops away it is, or another `local`";
        writer.missing(format!("{path}.multihop"), what);
        writer.page.line(4, &format!("multihop: {FILL_IN}"), what);
    }
    if let Some(like) = &neighbor.like {
        return options(writer, found, neighbor, like);
    }
    let file = password_file(neighbor);
    let words = "its first line is the MD5 password, if there is one";
    writer.page.example(4, &file, words);
    let words = "if the router does not speak BFD";
    writer.page.example(4, "bfd: false", words);
}

fn password_file(neighbor: &Neighbor) -> String {
    format!("password_file: /etc/anycastctl/secrets/{}", neighbor.name)
}

fn session(writer: &mut Writer, found: &Found, neighbor: &Neighbor, path: &str, ends: Ends) {
    if ends.remote.is_none() {
        for gateway in &found.gateways {
            suggestion(writer, gateway);
        }
    }
    let mut words = String::new();
    let local = if let Some(local) = ends.local {
        if ends.remote.is_none() || neighbor.is_far {
            words = format!("assumed: {local} is the only address of its family");
        }
        network(&local.to_string())
    } else {
        writer.missing(format!("{path}.local"), "our address of this session");
        FILL_IN.to_owned()
    };
    let remote = if let Some(remote) = ends.remote {
        network(&remote.to_string())
    } else {
        writer.missing(format!("{path}.remote"), "the neighbour's address");
        FILL_IN.to_owned()
    };
    writer.page.line(
        6,
        &format!("- {{ local: {local}, remote: {remote} }}"),
        &words,
    );
}

/// A default gateway is often the router to peer with, and often not.
fn suggestion(writer: &mut Writer, gateway: &Gateway) {
    let family = Family::of(gateway.address);
    writer.page.comment(
        6,
        &format!(
            "The {family} default gateway is {} on {}: perhaps the neighbour.",
            gateway.address, gateway.interface
        ),
    );
}

/// So many seconds are BIRD's default hold time.
const BIRDS_HOLD_TIME: u64 = 240;

fn options(writer: &mut Writer, found: &Found, neighbor: &Neighbor, like: &Session) {
    let page = &mut writer.page;
    match like.hops {
        Hops::Direct => {}
        Hops::Most(hops) => page.line(4, &format!("multihop: {hops}"), ""),
        Hops::Unknown => page.line(
            4,
            "multihop: 64",
            "BIRD does not show how far; this is its default",
        ),
    }
    if let Some(seconds) = like.hold_time
        && seconds != BIRDS_HOLD_TIME
        && (3..=65_535).contains(&seconds)
    {
        page.line(4, &format!("hold_time: {seconds}s"), "");
    }
    match like.bfd {
        Some(true) => page.line(4, "bfd: true", "BIRD has a BFD session with it"),
        Some(false) => page.line(
            4,
            "bfd: false",
            "BIRD has no BFD session with it; with one, a dead link is seen in a second",
        ),
        None => page.line(4, "bfd: false", "no BFD session with it was seen"),
    }
    if let Some(port) = like.port.filter(|port| *port > 0) {
        page.line(4, &format!("port: {port}"), "");
    }
    if like.ttl_security {
        page.line(4, "ttl_security: true", "");
    }
    if like.is_passive {
        page.line(4, "passive: true", "");
    }
    if let Some(role) = like.role.as_deref() {
        // Which releases and neighbours may have one is more than is known here.
        page.example(
            4,
            &format!("role: {role}"),
            "what the session has now, in BIRD's word",
        );
    }
    password(writer, neighbor, like);
    import(writer, found, neighbor, like);
}

fn password(writer: &mut Writer, neighbor: &Neighbor, like: &Session) {
    let (name, yaml) = (&neighbor.name, password_file(neighbor));
    match like.has_password {
        Some(false) => {}
        None => writer.page.example(
            4,
            &yaml,
            "if there is an MD5 password: BIRD does not show it",
        ),
        Some(true) => {
            let words = "bird.conf has an MD5 password, which is not copied: write it into this file (root only)";
            writer.missing(format!("neighbors.{name}.password_file"), "the MD5 password of the session is to be written into this file: it is not copied from bird.conf");
            writer.page.line(4, &yaml, words);
        }
    }
}

/// Without it, a default route that BIRD has from the neighbour would be gone.
fn import(writer: &mut Writer, found: &Found, neighbor: &Neighbor, like: &Session) {
    if like.imported == 0 {
        return;
    }
    let count = like.imported;
    let remotes = neighbor.ends.iter().filter_map(|ends| ends.remote);
    let mut remotes = remotes.collect::<Vec<_>>().into_iter();
    let is_gateway = remotes.any(|remote| {
        found
            .gateways
            .iter()
            .any(|gateway| gateway.address == remote)
    });
    if is_gateway {
        let words = "the default route of this host leads to it";
        writer.page.line(4, "import: default_route", words);
    } else {
        let words = format!(
            "BIRD takes {count} routes from {}, and a rendered bird.conf takes none. If the default route is among them:",
            neighbor.name
        );
        writer.note(4, &words);
        writer.page.example(4, "import: default_route", "");
    }
}
