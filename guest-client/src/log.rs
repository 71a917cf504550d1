//! Lines for syslog: ident `Guest-Client`, facility daemon, priority info. Contract: guest 1.1.

use std::os::unix::net::UnixDatagram;
use std::panic::Location;
use std::path::{Path, PathBuf};

use guest_protocol::heartbeat::cut;

/// Longest line, bytes.
const MAX_LINE: usize = 511;
/// `daemon`, `info`.
const PRIORITY: u8 = 3 * 8 + 6;

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something happened.
    Info,
    /// For those who look for an error.
    Debug,
    /// Everything.
    Verbose,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => " info",
            Self::Debug => "debug",
            Self::Verbose => " verb",
        }
    }

    /// The level that an operator has asked for with a file.
    pub fn wanted() -> Self {
        if Path::new("/tmp/guest_debug_debug").exists() {
            Self::Debug
        } else if Path::new("/tmp/guest_debug_verbose").exists() {
            Self::Verbose
        } else {
            Self::Info
        }
    }
}

/// A line and where it comes from.
#[derive(Clone, Debug)]
pub struct Line {
    /// How important it is.
    pub level: Level,
    /// Where in the code.
    pub place: &'static Location<'static>,
    /// The text.
    pub text: String,
}

impl Line {
    /// A line from the caller's place.
    #[track_caller]
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self { level, place: Location::caller(), text: text.into() }
    }

    fn shown(&self) -> String {
        let file = Path::new(self.place.file()).file_name().unwrap_or_default().to_string_lossy();
        let line = format!("{}: {file}({}): {}", self.level.word(), self.place.line(), self.text);
        cut(&line, MAX_LINE).to_owned()
    }
}

/// Writes lines. Without syslog they are lost.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    level: Level,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    /// Lines up to `info` to the socket at `path`, usually `/dev/log`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), level: Level::Info, socket: None }
    }

    /// Changes the level up to which lines are written.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Writes a line.
    pub fn write(&mut self, line: &Line) {
        if line.level > self.level {
            return;
        }
        let text = format!("<{PRIORITY}>Guest-Client[{}]: {}", std::process::id(), line.shown());
        let connect = || {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.connect(&self.path)?;
            Ok::<_, std::io::Error>(socket)
        };
        // Twice: syslog may have been restarted.
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = connect().ok();
            }
            match self.socket.as_ref().map(|socket| socket.send(text.as_bytes())) {
                Some(Ok(_)) => return,
                Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Some(Err(_)) | None => self.socket = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_where_they_come_from_and_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(&path);
        syslog.write(&Line::new(Level::Info, "nobody hears"));
        let socket = UnixDatagram::bind(&path).unwrap();
        syslog.write(&Line::new(Level::Debug, "not wanted"));
        syslog.write(&Line::new(Level::Error, "x".repeat(600)));
        let mut buffer = [0; 2048];
        let length = socket.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let head = format!("<30>Guest-Client[{}]: ", std::process::id());
        let line = text.strip_prefix(&head).unwrap();
        assert!(line.starts_with("error: log.rs(") && line.len() == 511, "{text}");
    }
}
