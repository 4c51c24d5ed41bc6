//! The socket that systemd gives a service to be told how it goes (`sd_notify(3)`), with somebody who listens.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Context, Error, Lab, PATIENCE, Result, wait_until};

/// How soon the listener notices that it is not wanted any more.
const LOOK: Duration = Duration::from_millis(100);

/// A service manager that only listens.
pub struct Manager {
    socket: PathBuf,
    heard: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Manager {
    /// Listens on a socket in the node's directory.
    pub fn start(lab: &Lab) -> Result<Self> {
        let path = lab.node().directory().join("notify");
        let socket = UnixDatagram::bind(&path).context(path.display())?;
        socket.set_read_timeout(Some(LOOK))?;
        let (heard, is_over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let listener = std::thread::spawn({
            let (heard, is_over) = (Arc::clone(&heard), Arc::clone(&is_over));
            move || listen(&socket, &heard, &is_over)
        });
        Ok(Self {
            socket: path,
            heard,
            is_over,
            listener: Some(listener),
        })
    }

    /// Where it listens, as `NOTIFY_SOCKET` names it.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Every assignment that was heard, oldest first: `READY=1`.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    /// How often this was heard.
    #[must_use]
    pub fn count(&self, assignment: &str) -> usize {
        let heard = self.heard();
        heard.iter().filter(|heard| *heard == assignment).count()
    }

    /// The last status; empty before the first.
    #[must_use]
    pub fn status(&self) -> String {
        let heard = self.heard();
        let mut status = heard
            .iter()
            .rev()
            .filter_map(|heard| heard.strip_prefix("STATUS="));
        status.next().unwrap_or_default().to_owned()
    }

    /// Waits until this was heard more than so often.
    pub fn hears(&self, assignment: &str, before: usize) -> Result<()> {
        let what = format!("{assignment} for the {}. time", before + 1);
        wait_until(&what, PATIENCE, || {
            if self.count(assignment) > before {
                return Ok(());
            }
            Err(Error::new(format!("{:?}", self.heard())))
        })
    }

    /// Waits until the status has all these words.
    pub fn shows(&self, words: &[&str]) -> Result<()> {
        wait_until(&format!("{words:?} as the status"), PATIENCE, || {
            let status = self.status();
            if words.iter().all(|words| status.contains(words)) {
                return Ok(());
            }
            Err(Error::new(status))
        })
    }
}

fn listen(socket: &UnixDatagram, heard: &Mutex<Vec<String>>, is_over: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !is_over.load(Ordering::Relaxed) {
        let Ok(length) = socket.recv(&mut buffer) else {
            continue;
        };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(text.lines().map(str::to_owned));
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            let _a_panic_was_told = listener.join();
        }
    }
}
