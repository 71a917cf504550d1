//! Where log lines go: a queue, and a thread that writes. Whoever logs never waits for a disk or for syslog.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use jiff::Zoned;
use nfv_common::logging::Facility;

use crate::cli::PROGRAM;

/// Lines that may wait; more are lost and counted.
const QUEUE_LENGTH: usize = 8192;
/// Lines for a file are written together up to this many bytes, as long as more of them wait.
const MAX_PENDING: usize = 64 * 1024;
/// Longest message for a datagram socket.
const MAX_DATAGRAM: usize = 64 * 1024;
/// Pause between attempts to reach a datagram socket that is not there.
const RECONNECT: Duration = Duration::from_secs(1);

/// A line and what syslog must know of it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Severity number of syslog: 2 critical, 3 error, 4 warning, 6 info, 7 debug.
    pub severity: u8,
    /// The text without line end.
    pub text: String,
}

enum Job {
    Line(Line),
    Flush(SyncSender<()>),
}

/// A destination.
#[derive(Debug)]
pub enum Sink {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file.
    File(LogFile),
    /// Syslog's datagram socket.
    Syslog(Datagrams, Facility),
    /// The journal's.
    Journal(Datagrams),
}

impl Sink {
    /// Takes a line; gives how many lines were lost.
    fn write(&mut self, line: &Line) -> u64 {
        let written = match self {
            Self::Stderr => writeln!(io::stderr().lock(), "{}", line.text),
            Self::Stdout => writeln!(io::stdout().lock(), "{}", line.text),
            Self::File(file) => return file.write(&line.text),
            Self::Syslog(socket, facility) => {
                let priority = u32::from(facility.number()) * 8 + u32::from(line.severity);
                let date = Zoned::now().strftime("%b %e %H:%M:%S").to_string();
                socket.send(&format!("<{priority}>{date} {PROGRAM}: {}", line.text))
            }
            Self::Journal(socket) => {
                let text = line.text.replace('\n', " ");
                socket.send(&format!(
                    "PRIORITY={}\nSYSLOG_IDENTIFIER={PROGRAM}\nMESSAGE={text}\n",
                    line.severity
                ))
            }
        };
        u64::from(written.is_err())
    }

    /// Writes what waits; gives how many lines were lost.
    fn flush(&mut self) -> u64 {
        match self {
            Self::File(file) => file.flush(),
            Self::Stderr | Self::Stdout | Self::Syslog(..) | Self::Journal(_) => 0,
        }
    }
}

/// A log file, opened again when it was moved away, if that is wanted.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    watch: bool,
    file: Option<File>,
    pending: String,
    /// How many lines wait in it.
    lines: u64,
}

impl LogFile {
    /// Opens a file for appending.
    ///
    /// # Errors
    /// Those of the file.
    pub fn open(path: PathBuf, watch: bool) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(&path)?;
        Ok(Self { path, watch, file: Some(file), pending: String::new(), lines: 0 })
    }

    /// Takes a line; it is written with the others that wait, see [`Self::flush`].
    fn write(&mut self, text: &str) -> u64 {
        self.pending.push_str(text);
        self.pending.push('\n');
        self.lines += 1;
        if self.pending.len() < MAX_PENDING { 0 } else { self.flush() }
    }

    fn flush(&mut self) -> u64 {
        let (pending, lines) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.lines));
        let written = if pending.is_empty() { Ok(()) } else { self.append(&pending) };
        if written.is_ok() { 0 } else { lines }
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        if self.watch && !self.is_in_place() {
            self.file = None;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::options().create(true).append(true).open(&self.path)?),
        };
        file.write_all(text.as_bytes())
    }

    fn is_in_place(&self) -> bool {
        let (Some(file), Ok(there)) = (&self.file, std::fs::metadata(&self.path)) else { return false };
        file.metadata().is_ok_and(|own| own.ino() == there.ino() && own.dev() == there.dev())
    }
}

/// A datagram socket that may go away and come back.
#[derive(Debug)]
pub struct Datagrams {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    tried: Option<Instant>,
}

impl Datagrams {
    /// The socket at `path`; it need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), socket: None, tried: None }
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        let mut end = text.len().min(MAX_DATAGRAM);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let bytes = &text.as_bytes()[..end];
        if let Some(socket) = &self.socket
            && socket.send(bytes).is_ok()
        {
            return Ok(());
        }
        if self.socket.is_none() && self.tried.is_some_and(|tried| tried.elapsed() < RECONNECT) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        (self.socket, self.tried) = (None, Some(Instant::now()));
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.path)?;
        socket.set_write_timeout(Some(RECONNECT))?;
        socket.send(bytes)?;
        self.socket = Some(socket);
        Ok(())
    }
}

