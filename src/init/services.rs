//! The services: prefixes with the checks that pass now.

use std::net::IpAddr;

use super::Writer;
use super::found::Found;
use super::questions::{Choice, Kind, choose};
use super::serving::{Group, Served, Serving};
use super::wishes::Wishes;
use super::yaml::{FILL_IN, network, quoted};
use crate::dns::DNSClass;
use crate::model::{Family, ProtocolName};

pub(super) fn write(writer: &mut Writer, found: &Found, wishes: &Wishes, serving: &Serving) {
    writer.page.comment(
        0,
        "What is announced to all neighbours while its checks pass, by name.",
    );
    writer.page.line(0, "services:", "");
    for why in &serving.left_out {
        writer.note(2, &format!("Left out: {why}."));
    }
    let nothing = Group::default();
    let groups = serving.groups.iter();
    let groups: Vec<&Group> = match serving.groups.as_slice() {
        [] => vec![&nothing],
        _ => groups.collect(),
    };
    let mut names: Vec<String> = Vec::new();
    for group in groups {
        let choice = choose(found, group, wishes);
        let base = match &wishes.service {
            Some(name) => name.as_str(),
            None => role(group, choice.as_ref()),
        };
        let mut name = base.to_owned();
        while names.contains(&name) {
            name = format!("{base}{}", names.len() + 1);
        }
        writer.page.line(2, &format!("{name}:"), "");
        prefixes(writer, &name, group);
        // A protocol can be that of one service only.
        if serving.groups.len() == 1 {
            by_hand(writer, group);
        }
        checks(writer, &name, group, choice.as_ref());
        names.push(name);
    }
    writer.page.blank();
}

