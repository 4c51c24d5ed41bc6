//! The state of a QUIC connection that carries one question; datagrams in and out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use quinn_proto::crypto::rustls::QuicClientConfig;
use quinn_proto::{
    ClientConfig, Connection, ConnectionError, ConnectionHandle, DatagramEvent, Dir, Endpoint,
    EndpointConfig, Event, ReadError, StreamEvent, StreamId, TransportConfig, VarInt, WriteError,
};

use crate::dns::Failure;
use crate::probe::tls;

/// `no_application_protocol` (RFC 7301, 3.2) as an error of the transport (RFC 9001, 4.8).
const NO_APPLICATION_PROTOCOL: u64 = 0x0100 + 120;

/// A message and the two bytes of its length.
const LONGEST: usize = 2 + u16::MAX as usize;

pub(super) struct Dialogue<'a> {
    server: SocketAddr,
    refusal: tls::Refusal<'a>,
    endpoint: Endpoint,
    handle: ConnectionHandle,
    connection: Connection,
    /// Of it, what was not taken over yet.
    question: Bytes,
    stream: Option<StreamId>,
    answer: Vec<u8>,
    heard: bool,
}

impl<'a> Dialogue<'a> {
    /// Of a question behind its length.
    pub(super) fn new(
        server: SocketAddr,
        tls: &tls::Ready<'a>,
        question: &[u8],
    ) -> Result<Self, Failure> {
        let trouble =
            |error: &dyn std::fmt::Display| Failure::Prober(format!("cannot use QUIC: {error}"));
        let (config, refusal) = tls.recorded(server.ip());
        let config = QuicClientConfig::try_from(config).map_err(|error| trouble(&error))?;
        let mut config = ClientConfig::new(Arc::new(config));
        let mut transport = TransportConfig::default();
        transport.mtu_discovery_config(None);
        config.transport_config(Arc::new(transport));
        let mut endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
        let name = tls.name(server.ip());
        let (handle, connection) = endpoint
            .connect(Instant::now(), config, server, &name.to_str())
            .map_err(|error| trouble(&error))?;
        Ok(Self {
            server,
            refusal,
            endpoint,
            handle,
            connection,
            question: Bytes::copy_from_slice(question),
            stream: None,
            answer: Vec::new(),
            heard: false,
        })
    }

    /// Does what can be done now. Gives the message when it is complete.
    pub(super) fn advance(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        while let Some(event) = self.connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(self.handle, event) {
                self.connection.handle_event(event);
            }
        }
        let mut ended = false;
        while let Some(event) = self.connection.poll() {
            match event {
                Event::Connected
                | Event::Stream(StreamEvent::Available { .. } | StreamEvent::Writable { .. }) => {
                    self.ask()?;
                }
                Event::Stream(StreamEvent::Readable { id }) => ended |= self.read(id)?,
                Event::Stream(StreamEvent::Stopped { .. }) => return Err(self.stopped()),
                Event::ConnectionLost { reason } => return Err(self.lost(&reason)),
                _ => {}
            }
        }
        let received = self.answer.len();
        match self.message() {
            None if ended => Err(Failure::Closed { received }),
            message => Ok(message),
        }
    }

    /// Opens the stream, and writes as much of the question as the server takes. It ends with the stream
    /// (RFC 9250, 4.2).
    fn ask(&mut self) -> Result<(), Failure> {
        let stream = self
            .stream
            .or_else(|| self.connection.streams().open(Dir::Bi));
        self.stream = stream;
        let Some(stream) = stream.filter(|_| !self.question.is_empty()) else {
            return Ok(());
        };
        let mut sending = self.connection.send_stream(stream);
        match sending.write(&self.question) {
            Ok(count) => drop(self.question.split_to(count)),
            Err(WriteError::Blocked) => {}
            Err(WriteError::Stopped(_) | WriteError::ClosedStream) => return Err(self.stopped()),
        }
        if self.question.is_empty() {
            // Fails only where the server has stopped the stream, and then there is an event, too.
            let _stopped = self.connection.send_stream(stream).finish();
        }
        Ok(())
    }

    /// Takes what has come. Gives whether that was the end.
    fn read(&mut self, stream: StreamId) -> Result<bool, Failure> {
        let mut receiving = self.connection.recv_stream(stream);
        let Ok(mut chunks) = receiving.read(true) else {
            return Ok(true);
        };
        let ended = loop {
            match chunks.next(LONGEST) {
                Ok(Some(chunk)) if self.answer.len() <= LONGEST => {
                    self.answer.extend_from_slice(&chunk.bytes);
                }
                Ok(Some(_) | None) => break Ok(true),
                Err(ReadError::Blocked) => break Ok(false),
                Err(ReadError::Reset(_)) => break Err(Failure::Reset),
            }
        };
        // Credit for the server to send more goes out with the next packet anyway.
        let _transmit = chunks.finalize();
        ended
    }

    fn message(&self) -> Option<Vec<u8>> {
        let (length, message) = self.answer.split_first_chunk::<2>()?;
        let message = message.get(..usize::from(u16::from_be_bytes(*length)))?;
        Some(message.to_vec())
    }

    /// The next packet to send.
    pub(super) fn packet(&mut self) -> Option<Vec<u8>> {
        let mut packet = Vec::new();
        let transmit = self
            .connection
            .poll_transmit(Instant::now(), 1, &mut packet)?;
        packet.truncate(transmit.size);
        Some(packet)
    }

    /// When [`on_timer`](Self::on_timer) wants to be called.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    pub(super) fn on_timer(&mut self) {
        self.connection.handle_timeout(Instant::now());
    }

    pub(super) fn on_datagram(&mut self, datagram: &[u8]) {
        self.heard = true;
        let mut response = Vec::new();
        let event = self.endpoint.handle(
            Instant::now(),
            self.server,
            None,
            None,
            BytesMut::from(datagram),
            &mut response,
        );
        // Anything else is for servers.
        if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
            self.connection.handle_event(event);
        }
    }

    /// Whether the server has answered, and the handshake is not complete.
    pub(super) fn is_in_handshake(&self) -> bool {
        self.heard && self.connection.is_handshaking()
    }

    /// `DOQ_NO_ERROR` (RFC 9250, 4.3).
    pub(super) fn close(&mut self) {
        self.connection
            .close(Instant::now(), VarInt::from_u32(0), Bytes::new());
    }

    fn stopped(&self) -> Failure {
        Failure::Tls(format!(
            "{} refused the question on its stream (QUIC)",
            self.server.ip()
        ))
    }

    fn lost(&self, reason: &ConnectionError) -> Failure {
        if let Some(failure) = self.refusal.failure() {
            return failure;
        }
        let server = self.server.ip();
        let code = match reason {
            ConnectionError::ConnectionClosed(close) => u64::from(close.error_code),
            ConnectionError::TransportError(error) => u64::from(error.code),
            _ => 0,
        };
        Failure::Tls(match reason {
            _ if code == NO_APPLICATION_PROTOCOL => format!(
                "{server} does not offer DNS over QUIC (ALPN {})",
                super::ALPN
            ),
            ConnectionError::Reset => return Failure::Reset,
            ConnectionError::VersionMismatch => {
                format!("{server} speaks no version of QUIC that we speak")
            }
            reason => format!(
                "the QUIC connection to {server} broke off: {}",
                reason.to_string().escape_default()
            ),
        })
    }
}
