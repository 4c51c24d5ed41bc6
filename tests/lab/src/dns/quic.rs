//! A server for DNS over QUIC (RFC 9250), made of quinn.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use tokio::sync::oneshot;

use super::fake::{Lie, answer};
use crate::{Certificate, Context, Error, Host, PATIENCE, Result, wait_until};

/// A DNS server over QUIC on a host.
pub struct QuicDns {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl QuicDns {
    /// Starts it on an address of the host. `protocol` is what it calls its protocol (ALPN): `doq` if all is well.
    pub fn start(
        host: &Host,
        address: SocketAddr,
        certificate: &Certificate,
        protocol: &str,
        lie: Lie,
    ) -> Result<Self> {
        let socket = wait_until("a free address", PATIENCE, || {
            host.enter(|| UdpSocket::bind(address))?.context(address)
        })?;
        let failed = |error: &dyn std::fmt::Display| Error::new(error.to_string());
        let crypto = certificate.server_config(&[protocol])?;
        let crypto = QuicServerConfig::try_from(crypto).map_err(|error| failed(&error))?;
        let config = ServerConfig::with_crypto(Arc::new(crypto));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let _stopped_by_error = runtime.block_on(async {
                tokio::select! {
                    result = serve(config, socket, lie) => result,
                    _ = stopped => Ok(()),
                }
            });
        });
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for QuicDns {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn serve(config: ServerConfig, socket: UdpSocket, lie: Lie) -> std::io::Result<()> {
    let runtime = Arc::new(TokioRuntime);
    let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            if let Ok(connection) = incoming.await {
                while let Ok((sender, receiver)) = connection.accept_bi().await {
                    tokio::spawn(converse(sender, receiver, lie));
                }
            }
        });
    }
    Ok(())
}

/// A question and its answer, each behind its length, each ended with its direction of the stream.
async fn converse(mut sender: quinn::SendStream, mut receiver: quinn::RecvStream, lie: Lie) {
    let Ok(question) = receiver.read_to_end(2 + usize::from(u16::MAX)).await else {
        return;
    };
    if lie == Lie::Hang {
        std::future::pending::<()>().await;
    }
    let is_zero = |id: &[u8]| id == [0, 0];
    let right_id = question.get(2..4).is_some_and(is_zero);
    if let Some(answer) = question.get(2..).and_then(|question| answer(question, lie))
        && right_id
        && let Ok(length) = u16::try_from(answer.len())
    {
        let message = [&length.to_be_bytes(), &answer[..]].concat();
        let _client_gone = sender.write_all(&message).await;
    }
    let _client_gone = sender.finish();
}
