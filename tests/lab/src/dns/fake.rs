//! A DNS server that lies, for what no real server would do on request.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Context, Host, PATIENCE, Result, wait_until};

/// How often the server looks whether it should end.
const TICK: Duration = Duration::from_millis(50);

/// What is wrong with every answer, which otherwise is what was asked for: an SOA record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing: to show that it is the lie that makes the difference.
    None,
    /// The id is another one.
    WrongId,
    /// The question is another one.
    WrongQuestion,
    /// There is no answer.
    Silence,
    /// There is no answer and, over QUIC, no end of the stream either.
    Hang,
    /// The answer is cut to nothing and marked truncated.
    Truncated,
    /// The answer ends within the header.
    HalfAHeader,
    /// The answer is good, and comes after [`LATE`].
    Late,
}

/// Longer than any check waits that is not told otherwise.
const LATE: Duration = Duration::from_millis(1500);

/// A lying server on a host, over UDP.
pub struct FakeDns {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FakeDns {
    /// Starts it on an address of the host.
    pub fn start(host: &Host, address: SocketAddr, lie: Lie) -> Result<Self> {
        // A child that another thread is just starting may still hold the socket of an earlier server.
        let socket = wait_until("a free address", PATIENCE, || {
            host.enter(|| UdpSocket::bind(address))?.context(address)
        })?;
        socket.set_read_timeout(Some(TICK))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&socket, lie, &stopped));
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for FakeDns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn serve(socket: &UdpSocket, lie: Lie, stopped: &AtomicBool) {
    let mut buffer = [0; 1500];
    while !stopped.load(Ordering::Relaxed) {
        let Ok((length, client)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let Some(answer) = answer(&buffer[..length], lie) else {
            continue;
        };
        let Ok(socket) = socket.try_clone() else {
            continue;
        };
        let send = move || {
            if lie == Lie::Late {
                std::thread::sleep(LATE);
            }
            let _client_gone = socket.send_to(&answer, client);
        };
        // Others are answered meanwhile, as by any server that is slow.
        std::thread::spawn(send);
    }
}

/// Where the question begins (RFC 1035, 4.1.1).
const HEADER: usize = 12;

/// An SOA record for the name in the question: a pointer to it, SOA, IN, 60 s, 22 bytes of data, which
/// are two root names and five numbers.
const RECORD: [u8; 34] = [
    0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0,
    60, 0, 0, 0, 60,
];

/// The question, turned into an answer that is good but for the lie.
pub(super) fn answer(question: &[u8], lie: Lie) -> Option<Vec<u8>> {
    let mut answer = without_additional(question)?;
    // Response, authoritative; no error; one question, one answer and nothing else.
    answer[2] |= 0x84;
    answer[4..HEADER].copy_from_slice(&[0, 1, 0, 1, 0, 0, 0, 0]);
    answer.extend(RECORD);
    match lie {
        Lie::None | Lie::Late => {}
        Lie::Silence | Lie::Hang => return None,
        Lie::WrongId => answer[0] ^= 0xff,
        // One letter of the first label; its length stays in front.
        Lie::WrongQuestion => answer[HEADER + 1] ^= 1,
        Lie::Truncated => truncate(&mut answer),
        Lie::HalfAHeader => answer.truncate(HEADER / 2),
    }
    Some(answer)
}

/// Header and question only: what a client adds behind (EDNS) is not for us.
fn without_additional(question: &[u8]) -> Option<Vec<u8>> {
    let name = question.get(HEADER..)?.iter().position(|&byte| byte == 0)? + 1;
    let type_and_class = 4;
    question
        .get(..HEADER + name + type_and_class)
        .map(<[u8]>::to_vec)
}

/// Marks the message truncated and takes the record away.
fn truncate(answer: &mut Vec<u8>) {
    answer[2] |= 0x02;
    answer[7] = 0;
    answer.truncate(answer.len() - RECORD.len());
}
