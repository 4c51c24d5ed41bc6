//! A connection to a server's port on which nothing is ever asked: that it ends is the news.
//!
//! The kernel ends it the moment the server's process is gone, however that died. No packet is exchanged meanwhile, and
//! no keepalive either: a server that merely hangs is for the probes to find.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the server may take to accept.
const CONNECT: Duration = Duration::from_secs(5);

/// So much of what a server says without being asked is read, in bytes: it is not one to keep a connection to.
const MOST: usize = 4096;

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed it, or the kernel did so for it.
    Closed,
    /// It was reset, or the network broke it.
    Broken,
    /// The server talks and talks.
    Talks,
}

/// Connects, within some seconds.
pub(crate) async fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    timeout(CONNECT, TcpStream::connect(server)).await?
}

/// Waits until the connection ends, for ever if it does not.
pub(crate) async fn end(mut connection: TcpStream) -> End {
    let mut left = MOST;
    let mut buffer = [0; 256];
    loop {
        match connection.read(&mut buffer).await {
            Ok(0) => return End::Closed,
            Err(_) => return End::Broken,
            Ok(count) if count < left => left -= count,
            Ok(_) => return End::Talks,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = connect(listener.local_addr().unwrap()).await.unwrap();
        (ours, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn closing_and_resetting_end_it() {
        let (ours, theirs) = pair().await;
        drop(theirs);
        assert_eq!(end(ours).await, End::Closed);
        let (ours, theirs) = pair().await;
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        assert_eq!(end(ours).await, End::Broken);
    }

    #[tokio::test]
    async fn a_few_words_are_ignored_and_many_are_not_read() {
        let (ours, mut theirs) = pair().await;
        theirs.write_all(b"hello").await.unwrap();
        drop(theirs);
        assert_eq!(end(ours).await, End::Closed);
        let (ours, mut theirs) = pair().await;
        let talk =
            tokio::spawn(async move { while theirs.write_all(&[0; 1 << 12]).await.is_ok() {} });
        assert_eq!(end(ours).await, End::Talks);
        // Whoever talks without end learns that nobody listens.
        talk.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
