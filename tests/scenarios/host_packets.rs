//! The packet filter, with packets.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab::{Context, DnsServer, Error, Host, Lab, Result, Settings, Software, ask};

use crate::host::render;
use crate::scene::{Scene, V4, V6, lab, resolver, settings};

/// The ends of the link, and an address of nobody's on the neighbour's side.
const LINKS: [(&str, &str, &str); 2] = [
    ("10.99.0.2", "10.99.0.1", "10.99.0.3"),
    ("fd99::2", "fd99::1", "fd99::3"),
];

/// A lab whose node has loaded the filter, and whose other side has a stranger's addresses too.
fn filtered(settings: &Settings) -> Result<Lab> {
    let lab = lab()?;
    let file = render(&lab, settings, "nftables")?;
    lab.node()
        .run("nft", &["-f", &file.display().to_string()])?;
    for (_, _, stranger) in LINKS {
        let (length, flags) = if stranger.contains(':') {
            (64, "nodad")
        } else {
            (24, "")
        };
        lab.opposite()
            .ip(&format!("addr add {stranger}/{length} dev node {flags}"))?;
    }
    Ok(lab)
}

/// How many packets a counter of ours has seen.
fn count(host: &Host, counter: &str) -> Result<u64> {
    let text = host.run("nft", &["list", "counter", "inet", "anycastctl", counter])?;
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "packets");
    let number = words.nth(1).and_then(|word| word.parse().ok());
    number.ok_or_else(|| Error::new(text))
}

fn address(text: &str) -> Result<IpAddr> {
    text.parse().context(text)
}

/// Everything that nft shows of a table, without what counts on.
fn listing(host: &Host, table: &str) -> Result<String> {
    host.run("nft", &["-s", "list", "table", "inet", table])
}

#[test]
fn the_filter_loads_twice_and_touches_nobody_else() -> Result<()> {
    let lab = lab()?;
    let node = lab.node();
    // Prefixes within each other would be refused in a plain set.
    let wider = lab::Service::new("wider", &["192.0.2.0/24", "2001:db8:53::/48"]).only_check(
        "{ families: [v4, v6], dns: { server: 192.0.2.53, name: example.com, type: SOA } }",
    );
    let settings = Settings::new([resolver(), wider]);
    let file = render(&lab, &settings, "nftables")?.display().to_string();
    node.run("nft", &["-c", "-f", &file])?;
    node.run(
        "nft",
        &["table inet firewall { set s { type ipv4_addr; elements = { 192.0.2.9 }; }; chain input { type filter hook input priority 0; ip saddr @s drop; }; }"],
    )?;
    let before = listing(node, "firewall")?;
    node.run("nft", &["-f", &file])?;
    let once = listing(node, "anycastctl")?;
    node.run("nft", &["-f", &file])?;
    assert_eq!(listing(node, "anycastctl")?, once);
    assert_eq!(listing(node, "firewall")?, before);
    let tables = node.run("nft", &["list", "tables"])?;
    assert_eq!(tables.lines().count(), 2, "{tables}");
    Ok(())
}

/// The node itself may not connect, so that the session is one that was let in.
#[test]
fn a_neighbour_gets_its_sessions() -> Result<()> {
    let lab = filtered(&settings())?;
    lab.node().run(
        "nft",
        &["table inet oneway { chain output { type filter hook output priority 0; tcp dport 179 drop; }; }"],
    )?;
    let scene = Scene::prepared(&lab, &settings())?;
    assert!(count(lab.node(), "admitted_bgp")? > 0);
    lab.wait_until("BFD", || {
        let sessions = scene.neighbor.bird().ask("show bfd sessions")?;
        let up = sessions
            .lines()
            .filter(|line| line.contains(" Up "))
            .count();
        if up == 2 {
            Ok(())
        } else {
            Err(Error::new(sessions))
        }
    })?;
    assert!(count(lab.node(), "admitted_bfd")? > 0);
    assert_eq!(count(lab.node(), "refused_bgp")?, 0);
    assert_eq!(count(lab.node(), "refused_bfd")?, 0);
    Ok(())
}

