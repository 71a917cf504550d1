//! Handlers of alarms and event logs. Contract: southbound 12.8, 13.1.
//!
//! ```text
//!   core ──► AlarmHandlers ────► alarm_file ─────┐
//!   core ──► EventLogHandlers ─► event_log_file ─┴─► FileWriter (queue, task, append)
//! ```
//!
//! Each handler has a queue of its own with a bound, so that a slow disk holds up neither the core nor another
//! handler.

mod alarm_file;
mod event_log_file;
mod file_writer;

use alarm_file::AlarmFile;
use event_log_file::EventLogFile;
use nfv_common::alarm::{AlarmData, AlarmUuid};
use nfv_common::config::{ConfigError, Settings};
use nfv_common::event_log::EventLogData;
use std::path::PathBuf;

/// Name of both file handlers in the VIM's configuration.
pub const FILE_STORAGE: &str = "File-Storage";

/// The alarm handlers in use.
#[derive(Debug)]
pub struct AlarmHandlers {
    file: Option<AlarmFile>,
}

/// The event-log handlers in use.
#[derive(Debug)]
pub struct EventLogHandlers {
    file: Option<EventLogFile>,
}

impl AlarmHandlers {
    /// Starts the handlers that `[alarm] handlers` of the VIM's configuration names, with the file that
    /// `[alarm] config_file` names. Names of no handler are not used. Needs a tokio runtime.
    ///
    /// # Errors
    /// The handlers' configuration file cannot be read, or the option `config_file` is missing.
    pub fn start(vim: &Settings) -> Result<Self, ConfigError> {
        Ok(Self { file: file(vim, "alarm")?.map(AlarmFile::start) })
    }

    /// Hands a raised alarm to each handler; never waits.
    pub fn raise(&self, alarm: &AlarmData) {
        if let Some(file) = &self.file {
            file.raise(alarm);
        }
    }

    /// Hands a cleared alarm to each handler; never waits.
    pub fn clear(&self, uuid: &AlarmUuid) {
        if let Some(file) = &self.file {
            file.clear(uuid);
        }
    }

    /// Writes what is queued, for at most two seconds.
    pub async fn stop(self) {
        if let Some(file) = self.file {
            file.stop().await;
        }
    }
}

impl EventLogHandlers {
    /// Starts the handlers that `[event-log] handlers` of the VIM's configuration names; see
    /// [`AlarmHandlers::start`].
    ///
    /// # Errors
    /// The handlers' configuration file cannot be read, or the option `config_file` is missing.
    pub fn start(vim: &Settings) -> Result<Self, ConfigError> {
        Ok(Self { file: file(vim, "event-log")?.map(EventLogFile::start) })
    }

    /// Hands an event log to each handler; never waits.
    pub fn log(&self, log: &EventLogData) {
        if let Some(file) = &self.file {
            file.log(log);
        }
    }

    /// Writes what is queued, for at most two seconds.
    pub async fn stop(self) {
        if let Some(file) = self.file {
            file.stop().await;
        }
    }
}

/// The file of the file handler of a section; none when the handler is not in use.
fn file(vim: &Settings, section: &str) -> Result<Option<PathBuf>, ConfigError> {
    let mut in_use = false;
    for name in vim.list(section, "handlers") {
        if name == FILE_STORAGE {
            in_use = true;
        } else {
            tracing::info!("[{section}] handlers: {name} is no handler of this program, not used.");
        }
    }
    if !in_use {
        return Ok(None);
    }
    let settings = Settings::load(vim.require(section, "config_file")?)?;
    match settings.get(FILE_STORAGE, "file") {
        Some(file) => Ok(Some(PathBuf::from(file))),
        None => {
            tracing::error!("{} names no file, the handler {FILE_STORAGE} is not used.", settings.file());
            Ok(None)
        }
    }
}
