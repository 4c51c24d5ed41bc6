//! One stream of a QUIC connection (RFC 9250), on a socket of our own.
//!
//! On quinn-proto and not on quinn: that gives the socket to a task of its own, which outlives the deadline by seconds
//! where a server is silent, and keeps ECONNREFUSED to itself.

mod dialogue;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use self::dialogue::Dialogue;
use super::connector::Progress;
use super::errno::{Step, failure};
use super::{tcp, tls};
use crate::config::Origin;
use crate::dns::{Failure, Query, Reply};

/// RFC 9250, 4.1.1.
pub(super) const ALPN: &str = "doq";

/// No datagram is longer.
const LONGEST: usize = u16::MAX as usize;

/// Asks once, on a connection of its own.
pub(super) async fn exchange(
    server: SocketAddr,
    origin: &Origin,
    tls: &tls::Ready<'_>,
    query: &Query,
    progress: &Progress,
) -> Result<Reply, Failure> {
    let socket = origin.udp(server).await?;
    let mut dialogue = Dialogue::new(server, tls, &tcp::framed(query.as_bytes()))?;
    let mut buffer = vec![0; LONGEST];
    let message = loop {
        let result = dialogue.advance();
        send(&socket, &mut dialogue).await?;
        if let Some(message) = result? {
            break message;
        }
        progress
            .handshake
            .store(dialogue.is_in_handshake(), Ordering::Relaxed);
        receive(&socket, &mut dialogue, &mut buffer).await?;
    };
    dialogue.close();
    send(&socket, &mut dialogue).await?;
    tcp::reply(&message, query)
}

async fn send(socket: &UdpSocket, dialogue: &mut Dialogue<'_>) -> Result<(), Failure> {
    while let Some(packet) = dialogue.packet() {
        let sent = socket.send(&packet).await;
        sent.map_err(|error| failure(Step::Transfer, &error))?;
    }
    Ok(())
}

/// Waits for a datagram, or for the time at which one that was lost is sent again.
async fn receive(
    socket: &UdpSocket,
    dialogue: &mut Dialogue<'_>,
    buffer: &mut [u8],
) -> Result<(), Failure> {
    let deadline = dialogue.deadline().map(Instant::from_std);
    let timer = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        received = socket.recv(buffer) => {
            let length = received.map_err(|error| failure(Step::Transfer, &error))?;
            dialogue.on_datagram(&buffer[..length]);
        }
        () = timer => dialogue.on_timer(),
    }
    Ok(())
}
