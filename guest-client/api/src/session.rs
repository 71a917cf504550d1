//! The connection to guest_client.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use guest_protocol::heartbeat::application::{ApplicationMessage, ApplicationStream};

/// Bytes taken in one dispatch.
const READ_SIZE: usize = 8192;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Outcome {
    Okay = 0,
    Failed = 1,
    #[allow(dead_code, reason = "part of the enumeration that applications know")]
    Interrupted = 2,
    TryAgain = 3,
}

/// What a dispatch brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    Messages(Vec<ApplicationMessage>),
    /// The connection ended.
    Dropped,
    Nothing,
}

/// The connection, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Session {
    socket: Option<UnixStream>,
    stream: ApplicationStream,
    sequence: u32,
}

impl Session {
    pub(crate) fn fd(&self) -> i32 {
        self.socket.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// Connects, unless it is connected.
    pub(crate) fn connect(&mut self, path: &Path) -> Outcome {
        if self.socket.is_some() {
            return Outcome::Okay;
        }
        let connected =
            UnixStream::connect(path).and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        match connected {
            Ok(socket) => {
                self.socket = Some(socket);
                self.stream = ApplicationStream::default();
                Outcome::Okay
            }
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => Outcome::TryAgain,
                _ => Outcome::Failed,
            },
        }
    }

    /// Sends a message; without a connection it is not sent, which is no failure.
    pub(crate) fn send(&mut self, message: &ApplicationMessage) -> Outcome {
        let Some(socket) = &mut self.socket else { return Outcome::Okay };
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = message.encode(self.sequence);
        loop {
            return match socket.write(&bytes) {
                Ok(written) if written == bytes.len() => Outcome::Okay,
                Ok(_) => Outcome::Failed,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::BrokenPipe => Outcome::TryAgain,
                    _ => Outcome::Failed,
                },
            };
        }
    }

    /// Reads once.
    pub(crate) fn receive(&mut self) -> Arrived {
        let Some(socket) = &mut self.socket else { return Arrived::Nothing };
        let mut buffer = [0; READ_SIZE];
        match socket.read(&mut buffer) {
            Ok(0) => {
                self.close();
                Arrived::Dropped
            }
            Ok(length) => {
                let messages = self.stream.on_bytes(&buffer[..length]);
                // Messages of a newer guest_client mean nothing here.
                Arrived::Messages(messages.into_iter().flatten().map(|(_, message)| message).collect())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                self.close();
                Arrived::Dropped
            }
            Err(_) => Arrived::Nothing,
        }
    }

    pub(crate) fn close(&mut self) {
        self.socket = None;
        self.stream = ApplicationStream::default();
    }
}
