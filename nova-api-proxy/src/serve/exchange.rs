//! One request and its answer.
//!
//! ```text
//! stages ──► body: none or short ──► with the head in one piece ──────────► answer
//!                  of an action  ──► held, looked at ──► as above
//!                  long          ──► streamed, while the answer is awaited ─┘
//! ```
//!
//! Contract: nova-api-proxy 7.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::time::timeout;

use super::connection::Client;
use super::pump::{Broken, Patience, pump, within};
use super::relay::{Relay, Relayed, Trouble, relay};
use super::stages::{self, Passage, Request, Staged};
use super::upstream::Link;
use super::worker::Worker;
use crate::action;
use crate::answer::{Connection, Own};
use crate::forward::{Onward, write_request};
use crate::http::framing::{self, Available, Body, Framing};
use crate::http::refusal::Refusal;
use crate::log::logger::{ACCEPTOR, PROXY, SERVICE};
use crate::log::percent::Value;
use crate::paste::{App, Filter};
use crate::route::{Upstream, Watch};

/// A body up to this length is sent together with the head, bytes.
const SHORT_BODY: u64 = 16 * 1024;
/// The rest of a refused request's body is read up to this length, so that the connection can stay open.
const MAX_DRAINED: u64 = 64 * 1024;
/// An upstream that stopped reading may still answer within this time.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How the connection to the client goes on.
#[derive(Debug)]
pub enum Next {
    /// With its next request.
    Keep,
    /// It ends in order.
    Close,
    /// It ends with this answer.
    Refuse(Refusal),
    /// It ends at once: the answer is not whole, or the client is gone.
    Abort,
}

/// A request's body on the client's connection.
struct Incoming {
    framing: Framing,
    body: Body,
    /// Whether the client waits for `100 Continue`.
    expects: bool,
    /// Whether all of it was read.
    done: bool,
}

/// What becomes of a body.
enum Payload {
    /// It is sent with the head.
    Held(Vec<u8>),
    /// It is streamed.
    Streamed(Framing),
}

/// Why there is no payload.
enum NoPayload {
    Own(Own),
    Broken,
}

/// Serves a request.
pub async fn serve(worker: &Worker, client: &mut Client, request: Request) -> Next {
    let begun = Instant::now();
    let framing = match framing::of_request(&request.head) {
        Ok(framing) => framing,
        Err(refusal) => return Next::Refuse(refusal),
    };
    let expects = request.head.minor == 1
        && framing != Framing::Empty
        && request
            .head
            .fields
            .get(b"expect")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
    let mut incoming =
        Incoming { framing, body: Body::new(framing), expects, done: framing == Framing::Empty };
    // the semaphore is never closed
    let place = worker.shared.places.acquire().await;
    let (code, sent, next) = match stages::pass(&worker.shared, &request).await {
        Staged::Answered(own) => answer_own(worker, client, &request, &mut incoming, &own).await,
        Staged::Passed(passage) => forward(worker, client, &request, &passage, &mut incoming).await,
    };
    drop(place);
    if worker.shared.debug() {
        log_access(worker, &request, code, sent, begun.elapsed());
    }
    next
}

/// Answers without an upstream: status, bytes sent, and how it goes on.
async fn answer_own(
    worker: &Worker,
    client: &mut Client,
    request: &Request,
    incoming: &mut Incoming,
    own: &Own,
) -> (u16, u64, Next) {
    let kept = !matches!(own, Own::Failed(_) | Own::TooLarge) && drain(worker, client, incoming).await;
    let connection = Connection::of(&request.head, kept && !worker.is_stopping());
    let mut out = Vec::new();
    own.write(&request.head, connection, &mut out);
    let limit = worker.shared.config.client_timeout;
    let written = within(limit, client.stream.write_all(&out)).await;
    let next = match (written, connection) {
        (Err(_), _) => Next::Abort,
        (Ok(()), Connection::Close) => Next::Close,
        (Ok(()), _) => Next::Keep,
    };
    (own.code(), out.len() as u64, next)
}

/// Reads a short rest of a body away; false when there is too much of it.
async fn drain(worker: &Worker, client: &mut Client, incoming: &mut Incoming) -> bool {
    let short = match incoming.framing {
        Framing::Length(length) => length <= MAX_DRAINED,
        _ => true,
    };
    // a client that waits to be told may send its body or not
    if incoming.expects || !short {
        return incoming.done;
    }
    let read = read_body(worker, client, incoming, MAX_DRAINED);
    matches!(timeout(LAST_WORDS, read).await, Ok(Ok(Some(_))))
}

