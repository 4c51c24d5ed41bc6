//! Servers under TLS that do what real ones do only when they are broken.

use std::path::Path;
use std::sync::Arc;

use lab::{Authority, Certificate, Validity};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::config::{TcpCheck, Tls, Trust, UrlPath};

/// A server's certificate, and its authority.
struct Identity {
    directory: tempfile::TempDir,
    authority: Authority,
    certificate: Certificate,
}

impl Identity {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path(), "authority").unwrap();
        let certificate = authority.issue("good", &["dns.example"], Validity::Now);
        Self {
            directory,
            authority,
            certificate: certificate.unwrap(),
        }
    }

    fn tls(&self) -> Tls {
        tls(self.authority.file())
    }

    fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        Arc::new(self.certificate.server_config(protocols).unwrap()).into()
    }
}

/// `dns.example`, vouched for by the authorities in a file.
fn tls(authorities: &Path) -> Tls {
    Tls {
        name: Some("dns.example".try_into().unwrap()),
        trust: Trust::Authorities(authorities.to_owned()),
    }
}

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A probe while `behave` has the connection after its handshake.
async fn probe<F>(
    identity: &Identity,
    channel: Channel,
    protocols: &[&str],
    behave: impl FnOnce(TlsStream<TcpStream>) -> F,
) -> dns::Outcome
where
    F: Future<Output = ()>,
{
    let (listener, address) = listening().await;
    let acceptor = identity.acceptor(protocols);
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = acceptor.accept(stream).await {
            behave(stream).await;
        }
    };
    let check = check(channel);
    tokio::join!(exchange(address, &check, LONG), server).0
}

async fn answer_one(mut stream: TlsStream<TcpStream>) {
    let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut query).await.unwrap();
    let reply = answer(&query);
    let length = u16::try_from(reply.len()).unwrap();
    let framed = [&length.to_be_bytes(), &reply[..]].concat();
    stream.write_all(&framed).await.unwrap();
    stream.flush().await.unwrap();
}

#[tokio::test]
async fn the_name_is_sent_and_the_answer_read() {
    let identity = Identity::new();
    let channel = Channel::Tls(identity.tls());
    let outcome = probe(&identity, channel, &[], async |stream| {
        assert_eq!(stream.get_ref().1.server_name(), Some("dns.example"));
        answer_one(stream).await;
    });
    assert_outcome(&outcome.await, Verdict::Pass, SERIAL);
}

#[tokio::test]
async fn an_end_after_the_handshake_fails() {
    let identity = Identity::new();
    let channel = Channel::Tls(identity.tls());
    let outcome = probe(&identity, channel, &[], async |mut stream| {
        let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut query).await.unwrap();
    });
    let detail = "connection closed after 0 bytes of the answer";
    assert_outcome(&outcome.await, Verdict::Fail, detail);
}

#[tokio::test]
async fn what_is_no_tls_is_named() {
    let identity = Identity::new();
    let check = check(Channel::Tls(identity.tls()));
    for (sent, timeout, detail) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            LONG,
            "127.0.0.1 does not speak TLS on this port",
        ),
        (
            b"",
            Duration::from_secs(2),
            "127.0.0.1 did not complete the TLS handshake within 2s",
        ),
    ] {
        let (listener, address) = listening().await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(sent).await.unwrap();
            stream
        };
        let (outcome, _open) = tokio::join!(exchange(address, &check, timeout), server);
        assert_outcome(&outcome, Verdict::Fail, detail);
    }
}

#[tokio::test]
async fn an_end_within_the_handshake_is_named() {
    let identity = Identity::new();
    let check = check(Channel::Tls(identity.tls()));
    let (listener, address) = listening().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        // All of it, so that what follows is an end and not a reset.
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        let rest = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        stream.read_exact(&mut vec![0; rest]).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(exchange(address, &check, LONG), server);
    let detail = "127.0.0.1 closed the connection during the TLS handshake";
    assert_outcome(&outcome, Verdict::Fail, detail);
}

