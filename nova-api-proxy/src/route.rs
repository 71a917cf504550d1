//! Which way a request goes.
//!
//! ```text
//! GET ─────────────────────────────────────────────► Nova       (stage `version`: no token asked for)
//! other ──► authtoken ──► acceptor ──► not watched ► Nova
//!                             └──────► watched ────► PUT, DELETE: Nova; POST: by its body, see `action`
//! ```
//!
//! Contract: nova-api-proxy 5, 6.

use std::borrow::Cow;

/// Where a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// nova-api.
    Nova,
    /// The VIM's compute API.
    Vim,
}

/// What the acceptor does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Nothing: it goes to Nova.
    No,
    /// It is logged and goes to Nova.
    Log,
    /// It is logged, and its body decides.
    Body,
}

/// Whether the stage `version` takes a request: every GET whose path begins with `/`.
pub fn is_open(method: &[u8], path: &[u8]) -> bool {
    method == b"GET" && path.first() == Some(&b'/') && !strip_line_end(path).contains(&b'\n')
}

/// What the acceptor does with a request, by its method and decoded path.
pub fn watch(method: &[u8], path: &[u8]) -> Watch {
    let watch = match method {
        b"POST" => Watch::Body,
        b"PUT" | b"DELETE" => Watch::Log,
        _ => return Watch::No,
    };
    if is_watched(path) { watch } else { Watch::No }
}

/// The eleven patterns, which all end in one of four ways.
fn is_watched(path: &[u8]) -> bool {
    if let Some(rest) = path.strip_prefix(b"/v2/") {
        // ^/v2/.*?/servers/[^/]+?/action$
        return anything_then(rest, server_action);
    }
    let Some(rest) = path.strip_prefix(b"/v2.1/") else { return false };
    let line = strip_line_end(rest);
    anything_then(rest, server_action)
        // ^/v2\.1/servers/[^/]+?/action$ and ^/v2\.1/[^/]+?/action$
        || action_of(line, b"servers/")
        || action_of(line, b"")
        // ^/v2\.1/servers$, ^/v2\.1/.*?/servers$ (and with one segment)
        || line == b"servers"
        || anything_then(rest, |rest| if strip_line_end(rest).ends_with(b"/servers") { Some(8) } else { None })
        // ^/v2\.1/servers/[^/]+?$, ^/v2\.1/.*?/servers/[^/]+?$
        || rest.strip_prefix(b"servers/").is_some_and(is_segment)
        || anything_then(rest, server)
}

/// A way a path may end: the length of the end that matches.
type End = fn(&[u8]) -> Option<usize>;

/// Whether `rest` is `.*?` and then this end. A dot is everything but a line end.
fn anything_then(rest: &[u8], end: End) -> bool {
    let length = strip_line_end(rest).len();
    end(rest).is_some_and(|matched| matched <= length && !rest[..length - matched].contains(&b'\n'))
}

/// `/servers/[^/]+?/action` at the end.
fn server_action(rest: &[u8]) -> Option<usize> {
    let line = strip_line_end(rest);
    let before = line.strip_suffix(b"/action")?;
    let slash = before.iter().rposition(|byte| *byte == b'/')?;
    let front = before[..=slash].strip_suffix(b"/servers/")?;
    (slash + 1 < before.len()).then_some(line.len() - front.len())
}

/// `/servers/[^/]+?` at the end.
fn server(rest: &[u8]) -> Option<usize> {
    let line = strip_line_end(rest);
    let slash = line.iter().rposition(|byte| *byte == b'/')?;
    let front = line[..=slash].strip_suffix(b"/servers/")?;
    (slash + 1 < line.len()).then_some(line.len() - front.len())
}

/// `front`, one segment, `/action`, and nothing else.
fn action_of(line: &[u8], front: &[u8]) -> bool {
    let segment = line.strip_prefix(front).and_then(|rest| rest.strip_suffix(b"/action"));
    segment.is_some_and(is_segment)
}

fn is_segment(text: &[u8]) -> bool {
    !text.is_empty() && !text.contains(&b'/')
}

/// A pattern's `$` also matches before a line end that ends the path.
fn strip_line_end(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"\n").unwrap_or(path)
}

/// The path without its `%XX`; broken ones stay as they are.
pub fn decode(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        let hex = |index: usize| after.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    Cow::Owned(decoded)
}

/// Whether a byte of a path is sent as it is.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/')
}

