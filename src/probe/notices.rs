//! What the network has to say of datagrams that a socket sent: a closed port, no way to the host.
//!
//! A socket that is connected to one server is told so by an error of its next call, where the error is final. One that
//! asks many servers has to ask for it (`IP_RECVERR`, ip(7)): it is told which datagram it is about, and also of errors
//! that may pass, such as a router that finds no host. That datagram is lost in any case.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{sock_extended_err, sockaddr_in6};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmsg, setsockopt, sockopt,
};

use super::errno::{Step, failure};
use crate::dns::Failure;

/// What one datagram of ours came to.
#[derive(Debug)]
pub(super) struct Notice {
    /// To whom it was sent.
    pub(super) server: SocketAddr,
    /// The id of the question in it, where so much of it came back.
    pub(super) id: Option<u16>,
    /// What that means.
    pub(super) failure: Failure,
}

/// Has the kernel keep notices for this socket, which serves the family of `server`.
pub(super) fn keep(socket: &UdpSocket, server: SocketAddr) -> io::Result<()> {
    match server {
        SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// The notices that have come, and at most so many.
pub(super) fn take(socket: &UdpSocket, most: usize) -> Vec<Notice> {
    let mut notices = Vec::new();
    for _ in 0..most {
        let mut id = [0; 2];
        let mut quoted = [IoSliceMut::new(&mut id)];
        let mut space = cmsg_space!(sock_extended_err, sockaddr_in6);
        // Never waits, and fails where there is nothing more.
        let flags = MsgFlags::MSG_ERRQUEUE;
        let Ok(message) = recvmsg(socket.as_raw_fd(), &mut quoted, Some(&mut space), flags) else {
            break;
        };
        let (bytes, about) = (message.bytes, about(&message));
        notices.extend(about.map(|(server, failure)| Notice {
            server,
            id: (bytes == id.len()).then(|| u16::from_be_bytes(id)),
            failure,
        }));
    }
    notices
}

/// To whom the datagram was sent, and what became of it.
fn about(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<(SocketAddr, Failure)> {
    let address = message.address.as_ref()?;
    let v4 = address.as_sockaddr_in().copied();
    let v4 = v4.map(|address| SocketAddrV4::from(address).into());
    let v6 = address.as_sockaddr_in6().copied();
    let server = v4.or_else(|| v6.map(|address| SocketAddrV6::from(address).into()))?;
    let error = message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
            Some(error.ee_errno)
        }
        _ => None,
    })?;
    let error = Errno::from_raw(i32::try_from(error).ok()?);
    Some((server, failure(Step::Transfer, &error.into())))
}
