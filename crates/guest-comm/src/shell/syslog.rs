//! Lines to the system log, as `syslog(3)` sends them: `<priority>program: text`, one datagram each, never waiting.
//!
//! The time is left to the receiver, which sets its own.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use crate::log_line::{LogLine, Severity};

/// Which of the log's divisions a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facility {
    /// Programs in general.
    User = 1,
    /// Daemons.
    Daemon = 3,
}

/// The system log.
#[derive(Debug)]
pub struct Syslog {
    program: &'static str,
    facility: Facility,
    up_to: i64,
    address: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    /// For `program`; lines less serious than number `up_to` are not sent. The socket is `/dev/log`, or what the
    /// environment names in `NFV_SYSLOG_SOCKET`.
    pub fn new(program: &'static str, facility: Facility, up_to: i64) -> Self {
        let address = std::env::var_os("NFV_SYSLOG_SOCKET").map_or_else(|| "/dev/log".into(), PathBuf::from);
        Self { program, facility, up_to, address, socket: None }
    }

    /// Sends a line. When nobody takes it, it is lost.
    pub fn write(&mut self, line: &LogLine) {
        if line.severity as i64 > self.up_to {
            return;
        }
        let bytes = self.datagram(line);
        // a log that was restarted has a new socket
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = self.connect();
            }
            match &self.socket {
                Some(socket) if socket.send(bytes.as_bytes()).is_ok() => return,
                _ => self.socket = None,
            }
        }
    }

    /// Makes a line of this place and sends it.
    #[track_caller]
    pub fn say(&mut self, severity: Severity, text: impl AsRef<str>) {
        self.write(&LogLine::new(severity, text));
    }

    fn connect(&self) -> Option<UnixDatagram> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        socket.connect(&self.address).ok()?;
        Some(socket)
    }

    fn datagram(&self, line: &LogLine) -> String {
        let priority = (self.facility as u32) << 3 | line.severity as u32;
        // a line is a line, whatever a VM has sent
        let text = line.text.replace(['\n', '\r', '\0'], " ");
        format!("<{priority}>{}: {}", self.program, text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syslog(up_to: i64) -> Syslog {
        Syslog::new("host_agent", Facility::User, up_to)
    }

    #[test]
    fn a_line_has_its_priority_and_program() {
        let line = LogLine { severity: Severity::Error, text: "host_relay.rs(7): why\n not\n".into() };
        assert_eq!(syslog(4).datagram(&line), "<11>host_agent: host_relay.rs(7): why  not");
        let daemon = Syslog::new("guest_scale_agent", Facility::Daemon, 7);
        assert_eq!(daemon.datagram(&line), "<27>guest_scale_agent: host_relay.rs(7): why  not");
    }

    #[test]
    fn lines_are_sent_up_to_the_level_and_to_a_log_that_was_restarted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = syslog(4);
        log.address = path.clone();
        log.say(Severity::Error, "nobody listens");
        for _ in 0..2 {
            let reader = UnixDatagram::bind(&path).unwrap();
            reader.set_nonblocking(true).unwrap();
            log.say(Severity::Info, "not this");
            log.say(Severity::Error, "this");
            let mut buffer = [0; 100];
            let length = reader.recv(&mut buffer).unwrap();
            assert!(buffer[..length].starts_with(b"<11>host_agent: syslog.rs("));
            assert!(buffer[..length].ends_with(b"): this"));
            assert!(reader.recv(&mut buffer).is_err());
            std::fs::remove_file(&path).unwrap();
        }
    }
}
