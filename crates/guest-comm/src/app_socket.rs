//! The datagram sockets of agents and applications, in the abstract namespace.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use guest_protocol::messaging::envelope::Address;

/// Who sent a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A socket with an abstract address, which can be answered.
    Abstract(Address),
    /// A socket with a path.
    Path,
    /// A socket without an address.
    Unbound,
}

impl Sender {
    fn of(address: &SocketAddr) -> Self {
        match address.as_abstract_name() {
            Some(name) => Address::new(String::from_utf8_lossy(name)).map_or(Self::Unbound, Self::Abstract),
            None if address.is_unnamed() => Self::Unbound,
            None => Self::Path,
        }
    }
}

/// A datagram socket bound to an abstract address; it never blocks.
#[derive(Debug)]
pub struct AppSocket {
    socket: UnixDatagram,
}

impl AppSocket {
    /// Binds a socket. Fails with `AddrInUse` when another process has the address.
    pub fn bind(address: &Address) -> io::Result<Self> {
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(address.as_str())?)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Reads one datagram into `buffer`, which cuts it when it is longer; `None` when there is none.
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<(&'b [u8], Sender)>> {
        match self.socket.recv_from(buffer) {
            Ok((length, sender)) => Ok(Some((buffer.get(..length).unwrap_or_default(), Sender::of(&sender)))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends one datagram to `dest`.
    pub fn send(&self, dest: &Address, datagram: &[u8]) -> io::Result<()> {
        self.socket.send_to_addr(datagram, &SocketAddr::from_abstract_name(dest.as_str())?)?;
        Ok(())
    }
}

impl AsFd for AppSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What the system calls an error, without its number.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address::new(format!("{name}-{}", std::process::id())).unwrap()
    }

    #[test]
    fn datagrams_tell_who_sent_them() {
        let one = AppSocket::bind(&address("one")).unwrap();
        let two = AppSocket::bind(&address("two")).unwrap();
        let mut buffer = [0; 8];
        assert!(one.receive(&mut buffer).unwrap().is_none());
        two.send(&address("one"), b"hello").unwrap();
        let received = one.receive(&mut buffer).unwrap().unwrap();
        assert_eq!(received, (b"hello".as_slice(), Sender::Abstract(address("two"))));
        two.send(&address("one"), b"longer than eight").unwrap();
        assert_eq!(one.receive(&mut buffer).unwrap().unwrap().0, b"longer t");

        let to_one = SocketAddr::from_abstract_name(address("one").as_str()).unwrap();
        UnixDatagram::unbound().unwrap().send_to_addr(b"x", &to_one).unwrap();
        assert_eq!(one.receive(&mut buffer).unwrap().unwrap().1, Sender::Unbound);
        let dir = tempfile::tempdir().unwrap();
        UnixDatagram::bind(dir.path().join("s")).unwrap().send_to_addr(b"x", &to_one).unwrap();
        assert_eq!(one.receive(&mut buffer).unwrap().unwrap().1, Sender::Path);
    }

    #[test]
    fn errors_are_named_without_their_number() {
        let held = AppSocket::bind(&address("held")).unwrap();
        let taken = AppSocket::bind(&address("held")).unwrap_err();
        assert_eq!(error_text(&taken), "Address already in use");
        drop(held);
        let nobody = AppSocket::bind(&address("held")).unwrap().send(&address("nobody"), b"x").unwrap_err();
        assert_eq!(error_text(&nobody), "Connection refused");
        assert_eq!(error_text(&io::Error::other("why")), "why");
    }
}
