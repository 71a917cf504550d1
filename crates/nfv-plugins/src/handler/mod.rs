//! Handlers of alarms and event logs. Contract: southbound 12, 13.1.
//!
//! ```text
//!   core ──► AlarmHandlers ────► alarm_file ─────┬─► FileWriter (queue, task, append)
//!   core ──► EventLogHandlers ─► event_log_file ─┘
//!                 └────────────► fault_management ─► courier (queue, task, connection) ─► fmManager
//! ```
//!
//! Each handler has a queue of its own with a bound, so that a slow disk or an fmManager that is away holds up
//! neither the core nor another handler.

mod alarm_file;
mod event_log_file;
mod fault_management;
mod file_writer;

use alarm_file::AlarmFile;
use event_log_file::EventLogFile;
use fault_management::{AlarmFm, EventLogFm, FmAddress};
use nfv_common::alarm::{AlarmData, AlarmUuid};
use nfv_common::config::{ConfigError, Settings};
use nfv_common::event_log::EventLogData;
use std::path::PathBuf;
use std::time::Duration;

/// Name of both file handlers in the VIM's configuration.
pub const FILE_STORAGE: &str = "File-Storage";
/// Name of the handler that gives alarms to fmManager.
pub const FAULT_MANAGEMENT: &str = "Fault-Management";
/// Name of the handler that gives event logs to fmManager.
pub const EVENT_LOG_MANAGEMENT: &str = "Event-Log-Management";

/// The entry points that a namespace stands for; there are no others to load.
const ALARM_NAMESPACE: &str = "nfv_vim.alarm.handlers.v1";
const EVENT_LOG_NAMESPACE: &str = "nfv_vim.event_log.handlers.v1";
/// Where `[alarm] audit_interval` is missing or no time.
const AUDIT_INTERVAL: Duration = Duration::from_secs(30);

/// The alarm handlers in use.
#[derive(Debug)]
pub struct AlarmHandlers {
    file: Option<AlarmFile>,
    fm: Option<AlarmFm>,
}

/// The event-log handlers in use.
#[derive(Debug)]
pub struct EventLogHandlers {
    file: Option<EventLogFile>,
    fm: Option<EventLogFm>,
}

impl AlarmHandlers {
    /// Starts the handlers that `[alarm] handlers` of the VIM's configuration names, with the file that
    /// `[alarm] config_file` names. Names of no handler are not used. Needs a tokio runtime.
    ///
    /// Neither the file nor fmManager need be there.
    ///
    /// # Errors
    /// The handlers' configuration file cannot be read, the option `config_file` is missing, or
    /// `audit_interval` or fmManager's port is no number.
    pub fn start(vim: &Settings) -> Result<Self, ConfigError> {
        let chosen = Chosen::read(vim, "alarm", ALARM_NAMESPACE, FAULT_MANAGEMENT)?;
        let interval = vim.seconds_or("alarm", "audit_interval", AUDIT_INTERVAL)?;
        let interval = if interval.is_zero() { AUDIT_INTERVAL } else { interval };
        Ok(Self {
            file: chosen.file.map(AlarmFile::start),
            fm: chosen.fm.map(|address| AlarmFm::start(address, interval)),
        })
    }

    /// Hands a raised alarm to each handler; never waits.
    pub fn raise(&self, alarm: &AlarmData) {
        if let Some(file) = &self.file {
            file.raise(alarm);
        }
        if let Some(fm) = &self.fm {
            fm.raise(alarm);
        }
    }

    /// Hands a cleared alarm to each handler; never waits.
    pub fn clear(&self, uuid: &AlarmUuid) {
        if let Some(file) = &self.file {
            file.clear(uuid);
        }
        if let Some(fm) = &self.fm {
            fm.clear(uuid);
        }
    }

    /// Writes and sends what is queued, for at most two seconds each.
    pub async fn stop(self) {
        if let Some(file) = self.file {
            file.stop().await;
        }
        if let Some(fm) = self.fm {
            fm.stop().await;
        }
    }
}

impl EventLogHandlers {
    /// Starts the handlers that `[event-log] handlers` of the VIM's configuration names; see
    /// [`AlarmHandlers::start`].
    ///
    /// # Errors
    /// The handlers' configuration file cannot be read, the option `config_file` is missing, or fmManager's port
    /// is no number.
    pub fn start(vim: &Settings) -> Result<Self, ConfigError> {
        let chosen = Chosen::read(vim, "event-log", EVENT_LOG_NAMESPACE, EVENT_LOG_MANAGEMENT)?;
        Ok(Self { file: chosen.file.map(EventLogFile::start), fm: chosen.fm.map(EventLogFm::start) })
    }

    /// Hands an event log to each handler; never waits.
    pub fn log(&self, log: &EventLogData) {
        if let Some(file) = &self.file {
            file.log(log);
        }
        if let Some(fm) = &self.fm {
            fm.log(log);
        }
    }

    /// Writes and sends what is queued, for at most two seconds each.
    pub async fn stop(self) {
        if let Some(file) = self.file {
            file.stop().await;
        }
        if let Some(fm) = self.fm {
            fm.stop().await;
        }
    }
}

/// What a section chooses.
struct Chosen {
    file: Option<PathBuf>,
    fm: Option<FmAddress>,
}

impl Chosen {
    /// `fm_name` is what the section calls the handler for fmManager.
    fn read(vim: &Settings, section: &str, namespace: &str, fm_name: &str) -> Result<Self, ConfigError> {
        let mut chosen = Self { file: None, fm: None };
        if let Some(other) = vim.get(section, "namespace").filter(|name| *name != namespace) {
            tracing::error!("[{section}] namespace: {other} has no handlers, none is used.");
            return Ok(chosen);
        }
        let (mut file, mut fm) = (false, false);
        for name in vim.list(section, "handlers") {
            match name {
                FILE_STORAGE => file = true,
                name if name == fm_name => fm = true,
                _ => {
                    tracing::info!("[{section}] handlers: {name} is no handler of this program, not used.");
                }
            }
        }
        if !file && !fm {
            return Ok(chosen);
        }
        let settings = Settings::load(vim.require(section, "config_file")?)?;
        if file {
            chosen.file = settings.get(FILE_STORAGE, "file").map(PathBuf::from);
        }
        if file && chosen.file.is_none() {
            tracing::error!("{} names no file, the handler {FILE_STORAGE} is not used.", settings.file());
        }
        if fm {
            chosen.fm = Some(FmAddress::read(&settings, fm_name)?);
        }
        Ok(chosen)
    }
}
