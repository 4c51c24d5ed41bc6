//! Which of many sockets have something to read: the runtime waits for one descriptor, whatever their number.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::unix::AsyncFd;

/// So many sockets are looked at in one turn.
const TURN: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct News(Epoll);

impl News {
    /// For the runtime to wait for.
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for descriptors that others may close: this one is ours alone"
    )]
    pub(super) fn awaited() -> io::Result<AsyncFd<Self>> {
        AsyncFd::new(Self(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?))
    }

    /// Also for news of this one, by its number.
    pub(super) fn watch(&self, socket: &UdpSocket, number: u64) -> io::Result<()> {
        Ok(self
            .0
            .add(socket, EpollEvent::new(EpollFlags::EPOLLIN, number))?)
    }

    /// Their numbers; an error where there are none.
    pub(super) fn sockets(&self) -> io::Result<Vec<u64>> {
        let mut events = [EpollEvent::empty(); TURN];
        let count = self
            .0
            .wait(&mut events, EpollTimeout::ZERO)
            .unwrap_or_default();
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(events[..count].iter().map(EpollEvent::data).collect())
    }
}

impl AsRawFd for News {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}
