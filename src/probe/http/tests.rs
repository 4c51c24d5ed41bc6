//! Against small servers on loopback that say what they like.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::StatusCodes;
use crate::health::Verdict;

const LONG: Duration = Duration::from_secs(30);

/// What a server that answers one request with this makes of it, and the request.
async fn asked(answer: &[u8], body: Option<&str>, keeps_open: bool) -> (Outcome, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    let timeout = if keeps_open {
        Duration::from_millis(300)
    } else {
        LONG
    };
    let page = Page::new(
        &HttpCheck {
            server: None,
            url: "http://dns.example.com/health?a=b".parse().unwrap(),
            tls: None,
            status: vec![StatusCodes::OK, "300-302".parse().unwrap()],
            body: body.map(|text| text.parse().unwrap()),
        },
        server,
    );
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        // Whoever has read enough hangs up.
        let _written = stream.write_all(answer).await;
        (
            String::from_utf8(request).unwrap(),
            keeps_open.then_some(stream),
        )
    };
    let (outcome, (request, _open)) = tokio::join!(page.run(timeout), serve);
    (outcome, request)
}

async fn found(answer: &str, body: Option<&str>) -> (Verdict, String) {
    let (outcome, _) = asked(answer.as_bytes(), body, false).await;
    (outcome.verdict, outcome.detail)
}

fn words(verdict: Verdict, detail: &str) -> (Verdict, String) {
    (verdict, detail.to_owned())
}

#[tokio::test]
async fn the_request_is_for_the_name_in_the_url() {
    let (outcome, request) =
        asked(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", None, false).await;
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.detail);
    assert!(outcome.latency.is_some());
    assert!(
        request.starts_with("GET /health?a=b HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("host: dns.example.com\r\n"), "{request}");
}

#[tokio::test]
async fn status_codes_pass_or_fail_and_redirections_are_not_followed() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    assert_eq!(found(ok, None).await, words(Verdict::Pass, "status 200 OK"));
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(
        found(moved, None).await,
        words(Verdict::Pass, "status 302 Found")
    );
    let sick = "HTTP/1.0 503 Whatever\r\n\r\nsick";
    let detail = "status 503 Service Unavailable instead of 200 or 300-302";
    assert_eq!(
        found(sick, Some("sick")).await,
        words(Verdict::Fail, detail)
    );
}

#[tokio::test]
async fn bodies_match_or_are_shown() {
    let body = |text: &str| format!("HTTP/1.1 200 OK\r\n\r\n{text}");
    let wanted = Some("\"status\": *\"(ok|warn)\"");
    let fine = found(&body("{\"status\": \"ok\"}"), wanted).await;
    let detail = "status 200 OK, body matches /\"status\": *\"(ok|warn)\"/";
    assert_eq!(fine, words(Verdict::Pass, detail));
    let sick = found(&body("\n{\"status\":\x07\"dead\"}"), wanted).await;
    let detail = "the body does not match /\"status\": *\"(ok|warn)\"/: it begins with `{\"status\":\\u{7}\"dead\"}`";
    assert_eq!(sick, words(Verdict::Fail, detail));
    let empty = found(&body(""), Some("x")).await;
    assert_eq!(
        empty,
        words(Verdict::Fail, "the body does not match /x/: it is empty")
    );
}

#[tokio::test]
async fn a_body_without_end_is_read_so_far_and_no_further() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.extend(std::iter::repeat_n(b'a', LONGEST));
    answer.extend(std::iter::repeat_n(b'b', 8 * LONGEST));
    let (outcome, _) = asked(&answer, Some("b"), false).await;
    assert_eq!(outcome.verdict, Verdict::Fail, "{}", outcome.detail);
    let shown = format!("it begins with `{}…`", "a".repeat(SHOWN));
    assert!(outcome.detail.ends_with(&shown), "{}", outcome.detail);
}

#[tokio::test]
async fn what_is_no_http_fails_and_so_does_silence() {
    let closed = "connection closed before the answer was complete";
    assert_eq!(found("", None).await, words(Verdict::Fail, closed));
    assert_eq!(
        found("HTTP/1.1 200", None).await,
        words(Verdict::Fail, closed)
    );
    let none = "what came is no answer of HTTP";
    assert_eq!(
        found("SSH-2.0-x\r\n\r\n", None).await,
        words(Verdict::Fail, none)
    );
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    let (verdict, detail) = found(short, Some("x")).await;
    assert_eq!(verdict, Verdict::Fail, "{detail}");
    let (outcome, _) = asked(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        Some("x"),
        true,
    )
    .await;
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert_eq!(outcome.detail, "no answer within 300ms");
}

#[tokio::test]
async fn a_closed_port_is_known_at_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let outcome = super::super::stream::run(&Way::new(server, None, &[]), LONG).await;
    assert_eq!(
        (outcome.verdict, outcome.detail.as_str()),
        (Verdict::Fail, "connection refused")
    );
}

#[tokio::test]
async fn a_port_that_takes_connections_passes() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    let outcome = super::super::stream::run(&Way::new(server, None, &[]), LONG).await;
    assert_eq!(
        (outcome.verdict, outcome.detail.as_str()),
        (Verdict::Pass, "connected")
    );
    assert!(outcome.latency.is_some());
}
