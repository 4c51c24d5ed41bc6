//! The beginning of the file: `node` and `bird`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::Writer;
use super::addresses::can_peer;
use super::found::{Answers, BirdFile, Found, Running};
use super::serving::Serving;
use super::wishes::{NodeName, Wishes};
use super::yaml::{FILL_IN, quoted};
use crate::config::defaults::{BIRD_CONFIG, BIRD_SOCKET};
use crate::harmless::is_harmful;
use crate::model::{Asn, BirdVersion};

pub(super) fn write(writer: &mut Writer, found: &Found, wishes: &Wishes, serving: &Serving) {
    let page = &mut writer.page;
    page.comment(0, "Written by `anycastctl init` from what it found on this host; comments say where values come from.");
    page.comment(0, "What is not written here has its default: `anycastctl schema`. Look it over, then `anycastctl check`.");
    page.line(0, "version: 1", "");
    page.blank();
    page.line(0, "node:", "");
    name(writer, found, wishes);
    asn(writer, found, wishes);
    router_id(writer, found, wishes, serving);
    writer.page.blank();
    bird(writer, found);
}

fn name(writer: &mut Writer, found: &Found, wishes: &Wishes) {
    let host = found.hostname.split('.').next().unwrap_or_default();
    let host = host.chars().filter(|c| !is_harmful(*c));
    let host: String = host.take(NodeName::LONGEST).collect();
    let (name, words) = match &wishes.name {
        Some(name) => (name.as_str(), "as --name says"),
        None if host.is_empty() => {
            let what = "a name for people, in status and logs";
            writer.missing("node.name".to_owned(), what);
            ("", "FILL_IN: a name for people, in status and logs")
        }
        None => (host.as_str(), "the name of the host"),
    };
    writer
        .page
        .line(2, &format!("name: {}", quoted(name)), words);
}

/// The BIRD that answers.
fn answers(found: &Found) -> Option<&Answers> {
    match &found.bird.running {
        Running::Answers(answers) => Some(answers),
        Running::Silent(_) => None,
    }
}

fn asn(writer: &mut Writer, found: &Found, wishes: &Wishes) {
    let sessions = answers(found).into_iter().flat_map(|bird| &bird.sessions);
    let mut local =
        sessions.filter_map(|session| Some((session.local_asn.and_then(Asn::new)?, &session.name)));
    let (asn, words) = match (wishes.asn, local.next()) {
        (Some(asn), _) => (asn, "as --asn says".to_owned()),
        (None, Some((asn, name))) => match local.find(|(other, _)| *other != asn) {
            None => (asn, format!("our AS number in BIRD's session {name}")),
            Some((other, another)) => {
                let words = format!(
                    "our AS number in BIRD's session {name}; in {another} it is {other}, and the format has one only"
                );
                writer.tell(&words);
                (asn, words)
            }
        },
        (None, None) => {
            let what = "the AS number of this node";
            writer.missing("node.asn".to_owned(), what);
            return writer.page.line(2, &format!("asn: {FILL_IN}"), what);
        }
    };
    writer.page.line(2, &format!("asn: {asn}"), &words);
}

/// Two nodes with one router id are one router to their neighbours: an anycast address is none.
fn router_id(writer: &mut Writer, found: &Found, wishes: &Wishes, serving: &Serving) {
    let served: Vec<IpAddr> = serving
        .groups
        .iter()
        .flat_map(super::serving::Group::addresses)
        .collect();
    let is_own = |id: &Ipv4Addr| !id.is_unspecified() && !served.contains(&IpAddr::V4(*id));
    let birds = answers(found)
        .and_then(|bird| bird.router_id)
        .filter(is_own);
    let hosts = found
        .addresses
        .iter()
        .find_map(|address| match address.address {
            IpAddr::V4(v4) if can_peer(address.address) && is_own(&v4) => {
                Some((v4, &address.interface))
            }
            _ => None,
        });
    let (id, words) = match (wishes.router_id, birds, hosts) {
        (Some(id), _, _) => (id, "as --router-id says".to_owned()),
        (None, Some(id), _) => (id, "BIRD's; no other router may have it".to_owned()),
        (None, None, Some((id, interface))) => {
            let words = format!("assumed: the address on {interface}; no other router may have it");
            writer.tell(&format!(
                "node.router_id: {id}, the address on {interface}, is assumed"
            ));
            (id, words)
        }
        (None, None, None) => {
            let what = "an IPv4 address that no other router has as its id, also if this node speaks only IPv6";
            writer.missing("node.router_id".to_owned(), what);
            return writer.page.line(2, &format!("router_id: {FILL_IN}"), what);
        }
    };
    writer.page.line(2, &format!("router_id: {id}"), &words);
}

