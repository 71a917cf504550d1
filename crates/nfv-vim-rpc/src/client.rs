//! Asking the VIM, with I/O of tokio; only with the feature `client`. Contract: vim-api 2.1, 2.2.
//!
//! Each question has a connection of its own. Everything is bounded: connections at once, the wait for a place, for the
//! connection, and for each answer.

use crate::{FrameReader, LONGEST_ANSWER, Request, Response, frame};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Connections to the VIM at once; it takes 256.
const MOST_CONNECTIONS: usize = 128;
/// How long a request waits for one of them.
const PLACE_WAIT: Duration = Duration::from_secs(30);
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The VIM is not reached; as Python writes an error of the system.
    #[error("{0}")]
    Unreachable(String),
    /// It is reached, but does not answer, or what it says is no answer.
    #[error("{0}")]
    NoAnswer(String),
}

/// The VIM.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    local: SocketAddr,
    places: Arc<Semaphore>,
}

impl Client {
    /// The VIM at `address`, asked from `local`. Where that names a port there is one connection at a time.
    pub fn new(address: SocketAddr, local: SocketAddr) -> Self {
        let places = if local.port() == 0 { MOST_CONNECTIONS } else { 1 };
        Self { address, local, places: Arc::new(Semaphore::new(places)) }
    }

    /// Sends a question; each answer has to come within `wait`.
    ///
    /// # Errors
    /// The VIM cannot be reached.
    pub async fn ask(&self, request: &Request, wait: Duration) -> Result<Answers, AskError> {
        let place = match timeout(PLACE_WAIT, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) | Err(_) => return Err(no_answer("too many requests to the VIM are under way")),
        };
        let bytes = frame(&request.encode()).map_err(|error| AskError::Unreachable(error.to_string()))?;
        let mut stream = match timeout(CONNECT_WAIT, self.connect()).await {
            Ok(stream) => stream.map_err(unreachable)?,
            Err(_) => return Err(AskError::Unreachable("[Errno 110] Connection timed out".to_owned())),
        };
        match timeout(wait, stream.write_all(&bytes)).await {
            Ok(written) => written.map_err(unreachable)?,
            Err(_) => return Err(no_answer("the VIM does not take the request")),
        }
        Ok(Answers { stream, reader: FrameReader::new(LONGEST_ANSWER), wait, _place: place })
    }

    /// One question, one answer.
    ///
    /// # Errors
    /// The VIM cannot be reached or has no answer.
    pub async fn ask_one(&self, request: &Request, wait: Duration) -> Result<Response, AskError> {
        self.ask(request, wait).await?.one().await
    }

    /// Whether it takes connections.
    ///
    /// # Errors
    /// It does not; why.
    pub async fn is_reachable(&self) -> Result<(), String> {
        match timeout(CONNECT_WAIT, self.connect()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{}: {error}", self.address)),
            Err(_) => Err(format!("{}: connection timed out", self.address)),
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if self.local.is_ipv4() == self.address.is_ipv4() {
            socket.set_reuseaddr(true)?;
            socket.bind(self.local)?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// The answers to a question.
#[derive(Debug)]
pub struct Answers {
    stream: TcpStream,
    reader: FrameReader,
    wait: Duration,
    _place: OwnedSemaphorePermit,
}

impl Answers {
    /// The next answer; none when the VIM has closed the connection behind the last one.
    ///
    /// # Errors
    /// There is none in time, or it is none.
    pub async fn next(&mut self) -> Result<Option<Response>, AskError> {
        match timeout(self.wait, self.payload()).await {
            Ok(Ok(Some(payload))) => Response::decode(&payload)
                .map(Some)
                .map_err(|error| no_answer(format!("the VIM's answer cannot be read: {error}"))),
            Ok(Ok(None)) => Ok(None),
            Ok(Err(why)) => Err(no_answer(why)),
            Err(_) => Err(no_answer(format!("the VIM has not answered within {} s", self.wait.as_secs()))),
        }
    }

    /// The next answer, which has to be there.
    ///
    /// # Errors
    /// There is none in time, or it is none.
    pub async fn one(&mut self) -> Result<Response, AskError> {
        self.next().await?.ok_or_else(|| no_answer("the VIM closed the connection without an answer"))
    }

    async fn payload(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = [0; 16 * 1024];
        loop {
            if let Some(payload) =
                self.reader.next_payload().map_err(|error| format!("the VIM's answer: {error}"))?
            {
                return Ok(Some(payload));
            }
            match self.stream.read(&mut bytes).await {
                Ok(0) if self.reader.is_empty() => return Ok(None),
                Ok(0) => return Err("the VIM closed the connection within an answer".to_owned()),
                Ok(count) => self.reader.push(&bytes[..count]),
                Err(error) => return Err(format!("connection to the VIM: {error}")),
            }
        }
    }
}

fn no_answer(why: impl Into<String>) -> AskError {
    AskError::NoAnswer(why.into())
}

/// As Python writes an error of the system.
fn unreachable(error: io::Error) -> AskError {
    let text = error.to_string();
    AskError::Unreachable(match error.raw_os_error() {
        Some(number) => {
            let words = text.split(" (os error").next().unwrap_or_default();
            format!("[Errno {number}] {words}")
        }
        None => text,
    })
}
