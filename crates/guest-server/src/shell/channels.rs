//! Connections to the channels of instances.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use guest_protocol::heartbeat::instance::InstanceUuid;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use socket2::{Domain, SockAddr, Socket, Type};

/// Bytes taken from a channel at once, and how often in a turn: a guest that floods its channel gets no more time
/// than others.
const READ_SIZE: usize = 1056;
const READS: usize = 5;

/// What came of an attempt to connect.
pub(super) enum Attempt {
    Connected,
    /// There was a socket, and now there is none.
    Gone,
    Failed(String),
}

/// What was read from a channel.
pub(super) enum Received {
    /// So many bytes are in the buffer.
    Bytes(usize),
    Nothing,
    Closed,
}

/// The connections, by instance and by the number under which epoll knows them.
pub(super) struct Channels {
    by_uuid: HashMap<InstanceUuid, u64>,
    by_token: HashMap<u64, (InstanceUuid, UnixStream)>,
    next_token: u64,
    buffer: Box<[u8; READ_SIZE * READS]>,
}

impl Channels {
    /// No connections yet; `first_token` and above are theirs.
    pub(super) fn new(first_token: u64) -> Self {
        let buffer = Box::new([0; READ_SIZE * READS]);
        Self { by_uuid: HashMap::new(), by_token: HashMap::new(), next_token: first_token, buffer }
    }

    pub(super) fn connect(&mut self, epoll: &Epoll, directory: &Path, uuid: &InstanceUuid) -> Attempt {
        self.close(epoll, uuid);
        let path = directory.join(uuid.channel());
        if !path.exists() {
            return Attempt::Failed(format!("channel connect failed: {} does not exist", path.display()));
        }
        let stream = match open(&path) {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::NotFound => return Attempt::Gone,
            Err(error) => return Attempt::Failed(format!("channel connect failed: {error}")),
        };
        let token = self.next_token;
        if let Err(error) = epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, token)) {
            return Attempt::Failed(format!("channel connect failed: {error}"));
        }
        self.next_token += 1;
        self.by_uuid.insert(uuid.clone(), token);
        self.by_token.insert(token, (uuid.clone(), stream));
        Attempt::Connected
    }

    pub(super) fn close(&mut self, epoll: &Epoll, uuid: &InstanceUuid) {
        if let Some((_, stream)) = self.by_uuid.remove(uuid).and_then(|token| self.by_token.remove(&token)) {
            // Closing takes it out anyway.
            let _ = epoll.delete(stream.as_fd());
        }
    }

    /// The instance whose connection has this number, if it still stands.
    pub(super) fn instance(&self, token: u64) -> Option<InstanceUuid> {
        self.by_token.get(&token).map(|(uuid, _)| uuid.clone())
    }

    /// Reads what there is, up to the bound.
    pub(super) fn receive(&mut self, uuid: &InstanceUuid) -> Received {
        let stream = self.by_uuid.get(uuid).and_then(|token| self.by_token.get_mut(token));
        let Some((_, stream)) = stream else { return Received::Nothing };
        let mut length = 0;
        while length < self.buffer.len() {
            match stream.read(&mut self.buffer[length..]) {
                Ok(0) => return if length > 0 { Received::Bytes(length) } else { Received::Closed },
                Ok(read) => length += read,
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => break,
                    _ if length == 0 => return Received::Closed,
                    _ => break,
                },
            }
        }
        if length > 0 { Received::Bytes(length) } else { Received::Nothing }
    }

    /// The first bytes of the buffer, as `receive` said.
    pub(super) fn received(&self, length: usize) -> &[u8] {
        &self.buffer[..length]
    }

    /// Writes a message; an error when it did not leave whole. `BrokenPipe` says that the connection is gone.
    pub(super) fn send(&mut self, uuid: &InstanceUuid, bytes: &[u8]) -> std::io::Result<()> {
        let stream = self.by_uuid.get(uuid).and_then(|token| self.by_token.get_mut(token));
        let Some((_, stream)) = stream else { return Err(ErrorKind::NotConnected.into()) };
        match stream.write(bytes) {
            Ok(written) if written == bytes.len() => Ok(()),
            // The rest is lost; the newline before the next message lets the guest find its place again.
            Ok(_) => Err(ErrorKind::WriteZero.into()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_uuid.len()
    }
}

fn open(path: &Path) -> std::io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(OwnedFd::from(socket).into())
}
