//! Many questions over few sockets.

use std::collections::BTreeSet;

use super::super::shared::{Arrival, Place, SharedSockets};
use super::*;
use crate::dns::Reply;

type Sockets = SharedSockets<u16>;

/// A server that answers every question with these datagrams, and tells from which port each came.
async fn server(
    ip: impl Into<IpAddr>,
    replies: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>, tokio::sync::mpsc::Receiver<u16>) {
    let socket = UdpSocket::bind((ip.into(), 0)).await.unwrap();
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

/// A port that nobody listens at.
async fn closed(ip: impl Into<IpAddr>) -> SocketAddr {
    let socket = UdpSocket::bind((ip.into(), 0)).await.unwrap();
    socket.local_addr().unwrap()
}

/// A question with this id.
fn query(id: u16) -> Query {
    let question = Question::new("example.com".parse().unwrap(), RecordType::SOA);
    Query::new(&question, id, 0)
}

/// Asks, and sends it.
fn ask(sockets: &mut Sockets, by: u16, server: SocketAddr, query: Query) -> Option<Place> {
    let place = sockets.ask(by, server, query);
    assert!(sockets.send().is_empty());
    place
}

async fn arrival(sockets: &mut Sockets) -> Arrival<u16> {
    let arrived = timeout(LONG, sockets.wait());
    arrived.await.expect("something arrives");
    sockets.arrival().unwrap()
}

/// What arrives for this question.
async fn result(sockets: &mut Sockets, by: u16) -> Result<Reply, Failure> {
    let arrival = arrival(sockets).await;
    assert_eq!((arrival.by, arrival.query), (by, query(by)));
    arrival.result
}

#[tokio::test]
async fn answers_find_their_questions() {
    let (one, _one, mut ports) = server(Ipv4Addr::LOCALHOST, |query| vec![answer(query)]).await;
    let (other, _other, _ports) =
        server(Ipv4Addr::LOCALHOST, |query| vec![vec![0; 5], answer(query)]).await;
    let mut sockets = Sockets::default();
    for by in 0..10 {
        let server = [one, other][usize::from(by % 2)];
        assert!(ask(&mut sockets, by, server, query(by)).is_some());
    }
    let mut answered = BTreeSet::new();
    for _ in 0..10 {
        let arrival = arrival(&mut sockets).await;
        assert!(arrival.result.is_ok());
        answered.insert(arrival.by);
    }
    assert_eq!(answered, (0..10).collect());
    let first = ports.recv().await;
    assert_eq!(ports.recv().await, first);
}

#[tokio::test]
async fn nobody_but_the_server_can_answer() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let impostor = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut sockets = Sockets::default();
    let server = silent.local_addr().unwrap();
    let place = ask(&mut sockets, 7, server, query(7)).unwrap();
    let mut buffer = [0; 512];
    let (length, client) = silent.recv_from(&mut buffer).await.unwrap();
    let reply = answer(&buffer[..length]);
    impostor.send_to(&reply, client).await.unwrap();
    // What the server itself sends comes later.
    silent
        .send_to(&lie(&buffer[..length]), client)
        .await
        .unwrap();
    let waited = timeout(SHORT, sockets.wait()).await;
    assert!(waited.is_err());
    assert_eq!(sockets.give_up(place), Some((query(7), 1)));
}

#[tokio::test]
async fn a_closed_port_is_known_at_once_and_concerns_nobody_else() {
    for ip in [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        Ipv6Addr::LOCALHOST.into(),
    ] {
        let (alive, _server, _ports) = server(ip, |query| vec![answer(query)]).await;
        let dead = closed(ip).await;
        let mut sockets = Sockets::default();
        for by in [1, 3] {
            assert!(ask(&mut sockets, by, dead, query(by)).is_some());
            assert!(ask(&mut sockets, by + 1, alive, query(by + 1)).is_some());
        }
        let mut results = Vec::new();
        for _ in 0..4 {
            let arrival = arrival(&mut sockets).await;
            results.push((arrival.by, arrival.result.map(|reply| reply.rcode)));
        }
        results.sort_by_key(|(by, _)| *by);
        for (by, result) in results {
            let wanted = if by % 2 == 1 {
                Err(Failure::Refused)
            } else {
                Ok(dns::Rcode::NO_ERROR)
            };
            assert_eq!(result, wanted, "{by} of {ip}");
        }
    }
}

