//! The daemon's control socket: one request a connection, one line of JSON each way.
//!
//! The daemon answers from its snapshot; whoever asks too slowly or too much is dropped.

mod crowd;
mod place;

use std::convert::Infallible;
use std::fs::{self, TryLockError};
use std::future::Future;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use crate::descriptors::{Placeholders, is_shortage};
use crate::history::{History, Selection};
use crate::operators::Peer;
use crate::overrides;
use crate::reload;
use crate::status::Snapshot;
use crowd::Crowd;
use place::{Place, send_away};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The snapshot.
    Status,
    /// Give or end orders: for root, the daemon's own user and the members of `daemon.operator_group`.
    Order(overrides::Request),
    /// What happened.
    History(Selection),
    /// The metrics.
    Metrics,
    /// Read the configuration anew: for those who may give orders.
    Reload,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The snapshot.
    Status(Box<Snapshot>),
    /// What came of a request for orders.
    Order(overrides::Report),
    /// Why whoever asks may not, and what to do.
    Denied(String),
    /// Why the request makes no sense; nothing was done.
    Invalid(String),
    /// What happened.
    History(Box<History>),
    /// The metrics, as OpenMetrics.
    Metrics(String),
    /// The new configuration is in force.
    Reloaded(Box<reload::Report>),
    /// The old one still is, because of this.
    ReloadRefused(reload::Refusal),
    /// Why there is no answer.
    Error(String),
}

/// The longest request, in bytes.
const MAX_REQUEST: u64 = 64 * 1024;

/// The longest answer, in bytes: about 50 times that of 1,000 services.
const MAX_RESPONSE: u64 = 64 * 1024 * 1024;

/// How long either side waits for the other.
const DEADLINE: Duration = Duration::from_secs(5);

/// So many connections are served at a time; the next ones wait.
const MAX_CLIENTS: usize = 128;

/// So many of them are root's, whatever others do.
const PLACES_OF_ROOT: usize = 32;

/// How long the descriptor that was given up may wait for a client, and between two attempts to take it back.
const TAKE_BACK: Duration = Duration::from_millis(50);

/// Mode of the socket: the daemon's user and group may ask.
const MODE: u32 = 0o660;

/// Why the socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another daemon has it.
    #[error(
        "another anycastctl is running with the control socket {0}. Stop it first, two would work against each other"
    )]
    InUse(PathBuf),
    /// The socket cannot be made.
    #[error("cannot open the control socket {path}: {source}")]
    Open {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody answers.
    #[error("the daemon does not answer at {path}: {reason}")]
    NoDaemon {
        /// The socket.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The system lets nobody through who is not of the daemon's group.
    #[error(
        "the control socket {0} may not be opened: run this as root, or join the group that owns it (`daemon.operator_group`)"
    )]
    Closed(PathBuf),
    /// The daemon said no.
    #[error("the daemon refused: {0}")]
    Refused(String),
    /// The daemon takes no such request.
    #[error("the daemon takes no such request: {0}")]
    Invalid(String),
    /// It answered what nobody asked.
    #[error(
        "the daemon answered something else than it was asked: is it of another release? Restart it"
    )]
    Mismatch,
}

/// The open socket.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    /// Held from the start, when there are descriptors.
    placeholders: Placeholders,
    /// Held for as long as the socket is; the kernel lets go of it however this process ends.
    _lock: fs::File,
}

/// Opens the socket, in place of one that a crash left behind.
///
/// Whether another daemon runs is told by a lock: a socket may have been removed, or be too busy to answer.
pub fn listen(path: &Path) -> Result<Listener, Error> {
    let failed = |source| Error::Open {
        path: path.to_owned(),
        source,
    };
    let lock = lock_file(path).map_err(failed)?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(Error::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
        Ok(()) => {}
    }
    let socket = bind(path).map_err(failed)?;
    Ok(Listener {
        socket,
        placeholders: Placeholders::hold(),
        _lock: lock,
    })
}

/// Keeps daemons away for as long as it lives.
#[derive(Debug)]
pub struct Excluded {
    lock: Option<fs::File>,
}

impl Excluded {
    /// Whether a daemon has ever run with this control socket, as far as can be seen.
    #[must_use]
    pub fn knows_a_daemon(&self) -> bool {
        self.lock.is_some()
    }
}

/// Makes sure that no daemon runs, and that none starts meanwhile.
///
/// Nothing is created: what root made, the daemon's user could not open. Without a lock file no daemon has run here
/// since the directory was made.
pub fn exclude_daemon(path: &Path) -> Result<Excluded, Error> {
    let failed = |source| Error::Open {
        path: path.to_owned(),
        source,
    };
    let lock = match fs::File::options().write(true).open(lock_path(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Excluded { lock: None });
        }
        lock => lock.map_err(failed)?,
    };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Ok(()) => Ok(Excluded { lock: Some(lock) }),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

