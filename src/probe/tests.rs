//! Against small servers on loopback that lie, stay silent and break off.

mod shared;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

use super::*;
use crate::config::{Channel, Connection};
use crate::dns::{Asked, Expectation, Question, RecordType};
use crate::health::Verdict;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(5);
const SERIAL: &str = "NOERROR, SOA serial 7";

/// One probe, by a connector of its own.
async fn exchange(server: SocketAddr, check: &DnsCheck, timeout: Duration) -> dns::Outcome {
    super::exchange(&Connector::new(&check.connection), server, check, timeout).await
}

const UDP: Channel = Channel::Udp {
    fallback_to_tcp: false,
};

fn check(channel: Channel) -> DnsCheck {
    DnsCheck {
        connection: Connection {
            channel,
            ..Connection::default()
        },
        ..DnsCheck::one(Asked {
            question: Question::new("{random}.example.com".parse().unwrap(), RecordType::SOA),
            expect: Expectation::default(),
        })
    }
}

/// The right answer.
fn answer(query: &[u8]) -> Vec<u8> {
    let mut message = Message::from_vec(query).unwrap();
    let name = message.queries[0].name.clone();
    let soa = SOA::new(name.clone(), Name::root(), 7, 1, 1, 1, 1);
    message.metadata.message_type = MessageType::Response;
    message.add_answer(Record::from_rdata(name, 60, RData::SOA(soa)));
    message.to_vec().unwrap()
}

/// The right answer under another id.
fn lie(query: &[u8]) -> Vec<u8> {
    let mut bytes = answer(query);
    bytes[0] ^= 0xff;
    bytes
}

fn assert_outcome(outcome: &dns::Outcome, verdict: Verdict, detail: &str) {
    let found = (outcome.verdict, outcome.detail.as_str());
    assert_eq!(found, (verdict, detail));
}

mod origin;
mod questions;
mod tls;

mod udp {
    use super::*;

    /// A server that answers its one question with these datagrams.
    async fn server(
        ip: IpAddr,
        replies: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> (SocketAddr, JoinHandle<UdpSocket>) {
        let socket = UdpSocket::bind((ip, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            for reply in replies(&buffer[..length]) {
                socket.send_to(&reply, client).await.unwrap();
            }
            socket
        });
        (address, task)
    }

    async fn probe(
        timeout: Duration,
        replies: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> dns::Outcome {
        let (address, task) = server(Ipv4Addr::LOCALHOST.into(), replies).await;
        let outcome = exchange(address, &check(UDP), timeout).await;
        drop(task.await.unwrap());
        outcome
    }

    #[tokio::test]
    async fn an_answer_passes_with_its_latency() {
        let outcome = probe(LONG, |query| vec![answer(query)]).await;
        assert_outcome(&outcome, Verdict::Pass, SERIAL);
        assert!(outcome.answer().unwrap().latency.unwrap() < LONG);
        let asked = outcome.exchanges[0].query.to_string();
        let label = asked.strip_suffix(".example.com. IN SOA").unwrap();
        assert_eq!(label.len(), 16);
    }

    #[tokio::test]
    async fn ipv6_works_alike() {
        let ip = Ipv6Addr::LOCALHOST.into();
        let (address, _task) = server(ip, |query| vec![answer(query)]).await;
        let outcome = exchange(address, &check(UDP), LONG).await;
        assert_outcome(&outcome, Verdict::Pass, SERIAL);
    }

    #[tokio::test]
    async fn a_lie_before_the_answer_is_ignored() {
        let outcome = probe(LONG, |query| vec![lie(query), vec![0; 5], answer(query)]).await;
        assert_outcome(&outcome, Verdict::Pass, SERIAL);
    }

    #[tokio::test]
    async fn a_liar_is_told_from_silence() {
        let outcome = probe(SHORT, |query| vec![lie(query), vec![], query.to_vec()]).await;
        let detail = "no answer within 300ms; 3 answers for another question ignored";
        assert_outcome(&outcome, Verdict::Fail, detail);
        let outcome = probe(SHORT, |_| vec![]).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 300ms");
    }

    #[tokio::test]
    async fn a_flood_ends_the_probe() {
        let outcome = probe(LONG, |query| vec![lie(query); 300]).await;
        let detail = "256 answers for another question and none for ours";
        assert_outcome(&outcome, Verdict::Fail, detail);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_fails_at_once() {
        let outcome = probe(LONG, |query| {
            let mut bytes = answer(query);
            bytes.pop();
            vec![bytes]
        });
        let detail = "malformed answer: its answer section makes no sense";
        assert_outcome(&outcome.await, Verdict::Fail, detail);
    }

    #[tokio::test]
    async fn nobody_but_the_server_can_answer() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let impostor = tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let reply = answer(&buffer[..length]);
            other.send_to(&reply, client).await.unwrap();
            socket
        });
        let outcome = exchange(address, &check(UDP), SHORT).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 300ms");
        drop(impostor.await.unwrap());
    }

