//! What waits to be written to a channel.
//!
//! A message is written whole or not at all: when the channel takes only a part, the rest waits here, so that the
//! reader never finds a broken message because of us. What does not fit is refused.

use std::collections::VecDeque;

/// Bytes on their way to a channel.
#[derive(Debug)]
pub struct Outbox {
    limit: usize,
    bytes: VecDeque<u8>,
}

/// The message does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} bytes wait already")]
pub struct OutboxFull {
    /// Bytes that wait.
    pub waiting: usize,
}

impl Outbox {
    /// An empty one for at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: VecDeque::new() }
    }

    /// Adds a message.
    pub fn push(&mut self, message: &[u8]) -> Result<(), OutboxFull> {
        if self.bytes.len() + message.len() > self.limit {
            return Err(OutboxFull { waiting: self.bytes.len() });
        }
        self.bytes.extend(message);
        Ok(())
    }

    /// What is to be written next.
    pub fn next(&self) -> &[u8] {
        self.bytes.as_slices().0
    }

    /// `count` bytes of [`next`](Self::next) were written.
    pub fn written(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
        if self.bytes.is_empty() {
            // a quiet channel holds no memory
            self.bytes = VecDeque::new();
        }
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The reader has gone; gives how many bytes it did not get.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.bytes).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_whole_and_in_order() {
        let mut outbox = Outbox::new(10);
        outbox.push(b"12345").unwrap();
        outbox.push(b"678").unwrap();
        assert_eq!(outbox.push(b"9ab"), Err(OutboxFull { waiting: 8 }));
        let mut read = Vec::new();
        while !outbox.is_empty() {
            let part = outbox.next().iter().copied().take(3).collect::<Vec<_>>();
            outbox.written(part.len());
            read.extend(part);
        }
        assert_eq!(read, b"12345678");
        outbox.push(b"9ab").unwrap();
        assert_eq!(outbox.clear(), 3);
        assert!(outbox.is_empty());
    }
}
