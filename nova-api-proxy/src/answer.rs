//! An answer as the client gets it: an upstream's, or the proxy's own.
//!
//! Contract: nova-api-proxy 5.1, 7.2, 7.4.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::http::framing::Framing;
use crate::http::head::{AnswerHead, RequestHead, is_same, tokens};

/// What the proxy knows of an answer beside its head.
#[derive(Clone, Copy, Debug)]
pub struct Back<'a> {
    /// How the body is sent to the client.
    pub body: Framing,
    /// What `Connection` says.
    pub connection: Connection,
    /// A `Www-Authenticate` to add: authtoken's, to a 401 behind it.
    pub www_authenticate: Option<&'a str>,
    /// Protocol to change to, when the upstream agreed.
    pub upgrade: bool,
}

/// What `Connection` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing: it stays open, as is usual.
    Usual,
    /// `keep-alive`, to clients that asked for it.
    KeepAlive,
    /// `close`.
    Close,
}

impl Connection {
    /// What is said to a client; `stays` if the connection can stay open for the proxy's part.
    pub fn of(head: &RequestHead, stays: bool) -> Self {
        let asked = head.connection_has(b"keep-alive");
        if !stays || head.connection_has(b"close") || (head.minor == 0 && !asked) {
            Self::Close
        } else if asked {
            Self::KeepAlive
        } else {
            Self::Usual
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Usual => {}
            Self::KeepAlive => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            Self::Close => out.extend_from_slice(b"Connection: close\r\n"),
        }
    }
}

/// Headers that belong to the connection to the upstream.
const REMOVED: [&str; 10] = [
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "upgrade",
];

/// Writes an upstream's head.
pub fn write_answer(head: &AnswerHead, back: &Back<'_>, out: &mut Vec<u8>) {
    status_line(head.code, head.reason(), out);
    let named: Vec<&[u8]> = head.fields.all(b"connection").flat_map(tokens).collect();
    let mut dated = false;
    let mut length = false;
    for (name, value) in head.fields.iter() {
        let same = |other: &str| is_same(name, other.as_bytes());
        if REMOVED.iter().any(|other| same(other)) || named.iter().any(|token| is_same(token, name)) {
            continue;
        }
        if same("content-length") {
            // in chunks or until the end it is not true any more; several that agree are one
            if length || matches!(back.body, Framing::Chunked | Framing::Close) {
                continue;
            }
            length = true;
        }
        dated |= same("date");
        write_name(name, out);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    if let Some(value) = back.www_authenticate {
        out.extend_from_slice(format!("Www-Authenticate: {value}\r\n").as_bytes());
    }
    if back.upgrade {
        let protocol = head.fields.get(b"upgrade").unwrap_or_default();
        out.extend_from_slice(b"Upgrade: ");
        out.extend_from_slice(protocol);
        out.extend_from_slice(b"\r\nConnection: upgrade\r\n\r\n");
        return;
    }
    match back.body {
        Framing::Empty if !length => out.extend_from_slice(b"Content-Length: 0\r\n"),
        Framing::Length(bytes) if !length => {
            out.extend_from_slice(format!("Content-Length: {bytes}\r\n").as_bytes());
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::Empty | Framing::Length(_) | Framing::Close => {}
    }
    if !dated {
        write_date(out);
    }
    back.connection.write(out);
    out.extend_from_slice(b"\r\n");
}

fn status_line(code: u16, reason: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("HTTP/1.1 {code} ").as_bytes());
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

/// `X-Openstack-Request-Id`: every part begins with a capital and goes on in small letters.
fn write_name(name: &[u8], out: &mut Vec<u8>) {
    let mut first = true;
    for byte in name {
        out.push(if first { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() });
        first = *byte == b'-';
    }
}

fn write_date(out: &mut Vec<u8>) {
    // the years of the calendar that the printer knows do not end
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()).unwrap_or_default();
    out.extend_from_slice(format!("Date: {date}\r\n").as_bytes());
}

/// An answer of the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// The token is missing or not valid; with the value of `Www-Authenticate`.
    Unauthorized(String),
    /// Keystone cannot say.
    Unavailable,
    /// Anything else went wrong; the text is shown when `debug` is on.
    Failed(Option<String>),
    /// The body of an action is too long to be looked at.
    TooLarge,
}

const UNAUTHORIZED: &str = "{\"error\": {\"message\": \"The request you have made requires authentication.\", \
                            \"code\": 401, \"title\": \"Unauthorized\"}}";
const UNAVAILABLE: &str = "The server is currently unavailable. Please try again at a later time.";

impl Own {
    /// Its status code.
    pub fn code(&self) -> u16 {
        match self {
            Self::Unauthorized(_) => 401,
            Self::Unavailable => 503,
            Self::Failed(_) => 500,
            Self::TooLarge => 413,
        }
    }

