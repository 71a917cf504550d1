//! A request as an upstream gets it.
//!
//! Names go out in lower case with `-` for `_`, so that two spellings of a header cannot be told apart behind the proxy;
//! what is removed is removed in every spelling.
//!
//! Contract: nova-api-proxy 5.1, 7.1.

use crate::http::framing::Framing;
use crate::http::head::{Fields, RequestHead, is_same, plain, tokens};
use crate::route;

/// Identity headers, which only the stage authtoken may set. Each also exists with `x-service-` for `x-`, but for those
/// that begin so.
const IDENTITY: [&str; 11] = [
    "x-service-catalog",
    "x-identity-status",
    "x-service-identity-status",
    "x-is-admin-project",
    "x-role",
    "x-user",
    "x-tenant-id",
    "x-tenant-name",
    "x-tenant",
    "x-roles",
    "x-service-roles",
];

/// The rest of the identity headers: these behind `x-` and behind `x-service-`.
const IDENTITY_PARTS: [&str; 10] = [
    "domain-id",
    "domain-name",
    "project-id",
    "project-name",
    "project-domain-id",
    "project-domain-name",
    "user-id",
    "user-name",
    "user-domain-id",
    "user-domain-name",
];

/// What the proxy knows of a request beside its head.
#[derive(Clone, Copy, Debug)]
pub struct Onward<'a> {
    /// `HOST:PORT` of the upstream.
    pub authority: &'a str,
    /// Scheme of the client's connection.
    pub scheme: &'a str,
    /// Address of the client.
    pub peer: &'a str,
    /// Headers of the identity, when authtoken has looked at the request: the client's own are removed.
    pub identity: Option<&'a [u8]>,
    /// How the body is sent.
    pub body: Framing,
    /// Whether the client's wish to change the protocol is passed on.
    pub upgrade: bool,
}

/// What is done with a header of the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Keep,
    /// Belongs to the connection to the client, or is written by the proxy itself.
    Drop,
    Identity,
    KeepType,
    KeepEncoding,
    KeepFor,
    KeepHost,
    KeepProto,
}

/// The rule for a name in lower case.
fn rule(name: &[u8]) -> Rule {
    match name {
        b"host"
        | b"content-length"
        | b"transfer-encoding"
        | b"x-forwarded-server"
        | b"x-forwarded-scheme" => Rule::Drop,
        b"connection" | b"keep-alive" | b"proxy-connection" | b"te" | b"trailer" | b"trailers"
        | b"upgrade" => Rule::Drop,
        b"expect" | b"proxy-authorization" | b"proxy-authenticate" => Rule::Drop,
        b"content-type" => Rule::KeepType,
        b"accept-encoding" => Rule::KeepEncoding,
        b"x-forwarded-for" => Rule::KeepFor,
        b"x-forwarded-host" => Rule::KeepHost,
        b"x-forwarded-proto" => Rule::KeepProto,
        _ if is_identity(name) => Rule::Identity,
        _ => Rule::Keep,
    }
}

/// Whether authtoken removes a header (name in lower case).
fn is_identity(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"x-") else { return false };
    let part = rest.strip_prefix(b"service-").unwrap_or(rest);
    IDENTITY.iter().any(|own| own.as_bytes() == name)
        || IDENTITY_PARTS.iter().any(|own| own.as_bytes() == part)
}

/// Writes the head that an upstream gets. `path` is decoded; `query` begins with its `?`.
pub fn write_request(head: &RequestHead, path: &[u8], query: &[u8], onward: &Onward<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(head.method());
    out.push(b' ');
    route::encode(path, out);
    out.extend_from_slice(query);
    out.extend_from_slice(b" HTTP/1.1\r\n");
    line(out, "host", onward.authority.as_bytes());
    let kept = copy_headers(&head.fields, onward, out);
    if let Some(identity) = onward.identity {
        out.extend_from_slice(identity);
    }
    let host = head.fields.get(b"host");
    line(out, "x-forwarded-server", host.unwrap_or_default());
    line(out, "x-forwarded-scheme", onward.scheme.as_bytes());
    if !kept.has(Rule::KeepFor) {
        line(out, "x-forwarded-for", onward.peer.as_bytes());
    }
    if let (Some(host), false) = (host, kept.has(Rule::KeepHost)) {
        line(out, "x-forwarded-host", host);
    }
    if !kept.has(Rule::KeepProto) {
        line(out, "x-forwarded-proto", onward.scheme.as_bytes());
    }
    if !kept.has(Rule::KeepEncoding) {
        line(out, "accept-encoding", b"identity");
    }
    if onward.body != Framing::Empty && !kept.has(Rule::KeepType) {
        line(out, "content-type", b"text/plain");
    }
    if onward.upgrade {
        line(out, "connection", b"upgrade");
        line(out, "upgrade", head.fields.get(b"upgrade").unwrap_or_default());
    }
    match onward.body {
        Framing::Length(length) => line(out, "content-length", length.to_string().as_bytes()),
        Framing::Chunked => line(out, "transfer-encoding", b"chunked"),
        Framing::Empty | Framing::Close if matches!(head.method(), b"POST" | b"PUT" | b"PATCH") => {
            line(out, "content-length", b"0");
        }
        Framing::Empty | Framing::Close => {}
    }
    out.extend_from_slice(b"\r\n");
}

