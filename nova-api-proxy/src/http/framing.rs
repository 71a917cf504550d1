//! Where a body ends.
//!
//! A request whose length two programs could read differently is refused (request smuggling); an upstream's answer of
//! that kind is an error of the upstream.

use super::buffer::Buffer;
use super::chunked::{Chunked, Malformed, Step};
use super::head::{AnswerHead, Fields, Garbage, RequestHead};
use super::refusal::Refusal;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// By its length.
    Length(u64),
    /// In chunks.
    Chunked,
    /// By the end of the connection; answers only.
    Close,
}

/// The framing of a request's body.
///
/// # Errors
/// [`Refusal::BadFraming`]; also for more than one `Host`.
pub fn of_request(head: &RequestHead) -> Result<Framing, Refusal> {
    let length = content_length(&head.fields).map_err(|()| Refusal::BadFraming)?;
    if exact(&head.fields, b"host").count() > 1 {
        return Err(Refusal::BadFraming);
    }
    let mut codings = exact(&head.fields, b"transfer-encoding");
    match (codings.next(), codings.next(), length) {
        (None, _, None | Some(0)) => Ok(Framing::Empty),
        (None, _, Some(length)) => Ok(Framing::Length(length)),
        (Some(coding), None, None) if head.minor == 1 && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        _ => Err(Refusal::BadFraming),
    }
}

/// The framing of the body of an answer to a request of this method.
///
/// # Errors
/// [`Garbage`].
pub fn of_answer(method: &[u8], head: &AnswerHead) -> Result<Framing, Garbage> {
    let length = content_length(&head.fields).map_err(|()| Garbage)?;
    if method == b"HEAD" || matches!(head.code, 100..=199 | 204 | 304) {
        return Ok(Framing::Empty);
    }
    let mut codings = exact(&head.fields, b"transfer-encoding").peekable();
    if codings.peek().is_some() {
        let only = codings.next().filter(|_| codings.next().is_none());
        return match only {
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            _ => Err(Garbage),
        };
    }
    Ok(match length {
        Some(0) => Framing::Empty,
        Some(length) => Framing::Length(length),
        None => Framing::Close,
    })
}

/// The one length that all `Content-Length` headers give.
fn content_length(fields: &Fields) -> Result<Option<u64>, ()> {
    let mut length = None;
    for value in exact(fields, b"content-length") {
        let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
        let own =
            std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok()).ok_or(())?;
        if length.is_some_and(|length| length != own) {
            return Err(());
        }
        length = Some(own);
    }
    Ok(length)
}

/// Values of a header whose name is exactly this, but for case: `Content_Length` is no `Content-Length`.
fn exact<'a>(fields: &'a Fields, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The place in a body.
#[derive(Clone, Debug)]
pub struct Body(Place);

#[derive(Clone, Debug)]
enum Place {
    Length(u64),
    Chunked(Chunked),
    Close,
}

/// What stands at the front of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Available {
    /// This many bytes of the body; they count as used by the body.
    Data(usize),
    /// More must be read.
    Nothing,
    /// The body has ended.
    End,
}

