//! Asking the VIM. Contract: vim-api 2.1, 2.2.
//!
//! Each question has a connection of its own. Everything is bounded: connections at once, the wait for a place, for the
//! connection, for each answer, and for a whole listing.

use crate::metrics::Metrics;
use crate::wire::Fault;
use nfv_vim_rpc::{FrameReader, LONGEST_ANSWER, Request, Response, frame};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long an answer is waited for when nothing else is said.
pub const SHORT: Duration = Duration::from_secs(5);
/// For questions about strategies.
pub const STRATEGY: Duration = Duration::from_secs(30);
/// For a new image.
pub const IMAGE: Duration = Duration::from_secs(180);

/// Connections to the VIM at once; it takes 256.
const MOST_CONNECTIONS: usize = 128;
/// How long a request waits for one of them.
const PLACE_WAIT: Duration = Duration::from_secs(30);
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long a whole listing may take.
const LISTING_WAIT: Duration = Duration::from_secs(120);

const LOGGER: &str = "nfv_vim.api";
const FILE: &str = "_hooks.py";

/// The VIM.
#[derive(Debug)]
pub struct VimClient {
    address: SocketAddr,
    local: SocketAddr,
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl VimClient {
    /// The VIM at `address`, asked from `local`. Where that names a port there is one connection at a time.
    pub fn new(address: SocketAddr, local: SocketAddr, metrics: Arc<Metrics>) -> Self {
        let places = if local.port() == 0 { MOST_CONNECTIONS } else { 1 };
        Self { address, local, places: Arc::new(Semaphore::new(places)), metrics }
    }

    /// Sends a question.
    ///
    /// # Errors
    /// The VIM cannot be reached.
    pub async fn ask(&self, request: Request, wait: Duration) -> Result<Answers, Fault> {
        let kind = request.kind();
        let sent = self.send(&request, wait).await;
        if let Err(fault) = &sent {
            tracing::error!(logger = LOGGER, file = FILE, "Cannot send {kind} to the VIM: {fault}");
            self.metrics.question(kind, "unreachable", Duration::ZERO);
        }
        sent
    }

    async fn send(&self, request: &Request, wait: Duration) -> Result<Answers, Fault> {
        let place = match timeout(PLACE_WAIT, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) | Err(_) => {
                return Err(Fault::Failed(Some("too many requests to the VIM are under way".to_owned())));
            }
        };
        let bytes = frame(&request.encode()).map_err(|error| Fault::Broken(error.to_string()))?;
        let begun = Instant::now();
        let mut stream = match timeout(CONNECT_WAIT, self.connect()).await {
            Ok(stream) => stream.map_err(broken)?,
            Err(_) => return Err(Fault::Broken("[Errno 110] Connection timed out".to_owned())),
        };
        match timeout(wait, stream.write_all(&bytes)).await {
            Ok(written) => written.map_err(broken)?,
            Err(_) => return Err(Fault::Failed(Some("the VIM does not take the request".to_owned()))),
        }
        let metrics = Arc::clone(&self.metrics);
        let reader = FrameReader::new(LONGEST_ANSWER);
        Ok(Answers { stream, reader, wait, begun, kind: request.kind(), metrics, _place: place })
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

    /// One question, one answer.
    ///
    /// # Errors
    /// The VIM cannot be reached or has no answer.
    pub async fn ask_one(&self, request: Request, wait: Duration) -> Result<Response, Fault> {
        let mut answers = self.ask(request, wait).await?;
        let answer = answers.next().await?;
        answers.ended(if answer.is_some() { "answered" } else { "no answer" });
        answer
            .ok_or_else(|| Fault::Failed(Some("the VIM closed the connection without an answer".to_owned())))
    }

    /// One question, as many answers as there are objects; each is given to `read`.
    ///
    /// # Errors
    /// The VIM cannot be reached, is silent, or `read` refuses an answer. The original gives a shorter list when the VIM
    /// is silent.
    pub async fn ask_all<T>(
        &self,
        request: Request,
        read: impl Fn(Response) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut answers = self.ask(request, SHORT).await?;
        let collect = async {
            let mut all = Vec::new();
            while let Some(answer) = answers.next().await? {
                all.push(read(answer)?);
            }
            Ok(all)
        };
        let all = timeout(LISTING_WAIT, collect)
            .await
            .unwrap_or_else(|_| Err(Fault::Failed(Some("the VIM's list does not end".to_owned()))));
        answers.ended(if all.is_ok() { "answered" } else { "no answer" });
        all
    }

    /// Whether it takes connections.
    pub async fn is_reachable(&self) -> Result<(), String> {
        match timeout(CONNECT_WAIT, self.connect()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{}: {error}", self.address)),
            Err(_) => Err(format!("{}: connection timed out", self.address)),
        }
    }
}

/// The answers to a question.
#[derive(Debug)]
pub struct Answers {
    stream: TcpStream,
    reader: FrameReader,
    wait: Duration,
    begun: Instant,
    kind: &'static str,
    metrics: Arc<Metrics>,
    _place: OwnedSemaphorePermit,
}

impl Answers {
    /// The next answer; none when the VIM has closed the connection behind the last one.
    ///
    /// # Errors
    /// There is none in time, or it is none.
    pub async fn next(&mut self) -> Result<Option<Response>, Fault> {
        match timeout(self.wait, self.payload()).await {
            Ok(Ok(Some(payload))) => Response::decode(&payload)
                .map(Some)
                .map_err(|error| self.without(format!("the VIM's answer cannot be read: {error}"))),
            Ok(Ok(None)) => Ok(None),
            Ok(Err(why)) => Err(self.without(why)),
            Err(_) => {
                let why = format!("the VIM has not answered within {} s", self.wait.as_secs());
                Err(self.without(why))
            }
        }
    }

    fn without(&self, why: String) -> Fault {
        tracing::error!(logger = LOGGER, file = FILE, "No answer to {}: {why}.", self.kind);
        Fault::Failed(Some(why))
    }

    async fn payload(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = [0; 16 * 1024];
        loop {
            if let Some(payload) = self.reader.next_payload().map_err(|error| error.to_string())? {
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

    fn ended(&self, how: &'static str) {
        self.metrics.question(self.kind, how, self.begun.elapsed());
    }
}

/// As Python writes an error of the system.
fn broken(error: io::Error) -> Fault {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => {
            let words = text.split(" (os error").next().unwrap_or_default();
            Fault::Broken(format!("[Errno {number}] {words}"))
        }
        None => Fault::Broken(text),
    }
}
