//! JSON objects on a virtio-serial port.
//!
//! A port is a stream of bytes without message boundaries; a peer may have died in the middle of a message. So objects
//! are separated by newlines, and a reader that has lost its place finds it at the next newline.
//!
//! - An object is handed over as soon as it is complete, with or without its newline.
//! - What is not an object, and a fragment that a newline ends, is reported and dropped.
//! - The peers of old do not escape what scripts print. A control character or a byte that is not UTF-8 inside a string
//!   is therefore taken for what it is, not as an error.
//!
//! Contract: guest 3.1.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An object as it was received; key order does not matter.
pub type Object = Map<String, Value>;

/// An object as text, without blanks, for logs.
pub fn text(object: Object) -> String {
    Value::Object(object).to_string()
}

/// What stood where an object was expected. Reading goes on after the next newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A newline came before the object's end.
    #[error("a newline ends a message before it is complete")]
    Incomplete,
    /// The bytes are not a JSON object.
    #[error("a message is not a JSON object")]
    NotAnObject,
    /// No end was found within the limit.
    #[error("a message is longer than {limit} bytes")]
    TooLong {
        /// The limit, bytes.
        limit: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before an object.
    Between,
    /// Inside an object, outside a string.
    Inside,
    /// Inside a string.
    Text,
    /// Behind a backslash inside a string.
    Escape,
    /// After an error: everything up to the next newline is skipped.
    Lost,
}

/// Splits a stream of bytes into JSON objects.
#[derive(Debug)]
pub struct JsonLines {
    limit: usize,
    place: Place,
    depth: usize,
    object: Vec<u8>,
}