    #[tokio::test]
    async fn a_closed_port_is_known_at_once() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let start = Instant::now();
        let outcome = exchange(address, &check(UDP), LONG).await;
        assert_outcome(&outcome, Verdict::Fail, "connection refused");
        assert!(start.elapsed() < LONG / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_exact() {
        let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = silent.local_addr().unwrap();
        let start = Instant::now();
        let timeout = Duration::from_millis(800);
        let outcome = exchange(address, &check(UDP), timeout).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 800ms");
        let taken = start.elapsed();
        assert!((800..=802).contains(&taken.as_millis()), "{taken:?}");
    }
}

mod stall {
    use std::net::UdpSocket;
    use std::thread;

    use super::*;

    const STALL: Duration = Duration::from_millis(700);

    /// Probes while something blocks this thread through the deadline. The server is a thread of its own.
    async fn stalled_probe(server: impl FnOnce(UdpSocket) + Send + 'static) -> dns::Outcome {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let server = thread::spawn(move || server(socket));
        let blocked = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            thread::sleep(STALL);
        };
        let check = check(UDP);
        let (outcome, ()) = tokio::join!(exchange(address, &check, SHORT), blocked);
        server.join().unwrap();
        outcome
    }

    #[tokio::test]
    async fn an_answer_that_waits_in_the_socket_counts_but_its_latency_is_unknown() {
        let outcome = stalled_probe(|socket| {
            let mut buffer = [0; 512];
            let (length, client) = socket.recv_from(&mut buffer).unwrap();
            thread::sleep(Duration::from_millis(60));
            let reply = answer(&buffer[..length]);
            socket.send_to(&reply, client).unwrap();
        });
        let outcome = outcome.await;
        assert_outcome(&outcome, Verdict::Pass, SERIAL);
        assert_eq!(outcome.answer().unwrap().latency, None);
    }

    #[tokio::test]
    async fn without_an_answer_nothing_is_known() {
        let outcome = stalled_probe(|socket| {
            thread::sleep(STALL * 2);
            drop(socket);
        });
        let outcome = outcome.await;
        assert_eq!(outcome.verdict, Verdict::Unknown);
        let stalled = "the prober itself was stalled for ";
        assert!(outcome.detail.starts_with(stalled), "{}", outcome.detail);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_timeout_late_is_no_stall_but_more_is() {
        for (late, verdict) in [(190, Verdict::Fail), (210, Verdict::Unknown)] {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = socket.local_addr().unwrap();
            let probe = tokio::spawn(async move {
                let timeout = Duration::from_millis(400);
                exchange(address, &check(UDP), timeout).await
            });
            tokio::time::advance(Duration::from_millis(1)).await;
            tokio::time::advance(Duration::from_millis(399 + late)).await;
            assert_eq!(probe.await.unwrap().verdict, verdict, "{late} ms late");
        }
    }
}

mod tcp {
    use super::*;

