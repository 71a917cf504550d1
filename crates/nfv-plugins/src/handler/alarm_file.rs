//! Alarms to a file. Contract: southbound 12.8.

use super::file_writer::FileWriter;
use nfv_common::alarm::{AlarmData, AlarmUuid, file_record};
use std::path::PathBuf;

#[derive(Debug)]
pub(super) struct AlarmFile(FileWriter);

impl AlarmFile {
    pub(super) fn start(file: PathBuf) -> Self {
        Self(FileWriter::start(file))
    }

    pub(super) fn raise(&self, alarm: &AlarmData) {
        self.0.append(file_record::raise(alarm));
    }

    pub(super) fn clear(&self, uuid: &AlarmUuid) {
        self.0.append(file_record::clear(uuid));
    }

    pub(super) async fn stop(self) {
        self.0.stop().await;
    }
}
