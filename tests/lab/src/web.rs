//! A web server that says what a test wants it to, over HTTP or HTTPS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Certificate, Context, Host, PATIENCE, Result, wait_until};

/// A web server on a host.
pub struct WebServer {
    page: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    /// Starts it on an address of the host; over HTTPS with a certificate. Every path leads to one page, at first
    /// "200 OK" with "fine".
    pub fn start(
        host: &Host,
        address: SocketAddr,
        certificate: Option<&Certificate>,
    ) -> Result<Self> {
        let listener = wait_until("a free address", PATIENCE, || {
            host.enter(|| TcpListener::bind(address))?.context(address)
        })?;
        listener.set_nonblocking(true)?;
        let tls = certificate.map(|one| one.server_config(&["http/1.1"]));
        let tls = tls.transpose()?.map(Arc::new);
        let page = Arc::new(Mutex::new(answer("200 OK", "fine")));
        let stop = Arc::new(AtomicBool::new(false));
        let (shown, stopped) = (Arc::clone(&page), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let page = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
                        let _client_gone = serve(stream, tls.as_ref(), &page);
                    }
                    Err(_none) => std::thread::park_timeout(TICK),
                }
            }
        });
        Ok(Self {
            page,
            stop,
            thread: Some(thread),
        })
    }

    /// Says this from now on, as in `503 Service Unavailable`.
    pub fn says(&self, status: &str, body: &str) {
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = answer(status, body);
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Between two looks for somebody who connects.
const TICK: Duration = Duration::from_millis(2);

/// No client of a test is slower.
const SLOWEST: Duration = Duration::from_secs(2);

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn serve(stream: TcpStream, tls: Option<&Arc<ServerConfig>>, page: &str) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SLOWEST))?;
    match tls {
        None => converse(stream, page),
        Some(tls) => {
            let connection = ServerConnection::new(Arc::clone(tls));
            let connection = connection.map_err(std::io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            converse(&mut stream, page)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn converse(mut stream: impl Read + Write, page: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&buffer[..length]),
        }
    }
    stream.write_all(page.as_bytes())?;
    stream.flush()
}