impl Body {
    /// At the begin of a body.
    pub fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Empty => Place::Length(0),
            Framing::Length(length) => Place::Length(length),
            Framing::Chunked => Place::Chunked(Chunked::default()),
            Framing::Close => Place::Close,
        })
    }

    /// Whether the end of the connection is the end of the body.
    pub fn ends_by_close(&self) -> bool {
        matches!(self.0, Place::Close)
    }

    /// Looks at the front of the buffer, and drops what belongs to the framing. Data must be consumed before the next
    /// call.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn available(&mut self, buffer: &mut Buffer) -> Result<Available, Malformed> {
        match &mut self.0 {
            Place::Length(0) => Ok(Available::End),
            _ if buffer.is_empty() => Ok(Available::Nothing),
            Place::Length(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.data().len());
                *left -= length as u64;
                Ok(Available::Data(length))
            }
            Place::Close => Ok(Available::Data(buffer.data().len())),
            Place::Chunked(chunked) => {
                let step = chunked.step(buffer.data())?;
                let (skip, available) = match step {
                    Step::More { skip } => (skip, Available::Nothing),
                    Step::Data { skip, length } => (skip, Available::Data(length)),
                    Step::End { skip } => (skip, Available::End),
                };
                buffer.consume(skip);
                Ok(available)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_bodies_and_what_is_refused() {
        for (headers, minor, expected) in [
            ("", 1, Ok(Framing::Empty)),
            ("Content-Length: 0\r\n", 1, Ok(Framing::Empty)),
            ("Content-Length: 14\r\n", 1, Ok(Framing::Length(14))),
            ("Content-Length: 14\r\ncontent-length: 14\r\n", 1, Ok(Framing::Length(14))),
            ("Transfer-Encoding: Chunked\r\n", 1, Ok(Framing::Chunked)),
            // no two readings
            ("Content-Length: 14\r\nContent-Length: 15\r\n", 1, Err(())),
            ("Content-Length: 14, 14\r\n", 1, Err(())),
            ("Content-Length: +14\r\n", 1, Err(())),
            ("Content-Length: -1\r\n", 1, Err(())),
            ("Content-Length: 0x1\r\n", 1, Err(())),
            ("Content-Length: 1 2\r\n", 1, Err(())),
            ("Content-Length:\r\n", 1, Err(())),
            ("Content-Length: 9999999999999999999\r\n", 1, Err(())),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 1, Err(())),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 1, Err(())),
            ("Transfer-Encoding: chunked\r\n", 0, Err(())),
            ("Transfer-Encoding: identity\r\n", 1, Err(())),
            ("Transfer-Encoding: gzip, chunked\r\n", 1, Err(())),
            ("Transfer-Encoding: chunked, chunked\r\n", 1, Err(())),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 1, Err(())),
            ("Transfer-Encoding: xchunked\r\n", 1, Err(())),
            ("Transfer-Encoding:\r\n", 1, Err(())),
            ("Host: a\r\nHost: a\r\n", 1, Err(())),
            // not the header that tells the length
            ("Content_Length: 5\r\n", 1, Ok(Framing::Empty)),
            ("Transfer_Encoding: chunked\r\n", 1, Ok(Framing::Empty)),
        ] {
            let head =
                RequestHead::parse(format!("POST / HTTP/1.{minor}\r\n{headers}\r\n").as_bytes()).unwrap();
            assert_eq!(of_request(&head), expected.map_err(|()| Refusal::BadFraming), "{headers}");
        }
    }

    #[test]
    fn answer_bodies() {
        for (method, code, headers, expected) in [
            ("GET", 200, "Content-Length: 5\r\n", Ok(Framing::Length(5))),
            ("GET", 200, "Content-Length: 0\r\n", Ok(Framing::Empty)),
            ("GET", 200, "Transfer-Encoding: chunked\r\n", Ok(Framing::Chunked)),
            ("GET", 200, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Ok(Framing::Chunked)),
            ("GET", 200, "", Ok(Framing::Close)),
            ("HEAD", 200, "Content-Length: 5\r\n", Ok(Framing::Empty)),
            ("HEAD", 200, "Transfer-Encoding: chunked\r\n", Ok(Framing::Empty)),
            ("GET", 204, "", Ok(Framing::Empty)),
            ("GET", 304, "Content-Length: 5\r\n", Ok(Framing::Empty)),
            ("GET", 200, "Content-Length: 5\r\nContent-Length: 6\r\n", Err(Garbage)),
            ("GET", 200, "Content-Length: x\r\n", Err(Garbage)),
            ("GET", 200, "Transfer-Encoding: gzip\r\n", Err(Garbage)),
        ] {
            let (head, _) =
                AnswerHead::parse(format!("HTTP/1.1 {code} X\r\n{headers}\r\n").as_bytes()).unwrap().unwrap();
            assert_eq!(of_answer(method.as_bytes(), &head), expected, "{method} {code} {headers}");
        }
    }

    #[test]
    fn bodies_leave_what_follows_them() {
        for (framing, input, data) in [
            (Framing::Length(3), "abcREST", "abc"),
            (Framing::Empty, "REST", ""),
            (Framing::Chunked, "1\r\na\r\n2\r\nbc\r\n0\r\n\r\nREST", "abc"),
        ] {
            let (mut buffer, mut body, mut read) = (Buffer::default(), Body::new(framing), Vec::new());
            buffer.extend(input.as_bytes());
            loop {
                match body.available(&mut buffer).unwrap() {
                    Available::Data(length) => {
                        read.extend_from_slice(&buffer.data()[..length]);
                        buffer.consume(length);
                    }
                    Available::End => break,
                    Available::Nothing => panic!("{framing:?}"),
                }
            }
            assert_eq!((read.as_slice(), buffer.data()), (data.as_bytes(), &b"REST"[..]), "{framing:?}");
        }
    }
}
