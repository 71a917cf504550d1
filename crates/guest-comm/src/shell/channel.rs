//! Writing to a channel that may be full, slow or gone.

use std::io::{self, Write};

use crate::outbox::{Outbox, OutboxFull};

/// Bytes that may wait for a channel, in each direction.
pub const OUTBOX: usize = 64 * 1024;

/// A message could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Too much waits already.
    #[error("Resource temporarily unavailable ({0})")]
    Full(#[from] OutboxFull),
    /// The channel is broken.
    #[error("{0}")]
    Broken(String),
}

/// Writes a message, or as much of it as the channel takes; the rest waits in `outbox`.
pub fn write_message(
    channel: &mut impl Write,
    outbox: &mut Outbox,
    message: &[u8],
) -> Result<(), WriteError> {
    outbox.push(message)?;
    flush(channel, outbox)
}

/// Writes what waits, as far as the channel takes it.
pub fn flush(channel: &mut impl Write, outbox: &mut Outbox) -> Result<(), WriteError> {
    while !outbox.is_empty() {
        match channel.write(outbox.next()) {
            Ok(0) => return Ok(()),
            Ok(count) => outbox.written(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(WriteError::Broken(crate::app_socket::error_text(&error))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes.
    struct Narrow {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(self.room).min(3);
            self.room -= count;
            self.taken.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_channel_does_not_take_follows_later() {
        let mut channel = Narrow { room: 5, taken: Vec::new() };
        let mut outbox = Outbox::new(16);
        write_message(&mut channel, &mut outbox, b"{first}\n").unwrap();
        write_message(&mut channel, &mut outbox, b"{second}\n").unwrap();
        assert!(matches!(write_message(&mut channel, &mut outbox, b"{third}\n"), Err(WriteError::Full(_))));
        assert_eq!(channel.taken, b"{firs");
        channel.room = 100;
        flush(&mut channel, &mut outbox).unwrap();
        assert_eq!(channel.taken, b"{first}\n{second}\n");
    }
}
