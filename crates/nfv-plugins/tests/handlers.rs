//! The file handlers as the VIM's configuration chooses them. Contract: southbound 12.8, 13.1.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

use nfv_common::alarm::{AlarmData, AlarmType, AlarmUuid};
use nfv_common::config::Settings;
use nfv_common::event_log::{EventId, EventLogData, LogId};
use nfv_plugins::{AlarmHandlers, EventLogHandlers};
use std::path::Path;

fn vim(dir: &Path, handlers: &str) -> Settings {
    let ini = dir.join("handlers.ini");
    std::fs::write(&ini, format!("[File-Storage]\nfile={}\n", dir.join("out.log").display())).unwrap();
    let ini = ini.display();
    let section = |name| format!("[{name}]\nhandlers={handlers}\nconfig_file={ini}\n");
    Settings::parse("vim.ini", (section("alarm") + &section("event-log")).as_bytes()).unwrap()
}

fn alarm() -> AlarmData {
    let now = "2019-01-23T15:04:05Z".parse().unwrap();
    AlarmData::new("u1", AlarmType::InstanceFailed, "tenant.instance", "instance=i1", "failed", "wait", now)
}

fn log() -> EventLogData {
    let now = "2019-01-23T15:04:05Z".parse().unwrap();
    EventLogData::new(LogId(1), EventId::InstanceFailed, "tenant.instance", "instance=i1", "failed", now)
}

#[tokio::test]
async fn alarms_and_event_logs_reach_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let vim = vim(dir.path(), "File-Storage, Fault-Management, Event-Log-Management");
    let alarms = AlarmHandlers::start(&vim).unwrap();
    alarms.raise(&alarm());
    alarms.clear(&AlarmUuid::from("u1"));
    alarms.stop().await;
    let logs = EventLogHandlers::start(&vim).unwrap();
    logs.log(&log());
    logs.stop().await;
    let text = std::fs::read_to_string(dir.path().join("out.log")).unwrap();
    let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} in {text}"));
    assert!(
        at("Raise-Alarm") < at("Clear-Alarm")
            && at("Clear-Alarm") < at("event-id                 = instance-failed")
    );
}

#[tokio::test]
async fn handlers_not_named_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let vim = vim(dir.path(), "Fault-Management");
    let alarms = AlarmHandlers::start(&vim).unwrap();
    alarms.raise(&alarm());
    alarms.stop().await;
    let logs = EventLogHandlers::start(&vim).unwrap();
    logs.log(&log());
    logs.stop().await;
    assert!(!dir.path().join("out.log").exists());
}

#[tokio::test]
async fn a_configuration_without_the_file_is_no_reason_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let vim = vim(dir.path(), "File-Storage");
    std::fs::write(dir.path().join("handlers.ini"), "[Other]\n").unwrap();
    let alarms = AlarmHandlers::start(&vim).unwrap();
    alarms.raise(&alarm());
    alarms.stop().await;
    let missing = Settings::parse("vim.ini", b"[alarm]\nhandlers=File-Storage\n").unwrap();
    assert!(AlarmHandlers::start(&missing).is_err());
}
