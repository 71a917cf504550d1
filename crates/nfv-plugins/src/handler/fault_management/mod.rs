//! Alarms and event logs to fmManager, over its own wire protocol. Contract: southbound 12.1 to 12.6.
//!
//! ```text
//!   AlarmHandlers ────► AlarmDesk ─┐  what waits,              ┌─► connection ──► fmManager (TCP 8001)
//!   EventLogHandlers ─► LogDesk ───┴─ in order ────► courier ──┘   one request, then its answer
//! ```
//!
//! A desk is plain state without I/O: it keeps what is to be sent and judges the answers. A courier is the task
//! that carries requests, one at a time, and waits at growing intervals while fmManager is away. Alarms and logs
//! each have a desk, a courier and a connection of their own, as fmManager is used to.

mod alarms;
mod connection;
mod courier;
mod logs;
mod wire;

use crate::config::bare_host;
use alarms::AlarmDesk;
use courier::Courier;
use logs::LogDesk;
use nfv_common::alarm::{AlarmData, AlarmUuid};
use nfv_common::config::{ConfigError, Settings};
use nfv_common::event_log::EventLogData;
use std::time::Duration;

/// Name in the hosts file of the controller that is active.
const HOST: &str = "controller";
const PORT: u16 = 8001;

/// Where fmManager is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FmAddress {
    pub host: String,
    pub port: u16,
}

impl FmAddress {
    /// `host` and `port` of the handler's section in its configuration file; the original has neither and goes
    /// to `controller`, port 8001.
    pub(super) fn read(settings: &Settings, section: &str) -> Result<Self, ConfigError> {
        let host = bare_host(settings.get_or(section, "host", HOST)).to_owned();
        Ok(Self { host, port: settings.int_or(section, "port", PORT)? })
    }
}

/// Alarms to fmManager.
#[derive(Debug)]
pub(super) struct AlarmFm(Courier<alarms::Command>);

impl AlarmFm {
    /// Starts the courier; every `audit_interval` what fmManager has is compared with what is raised.
    pub(super) fn start(address: FmAddress, audit_interval: Duration) -> Self {
        Self(Courier::start("alarms", AlarmDesk::default(), address, Some(audit_interval)))
    }

    pub(super) fn raise(&self, alarm: &AlarmData) {
        self.0.hand_over(alarms::Command::Raise(Box::new(alarm.clone())));
    }

    pub(super) fn clear(&self, uuid: &AlarmUuid) {
        self.0.hand_over(alarms::Command::Clear(uuid.clone()));
    }

    pub(super) async fn stop(self) {
        self.0.stop().await;
    }
}

/// Event logs to fmManager.
#[derive(Debug)]
pub(super) struct EventLogFm(Courier<Box<EventLogData>>);

impl EventLogFm {
    pub(super) fn start(address: FmAddress) -> Self {
        Self(Courier::start("event logs", LogDesk::default(), address, None))
    }

    pub(super) fn log(&self, log: &EventLogData) {
        self.0.hand_over(Box::new(log.clone()));
    }

    pub(super) async fn stop(self) {
        self.0.stop().await;
    }
}
