//! Sockets for questions of many checks to many servers: a socket for each check would cost more than its questions.
//!
//! Such a socket is not connected, so what the kernel does for one that is, is done here: an answer counts only if it
//! comes from the server that was asked, and a closed port is reported at once (`notices`). What the kernel cannot be
//! spared is that anybody may fill such a socket; so only checks that are well share one, and only where one failure does
//! not decide: whatever goes wrong is looked at again over a socket of its own.
//!
//! A socket has another port than the one before. A server of several processes that share an address is told by the
//! port which of them is to answer: so a socket is used for a few questions only.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
use tokio::task::yield_now;

use super::news::News;
use super::notices::{self, Notice};
use super::udp::{BUFFER, MAX_IGNORED};
use crate::dns::{Failure, Query, Rejected, Reply};

/// So many questions go over one socket, all in all. Their answers fit into the kernel's buffer together: 208 KiB,
/// unless the host says otherwise (`net.core.rmem_default`), of which an answer of [`LONGEST_ANSWER`] takes 2.25.
const QUESTIONS: usize = 64;

/// Who offers to take longer answers, in octets, needs a socket of its own. No datagram within it is ever fragmented
/// (RFC 9715, 3.1).
pub(super) const LONGEST_ANSWER: u16 = 1232;

/// See the module. Each question belongs to somebody, who is known by a `K`.
#[derive(Debug)]
pub(crate) struct SharedSockets<K> {
    /// Which sockets have news; `None` before the first one.
    news: Option<AsyncFd<News>>,
    /// Those that are asking, and those that have questions open.
    sockets: BTreeMap<u64, Shared<K>>,
    /// The one that asks, of IPv4 and of IPv6.
    asking: [Option<u64>; 2],
    /// The number of the last one.
    last: u64,
    /// What has come and was not handed out.
    arrived: VecDeque<Arrival<K>>,
    /// Room for the questions of the next socket.
    spare: Vec<Asked<K>>,
    /// What was asked and not sent yet.
    unsent: Vec<Place>,
}

/// What came for a question.
#[derive(Debug)]
pub(crate) struct Arrival<K> {
    /// Who asked.
    pub(crate) by: K,
    /// How long it took, from the question sent to the answer read.
    pub(crate) taken: Duration,
    /// The question.
    pub(crate) query: Query,
    /// The answer, or why there will be none.
    pub(crate) result: Result<Reply, Failure>,
}

/// Where a question was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    socket: u64,
    question: usize,
}

/// One socket.
#[derive(Debug)]
struct Shared<K> {
    socket: UdpSocket,
    /// All questions that it ever asked.
    asked: Vec<Asked<K>>,
}

#[derive(Debug)]
struct Asked<K> {
    by: K,
    server: SocketAddr,
    id: u16,
    sent: Instant,
    /// Gone once nobody waits for its answer any more.
    query: Option<Query>,
    /// Datagrams of its server that answer nothing.
    ignored: u32,
}

impl<K> Default for SharedSockets<K> {
    fn default() -> Self {
        Self {
            news: None,
            sockets: BTreeMap::new(),
            asking: [None; 2],
            last: 0,
            arrived: VecDeque::new(),
            spare: Vec::new(),
            unsent: Vec::new(),
        }
    }
}

impl<K: Copy> SharedSockets<K> {
    /// Asks for `by`, when all that is asked [is sent](Self::send). `None` where that cannot be done here.
    pub(crate) fn ask(&mut self, by: K, server: SocketAddr, query: Query) -> Option<Place> {
        let socket = self.socket_for(server)?;
        let shared = self.sockets.get_mut(&socket)?;
        let id = query.id();
        let is_taken = |asked: &Asked<K>| asked.id == id && same(asked.server, server);
        if shared.asked.iter().any(is_taken) {
            return None;
        }
        let question = shared.asked.len();
        shared.asked.push(Asked {
            by,
            server,
            id,
            sent: Instant::now(),
            query: Some(query),
            ignored: 0,
        });
        let place = Place { socket, question };
        self.unsent.push(place);
        Some(place)
    }

    /// Sends what was asked, all of it in one go: the kernel's way of a datagram stays in the processor's cache. Those
    /// come back that could not be sent; why, a socket of their own will tell.
    pub(crate) fn send(&mut self) -> Vec<K> {
        let mut failed = Vec::new();
        for Place { socket, question } in self.unsent.drain(..) {
            let Some(shared) = self.sockets.get_mut(&socket) else {
                continue;
            };
            if !shared.send(question, &mut self.arrived)
                && let Some(asked) = shared.asked.get_mut(question)
                && asked.query.take().is_some()
            {
                failed.push(asked.by);
            }
        }
        failed
    }

    /// Waits until something has arrived. Nothing is lost where nobody waits to the end. Others have their turn while
    /// datagrams come that answer nothing.
    pub(crate) async fn wait(&mut self) {
        while self.arrived.is_empty() {
            let Some(news) = &self.news else {
                return pending().await;
            };
            let Ok(mut ready) = news.readable().await else {
                return pending().await;
            };
            if let Ok(Ok(sockets)) = ready.try_io(|news| news.get_ref().sockets()) {
                self.take_in(&sockets);
                if self.arrived.is_empty() {
                    yield_now().await;
                }
            }
        }
    }

    /// Takes in what has arrived by now where this was asked.
    pub(crate) fn look(&mut self, place: Place) {
        self.take_in(&[place.socket]);
    }

    /// What has arrived and was taken in, one after the other.
    pub(crate) fn arrival(&mut self) -> Option<Arrival<K>> {
        self.arrived.pop_front()
    }

