//! One client: its requests, one after the other.
//!
//! Contract: nova-api-proxy 7.3.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::exchange::{self, Next};
use super::pump::within;
use super::stages::Request;
use super::stream::Stream;
use super::worker::Worker;
use crate::http::buffer::Buffer;
use crate::http::head::{MAX_HEADERS, MAX_REQUEST_LINE, RequestHead, Scanner};
use crate::http::refusal::Refusal;
use crate::log::logger::SERVICE;

/// First size of the buffer for a head.
const USUAL_HEAD: usize = 8 * 1024;
/// The whole of the longest head that is not refused.
const LONGEST_HEAD: usize = MAX_REQUEST_LINE + MAX_HEADERS + 1024;
/// When the process is asked to end, a request that is on its way may come within this time.
const LAST_CALL: Duration = Duration::from_millis(500);
/// After a last answer the client's bytes are read and dropped for this long, so that the answer is not lost.
const LINGER: Duration = Duration::from_secs(2);
/// The TLS handshake may take this long.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// A client.
#[derive(Debug)]
pub struct Client {
    /// The connection.
    pub stream: Stream,
    /// Bytes read and not used.
    pub buffer: Buffer,
    /// Its address.
    pub peer: SocketAddr,
}

/// What came on a connection.
enum Came {
    Head(RequestHead),
    Refused(Refusal),
    /// Nothing more.
    End,
}

/// Serves a client until either side ends.
pub async fn serve(worker: Rc<Worker>, tcp: TcpStream, peer: SocketAddr) {
    tracing::debug!(target: SERVICE, "({}) accepted ('{}', {})", std::process::id(), peer.ip(), peer.port());
    let stream = match &worker.shared.acceptor {
        None => Stream::Plain(tcp),
        Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(tcp)).await {
            Ok(Ok(tls)) => Stream::Tls(Box::new(tls.into())),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let mut client = Client { stream, buffer: Buffer::default(), peer };
    loop {
        match next_head(&worker, &mut client).await {
            Came::End => break,
            Came::Refused(refusal) => {
                refuse(&worker, &mut client, refusal).await;
                break;
            }
            Came::Head(head) => {
                let scheme = worker.shared.scheme();
                let request = Request::new(head, scheme, &client.peer.ip().to_string());
                // on the heap for the time of the request only: an idle connection is small
                match Box::pin(exchange::serve(&worker, &mut client, request)).await {
                    Next::Keep => {}
                    Next::Close => {
                        linger(&mut client).await;
                        break;
                    }
                    Next::Refuse(refusal) => {
                        refuse(&worker, &mut client, refusal).await;
                        break;
                    }
                    Next::Abort => break,
                }
            }
        }
    }
}

async fn next_head(worker: &Worker, client: &mut Client) -> Came {
    let mut scanner = Scanner::default();
    let config = &worker.shared.config;
    let mut deadline = None;
    loop {
        match scanner.scan(client.buffer.data(), config.max_header_line) {
            Err(refusal) => return Came::Refused(refusal),
            Ok(Some(end)) => {
                let parsed = RequestHead::parse(&client.buffer.data()[..end]);
                client.buffer.consume(end);
                return parsed.map_or_else(Came::Refused, Came::Head);
            }
            Ok(None) => {}
        }
        if client.buffer.is_empty() {
            client.buffer.release();
            if !quiet_until_more(worker, client).await {
                return Came::End;
            }
        }
        // the whole head must come within the time that a client may be idle
        let deadline =
            *deadline.get_or_insert_with(|| config.client_timeout.map(|limit| Instant::now() + limit));
        let room = if client.buffer.data().len() < USUAL_HEAD { USUAL_HEAD } else { LONGEST_HEAD };
        let fill = client.buffer.fill(&mut client.stream, room);
        let read = match deadline {
            None => fill.await,
            Some(deadline) => timeout_at(deadline, fill).await.unwrap_or(Ok(0)),
        };
        if !matches!(read, Ok(1..)) {
            return Came::End;
        }
    }
}

/// Waits for the next request; false when there will be none.
async fn quiet_until_more(worker: &Worker, client: &mut Client) -> bool {
    let limit = worker.shared.config.client_timeout;
    if worker.is_stopping() {
        return matches!(timeout(LAST_CALL, client.stream.readable()).await, Ok(Ok(())));
    }
    let more = tokio::select! {
        biased;
        more = within(limit, client.stream.readable()) => more,
        () = worker.stopped() => {
            return matches!(timeout(LAST_CALL, client.stream.readable()).await, Ok(Ok(())));
        }
    };
    if more.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        let peer = client.peer;
        tracing::debug!(target: SERVICE, "({}) timed out ('{}', {})", std::process::id(), peer.ip(), peer.port());
    }
    more.is_ok()
}

async fn refuse(worker: &Worker, client: &mut Client, refusal: Refusal) {
    let answer = refusal.answer();
    let limit = worker.shared.config.client_timeout;
    if within(limit, client.stream.write_all(answer.as_bytes())).await.is_ok() {
        linger(client).await;
    }
}

/// Ends a connection so that the last answer arrives: a close with unread bytes would destroy it.
async fn linger(client: &mut Client) {
    client.buffer.consume(usize::MAX / 2);
    let drained = async {
        client.stream.shutdown().await?;
        while client.buffer.fill(&mut client.stream, USUAL_HEAD).await? > 0 {
            client.buffer.consume(usize::MAX / 2);
        }
        io::Result::Ok(())
    };
    // the client has its answer, whatever else happens
    let _ = timeout(LINGER, drained).await;
}
