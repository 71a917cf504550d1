//! The files of alarms and event logs, read as they grow. Contract: deployment 8.2.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A line of at least so many `=` and nothing else is the rule before and after a record.
const RULE: usize = 40;

/// Of a file that is there at the start, so much of its end is read.
const FIRST_READ: u64 = 4 * 1024 * 1024;

/// At most so much is read in one look.
const READ_LIMIT: u64 = 8 * 1024 * 1024;

/// A record that is longer is none.
const MAX_RECORD: usize = 256 * 1024;

/// One record: its lines in order. The first line of an alarm record stands under the empty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(Vec<(String, String)>);

impl Record {
    /// The value of a line; none when there is no such line or it is Python's `None`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let line = self.0.iter().find(|(known, _)| known == name);
        line.map(|(_, value)| value.as_str()).filter(|value| *value != "None")
    }
}

/// Takes the text of a file piece by piece and gives the records that are whole.
#[derive(Debug, Default)]
pub struct RecordParser {
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    record: Option<Record>,
    size: usize,
}

impl RecordParser {
    /// The next piece; `record` is called for each record that is complete with it.
    pub fn feed(&mut self, piece: &[u8], mut record: impl FnMut(Record)) {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            let Some(end) = line.strip_suffix(b"\n") else {
                if self.rest.len() + line.len() <= MAX_RECORD {
                    self.rest.extend_from_slice(line);
                }
                continue;
            };
            self.rest.extend_from_slice(end);
            let text = String::from_utf8_lossy(&self.rest).into_owned();
            self.rest.clear();
            self.line(&text, &mut record);
        }
    }

    fn line(&mut self, line: &str, done: &mut impl FnMut(Record)) {
        if line.len() >= RULE && line.bytes().all(|byte| byte == b'=') {
            // a rule after nothing is a beginning: the end that it could be was of a record cut off at the front
            match self.record.take() {
                Some(record) if !record.0.is_empty() => done(record),
                _ => self.record = Some(Record::default()),
            }
            self.size = 0;
            return;
        }
        let Some(Record(lines)) = &mut self.record else { return };
        self.size += line.len();
        if self.size > MAX_RECORD {
            self.record = None;
            return;
        }
        match line.split_once(" = ").or_else(|| line.strip_suffix(" =").map(|name| (name, ""))) {
            Some((name, value)) if is_label(name.trim()) => {
                lines.push((name.trim().to_owned(), value.to_owned()));
            }
            // a text with line breaks goes on
            _ => match lines.last_mut() {
                Some((name, value)) if !name.is_empty() => {
                    value.push('\n');
                    value.push_str(line);
                }
                _ => lines.push((String::new(), line.to_owned())),
            },
        }
    }
}

fn is_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_.".contains(&byte))
}

/// A file that grows, is cut off (rotation by copying) or replaced.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    parser: RecordParser,
    /// Number of the file that was read last, and up to where.
    seen: Option<(u64, u64)>,
}

impl RecordFile {
    /// Nothing is read yet, and the file need not be there.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), parser: RecordParser::default(), seen: None }
    }

    /// Reads what is new. At the first look that is the end of what is there.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn look(&mut self, mut record: impl FnMut(Record)) -> std::io::Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let (number, length) = file.metadata().map(|found| (found.ino(), found.len()))?;
        let mut from = match self.seen {
            Some((seen, from)) if seen == number && from <= length => from,
            Some(_) => {
                self.parser = RecordParser::default();
                0
            }
            None => length.saturating_sub(FIRST_READ),
        };
        if length - from > READ_LIMIT {
            self.parser = RecordParser::default();
            from = length - READ_LIMIT;
        }
        if length > from {
            file.seek(SeekFrom::Start(from))?;
            let mut piece = Vec::new();
            from += file.take(length - from).read_to_end(&mut piece)? as u64;
            self.parser.feed(&piece, &mut record);
        }
        self.seen = Some((number, from));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_common::event_log::{EventId, EventLogData, LogId, file_record};
    use std::io::Write;

    fn log(number: u64) -> String {
        file_record::render(&EventLogData::new(
            LogId(number),
            EventId::InstanceStopped,
            "tenant.instance",
            "instance=i-1",
            format!("Stop complete = {number}\nsecond line"),
            "2019-01-23T15:04:05.678901Z".parse().unwrap(),
        ))
    }

    fn ids(records: &[Record]) -> Vec<&str> {
        records.iter().map(|record| record.get("log-id").unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read_in_pieces_of_any_size() {
        let text = log(1) + &log(2);
        for size in [1, 7, 84, 85, 86, 10_000] {
            let (mut parser, mut records) = (RecordParser::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece, |record| records.push(record));
            }
            assert_eq!(ids(&records), ["1", "2"]);
            assert_eq!(records[0].get("reason_text"), Some("Stop complete = 1\nsecond line"));
            assert_eq!(records[0].get("additional_text"), Some(""));
            assert_eq!(records[1].get("timestamp"), Some("2019-01-23 15:04:05.678901"));
            assert_eq!(records[1].get("none"), None);
        }
    }

    #[test]
    fn a_record_cut_off_at_the_front_is_left_out() {
        let text = log(1) + &log(2);
        for cut in 1..log(1).len() {
            let (mut parser, mut records) = (RecordParser::default(), Vec::new());
            parser.feed(&text.as_bytes()[cut..], |record| records.push(record));
            assert!(ids(&records).ends_with(&["2"]), "cut at {cut}");
        }
    }

    #[test]
    fn alarm_records_have_their_action_under_the_empty_name() {
        let mut records = Vec::new();
        let rule = "=".repeat(84);
        RecordParser::default().feed(
            format!("{rule}\nClear-Alarm\nalarm-uuid               = u-1\n{rule}\n").as_bytes(),
            |record| records.push(record),
        );
        assert_eq!((records[0].get(""), records[0].get("alarm-uuid")), (Some("Clear-Alarm"), Some("u-1")));
    }

    #[test]
    fn a_file_is_followed_through_rotation() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.log");
        let mut file = RecordFile::new(&path);
        let look = |file: &mut RecordFile| {
            let mut records = Vec::new();
            file.look(|record| records.push(record)).unwrap();
            records
        };
        let append = |text: &str| {
            let mut out = File::options().append(true).create(true).open(&path).unwrap();
            out.write_all(text.as_bytes()).unwrap();
        };
        assert!(look(&mut file).is_empty());
        append(&log(1));
        assert_eq!(ids(&look(&mut file)), ["1"]);
        assert!(look(&mut file).is_empty());
        append(&log(2));
        append(&log(3)[..100]);
        assert_eq!(ids(&look(&mut file)), ["2"]);
        append(&log(3)[100..]);
        assert_eq!(ids(&look(&mut file)), ["3"]);
        // copytruncate
        std::fs::write(&path, log(4)).unwrap();
        assert_eq!(ids(&look(&mut file)), ["4"]);
        // replaced
        std::fs::write(directory.path().join("new"), log(5) + &log(6)).unwrap();
        std::fs::rename(directory.path().join("new"), &path).unwrap();
        assert_eq!(ids(&look(&mut file)), ["5", "6"]);
    }
}
