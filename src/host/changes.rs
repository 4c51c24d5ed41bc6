//! The kernel's own word that addresses of this network namespace came or went (rtnetlink(7)). Everybody may listen.

use std::io;

use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket as _, AsyncSocketExt as _, SocketAddr, TokioSocket};
use nix::errno::Errno;
use nix::libc::{RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR};

/// So many messages are one change, if they wait together.
const TOGETHER: usize = 1000;

/// The longest message that is read whole, in bytes. What it says does not matter.
const MESSAGE: usize = 4096;

/// Who is told when an address comes or goes; what has changed has to be looked up.
pub struct AddressChanges(TokioSocket);

impl AddressChanges {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        let groups = (RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR).cast_unsigned();
        socket.socket_mut().bind(&SocketAddr::new(0, groups))?;
        Ok(Self(socket))
    }

    /// Waits until something has changed since it was last asked. What was lost because too much came at once is a
    /// change like any other.
    pub async fn next(&mut self) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(MESSAGE);
        told(self.0.recv(&mut buffer).await)?;
        for _ in 0..TOGETHER {
            buffer.clear();
            match told(self.0.socket_ref().recv(&mut buffer, 0).map(drop)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                other => other?,
            }
        }
        Ok(())
    }
}

/// An overrun tells as much as any message.
fn told(received: io::Result<()>) -> io::Result<()> {
    received.or_else(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOBUFS) => Ok(()),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overrun_is_a_change_and_no_failure() {
        let error = |errno: Errno| Err(io::Error::from_raw_os_error(errno as i32));
        assert!(told(error(Errno::ENOBUFS)).is_ok());
        assert!(told(error(Errno::EBADF)).is_err());
    }
}
