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
use super::idle::Idle;
use crate::config::Origin;
use crate::dns::{Failure, Query, Rcode, Rejected, Reply};

/// Datagrams for another question that are read at most: a flood costs no more than that.
const MAX_IGNORED: u32 = 256;

/// No datagram is longer, whatever size was offered (RFC 6891, 6.2.3).
const MAX_LENGTH: usize = 65_535;

/// A datagram, or the refusal of ours.
const ANYTHING: Interest = Interest::READABLE.add(Interest::ERROR);

thread_local! {
    /// Where datagrams are received, one at a time.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; MAX_LENGTH]);
}

/// Asks once. Counts in `ignored` what came but answered another question. Takes the socket that is idle, if there is
/// one, and leaves its own where it is of use to the next.
pub(super) async fn exchange(
    idle: Option<&Idle>,
    server: SocketAddr,
    origin: &Origin,
    query: &Query,
    ignored: &AtomicU32,
) -> Result<Reply, Failure> {
    let socket = asked(idle.and_then(Idle::take), server, origin, query).await?;
    let reply = answer(&socket, query, ignored).await?;
    expect_nothing(&socket);
    // That the name does not exist is as good an answer as any.
    let is_good = matches!(reply.rcode, Rcode::NO_ERROR | Rcode::NX_DOMAIN);
    if let Some(idle) = idle.filter(|_| is_good) {
        idle.keep(socket);
    }
    Ok(reply)
}

/// A socket over which the question was sent.
async fn asked(
    idle: Option<UdpSocket>,
    server: SocketAddr,
    origin: &Origin,
    query: &Query,
) -> Result<UdpSocket, Failure> {
    // Where it cannot send any more, the address that it was connected from is gone: nothing was sent.
    if let Some(socket) = idle
        && sent(&socket, query).await.is_ok()
    {
        return Ok(socket);
    }
    let socket = origin.udp(server).await?;
    sent(&socket, query)
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    Ok(socket)
}

/// Sends without asking first whether there is room: there nearly always is, and the runtime does not know that of a new
/// socket before it has looked.
async fn sent(socket: &UdpSocket, query: &Query) -> io::Result<()> {
    match send(socket.as_raw_fd(), query.as_bytes(), MsgFlags::empty()) {
        Err(Errno::EAGAIN) => socket.send(query.as_bytes()).await.map(drop),
        result => Ok(result.map(drop)?),
    }
}

/// Has the runtime wait for news of the socket, rather than look for an answer as soon as something is asked.
fn expect_nothing(socket: &UdpSocket) {
    let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
    let _would_block = socket.try_io(Interest::READABLE, nothing);
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
