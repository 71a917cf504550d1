//! An answer's way from the upstream to the client.
//!
//! Contract: nova-api-proxy 7.2.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::pump::{Broken, Patience, pump, within};
use super::stages::{self, Request};
use super::worker::Worker;
use crate::answer::{Back, Connection, write_answer};
use crate::http::buffer::Buffer;
use crate::http::framing::{self, Available, Body, Framing};
use crate::http::head::{AnswerHead, MAX_ANSWER_HEAD};
use crate::log::logger::PROXY;
use crate::log::{mask, pyrepr};
use crate::paste::App;
use crate::route::Upstream;

/// First size of the buffer for a head.
const USUAL_HEAD: usize = 16 * 1024;
/// An answer of unknown length is held up to this size, to give it one.
const SMALL: usize = 64 * 1024;
/// So long it is waited for the end of such an answer.
const SOON: Duration = Duration::from_millis(200);
/// Bytes of a POST's answer that the log shows.
const SHOWN: usize = 16 * 1024;

/// What is known of a request whose answer is awaited.
#[derive(Clone, Copy)]
pub struct Relay<'a> {
    /// The worker.
    pub worker: &'a Worker,
    /// The request.
    pub request: &'a Request,
    /// Who answers.
    pub upstream: Upstream,
    /// authtoken's `Www-Authenticate`, for a 401.
    pub challenge: Option<&'a str>,
    /// Whether the client wants to change the protocol.
    pub upgrade: bool,
    /// When the request was sent.
    pub begun: Instant,
}

/// An answer that arrived.
#[derive(Debug)]
pub struct Relayed {
    /// Its status.
    pub code: u16,
    /// Bytes sent to the client.
    pub sent: u64,
    /// Whether the upstream's connection can be used again.
    pub keep_upstream: bool,
    /// Whether the client's can.
    pub keep_client: bool,
    /// Whether both sides agreed to another protocol.
    pub tunnel: bool,
}

/// Why an answer did not arrive.
#[derive(Debug)]
pub enum Trouble {
    /// The upstream closed without a byte.
    Silent(String),
    /// The upstream cannot be reached, or its answer is none; nothing was sent to the client.
    Upstream(String),
    /// The answer broke off after its head was sent.
    Begun(String),
    /// The client is gone.
    Client(io::Error),
    /// The request's body is no body.
    Malformed,
}

/// Reads the answer and sends it on. While `sent` is false the request is still being sent, and the upstream owes nothing.
///
/// # Errors
/// [`Trouble`]
pub async fn relay<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    terms: &Relay<'_>,
    source: &mut R,
    buffer: &mut Buffer,
    sink: &mut W,
    sent: &Cell<bool>,
) -> Result<Relayed, Trouble> {
    let shared = &terms.worker.shared;
    let head = read_head(terms, source, buffer, sent).await?;
    shared.histograms.add(shared.authority(terms.upstream), terms.begun.elapsed());
    if shared.debug() && shared.pipeline.as_ref().is_some_and(|pipeline| pipeline.app == App::DebugProxy) {
        for (name, value) in head.fields.iter() {
            tracing::debug!(target: PROXY, "RESP header: ({})", stages::header_line(name, value));
        }
    }
    if head.code == 101 {
        return switch(terms, &head, sink).await;
    }
    let garbage = |_| Trouble::Upstream("its answer's length is not clear".to_owned());
    let framing = framing::of_answer(terms.request.head.method(), &head).map_err(garbage)?;
    let mut body = Body::new(framing);
    let mut small = Vec::new();
    let whole = hold_small(framing, &mut body, source, buffer, &mut small).await?;
    let old = terms.request.head.minor == 0;
    let onward = match framing {
        Framing::Chunked | Framing::Close if whole => Framing::Length(small.len() as u64),
        Framing::Chunked | Framing::Close if old => Framing::Close,
        Framing::Chunked | Framing::Close => Framing::Chunked,
        known => known,
    };
    let stays = onward != Framing::Close && !terms.worker.is_stopping();
    let connection = Connection::of(&terms.request.head, stays);
    let www_authenticate = terms.challenge.filter(|_| head.code == 401);
    let mut out = Vec::with_capacity(1024);
    write_answer(&head, &Back { body: onward, connection, www_authenticate, upgrade: false }, &mut out);
    let head_length = out.len() as u64;
    let post = terms.request.head.method() == b"POST";
    let mut shown = Vec::new();
    let mut length = 0;
    let mut taken = |data: &[u8]| {
        length += data.len() as u64;
        if post && shown.len() < SHOWN {
            shown.extend_from_slice(&data[..data.len().min(SHOWN - shown.len())]);
        }
    };
    if !small.is_empty() {
        taken(&small);
        if onward == Framing::Chunked {
            crate::http::chunked::write_size(small.len(), &mut out);
        }
        out.append(&mut small);
        if onward == Framing::Chunked {
            out.extend_from_slice(crate::http::chunked::CHUNK_END);
        }
    }
    let patience =
        Patience { source: Some(shared.config.answer_timeout), sink: shared.config.client_timeout };
    let mut rest = if whole { Body::new(Framing::Empty) } else { body };
    pump(source, buffer, &mut rest, sink, onward, &mut out, patience, &mut taken).await.map_err(
        |broken| match broken {
            Broken::Source(error) => Trouble::Begun(format!("its answer breaks off: {error}")),
            Broken::Sink(error) => Trouble::Client(error),
        },
    )?;
    if post {
        log_post(terms, &shown, length);
    }
    let alive =
        if head.minor == 0 { head.connection_has(b"keep-alive") } else { !head.connection_has(b"close") };
    Ok(Relayed {
        code: head.code,
        sent: head_length + length,
        keep_upstream: alive && framing != Framing::Close && buffer.is_empty(),
        keep_client: connection != Connection::Close,
        tunnel: false,
    })
}