impl JsonLines {
    /// A reader that gives an object up when it is longer than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, place: Place::Between, depth: 0, object: Vec::new() }
    }

    /// Forgets what was read of an unfinished object. To be called when the peer has changed.
    pub fn reset(&mut self) {
        self.place = Place::Between;
        self.depth = 0;
        self.object = Vec::new();
    }

    /// Takes the next bytes; gives the objects they complete, in order, and what was wrong between them.
    pub fn on_bytes(&mut self, bytes: &[u8]) -> Vec<Result<Object, FrameError>> {
        self.read(bytes)
    }

    /// As [`on_bytes`](Self::on_bytes), for those who pass an object on: its text is kept, with the order of its keys
    /// and its numbers as they were written.
    pub fn texts(&mut self, bytes: &[u8]) -> Vec<Result<Box<RawValue>, FrameError>> {
        self.read(bytes)
    }

    fn read<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Vec<Result<T, FrameError>> {
        let mut frames = Vec::new();
        for byte in bytes {
            frames.extend(self.on_byte(*byte));
        }
        if self.object.is_empty() {
            // A port that is quiet holds no memory.
            self.object = Vec::new();
        }
        frames
    }

    fn on_byte<T: DeserializeOwned>(&mut self, byte: u8) -> Option<Result<T, FrameError>> {
        if byte == b'\n' {
            let cut = !matches!(self.place, Place::Between | Place::Lost);
            self.start_over(Place::Between);
            return cut.then_some(Err(FrameError::Incomplete));
        }
        match (self.place, byte) {
            (Place::Lost, _) => return None,
            (Place::Between, b'{') => {
                self.place = Place::Inside;
                self.depth = 0;
            }
            (Place::Between, b' ' | b'\t' | b'\r' | 0) => return None,
            (Place::Between, _) => return Some(self.give_up(FrameError::NotAnObject)),
            (Place::Inside, b'"') => self.place = Place::Text,
            (Place::Text, b'"') | (Place::Escape, _) => {
                self.place = if self.place == Place::Text { Place::Inside } else { Place::Text };
            }
            (Place::Text, b'\\') => self.place = Place::Escape,
            (Place::Inside | Place::Text, _) => {}
        }
        if self.object.len() >= self.limit {
            return Some(self.give_up(FrameError::TooLong { limit: self.limit }));
        }
        if matches!(self.place, Place::Text) && byte < b' ' {
            self.object.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            self.object.push(byte);
        }
        if self.place != Place::Inside {
            return None;
        }
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&self.object);
        match serde_json::from_str(&text) {
            Ok(object) => {
                drop(text);
                self.start_over(Place::Between);
                Some(Ok(object))
            }
            Err(_) => {
                drop(text);
                Some(self.give_up(FrameError::NotAnObject))
            }
        }
    }

    fn give_up<T>(&mut self, error: FrameError) -> Result<T, FrameError> {
        self.start_over(Place::Lost);
        Err(error)
    }

    fn start_over(&mut self, place: Place) {
        self.place = place;
        self.depth = 0;
        self.object.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Vec<Result<String, FrameError>> {
        let mut lines = JsonLines::new(64);
        let frames = parts.iter().flat_map(|part| lines.on_bytes(part)).collect::<Vec<_>>();
        frames.into_iter().map(|frame| frame.map(text)).collect()
    }

    type Case<'a> = (&'a [&'a [u8]], &'a [Result<String, FrameError>]);

    fn ok(text: &str) -> Result<String, FrameError> {
        Ok(text.to_owned())
    }

    #[test]
    fn objects_are_found_and_a_lost_place_is_found_again_at_the_next_newline() {
        use FrameError::{Incomplete, NotAnObject, TooLong};
        let long = format!("\n{{\"a\":\"{}\"}}\n{{}}\n", "x".repeat(64)).into_bytes();
        let cases: [Case<'_>; 17] = [
            (&[b"\n{\"a\":1}\n"], &[ok("{\"a\":1}")]),
            (&[b"{\"a\":1}"], &[ok("{\"a\":1}")]),
            (&[b"\n\n\n", b"", b"\r\n"], &[]),
            (&[b"\n{\"a\"", b":1", b"}", b"\n"], &[ok("{\"a\":1}")]),
            (&[b"{\"a\":1}\n{\"b\":2}\n"], &[ok("{\"a\":1}"), ok("{\"b\":2}")]),
            (&[b"{\"a\":1}{\"b\":2}\n"], &[ok("{\"a\":1}"), ok("{\"b\":2}")]),
            (&[b"{\"a\":\n{\"b\":2}\n"], &[Err(Incomplete), ok("{\"b\":2}")]),
            (&[b"{\"a\":\"\n{\"b\":2}\n"], &[Err(Incomplete), ok("{\"b\":2}")]),
            (&[b"junk{\"a\":1}\n{\"b\":2}\n"], &[Err(NotAnObject), ok("{\"b\":2}")]),
            (&[b"{nonsense}{\"a\":1}\n{\"b\":2}\n"], &[Err(NotAnObject), ok("{\"b\":2}")]),
            (&[b"[1]\n5\n{}\n"], &[Err(NotAnObject), Err(NotAnObject), ok("{}")]),
            (&[b"{\"a\":[1,{\"b\":\"}\\\"]\"}]}\n"], &[ok("{\"a\":[1,{\"b\":\"}\\\"]\"}]}")]),
            (&[b"{\"a\":\"tab\there\"}\n"], &[ok("{\"a\":\"tab\\there\"}")]),
            (&[b"{\"a\":\"\xff\"}\n"], &[ok("{\"a\":\"\u{fffd}\"}")]),
            (&[b"{\"a\":\"say \"no\"\"}\n{}\n"], &[Err(NotAnObject), ok("{}")]),
            (&[b"{\"a\":1,\"a\":2}\n"], &[ok("{\"a\":2}")]),
            (&[&long], &[Err(TooLong { limit: 64 }), ok("{}")]),
        ];
        for (parts, expected) in cases {
            assert_eq!(
                read(parts),
                expected,
                "{:?}",
                parts.iter().map(|p| p.escape_ascii().to_string()).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn how_bytes_are_cut_into_reads_makes_no_difference() {
        let bytes = b"\n{\"a\":\"x\\\"y\",\"b\":{}}\n{\"c\"\n}}\n{\"d\":[{}]}{\"e\":1}\n \n".as_slice();
        let whole = read(&[bytes]);
        for cut in 0..bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), whole, "cut at {cut}");
        }
        assert_eq!(read(&bytes.chunks(1).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_text_keeps_the_order_of_keys_and_the_numbers() {
        let text = "{\"b\": 1.10, \"a\":123456789012345678901}";
        let frames = JsonLines::new(64).texts(format!("{text}\n{{\"a\":\n").as_bytes());
        let texts = frames.iter().map(|frame| frame.as_ref().map(|raw| raw.get())).collect::<Vec<_>>();
        assert_eq!(texts, [Ok(text), Err(&FrameError::Incomplete)]);
    }

    #[test]
    fn a_new_peer_does_not_continue_the_old_one() {
        let mut lines = JsonLines::new(64);
        assert!(lines.on_bytes(b"{\"a\":").is_empty());
        lines.reset();
        assert_eq!(lines.on_bytes(b"{}"), [Ok(Object::new())]);
    }
}
