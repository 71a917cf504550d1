//! The way to the host: a virtio-serial port, or a socket in its place for tests.
//!
//! A port without a host reports a hang-up for as long as it lasts, so it is not polled then but looked at from time
//! to time. A socket whose peer has gone is connected anew. Contract: guest 1.1, 4, 12.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A channel that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChannelError {
    /// There is nothing at the path.
    #[error("{0} does not exist")]
    NotThere(PathBuf),
    /// It cannot be opened.
    #[error("Failed to open device {path}, error={cause}.")]
    Open {
        path: PathBuf,
        #[source]
        cause: Error,
    },
}

enum Device {
    Port(File),
    Socket(Option<UnixStream>),
}

/// What came of a read.
pub(super) enum Received {
    Bytes(usize),
    Nothing,
    /// The host has gone.
    Down,
}

pub(super) struct Channel {
    path: PathBuf,
    device: Device,
}

impl Channel {
    pub(super) fn open(path: &Path) -> Result<Self, ChannelError> {
        let failed = |cause: Error| {
            if cause.kind() == ErrorKind::NotFound {
                ChannelError::NotThere(path.to_owned())
            } else {
                ChannelError::Open { path: path.to_owned(), cause }
            }
        };
        let kind = std::fs::metadata(path).map_err(failed)?.file_type();
        let device = if kind.is_char_device() {
            let port = File::options()
                .read(true)
                .write(true)
                .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY)
                .open(path);
            Device::Port(port.map_err(failed)?)
        } else {
            Device::Socket(Some(connect(path).map_err(failed)?))
        };
        Ok(Self { path: path.to_owned(), device })
    }

    /// What to poll.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.device {
            Device::Port(port) => Some(port.as_fd()),
            Device::Socket(socket) => socket.as_ref().map(AsFd::as_fd),
        }
    }

    /// Whether the host is there; a socket is connected anew.
    pub(super) fn is_up(&mut self) -> bool {
        if let Device::Socket(socket @ None) = &mut self.device {
            *socket = connect(&self.path).ok();
        }
        let Some(fd) = self.fd() else { return false };
        let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).is_ok()
            && !fds[0].revents().is_some_and(|found| found.contains(PollFlags::POLLHUP))
    }

    /// The host has gone.
    pub(super) fn set_down(&mut self) {
        if let Device::Socket(socket) = &mut self.device {
            *socket = None;
        }
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        let read = match &mut self.device {
            Device::Port(port) => port.read(buffer),
            Device::Socket(Some(socket)) => socket.read(buffer),
            Device::Socket(None) => return Received::Down,
        };
        match read {
            Ok(0) => Received::Down,
            Ok(length) => Received::Bytes(length),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Received::Nothing,
                _ => Received::Down,
            },
        }
    }

    /// Writes a message whole or not at all as far as the port allows; without a host it is lost.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.device {
            Device::Port(port) => port.write(bytes),
            Device::Socket(Some(socket)) => socket.write(bytes),
            Device::Socket(None) => return Err(ErrorKind::NotConnected.into()),
        }?;
        if written == bytes.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
    }
}

fn connect(path: &Path) -> Result<UnixStream, Error> {
    let socket = UnixStream::connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