/// The end where lines are put in.
#[derive(Clone, Debug)]
pub struct Queue {
    jobs: SyncSender<Job>,
    lost: Arc<AtomicU64>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Queue {
    /// Starts the thread that writes to these.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(sinks: Vec<Sink>) -> io::Result<Self> {
        let (jobs, receiver) = sync_channel(QUEUE_LENGTH);
        let lost = Arc::new(AtomicU64::new(0));
        let queue = Self { jobs, lost: Arc::clone(&lost) };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&receiver, sinks, &lost))?;
        Ok(queue)
    }

    /// Puts a line in; never waits.
    pub fn put(&self, line: Line) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.jobs.try_send(Job::Line(line))
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was put in is written, for `limit` at most.
    pub fn flush(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let (done, wait) = sync_channel(1);
        let mut job = Job::Flush(done);
        while let Err(TrySendError::Full(back)) = self.jobs.try_send(job) {
            if Instant::now() >= deadline {
                return;
            }
            job = back;
            std::thread::sleep(Duration::from_millis(2));
        }
        // a writer that does not answer in time has lost its lines
        let _ = wait.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write(jobs: &Receiver<Job>, mut sinks: Vec<Sink>, lost: &AtomicU64) {
    while let Ok(first) = jobs.recv() {
        // what waits is written together, and nothing is kept back
        let mut next = Some(first);
        while let Some(job) = next {
            write_one(job, &mut sinks, lost);
            next = jobs.try_recv().ok();
        }
        flush(&mut sinks, lost);
    }
}

fn flush(sinks: &mut [Sink], lost: &AtomicU64) {
    let most = sinks.iter_mut().map(Sink::flush).max().unwrap_or_default();
    lost.fetch_add(most, Ordering::Relaxed);
}

fn write_one(job: Job, sinks: &mut [Sink], lost: &AtomicU64) {
    match job {
        Job::Flush(done) => {
            flush(sinks, lost);
            // nobody waiting any more is no error
            let _ = done.try_send(());
        }
        Job::Line(line) => {
            let before = lost.swap(0, Ordering::Relaxed);
            if before > 0 {
                let told = Line { severity: 4, text: format!("{before} log lines were lost.") };
                sinks.iter_mut().for_each(|sink| {
                    sink.write(&told);
                });
            }
            let most = sinks.iter_mut().map(|sink| sink.write(&line)).max().unwrap_or_default();
            lost.fetch_add(most, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { severity: 6, text: text.to_owned() }
    }

    #[test]
    fn a_moved_file_is_made_again_when_it_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        for (watch, expected) in [(true, "b\n"), (false, "")] {
            let path = dir.path().join(format!("log-{watch}"));
            let queue = Queue::start(vec![Sink::File(LogFile::open(path.clone(), watch).unwrap())]).unwrap();
            queue.put(line("a"));
            queue.flush(Duration::from_secs(10));
            std::fs::rename(&path, dir.path().join("moved")).unwrap();
            queue.put(line("b"));
            queue.flush(Duration::from_secs(10));
            assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), expected);
        }
    }

    #[test]
    fn syslog_and_journal_get_their_datagrams_and_lost_lines_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let facility = Facility::parse("local5").unwrap();
        let queue = Queue::start(vec![Sink::Syslog(Datagrams::new(&path), facility)]).unwrap();
        queue.put(line("nobody is there"));
        queue.flush(Duration::from_secs(10));
        std::thread::sleep(RECONNECT);
        let socket = UnixDatagram::bind(&path).unwrap();
        queue.put(line("hello"));
        queue.flush(Duration::from_secs(10));
        let receive = || {
            let mut buffer = [0; 1000];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        };
        let (told, hello) = (receive(), receive());
        assert!(
            told.starts_with("<172>") && told.ends_with(" nova-api-proxy: 1 log lines were lost."),
            "{told}"
        );
        assert!(hello.starts_with("<174>") && hello.ends_with(" nova-api-proxy: hello"), "{hello}");
        let queue = Queue::start(vec![Sink::Journal(Datagrams::new(&path))]).unwrap();
        queue.put(line("two\nlines"));
        queue.flush(Duration::from_secs(10));
        assert_eq!(receive(), "PRIORITY=6\nSYSLOG_IDENTIFIER=nova-api-proxy\nMESSAGE=two lines\n");
    }
}
