//! Watching the database and the files of alarms and event logs, each on a thread of its own.

use crate::feed::{Entry, Feed, Source};
use crate::hub::Hub;
use crate::picture::{Builder, Change, Picture};
use crate::records::RecordFile;
use nfv_vim_db::{DataVersion, DbError, Reader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// While the file cannot be read it is tried again so often.
const RETRY: Duration = Duration::from_secs(1);

/// Of the time, reading takes at most one part in so many: with a busy VIM, changes are then shown a little later.
const READING_SHARE: u32 = 8;

/// However long reading takes, the next one begins no later than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often files are looked at.
const FILE_INTERVAL: Duration = Duration::from_millis(500);

/// Follows the database until `ending` is set.
pub fn follow_database(directory: &Path, interval: Duration, hub: &Hub, ending: &AtomicBool) {
    let mut watcher = Watcher { open: None, builder: Builder::default(), next: Instant::now() };
    let mut told = None;
    while !ending.load(Ordering::Relaxed) {
        let result = watcher.look(directory, hub);
        let error = result.err().map(|error| error.to_string());
        if error != told {
            match &error {
                Some(error) => tracing::warn!(logger = "nfv_vim.webserver.webserver", "{error}."),
                None if told.is_some() => {
                    tracing::info!(logger = "nfv_vim.webserver.webserver", "The database can be read again.");
                }
                None => {}
            }
            told.clone_from(&error);
        }
        let pause = if error.is_some() { RETRY.max(interval) } else { interval };
        hub.database_looked_at(error);
        std::thread::sleep(pause);
    }
}

struct Watcher {
    open: Option<(Reader, Option<DataVersion>)>,
    builder: Builder,
    /// Not before this the tables are read again.
    next: Instant,
}

impl Watcher {
    fn look(&mut self, directory: &Path, hub: &Hub) -> Result<(), DbError> {
        let outcome = self.try_look(directory, hub);
        if outcome.is_err() {
            self.open = None;
        }
        outcome
    }

    fn try_look(&mut self, directory: &Path, hub: &Hub) -> Result<(), DbError> {
        if self.open.as_ref().is_some_and(|(reader, _)| !reader.is_current()) {
            self.open = None;
        }
        let (reader, seen) = match &mut self.open {
            Some(open) => open,
            None => self.open.insert((Reader::open(directory)?, None)),
        };
        let version = reader.data_version()?;
        let began = Instant::now();
        if *seen == Some(version) || began < self.next {
            return Ok(());
        }
        let before = hub.picture();
        let now = self.builder.read(reader, &before)?;
        *seen = Some(version);
        if let Some(change) = Change::between(&before, &now) {
            let picture = Picture { revision: change.revision, ..now };
            hub.publish(picture, &change, &before, &now_text());
        }
        // what was written may be nothing of the picture, but something of the page of one thing
        hub.send("commit", &());
        let taken = began.elapsed();
        self.next = Instant::now() + (taken * (READING_SHARE - 1)).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// The files that are followed.
#[derive(Debug, Clone, Default)]
pub struct RecordPaths {
    /// Of event logs.
    pub event_logs: Option<PathBuf>,
    /// Of alarms.
    pub alarms: Option<PathBuf>,
}

/// Follows the files until `ending` is set.
pub fn follow_files(paths: &RecordPaths, hub: &Arc<Hub>, ending: &AtomicBool) {
    let mut logs = paths.event_logs.as_deref().map(RecordFile::new);
    let mut alarms = paths.alarms.as_deref().map(RecordFile::new);
    let mut first = true;
    let mut told = None;
    while !ending.load(Ordering::Relaxed) {
        let mut found = Vec::new();
        let mut failed = None;
        if let Some(file) = &mut logs {
            failed = file.look(|record| found.extend(Entry::of_log(&record))).err();
        }
        // what an alarm record means depends on those before it
        let time = if first { String::new() } else { now_text() };
        if let Some(file) = &mut alarms {
            let outcome = file.look(|record| {
                let entry = hub.feed().alarm_entry(&record, &time);
                match entry {
                    // when it was cleared is not on record
                    Some(entry) if first && entry.source == Source::Clear => {}
                    Some(entry) if first => found.push(hub.feed().add(entry)),
                    Some(entry) => hub.add_entry(entry),
                    None => {}
                }
            });
            failed = outcome.err().or(failed);
        }
        if first {
            // both files, in the order of time
            let mut feed = hub.feed();
            *feed = Feed::default();
            found.sort_by(|one, other| one.time.cmp(&other.time));
            for entry in found {
                feed.add(entry);
            }
        } else {
            for entry in found {
                hub.add_entry(entry);
            }
        }
        first = false;
        let failed = failed.map(|error| error.to_string());
        if failed != told {
            if let Some(error) = &failed {
                tracing::warn!(
                    logger = "nfv_vim.webserver.webserver",
                    "The files of alarms and event logs cannot be read: {error}."
                );
            }
            told = failed;
        }
        std::thread::sleep(FILE_INTERVAL);
    }
}

/// Now, as entries of the feed have it.
pub fn now_text() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
