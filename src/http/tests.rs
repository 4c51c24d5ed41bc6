use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::metrics::Confirmations;
use crate::status::example;

type Told = Arc<Mutex<Vec<Option<String>>>>;

fn known() -> (Snapshot, Measurements) {
    let measurements = Measurements {
        probes: Vec::new(),
        families: Vec::new(),
        confirmations: Confirmations::default(),
    };
    (example(), measurements)
}

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn answering<F>(ask: impl Fn() -> F + Clone + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = Option<(Snapshot, Measurements)>> + Send + 'static,
{
    let address = free();
    tokio::spawn(serve(address, ask, |_| std::future::ready(())));
    address
}

async fn connect(address: SocketAddr) -> TcpStream {
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => return stream,
            Err(_not_yet) => tokio::task::yield_now().await,
        }
    }
}

/// Everything that comes back.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // It may hang up on what it does not read.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await
}

#[tokio::test]
async fn every_page_is_there() {
    let address = answering(async || Some(known()));
    for (path, kind, part) in [
        ("/", "text/plain; charset=utf-8", "/readyz"),
        ("/?x=1", "text/plain; charset=utf-8", "resolver"),
        ("/metrics", "text/plain; version=0.0.4", "anycastctl_up 1"),
        ("/healthz", "text/plain", "ok\n"),
        ("/readyz", "text/plain", "ready\n"),
        ("/status", "application/json", "{\"version\":1,"),
    ] {
        let answer = get(address, path).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{path}: {answer}"
        );
        assert!(
            answer.contains(&format!("content-type: {kind}")),
            "{path}: {answer}"
        );
        assert!(answer.contains(part), "{path}: {answer}");
        assert!(!answer.contains('\u{1b}'), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_format_is_the_clients_choice() {
    let address = answering(async || Some(known()));
    let request = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;q=0.5\r\nAccept: application/openmetrics-text\r\n\r\n";
    let answer = exchange(address, request).await;
    assert!(
        answer.contains("content-type: application/openmetrics-text"),
        "{answer}"
    );
    assert!(answer.ends_with("# EOF\n"), "{answer}");
}

#[tokio::test]
async fn only_looking_is_allowed() {
    let address = answering(async || Some(known()));
    let head = exchange(address, "HEAD /status HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.ends_with("\r\n\r\n") && head.contains("content-length: "),
        "{head}"
    );
    for method in ["POST", "PUT", "DELETE", "BREW"] {
        let request = format!("{method} /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        let answer = exchange(address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{method}: {answer}");
        assert!(answer.contains("allow: GET, HEAD"), "{method}: {answer}");
    }
    assert!(
        get(address, "/etc/passwd")
            .await
            .starts_with("HTTP/1.1 404 ")
    );
}

#[tokio::test]
async fn what_is_too_long_or_no_http_is_refused() {
    let address = answering(async || Some(known()));
    let long = "x".repeat(2 * MAX_HEAD);
    let many = "A: b\r\n".repeat(MAX_HEADERS + 1);
    for request in [
        format!("GET /{long} HTTP/1.1\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{many}\r\n"),
        "\"status\"\n\r\n\r\n".to_owned(),
    ] {
        let answer = exchange(address, &request).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 "));
}

/// Time is the runtime's own here, and stands still while somebody works.
#[tokio::test(start_paused = true)]
async fn slow_clients_are_dropped_and_the_next_one_is_served() {
    let address = answering(async || Some(known()));
    let mut idle = Vec::new();
    for _ in 0..MAX_CLIENTS {
        let mut stream = connect(address).await;
        stream.write_all(b"GET /met").await.unwrap();
        idle.push(stream);
    }
    let answer = get(address, "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for mut stream in idle {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200 "), "{rest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_does_not_answer_is_not_healthy() {
    let stuck = answering(std::future::pending);
    let stopping = answering(async || None);
    for address in [stuck, stopping] {
        for path in ["/healthz", "/readyz", "/metrics", "/status", "/"] {
            let answer = get(address, path).await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn unready_says_why() {
    let lost = answering(async || {
        let (mut snapshot, measurements) = known();
        snapshot.bird.connected = false;
        snapshot.bird.error = Some("nobody listens".to_owned());
        Some((snapshot, measurements))
    });
    let undecided = answering(async || {
        let (mut snapshot, measurements) = known();
        let family = &mut snapshot.services[0].families[0];
        (family.desired, family.actual) = (None, crate::status::Actual::Unknown);
        family.reason = "no verdict yet".to_owned();
        Some((snapshot, measurements))
    });
    for (address, reason) in [
        (lost, "BIRD does not answer: nobody listens\n"),
        (
            undecided,
            "nothing is decided about resolver (IPv4): no verdict yet\n",
        ),
    ] {
        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.ends_with(reason), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_taken_port_is_told_and_tried_again() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let told = Told::default();
    let teller = Arc::clone(&told);
    tokio::spawn(serve(
        address,
        async || Some(known()),
        move |problem| {
            teller.lock().unwrap().push(problem);
            std::future::ready(())
        },
    ));
    sleep(3 * TRY_AGAIN).await;
    {
        let told = told.lock().unwrap();
        let [Some(problem)] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert!(problem.contains(&address.to_string()), "{problem}");
    }
    drop(taken);
    sleep(2 * TRY_AGAIN).await;
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 "));
    assert_eq!(told.lock().unwrap().last(), Some(&None));
}

/// A page of somebody else whose name leads to this host reads nothing.
#[tokio::test]
async fn the_name_of_somebody_else_is_refused_at_a_loopback_address() {
    let address = answering(async || Some(known()));
    for path in ["/", "/status", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example:9553\r\n\r\n");
        let answer = exchange(address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
        assert!(!answer.contains("resolver"), "{answer}");
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_do_nothing_with_it() {
    let address = answering(async || Some(known()));
    for path in ["/", "/status", "/metrics", "/nowhere"] {
        let answer = get(address, path).await;
        for header in [
            "cache-control: no-store\r\n",
            "x-content-type-options: nosniff\r\n",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n",
            "cross-origin-resource-policy: same-origin\r\n",
        ] {
            assert!(answer.contains(header), "{path}: {answer}");
        }
        assert!(!answer.contains("access-control-allow"), "{answer}");
        assert!(!answer.contains("text/html"), "{answer}");
    }
}

/// One connection, one request: what stands behind the first is never read as a second.
#[tokio::test]
async fn a_request_within_a_request_is_not_answered() {
    let address = answering(async || Some(known()));
    let inner = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        format!("Content-Length: {}\r\n", inner.len()),
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n".to_owned(),
        "Connection: keep-alive\r\n".to_owned(),
    ] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{head}\r\n{inner}");
        let answer = exchange(address, &request).await;
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer}");
        assert!(!answer.contains("resolver"), "{answer}");
    }
}

#[tokio::test]
async fn what_bird_says_is_harmless_on_every_page() {
    let evil = "\u{1b}[31m\u{9b}2J\u{202e}\u{7}";
    let address = answering(move || async move {
        let (mut snapshot, measurements) = known();
        snapshot.bird.connected = false;
        snapshot.bird.error = Some(evil.to_owned());
        snapshot.services[0].families[0].reason = evil.to_owned();
        snapshot.sessions[0].message = Some(evil.to_owned());
        Some((snapshot, measurements))
    });
    for path in ["/", "/status", "/metrics", "/readyz"] {
        let answer = get(address, path).await.replace("\r\n", "\n");
        let is_bad = |c: char| crate::harmless::is_harmful(c) && c != '\n';
        assert!(!answer.contains(is_bad), "{path}: {answer:?}");
    }
}
