//! Against small servers on loopback.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{Name, RData, Record};

use super::*;
use crate::config::{Channel, CheckKind, Config, SMALLEST, Service, Subject, Timing};
use crate::health::Verdict;
use crate::model::Period;
use crate::probe::Probe;
use crate::schedule::Schedule;

const LONG: Duration = Duration::from_secs(10);

const ID: ProbeId = ProbeId {
    service: 0,
    probe: 0,
};

/// What a server does with the question of this number.
#[derive(Clone, Copy)]
enum Does {
    Answers,
    Fails,
    Truncates,
    Nothing,
}

/// A server that does these one after the other, the last for ever, and tells from which port each question came.
fn server(script: &'static [Does]) -> (SocketAddr, Receiver<u16>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let (told, ports) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        for number in 0.. {
            let (length, client) = socket.recv_from(&mut buffer).unwrap();
            let mut message = Message::from_vec(&buffer[..length]).unwrap();
            let mut silent = false;
            message.metadata.message_type = MessageType::Response;
            match script[number.min(script.len() - 1)] {
                Does::Answers => {
                    let name = message.queries[0].name.clone();
                    let soa = SOA::new(name.clone(), Name::root(), 7, 1, 1, 1, 1);
                    message.add_answer(Record::from_rdata(name, 60, RData::SOA(soa)));
                }
                Does::Fails => message.metadata.response_code = ResponseCode::ServFail,
                Does::Truncates => message.metadata.truncation = true,
                Does::Nothing => silent = true,
            }
            // Not every test wants to know.
            let _ = told.send(client.port());
            if !silent {
                socket.send_to(&message.to_vec().unwrap(), client).unwrap();
            }
        }
    });
    (address, ports)
}

/// A task that asks this server every 20 ms, and waits for 300 ms.
fn task(server: SocketAddr, channel: Channel) -> Task {
    let config = Config::parse("config.yaml", SMALLEST).unwrap().config;
    let service: &Service = &config.services[0];
    let CheckKind::Dns(check) = &service.members().next().unwrap().kind else {
        panic!("the check asks over DNS");
    };
    let mut check = check.clone();
    Arc::make_mut(&mut check).connection.channel = channel;
    let timing = Timing {
        interval: Period::from_millis(20),
        fast_interval: Period::from_millis(20),
        timeout: Period::from_millis(300),
    };
    Task {
        probe: Arc::new(Probe::new(Subject::Dns(&check, server))),
        is_delicate: false,
        schedule: Schedule::new(timing, 3, 4, Instant::now()),
    }
}

const UDP: Channel = Channel::Udp {
    fallback_to_tcp: false,
};
const OR_TCP: Channel = Channel::Udp {
    fallback_to_tcp: true,
};

/// A prober of one server.
fn one(script: &'static [Does], channel: Channel) -> (Prober, DutyId, Receiver<u16>) {
    let (address, ports) = server(script);
    let mut prober = Prober::default();
    let duty = prober.begin(ID, task(address, channel));
    (prober, duty, ports)
}

async fn next(prober: &mut Prober) -> Observed {
    let found = tokio::time::timeout(LONG, prober.next()).await;
    found.expect("a probe finds something").unwrap().1
}

/// So many verdicts.
async fn verdicts(prober: &mut Prober, count: usize) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for _ in 0..count {
        verdicts.push(next(prober).await.verdict);
    }
    verdicts
}

#[tokio::test]
async fn checks_that_are_well_share_a_socket() {
    let (mut prober, _, ports) = one(&[Does::Answers], UDP);
    let (other, others) = server(&[Does::Answers]);
    prober.begin(ID, task(other, UDP));
    assert_eq!(verdicts(&mut prober, 16).await, [Verdict::Pass; 16]);
    let [ports, others] = [ports, others].map(|ports| ports.try_iter().skip(1).collect::<Vec<_>>());
    assert!(ports.len() > 2 && others.len() > 2);
    // On a busy machine an answer now and then is late, and the next question has a socket of its own.
    let shared = others.iter().filter(|port| ports.contains(port));
    assert!(2 * shared.count() > others.len());
}

#[tokio::test]
async fn whoever_is_not_well_has_a_socket_of_its_own_each_time() {
    let (mut prober, _, ports) = one(&[Does::Fails], UDP);
    assert_eq!(verdicts(&mut prober, 5).await, [Verdict::Fail; 5]);
    let mut ports: Vec<_> = ports.try_iter().collect();
    ports.sort_unstable();
    ports.dedup();
    assert!(ports.len() >= 5);
}

