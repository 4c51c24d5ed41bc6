//! One connection, one question, one answer, each behind a two-byte length (RFC 7766, section 8); over TLS as well
//! (RFC 7858, section 3.3).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::errno::{Step, failure};
use crate::dns::{Failure, Query, Rejected, Reply};

/// No message is shorter (RFC 1035, 4.1.1).
const HEADER: usize = 12;

/// Asks once, on a connection of its own.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: Result<S, Failure>,
    query: &Query,
) -> Result<Reply, Failure> {
    let mut stream = stream?;
    // In one write: a server may take a length without its message for an incomplete question.
    stream
        .write_all(&framed(query.as_bytes()))
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    // What TLS has made of it may still lie in its buffer.
    stream
        .flush()
        .await
        .map_err(|error| failure(Step::Transfer, &error))?;
    reply(&read(&mut stream).await?, query)
}

/// The reply that came where only the server can have sent it.
pub(super) fn reply(message: &[u8], query: &Query) -> Result<Reply, Failure> {
    Reply::parse(message, query).map_err(|rejected| match rejected {
        Rejected::Foreign if message.len() < HEADER => Failure::Malformed("header"),
        Rejected::Foreign => Failure::Foreign,
        Rejected::Malformed(part) => Failure::Malformed(part),
    })
}

/// A message behind its length.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length =
        u16::try_from(message.len()).expect("a message of one question has at most 286 bytes");
    [&length.to_be_bytes(), message].concat()
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Failure> {
    let mut length = [0; 2];
    fill(stream, &mut length, 0).await?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    fill(stream, &mut message, length.len()).await?;
    Ok(message)
}

/// Reads exactly `buffer`; `before` bytes came earlier.
async fn fill(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
    before: usize,
) -> Result<(), Failure> {
    let mut filled = 0;
    while filled < buffer.len() {
        let received = before + filled;
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) => return Err(Failure::Closed { received }),
            Ok(count) => filled += count,
            // A connection under TLS that was closed without saying so there.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Failure::Closed { received });
            }
            Err(error) => return Err(failure(Step::Transfer, &error)),
        }
    }
    Ok(())
}
