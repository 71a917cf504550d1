//! Lines to the syslog socket.
//!
//! The socket disappears and comes back when syslog is restarted. A line that finds it gone waits a little for it, in
//! the writer thread: meanwhile further lines collect in the queue. Only when it stays away are lines given up.
//!
//! Contract: deployment 4.4.

use std::io::{Error, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::SyslogAddress;
use super::line::Line;
use super::writer::Sink;

/// Longest line that is tried again when the socket refuses a longer one.
const MAX_LINE: usize = 64 * 1024;

/// How long and how often a lost socket is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// A line waits this long for a socket that was there a moment ago.
    pub(super) wait: Duration,
    /// Time between two attempts.
    pub(super) pause: Duration,
    /// Time one send may take when the reader does not read.
    pub(super) send: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        wait: Duration::from_secs(5),
        pause: Duration::from_millis(100),
        send: Duration::from_secs(1),
    };
}

#[derive(Debug)]
pub(super) struct SyslogSink {
    address: SyslogAddress,
    patience: Patience,
    socket: Option<UnixDatagram>,
    /// Set once a line was given up: the last attempt to connect. Until one succeeds no line waits.
    down: Option<Instant>,
    /// The reader does not read: no line waits until one gets through.
    stuck: bool,
}

impl SyslogSink {
    pub(super) fn new(address: SyslogAddress, patience: Patience) -> Self {
        Self { address, patience, socket: None, down: None, stuck: false }
    }

    fn connect(&mut self) -> Result<(), Error> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.address.socket)?;
        socket.set_write_timeout(Some(self.patience.send))?;
        self.socket = Some(socket);
        self.stuck = false;
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.socket.is_none() {
            self.connect()?;
        }
        match &self.socket {
            Some(socket) => socket.send(bytes).map(|_| ()),
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// A reader that does not read costs one send time-out, not one per line.
    fn set_stuck(&mut self, stuck: bool) {
        if self.stuck != stuck
            && let Some(socket) = &self.socket
            && socket.set_nonblocking(stuck).is_ok()
        {
            self.stuck = stuck;
        }
    }

    fn deliver(&mut self, mut bytes: Vec<u8>) -> bool {
        let start = Instant::now();
        if self.down.is_some_and(|last| start.duration_since(last) < self.patience.pause) {
            return false;
        }
        loop {
            let Err(error) = self.send(&bytes) else {
                self.down = None;
                self.set_stuck(false);
                return true;
            };
            match error.kind() {
                ErrorKind::Interrupted => continue,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    self.set_stuck(true);
                    return false;
                }
                _ if error.raw_os_error() == Some(Errno::EMSGSIZE as i32) => {
                    if bytes.len() <= MAX_LINE {
                        return false;
                    }
                    shorten(&mut bytes);
                    continue;
                }
                _ => self.socket = None,
            }
            let now = Instant::now();
            if self.down.is_some() || now.duration_since(start) >= self.patience.wait {
                self.down = Some(now);
                return false;
            }
            sleep(self.patience.pause);
        }
    }
}

impl Sink for SyslogSink {
    fn write(&mut self, line: &Line) -> bool {
        self.deliver(line.datagram(self.address.facility.number()))
    }
}

/// Cuts a datagram at a character boundary and ends it again with its NUL.
fn shorten(datagram: &mut Vec<u8>) {
    let mut end = MAX_LINE - 1;
    while end > 0 && datagram.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    datagram.truncate(end);
    datagram.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::{Facility, Shown};

    const QUICK: Patience = Patience {
        wait: Duration::from_secs(20),
        pause: Duration::from_millis(1),
        send: Duration::from_millis(10),
    };
    const HASTY: Patience = Patience { wait: Duration::ZERO, pause: Duration::ZERO, ..QUICK };

    fn line(text: &str) -> Line {
        Line {
            date: "Jan 23 19:41:01.166".to_owned(),
            who: "VIM_Thread".to_owned(),
            pid: 1,
            shown: Shown::Info,
            message: text.to_owned(),
        }
    }

    fn receive(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut buffer = vec![0; 1 << 17];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    fn sink(dir: &tempfile::TempDir, patience: Patience) -> (SyslogSink, std::path::PathBuf) {
        let socket = dir.path().join("log");
        let address = SyslogAddress { socket: socket.clone(), facility: Facility::USER };
        (SyslogSink::new(address, patience), socket)
    }

    #[test]
    fn a_restart_of_syslog_loses_no_line() {
        let dir = tempfile::tempdir().unwrap();
        let (mut sink, path) = sink(&dir, QUICK);
        let first = UnixDatagram::bind(&path).unwrap();
        assert!(sink.write(&line("one")));
        assert!(receive(&first).ends_with("one\0"));

        drop(first);
        std::fs::remove_file(&path).unwrap();
        let writer = std::thread::spawn(move || (sink.write(&line("two")), sink.write(&line("three"))));
        // Comes back while the writer waits; whether before or after its first attempt does not matter.
        let second = UnixDatagram::bind(&path).unwrap();
        assert!(receive(&second).ends_with("two\0"));
        assert!(receive(&second).ends_with("three\0"));
        assert_eq!(writer.join().unwrap(), (true, true));
    }

    #[test]
    fn without_syslog_lines_are_given_up_and_it_is_found_when_it_comes() {
        let dir = tempfile::tempdir().unwrap();
        let (mut sink, path) = sink(&dir, HASTY);
        assert!(!sink.write(&line("lost")));
        assert!(!sink.write(&line("lost too")));
        let socket = UnixDatagram::bind(&path).unwrap();
        assert!(sink.write(&line("found")));
        assert!(receive(&socket).ends_with("found\0"));
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_not_time_and_is_used_again_when_it_reads() {
        let dir = tempfile::tempdir().unwrap();
        let (mut sink, path) = sink(&dir, QUICK);
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut written = 0;
        while sink.write(&line("fill")) {
            written += 1;
            assert!(written < 100_000, "the socket never fills");
        }
        assert!(sink.stuck);
        assert!(!sink.write(&line("lost")));
        for _ in 0..written {
            receive(&socket);
        }
        assert!(sink.write(&line("again")));
        assert!(!sink.stuck);
        assert!(receive(&socket).ends_with("again\0"));
    }

    #[test]
    fn a_line_too_long_for_the_socket_is_cut_at_a_character() {
        let dir = tempfile::tempdir().unwrap();
        let (mut sink, path) = sink(&dir, QUICK);
        let socket = UnixDatagram::bind(&path).unwrap();
        let long = "é".repeat(400_000);
        assert!(sink.write(&line(&long)));
        let received = receive(&socket);
        assert!(received.len() <= MAX_LINE && received.len() > MAX_LINE - 4);
        assert!(received.ends_with("é\0"));
    }
}
