//! The system's log.

use jiff::Zoned;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

const IDENT: &str = "NFV-NOTIFY";
/// `local1`.
const FACILITY: u8 = 17;
/// Where the system's log listens.
const SOCKET: &str = "/dev/log";

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the record.
    Info,
    /// It did not work.
    Error,
}

impl Level {
    const fn severity(self) -> u8 {
        match self {
            Self::Info => 6,
            Self::Error => 3,
        }
    }
}

/// Where lines go.
pub trait Log {
    /// Writes one line.
    fn log(&mut self, level: Level, text: &str);
}

/// The system's log. Where there is none, lines are lost: the exit code says what counts.
#[derive(Debug)]
pub struct Syslog {
    socket: Option<UnixDatagram>,
}

impl Syslog {
    /// The one of this system.
    pub fn open() -> Self {
        Self::at(&PathBuf::from(SOCKET))
    }

    /// One that listens at this socket.
    pub fn at(path: &Path) -> Self {
        let connected = UnixDatagram::unbound().and_then(|socket| socket.connect(path).map(|()| socket));
        Self { socket: connected.ok() }
    }
}

impl Log for Syslog {
    fn log(&mut self, level: Level, text: &str) {
        let date = Zoned::now().strftime("%b %e %H:%M:%S").to_string();
        let line = format!("<{}>{date} {IDENT}: {text}", FACILITY * 8 + level.severity());
        if let Some(socket) = &self.socket {
            // nobody is told that the log does not take a line: there is nowhere to tell it
            let _ = socket.send(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_priority_date_and_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let listener = UnixDatagram::bind(&path).unwrap();
        let mut log = Syslog::at(&path);
        for (level, start) in [(Level::Info, "<142>"), (Level::Error, "<139>")] {
            log.log(level, "No remote host given.");
            let mut buffer = [0; 200];
            let length = listener.recv(&mut buffer).unwrap();
            let line = std::str::from_utf8(&buffer[..length]).unwrap();
            assert!(line.starts_with(start), "{line}");
            // `Jan  2 03:04:05`
            assert_eq!(line.len(), start.len() + 15 + " NFV-NOTIFY: No remote host given.".len(), "{line}");
            assert!(line.ends_with(" NFV-NOTIFY: No remote host given."), "{line}");
        }
    }

    #[test]
    fn without_a_log_nothing_happens() {
        Syslog::at(Path::new("/nowhere/log")).log(Level::Info, "x");
    }
}
