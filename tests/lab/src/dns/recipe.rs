//! Configurations of the three servers, so that each answers well, SERVFAIL or REFUSED for real.

use std::fmt::Write;
use std::path::Path;

use super::{Answer, Software};
use crate::Certificate;

/// The zone that every server has, but for one record.
const ZONE: &str = "\
$ORIGIN example.com.
$TTL 60
@   SOA ns.example.com. hostmaster.example.com. 2026112201 3600 600 86400 60
@   NS  ns
@   A   192.0.2.80
ns  A   192.0.2.53
www A   192.0.2.81
";

/// A record that takes more than 512 octets, and so is cut over UDP.
fn large() -> String {
    let text = "0123456789abcdef".repeat(15);
    format!("large.example.com. TXT {text} {text} {text}")
}

/// The zone's file.
#[must_use]
pub fn zone() -> String {
    format!("{ZONE}{}\n", large())
}

/// A server's configuration file.
pub(super) fn configuration(
    software: Software,
    directory: &Path,
    addresses: &[String],
    answer: Answer,
    certificate: Option<&Certificate>,
) -> String {
    match software {
        Software::Nsd => nsd(directory, addresses, answer) + &over_tls(addresses, certificate),
        Software::Unbound => {
            unbound(directory, addresses, answer)
                + &over_tls(addresses, certificate)
                + &over_https(addresses, certificate)
        }
        Software::Named => named(directory, addresses, answer, certificate),
    }
}

/// NSD and Unbound call these things alike, but for the address.
fn over_tls(addresses: &[String], certificate: Option<&Certificate>) -> String {
    let Some(certificate) = certificate else {
        return String::new();
    };
    format!(
        "server:
  tls-port: 853
  tls-service-pem: \"{}\"
  tls-service-key: \"{}\"
{}",
        certificate.file.display(),
        certificate.key.display(),
        lines("  ip-address: ", addresses, "@853\n")
    )
}

fn over_https(addresses: &[String], certificate: Option<&Certificate>) -> String {
    match certificate {
        None => String::new(),
        Some(_) => lines("  interface: ", addresses, "@443\n"),
    }
}

/// SERVFAIL: the zone's file is missing. REFUSED: no such zone. Without `xfrdir`, labs side by side would
/// share a directory named after the process id, which is the same in each. Its rate limit would count the probes of
/// a thousand services for an attack.
fn nsd(directory: &Path, addresses: &[String], answer: Answer) -> String {
    let zone_file = match answer {
        Answer::ServFail => "missing.zone",
        Answer::Normal | Answer::Refused => "example.com.zone",
    };
    let zone_name = match answer {
        Answer::Refused => "example.net",
        Answer::Normal | Answer::ServFail => "example.com",
    };
    let directory = directory.display();
    format!(
        "server:
  username: \"\"
  server-count: 1
  identity: \"ams1\"
  version: \"lab\"
  nsid: \"ascii_ams1\"
  zonesdir: \"{directory}\"
  pidfile: \"{directory}/nsd.pid\"
  database: \"\"
  xfrdfile: \"{directory}/xfrd.state\"
  xfrdir: \"{directory}\"
  zonelistfile: \"{directory}/zone.list\"
  rrl-ratelimit: 0
{}remote-control:
  control-enable: no
zone:
  name: {zone_name}
  zonefile: {zone_file}
",
        lines("  ip-address: ", addresses, "\n")
    )
}

