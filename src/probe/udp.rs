//! One datagram out, one answer in.
//!
//! The socket is connected: the kernel then drops what comes from any other address or port, and reports a
//! closed port (ICMP) as ECONNREFUSED at once instead of leaving it to the timeout. The question is never
//! sent twice: a server that loses packets should look like one.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::errno::{Step, failure};
use crate::config::Origin;
use crate::dns::{Failure, Query, Rejected, Reply};

/// Datagrams for another question that are read at most: a flood costs no more than that.
pub(super) const MAX_IGNORED: u32 = 256;

/// No datagram is longer, whatever size was offered (RFC 6891, 6.2.3).
const MAX_LENGTH: usize = 65_535;

/// A datagram, or the refusal of ours.
const ANYTHING: Interest = Interest::READABLE.add(Interest::ERROR);

thread_local! {
    /// Where datagrams are received, one at a time.
    pub(super) static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; MAX_LENGTH]);
}

/// Asks once. Counts in `ignored` what came but answered another question.
pub(super) async fn exchange(
    server: SocketAddr,
    origin: &Origin,
    query: &Query,
    ignored: &AtomicU32,
) -> Result<Reply, Failure> {
    let socket = origin.udp(server).await?;
    sent(&socket, query)
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    answer(&socket, query, ignored).await
}

/// Sends without asking first whether there is room: there nearly always is, and the runtime does not know that of a new
/// socket before it has looked.
async fn sent(socket: &UdpSocket, query: &Query) -> io::Result<()> {
    match send(socket.as_raw_fd(), query.as_bytes(), MsgFlags::empty()) {
        Err(Errno::EAGAIN) => socket.send(query.as_bytes()).await.map(drop),
        result => Ok(result.map(drop)?),
    }
}

async fn answer(socket: &UdpSocket, query: &Query, ignored: &AtomicU32) -> Result<Reply, Failure> {
    loop {
        let received = socket.async_io(ANYTHING, || received(socket, query)).await;
        match received {
            Err(error) => return Err(failure(Step::Transfer, &error)),
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(Rejected::Malformed(part))) => return Err(Failure::Malformed(part)),
            Ok(Err(Rejected::Foreign)) => {
                let count = ignored.fetch_add(1, Ordering::Relaxed) + 1;
                if count >= MAX_IGNORED {
                    return Err(Failure::Flooded(count));
                }
            }
        }
    }
}

/// What one datagram says, if there is one.
fn received(socket: &UdpSocket, query: &Query) -> io::Result<Result<Reply, Rejected>> {
    BUFFER.with_borrow_mut(|buffer| {
        let length = recv(socket.as_raw_fd(), buffer, MsgFlags::empty())?;
        Ok(Reply::parse(&buffer[..length], query))
    })
}
