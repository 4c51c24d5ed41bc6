//! One connection, one question, one answer, each behind a two-byte length (RFC 7766, section 8).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::errno::{Step, failure};
use crate::dns::{Failure, Query, Rejected, Reply};

/// No message is shorter (RFC 1035, 4.1.1).
const HEADER: usize = 12;

/// Asks once, on a connection of its own.
pub(super) async fn exchange(server: SocketAddr, query: &Query) -> Result<Reply, Failure> {
    let mut stream = connected(server).await?;
    // In one write: a server may take a length without its message for an incomplete question.
    stream
        .write_all(&framed(query.as_bytes()))
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    let message = read(&mut stream).await?;
    Reply::parse(&message, query).map_err(|rejected| match rejected {
        Rejected::Foreign if message.len() < HEADER => Failure::Malformed("header"),
        Rejected::Foreign => Failure::Foreign,
        Rejected::Malformed(part) => Failure::Malformed(part),
    })
}

async fn connected(server: SocketAddr) -> Result<TcpStream, Failure> {
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    socket
        .map_err(|error| failure(Step::Open, &error))?
        .connect(server)
        .await
        .map_err(|error| failure(Step::ConnectTcp, &error))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length =
        u16::try_from(message.len()).expect("a message of one question has at most 271 bytes");
    [&length.to_be_bytes(), message].concat()
}

async fn read(stream: &mut TcpStream) -> Result<Vec<u8>, Failure> {
    let mut length = [0; 2];
    fill(stream, &mut length, 0).await?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    fill(stream, &mut message, length.len()).await?;
    Ok(message)
}

/// Reads exactly `buffer`; `before` bytes came earlier.
async fn fill(stream: &mut TcpStream, buffer: &mut [u8], before: usize) -> Result<(), Failure> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) => {
                let received = before + filled;
                return Err(Failure::Closed { received });
            }
            Ok(count) => filled += count,
            Err(error) => return Err(failure(Step::Transfer, &error)),
        }
    }
    Ok(())
}
