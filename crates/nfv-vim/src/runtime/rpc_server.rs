//! The socket on which nfv-vim-api asks. Contract: vim-api 2.1, 2.2.
//!
//! One connection, one request: it is read within [`REQUEST_WAIT`], given to the core, and its answers are sent in full
//! before the connection closes. What is no request closes the connection without an answer, and nothing else. Whoever
//! comes when [`MOST_CONNECTIONS`] are open waits in the listen queue until one of them ends, which none can put off for
//! ever.

use super::inbox::Message;
use anyhow::Context;
use nfv_vim_rpc::{FrameReader, LONGEST_REQUEST, Request, Response, RpcError, frame};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Connections open at once.
const MOST_CONNECTIONS: usize = 256;
/// Connections that wait to be taken.
const BACKLOG: u32 = 128;
/// A client gets this long to send its request.
const REQUEST_WAIT: Duration = Duration::from_secs(30);
/// The longest call behind a request has ended long before this.
const ANSWER_WAIT: Duration = Duration::from_secs(900);
/// A client must take something of an answer at least this often.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// When no connection can be taken, for want of descriptors for instance, it is tried again after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Bytes written at once.
const PIECE: usize = 64 * 1024;

const LOGGER: &str = "nfv_vim.vim_api_events";
const FILE: &str = "_vim_api_events.py";

/// A request of the API and where its answers go.
#[derive(Debug)]
pub(super) struct ApiRequest {
    pub(super) body: Request,
    pub(super) reply: oneshot::Sender<Vec<Response>>,
}

/// Why a connection ended without an answer.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Bad(#[from] RpcError),
    #[error(transparent)]
    Socket(#[from] std::io::Error),
    #[error("the request did not come within {} s", REQUEST_WAIT.as_secs())]
    Slow,
    #[error("the client closed before its request was complete")]
    Closed,
    #[error("the client closed without a request")]
    Unused,
    #[error("the answer was not taken for {} s", WRITE_WAIT.as_secs())]
    NotTaken,
    #[error("the core has no answer")]
    NoAnswer,
}

/// The server. It stops when it is dropped.
#[derive(Debug)]
pub(super) struct RpcServer {
    task: JoinHandle<()>,
    #[cfg(test)]
    address: SocketAddr,
}

impl RpcServer {
    /// Listens; requests go to the inbox. Must be called within the tokio runtime.
    pub(super) fn start(address: SocketAddr, inbox: Sender<Message>) -> anyhow::Result<Self> {
        let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
        #[cfg(test)]
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, inbox));
        Ok(Self {
            task,
            #[cfg(test)]
            address,
        })
    }
}

