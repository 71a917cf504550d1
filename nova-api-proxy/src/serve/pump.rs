//! Bodies on their way, piece by piece: a piece is read only when the one before it was taken, so a slow receiver slows
//! the sender down and no body is held.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::http::buffer::Buffer;
use crate::http::chunked::{CHUNK_END, LAST_CHUNK, write_size};
use crate::http::framing::{Available, Body, Framing};

/// Largest piece, bytes.
pub const PIECE: usize = 64 * 1024;

/// Which side failed.
#[derive(Debug)]
pub enum Broken {
    /// The side that sends: it closed, was silent for too long, or sent no body.
    Source(io::Error),
    /// The side that receives.
    Sink(io::Error),
}

/// The longest silence of each side; none: for ever.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Of the sender.
    pub source: Option<Duration>,
    /// Of the receiver.
    pub sink: Option<Duration>,
}

/// Waits for `future`, for `limit` at most.
///
/// # Errors
/// Those of the future; [`io::ErrorKind::TimedOut`].
pub async fn within<T>(
    limit: Option<Duration>,
    future: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match limit {
        None => future.await,
        Some(limit) => timeout(limit, future).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
    }
}

/// Sends the rest of a body from `source` to `sink`. `out` holds what is to be sent before it; `taken` sees its data.
///
/// # Errors
/// [`Broken`]
#[allow(clippy::too_many_arguments)]
pub async fn pump<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    source: &mut R,
    buffer: &mut Buffer,
    body: &mut Body,
    sink: &mut W,
    framing: Framing,
    out: &mut Vec<u8>,
    patience: Patience,
    mut taken: impl FnMut(&[u8]),
) -> Result<(), Broken> {
    loop {
        match body.available(buffer).map_err(|_| Broken::Source(io::ErrorKind::InvalidData.into()))? {
            Available::Data(length) => {
                let data = &buffer.data()[..length];
                taken(data);
                if framing == Framing::Chunked {
                    write_size(length, out);
                }
                // a small piece goes out together with what stands before it
                if out.is_empty() || length > PIECE / 4 {
                    send(sink, out, patience).await?;
                    within(patience.sink, sink.write_all(data)).await.map_err(Broken::Sink)?;
                } else {
                    out.extend_from_slice(data);
                }
                if framing == Framing::Chunked {
                    out.extend_from_slice(CHUNK_END);
                }
                buffer.consume(length);
            }
            Available::Nothing => {
                send(sink, out, patience).await?;
                let read =
                    within(patience.source, buffer.fill(source, PIECE)).await.map_err(Broken::Source)?;
                if read == 0 {
                    if body.ends_by_close() {
                        break;
                    }
                    return Err(Broken::Source(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            Available::End => break,
        }
    }
    if framing == Framing::Chunked {
        out.extend_from_slice(LAST_CHUNK);
    }
    send(sink, out, patience).await?;
    within(patience.sink, sink.flush()).await.map_err(Broken::Sink)
}

async fn send<W: AsyncWrite + Unpin>(
    sink: &mut W,
    out: &mut Vec<u8>,
    patience: Patience,
) -> Result<(), Broken> {
    if !out.is_empty() {
        within(patience.sink, sink.write_all(out)).await.map_err(Broken::Sink)?;
        out.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pumped(input: &[u8], from: Framing, to: Framing) -> Result<(Vec<u8>, Vec<u8>), Broken> {
        let (mut source, mut sink) = (input, Vec::new());
        let (mut buffer, mut seen, mut out) = (Buffer::default(), Vec::new(), b"HEAD ".to_vec());
        let patience = Patience { source: None, sink: None };
        let mut body = Body::new(from);
        pump(&mut source, &mut buffer, &mut body, &mut sink, to, &mut out, patience, |data| {
            seen.extend_from_slice(data)
        })
        .await?;
        Ok((sink, seen))
    }

    #[tokio::test]
    async fn bodies_change_their_framing_on_the_way() {
        for (input, from, to, sent, data) in [
            ("abc", Framing::Length(3), Framing::Length(3), "HEAD abc", "abc"),
            ("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", Framing::Chunked, Framing::Length(3), "HEAD abc", "abc"),
            ("abc", Framing::Close, Framing::Chunked, "HEAD 3\r\nabc\r\n0\r\n\r\n", "abc"),
            ("abc", Framing::Close, Framing::Close, "HEAD abc", "abc"),
            ("", Framing::Empty, Framing::Empty, "HEAD ", ""),
            ("0\r\n\r\n", Framing::Chunked, Framing::Chunked, "HEAD 0\r\n\r\n", ""),
        ] {
            let (sink, seen) = pumped(input.as_bytes(), from, to).await.unwrap();
            assert_eq!((sink.as_slice(), seen.as_slice()), (sent.as_bytes(), data.as_bytes()), "{input:?}");
        }
        let long = vec![7; 1_000_000];
        let (sink, _) = pumped(&long, Framing::Length(1_000_000), Framing::Length(1_000_000)).await.unwrap();
        assert_eq!(sink[5..], long);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_or_is_none_is_the_senders_fault() {
        for (input, from) in
            [("ab", Framing::Length(3)), ("2\r\na", Framing::Chunked), ("zz", Framing::Chunked)]
        {
            let broken = pumped(input.as_bytes(), from, Framing::Chunked).await.unwrap_err();
            assert!(matches!(broken, Broken::Source(_)), "{input}");
        }
    }

    #[tokio::test]
    async fn silence_has_a_limit() {
        let (mut near, _far) = tokio::io::duplex(16);
        let mut sink = Vec::new();
        let patience = Patience { source: Some(Duration::from_millis(10)), sink: None };
        let (mut buffer, mut body) = (Buffer::default(), Body::new(Framing::Length(1)));
        let broken = pump(
            &mut near,
            &mut buffer,
            &mut body,
            &mut sink,
            Framing::Chunked,
            &mut Vec::new(),
            patience,
            |_| (),
        )
        .await;
        assert!(matches!(broken, Err(Broken::Source(error)) if error.kind() == io::ErrorKind::TimedOut));
    }
}
