//! The whole `bird.conf` of a router opposite: the fragment that `render neighbor` prints, and what that needs around it.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

use secrecy::SecretString;

use super::layout::Router;
use crate::config::{Config, Neighbor};
use crate::model::Password;
use crate::render;

/// A session that was lost is tried again at once: how long the operator's own router waits is not known here.
const IMPATIENCE: &str =
    "  connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;\n";

/// The configuration of the router with this number, which logs to a file.
pub(crate) fn configuration(
    config: &Config,
    router: &Router,
    number: usize,
    log: &Path,
    password: &Password,
) -> Result<SecretString, render::Error> {
    let mut seen = config.clone();
    seen.neighbors = vec![router.neighbor.clone()];
    let fragment = render::router(&seen, &router.neighbor.name, render::Router::Bird)?;
    let id = router_id(config, number);
    let mut text = format!(
        "log \"{}\" all;\nrouter id {id};\nprotocol device device1 {{ }}\n",
        log.display()
    );
    text.push_str(around(config, &router.neighbor).as_str());
    for line in fragment.lines() {
        // Writing to a string cannot fail.
        let _ = match line.split_once(" = \"PASSWORD_") {
            Some((define, _)) if line.starts_with("define ") => {
                writeln!(text, "{define} = \"{}\";", password.expose())
            }
            _ => writeln!(text, "{line}"),
        };
        if line.starts_with("protocol bgp ") {
            text.push_str(IMPATIENCE);
        }
    }
    Ok(SecretString::from(text))
}

/// The protocols that the sessions need, once.
fn around(config: &Config, neighbor: &Neighbor) -> String {
    let mut text = String::new();
    if neighbor.multihop.is_some() {
        text.push_str("protocol direct direct1 { ipv4; ipv6; }\n");
    }
    if neighbor.bfd {
        let timers = format!(
            "interval {} ms; multiplier {};",
            config.bfd.interval.millis(),
            config.bfd.multiplier
        );
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "protocol bfd bfd1 {{ interface \"*\" {{ {timers} }}; multihop {{ {timers} }}; }}"
        );
    }
    text
}

/// Another one for each router, and none of them the node's.
fn router_id(config: &Config, number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or_default();
    Ipv4Addr::from(u32::from(config.node.router_id) ^ (number + 1))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::config::SMALLEST;
    use crate::selftest::layout::routers;

    #[test]
    fn the_fragment_gets_a_password_and_impatience() {
        let text = SMALLEST.replace(
            "    asn: 64600\n",
            "    asn: 64600\n    password_file: /p\n    multihop: 2\n",
        );
        let config = Config::parse("t", &text).unwrap().config;
        let password = Password::new("pw".to_owned()).unwrap();
        let router = &routers(&config)[0];
        let text = configuration(&config, router, 0, Path::new("/l"), &password).unwrap();
        let text = text.expose_secret();
        for part in [
            "log \"/l\" all;\nrouter id 10.99.0.3;\n",
            "protocol direct direct1",
            "multihop { interval 300 ms; multiplier 3; };",
            "_password = \"pw\";\n",
            "error wait time 1, 2;\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("\"PASSWORD_"), "{text}");
    }
}