/// A listener without MD5, so that nothing but the filter decides.
#[test]
fn bgp_is_refused_to_strangers() -> Result<()> {
    let lab = filtered(&settings())?;
    let connect = |to: SocketAddr, patience| {
        let tried = lab
            .opposite()
            .enter(|| TcpStream::connect_timeout(&to, patience).map(drop));
        tried.map(|tried| tried.map_err(|error| error.kind()))
    };
    // The same host, speaking from one of its addresses and then from the other.
    let speak_from = |source: &str, node: &str| {
        let route = format!("route replace {node} dev node src {source}");
        lab.opposite().ip(&route)
    };
    for (node, neighbor, stranger) in LINKS {
        let to = SocketAddr::new(address(node)?, 179);
        let _listener = lab
            .node()
            .enter(|| TcpListener::bind(to))?
            .context("listen")?;
        let refused = count(lab.node(), "refused_bgp")?;
        speak_from(neighbor, node)?;
        assert_eq!(connect(to, lab::PATIENCE)?, Ok(()), "{node}");
        assert_eq!(count(lab.node(), "refused_bgp")?, refused);
        speak_from(stranger, node)?;
        let tried = connect(to, Duration::from_secs(1))?;
        assert_eq!(tried, Err(std::io::ErrorKind::TimedOut), "{node}");
        assert!(count(lab.node(), "refused_bgp")? > refused);
    }
    Ok(())
}

/// A packet from each, the neighbour's last: the first that arrives tells who was let in.
fn first_heard(lab: &Lab, port: u16, link: (&str, &str, &str)) -> Result<IpAddr> {
    let (node, neighbor, stranger) = link;
    let to = SocketAddr::new(address(node)?, port);
    let listener = listen(lab.node(), to)?;
    for source in [stranger, neighbor] {
        send(lab.opposite(), source, to, 1)?;
    }
    hear(&listener)
}

fn listen(host: &Host, at: SocketAddr) -> Result<UdpSocket> {
    let socket = host.enter(|| UdpSocket::bind(at))?.context("listen")?;
    socket.set_read_timeout(Some(lab::PATIENCE))?;
    Ok(socket)
}

/// Who sent the next packet.
fn hear(socket: &UdpSocket) -> Result<IpAddr> {
    let mut buffer = [0; 16];
    let (_, from) = socket.recv_from(&mut buffer).context("heard nobody")?;
    Ok(from.ip())
}

/// Sends packets from one source, each from a port of its own choice.
fn send(host: &Host, source: &str, to: SocketAddr, times: usize) -> Result<()> {
    let from = SocketAddr::new(address(source)?, 0);
    host.enter(|| {
        let socket = UdpSocket::bind(from)?;
        (0..times).try_for_each(|_| socket.send_to(b"x", to).map(drop))
    })?
    .context(format!("send from {source}"))
}

/// Waits until a counter says more than before.
fn rises(lab: &Lab, counter: &str, before: u64) -> Result<u64> {
    lab.wait_until(counter, || match count(lab.node(), counter)? {
        now if now > before => Ok(now),
        now => Err(Error::new(now.to_string())),
    })
}

#[test]
fn bfd_is_refused_to_strangers() -> Result<()> {
    let lab = filtered(&settings())?;
    let mut refused = 0;
    for link in LINKS {
        for port in [3784, 4784] {
            let heard = first_heard(&lab, port, link)?;
            assert_eq!(heard, address(link.1)?, "port {port}");
            let now = rises(&lab, "refused_bfd", refused)?;
            assert_eq!(now, refused + 1);
            refused = now;
        }
    }
    Ok(())
}