/// This node's clock may be the reason, and no clock that is behind ever catches up by withdrawing.
#[tokio::test]
async fn a_certificate_of_the_future_is_no_failure_of_the_server_and_no_silence() {
    let mut identity = Identity::new();
    let later = Validity::From(Duration::from_hours(3) + Duration::from_mins(1));
    identity.certificate = identity
        .authority
        .issue("later", &["dns.example"], later)
        .unwrap();
    let detail = "the certificate of 127.0.0.1 becomes valid in 3 h by this host's clock, which may be behind";
    let channel = Channel::Tls(identity.tls());
    let outcome = probe(&identity, channel, &[], async |_| {}).await;
    assert_outcome(&outcome, Verdict::Unknown, detail);
    assert!(!outcome.is_silence);

    let (listener, address) = listening().await;
    let check = TcpCheck {
        server: None,
        port: address.port(),
        tls: Some(identity.tls()),
    };
    let acceptor = identity.acceptor(&[]);
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    };
    let port = Probe::new(Subject::Tcp(&check, address));
    let (outcome, _) = tokio::join!(port.run(LONG), server);
    assert_eq!(
        (outcome.verdict, outcome.detail.as_str()),
        (Verdict::Unknown, detail)
    );
    assert!(!outcome.is_silence);
}

#[tokio::test]
async fn files_of_ours_that_are_missing_or_empty_say_nothing_about_the_server() {
    let identity = Identity::new();
    let empty = identity.directory.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    for (file, reason) in [
        (
            Path::new("/nowhere/ca.pem"),
            "No such file or directory (os error 2)",
        ),
        (&empty, "it holds no certificate in PEM format"),
    ] {
        let check = check(Channel::Tls(tls(file)));
        let outcome = exchange(address, &check, LONG).await;
        let detail = format!("the prober cannot read {}: {reason}", file.display());
        assert_outcome(&outcome, Verdict::Unknown, &detail);
        assert!(outcome.is_silence);
    }
}

/// Two probes by one connector; in between, the first of two files takes the place of the other.
async fn before_and_after(
    identity: &Identity,
    tls: Tls,
    renewed: (&Path, &Path),
) -> [dns::Outcome; 2] {
    let (listener, address) = listening().await;
    let check = check(Channel::Tls(tls));
    let connector = Connector::new(&check.connection);
    let serve = async || {
        let (stream, _) = listener.accept().await.unwrap();
        // Whoever does not trust us breaks off.
        if let Ok(stream) = identity.acceptor(&[]).accept(stream).await {
            answer_one(stream).await;
        }
    };
    let probe = async || {
        let probe = super::super::exchange(&connector, address, &check, LONG);
        tokio::join!(probe, serve()).0
    };
    let before = probe().await;
    std::fs::copy(renewed.0, renewed.1).unwrap();
    [before, probe().await]
}

#[tokio::test]
async fn files_that_are_renewed_are_read_again_after_a_refusal() {
    let identity = Identity::new();
    let directory = identity.directory.path();
    let other = Authority::new(directory, "another").unwrap();
    let other_certificate = other.issue("other", &["dns.example"], Validity::Now);
    let file = directory.join("authorities.pem");
    std::fs::copy(other.file(), &file).unwrap();
    let renewed = (identity.authority.file(), &*file);
    let [before, after] = before_and_after(&identity, tls(&file), renewed).await;
    let refused = format!(
        "the certificate of 127.0.0.1 comes from no authority in {}",
        file.display()
    );
    assert_outcome(&before, Verdict::Fail, &refused);
    assert_outcome(&after, Verdict::Pass, SERIAL);

    let file = directory.join("pinned.pem");
    std::fs::copy(other_certificate.unwrap().file, &file).unwrap();
    let renewed = (&*identity.certificate.file, &*file);
    let pinned = Tls {
        name: None,
        trust: Trust::Certificate(file.clone()),
    };
    let [before, after] = before_and_after(&identity, pinned, renewed).await;
    let refused = "the certificate of 127.0.0.1 is not the one that `pin_file` holds";
    assert_outcome(&before, Verdict::Fail, refused);
    assert_outcome(&after, Verdict::Pass, SERIAL);
}

/// A pipe is read once somebody has written it: as slow as a disk can be. What came too late for three probes serves
/// the fourth, and there is a thread for others all the time.
#[test]
fn a_file_that_hangs_takes_one_thread_and_serves_when_it_comes() {
    let identity = Identity::new();
    let pipe = identity.directory.path().join("pipe.pem");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let authorities = std::fs::read(identity.authority.file()).unwrap();
    let check = check(Channel::Tls(tls(&pipe)));
    let closed = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let builder = builder.enable_all().max_blocking_threads(2);
    let runtime = builder.build().unwrap();
    let (early, written, late) = runtime.block_on(async {
        let connector = Connector::new(&check.connection);
        let probe = |timeout| super::super::exchange(&connector, closed, &check, timeout);
        let mut early = Vec::new();
        for _ in 0..3 {
            early.push(probe(Duration::from_millis(20)).await);
        }
        let write = tokio::task::spawn_blocking(move || std::fs::write(pipe, authorities));
        let written = timeout(LONG, write).await;
        (early, written, probe(LONG).await)
    });
    runtime.shutdown_background();
    for outcome in early {
        let detail = "the prober could not read certificates within 20ms";
        assert_outcome(&outcome, Verdict::Unknown, detail);
    }
    written.expect("no thread is free").unwrap().unwrap();
    assert_outcome(&late, Verdict::Fail, "connection refused");
}

