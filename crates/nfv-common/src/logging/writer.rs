//! The queue of lines and the thread that writes them.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use super::Shown;
use super::line::{self, Line};

/// Lines that may wait for the writer; some seconds of a busy process.
pub(super) const QUEUE_LENGTH: usize = 8192;

/// A handler of lines.
pub(super) trait Sink: Send {
    /// Writes a line; false when it is lost.
    fn write(&mut self, line: &Line) -> bool;
}

/// Standard output, or any stream.
pub(super) struct StreamSink<W>(pub(super) W);

impl<W: Write + Send> Sink for StreamSink<W> {
    fn write(&mut self, line: &Line) -> bool {
        self.0.write_all(line.plain().as_bytes()).and_then(|()| self.0.flush()).is_ok()
    }
}

enum Job {
    Line(Line),
    Flush(SyncSender<()>),
}

/// The end where lines are put in. Putting never waits.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    jobs: SyncSender<Job>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Puts a line in; when the queue is full the line is lost and counted.
    pub(super) fn put(&self, line: Line) {
        if self.jobs.try_send(Job::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines lost so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all lines put in before are written; false when that takes longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let (done, wait) = sync_channel(1);
        let mut job = Job::Flush(done);
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(back)) => job = back,
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match wait.recv_timeout(left) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

/// The other end: what the writer thread owns.
pub(super) struct Writer {
    jobs: Receiver<Job>,
    sinks: Vec<Box<dyn Sink>>,
    dropped: Arc<AtomicU64>,
    /// How many lost lines the log has been told about.
    told: u64,
}

/// A queue of `length` lines and its writer, which is to [`Writer::run`] in a thread of its own.
pub(super) fn queue(length: usize, sinks: Vec<Box<dyn Sink>>) -> (Queue, Writer) {
    let (sender, receiver) = sync_channel(length);
    let dropped = Arc::new(AtomicU64::new(0));
    let queue = Queue { jobs: sender, dropped: Arc::clone(&dropped) };
    (queue, Writer { jobs: receiver, sinks, dropped, told: 0 })
}

impl Writer {
    /// Writes until every [`Queue`] is gone.
    pub(super) fn run(mut self) {
        while let Ok(job) = self.jobs.recv() {
            match job {
                Job::Line(line) => {
                    if self.write(&line) {
                        self.tell_of_lost_lines(&line);
                    }
                }
                Job::Flush(done) => {
                    // Nobody waiting any more is no error.
                    let _ = done.try_send(());
                }
            }
        }
    }

    fn write(&mut self, line: &Line) -> bool {
        let lost = self.sinks.iter_mut().map(|sink| sink.write(line)).filter(|written| !written).count();
        if lost > 0 {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        lost == 0
    }

    /// Says after a line that got through how many did not.
    fn tell_of_lost_lines(&mut self, after: &Line) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped == self.told {
            return;
        }
        let text = format!("{} log lines were lost.", dropped - self.told);
        self.told = dropped;
        let line = Line {
            shown: Shown::Warning,
            message: line::message("writer.py", u64::from(line!()), &text),
            ..after.clone()
        };
        self.write(&line);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A stream that tests can read back.
    #[derive(Clone, Default)]
    pub(in crate::logging) struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        pub(in crate::logging) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Loses the lines whose text contains `lose`.
    struct Picky(StreamSink<Captured>);

    impl Sink for Picky {
        fn write(&mut self, line: &Line) -> bool {
            !line.message.contains("lose") && self.0.write(line)
        }
    }

    fn line(text: &str) -> Line {
        Line {
            date: "D".to_owned(),
            who: "W".to_owned(),
            pid: 1,
            shown: Shown::Info,
            message: text.to_owned(),
        }
    }

    fn texts(captured: &Captured) -> Vec<String> {
        captured.text().lines().map(|l| l.rsplit("  ").next().unwrap_or_default().trim().to_owned()).collect()
    }

    #[test]
    fn a_full_queue_loses_lines_counts_them_and_says_so() {
        let captured = Captured::default();
        let (queue, writer) = queue(3, vec![Box::new(StreamSink(captured.clone()))]);
        for text in ["a", "b", "c", "d", "e"] {
            queue.put(line(text));
        }
        assert_eq!(queue.dropped(), 2);
        let thread = std::thread::spawn(|| writer.run());
        assert!(queue.flush(Duration::from_secs(20)));
        drop(queue);
        thread.join().unwrap();
        assert_eq!(texts(&captured), ["INFO a", "2 log lines were lost.", "INFO b", "INFO c"]);
    }

    #[test]
    fn lines_a_handler_loses_are_reported_after_the_next_that_gets_through() {
        let captured = Captured::default();
        let (queue, writer) = queue(9, vec![Box::new(Picky(StreamSink(captured.clone())))]);
        for text in ["a", "lose", "lose", "b", "c"] {
            queue.put(line(text));
        }
        let thread = std::thread::spawn(|| writer.run());
        assert!(queue.flush(Duration::from_secs(20)));
        assert_eq!(queue.dropped(), 2);
        drop(queue);
        thread.join().unwrap();
        assert_eq!(texts(&captured), ["INFO a", "INFO b", "2 log lines were lost.", "INFO c"]);
    }

    #[test]
    fn a_dead_writer_costs_lines_only() {
        let (queue, writer) = queue(1, Vec::new());
        drop(writer);
        queue.put(line("a"));
        assert_eq!(queue.dropped(), 1);
        assert!(!queue.flush(Duration::ZERO));
    }
}
