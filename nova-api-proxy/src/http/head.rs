//! Heads of requests and answers: finding their end, their limits, their parts.
//!
//! Contract: nova-api-proxy 7.3.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::refusal::Refusal;

/// Longest request line, bytes.
pub const MAX_REQUEST_LINE: usize = 50_000;
/// Most bytes of all header lines of a request.
pub const MAX_HEADERS: usize = 65_536;
/// Most headers of a message; the original has no such limit.
pub const MAX_HEADER_COUNT: usize = 1000;
/// Most bytes of an answer's head.
pub const MAX_ANSWER_HEAD: usize = 256 * 1024;
/// Headers that are parsed without taking memory.
const USUAL_COUNT: usize = 64;

/// Looks for the end of a request's head in what has been read so far.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    /// Bytes looked at.
    seen: usize,
    /// Where the line at hand begins.
    line: usize,
    /// Where the headers begin; 0 while in the request line.
    headers: usize,
}

impl Scanner {
    /// The length of the head, once its end is there. `data` begins where it began at the calls before.
    ///
    /// # Errors
    /// What is too long.
    pub fn scan(&mut self, data: &[u8], max_header_line: usize) -> Result<Option<usize>, Refusal> {
        while let Some(offset) = data[self.seen..].iter().position(|byte| *byte == b'\n') {
            let end = self.seen + offset + 1;
            let line = data[self.line..end - 1].strip_suffix(b"\r").unwrap_or(&data[self.line..end - 1]);
            self.check(line.len(), end, max_header_line)?;
            // empty lines before a request do not count
            if line.is_empty() && self.headers > 0 {
                return Ok(Some(end));
            }
            (self.seen, self.line) = (end, end);
            if self.headers == 0 && !line.is_empty() {
                self.headers = end;
            }
        }
        self.seen = data.len();
        self.check(data.len() - self.line, data.len(), max_header_line)?;
        Ok(None)
    }

    fn check(&self, line: usize, end: usize, max_header_line: usize) -> Result<(), Refusal> {
        if self.headers == 0 {
            return if end > MAX_REQUEST_LINE { Err(Refusal::UriTooLong) } else { Ok(()) };
        }
        if line > max_header_line {
            return Err(Refusal::LineTooLong);
        }
        if end - self.headers > MAX_HEADERS { Err(Refusal::HeadTooLarge) } else { Ok(()) }
    }
}

#[derive(Clone, Debug)]
struct Field {
    name: Range<u32>,
    value: Range<u32>,
}

/// The headers of a message.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    list: Vec<Field>,
}

impl Fields {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Name and value of each, as received.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.list.len()).map(|index| self.at(index))
    }

    /// Name and value of one.
    pub fn at(&self, index: usize) -> (&[u8], &[u8]) {
        let field = &self.list[index];
        (self.slice(&field.name), self.slice(&field.value))
    }

    /// The first value of this name (lower case, with `-`). `_` counts as `-`, as it did in the original.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find(|(own, _)| is_same(own, name)).map(|(_, value)| value)
    }

    /// All values of this name.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(own, _)| is_same(own, name)).map(|(_, value)| value)
    }

    fn slice(&self, range: &Range<u32>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }

    fn range(&self, base: usize, part: &[u8]) -> Range<u32> {
        let start = part.as_ptr() as usize - base;
        start as u32..(start + part.len()) as u32
    }
}

/// Whether two header names are the same, case and `_` against `-` apart.
pub fn is_same(name: &[u8], other: &[u8]) -> bool {
    name.len() == other.len() && name.iter().zip(other).all(|(a, b)| plain(*a) == plain(*b))
}

/// A byte of a header name as it is sent on: lower case, `-` for `_`.
pub const fn plain(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}

/// A request without its body.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// The headers.
    pub fields: Fields,
    method: Range<u32>,
    target: Range<u32>,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor: u8,
}

impl RequestHead {
    /// Parses a whole head.
    ///
    /// # Errors
    /// It is not HTTP, or has too many headers.
    pub fn parse(head: &[u8]) -> Result<Self, Refusal> {
        let mut few = [MaybeUninit::uninit(); USUAL_COUNT];
        match Self::parse_with(head, &mut few) {
            Err(httparse::Error::TooManyHeaders) => {}
            parsed => return parsed.map_err(|_| Refusal::NotHttp),
        }
        let mut many = vec![MaybeUninit::uninit(); MAX_HEADER_COUNT];
        Self::parse_with(head, &mut many).map_err(|error| match error {
            httparse::Error::TooManyHeaders => Refusal::HeadTooLarge,
            _ => Refusal::NotHttp,
        })
    }

