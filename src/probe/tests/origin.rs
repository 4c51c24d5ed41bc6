//! Where packets start.

use socket2::SockRef;

use super::*;
use crate::config::Origin;

fn check_from(channel: Channel, origin: Origin) -> DnsCheck {
    DnsCheck {
        connection: Connection { channel, origin },
        ..check(UDP)
    }
}

fn source(text: &str) -> Origin {
    Origin {
        source: Some(text.parse().unwrap()),
        interface: None,
    }
}

fn interface(name: &str) -> Origin {
    Origin {
        source: None,
        interface: Some(name.parse().unwrap()),
    }
}

#[tokio::test]
async fn the_server_sees_the_source_over_udp() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let server = async {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
        let reply = answer(&buffer[..length]);
        socket.send_to(&reply, client).await.unwrap();
        client.ip()
    };
    let check = check_from(UDP, source("127.0.0.9"));
    let (outcome, client) = tokio::join!(exchange(address, &check, LONG), server);
    assert_outcome(&outcome, Verdict::Pass, SERIAL);
    assert_eq!(client.to_string(), "127.0.0.9");
}

#[tokio::test]
async fn the_server_sees_the_source_over_tcp() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let (stream, client) = listener.accept().await.unwrap();
        drop(stream);
        client.ip()
    };
    let check = check_from(Channel::Tcp, source("127.0.0.9"));
    let (_outcome, client) = tokio::join!(exchange(address, &check, LONG), server);
    assert_eq!(client.to_string(), "127.0.0.9");
}

#[tokio::test]
async fn what_this_host_lacks_says_nothing_about_the_server() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    for (origin, detail) in [
        (
            source("192.0.2.99"),
            "the prober cannot ask from 192.0.2.99: this host does not have that address",
        ),
        (
            interface("nowhere0"),
            "the prober cannot ask over nowhere0: this host has no such interface",
        ),
    ] {
        for channel in [UDP, Channel::Tcp] {
            let check = check_from(channel, origin.clone());
            let outcome = exchange(address, &check, LONG).await;
            assert_outcome(&outcome, Verdict::Unknown, detail);
        }
    }
}

/// What leads over an interface is shown by the scenarios, where there are several.
#[tokio::test]
async fn sockets_are_bound_to_the_interface() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    for (origin, device) in [
        (interface("lo"), Some(b"lo".to_vec())),
        (Origin::default(), None),
    ] {
        let udp = origin.udp(server).await.unwrap();
        assert_eq!(SockRef::from(&udp).device().unwrap(), device);
        let tcp = origin.tcp(server).await.unwrap();
        assert_eq!(SockRef::from(&tcp).device().unwrap(), device);
    }
}