fn bird(writer: &mut Writer, found: &Found) {
    let bird = &found.bird;
    writer.page.line(0, "bird:", "");
    let installed = bird.installed;
    let running = answers(found).and_then(|answers| BirdVersion::told(&answers.version));
    let (version, words) = match (running, installed) {
        // What is installed runs after the next restart of BIRD.
        (Some(running), Some(installed))
            if installed < running && installed.major == running.major =>
        {
            (installed, format!("the installed program; {running} runs"))
        }
        (Some(running), _) => (running, "the release that runs".to_owned()),
        (None, Some(installed)) => (
            installed,
            "the installed program; no BIRD answered".to_owned(),
        ),
        (None, None) => {
            writer.tell("bird.version: no BIRD was found, so bird.conf is rendered for 2.0.12, the release of Debian 12");
            (
                BirdVersion::new(2, 0, 12),
                "no BIRD was found; this is Debian 12's".to_owned(),
            )
        }
    };
    let yaml = format!("version: {}", quoted(&version.to_string()));
    writer.page.line(2, &yaml, &words);
    path(
        writer,
        "socket",
        &bird.socket,
        BIRD_SOCKET,
        "where BIRD answers",
    );
    path(
        writer,
        "config",
        &bird.config,
        BIRD_CONFIG,
        "the file that BIRD was started with",
    );
    match &bird.file {
        BirdFile::Absent => {}
        BirdFile::Rendered => writer
            .page
            .comment(2, "bird.conf is one that anycastctl has rendered."),
        BirdFile::Unreadable(why) => {
            let words = format!(
                "{why}: what BIRD itself does not show of its sessions (passwords, GTSM, passive) is not known."
            );
            writer.note(2, &words);
        }
        BirdFile::ByHand => by_hand(writer, found),
    }
    writer.page.blank();
}

/// A path where it is not the default and the format can have it.
fn path(writer: &mut Writer, key: &str, path: &Path, default: &str, words: &str) {
    let (text, is_default) = (path.to_string_lossy(), path == Path::new(default));
    if is_default || text.is_empty() {
        return;
    }
    let bad = |c: char| !(c.is_ascii_graphic() || c == ' ') || "\"*?[\\".contains(c);
    // The shortest limit is that of sockets.
    if text.contains(bad) || text.len() > 107 || !path.is_absolute() {
        return writer.missing(
            format!("bird.{key}"),
            &format!("{text} is no path that the format can have"),
        );
    }
    writer
        .page
        .line(2, &format!("{key}: {}", quoted(&text)), words);
}

/// `apply --replace` replaces all of it.
fn by_hand(writer: &mut Writer, found: &Found) {
    let file = found.bird.config.display();
    writer.page.comment(2, &format!("{file} is not anycastctl's. `anycastctl apply --replace` replaces it as a whole and keeps a copy; what is to stay goes into a file of its own, named here."));
    let others = answers(found)
        .map(|bird| bird.others.as_slice())
        .unwrap_or_default();
    if !others.is_empty() {
        let words = format!(
            "A rendered bird.conf does not have these protocols of BIRD: {}.",
            others.join(", ")
        );
        writer.note(2, &words);
    }
    writer
        .page
        .example(2, "include: [\"/etc/bird/local.conf\"]", "");
}