    /// Nobody waits for this answer any more. The question, and how many datagrams of its server answered nothing.
    pub(crate) fn give_up(&mut self, place: Place) -> Option<(Query, u32)> {
        let asked = self
            .sockets
            .get_mut(&place.socket)?
            .asked
            .get_mut(place.question)?;
        let given_up = asked.query.take().map(|query| (query, asked.ignored));
        self.close_if_done(place.socket);
        given_up
    }

    /// How many sockets are open.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// The socket that asks, or the next one, if there can be one.
    fn socket_for(&mut self, server: SocketAddr) -> Option<u64> {
        let family = usize::from(server.is_ipv6());
        let current = self.asking[family];
        let has_room = |number: &u64| {
            let shared = self.sockets.get(number);
            shared.is_some_and(|shared| shared.asked.len() < QUESTIONS)
        };
        if let Some(number) = current.filter(has_room) {
            return Some(number);
        }
        let Ok(shared) = self.open(server) else {
            return current.filter(|number| self.begin_anew(*number));
        };
        self.last += 1;
        self.sockets.insert(self.last, shared);
        self.asking[family] = Some(self.last);
        if let Some(former) = current {
            self.close_if_done(former);
        }
        Some(self.last)
    }

    /// Where no descriptors are left, probing goes on over what there is, once nobody waits there.
    fn begin_anew(&mut self, number: u64) -> bool {
        let shared = self.sockets.get_mut(&number);
        let shared = shared.filter(|shared| shared.is_done());
        shared.map(|shared| shared.asked.clear()).is_some()
    }

    fn open(&mut self, server: SocketAddr) -> io::Result<Shared<K>> {
        let anywhere: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(anywhere)?;
        socket.set_nonblocking(true)?;
        notices::keep(&socket, server)?;
        let news = match &self.news {
            Some(news) => news,
            None => self.news.insert(News::awaited()?),
        };
        news.get_ref().watch(&socket, self.last + 1)?;
        Ok(Shared {
            socket,
            asked: mem::take(&mut self.spare),
        })
    }

    fn take_in(&mut self, sockets: &[u64]) {
        for number in sockets {
            if let Some(shared) = self.sockets.get_mut(number) {
                shared.take_notices(&mut self.arrived);
                shared.take_datagrams(&mut self.arrived);
                self.close_if_done(*number);
            }
        }
    }

    /// One that asks no more is closed after the last answer that is waited for.
    fn close_if_done(&mut self, number: u64) {
        let is_former = !self.asking.contains(&Some(number));
        if is_former && self.sockets.get(&number).is_some_and(Shared::is_done) {
            let closed = self.sockets.remove(&number);
            self.spare = closed.map(|shared| shared.asked).unwrap_or_default();
            self.spare.clear();
        }
    }
}

impl<K: Copy> Shared<K> {
    /// Nobody waits for an answer to it.
    fn is_done(&self) -> bool {
        self.asked.iter().all(|asked| asked.query.is_none())
    }

    /// Sends a question. A refusal of another one may stand in the way.
    fn send(&mut self, question: usize, arrived: &mut VecDeque<Arrival<K>>) -> bool {
        for _ in 0..2 {
            let Some(asked) = self.asked.get_mut(question) else {
                return false;
            };
            let Some(query) = &asked.query else {
                return true;
            };
            asked.sent = Instant::now();
            if self.socket.send_to(query.as_bytes(), asked.server).is_ok() {
                return true;
            }
            self.take_notices(arrived);
        }
        false
    }

    fn take_notices(&mut self, arrived: &mut VecDeque<Arrival<K>>) {
        for notice in notices::take(&self.socket, QUESTIONS) {
            let Notice {
                server,
                id,
                failure,
            } = notice;
            let is_about = |asked: &&mut Asked<K>| {
                same(asked.server, server) && id.is_none_or(|id| asked.id == id)
            };
            for asked in self.asked.iter_mut().filter(is_about) {
                asked.end(Err(failure.clone()), arrived);
            }
        }
    }

    fn take_datagrams(&mut self, arrived: &mut VecDeque<Arrival<K>>) {
        BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..QUESTIONS {
                match self.socket.recv_from(buffer) {
                    Ok((length, from)) => self.on_datagram(&buffer[..length], from, arrived),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                    // Of another datagram: its notice has come, or comes.
                    Err(_) => {}
                }
            }
        });
    }

    fn on_datagram(&mut self, bytes: &[u8], from: SocketAddr, arrived: &mut VecDeque<Arrival<K>>) {
        let id = bytes.first_chunk().copied().map(u16::from_be_bytes);
        let is_answered = |asked: &&mut Asked<K>| same(asked.server, from) && Some(asked.id) == id;
        if let Some(asked) = self.asked.iter_mut().find(is_answered) {
            // Once more, or too late.
            let Some(query) = &asked.query else {
                return;
            };
            match Reply::parse(bytes, query) {
                Ok(reply) => return asked.end(Ok(reply), arrived),
                Err(Rejected::Malformed(part)) => {
                    return asked.end(Err(Failure::Malformed(part)), arrived);
                }
                Err(Rejected::Foreign) => {}
            }
        }
        for asked in self
            .asked
            .iter_mut()
            .filter(|asked| same(asked.server, from))
        {
            asked.ignored += 1;
            if asked.ignored >= MAX_IGNORED {
                asked.end(Err(Failure::Flooded(asked.ignored)), arrived);
            }
        }
    }
}

impl<K: Copy> Asked<K> {
    fn end(&mut self, result: Result<Reply, Failure>, arrived: &mut VecDeque<Arrival<K>>) {
        if let Some(query) = self.query.take() {
            arrived.push_back(Arrival {
                by: self.by,
                taken: self.sent.elapsed(),
                query,
                result,
            });
        }
    }
}

/// Whether both are the same server: the scope of an address is not ours to compare.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip() == other.ip() && one.port() == other.port()
}