/// Writes a decoded path as the upstreams get it: everything but letters, digits, `_ . - /` as `%XX`.
pub fn encode(path: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in path {
        if is_plain(*byte) {
            out.push(*byte);
        } else {
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Splits a request's target at its first `?`; the query keeps it.
pub fn split_target(target: &[u8]) -> (&[u8], &[u8]) {
    let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    target.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_contracts_patterns_and_their_neighbours() {
        for (path, watched) in [
            // row 1
            ("/v2/t/servers/s/action", true),
            ("/v2//servers/s/action", true),
            ("/v2/a/b/servers/s/action", true),
            ("/v2/t/servers//action", false),
            ("/v2/t/servers/s/x/action", false),
            ("/v2/servers/s/action", false),
            ("/v2/t/servers", false),
            ("/v2/t/servers/s", false),
            // rows 2 and 3
            ("/v2.1/t/servers/s/action", true),
            ("/v2.1//servers/s/action", true),
            ("/v2.1/a/b/servers/s/action", true),
            ("/v2.1/t/servers/s/action/", false),
            ("/v2.1/t/servers/s/Action", false),
            // row 4
            ("/v2.1/servers/s/action", true),
            // row 5
            ("/v2.1/s/action", true),
            ("/v2.1//action", false),
            ("/v2.1/a/b/action", false),
            // row 6
            ("/v2.1/servers", true),
            ("/v2.1/servers/", false),
            // row 7
            ("/v2.1/t/servers", true),
            // row 8
            ("/v2.1/servers/s", true),
            // row 9
            ("/v2.1/a/b/servers", true),
            ("/v2.1//servers", true),
            // rows 10 and 11
            ("/v2.1/t/servers/s", true),
            ("/v2.1//servers/s", true),
            ("/v2.1/t/servers/s/", false),
            ("/v2.1/t/servers/s/os-volume_attachments", false),
            ("/v2.1/t/os-keypairs", false),
            ("/compute/v2.1/servers/s/action", false),
            ("/v2.0/t/servers/s/action", false),
            ("/v2x1/servers/s", false),
            ("/", false),
            ("", false),
            // a `$` matches before a last line end, a dot matches none
            ("/v2.1/servers/s/action\n", true),
            ("/v2.1/a\nb/servers/s/action", false),
            ("/v2.1/t/servers/s\nt/action", true),
        ] {
            assert_eq!(is_watched(path.as_bytes()), watched, "{path:?}");
            let expected = |watch| if watched { watch } else { Watch::No };
            assert_eq!(watch(b"POST", path.as_bytes()), expected(Watch::Body), "{path:?}");
            assert_eq!(watch(b"PUT", path.as_bytes()), expected(Watch::Log), "{path:?}");
            assert_eq!(watch(b"DELETE", path.as_bytes()), expected(Watch::Log), "{path:?}");
            for method in ["GET", "HEAD", "PATCH", "OPTIONS", "post"] {
                assert_eq!(watch(method.as_bytes(), path.as_bytes()), Watch::No, "{method} {path:?}");
            }
        }
    }

    #[test]
    fn only_gets_of_a_path_are_open() {
        for (method, path, open) in [
            ("GET", "/", true),
            ("GET", "/v2.1/t/servers", true),
            ("GET", "/v2.1/t/servers/s/action", true),
            ("GET", "http://h/a", false),
            ("GET", "*", false),
            ("HEAD", "/", false),
            ("get", "/", false),
            ("OPTIONS", "/", false),
            ("PATCH", "/", false),
        ] {
            assert_eq!(is_open(method.as_bytes(), path.as_bytes()), open, "{method} {path}");
        }
    }

    #[test]
    fn paths_are_decoded_and_encoded_again() {
        for (received, decoded, sent) in [
            ("/v2.1/a_b-c.d", "/v2.1/a_b-c.d", "/v2.1/a_b-c.d"),
            ("/a%2fb", "/a/b", "/a/b"),
            ("/a:b", "/a:b", "/a%3Ab"),
            ("/a~b", "/a~b", "/a%7Eb"),
            ("/a,b", "/a,b", "/a%2Cb"),
            ("/%c3%a9", "/é", "/%C3%A9"),
            ("/%zz%4", "/%zz%4", "/%25zz%254"),
            ("/a/../b//c/.", "/a/../b//c/.", "/a/../b//c/."),
            ("/%41%20b", "/A b", "/A%20b"),
            ("http://h/a", "http://h/a", "http%3A//h/a"),
            ("*", "*", "%2A"),
        ] {
            assert_eq!(decode(received.as_bytes()).as_ref(), decoded.as_bytes(), "{received}");
            let mut out = Vec::new();
            encode(decoded.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), sent, "{received}");
        }
        assert_eq!(split_target(b"/a?b?c"), (&b"/a"[..], &b"?b?c"[..]));
        assert_eq!(split_target(b"/a?"), (&b"/a"[..], &b"?"[..]));
        assert_eq!(split_target(b"/a"), (&b"/a"[..], &b""[..]));
    }
}