#[tokio::test]
async fn a_flood_ends_the_question() {
    let (liar, _server, _ports) = server(Ipv4Addr::LOCALHOST, |query| vec![lie(query); 300]).await;
    let mut sockets = Sockets::default();
    assert!(ask(&mut sockets, 1, liar, query(1)).is_some());
    assert_eq!(
        result(&mut sockets, 1).await.unwrap_err(),
        Failure::Flooded(256)
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_fails_at_once() {
    let (broken, _server, _ports) = server(Ipv4Addr::LOCALHOST, |query| {
        let mut bytes = answer(query);
        bytes.pop();
        vec![bytes]
    })
    .await;
    let mut sockets = Sockets::default();
    assert!(ask(&mut sockets, 1, broken, query(1)).is_some());
    let malformed = Failure::Malformed("answer section");
    assert_eq!(result(&mut sockets, 1).await.unwrap_err(), malformed);
}

#[tokio::test]
async fn a_second_answer_and_a_late_one_count_for_nothing() {
    let slow = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = slow.local_addr().unwrap();
    let mut sockets = Sockets::default();
    let first = ask(&mut sockets, 1, server, query(1)).unwrap();
    assert_eq!(sockets.give_up(first), Some((query(1), 0)));
    assert_eq!(sockets.give_up(first), None, "that is over");
    let second = ask(&mut sockets, 2, server, query(2)).unwrap();
    assert!(ask(&mut sockets, 3, server, query(3)).is_some());
    let mut buffer = [0; 512];
    for copies in [2, 0, 2] {
        let (length, client) = slow.recv_from(&mut buffer).await.unwrap();
        for _ in 0..copies {
            slow.send_to(&answer(&buffer[..length]), client)
                .await
                .unwrap();
        }
    }
    assert!(result(&mut sockets, 3).await.is_ok());
    assert_eq!(sockets.give_up(second), Some((query(2), 0)));
    assert!(sockets.arrival().is_none());
}

#[tokio::test]
async fn a_socket_is_used_for_a_few_questions_and_closed_after_the_last_answer() {
    const QUESTIONS: u16 = 200;
    let (address, _server, mut ports) =
        server(Ipv4Addr::LOCALHOST, |query| vec![answer(query)]).await;
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut sockets = Sockets::default();
    let open = ask(
        &mut sockets,
        1000,
        silent.local_addr().unwrap(),
        query(1000),
    );
    let mut seen = BTreeSet::new();
    for by in 0..QUESTIONS {
        assert!(ask(&mut sockets, by, address, query(by)).is_some());
        assert!(result(&mut sockets, by).await.is_ok());
        seen.insert(ports.recv().await.unwrap());
    }
    assert_eq!(seen.len(), 4);
    // The first has a question open, and the last asks on.
    assert_eq!(sockets.len(), 2);
    assert!(sockets.give_up(open.unwrap()).is_some());
    assert_eq!(sockets.len(), 1);
}

#[tokio::test]
async fn two_questions_that_cannot_be_told_apart_are_not_asked_over_one_socket() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = silent.local_addr().unwrap();
    let mut sockets = Sockets::default();
    assert!(ask(&mut sockets, 1, server, query(9)).is_some());
    assert!(ask(&mut sockets, 2, server, query(9)).is_none());
    assert!(
        sockets
            .ask(3, closed(Ipv4Addr::LOCALHOST).await, query(9))
            .is_some()
    );
}

#[tokio::test]
async fn what_came_while_nobody_waited_is_there() {
    let (address, _server, mut ports) =
        server(Ipv4Addr::LOCALHOST, |query| vec![answer(query)]).await;
    let mut sockets = Sockets::default();
    let place = ask(&mut sockets, 1, address, query(1)).unwrap();
    ports.recv().await.unwrap();
    let deadline = Instant::now() + LONG;
    while sockets.arrival().is_none() {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
        sockets.look(place);
    }
}
