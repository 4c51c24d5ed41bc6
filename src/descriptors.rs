//! What this process keeps for the moment when it has no file descriptors left.
//!
//! A withdraw needs a new connection to BIRD, and must not fail because something else has used up every descriptor.
//! So there are sockets for that from the start. They are sockets and no mere placeholders: nobody can take a number
//! that never becomes free.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many connections can be made where there is no descriptor left: others wait for one of these, which takes
/// milliseconds where BIRD answers.
const SPARE: usize = 8;

/// Whether an error says that this process, or the whole host, has no descriptors left.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE))
}

/// Whether there are none left, now.
#[must_use]
pub fn are_short() -> bool {
    unix_socket().is_err_and(|error| is_shortage(&error))
}

/// Lets this process have so many open, as far as the system lets it: a service may begin with 1,024 of the 524,288
/// that systemd allows. Returns how many it may have now; nobody's limit is lowered.
#[must_use]
pub fn provide(wanted: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    let raised = soft.max(hard.min(wanted));
    match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
        Ok(()) => raised,
        Err(_) => soft,
    }
}

/// How many this process may have; `None` if nobody knows.
#[must_use]
pub fn limit() -> Option<usize> {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    usize::try_from(soft).ok()
}

fn unix_socket() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    Ok(socket(AddressFamily::Unix, SockType::Stream, flags, None)?)
}

/// Sockets for streams on this host, not connected to anybody.
#[derive(Debug)]
pub struct Spares {
    sockets: Mutex<Vec<OwnedFd>>,
    turns: Arc<Semaphore>,
}

/// The right to use a spare socket. When this ends, another one takes its place: the socket has to be closed before.
#[derive(Debug)]
pub struct Loan {
    home: Arc<Spares>,
    _turn: OwnedSemaphorePermit,
}

impl Spares {
    /// As many as there should be, or as there can be.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let spares = Arc::new(Self {
            sockets: Mutex::default(),
            turns: Arc::new(Semaphore::new(SPARE)),
        });
        spares.refill();
        spares
    }

    /// Takes back what was lent, as far as the system has any again.
    pub fn refill(&self) {
        let lent = SPARE - self.turns.available_permits();
        let mut sockets = self.lock();
        while sockets.len() + lent < SPARE {
            match unix_socket() {
                Ok(socket) => sockets.push(socket),
                // The next look at the clock tries again.
                Err(_) => return,
            }
        }
    }

    /// Lends a socket, as soon as there is one; none if those that were lent could not be replaced.
    pub async fn lend(self: &Arc<Self>) -> Option<(OwnedFd, Loan)> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let socket = self.lock().pop()?;
        let loan = Loan {
            home: Arc::clone(self),
            _turn: turn,
        };
        Some((socket, loan))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<OwnedFd>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Before anybody else on this thread can have the number. The turn itself ends after this.
        if let Ok(socket) = unix_socket() {
            self.home.lock().push(socket);
        }
    }
}

/// So many are held to be given up. Somebody else may be faster than whoever they are given up for, and keep one.
const PLACEHOLDERS: usize = 4;

/// Descriptors that can be given up for others.
#[derive(Debug)]
pub struct Placeholders(Vec<File>);

impl Placeholders {
    /// As many as there should be, or as there can be.
    #[must_use]
    pub fn hold() -> Self {
        let mut placeholders = Self(Vec::new());
        placeholders.take_back();
        placeholders
    }

    /// Whether there is nothing to give up.
    #[must_use]
    pub fn are_gone(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes room for one descriptor. False if there is nothing to give up.
    pub fn give_up(&mut self) -> bool {
        self.0.pop().is_some()
    }

    /// Holds as many as there should be, or as there can be. True if none is missing.
    pub fn take_back(&mut self) -> bool {
        while self.0.len() < PLACEHOLDERS {
            match File::open("/dev/null") {
                Ok(file) => self.0.push(file),
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shortage_is_one() {
        for (errno, wanted) in [
            (Errno::EMFILE, true),
            (Errno::ENFILE, true),
            (Errno::ENOENT, false),
            (Errno::EAGAIN, false),
        ] {
            let error = io::Error::from_raw_os_error(errno as i32);
            assert_eq!(is_shortage(&error), wanted, "{errno}");
        }
        assert!(!is_shortage(&io::Error::other("no number")));
    }

    #[test]
    fn what_the_system_allows_is_provided_and_no_more() {
        let limits = || getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let (soft, hard) = limits();
        assert_eq!(provide(soft), soft);
        assert_eq!(limits(), (soft, hard));
        let more = hard.min(soft + 1);
        assert_eq!(provide(more), more);
        assert_eq!(limits(), (more, hard));
        assert_eq!(provide(soft), more, "nothing is taken back");
        assert_eq!(limits(), (more, hard));
    }

    #[tokio::test]
    async fn what_is_lent_comes_back_and_more_is_not_lent() {
        let spares = Spares::new();
        let mut lent = Vec::new();
        for _ in 0..SPARE {
            lent.push(spares.lend().await.unwrap());
        }
        let waiting = tokio::spawn({
            let spares = Arc::clone(&spares);
            async move { spares.lend().await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        spares.refill();
        assert!(spares.lock().is_empty(), "they are lent");
        drop(lent.pop());
        assert!(waiting.await.unwrap());
        drop(lent);
        assert_eq!(spares.lock().len(), SPARE);
    }

    #[tokio::test]
    async fn what_could_not_be_replaced_is_taken_back_later() {
        let spares = Spares::new();
        spares.lock().clear();
        assert!(spares.lend().await.is_none());
        spares.refill();
        assert_eq!(spares.lock().len(), SPARE);
    }

    #[test]
    fn each_placeholder_is_given_up_once() {
        let mut placeholders = Placeholders::hold();
        for _ in 0..2 {
            for _ in 0..PLACEHOLDERS {
                assert!(!placeholders.are_gone());
                assert!(placeholders.give_up());
            }
            assert!(placeholders.are_gone());
            assert!(!placeholders.give_up());
            assert!(placeholders.take_back());
            assert!(placeholders.take_back());
        }
    }
}