/// Reads the head; answers that are only preliminary are dropped.
async fn read_head<R: AsyncRead + Unpin>(
    terms: &Relay<'_>,
    source: &mut R,
    buffer: &mut Buffer,
    sent: &Cell<bool>,
) -> Result<AnswerHead, Trouble> {
    let limit = terms.worker.shared.config.answer_timeout;
    let garbage = || Trouble::Upstream("its answer is not HTTP".to_owned());
    let mut silent = true;
    loop {
        if !buffer.is_empty() {
            silent = false;
            match AnswerHead::parse(buffer.data()).map_err(|_| garbage())? {
                Some((head, length)) => {
                    buffer.consume(length);
                    if head.code >= 200 || (head.code == 101 && terms.upgrade) {
                        return Ok(head);
                    }
                    continue;
                }
                None if buffer.data().len() >= MAX_ANSWER_HEAD => {
                    return Err(Trouble::Upstream("its answer's head is too long".to_owned()));
                }
                None => {}
            }
        }
        let room = if buffer.data().len() < USUAL_HEAD { USUAL_HEAD } else { MAX_ANSWER_HEAD };
        let read = loop {
            match timeout(limit, buffer.fill(source, room)).await {
                Ok(read) => break read,
                Err(_) if !sent.get() => {}
                Err(_) => return Err(Trouble::Upstream(format!("no answer within {} s", limit.as_secs()))),
            }
        };
        match read {
            Ok(1..) => {}
            Ok(0) if !silent && !buffer.is_empty() => {
                let head = AnswerHead::parse_closed(buffer.data()).map_err(|_| garbage())?;
                buffer.consume(usize::MAX / 2);
                return Ok(head);
            }
            Ok(_) => return Err(silence(silent, "it closed without an answer".to_owned())),
            Err(error) => return Err(silence(silent, format!("no answer: {error}"))),
        }
    }
}

fn silence(silent: bool, text: String) -> Trouble {
    if silent { Trouble::Silent(text) } else { Trouble::Upstream(text) }
}

/// Tells the client that the upstream agrees to another protocol.
async fn switch<W: AsyncWrite + Unpin>(
    terms: &Relay<'_>,
    head: &AnswerHead,
    sink: &mut W,
) -> Result<Relayed, Trouble> {
    let mut out = Vec::new();
    let back =
        Back { body: Framing::Empty, connection: Connection::Usual, www_authenticate: None, upgrade: true };
    write_answer(head, &back, &mut out);
    let limit = terms.worker.shared.config.client_timeout;
    within(limit, tokio::io::AsyncWriteExt::write_all(sink, &out)).await.map_err(Trouble::Client)?;
    Ok(Relayed { code: 101, sent: out.len() as u64, keep_upstream: false, keep_client: false, tunnel: true })
}

/// Reads an answer of unknown length as far as it comes soon and is small. True when that is all of it: then its length
/// is known, as the original, which holds every answer, tells it always.
async fn hold_small<R: AsyncRead + Unpin>(
    framing: Framing,
    body: &mut Body,
    source: &mut R,
    buffer: &mut Buffer,
    small: &mut Vec<u8>,
) -> Result<bool, Trouble> {
    if !matches!(framing, Framing::Chunked | Framing::Close) {
        return Ok(false);
    }
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let malformed = |_| Trouble::Upstream("its answer's chunks are malformed".to_owned());
        match body.available(buffer).map_err(malformed)? {
            Available::End => return Ok(true),
            Available::Data(length) => {
                small.extend_from_slice(&buffer.data()[..length]);
                buffer.consume(length);
            }
            Available::Nothing if small.len() >= SMALL => return Ok(false),
            Available::Nothing => match tokio::time::timeout_at(deadline, buffer.fill(source, USUAL_HEAD))
                .await
            {
                Err(_) => return Ok(false),
                Ok(Ok(1..)) => {}
                Ok(Ok(_)) if body.ends_by_close() => return Ok(true),
                Ok(Ok(_)) => return Err(Trouble::Upstream("its answer breaks off".to_owned())),
                Ok(Err(error)) => return Err(Trouble::Upstream(format!("its answer breaks off: {error}"))),
            },
        }
    }
}

fn log_post(terms: &Relay<'_>, shown: &[u8], length: u64) {
    let path = &terms.request.path;
    if path.windows(b"os-keypairs".len()).any(|part| part == b"os-keypairs") {
        tracing::info!(target: PROXY, "POST response body: <keypair. redacted>");
        return;
    }
    let text = String::from_utf8_lossy(shown);
    let text = pyrepr::body(&mask::json(&text));
    if length > shown.len() as u64 {
        tracing::info!(target: PROXY, "POST response body: {text} ({length} bytes)");
    } else {
        tracing::info!(target: PROXY, "POST response body: {text}");
    }
}
