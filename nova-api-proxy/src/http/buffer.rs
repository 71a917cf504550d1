//! Bytes that were read and are not yet used.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// A growing buffer with a front that is consumed.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    /// What is there.
    pub fn data(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Drops the first `count` bytes, which have been used.
    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Gives the memory back, when nothing is in it.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Puts bytes at the end.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads once, at most until `capacity` bytes are there; 0 at the end of the stream or when it is full.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S, capacity: usize) -> io::Result<usize> {
        let held = self.data().len();
        if held >= capacity {
            return Ok(0);
        }
        if self.bytes.capacity() < capacity || self.bytes.capacity() - self.bytes.len() < capacity - held {
            self.bytes.drain(..self.start);
            self.start = 0;
            // exact: the capacity asked for is what is meant
            self.bytes.reserve_exact(capacity - held);
        }
        stream.read_buf(&mut self.bytes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_are_read_up_to_the_capacity_and_used_from_the_front() {
        let mut source: &[u8] = b"abcdefghij";
        let mut buffer = Buffer::default();
        assert_eq!(buffer.fill(&mut source, 4).await.unwrap(), 4);
        assert_eq!(buffer.fill(&mut source, 4).await.unwrap(), 0, "full");
        buffer.consume(3);
        assert_eq!(buffer.data(), b"d");
        assert!(buffer.fill(&mut source, 4).await.unwrap() >= 3);
        assert!(buffer.data().starts_with(b"defg"));
        buffer.consume(100);
        assert!(buffer.is_empty());
        while buffer.fill(&mut source, 64).await.unwrap() > 0 {}
        assert_eq!(source, b"");
        buffer.consume(64);
        buffer.release();
        assert_eq!(buffer.bytes.capacity(), 0);
    }
}