#[tokio::test]
async fn silence_over_a_shared_socket_is_a_failure_and_holds_up_no_other_probe() {
    let (mut prober, _, ports) = one(&[Does::Answers, Does::Nothing], UDP);
    assert_eq!(next(&mut prober).await.verdict, Verdict::Pass);
    let observed = next(&mut prober).await;
    assert_eq!(observed.verdict, Verdict::Fail);
    assert_eq!(observed.detail, "no answer within 300ms");
    // As many as may be unanswered at a time.
    let asked = 1 + 4;
    assert!(ports.try_iter().count() >= asked);
}

#[tokio::test]
async fn a_server_that_ends_is_refused_at_once() {
    let (mut prober, duty, _) = one(&[Does::Answers], UDP);
    assert_eq!(next(&mut prober).await.verdict, Verdict::Pass);
    // Not where the servers of other tests are: one of them could be given the port.
    let closed = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 3), 0)).unwrap();
    let server = closed.local_addr().unwrap();
    drop(closed);
    prober.duties.of(duty).unwrap().task.probe = task(server, UDP).probe;
    let observed = next(&mut prober).await;
    assert_eq!(observed.detail, "connection refused");
}

#[tokio::test]
async fn what_does_not_fit_is_asked_again_over_tcp_and_no_more_over_a_shared_socket() {
    let (mut prober, duty, _) = one(&[Does::Answers, Does::Truncates], OR_TCP);
    assert_eq!(next(&mut prober).await.verdict, Verdict::Pass);
    let observed = next(&mut prober).await;
    let detail = "truncated, and then over TCP: connection refused";
    assert_eq!(observed.detail, detail);
    assert!(!prober.duties.of(duty).unwrap().shares);
}

/// Until a question is under way over a shared socket.
async fn until_asked(prober: &mut Prober, duty: DutyId) {
    while prober.duties.of(duty).unwrap().call.is_none() {
        tokio::select! {
            biased;
            found = prober.next() => assert_eq!(found.unwrap().1.verdict, Verdict::Pass),
            () = yield_now() => {}
        }
    }
}

#[tokio::test]
async fn an_answer_that_waits_counts_however_late_the_prober_is() {
    let (mut prober, duty, _) = one(&[Does::Answers], UDP);
    until_asked(&mut prober, duty).await;
    thread::sleep(Duration::from_millis(700));
    let observed = next(&mut prober).await;
    assert_eq!((observed.verdict, observed.latency), (Verdict::Pass, None));
}

#[tokio::test]
async fn without_an_answer_nothing_is_known_after_a_stall() {
    let (mut prober, duty, _) = one(&[Does::Answers, Does::Nothing], UDP);
    until_asked(&mut prober, duty).await;
    thread::sleep(Duration::from_millis(700));
    let observed = next(&mut prober).await;
    assert_eq!(observed.verdict, Verdict::Unknown);
    let stalled = "the prober itself was stalled for ";
    assert!(observed.detail.starts_with(stalled), "{}", observed.detail);
}

#[tokio::test]
async fn an_event_is_followed_by_a_probe_at_once() {
    let (mut prober, duty, ports) = one(&[Does::Answers], UDP);
    let hour = Period::from_millis(3_600_000);
    let timing = Timing {
        interval: hour,
        fast_interval: hour,
        timeout: Period::from_millis(300),
    };
    let state = prober.duties.of(duty).unwrap();
    state.task.schedule = Schedule::new(timing, 3, 4, Instant::now());
    state.task.schedule.set_announced(true);
    assert_eq!(next(&mut prober).await.verdict, Verdict::Pass);
    prober.look(Some(duty), Instant::now());
    assert_eq!(next(&mut prober).await.verdict, Verdict::Pass);
    let ports: Vec<_> = ports.try_iter().collect();
    assert!(ports.len() >= 2 && ports[0] != ports[1], "{ports:?}");
}

#[tokio::test]
async fn what_has_ended_is_not_heard_of_again() {
    let (mut prober, duty, _) = one(&[Does::Answers], UDP);
    let (other, _ports) = server(&[Does::Answers]);
    let kept = prober.begin(ID, task(other, UDP));
    until_asked(&mut prober, duty).await;
    let moved = ProbeId {
        service: 5,
        probe: 1,
    };
    prober.keep(&HashMap::from([(kept, moved)]));
    assert_eq!(prober.len(), 1);
    // It has the number of the one that has ended, and must not have its answer.
    let new = prober.begin(ID, task(closed(), UDP));
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (id, observed) = prober.next().await.unwrap();
        assert_eq!(observed.verdict == Verdict::Pass, id == moved);
        seen.push(id);
    }
    assert!(seen.contains(&moved) && seen.contains(&ID));
    assert_ne!(new, duty);
}

fn closed() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}
