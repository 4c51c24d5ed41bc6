//! Where packets start: servers that answer one source only, and one that can be reached over one interface only.

use lab::{Answer, DnsServer, Lie, QuicDns, Result, Software};

use crate::scene::{V4, lab};
use crate::transports::{Certificates, assert_probes, check, trusting};

const GOOD: &str = "pass: NOERROR, SOA serial 2026112201";

/// On the node, and allowed to ask.
const ALLOWED: &str = "192.0.2.77";

/// At the neighbour's, and on no network.
const REMOTE: &str = "198.51.100.53";

#[test]
fn a_server_that_answers_one_source_only() -> Result<()> {
    let lab = lab()?;
    lab.add_address(ALLOWED)?;
    let certificates = Certificates::new(&lab)?;
    let (node, good) = (lab.node(), &certificates.good);
    let mut server = DnsServer::start_secure(node, Software::Unbound, "dns", &[V4], good)?;
    server.option(&format!("access-control: {ALLOWED}/32 allow"));
    server.restart(Answer::Refused)?;
    let trusting = trusting(&certificates.authority, "");
    for transport in ["udp", "tcp", "tls", "https"] {
        let keys = match transport {
            "udp" | "tcp" => String::new(),
            _ => trusting.clone(),
        };
        let from = |origin: &str| check(transport, &format!("{origin}{keys}"));
        assert_probes(
            &lab,
            &[
                (from(&format!("source: {ALLOWED}, ")), GOOD),
                (from(""), "fail: REFUSED, wanted NOERROR"),
                (
                    from(&format!("source: {V4}, ")),
                    "fail: REFUSED, wanted NOERROR",
                ),
                (
                    from("source: 192.0.2.99, "),
                    "unknown: the prober cannot ask from 192.0.2.99: this host does not have that address",
                ),
            ],
        )?;
    }
    Ok(())
}

/// The way that the kernel would choose leads nowhere; the other one is only for who asks for its interface.
#[test]
fn a_server_that_can_be_reached_over_one_interface_only() -> Result<()> {
    let lab = lab()?;
    let (node, opposite) = (lab.node(), lab.opposite());
    opposite.ip(&format!("addr add {REMOTE}/32 dev lo"))?;
    node.ip("link add nowhere type veth peer name nobody")?;
    node.ip("link set nobody up")?;
    // Nobody is asked who has the address, so nobody says that there is no such host.
    node.ip("link set nowhere arp off up")?;
    node.ip(&format!("route add {REMOTE}/32 dev nowhere metric 10"))?;
    node.ip(&format!(
        "route add {REMOTE}/32 via 10.99.0.1 dev tor1 metric 20"
    ))?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let mut server = DnsServer::start_secure(opposite, Software::Unbound, "dns", &[REMOTE], good)?;
    // Unbound has taken 853 over UDP as well.
    let address = format!("{REMOTE}:8853").parse().expect("an address");
    let _quic = QuicDns::start(opposite, address, good, "doq", Lie::None)?;
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let secure = format!(", {trusting}");
    let over_quic = format!(", port: 8853, {trusting}");
    let silent = "fail: no answer within 1s";
    for (transport, keys, good) in [
        ("udp", "", GOOD),
        ("tcp", "", GOOD),
        ("tls", &secure, GOOD),
        ("https", &secure, GOOD),
        ("quic", &over_quic, "pass: NOERROR, SOA serial 1"),
    ] {
        let over = |interface: &str| {
            let origin = format!("server: {REMOTE}{interface}");
            check(transport, &format!("{origin}{keys}"))
        };
        assert_probes(
            &lab,
            &[
                (over(", interface: tor1"), good),
                (over(""), silent),
                (over(", interface: nowhere"), silent),
                (
                    over(", interface: absent0"),
                    "unknown: the prober cannot ask over absent0: this host has no such interface",
                ),
            ],
        )?;
    }
    server.kill()
}
