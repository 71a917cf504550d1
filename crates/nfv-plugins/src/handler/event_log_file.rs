//! Event logs to a file. Contract: southbound 12.8.

use super::file_writer::FileWriter;
use nfv_common::event_log::{EventLogData, file_record};
use std::path::PathBuf;

#[derive(Debug)]
pub(super) struct EventLogFile(FileWriter);

impl EventLogFile {
    pub(super) fn start(file: PathBuf) -> Self {
        Self(FileWriter::start(file))
    }

    pub(super) fn log(&self, log: &EventLogData) {
        self.0.append(file_record::render(log));
    }

    pub(super) async fn stop(self) {
        self.0.stop().await;
    }
}
