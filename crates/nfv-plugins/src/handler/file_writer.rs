//! Records to the end of a file, in a task of their own.
//!
//! The file is opened for each record, so that it can be rotated or come back at any time. While it cannot be
//! written, records are kept and tried again with the next one.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinHandle;

/// Records on their way to the task.
const QUEUE: usize = 4096;
/// Records kept while the file cannot be written; the oldest goes first.
const KEPT: usize = 1024;
const STOP_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct FileWriter {
    file: PathBuf,
    records: mpsc::Sender<String>,
    task: JoinHandle<()>,
}

impl FileWriter {
    pub(super) fn start(file: PathBuf) -> Self {
        let (records, queue) = mpsc::channel(QUEUE);
        let task = tokio::spawn(write_all(file.clone(), queue));
        Self { file, records, task }
    }

    /// Takes a record; one too many is lost, with a line in the log.
    pub(super) fn append(&self, record: String) {
        let file = self.file.display();
        match self.records.try_send(record) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => tracing::error!("{file}: writing is too slow, a record is lost."),
            Err(TrySendError::Closed(_)) => {
                tracing::error!("{file}: the writer has ended, a record is lost.")
            }
        }
    }

    pub(super) async fn stop(self) {
        drop(self.records);
        if tokio::time::timeout(STOP_LIMIT, self.task).await.is_err() {
            tracing::error!("{}: not all records could be written before the end.", self.file.display());
        }
    }
}

async fn write_all(file: PathBuf, mut queue: mpsc::Receiver<String>) {
    let mut kept = VecDeque::new();
    let mut failing = false;
    while let Some(record) = queue.recv().await {
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(record);
        let path = file.clone();
        let (rest, result) = match tokio::task::spawn_blocking(move || append(&path, kept)).await {
            Ok(outcome) => outcome,
            // only when the runtime ends
            Err(_) => return,
        };
        kept = rest;
        match result {
            Ok(()) if failing => tracing::info!("{}: can be written again.", file.display()),
            // one line when it begins, not one for each record
            Err(error) if !failing => tracing::error!("{}: cannot be written: {error}", file.display()),
            Ok(()) | Err(_) => {}
        }
        failing = !kept.is_empty();
    }
}

/// Writes records until one fails, and gives back those not written.
fn append(file: &Path, mut records: VecDeque<String>) -> (VecDeque<String>, std::io::Result<()>) {
    while let Some(record) = records.front() {
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .and_then(|mut file| file.write_all(record.as_bytes()));
        if written.is_err() {
            return (records, written);
        }
        records.pop_front();
    }
    (records, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn records_stand_in_order_and_stop_writes_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log");
        std::fs::write(&file, "before\n").unwrap();
        let writer = FileWriter::start(file.clone());
        for number in 0..100 {
            writer.append(format!("{number}\n"));
        }
        writer.stop().await;
        let numbers: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("before\n{numbers}"));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_ends_nothing_and_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("later");
        let file = place.join("log");
        let writer = FileWriter::start(file.clone());
        writer.append("one\n".to_owned());
        writer.append("two\n".to_owned());
        while writer.records.capacity() < QUEUE {
            tokio::task::yield_now().await;
        }
        std::fs::create_dir(&place).unwrap();
        writer.append("three\n".to_owned());
        writer.stop().await;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let records: VecDeque<String> = ["a\n".to_owned(), "b\n".to_owned()].into();
        let (rest, result) = append(Path::new("/nonexistent/log"), records);
        assert!(result.is_err() && rest.len() == 2);
    }
}