/// SERVFAIL: nothing local, and the only forwarder is out of reach. REFUSED: by access control.
fn unbound(directory: &Path, addresses: &[String], answer: Answer) -> String {
    let access = if answer == Answer::Refused {
        "refuse"
    } else {
        "allow"
    };
    let directory = directory.display();
    let mut text = format!(
        "server:
  username: \"\"
  chroot: \"\"
  directory: \"{directory}\"
  pidfile: \"{directory}/unbound.pid\"
  use-syslog: no
  num-threads: 1
  identity: \"ams1\"
  version: \"lab\"
  nsid: \"ascii_ams1\"
  module-config: iterator
{}  access-control: 0.0.0.0/0 {access}
  access-control: ::/0 {access}
",
        lines("  interface: ", addresses, "\n")
    );
    if answer == Answer::ServFail {
        text.push_str("forward-zone:\n  name: \".\"\n  forward-addr: 203.0.113.1\n");
        return text;
    }
    text.push_str("  local-zone: example.com. static\n");
    let large = large();
    let records = [
        large.as_str(),
        "example.com. SOA ns.example.com. hostmaster.example.com. 2026112201 3600 600 86400 60",
        "example.com. NS ns.example.com.",
        "example.com. A 192.0.2.80",
        "ns.example.com. A 192.0.2.53",
    ];
    for record in records {
        let _infallible = writeln!(text, "  local-data: \"{record}\"");
    }
    text
}

/// An Unbound that validates what it has from elsewhere.
pub(super) fn resolver(
    directory: &Path,
    addresses: &[String],
    authority: &str,
    anchor: &Path,
) -> String {
    let (directory, anchor) = (directory.display(), anchor.display());
    format!(
        "server:
  username: \"\"
  chroot: \"\"
  directory: \"{directory}\"
  pidfile: \"{directory}/unbound.pid\"
  use-syslog: no
  num-threads: 1
  module-config: \"validator iterator\"
  trust-anchor-file: \"{anchor}\"
  do-not-query-localhost: no
{}  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
stub-zone:
  name: example.com
  stub-addr: {authority}
",
        lines("  interface: ", addresses, "\n")
    )
}

/// SERVFAIL: a secondary that never saw its primary. REFUSED: by access control.
fn named(
    directory: &Path,
    addresses: &[String],
    answer: Answer,
    certificate: Option<&Certificate>,
) -> String {
    let allowed = if answer == Answer::Refused {
        "none"
    } else {
        "any"
    };
    let zone = match answer {
        Answer::ServFail => "type secondary; primaries { 127.0.0.9; };",
        Answer::Normal | Answer::Refused => "type primary; file \"example.com.zone\";",
    };
    let of_family = |v6: bool| -> Vec<String> {
        addresses
            .iter()
            .filter(|address| address.contains(':') == v6)
            .cloned()
            .collect()
    };
    let listen = |how: &str| {
        let v4 = lines("", &of_family(false), "; ");
        let v6 = lines("", &of_family(true), "; ");
        format!("  listen-on {how}{{ {v4}}};\n  listen-on-v6 {how}{{ {v6}}};\n")
    };
    let (secure, how) = match certificate {
        None => (String::new(), String::new()),
        Some(certificate) => (
            listen("port 853 tls lab ") + &listen("port 443 tls lab http lab "),
            format!(
                "tls lab {{ cert-file \"{}\"; key-file \"{}\"; }};
http lab {{ endpoints {{ \"/dns-query\"; }}; }};
",
                certificate.file.display(),
                certificate.key.display()
            ),
        ),
    };
    let clear = listen("");
    let directory = directory.display();
    format!(
        "{how}options {{
  directory \"{directory}\";
  pid-file \"{directory}/named.pid\";
  session-keyfile \"{directory}/session.key\";
  managed-keys-directory \"{directory}\";
{clear}{secure}  recursion no;
  server-id \"ams1\";
  hostname \"ams1\";
  version \"lab\";
  dnssec-validation no;
  allow-query {{ {allowed}; }};
}};
controls {{ }};
zone \"example.com\" {{ {zone} }};
"
    )
}

/// The same configuration with one more line about the whole server.
pub(super) fn with_option(software: Software, text: &str, line: &str) -> String {
    let section = match software {
        Software::Nsd | Software::Unbound => "server:\n",
        Software::Named => "options {\n",
    };
    text.replacen(section, &format!("{section}  {line}\n"), 1)
}

fn lines(before: &str, values: &[String], after: &str) -> String {
    values
        .iter()
        .map(|value| format!("{before}{value}{after}"))
        .collect()
}