/// Without the filter a packet of the stranger's arrives, and it is the first one.
#[test]
fn without_bfd_it_is_refused_to_everybody() -> Result<()> {
    let lab = filtered(&settings().without_bfd())?;
    let mut listeners = Vec::new();
    for (node, neighbor, stranger) in LINKS {
        for port in [3784, 4784] {
            let to = SocketAddr::new(address(node)?, port);
            let before = count(lab.node(), "refused_bfd")?;
            listeners.push((listen(lab.node(), to)?, to, stranger));
            send(lab.opposite(), neighbor, to, 1)?;
            rises(&lab, "refused_bfd", before)?;
        }
    }
    assert_eq!(count(lab.node(), "admitted_bfd")?, 0);
    lab.node().run("nft", &["delete table inet anycastctl"])?;
    for (listener, to, stranger) in listeners {
        send(lab.opposite(), stranger, to, 1)?;
        assert_eq!(hear(&listener)?, address(stranger)?);
    }
    Ok(())
}

/// Waits until a question is answered as it should be.
fn answered(lab: &Lab, host: &Host, server: &str, tcp: bool) -> Result<()> {
    lab.wait_until("an answer", || match ask(host, server, tcp)?.as_str() {
        "NOERROR" => Ok(()),
        code => Err(Error::new(code)),
    })
}

/// Looks while the sources send all they can.
fn flooded(
    lab: &Lab,
    sources: &[&str],
    to: SocketAddr,
    look: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for source in sources {
                    send(lab.opposite(), source, to, 100)?;
                }
            }
            Ok(())
        });
        let seen = look();
        over.store(true, Ordering::Relaxed);
        let sent = flood.join().map_err(|_| Error::new("the flood ended"))?;
        seen.and(sent)
    })
}

/// Far more questions from one source than it may ask; meanwhile others are answered.
#[test]
fn a_flood_from_one_source_is_limited() -> Result<()> {
    let settings = settings().host("queries_per_second: 10");
    let lab = filtered(&settings)?;
    let (node, tor1) = (lab.node(), lab.opposite());
    let _server = DnsServer::start(node, Software::Nsd, "dns", &[V4, V6])?;
    // Outside the flooders' /64.
    tor1.ip("addr add fd98::1/64 dev node nodad")?;
    node.ip("route add fd98::/64 dev tor1")?;
    let v6_flooders = ["fd99::1", "fd99::3"];
    for (anycast, router, flooders, other, counter) in [
        (
            V4,
            "10.99.0.2",
            &["10.99.0.1"][..],
            "10.99.0.3",
            "limited_ipv4",
        ),
        (V6, "fd99::2", &v6_flooders[..], "fd98::1", "limited_ipv6"),
    ] {
        tor1.ip(&format!("route add {anycast} via {router} src {other}"))?;
        answered(&lab, tor1, anycast, false)?;
        assert_eq!(count(node, counter)?, 0);
        let to = SocketAddr::new(address(anycast)?, 53);
        flooded(&lab, flooders, to, || {
            rises(&lab, counter, 0)?;
            answered(&lab, tor1, anycast, false)?;
            answered(&lab, node, anycast, false)
        })?;
    }
    // Both IPv6 flooders are one source, and this host's own questions are none.
    let set = ["list", "set", "inet", "anycastctl", "sources_ipv6"];
    let sources = node.run("nft", &set)?;
    assert_eq!(sources.matches(" limit rate ").count(), 2, "{sources}");
    for source in ["fd99:: limit", "fd98:: limit"] {
        assert!(sources.contains(source), "{sources}");
    }
    Ok(())
}

/// TCP is not limited, and neither is UDP to other addresses of the host.
#[test]
fn only_questions_over_udp_to_the_service_are_limited() -> Result<()> {
    let lab = filtered(&settings().host("queries_per_second: 1"))?;
    let (node, tor1) = (lab.node(), lab.opposite());
    let addresses = [V4, V6, "10.99.0.2"];
    let _server = DnsServer::start(node, Software::Nsd, "dns", &addresses)?;
    tor1.ip(&format!("route add {V4} via 10.99.0.2"))?;
    for _ in 0..20 {
        answered(&lab, tor1, V4, true)?;
        answered(&lab, tor1, "10.99.0.2", false)?;
    }
    assert_eq!(count(node, "limited_ipv4")?, 0);
    Ok(())
}
