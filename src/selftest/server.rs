//! The DNS server of the stage, a process of its own: it is killed and frozen like any other.
//!
//! Its first line says on which addresses it answers, each further one how.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::pipe::Receiver;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::time::sleep;

use super::answer::{Mode, Over, answer};

/// Where it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// The addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// How late it is when it is slow.
    pub(crate) delay_ms: u64,
}

/// The port of DNS.
const PORT: u16 = 53;

/// So many questions may wait for their late answers.
const MOST_LATE: usize = 1000;

/// So many TCP connections at each address are served; more wait.
const MOST_CONNECTIONS: usize = 100;

/// The longest question, in octets.
const LONGEST: usize = 4096;

/// Answers until its standard input ends.
pub(crate) async fn serve() -> io::Result<()> {
    let mut lines = lines()?;
    let first = lines.next_line().await?.unwrap_or_default();
    let orders: Orders = serde_json::from_str(&first)?;
    let (tell, mode) = watch::channel(Mode::Well);
    for address in orders.addresses {
        let address = SocketAddr::new(address, PORT);
        let desk = Desk {
            mode: mode.clone(),
            delay: Duration::from_millis(orders.delay_ms),
            number: Arc::default(),
        };
        let socket = UdpSocket::bind(address).await?;
        let listener = TcpListener::bind(address).await?;
        tokio::spawn(datagrams(socket, desk.clone()));
        tokio::spawn(connections(listener, desk));
    }
    while let Some(line) = lines.next_line().await? {
        tell.send_replace(serde_json::from_str(&line)?);
    }
    Ok(())
}

/// The lines of standard input, which has to be a pipe.
pub(crate) fn lines() -> io::Result<Lines<BufReader<Receiver>>> {
    use std::os::fd::AsFd as _;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(BufReader::new(Receiver::from_owned_fd(input)?).lines())
}

/// What answers the questions that come to one address.
#[derive(Clone)]
struct Desk {
    mode: watch::Receiver<Mode>,
    delay: Duration,
    number: Arc<AtomicU64>,
}

impl Desk {
    async fn answer(&self, question: &[u8], over: Over) -> Option<Vec<u8>> {
        let mode = *self.mode.borrow();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let answer = answer(question, mode, over, number)?;
        if mode == Mode::Slow {
            sleep(self.delay).await;
        }
        Some(answer)
    }
}

/// The late ones must not hold up each other.
async fn datagrams(socket: UdpSocket, desk: Desk) {
    let socket = Arc::new(socket);
    let late = Arc::new(tokio::sync::Semaphore::new(MOST_LATE));
    let mut buffer = [0; LONGEST];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            // What an earlier answer came to: its asker had gone.
            continue;
        };
        let Ok(place) = Arc::clone(&late).acquire_owned().await else {
            return;
        };
        let (socket, desk) = (Arc::clone(&socket), desk.clone());
        let question = buffer[..length].to_vec();
        tokio::spawn(async move {
            if let Some(answer) = desk.answer(&question, Over::Udp).await {
                // The asker may have gone.
                let _ = socket.send_to(&answer, client).await;
            }
            drop(place);
        });
    }
}

async fn connections(listener: TcpListener, desk: Desk) {
    let places = Arc::new(tokio::sync::Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let desk = desk.clone();
        tokio::spawn(async move {
            // Its end is the end of the connection.
            let _ = connection(stream, desk).await;
            drop(place);
        });
    }
}

/// Messages with two octets of length before them (RFC 1035, 4.2.2).
async fn connection(mut stream: TcpStream, desk: Desk) -> io::Result<()> {
    loop {
        let length = usize::from(stream.read_u16().await?);
        let mut question = vec![0; length];
        stream.read_exact(&mut question).await?;
        if let Some(answer) = desk.answer(&question, Over::Tcp).await
            && let Ok(length) = u16::try_from(answer.len())
        {
            stream.write_u16(length).await?;
            stream.write_all(&answer).await?;
        }
    }
}
