//! The socket to which applications connect. Contract: guest 3.3.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::heart::AppId;

/// Bytes taken from an application at once.
const READ_SIZE: usize = 8192;
/// Connections held at once, a little more than the client watches: it decides which ones go.
const MAX_CONNECTIONS: usize = 20;

pub(super) struct Applications {
    pub(super) listener: UnixListener,
    pub(super) streams: BTreeMap<AppId, UnixStream>,
    path: PathBuf,
    next: AppId,
}

impl Applications {
    pub(super) fn listen(path: &Path) -> Result<Self, Error> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, streams: BTreeMap::new(), path: path.to_owned(), next: 0 })
    }

    pub(super) fn accept(&mut self) -> Option<AppId> {
        let (stream, _) = self.listener.accept().ok()?;
        if self.streams.len() >= MAX_CONNECTIONS || stream.set_nonblocking(true).is_err() {
            return None;
        }
        let id = self.next;
        self.next += 1;
        self.streams.insert(id, stream);
        Some(id)
    }

    /// Bytes of an application; none when it has gone.
    pub(super) fn receive(&mut self, id: AppId) -> Option<Vec<u8>> {
        let mut buffer = [0; READ_SIZE];
        match self.streams.get_mut(&id)?.read(&mut buffer) {
            Ok(0) => None,
            Ok(length) => Some(buffer[..length].to_vec()),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Some(Vec::new()),
                _ => None,
            },
        }
    }

    /// Writes to an application; one that does not read loses it.
    pub(super) fn send(&mut self, id: AppId, bytes: &[u8]) -> Result<(), Error> {
        match self.streams.get_mut(&id) {
            Some(stream) => stream.write(bytes).map(|_| ()),
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn close(&mut self, id: AppId) {
        self.streams.remove(&id);
    }
}

impl Drop for Applications {
    fn drop(&mut self) {
        // The next one removes it, too.
        let _ = std::fs::remove_file(&self.path);
    }
}
