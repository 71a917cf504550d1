//! The connection to fmManager: opened with the first request, kept, opened again after a failure.
//! Contract: southbound 12.6.

use super::FmAddress;
use super::wire::{Answer, Request};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Limit of a connection to one address.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Limit of a request and its answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// No answer is longer; some 40,000 alarms of one id.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FmError {
    /// It was not sent.
    #[error("not reached: {0}")]
    NotReached(String),
    /// It may have been carried out or not.
    #[error("{0}")]
    NoAnswer(String),
}

#[derive(Debug)]
pub(super) struct Connection {
    address: FmAddress,
    stream: Option<TcpStream>,
}

impl Connection {
    pub(super) fn new(address: FmAddress) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request and waits for its answer. After an error the next request opens a new connection.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<Answer, FmError> {
        // taken out, so that a failure, or a caller that does not wait to the end, leaves no half-read stream
        let mut stream = match self.stream.take().filter(is_silent) {
            Some(stream) => stream,
            None => self.open().await?,
        };
        let answer = match timeout(REQUEST_LIMIT, converse(&mut stream, request)).await {
            Ok(answer) => answer.map_err(FmError::NoAnswer)?,
            Err(_) => return Err(FmError::NoAnswer(format!("no answer within {REQUEST_LIMIT:?}"))),
        };
        self.stream = Some(stream);
        Ok(answer)
    }

    /// Each address of the name in its order, until one takes the connection.
    async fn open(&self) -> Result<TcpStream, FmError> {
        let FmAddress { host, port } = &self.address;
        let not_reached = |cause: String| FmError::NotReached(cause);
        let addresses = timeout(CONNECT_LIMIT, tokio::net::lookup_host((host.as_str(), *port)))
            .await
            .map_err(|_| not_reached(format!("the name {host} is not resolved in time")))?
            .map_err(|error| not_reached(format!("{host}: {error}")))?;
        let mut last = format!("the name {host} has no address");
        for address in addresses {
            match timeout(CONNECT_LIMIT, connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = format!("{address}: {error}"),
                Err(_) => last = format!("{address}: no connection within {CONNECT_LIMIT:?}"),
            }
        }
        Err(not_reached(last))
    }
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_keepalive(true)?;
    socket.connect(address).await
}

/// Nothing has come since the last answer, neither bytes nor the end: the stream can be used again.
fn is_silent(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 1]);
    read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

async fn converse(stream: &mut TcpStream, request: &Request) -> Result<Answer, String> {
    stream.write_all(&request.encode()).await.map_err(|error| format!("cannot be sent: {error}"))?;
    let cut = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the connection was closed without an answer".to_owned(),
        _ => format!("no answer: {error}"),
    };
    let length = stream.read_u32().await.map_err(cut)? as usize;
    if length > MAX_ANSWER {
        return Err(format!("an answer of {length} bytes is not taken"));
    }
    let mut frame = Vec::new();
    // grows with what comes, not with what is promised
    let read = (&mut *stream).take(length as u64).read_to_end(&mut frame).await.map_err(cut)?;
    if read < length {
        return Err("the connection was closed inside an answer".to_owned());
    }
    Answer::decode(request.action(), frame)
}