    fn parse_with<'b>(
        head: &'b [u8],
        room: &mut [MaybeUninit<httparse::Header<'b>>],
    ) -> Result<Self, httparse::Error> {
        let mut request = httparse::Request::new(&mut []);
        let config = httparse::ParserConfig::default();
        match config.parse_request_with_uninit_headers(&mut request, head, room)? {
            httparse::Status::Complete(_) => {}
            httparse::Status::Partial => return Err(httparse::Error::Status),
        }
        let mut parsed = Self { minor: request.version.unwrap_or_default(), ..Self::default() };
        let base = head.as_ptr() as usize;
        parsed.method = parsed.fields.range(base, request.method.unwrap_or_default().as_bytes());
        parsed.target = parsed.fields.range(base, request.path.unwrap_or_default().as_bytes());
        parsed.fields.take(head, request.headers);
        Ok(parsed)
    }

    /// The method as received.
    pub fn method(&self) -> &[u8] {
        self.fields.slice(&self.method)
    }

    /// The target as received: path and query.
    pub fn target(&self) -> &[u8] {
        self.fields.slice(&self.target)
    }

    /// Whether `Connection` names this (lower case).
    pub fn connection_has(&self, token: &[u8]) -> bool {
        has_token(&self.fields, token)
    }

    /// The request line, for the log.
    pub fn line(&self) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes);
        format!("{} {} HTTP/1.{}", text(self.method()), text(self.target()), self.minor)
    }
}

impl Fields {
    fn take(&mut self, head: &[u8], headers: &[httparse::Header<'_>]) {
        let base = head.as_ptr() as usize;
        self.list.reserve_exact(headers.len());
        for header in headers {
            let field = Field {
                name: self.range(base, header.name.as_bytes()),
                value: self.range(base, header.value),
            };
            self.list.push(field);
        }
        self.bytes = head.to_vec();
    }
}

fn has_token(fields: &Fields, token: &[u8]) -> bool {
    fields.all(b"connection").any(|value| tokens(value).any(|own| own.eq_ignore_ascii_case(token)))
}

/// The items of a comma-separated value.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// An answer without its body.
#[derive(Clone, Debug, Default)]
pub struct AnswerHead {
    /// The headers.
    pub fields: Fields,
    /// Status code.
    pub code: u16,
    reason: Range<u32>,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor: u8,
}

/// An upstream's answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage;

impl AnswerHead {
    /// Parses the head at the front of `data`; gives its length, too, or `None` when it has not ended yet.
    ///
    /// # Errors
    /// [`Garbage`].
    pub fn parse(data: &[u8]) -> Result<Option<(Self, usize)>, Garbage> {
        let mut few = [MaybeUninit::uninit(); USUAL_COUNT];
        match Self::parse_with(data, &mut few) {
            Err(httparse::Error::TooManyHeaders) => {}
            parsed => return parsed.map_err(|_| Garbage),
        }
        let mut many = vec![MaybeUninit::uninit(); MAX_HEADER_COUNT];
        Self::parse_with(data, &mut many).map_err(|_| Garbage)
    }

    /// Parses what an upstream sent before it closed: a head that has no empty line at its end is complete, too. The
    /// VIM of 2019 sends such for a failed action.
    ///
    /// # Errors
    /// [`Garbage`], also when not even the status line is complete.
    pub fn parse_closed(data: &[u8]) -> Result<Self, Garbage> {
        let Some(end) = data.iter().rposition(|byte| *byte == b'\n') else { return Err(Garbage) };
        let mut whole = data[..=end].to_vec();
        whole.extend_from_slice(b"\r\n");
        Self::parse(&whole)?.map(|(head, _)| head).ok_or(Garbage)
    }

    fn parse_with<'b>(
        data: &'b [u8],
        room: &mut [MaybeUninit<httparse::Header<'b>>],
    ) -> Result<Option<(Self, usize)>, httparse::Error> {
        let mut answer = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let httparse::Status::Complete(length) =
            config.parse_response_with_uninit_headers(&mut answer, data, room)?
        else {
            return Ok(None);
        };
        let mut parsed = Self {
            minor: answer.version.unwrap_or_default(),
            code: answer.code.unwrap_or_default(),
            ..Self::default()
        };
        let head = &data[..length];
        let reason = answer.reason.filter(|reason| !reason.is_empty());
        parsed.reason =
            reason.map_or(0..0, |text| parsed.fields.range(head.as_ptr() as usize, text.as_bytes()));
        parsed.fields.take(head, answer.headers);
        Ok(Some((parsed, length)))
    }

    /// The reason phrase as received.
    pub fn reason(&self) -> &[u8] {
        self.fields.slice(&self.reason)
    }