/// The rules of the headers that were kept.
#[derive(Default)]
struct Kept(Vec<Rule>);

impl Kept {
    fn has(&self, rule: Rule) -> bool {
        self.0.contains(&rule)
    }
}

fn copy_headers(fields: &Fields, onward: &Onward<'_>, out: &mut Vec<u8>) -> Kept {
    let mut kept = Kept::default();
    let named: Vec<&[u8]> = fields.all(b"connection").flat_map(tokens).collect();
    for index in 0..fields.len() {
        let (name, value) = fields.at(index);
        let begin = out.len();
        out.extend(name.iter().map(|byte| plain(*byte)));
        let rule = rule(&out[begin..]);
        let keep = match rule {
            Rule::Drop => false,
            Rule::Identity => onward.identity.is_none(),
            _ => !named.iter().any(|token| is_same(token, name)),
        };
        let first = || !(0..index).any(|before| is_same(fields.at(before).0, name));
        if !keep || !first() {
            out.truncate(begin);
            continue;
        }
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        for later in index + 1..fields.len() {
            let (other, value) = fields.at(later);
            if is_same(other, name) {
                out.push(b',');
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(b"\r\n");
        if rule != Rule::Keep && rule != Rule::Identity {
            kept.0.push(rule);
        }
    }
    kept
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The URL as the client sees it, for the log.
pub fn client_url(head: &RequestHead, scheme: &str, path: &[u8], query: &[u8]) -> String {
    let mut url = format!("{scheme}://").into_bytes();
    url.extend_from_slice(head.fields.get(b"host").unwrap_or_default());
    route::encode(path, &mut url);
    if query != b"?" {
        url.extend_from_slice(query);
    }
    String::from_utf8_lossy(&url).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONWARD: Onward<'static> = Onward {
        authority: "10.0.0.2:18774",
        scheme: "http",
        peer: "10.0.0.9",
        identity: None,
        body: Framing::Empty,
        upgrade: false,
    };

    fn sent(request: &str, onward: &Onward<'_>) -> Vec<String> {
        let head = RequestHead::parse(format!("{request}\r\n").as_bytes()).unwrap();
        let (path, query) = route::split_target(head.target());
        let mut out = Vec::new();
        write_request(&head, &route::decode(path), query, onward, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\r\n\r\n"));
        let mut lines: Vec<String> = text.trim_end().split("\r\n").map(str::to_owned).collect();
        lines[1..].sort();
        lines
    }

    fn header(request: &str, onward: &Onward<'_>, name: &str) -> Option<String> {
        let prefix = format!("{name}: ");
        let lines = sent(&format!("POST / HTTP/1.1\r\n{request}"), onward);
        let mut found = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
        let value = found.next().map(str::to_owned);
        assert_eq!(found.next(), None, "{name} twice");
        value
    }

    #[test]
    fn a_whole_request() {
        let request =
            "GET /v2.1/t/servers?a=b HTTP/1.1\r\nHost: public:8774\r\nX-Auth-Token: tok\r\nAccept: */*\r\n";
        assert_eq!(
            sent(request, &ONWARD),
            [
                "GET /v2.1/t/servers?a=b HTTP/1.1",
                "accept-encoding: identity",
                "accept: */*",
                "host: 10.0.0.2:18774",
                "x-auth-token: tok",
                "x-forwarded-for: 10.0.0.9",
                "x-forwarded-host: public:8774",
                "x-forwarded-proto: http",
                "x-forwarded-scheme: http",
                "x-forwarded-server: public:8774",
            ]
        );
    }

    #[test]
    fn each_rule_for_headers() {
        for (request, name, expected) in [
            ("X_Under: 1\r\n", "x-under", Some("1")),
            ("A: 1\r\na: 2\r\nA: 3\r\n", "a", Some("1,2,3")),
            ("X_A: 1\r\nX-A: 2\r\n", "x-a", Some("1,2")),
            ("Accept-Encoding: gzip\r\n", "accept-encoding", Some("gzip")),
            ("X-Forwarded-Server: evil\r\n", "x-forwarded-server", Some("")),
            ("X-Forwarded-Scheme: evil\r\nHost: h\r\n", "x-forwarded-scheme", Some("http")),
            ("X-Forwarded-For: 1.2.3.4\r\n", "x-forwarded-for", Some("1.2.3.4")),
            ("X-Forwarded-Host: front\r\nHost: h\r\n", "x-forwarded-host", Some("front")),
            ("X-Forwarded-Proto: https\r\n", "x-forwarded-proto", Some("https")),
            ("", "x-forwarded-host", None),
            ("Connection: close, X-Mine\r\nX-Mine: 1\r\n", "x-mine", None),
            ("Connection: close\r\n", "connection", None),
            ("Keep-Alive: 5\r\n", "keep-alive", None),
            ("TE: trailers\r\n", "te", None),
            ("Upgrade: websocket\r\n", "upgrade", None),
            ("Expect: 100-continue\r\n", "expect", None),
            ("Content_Length: 5\r\n", "content-length", Some("0")),
            ("Transfer_Encoding: chunked\r\n", "transfer-encoding", None),
            ("Cookie: a\r\n", "cookie", Some("a")),
            ("X-OpenStack-Nova-API-Version: 2.60\r\n", "x-openstack-nova-api-version", Some("2.60")),
            ("", "content-type", None),
        ] {
            assert_eq!(header(request, &ONWARD, name).as_deref(), expected, "{request} {name}");
        }
    }

    #[test]
    fn bodies_are_announced() {
        for (body, name, expected) in [
            (Framing::Length(14), "content-length", Some("14")),
            (Framing::Length(14), "content-type", Some("text/plain")),
            (Framing::Chunked, "transfer-encoding", Some("chunked")),
            (Framing::Chunked, "content-length", None),
            (Framing::Empty, "content-length", Some("0")),
            (Framing::Empty, "content-type", None),
        ] {
            assert_eq!(header("", &Onward { body, ..ONWARD }, name).as_deref(), expected, "{body:?}");
        }
        assert!(!sent("DELETE / HTTP/1.1\r\n", &ONWARD).iter().any(|line| line.starts_with("content-")));
    }

    #[test]
    fn an_upgrade_is_passed_on_when_it_is_wanted() {
        let request = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        let onward = Onward { upgrade: true, ..ONWARD };
        assert_eq!(header(request, &onward, "connection").unwrap(), "upgrade");
        assert_eq!(header(request, &onward, "upgrade").unwrap(), "websocket");
    }

    /// The contract's list of headers that authtoken removes, in any spelling.
    #[test]
    fn a_client_cannot_set_its_identity() {
        let identity = b"x-identity-status: Confirmed\r\nx-user: real\r\n";
        let onward = Onward { identity: Some(identity), ..ONWARD };
        let mut names: Vec<String> = IDENTITY.iter().map(|name| (*name).to_owned()).collect();
        for part in IDENTITY_PARTS {
            names.push(format!("x-{part}"));
            names.push(format!("x-service-{part}"));
        }
        for name in names {
            for spelling in [name.clone(), name.to_uppercase(), name.replace('-', "_")] {
                let request = format!("POST / HTTP/1.1\r\n{spelling}: forged\r\n");
                let lines = sent(&request, &onward);
                assert!(!lines.iter().any(|line| line.contains("forged")), "{spelling}");
                assert!(lines.contains(&"x-user: real".to_owned()));
                let lines = sent(&request, &ONWARD);
                assert!(
                    lines.contains(&format!("{name}: forged")),
                    "without authtoken they pass: {spelling}"
                );
            }
        }
        for name in ["x-users", "x-project", "x-service-token", "x-auth-token", "x-service-user"] {
            assert!(!is_identity(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn urls_are_the_clients_view() {
        let head = RequestHead::parse(b"POST /a%2fb?x=1 HTTP/1.1\r\nHost: h:8774\r\n\r\n").unwrap();
        assert_eq!(client_url(&head, "https", b"/a/b", b"?x=1"), "https://h:8774/a/b?x=1");
        assert_eq!(client_url(&head, "http", b"/a:b", b"?"), "http://h:8774/a%3Ab");
    }
}