/// What a group is called.
fn role(group: &Group, choice: Option<&Choice<'_>>) -> &'static str {
    match group.program.as_deref() {
        Some("unbound" | "kresd" | "pdns_recursor" | "dnsdist") => "resolver",
        Some("nsd" | "knotd" | "pdns_server") => "authoritative",
        _ => match choice {
            Some(choice) if choice.is_recursive() => "resolver",
            Some(choice) if choice.question.kind == Kind::Zone => "authoritative",
            _ => "dns",
        },
    }
}

fn checks(writer: &mut Writer, name: &str, group: &Group, choice: Option<&Choice<'_>>) {
    writer.page.line(4, "checks:", "");
    match choice {
        Some(choice) => seen(writer, name, choice),
        None if group.addresses().is_empty() => {}
        None => writer.note(
            6,
            "No DNS server of this host answered anything that a check could ask.",
        ),
    }
    let servers = if group.needs_server() {
        group.addresses()
    } else {
        Vec::new()
    };
    let decides_on_both = group.needs_server() && lacks_a_family(group, &servers);
    if servers.is_empty() {
        let server = if group.needs_server() {
            Server::Unknown
        } else {
            Server::Own
        };
        check(writer, name, 0, choice, (server, decides_on_both));
    }
    for (index, server) in servers.into_iter().enumerate() {
        let server = (Server::At(server), decides_on_both);
        check(writer, name, index, choice, server);
    }
    if choice.is_some_and(|choice| choice.question.kind == Kind::Local) {
        recursion(writer);
    }
}

/// Whether the service has prefixes of a family in which nobody is asked.
fn lacks_a_family(group: &Group, servers: &[IpAddr]) -> bool {
    let announces = |family| {
        let mut prefixes = group.prefixes.iter();
        prefixes.any(|served| served.prefix.family() == family)
    };
    let asks = |family| servers.iter().any(|server| Family::of(*server) == family);
    Family::ALL.into_iter().all(announces) && !Family::ALL.into_iter().all(asks)
}

fn prefixes(writer: &mut Writer, name: &str, group: &Group) {
    if group.prefixes.is_empty() {
        let what = "the prefixes to announce, as in [192.0.2.53/32, \"2001:db8:53::53/128\"]";
        writer.missing(format!("services.{name}.prefixes[0]"), what);
        writer.page.comment(4, "No interface has an address that looks like an anycast address: a /32 or /128 on the loopback or on a dummy interface.");
        return writer.page.line(4, &format!("prefixes: [{FILL_IN}]"), what);
    }
    writer.page.line(4, "prefixes:", "");
    for Served {
        prefix,
        why,
        announced_by,
        ..
    } in &group.prefixes
    {
        let now = match announced_by {
            Some(protocol) => format!("{why}; BIRD's protocol {protocol} announces it now"),
            None => why.clone(),
        };
        let yaml = format!("- {}", network(&prefix.to_string()));
        writer.page.line(6, &yaml, &now);
    }
}

/// Protocols that exist could be switched instead of rendered ones.
fn by_hand(writer: &mut Writer, group: &Group) {
    let mut keys = Vec::new();
    for family in Family::ALL {
        let prefixes = group
            .prefixes
            .iter()
            .filter(|served| served.prefix.family() == family);
        let mut names: Vec<&str> = prefixes
            .filter_map(|served| served.announced_by.as_deref())
            .collect();
        names.dedup();
        let rendered = |name: &str| {
            name.starts_with("anycast_") && name.contains(&format!("_{}", family.suffix()))
        };
        if let [name] = names[..]
            && name.parse::<ProtocolName>().is_ok()
            && !rendered(name)
        {
            keys.push(format!("{}: {name}", family.suffix()));
        }
    }
    if !keys.is_empty() {
        writer.page.comment(4, &format!("To keep the bird.conf that is there, `bird: {{ {} }}` has anycastctl switch these protocols instead of rendered ones; sessions then name theirs with `bird:` as well.", keys.join(", ")));
    }
}

/// What the check's question gave just now.
fn seen(writer: &mut Writer, name: &str, choice: &Choice<'_>) {
    let (question, seen) = (&choice.question, choice.seen());
    let shows = match question.kind {
        Kind::Wished => "as --check says",
        Kind::Zone => "the server answers this with authority: the zone is loaded and served",
        Kind::Local => {
            "a resolver answers this by itself, so that it fails with this node and not with the network"
        }
        Kind::Root => "a resolver has the root in its cache",
        Kind::Identity => {
            "this shows that a server is there, and nothing about its zones: ask for the SOA of one"
        }
    };
    if choice.is_good() {
        writer
            .page
            .comment(6, &format!("{question}: {shows}. Seen: {seen}."));
    } else {
        writer.note(
            6,
            &format!(
                "services.{name}: the check does not pass everywhere now. {question}: {seen}."
            ),
        );
    }
}

/// Whom a check asks.
#[derive(Clone, Copy)]
enum Server {
    /// The service's own addresses.
    Own,
    /// One of the addresses in its networks.
    At(IpAddr),
    /// One that nobody knows.
    Unknown,
}

fn check(
    writer: &mut Writer,
    name: &str,
    index: usize,
    choice: Option<&Choice<'_>>,
    (server, decides_on_both): (Server, bool),
) {
    let path = format!("services.{name}.checks[{index}].dns");
    let mut keys = Vec::new();
    let mut words = "";
    match server {
        Server::Own => {}
        Server::At(server) => keys.push(format!("server: {}", network(&server.to_string()))),
        Server::Unknown => {
            keys.push(format!("server: {FILL_IN}"));
            words = "the address to ask: the prefixes are networks";
            writer.missing(
                format!("{path}.server"),
                "the address of the DNS server: the prefixes are networks",
            );
        }
    }
    if let Some(Choice { question, .. }) = choice {
        keys.push(format!("name: {}", quoted(&question.name.to_string())));
        keys.push(format!("type: {}", question.record_type));
        if question.class == DNSClass::CH {
            keys.push("class: CH".to_owned());
        }
    } else {
        keys.push(format!("name: {FILL_IN}, type: {FILL_IN}"));
        words = "a question that the server answers, as in `name: example.com, type: SOA`";
        writer.missing(path, words);
    }
    let page = &mut writer.page;
    let dns = format!("dns: {{ {} }}", keys.join(", "));
    if decides_on_both {
        page.line(6, "- families: [v4, v6]", "the address is of one of them");
        page.line(8, &dns, words);
    } else {
        page.line(6, &format!("- {dns}"), words);
    }
}

fn recursion(writer: &mut Writer) {
    let page = &mut writer.page;
    page.comment(6, "A second check could see that it resolves. What that fails for lies elsewhere, so it drains only:");
    page.example(6, "- name: recursion", "");
    page.example(6, "  on_failure: drain", "");
    page.example(6, "  dns: { name: example.com, type: SOA }", "");
}
