//! The zones that a DNS server's configuration names, read loosely: whatever this finds is asked for before it is
//! used, and what it misses is filled in by somebody.

/// So many are enough to find one that is answered.
const MOST: usize = 8;

/// The zones of a file of NSD, Knot DNS or BIND, those of one's own host and the reverse ones left out.
#[must_use]
pub fn zones(text: &str) -> Vec<String> {
    let mut zones = Vec::new();
    let mut section = "";
    for line in text.lines().map(str::trim) {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let name = match key.trim_start_matches(['-', ' ']) {
            "name" | "domain" if section == "zone" => Some(value),
            _ => named(line),
        };
        if key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && value.trim().is_empty()
            && line.ends_with(':')
        {
            section = key;
        }
        let name = name.map(|name| name.trim().trim_matches('"').trim_end_matches('.'));
        let name = name
            .filter(|name| is_public(name))
            .map(str::to_ascii_lowercase);
        zones.extend(name.filter(|name| !zones.contains(name)));
        if zones.len() == MOST {
            break;
        }
    }
    zones
}

/// `zone "example.com" IN {`
fn named(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("zone")?.trim_start();
    rest.strip_prefix('"')?.split('"').next()
}

fn is_public(zone: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !zone.is_empty()
        && zone.chars().all(is_name)
        && zone != "localhost"
        && zone.rsplit('.').next() != Some("arpa")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_three_servers_are_found() {
        let nsd = "server:\n  identity: x\nkey:\n  name: \"secret.key\"\nzone:\n  name: example.com\n  zonefile: x\nzone:\n\tname: \"example.org.\"\n";
        assert_eq!(zones(nsd), ["example.com", "example.org"]);
        let knot = "key:\n  - id: k\nzone:\n  - domain: example.net\n    storage: /var\n";
        assert_eq!(zones(knot), ["example.net"]);
        let named = "options { };\nzone \".\" { type hint; };\nzone \"localhost\" { };\nzone \"127.in-addr.arpa\" { };\n  zone \"Example.com\" IN {\n";
        assert_eq!(zones(named), ["example.com"]);
    }

    #[test]
    fn whatever_stands_there_few_names_come_out() {
        let many = (0..99).map(|n| format!("zone \"z{n}.example\" {{}};"));
        let many: Vec<String> = many.collect();
        assert_eq!(
            zones(&many.join(
                "
"
            ))
            .len(),
            MOST
        );
        for odd in [
            "zone \"",
            "zone \"a b\" {",
            "zone:\nname:",
            "zone \"{random}\" {",
            ":::",
        ] {
            assert!(zones(odd).is_empty(), "{odd}");
        }
    }
}