/// Reads a whole body, of at most `limit` bytes; nothing when it is longer.
async fn read_body(
    worker: &Worker,
    client: &mut Client,
    incoming: &mut Incoming,
    limit: u64,
) -> io::Result<Option<Vec<u8>>> {
    if matches!(incoming.framing, Framing::Length(length) if length > limit) {
        return Ok(None);
    }
    let mut whole = Vec::new();
    while !incoming.done {
        let available = incoming.body.available(&mut client.buffer);
        match available.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))? {
            Available::End => incoming.done = true,
            Available::Data(length) => {
                whole.extend_from_slice(&client.buffer.data()[..length]);
                client.buffer.consume(length);
                if whole.len() as u64 > limit {
                    return Ok(None);
                }
            }
            Available::Nothing => {
                go_on(worker, client, incoming).await?;
                let read = client.buffer.fill(&mut client.stream, super::pump::PIECE);
                if within(worker.shared.config.client_timeout, read).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
    Ok(Some(whole))
}

/// Tells a client that waits for it to send its body.
async fn go_on(worker: &Worker, client: &mut Client, incoming: &mut Incoming) -> io::Result<()> {
    if std::mem::take(&mut incoming.expects) {
        let limit = worker.shared.config.client_timeout;
        within(limit, client.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")).await?;
    }
    Ok(())
}

/// Reads the body where it must be held, and decides how it is sent.
async fn payload(
    worker: &Worker,
    client: &mut Client,
    passage: &Passage,
    incoming: &mut Incoming,
) -> Result<Payload, NoPayload> {
    let shared = &worker.shared;
    let shown = shared.config.show_request_body
        && shared.pipeline.as_ref().is_some_and(|pipeline| pipeline.filters.contains(&Filter::DebugHeader));
    let logged = passage.watch == Some(Watch::Log) && shared.debug();
    let held = passage.watch == Some(Watch::Body) || shown || logged;
    if incoming.done {
        return Ok(Payload::Held(Vec::new()));
    }
    let limit = shared.config.max_action_body as u64;
    let must = passage.watch == Some(Watch::Body);
    let short = matches!(incoming.framing, Framing::Length(length) if length <= SHORT_BODY.min(limit));
    let here = short
        && matches!(incoming.framing, Framing::Length(length) if length <= client.buffer.data().len() as u64);
    let fits = matches!(incoming.framing, Framing::Length(length) if length <= limit);
    if !(must || here || (held && fits)) {
        return Ok(Payload::Streamed(incoming.framing));
    }
    match read_body(worker, client, incoming, limit).await {
        Ok(Some(body)) => {
            if shown && !body.is_empty() {
                stages::log_body(&body);
            }
            Ok(Payload::Held(body))
        }
        Ok(None) => Err(NoPayload::Own(Own::TooLarge)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(NoPayload::Own(shared.failed("the body's chunks are malformed")))
        }
        Err(_) => Err(NoPayload::Broken),
    }
}

/// Sends a request to its upstream, and the answer back.
async fn forward(
    worker: &Worker,
    client: &mut Client,
    request: &Request,
    passage: &Passage,
    incoming: &mut Incoming,
) -> (u16, u64, Next) {
    let shared = &worker.shared;
    let payload = match payload(worker, client, passage, incoming).await {
        Ok(payload) => payload,
        Err(NoPayload::Own(own)) => return answer_own(worker, client, request, incoming, &own).await,
        Err(NoPayload::Broken) => return (0, 0, Next::Abort),
    };
    let held = match &payload {
        Payload::Held(body) => Some(body.as_slice()),
        Payload::Streamed(_) => None,
    };
    let upstream = match passage.watch {
        None => Ok(Upstream::Nova),
        Some(_) => decide(worker, request, passage, held),
    };
    let upstream = match upstream {
        Ok(upstream) => upstream,
        Err(own) => return answer_own(worker, client, request, incoming, &own).await,
    };
    let authority = shared.authority(upstream);
    tracing::debug!(target: PROXY, "Proxy the request to the remote host: ({authority})");
    let upgrade = request.head.connection_has(b"upgrade") && request.head.fields.get(b"upgrade").is_some();
    let body = match &payload {
        Payload::Held(body) if body.is_empty() => Framing::Empty,
        Payload::Held(body) => Framing::Length(body.len() as u64),
        Payload::Streamed(framing) => *framing,
    };
    let onward = Onward {
        authority,
        scheme: request.scheme,
        peer: &request.peer,
        identity: passage.identity.as_deref().map(str::as_bytes),
        body,
        upgrade,
    };
    let mut out = Vec::with_capacity(1024 + held.map_or(0, <[u8]>::len));
    write_request(&request.head, &request.path, &request.query, &onward, &mut out);
    if shared.debug() && shared.pipeline.as_ref().is_some_and(|pipeline| pipeline.app == App::DebugProxy) {
        log_request(request, held);
    }
    out.extend_from_slice(held.unwrap_or_default());
    let challenge = match (&passage.identity, &shared.validator) {
        (Some(_), Some(validator)) => Some(validator.challenge()),
        _ => None,
    };
    let terms = Relay { worker, request, upstream, challenge, upgrade, begun: Instant::now() };
    let relayed = match payload {
        Payload::Held(_) => send_held(worker, client, &terms, &out).await,
        Payload::Streamed(framing) => {
            if go_on(worker, client, incoming).await.is_err() {
                return (0, 0, Next::Abort);
            }
            send_streamed(worker, client, incoming, &terms, framing, out).await
        }
    };
    finish(worker, client, request, incoming, upstream, relayed).await
}

fn decide(
    worker: &Worker,
    request: &Request,
    passage: &Passage,
    held: Option<&[u8]>,
) -> Result<Upstream, Own> {
    let shared = &worker.shared;
    if passage.watch == Some(Watch::Log) && shared.debug() {
        // the original parses what it prints
        let body = held.unwrap_or_default();
        let content_type = request.head.fields.get(b"content-type");
        if action::is_json(content_type, body)
            && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err()
        {
            return Err(shared.failed("the body cannot be parsed"));
        }
    }
    stages::decide(shared, request, passage, held).map_err(|why| {
        tracing::info!(target: ACCEPTOR, "{} is answered 500: {why}", request.head.line());
        shared.failed(why)
    })
}

/// An answer's way back, and the connection it came on.
type Returned = (Result<Relayed, Trouble>, Option<Link>);

/// Sends a request that is whole, a second time if a connection that was used before turns out to be closed.
async fn send_held(worker: &Worker, client: &mut Client, terms: &Relay<'_>, out: &[u8]) -> Returned {
    let repeatable = matches!(terms.request.head.method(), b"GET" | b"HEAD" | b"OPTIONS") && !terms.upgrade;
    let patience = worker.shared.config.answer_timeout;
    let mut link = worker.upstreams.reuse(terms.upstream, repeatable);
    loop {
        let mut own = match link.take() {
            Some(link) => link,
            None => match worker.upstreams.connect(terms.upstream).await {
                Ok(link) => link,
                Err(error) => return (Err(Trouble::Upstream(error.to_string())), None),
            },
        };
        let written = within(Some(patience), own.stream.write_all(out)).await;
        // an upstream that does not read to the end may have answered
        let sent = Cell::new(true);
        let relayed = relay(terms, &mut own.stream, &mut own.buffer, &mut client.stream, &sent).await;
        match relayed {
            Err(Trouble::Silent(_)) if own.reused && repeatable => {}
            Err(Trouble::Silent(text)) => {
                let text = written.err().map_or(text, |error| format!("cannot send the request: {error}"));
                return (Err(Trouble::Upstream(text)), None);
            }
            other => return (other, Some(own)),
        }
    }
}

/// Sends a request whose body is still coming, and its answer back at the same time.
async fn send_streamed(
    worker: &Worker,
    client: &mut Client,
    incoming: &mut Incoming,
    terms: &Relay<'_>,
    framing: Framing,
    mut out: Vec<u8>,
) -> Returned {
    let mut link = match worker.upstreams.reuse(terms.upstream, false) {
        Some(link) => link,
        None => match worker.upstreams.connect(terms.upstream).await {
            Ok(link) => link,
            Err(error) => return (Err(Trouble::Upstream(error.to_string())), None),
        },
    };
    let config = &worker.shared.config;
    let patience = Patience { source: config.client_timeout, sink: Some(config.answer_timeout) };
    let sent = Cell::new(false);
    let relayed = {
        let (mut from_client, mut to_client) = tokio::io::split(&mut client.stream);
        let (mut from_upstream, mut to_upstream) = tokio::io::split(&mut link.stream);
        let body = &mut incoming.body;
        let upload = pump(
            &mut from_client,
            &mut client.buffer,
            body,
            &mut to_upstream,
            framing,
            &mut out,
            patience,
            |_| (),
        );
        let download = relay(terms, &mut from_upstream, &mut link.buffer, &mut to_client, &sent);
        tokio::pin!(upload, download);
        tokio::select! {
            biased;
            relayed = &mut download => relayed,
            uploaded = &mut upload => match uploaded {
                Ok(()) => {
                    sent.set(true);
                    incoming.done = true;
                    download.await
                }
                Err(Broken::Source(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Trouble::Malformed),
                Err(Broken::Source(error)) => Err(Trouble::Client(error)),
                // it may have said why it does not read any more
                Err(Broken::Sink(error)) => match timeout(LAST_WORDS, download).await {
                    Ok(Ok(relayed)) => Ok(relayed),
                    _ => Err(Trouble::Upstream(format!("it does not take the body: {error}"))),
                },
            },
        }
    };
    match relayed {
        Err(Trouble::Silent(text)) => (Err(Trouble::Upstream(text)), None),
        other => (other, Some(link)),
    }
}

/// What follows an answer.
async fn finish(
    worker: &Worker,
    client: &mut Client,
    request: &Request,
    incoming: &mut Incoming,
    upstream: Upstream,
    (relayed, link): Returned,
) -> (u16, u64, Next) {
    let shared = &worker.shared;
    match relayed {
        Ok(Relayed { code, sent, keep_upstream, keep_client, tunnel }) => {
            if tunnel && let Some(link) = link {
                join(worker, client, link).await;
                return (code, sent, Next::Abort);
            }
            if let Some(link) = link
                && keep_upstream
                && incoming.done
            {
                worker.upstreams.keep(upstream, link);
            }
            let next = if keep_client && incoming.done { Next::Keep } else { Next::Close };
            (code, sent, next)
        }
        Err(Trouble::Client(_)) => (0, 0, Next::Abort),
        Err(Trouble::Malformed) => (400, 0, Next::Refuse(Refusal::BadFraming)),
        Err(Trouble::Begun(text)) => {
            let authority = shared.authority(upstream);
            tracing::error!(target: PROXY, "{} failed at {authority}: {text}", request.head.line());
            (0, 0, Next::Abort)
        }
        Err(Trouble::Upstream(text) | Trouble::Silent(text)) => {
            let authority = shared.authority(upstream);
            tracing::error!(target: PROXY, "{} failed at {authority}: {text}", request.head.line());
            answer_own(worker, client, request, incoming, &shared.failed(&text)).await
        }
    }
}

/// Passes bytes both ways, once both sides agreed to another protocol.
async fn join(worker: &Worker, client: &mut Client, mut link: Link) {
    let early = async {
        link.stream.write_all(client.buffer.data()).await?;
        client.stream.write_all(link.buffer.data()).await?;
        client.buffer.consume(usize::MAX / 2);
        client.buffer.release();
        copy_bidirectional(&mut client.stream, &mut link.stream).await
    };
    tokio::select! {
        // how it ended does not matter any more
        _ = early => {}
        () = worker.stopped() => {}
    }
}

fn log_request(request: &Request, body: Option<&[u8]>) {
    for (name, value) in request.head.fields.iter() {
        tracing::debug!(target: PROXY, "REQ header: ({})", stages::header_line(name, value));
    }
    if let Some(body) = body {
        let text = String::from_utf8_lossy(body);
        tracing::debug!(target: PROXY, "REQ body: ({})", crate::log::mask::json(&text));
    }
}

fn log_access(worker: &Worker, request: &Request, code: u16, sent: u64, elapsed: Duration) {
    let forwarded = request.head.fields.get(b"x-forwarded-for").map(String::from_utf8_lossy);
    let client = forwarded.map_or_else(|| request.peer.clone(), |first| format!("{first},{}", request.peer));
    let line = request.head.line();
    let date = jiff::Zoned::now().strftime("%d/%b/%Y %H:%M:%S").to_string();
    let text = worker.shared.access.render(|name| {
        Some(match name {
            "client_ip" => Value::Text(&client),
            "client_port" => Value::Text(""),
            "date_time" => Value::Text(&date),
            "request_line" => Value::Text(&line),
            "status_code" => Value::Int(code.into()),
            "body_length" => Value::Int(i64::try_from(sent).unwrap_or(i64::MAX)),
            "wall_seconds" => Value::Float(elapsed.as_secs_f64()),
            _ => return None,
        })
    });
    tracing::debug!(target: SERVICE, "{text}");
}