fn lock_file(path: &Path) -> io::Result<fs::File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(lock_path(path))
}

/// Under another name first, so that nobody finds it with other permissions than it shall have.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&partial)?;
    fs::set_permissions(&partial, fs::Permissions::from_mode(MODE))?;
    fs::rename(&partial, path)?;
    Ok(listener)
}

/// Serves for ever. Requests that cannot be read are answered with an error. Where no descriptors are left, one client
/// after the other gets one that is kept for that: whoever looks for the reason should be answered.
pub async fn serve<F, A>(mut listener: Listener, answer: F) -> Infallible
where
    F: Fn(Request, Option<Peer>) -> A + Clone + Send + 'static,
    A: Future<Output = Response> + Send,
{
    let mut clients = JoinSet::new();
    let crowd = Arc::new(Mutex::new(Crowd::new(MAX_CLIENTS - PLACES_OF_ROOT)));
    let mut told = false;
    loop {
        let is_whole = listener.placeholders.take_back();
        let is_short = listener.placeholders.are_gone();
        let most = if is_short { 1 } else { MAX_CLIENTS };
        tokio::select! {
            accepted = accept(&listener.socket, &mut listener.placeholders), if clients.len() < most => match accepted {
                Ok(stream) => {
                    told &= is_short;
                    let place = match Place::take(&crowd, &stream) {
                        Ok(place) => place,
                        Err(refusal) => {
                            send_away(&stream, refusal);
                            continue;
                        }
                    };
                    let answer = answer.clone();
                    clients.spawn(async move {
                        // A client that goes away, or never sends, is its own concern.
                        let _ = timeout(DEADLINE, serve_one(stream, &place, answer)).await;
                    });
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%error, "cannot accept on the control socket");
                    }
                    // Serve nobody for a moment, and never end the daemon.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
            Some(_) = clients.join_next() => {}
            // Somebody else may have been faster, and be done soon: a check that asks for a moment, and again and again.
            () = tokio::time::sleep(TAKE_BACK), if !is_whole => {}
        }
    }
}

/// Where no descriptors are left, a placeholder makes room for one, and nobody else on this thread is asked in between.
async fn accept(socket: &UnixListener, placeholders: &mut Placeholders) -> io::Result<UnixStream> {
    let accepted = match socket.accept().await {
        Err(error) if is_shortage(&error) && placeholders.give_up() => {
            // The kernel looks for a descriptor before it looks whether anybody is there.
            timeout(TAKE_BACK, socket.accept())
                .await
                .unwrap_or(Err(error))
        }
        accepted => accepted,
    };
    accepted.map(|(stream, _)| stream)
}

async fn serve_one<F, A>(stream: UnixStream, place: &Place, answer: F) -> io::Result<()>
where
    F: Fn(Request, Option<Peer>) -> A,
    A: Future<Output = Response>,
{
    let peer = Peer::of(&stream);
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let mut request = (&mut stream).take(MAX_REQUEST);
    request.read_until(b'\n', &mut line).await?;
    let response = match serde_json::from_slice(&line) {
        Ok(request) => match place.may(&request) {
            Ok(()) => answer(request, peer).await,
            Err(refusal) => Response::Error(refusal.to_string()),
        },
        Err(error) => Response::Error(format!("the request cannot be read: {error}")),
    };
    let mut text = encode(response).await?;
    text.push(b'\n');
    stream.get_mut().write_all(&text).await
}

/// As JSON. What takes long is not done by the runtime's own thread.
async fn encode(response: Response) -> io::Result<Vec<u8>> {
    match response {
        Response::History(_) => {
            let work = move || serde_json::to_vec(&response);
            Ok(spawn_blocking(work).await.map_err(io::Error::other)??)
        }
        Response::Status(_)
        | Response::Metrics(_)
        | Response::Order(_)
        | Response::Denied(_)
        | Response::Invalid(_)
        | Response::Reloaded(_)
        | Response::ReloadRefused(_)
        | Response::Error(_) => Ok(serde_json::to_vec(&response)?),
    }
}

