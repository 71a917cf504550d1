//! The answers to what is no good request. The connection is closed after each.
//!
//! Contract: nova-api-proxy 7.3, 7.4.

/// Why a request is not looked at any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request line is too long.
    UriTooLong,
    /// A header line is too long.
    LineTooLong,
    /// The headers together are too long, or too many.
    HeadTooLarge,
    /// The length of the body is not clear: a wrong `Content-Length`, several, or one beside `Transfer-Encoding`.
    BadFraming,
    /// It is not HTTP.
    NotHttp,
}

/// The page of Python's standard library for what it cannot parse.
const PAGE: &str = "<head>\n<title>Error response</title>\n</head>\n<body>\n<h1>Error response</h1>\n\
                    <p>Error code 400.\n<p>Message: Bad request syntax.\n<p>Error code explanation: 400 = Bad request \
                    syntax or unsupported method.\n</body>\n";

impl Refusal {
    /// The whole answer.
    pub fn answer(self) -> String {
        let status = match self {
            Self::UriTooLong => "414 Request URI Too Long",
            Self::LineTooLong => "400 Header Line Too Long",
            Self::HeadTooLarge => "400 Headers Too Large",
            Self::BadFraming => "400 Bad Request",
            Self::NotHttp => {
                return format!(
                    "HTTP/1.0 400 Bad request syntax\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{PAGE}",
                    PAGE.len()
                );
            }
        };
        format!("HTTP/1.0 {status}\r\nConnection: close\r\nContent-length: 0\r\n\r\n")
    }
}
