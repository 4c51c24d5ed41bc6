//! The socket between two probes.

use std::collections::BTreeSet;

use super::*;

/// A server that answers every question with these datagrams, and tells from which port each came.
async fn server(
    replies: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>, tokio::sync::mpsc::Receiver<u16>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let (told, ports) = tokio::sync::mpsc::channel(1024);
    let task = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            told.send(client.port()).await.unwrap();
            for reply in replies(&buffer[..length]) {
                socket.send_to(&reply, client).await.unwrap();
            }
        }
    });
    (address, task, ports)
}

fn connector() -> Connector {
    Connector::new(&check(UDP).connection).keeping_a_socket()
}

/// Takes the socket that is kept.
fn taken(connector: &Connector) -> Option<UdpSocket> {
    connector.idle.as_ref().unwrap().take()
}

/// Puts it there.
fn put(connector: &Connector, socket: UdpSocket) {
    *connector.idle.as_ref().unwrap().0.lock().unwrap() = Some(socket);
}

async fn probe(connector: &Connector, server: SocketAddr) -> dns::Outcome {
    super::super::exchange(connector, server, &check(UDP), SHORT).await
}

/// Good answers until a socket is kept.
async fn until_kept(connector: &Connector, server: SocketAddr) {
    loop {
        assert_outcome(&probe(connector, server).await, Verdict::Pass, SERIAL);
        if let Some(socket) = taken(connector) {
            put(connector, socket);
            return;
        }
    }
}

#[tokio::test]
async fn several_questions_come_from_one_port_and_not_all() {
    const QUESTIONS: usize = 400;
    let (address, _server, mut ports) = server(|query| vec![answer(query)]).await;
    let connector = connector();
    let mut seen = BTreeSet::new();
    for _ in 0..QUESTIONS {
        assert_outcome(&probe(&connector, address).await, Verdict::Pass, SERIAL);
        seen.insert(ports.recv().await.unwrap());
    }
    assert!((2..QUESTIONS / 2).contains(&seen.len()), "{}", seen.len());
}

#[tokio::test]
async fn a_second_answer_is_none_to_the_next_question() {
    let (address, _server, _ports) = server(|query| vec![answer(query); 2]).await;
    let connector = connector();
    for _ in 0..20 {
        assert_outcome(&probe(&connector, address).await, Verdict::Pass, SERIAL);
    }
}

#[tokio::test]
async fn no_socket_is_kept_of_a_probe_that_went_wrong() {
    let fails = |query: &[u8]| {
        let mut bytes = answer(query);
        bytes[3] |= 2;
        vec![bytes]
    };
    let (good, _good, _ports) = server(|query| vec![answer(query)]).await;
    for _ in 0..20 {
        let (address, _server, _ports) = server(fails).await;
        let connector = connector();
        assert_eq!(probe(&connector, address).await.verdict, Verdict::Fail);
        assert!(taken(&connector).is_none());
    }
    let (silent, _server, _ports) = server(|_| Vec::new()).await;
    let connector = connector();
    assert_eq!(probe(&connector, silent).await.verdict, Verdict::Fail);
    assert!(taken(&connector).is_none());
    until_kept(&connector, good).await;
}

#[tokio::test]
async fn a_server_that_ended_meanwhile_refuses_at_once() {
    let (address, server, _ports) = server(|query| vec![answer(query)]).await;
    let connector = connector();
    until_kept(&connector, address).await;
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    let outcome = probe(&connector, address).await;
    assert_outcome(&outcome, Verdict::Fail, "connection refused");
    assert!(taken(&connector).is_none());
}

#[tokio::test]
async fn a_socket_that_cannot_send_is_replaced() {
    let (address, _server, _ports) = server(|query| vec![answer(query)]).await;
    let connector = connector();
    // Connected to a port that is closed: the refusal of the first datagram is what the next one meets.
    let closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(closed.local_addr().unwrap()).await.unwrap();
    drop(closed);
    socket.send(b"x").await.unwrap();
    put(&connector, socket);
    assert_outcome(&probe(&connector, address).await, Verdict::Pass, SERIAL);
}
