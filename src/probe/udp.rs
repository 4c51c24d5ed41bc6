//! One datagram out, one answer in.
//!
//! The socket is connected: the kernel then drops what comes from any other address or port, and reports a
//! closed port (ICMP) as ECONNREFUSED at once instead of leaving it to the timeout. The question is never
//! sent twice: a server that loses packets should look like one.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::UdpSocket;

use super::errno::{Step, failure};
use crate::config::Origin;
use crate::dns::{Failure, Query, Rejected, Reply};

/// Datagrams for another question that are read at most: a flood costs no more than that.
const MAX_IGNORED: u32 = 256;

/// No datagram is longer, whatever size was offered (RFC 6891, 6.2.3). What is not written to costs no memory.
const MAX_LENGTH: usize = 65_535;

/// Asks once. Counts in `ignored` what came but answered another question.
pub(super) async fn exchange(
    server: SocketAddr,
    origin: &Origin,
    query: &Query,
    ignored: &AtomicU32,
) -> Result<Reply, Failure> {
    let socket = origin.udp(server).await?;
    socket
        .send(query.as_bytes())
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    answer(&socket, query, ignored).await
}

async fn answer(socket: &UdpSocket, query: &Query, ignored: &AtomicU32) -> Result<Reply, Failure> {
    let mut buffer = Vec::with_capacity(MAX_LENGTH);
    loop {
        buffer.clear();
        socket
            .recv_buf(&mut buffer)
            .await
            .map_err(|error| failure(Step::Transfer, &error))?;
        match Reply::parse(&buffer, query) {
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