/// Asks the daemon.
pub async fn ask(path: &Path, request: Request) -> Result<Response, Error> {
    let no_daemon = |reason: String| Error::NoDaemon {
        path: path.to_owned(),
        reason,
    };
    match timeout(DEADLINE, exchange(path, request)).await {
        Err(_) => Err(no_daemon(format!(
            "no answer within {} s",
            DEADLINE.as_secs()
        ))),
        Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Error::Closed(path.to_owned()))
        }
        Ok(Err(error)) => Err(no_daemon(explain(&error))),
        Ok(Ok(Response::Error(error) | Response::Denied(error))) => Err(Error::Refused(error)),
        Ok(Ok(Response::Invalid(error))) => Err(Error::Invalid(error)),
        Ok(Ok(response)) => Ok(response),
    }
}

async fn exchange(path: &Path, request: Request) -> io::Result<Response> {
    let mut stream = UnixStream::connect(path).await?;
    let mut text = serde_json::to_vec(&request)?;
    text.push(b'\n');
    // Whoever is sent away finds the reason all the same.
    let sent = stream.write_all(&text).await;
    let mut answer = Vec::new();
    let read = stream.take(MAX_RESPONSE).read_to_end(&mut answer).await;
    if !answer.ends_with(b"\n") {
        sent.and(read)?;
    }
    Ok(serde_json::from_slice(&answer)?)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such socket; is `anycastctl run` (anycastctl.service) running?".to_owned()
        }
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there; `anycastctl run` has ended or crashed".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn no(_: Request, _: Option<Peer>) -> Response {
        Response::Error("no".to_owned())
    }

    fn served() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run/control.sock");
        let listener = listen(&path).unwrap();
        tokio::spawn(serve(listener, no));
        (directory, path)
    }

    #[tokio::test]
    async fn a_request_gets_its_answer_and_the_socket_its_mode() {
        let (_keep, path) = served();
        let error = ask(&path, Request::Status).await.unwrap_err();
        assert_eq!(error.to_string(), "the daemon refused: no");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            MODE
        );
    }

    #[tokio::test]
    async fn a_second_daemon_is_refused_and_a_stale_socket_replaced() {
        let (_keep, path) = served();
        assert!(matches!(listen(&path), Err(Error::InUse(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(listen(&path), Err(Error::InUse(_))));
        assert!(matches!(exclude_daemon(&path), Err(Error::InUse(_))));
        let directory = tempfile::tempdir().unwrap();
        let stale = directory.path().join("control.sock");
        drop(listen(&stale).unwrap());
        let excluded = exclude_daemon(&stale).unwrap();
        assert!(excluded.knows_a_daemon());
        assert!(matches!(listen(&stale), Err(Error::InUse(_))));
        drop(excluded);
        assert!(listen(&stale).is_ok());
        let nowhere = directory.path().join("nowhere/control.sock");
        assert!(!exclude_daemon(&nowhere).unwrap().knows_a_daemon());
        assert!(!directory.path().join("nowhere").exists());
    }

    #[tokio::test]
    async fn nonsense_is_answered_with_an_error() {
        let (_keep, path) = served();
        for nonsense in [
            &b"\n"[..],
            b"{}\n",
            b"\"reboot\"\n",
            b"{\"order\": {\"whom\": \"all\", \"action\": \"reboot\", \"reason\": null}}\n",
            b"\x01\n",
            b"\xff\xfe\n",
        ] {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            stream.write_all(nonsense).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with("{\"error\":\"the request cannot be read"),
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn without_a_daemon_the_error_says_what_to_do() {
        let error = ask(Path::new("/nonexistent/control.sock"), Request::Status)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("is `anycastctl run`"), "{error}");
    }

    /// Time is the runtime's own here, and stands still while somebody works.
    #[tokio::test(start_paused = true)]
    async fn slow_clients_are_dropped() {
        let (_keep, path) = served();
        let mut idle = Vec::new();
        for number in 0..PLACES_OF_ROOT {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            let begin: &[u8] = if number % 2 == 0 { b"" } else { b"\"sta" };
            stream.write_all(begin).await.unwrap();
            idle.push(stream);
        }
        for mut stream in idle {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"", "nothing was asked");
        }
        assert!(ask(&path, Request::Status).await.is_err());
    }

    #[tokio::test]
    async fn a_request_is_bounded() {
        let (_keep, path) = served();
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let long = vec![b'"'; usize::try_from(MAX_REQUEST).unwrap() + 1];
        let _refused = stream.write_all(&long).await;
        let mut answer = Vec::new();
        let _hung_up = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains("cannot be read"), "{answer}");
    }

    /// Whoever writes too late reads why.
    #[tokio::test]
    async fn who_is_sent_away_learns_why() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let door = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            send_away(&stream, crowd::Refusal::Places);
        });
        let error = ask(&path, Request::Status).await.unwrap_err();
        door.await.unwrap();
        assert!(
            error.to_string().contains("too many connections"),
            "{error}"
        );
    }
}