mod https {
    use h2::server::SendResponse;
    use hyper::Response;

    use super::*;

    /// A probe of a server that answers the one request like this.
    async fn probe_with(respond: impl FnOnce(SendResponse<bytes::Bytes>, Vec<u8>)) -> dns::Outcome {
        let identity = Identity::new();
        let path = UrlPath::dns_query();
        let tls = identity.tls();
        let channel = Channel::Https { tls, path };
        probe(&identity, channel, &["h2"], async |stream| {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (request, sender) = connection.accept().await.unwrap().unwrap();
            assert_eq!(request.uri().path(), "/dns-query");
            assert_eq!(request.uri().host(), Some("dns.example"));
            assert_eq!(request.method(), hyper::Method::POST);
            let mut body = request.into_body();
            // The connection moves only while it is polled.
            let question = tokio::select! {
                question = async {
                    let mut question = Vec::new();
                    while let Some(Ok(chunk)) = body.data().await {
                        question.extend_from_slice(&chunk);
                    }
                    question
                } => question,
                _none = std::future::poll_fn(|context| connection.poll_closed(context)) => Vec::new(),
            };
            assert_eq!(question[..2], [0, 0], "the id");
            respond(sender, question);
            let _gone = std::future::poll_fn(|context| connection.poll_closed(context)).await;
        })
        .await
    }

    fn send(mut sender: SendResponse<bytes::Bytes>, status: u16, kind: &str, body: Vec<u8>) {
        let response = Response::builder()
            .status(status)
            .header("content-type", kind);
        let mut stream = sender
            .send_response(response.body(()).unwrap(), false)
            .unwrap();
        stream.send_data(body.into(), true).unwrap();
    }

    const DNS: &str = "application/dns-message";

    #[tokio::test]
    async fn an_answer_passes() {
        let outcome = probe_with(|sender, question| {
            send(
                sender,
                200,
                "Application/DNS-Message; x=y",
                answer(&question),
            );
        });
        assert_outcome(&outcome.await, Verdict::Pass, SERIAL);
    }

    #[tokio::test]
    async fn what_is_no_dns_message_fails_and_is_named() {
        let outcome = probe_with(|sender, question| send(sender, 500, DNS, answer(&question)));
        let detail = "HTTP status 500 Internal Server Error for /dns-query";
        assert_outcome(&outcome.await, Verdict::Fail, detail);
        let outcome = probe_with(|sender, question| send(sender, 200, "text/html", question));
        let detail = "/dns-query has content of the type `text/html`, and no DNS message";
        assert_outcome(&outcome.await, Verdict::Fail, detail);
        let outcome = probe_with(|sender, question| send(sender, 200, DNS, lie(&question)));
        let detail = "an answer for another question";
        assert_outcome(&outcome.await, Verdict::Fail, detail);
        let outcome = probe_with(|sender, _| send(sender, 200, DNS, vec![0; 66_000]));
        let detail = "malformed answer: its length makes no sense";
        assert_outcome(&outcome.await, Verdict::Fail, detail);
    }

    #[tokio::test]
    async fn a_stream_that_is_refused_fails() {
        let outcome = probe_with(|mut sender, _| sender.send_reset(h2::Reason::REFUSED_STREAM));
        let detail = outcome.await.detail;
        assert!(detail.starts_with("HTTP/2 broke off: "), "{detail}");
    }

    #[tokio::test]
    async fn http_1_is_not_enough() {
        let identity = Identity::new();
        let tls = identity.tls();
        let path = UrlPath::dns_query();
        let channel = Channel::Https { tls, path };
        let outcome = probe(&identity, channel, &["http/1.1"], async |_| {}).await;
        let detail = "127.0.0.1 speaks TLS, but another protocol than is wanted over it (ALPN)";
        assert_outcome(&outcome, Verdict::Fail, detail);
    }
}