    /// A server that reads the one question and then does with the connection what it likes.
    async fn probe<F>(
        timeout: Duration,
        behave: impl FnOnce(TcpStream, Vec<u8>) -> F,
    ) -> dns::Outcome
    where
        F: Future<Output = Option<TcpStream>>,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut query).await.unwrap();
            behave(stream, query).await
        };
        let check = check(Channel::Tcp);
        let (outcome, _open) = tokio::join!(exchange(address, &check, timeout), server);
        outcome
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u16::try_from(message.len()).unwrap();
        [&length.to_be_bytes(), message].concat()
    }

    /// Sends these bytes and keeps the connection open.
    async fn send(mut stream: TcpStream, bytes: Vec<u8>) -> Option<TcpStream> {
        stream.write_all(&bytes).await.unwrap();
        Some(stream)
    }

    /// Sends these bytes and closes.
    async fn send_and_close(stream: TcpStream, bytes: Vec<u8>) -> Option<TcpStream> {
        drop(send(stream, bytes).await);
        None
    }

    #[tokio::test]
    async fn an_answer_passes() {
        let outcome = probe(LONG, |stream, query| send(stream, framed(&answer(&query)))).await;
        assert_outcome(&outcome, Verdict::Pass, SERIAL);
    }

    #[tokio::test]
    async fn an_answer_in_single_bytes_passes() {
        let outcome = probe(LONG, async |mut stream: TcpStream, query: Vec<u8>| {
            stream.set_nodelay(true).unwrap();
            for byte in framed(&answer(&query)) {
                stream.write_all(&[byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            Some(stream)
        });
        assert_outcome(&outcome.await, Verdict::Pass, SERIAL);
    }

    #[tokio::test]
    async fn early_ends_fail_at_once_and_say_how_much_came() {
        for (length, detail) in [
            (0, "connection closed after 0 bytes of the answer"),
            (1, "connection closed after 1 bytes of the answer"),
            (2, "connection closed after 2 bytes of the answer"),
            (20, "connection closed after 20 bytes of the answer"),
        ] {
            let outcome = probe(LONG, |stream, query| {
                let bytes = framed(&answer(&query))[..length].to_vec();
                send_and_close(stream, bytes)
            });
            assert_outcome(&outcome.await, Verdict::Fail, detail);
        }
    }

    #[tokio::test]
    async fn lengths_that_promise_too_little_or_too_much_fail() {
        let malformed = "malformed answer: its header makes no sense";
        let outcome = probe(LONG, |stream, _| send(stream, vec![0, 0])).await;
        assert_outcome(&outcome, Verdict::Fail, malformed);
        let outcome = probe(LONG, |stream, _| send(stream, vec![0, 1, 7])).await;
        assert_outcome(&outcome, Verdict::Fail, malformed);
        let oversize = |query: Vec<u8>| [vec![0xff, 0xff], answer(&query)].concat();
        let outcome = probe(SHORT, |stream, query| send(stream, oversize(query))).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 300ms");
    }

    #[tokio::test]
    async fn lies_fail_at_once() {
        let outcome = probe(LONG, |stream, query| send(stream, framed(&lie(&query)))).await;
        assert_outcome(&outcome, Verdict::Fail, "an answer for another question");
    }

    #[tokio::test]
    async fn silence_costs_one_timeout_also_before_accept() {
        let outcome = probe(SHORT, async |stream, _| Some(stream)).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 300ms");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let outcome = exchange(address, &check(Channel::Tcp), SHORT).await;
        assert_outcome(&outcome, Verdict::Fail, "no answer within 300ms");
    }

    #[tokio::test]
    async fn a_reset_is_named() {
        let outcome = probe(LONG, async |stream: TcpStream, _| {
            stream.set_zero_linger().unwrap();
            None
        });
        assert_outcome(&outcome.await, Verdict::Fail, "connection reset");
    }

    #[tokio::test]
    async fn a_closed_port_is_known_at_once() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let outcome = exchange(address, &check(Channel::Tcp), LONG).await;
        assert_outcome(&outcome, Verdict::Fail, "connection refused");
    }
}