    /// Whether `Connection` names this (lower case).
    pub fn connection_has(&self, token: &[u8]) -> bool {
        has_token(&self.fields, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(data: &[u8]) -> Result<Option<usize>, Refusal> {
        let whole = Scanner::default().scan(data, 16_384);
        let mut pieces = Scanner::default();
        let step = if data.len() > 2000 { 997 } else { 1 };
        for end in (0..data.len()).step_by(step).chain([data.len()]) {
            let part = pieces.scan(&data[..end], 16_384);
            if part != Ok(None) {
                assert_eq!(part, whole);
                return part;
            }
        }
        assert_eq!(whole, Ok(None));
        whole
    }

    #[test]
    fn heads_end_at_their_empty_line() {
        for (data, expected) in [
            ("GET / HTTP/1.1\r\n\r\nrest", Some(18)),
            ("GET / HTTP/1.1\nA: b\n\n", Some(21)),
            ("\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n", Some(28)),
            ("GET / HTTP/1.1\r\nA: b\r\n", None),
            ("", None),
        ] {
            assert_eq!(scan(data.as_bytes()), Ok(expected), "{data:?}");
        }
    }

    #[test]
    fn the_limits_are_those_of_the_contract() {
        let request = |path: usize, lines: &[usize]| {
            let mut data = format!("GET /{} HTTP/1.1\r\n", "p".repeat(path));
            for line in lines {
                data += &format!("X: {}\r\n", "v".repeat(line - 3));
            }
            data + "\r\n"
        };
        for (path, lines, expected) in [
            (49_000, vec![], None),
            (50_001, vec![], Some(Refusal::UriTooLong)),
            (10, vec![16_000], None),
            (10, vec![16_384], None),
            (10, vec![16_385], Some(Refusal::LineTooLong)),
            (10, vec![17_000], Some(Refusal::LineTooLong)),
            (10, vec![16_000; 4], None),
            (10, vec![16_384; 4], Some(Refusal::HeadTooLarge)),
            (40_000, vec![16_000; 4], None),
        ] {
            let data = request(path, &lines);
            let scanned = scan(data.as_bytes());
            assert_eq!(scanned.err(), expected, "{path} {}", lines.len());
        }
        assert_eq!(scan(&vec![b'x'; 60_000]), Err(Refusal::UriTooLong), "without a line end, too");
    }

    #[test]
    fn requests_are_taken_apart() {
        let head = RequestHead::parse(
            b"POST /a?b HTTP/1.1\r\nHost: h:1\r\nX_Under: 1\r\nx-under:  2 \r\nConnection: a, Keep-Alive\r\nEmpty:\r\n\r\n",
        )
        .unwrap();
        assert_eq!((head.method(), head.target(), head.minor), (&b"POST"[..], &b"/a?b"[..], 1));
        assert_eq!(head.fields.get(b"host"), Some(&b"h:1"[..]));
        assert_eq!(head.fields.all(b"x-under").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(head.fields.get(b"empty"), Some(&b""[..]));
        assert!(
            head.connection_has(b"keep-alive") && head.connection_has(b"a") && !head.connection_has(b"close")
        );
        assert_eq!(head.line(), "POST /a?b HTTP/1.1");
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for data in [
            "hello\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\nA b\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \0\r\n\r\n",
            "G\x01T / HTTP/1.1\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / x HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(RequestHead::parse(data.as_bytes()).unwrap_err(), Refusal::NotHttp, "{data:?}");
        }
        let many = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
        assert_eq!(RequestHead::parse(many(1000).as_bytes()).unwrap().fields.len(), 1000);
        assert_eq!(RequestHead::parse(many(1001).as_bytes()).unwrap_err(), Refusal::HeadTooLarge);
    }

    #[test]
    fn answers_are_taken_apart() {
        let data = b"HTTP/1.1 404 Instance x could not be found\r\nContent-Length: 0\r\n\r\nrest";
        let (head, length) = AnswerHead::parse(data).unwrap().unwrap();
        assert_eq!((head.code, head.reason(), head.minor), (404, &b"Instance x could not be found"[..], 1));
        assert_eq!(&data[length..], b"rest");
        assert!(AnswerHead::parse(b"HTTP/1.1 200 OK\r\nA: b\r\n").unwrap().is_none());
        let (head, _) = AnswerHead::parse(b"HTTP/1.0 204 \r\n\r\n").unwrap().unwrap();
        assert_eq!((head.code, head.reason(), head.minor), (204, &b""[..], 0));
        assert_eq!(AnswerHead::parse(b"SSH-2.0-x\r\n\r\n").unwrap_err(), Garbage);
    }

    #[test]
    fn an_answer_that_breaks_off_in_its_headers_is_one() {
        let head = AnswerHead::parse_closed(b"HTTP/1.0 500 Internal Server Error\r\n").unwrap();
        assert_eq!(head.code, 500);
        let head = AnswerHead::parse_closed(b"HTTP/1.0 202 Accepted\r\nA: b\r\nCut: of").unwrap();
        assert_eq!((head.code, head.fields.len()), (202, 1));
        for data in ["", "HTTP/1.0 200 O", "HTTP/1.0\r\n", "x\r\n"] {
            assert_eq!(AnswerHead::parse_closed(data.as_bytes()).unwrap_err(), Garbage, "{data:?}");
        }
    }
}
