//! Length and payload. Contract: vim-api 2.1.
//!
//! The length stands in little-endian order: the original swapped its bytes twice, and both processes may come from
//! different builds.

use crate::RpcError;

/// Longest request the VIM reads: a request holds a few names and numbers.
pub const LONGEST_REQUEST: u32 = 1 << 20;

/// Longest answer the API reads: a strategy for a thousand hosts has some megabytes.
pub const LONGEST_ANSWER: u32 = 64 << 20;

/// Bytes of the length.
const HEAD: usize = 4;

/// A payload with its length in front.
///
/// # Errors
/// The payload is longer than [`LONGEST_ANSWER`], which no reader takes.
pub fn frame(payload: &[u8]) -> Result<Vec<u8>, RpcError> {
    let length = payload.len() as u64;
    let head = u32::try_from(length).ok().filter(|head| *head <= LONGEST_ANSWER);
    let Some(head) = head else { return Err(RpcError::TooLong { length, limit: LONGEST_ANSWER }) };
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(&head.to_le_bytes());
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Takes payloads out of bytes as they come, in whatever pieces. It holds no more than one frame and what came behind
/// it; memory grows with what has come, never with what was announced.
#[derive(Debug)]
pub struct FrameReader {
    limit: u32,
    bytes: Vec<u8>,
}

impl FrameReader {
    /// A reader that refuses frames longer than this.
    pub const fn new(limit: u32) -> Self {
        Self { limit, bytes: Vec::new() }
    }

    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next payload, if it has come wholly.
    ///
    /// # Errors
    /// The frame is too long. The stream cannot be used any more, and the reader says so each time.
    pub fn next_payload(&mut self) -> Result<Option<Vec<u8>>, RpcError> {
        let Some(head) = self.bytes.first_chunk::<HEAD>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head);
        if length > self.limit {
            return Err(RpcError::TooLong { length: u64::from(length), limit: self.limit });
        }
        let end = HEAD + length as usize;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let rest = self.bytes.split_off(end);
        let mut frame = std::mem::replace(&mut self.bytes, rest);
        frame.drain(..HEAD);
        Ok(Some(frame))
    }

    /// Nothing has come that is still to be used.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_of_125_bytes_has_7d_first() {
        let bytes = frame(&[b'x'; 125]).unwrap();
        assert_eq!(bytes[..4], [0x7d, 0, 0, 0]);
        assert_eq!(bytes.len(), 129);
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_are_cut() {
        let payloads: [&[u8]; 4] = [b"{}", b"", b"a longer one with \x00 in it", &[7; 300]];
        let stream: Vec<u8> = payloads.iter().flat_map(|payload| frame(payload).unwrap()).collect();
        for piece in [1, 2, 3, 5, 7, 64, stream.len()] {
            let mut reader = FrameReader::new(LONGEST_REQUEST);
            let mut got = Vec::new();
            for bytes in stream.chunks(piece) {
                reader.push(bytes);
                while let Some(payload) = reader.next_payload().unwrap() {
                    got.push(payload);
                }
            }
            assert_eq!(got, payloads, "pieces of {piece}");
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn what_is_announced_too_long_is_refused_at_once_and_for_ever() {
        let mut reader = FrameReader::new(10);
        reader.push(&11u32.to_le_bytes());
        let error = RpcError::TooLong { length: 11, limit: 10 };
        assert_eq!(reader.next_payload(), Err(error.clone()));
        reader.push(&[0; 20]);
        assert_eq!(reader.next_payload(), Err(error));
        // the length of a peer with the other byte order is such a case
        let mut reader = FrameReader::new(LONGEST_ANSWER);
        reader.push(&125u32.to_be_bytes());
        assert!(reader.next_payload().is_err());
    }

    #[test]
    fn memory_follows_what_came_and_not_what_was_announced() {
        let mut reader = FrameReader::new(LONGEST_ANSWER);
        reader.push(&LONGEST_ANSWER.to_le_bytes());
        reader.push(b"few");
        assert_eq!(reader.next_payload(), Ok(None));
        assert!(reader.bytes.capacity() < 1000);
    }

    #[test]
    fn what_no_reader_takes_is_not_framed() {
        let length = LONGEST_ANSWER as usize + 1;
        assert!(matches!(frame(&vec![0; length]), Err(RpcError::TooLong { .. })));
    }
}
