//! The connection to the VIM's host listener: length (4 bytes, little-endian, of what follows), HMAC-SHA512 of the
//! payload (64), payload.
//!
//! Contract: deployment 7.2; southbound 10.

use hmac::{Hmac, Mac};
use nfv_common::python_text;
use sha2::Sha512;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

const KEY: &[u8] = b"NFV Infrastructure Notification";
const CODE_BYTES: usize = 64;
/// Longer answers are none.
const LONGEST: usize = 64 * 1024;
/// How long one of the target's addresses may take to accept the connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Why there is no answer. `Display` is what goes to the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("invalid literal for int() with base 10: {}", python_text::quoted(.0))]
    NotAPort(String),
    #[error("getsockaddrarg: port must be 0-65535.")]
    PortRange,
    #[error("cannot find the address of {host}: {source}")]
    NoAddress { host: String, source: io::Error },
    #[error("{}", told(.0))]
    Socket(#[from] io::Error),
    #[error("No JSON object could be decoded")]
    NotJson(#[source] serde_json::Error),
    #[error("the answer is no object")]
    NotAnObject,
}

/// `[Errno 111] Connection refused`
fn told(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => {
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text).to_owned();
            format!("[Errno {number}] {text}")
        }
        None => error.to_string(),
    }
}

/// The port in the argument, as Python reads a number: blanks around it and a sign are allowed.
pub(super) fn port(text: &str) -> Result<u16, WireError> {
    let number: i64 = text.trim().parse().map_err(|_| WireError::NotAPort(text.to_owned()))?;
    u16::try_from(number).map_err(|_| WireError::PortRange)
}

pub(super) struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects to the first address of the host that accepts, from the address of this host's own name, by which the
    /// VIM's firewall may know it.
    pub(super) fn open(host: &str, port: u16) -> Result<Self, WireError> {
        let targets = (host, port)
            .to_socket_addrs()
            .map_err(|source| WireError::NoAddress { host: host.to_owned(), source })?;
        let own = own_addresses();
        let mut last = None;
        for target in targets {
            match connect(target, own.iter().find(|own| own.is_ipv4() == target.is_ipv4())) {
                Ok(stream) => return Ok(Self { stream }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other("the host has no address")).into())
    }

    pub(super) fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(CODE_BYTES + payload.len()).map_err(io::Error::other)?;
        let mut frame = length.to_le_bytes().to_vec();
        frame.extend_from_slice(&code(payload));
        frame.extend_from_slice(payload);
        self.stream.set_write_timeout(Some(ANSWER_LIMIT))?;
        self.stream.write_all(&frame)
    }

    /// The payload of the answer. None when none comes in time, the VIM closes the connection, or the answer is not
    /// from one that has the key.
    pub(super) fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let deadline = Instant::now() + ANSWER_LIMIT;
        let mut length = [0; 4];
        if !self.fill(&mut length, deadline)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length) as usize;
        if !(CODE_BYTES..=LONGEST).contains(&length) {
            return Ok(None);
        }
        let mut frame = vec![0; length];
        if !self.fill(&mut frame, deadline)? {
            return Ok(None);
        }
        let (found, payload) = frame.split_at(CODE_BYTES);
        Ok((found == code(payload)).then(|| payload.to_vec()))
    }

    /// Reads until the buffer is full; false when the other side has closed or time is up.
    fn fill(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<bool> {
        let mut read = 0;
        while read < buffer.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut buffer[read..]) {
                Ok(0) => return Ok(false),
                Ok(some) => read += some,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(false),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(true)
    }
}

fn code(payload: &[u8]) -> Vec<u8> {
    // a key of any length is good for HMAC
    Hmac::<Sha512>::new_from_slice(KEY)
        .map(|mac| mac.chain_update(payload).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// The addresses of this host's name; none when it has none.
fn own_addresses() -> Vec<SocketAddr> {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.and_then(|name| (name.as_str(), 0).to_socket_addrs().ok()).map(Iterator::collect).unwrap_or_default()
}

fn connect(target: SocketAddr, own: Option<&SocketAddr>) -> io::Result<TcpStream> {
    let socket = || Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP));
    let mut made = socket()?;
    if let Some(own) = own {
        made.set_reuse_address(true)?;
        if made.bind(&(*own).into()).is_err() {
            // the name leads to an address that this host does not have; the kernel chooses one
            made = socket()?;
        }
    }
    made.set_keepalive(true)?;
    made.connect_timeout(&target.into(), CONNECT_LIMIT)?;
    Ok(made.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_python_reads_numbers() {
        assert_eq!(port(" 30004 ").unwrap(), 30004);
        assert_eq!(port("+1").unwrap(), 1);
        assert_eq!(port("x").unwrap_err().to_string(), "invalid literal for int() with base 10: 'x'");
        for wrong in ["65536", "-1"] {
            assert!(matches!(port(wrong), Err(WireError::PortRange)), "{wrong}");
        }
    }
}
