//! Reading a log line by line, in constant memory.

use std::io::{self, Read};

/// Read from the file at a time, small enough to stay in a core's cache; also the most that is kept of one line.
const BLOCK: usize = 1 << 18;

/// A log file's lines.
pub struct LogReader<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
}

/// Where a log is read from: a file, perhaps decompressed.
pub type LogSource = Box<dyn Read>;

impl<R: Read> LogReader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self { input, buffer: vec![0; BLOCK], start: 0, end: 0, finished: false }
    }

    /// The next line, its newline included; none at the end. Of a line longer than 256 KiB the rest is passed over:
    /// the log's own lines end long before (a datagram holds 64 KiB).
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', &unread[searched..]) {
                let line = self.start..self.start + searched + at + 1;
                self.start = line.end;
                return Ok(Some(&self.buffer[line]));
            }
            searched = unread.len();
            if self.finished {
                let line = self.start..self.end;
                self.start = self.end;
                return Ok((!line.is_empty()).then(|| &self.buffer[line]));
            }
            if searched == self.buffer.len() {
                return self.cut_line().map(Some);
            }
            self.fill()?;
        }
    }

    /// How many lines are left; reads them all.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn count_lines(mut self) -> io::Result<u64> {
        let mut lines = 0;
        let mut last = b'\n';
        loop {
            let block = &self.buffer[self.start..self.end];
            lines += memchr::memchr_iter(b'\n', block).count() as u64;
            last = block.last().copied().unwrap_or(last);
            self.start = self.end;
            if self.finished {
                return Ok(lines + u64::from(last != b'\n'));
            }
            self.fill()?;
        }
    }

    /// The buffer is one line without an end: gives it out and passes over the rest of the line.
    fn cut_line(&mut self) -> io::Result<&[u8]> {
        let mut rest = [0; 4096];
        loop {
            let read = read(&mut self.input, &mut rest)?;
            if read == 0 {
                self.finished = true;
                break;
            }
            if let Some(at) = memchr::memchr(b'\n', &rest[..read]) {
                let line = self.buffer.clone();
                let kept = &rest[at + 1..read];
                self.buffer[..kept.len()].copy_from_slice(kept);
                self.start = 0;
                self.end = kept.len();
                // the line moves behind what was read beyond it: a rare case, its cost does not matter
                self.buffer.extend_from_slice(&line);
                return Ok(&self.buffer[BLOCK..]);
            }
        }
        self.start = 0;
        self.end = 0;
        Ok(&self.buffer[..])
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.truncate(BLOCK);
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let read = read(&mut self.input, &mut self.buffer[self.end..])?;
        self.end += read;
        self.finished = read == 0;
        Ok(())
    }
}

fn read(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn lines(text: &[u8], step: usize) -> Vec<Vec<u8>> {
        let mut reader = LogReader::new(Dribble(text, step));
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push(line.to_vec());
        }
        lines
    }

    #[test]
    fn lines_are_those_of_the_text_however_it_arrives() {
        for text in ["", "a", "a\n", "\n\n", "a\nbc\n\nd", "a\r\nb\n"] {
            let expected: Vec<Vec<u8>> =
                text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
            for step in [1, 2, 3, 1000] {
                assert_eq!(lines(text.as_bytes(), step), expected, "{text:?} by {step}");
                let count = LogReader::new(Dribble(text.as_bytes(), step)).count_lines().unwrap();
                assert_eq!(count as usize, expected.len(), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn of_a_line_without_end_only_the_start_is_kept() {
        let mut text = vec![b'x'; 3 * BLOCK + 17];
        text.extend_from_slice(b"\nnext\nlast");
        let found = lines(&text, BLOCK - 5);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].len(), BLOCK);
        assert_eq!(found[1..], [b"next\n".to_vec(), b"last".to_vec()]);
        assert_eq!(lines(&vec![b'x'; 2 * BLOCK + 1], BLOCK).len(), 1);
    }
}