impl Drop for RpcServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // connections inherit it
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve(listener: TcpListener, inbox: Sender<Message>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let inbox = inbox.clone();
                tokio::spawn(async move {
                    match converse(stream, &inbox).await {
                        // whoever only looks whether the VIM is there
                        Ok(()) | Err(Broken::Unused) => {}
                        Err(error) => {
                            tracing::info!(
                                logger = LOGGER,
                                file = FILE,
                                "Connection of {peer} closed: {error}."
                            );
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::error!(logger = LOGGER, file = FILE, "Cannot take a connection: {error}.");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One request and its answers.
async fn converse(mut stream: TcpStream, inbox: &Sender<Message>) -> Result<(), Broken> {
    let payload = timeout(REQUEST_WAIT, read(&mut stream)).await.map_err(|_| Broken::Slow)??;
    let body = Request::decode(&payload)?;
    drop(payload);
    let (reply, answers) = oneshot::channel();
    inbox.send(Message::Api(Box::new(ApiRequest { body, reply }))).map_err(|_| Broken::NoAnswer)?;
    let answers = timeout(ANSWER_WAIT, answers).await.ok().and_then(Result::ok).ok_or(Broken::NoAnswer)?;
    for answer in answers {
        let bytes = frame(&answer.encode())?;
        for piece in bytes.chunks(PIECE) {
            timeout(WRITE_WAIT, stream.write_all(piece)).await.map_err(|_| Broken::NotTaken)??;
        }
    }
    stream.shutdown().await?;
    Ok(())
}

async fn read(stream: &mut TcpStream) -> Result<Vec<u8>, Broken> {
    let mut reader = FrameReader::new(LONGEST_REQUEST);
    let mut bytes = [0; 4096];
    loop {
        if let Some(payload) = reader.next_payload()? {
            return Ok(payload);
        }
        match stream.read(&mut bytes).await? {
            0 if reader.is_empty() => return Err(Broken::Unused),
            0 => return Err(Broken::Closed),
            count => reader.push(&bytes[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_vim_rpc::{ByUuid, LONGEST_ANSWER, ResponseBody, instance, strategy};
    use std::sync::mpsc::{Receiver, channel};

    /// A server whose core answers with `answer`.
    fn server(answer: impl Fn(&Request) -> Vec<Response> + Send + 'static) -> RpcServer {
        let (sender, inbox): (_, Receiver<Message>) = channel();
        std::thread::spawn(move || {
            while let Ok(message) = inbox.recv() {
                if let Message::Api(request) = message {
                    let answers = answer(&request.body);
                    let _ = request.reply.send(answers);
                }
            }
        });
        RpcServer::start("127.0.0.1:0".parse().unwrap(), sender).unwrap()
    }

    fn echo() -> RpcServer {
        server(|request| match request {
            Request::StopInstance(by) => vec![Response::success(ResponseBody::StopInstance(by.clone()))],
            _ => Vec::new(),
        })
    }

    fn stop(uuid: &str) -> Vec<u8> {
        frame(&Request::StopInstance(ByUuid::new(uuid)).encode()).unwrap()
    }

    async fn connect(server: &RpcServer) -> TcpStream {
        TcpStream::connect(server.address).await.unwrap()
    }

    /// All answers until the server closes.
    async fn answers(stream: &mut TcpStream) -> Vec<Response> {
        let mut bytes = Vec::new();
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("it closes");
        let mut reader = FrameReader::new(LONGEST_ANSWER);
        reader.push(&bytes);
        let mut all = Vec::new();
        while let Some(payload) = reader.next_payload().unwrap() {
            all.push(Response::decode(&payload).unwrap());
        }
        assert!(reader.is_empty());
        all
    }

    async fn ask(server: &RpcServer, bytes: &[u8]) -> Vec<Response> {
        let mut stream = connect(server).await;
        stream.write_all(bytes).await.unwrap();
        answers(&mut stream).await
    }

    fn stopped(uuid: &str) -> Vec<Response> {
        vec![Response::success(ResponseBody::StopInstance(ByUuid::new(uuid)))]
    }

    #[tokio::test]
    async fn a_request_is_answered_and_the_connection_closes() {
        let server = echo();
        assert_eq!(ask(&server, &stop("u-1")).await, stopped("u-1"));
        // in pieces, and with more behind it, which nobody reads
        let mut stream = connect(&server).await;
        stream.set_nodelay(true).unwrap();
        for byte in stop("u-2") {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(answers(&mut stream).await, stopped("u-2"));
        // a client that closes its sending side early still gets its answer
        let mut stream = connect(&server).await;
        stream.write_all(&stop("u-3")).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(answers(&mut stream).await, stopped("u-3"));
    }

    #[tokio::test]
    async fn a_bad_client_is_closed_without_an_answer_and_disturbs_nobody() {
        let server = echo();
        let mut waiting = connect(&server).await;
        waiting.write_all(&stop("u-1")[..10]).await.unwrap();
        let bad: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\n\r\n",
            &u32::MAX.to_le_bytes(),
            &frame(b"nonsense").unwrap(),
            &frame(b"{}").unwrap(),
            &frame(br#"{"version": "1.0", "type": "make-tea"}"#).unwrap(),
            &frame(br#"{"version": "1.0", "type": "stop-instance-request", "uuid": []}"#).unwrap(),
        ];
        for bytes in bad {
            assert_eq!(ask(&server, bytes).await, [], "{}", String::from_utf8_lossy(bytes));
        }
        drop(connect(&server).await);
        waiting.write_all(&stop("u-1")[10..]).await.unwrap();
        assert_eq!(answers(&mut waiting).await, stopped("u-1"));
    }

    #[tokio::test]
    async fn an_answer_larger_than_any_socket_buffer_arrives_whole() {
        let text = "x".repeat(8_000_000);
        let strategy = move || {
            ResponseBody::GetStrategy(strategy::Strategy {
                strategy: Some(text.clone()),
                ..Default::default()
            })
        };
        let wanted = Response::success(strategy());
        let server = server(move |_| vec![Response::success(strategy())]);
        let request = frame(&Request::GetStrategy(strategy::GetStrategy::default()).encode()).unwrap();
        assert_eq!(ask(&server, &request).await, [wanted]);
    }

    #[tokio::test]
    async fn a_listing_is_many_messages_or_none() {
        let count = 10_000;
        let server = server(move |request| {
            let Request::GetInstance(get) = request else { return Vec::new() };
            let one = |number: usize| {
                let uuid = Some(number.to_string());
                Response::success(ResponseBody::GetInstance(instance::Instance {
                    uuid,
                    ..Default::default()
                }))
            };
            if get.get_all { (0..count).map(one).collect() } else { Vec::new() }
        });
        let request = |get| frame(&Request::GetInstance(get).encode()).unwrap();
        assert_eq!(ask(&server, &request(instance::Get::all())).await.len(), count);
        assert_eq!(ask(&server, &request(instance::Get::one("x"))).await, []);
    }

    #[tokio::test]
    async fn more_clients_than_places_are_served_one_after_another() {
        let server = echo();
        let mut clients = Vec::new();
        for _ in 0..MOST_CONNECTIONS + 100 {
            clients.push(connect(&server).await);
        }
        for (number, mut client) in clients.into_iter().enumerate() {
            let uuid = number.to_string();
            client.write_all(&stop(&uuid)).await.unwrap();
            assert_eq!(answers(&mut client).await, stopped(&uuid));
        }
    }

    #[tokio::test]
    async fn a_place_is_given_back_when_the_core_has_no_answer() {
        let (sender, inbox) = channel();
        let server = RpcServer::start("127.0.0.1:0".parse().unwrap(), sender).unwrap();
        drop(inbox);
        for _ in 0..MOST_CONNECTIONS + 1 {
            assert_eq!(ask(&server, &stop("u-1")).await, []);
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_said() {
        let server = echo();
        let (sender, _inbox) = channel();
        let error = RpcServer::start(server.address, sender).unwrap_err().to_string();
        assert_eq!(error, format!("cannot listen on {}", server.address));
    }
}
