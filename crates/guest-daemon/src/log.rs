//! Lines for the log: to syslog (facility local5, priority info, as all maintenance daemons do), or to standard output
//! in the foreground.
//!
//! ```text
//! [pid.00042] compute-0 guestServer gst Info : <text>
//! ```
//!
//! Syslog that does not read or is gone costs lines, never time: a daemon that watches hearts does not wait for a log.
//! How many lines were lost is said when it is back.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// How grave a line is. Contract: guest 5, "mtce log class".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Something happened.
    Info,
    /// For those who look for an error.
    Debug,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "Error :",
            Self::Warn => " Warn :",
            Self::Info => " Info :",
            Self::Debug => "Debug :",
        }
    }
}

/// `local5`, `info`.
const PRIORITY: u8 = 21 * 8 + 6;

/// Where lines go.
#[derive(Debug)]
enum Target {
    Output,
    Syslog { path: PathBuf, socket: Option<UnixDatagram>, lost: u32 },
}

/// Writes lines.
#[derive(Debug)]
pub struct Logger {
    program: &'static str,
    hostname: String,
    debug: bool,
    lines: u32,
    target: Target,
}

impl Logger {
    /// A logger to standard output.
    pub fn to_output(program: &'static str, hostname: &str) -> Self {
        Self { program, hostname: hostname.to_owned(), debug: false, lines: 0, target: Target::Output }
    }

    /// A logger to the syslog socket at `path`, usually `/dev/log`.
    pub fn to_syslog(program: &'static str, hostname: &str, path: PathBuf) -> Self {
        let target = Target::Syslog { path, socket: None, lost: 0 };
        Self { program, hostname: hostname.to_owned(), debug: false, lines: 0, target }
    }

    /// Whether lines of level debug are written.
    pub fn set_debug(&mut self, debug: bool) {
        self.debug = debug;
    }

    /// Writes a line.
    pub fn write(&mut self, level: Level, text: &str) {
        if level == Level::Debug && !self.debug {
            return;
        }
        self.lines = (self.lines + 1) % 100_000;
        let line = format!(
            "[{}.{:05}] {} {} gst {} {}",
            std::process::id(),
            self.lines,
            self.hostname,
            self.program,
            level.word(),
            text.trim_end_matches('\n').replace('\n', " ")
        );
        match &mut self.target {
            Target::Output => {
                let now = jiff::Zoned::now().strftime("%H:%M:%S%.3f");
                // Nobody can be told that standard output is gone.
                let _ = writeln!(std::io::stdout().lock(), "{now} {line}");
            }
            Target::Syslog { path, socket, lost } => {
                if *lost > 0 && send(path, socket, self.program, &format!("{lost} lines were lost")) {
                    *lost = 0;
                }
                if *lost > 0 || !send(path, socket, self.program, &line) {
                    *lost = lost.saturating_add(1);
                }
            }
        }
    }
}

fn send(path: &PathBuf, socket: &mut Option<UnixDatagram>, program: &str, line: &str) -> bool {
    let connected = match socket {
        Some(connected) => connected,
        None => {
            let connect = || {
                let fresh = UnixDatagram::unbound()?;
                fresh.set_nonblocking(true)?;
                fresh.connect(path)?;
                Ok::<_, std::io::Error>(fresh)
            };
            let Ok(fresh) = connect() else { return false };
            socket.insert(fresh)
        }
    };
    let time = jiff::Zoned::now().strftime("%b %e %H:%M:%S");
    let sent = connected.send(format!("<{PRIORITY}>{time} {program}: {line}").as_bytes());
    match sent {
        Ok(_) => true,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::WouldBlock {
                *socket = None;
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_reach_syslog_and_lost_ones_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut logger = Logger::to_syslog("guestServer", "compute-0", path.clone());
        logger.write(Level::Info, "nobody hears");
        logger.write(Level::Info, "nobody hears");
        let syslog = UnixDatagram::bind(&path).unwrap();
        syslog.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        logger.write(Level::Debug, "not wanted");
        logger.write(Level::Warn, "two\nlines\n");
        let receive = || {
            let mut buffer = [0; 1024];
            let length = syslog.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        };
        let lost = receive();
        assert!(lost.starts_with("<174>") && lost.ends_with(" guestServer: 2 lines were lost"), "{lost}");
        let line = receive();
        let tail = format!(
            " guestServer: [{}.00003] compute-0 guestServer gst  Warn : two lines",
            std::process::id()
        );
        assert!(line.ends_with(&tail), "{line}");
    }
}