    /// Writes the whole answer to a request.
    pub fn write(&self, head: &RequestHead, connection: Connection, out: &mut Vec<u8>) {
        let (reason, content_type, body) = match self {
            Self::Unauthorized(_) => ("Unauthorized", "application/json", UNAUTHORIZED.to_owned()),
            Self::Unavailable => {
                let (content_type, body) = unavailable(head.fields.get(b"accept").unwrap_or_default());
                ("Service Unavailable", content_type, body)
            }
            Self::Failed(text) => ("Internal Server Error", "text/plain", text.clone().unwrap_or_default()),
            Self::TooLarge => {
                ("Request Entity Too Large", "text/plain", "The body of an action is too long.".to_owned())
            }
        };
        status_line(self.code(), reason.as_bytes(), out);
        out.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
        if let Self::Unauthorized(value) = self {
            out.extend_from_slice(format!("Www-Authenticate: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        write_date(out);
        connection.write(out);
        out.extend_from_slice(b"\r\n");
        if head.method() != b"HEAD" {
            out.extend_from_slice(body.as_bytes());
        }
    }
}

/// Type and body of a 503, by what the client accepts.
fn unavailable(accept: &[u8]) -> (&'static str, String) {
    let accept = String::from_utf8_lossy(accept);
    if accept.contains("html") || accept.contains("*/*") {
        let page = format!(
            "<html>\n <head>\n  <title>503 Service Unavailable</title>\n </head>\n <body>\n  \
             <h1>503 Service Unavailable</h1>\n  {UNAVAILABLE}<br /><br />\n\n\n\n </body>\n</html>"
        );
        ("text/html; charset=UTF-8", page)
    } else if accept.contains("json") {
        let body = format!(
            "{{\"message\": \"{UNAVAILABLE}\", \"code\": \"503 Service Unavailable\", \
             \"title\": \"Service Unavailable\"}}"
        );
        ("application/json", body)
    } else {
        ("text/plain; charset=UTF-8", format!("503 Service Unavailable\n\n{UNAVAILABLE}\n\n   "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(answer: &str, back: Back<'_>) -> Vec<String> {
        let (head, _) = AnswerHead::parse(format!("{answer}\r\n").as_bytes()).unwrap().unwrap();
        let mut out = Vec::new();
        write_answer(&head, &back, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\r\n\r\n"));
        text.trim_end().split("\r\n").map(str::to_owned).collect()
    }

    fn back(body: Framing) -> Back<'static> {
        Back { body, connection: Connection::Usual, www_authenticate: None, upgrade: false }
    }

    const DATED: &str = "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\n";

    #[test]
    fn status_and_headers_pass_and_names_are_recased() {
        assert_eq!(
            lines(
                "HTTP/1.1 409 My Reason\r\nx-openstack-request-id: req-1\r\nSet-Cookie: a\r\nSET-COOKIE: b\r\n\
                 WWW-AUTHENTICATE: x\r\nETag: \"e\"\r\nX_Odd: 1\r\ncontent-length: 5\r\nLocation: http://other/\r\n\
                 date: D\r\nVary: A\r\n",
                back(Framing::Length(5))
            ),
            [
                "HTTP/1.1 409 My Reason",
                "X-Openstack-Request-Id: req-1",
                "Set-Cookie: a",
                "Set-Cookie: b",
                "Www-Authenticate: x",
                "Etag: \"e\"",
                "X_odd: 1",
                "Content-Length: 5",
                "Location: http://other/",
                "Date: D",
                "Vary: A",
            ]
        );
    }

    #[test]
    fn headers_of_the_connection_are_removed() {
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{DATED}Transfer-Encoding: chunked\r\nConnection: keep-alive, X-Mine\r\nKeep-Alive: 5\r\n\
             Proxy-Authenticate: x\r\nProxy-Authorization: x\r\nTE: x\r\nTrailers: x\r\nTrailer: x\r\nUpgrade: x\r\n\
             X-Mine: 1\r\n"
        );
        assert_eq!(lines(&answer, back(Framing::Length(3)))[2..], ["Content-Length: 3"]);
        assert_eq!(lines(&answer, back(Framing::Chunked))[2..], ["Transfer-Encoding: chunked"]);
        assert!(lines(&answer, back(Framing::Close)).get(2).is_none());
    }

    #[test]
    fn length_and_date_are_added_where_they_are_missing() {
        for (answer, body, expected) in [
            ("HTTP/1.1 204 No Content\r\n", Framing::Empty, "Content-Length: 0"),
            ("HTTP/1.1 304 Not Modified\r\n", Framing::Empty, "Content-Length: 0"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n", Framing::Empty, "Content-Length: 77"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
                Framing::Length(5),
                "Content-Length: 5",
            ),
        ] {
            let lines = lines(answer, back(body));
            let lengths: Vec<&String> =
                lines.iter().filter(|line| line.starts_with("Content-Length")).collect();
            assert_eq!(lengths, [expected], "{answer}");
            assert_eq!(
                lines.iter().filter(|line| line.starts_with("Date: ") && line.ends_with("GMT")).count(),
                1
            );
        }
    }

    #[test]
    fn connection_is_said_as_the_contract_tells() {
        for (minor, header, stays, expected) in [
            (1, "", true, Connection::Usual),
            (1, "Connection: keep-alive\r\n", true, Connection::KeepAlive),
            (1, "Connection: close\r\n", true, Connection::Close),
            (1, "", false, Connection::Close),
            (1, "Connection: keep-alive\r\n", false, Connection::Close),
            (0, "", true, Connection::Close),
            (0, "Connection: Keep-Alive\r\n", true, Connection::KeepAlive),
        ] {
            let head =
                RequestHead::parse(format!("GET / HTTP/1.{minor}\r\n{header}\r\n").as_bytes()).unwrap();
            assert_eq!(Connection::of(&head, stays), expected, "{minor} {header} {stays}");
        }
        let answer = format!("HTTP/1.0 200 OK\r\n{DATED}Connection: close\r\n");
        let with = |connection| lines(&answer, Back { connection, ..back(Framing::Close) });
        assert_eq!(with(Connection::Close)[2..], ["Connection: close"]);
        assert_eq!(with(Connection::KeepAlive)[2..], ["Connection: keep-alive"]);
    }

    #[test]
    fn a_401_behind_authtoken_gets_its_second_header() {
        let answer = format!("HTTP/1.1 401 Unauthorized\r\n{DATED}Www-Authenticate: nova\r\n");
        let lines =
            lines(&answer, Back { www_authenticate: Some("Keystone uri='u'"), ..back(Framing::Close) });
        assert_eq!(lines[2..], ["Www-Authenticate: nova", "Www-Authenticate: Keystone uri='u'"]);
    }

    #[test]
    fn a_changed_protocol_is_told() {
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: 1\r\n";
        assert_eq!(
            lines(answer, Back { upgrade: true, ..back(Framing::Empty) })[1..],
            ["X: 1", "Upgrade: websocket", "Connection: upgrade"]
        );
    }

    fn own(own: &Own, request: &str) -> String {
        let head = RequestHead::parse(format!("{request}\r\n").as_bytes()).unwrap();
        let mut out = Vec::new();
        own.write(&head, Connection::Close, &mut out);
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with("Date: ")).collect();
        format!("{}|{body}", head.join("|"))
    }

    #[test]
    fn own_answers_are_exact() {
        let unauthorized = Own::Unauthorized("Keystone uri='http://k:5000'".to_owned());
        let body = "{\"error\": {\"message\": \"The request you have made requires authentication.\", \"code\": 401, \
                    \"title\": \"Unauthorized\"}}";
        let head = "HTTP/1.1 401 Unauthorized|Content-Type: application/json|\
                    Www-Authenticate: Keystone uri='http://k:5000'|Content-Length: 114|Connection: close|";
        assert_eq!(own(&unauthorized, "POST / HTTP/1.1\r\n"), format!("{head}{body}"));
        assert_eq!(own(&unauthorized, "HEAD / HTTP/1.1\r\n"), head);
        assert_eq!(
            own(&Own::Failed(None), "GET / HTTP/1.1\r\n"),
            "HTTP/1.1 500 Internal Server Error|Content-Type: text/plain|Content-Length: 0|Connection: close|"
        );
        assert!(
            own(&Own::Failed(Some("why".to_owned())), "GET / HTTP/1.1\r\n")
                .ends_with("|Connection: close|why")
        );
        for (accept, content_type, begin) in [
            ("", "text/plain; charset=UTF-8", "503 Service Unavailable\n\nThe server is currently"),
            ("Accept: */*\r\n", "text/html; charset=UTF-8", "<html>"),
            ("Accept: text/html\r\n", "text/html; charset=UTF-8", "<html>"),
            ("Accept: application/json\r\n", "application/json", "{\"message\": \"The server is currently"),
        ] {
            let text = own(&Own::Unavailable, &format!("POST / HTTP/1.1\r\n{accept}"));
            let head =
                format!("HTTP/1.1 503 Service Unavailable|Content-Type: {content_type}|Content-Length: ");
            assert!(text.starts_with(&head), "{text}");
            assert!(text.split_once("close|").unwrap().1.starts_with(begin), "{text}");
        }
    }
}
