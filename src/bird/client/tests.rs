//! A socket that plays BIRD, for what the real one cannot be made to do.

use std::path::PathBuf;

use tokio::net::UnixListener;

use super::*;

/// Serves one connection: sends each part of the script, the first at once and the others after a command.
fn scripted(parts: &'static [&'static [u8]], end: End) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bird.ctl");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut command = [0; 1024];
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                let _ = stream.read(&mut command).await.unwrap();
            }
            // In pieces, as a busy daemon may.
            for piece in part.chunks(3) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        if matches!(end, End::Silence) {
            std::future::pending::<()>().await;
        }
    });
    (directory, path)
}

enum End {
    Close,
    Silence,
}

const GREETING: &[u8] = b"0001 BIRD 2.0.12 ready.\n";

#[tokio::test]
async fn a_command_gets_its_answer() {
    let (_keep, path) = scripted(
        &[
            GREETING,
            b"0016 Access restricted\n",
            b"9001 syntax error, unexpected CF_SYM_UNDEFINED\n",
            b"0009-a: disabled\n0000 \n",
        ],
        End::Close,
    );
    let mut client = Client::connect_restricted(&path).await.unwrap();
    let reply = client
        .demand(&Command::Disable("a".into(), "why".into()))
        .await
        .unwrap();
    assert!(reply.has(9));
}

#[tokio::test]
async fn an_error_anywhere_in_the_answer_is_a_refusal() {
    let (_keep, path) = scripted(&[GREETING, b"8003 No protocols match\n"], End::Close);
    let mut client = Client::connect(&path).await.unwrap();
    let error = client
        .demand(&Command::ShowProtocol("a".into()))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "BIRD refused `show protocols \"a\"`: 8003 No protocols match"
    );
}

#[tokio::test]
async fn whoever_finds_the_door_crowded_knocks_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bird.ctl");
    let socket = tokio::net::UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut crowd = Vec::new();
    while let Ok(stream) = UnixStream::connect(&path).await {
        crowd.push(stream);
    }
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Those in the crowd may be gone.
            let _ = stream.write_all(GREETING).await;
            tokio::task::yield_now().await;
        }
    });
    Client::connect(&path).await.unwrap();
}

#[tokio::test]
async fn notices_without_end_are_not_read_without_end() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let flood = std::thread::spawn(move || {
        use std::io::Write as _;
        let mut theirs = theirs.into_std().unwrap();
        theirs.set_nonblocking(false).unwrap();
        while theirs
            .write_all(&[b"+notice\n".as_slice(); 512].concat())
            .is_ok()
        {}
    });
    let mut client = Client {
        stream: ours,
        decoder: Decoder::default(),
    };
    client.stream.readable().await.unwrap();
    let asked = client.ask(&Command::ShowStatus);
    let result = tokio::time::timeout(Duration::from_secs(10), asked).await;
    assert!(result.is_ok_and(|result| result.is_err()));
    drop(client);
    flood.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_greeting_ends_at_the_deadline() {
    let (_keep, path) = scripted(&[b""], End::Silence);
    assert!(matches!(
        Client::connect(&path).await,
        Err(Error::Deadline { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_ends_at_the_deadline() {
    let (_keep, path) = scripted(&[GREETING, b"1002-a Static"], End::Silence);
    let mut client = Client::connect(&path).await.unwrap();
    let error = client.ask(&Command::ShowProtocolsAll).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "BIRD did not answer `show protocols all` within 5 s"
    );
}

#[tokio::test]
async fn an_end_in_the_middle_of_a_line_is_no_answer() {
    let (_keep, path) = scripted(&[GREETING, b"0009-a: disab"], End::Close);
    let mut client = Client::connect(&path).await.unwrap();
    assert!(matches!(
        client.ask(&Command::ShowStatus).await,
        Err(Error::Closed)
    ));
}

#[tokio::test]
async fn a_second_answer_is_noticed_before_the_next_command() {
    let (_keep, path) = scripted(&[GREETING, b"0000 \n0000 \n", b"0000 \n"], End::Silence);
    let mut client = Client::connect(&path).await.unwrap();
    client.ask(&Command::ShowStatus).await.unwrap();
    // The second answer may arrive with the first or any time later: wait until it is there.
    client.stream.readable().await.unwrap();
    while client.decoder.is_idle() {
        tokio::task::yield_now().await;
        if matches!(client.discard_notices(), Err(Error::OutOfStep)) {
            return;
        }
    }
    assert!(matches!(
        client.ask(&Command::ShowStatus).await,
        Err(Error::OutOfStep)
    ));
}

#[tokio::test]
async fn another_program_on_the_socket_is_not_bird() {
    let (_keep, path) = scripted(&[b"0220 smtp ready\n"], End::Close);
    assert!(matches!(
        Client::connect(&path).await,
        Err(Error::NotBird(_))
    ));
    let (_keep, path) = scripted(&[b"+OK ready\n220 smtp\n"], End::Close);
    assert!(matches!(
        Client::connect(&path).await,
        Err(Error::Framing(_))
    ));
}

#[tokio::test]
async fn a_missing_socket_says_what_to_do() {
    let error = Client::connect(Path::new("/nonexistent/bird.ctl"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect to BIRD at /nonexistent/bird.ctl: there is no such socket; is BIRD running?"
    );
}
