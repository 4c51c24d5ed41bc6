//! One datagram out, one answer in.
//!
//! The socket is connected: the kernel then drops what comes from any other address or port, and reports a
//! closed port (ICMP) as ECONNREFUSED at once instead of leaving it to the timeout. The question is never
//! sent twice: a server that loses packets should look like one.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::UdpSocket;

use super::errno::{Step, failure};
use crate::dns::{Failure, Query, Rejected, Reply};

/// Datagrams for another question that are read at most: a flood costs no more than that.
const MAX_IGNORED: u32 = 256;

/// Without EDNS, a server may send 512 octets (RFC 1035, 4.2.1); some headroom for one that sends more.
const MAX_LENGTH: usize = 4096;

/// Asks once. Counts in `ignored` what came but answered another question.
pub(super) async fn exchange(
    server: SocketAddr,
    query: &Query,
    ignored: &AtomicU32,
) -> Result<Reply, Failure> {
    let socket = connected(server).await?;
    socket
        .send(query.as_bytes())
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    answer(&socket, query, ignored).await
}

async fn connected(server: SocketAddr) -> Result<UdpSocket, Failure> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)
        .await
        .map_err(|error| failure(Step::Open, &error))?;
    socket
        .connect(server)
        .await
        .map_err(|error| failure(Step::ConnectUdp, &error))?;
    Ok(socket)
}

async fn answer(socket: &UdpSocket, query: &Query, ignored: &AtomicU32) -> Result<Reply, Failure> {
    let mut buffer = vec![0; MAX_LENGTH];
    loop {
        let length = socket
            .recv(&mut buffer)
            .await
            .map_err(|error| failure(Step::Transfer, &error))?;
        match Reply::parse(&buffer[..length], query) {
            Ok(reply) => return Ok(reply),
            Err(Rejected::Malformed(part)) => return Err(Failure::Malformed(part)),
            Err(Rejected::Foreign) => {
                let count = ignored.fetch_add(1, Ordering::Relaxed) + 1;
                if count >= MAX_IGNORED {
                    return Err(Failure::Flooded(count));
                }
            }
        }
    }
}
