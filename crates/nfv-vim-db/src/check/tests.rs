//! Each sort of finding, made and found.

use super::{Check, CheckError, Severity, WriteAheadLog, check};
use crate::row::{HypervisorRow, InstanceGroupRow, StateRow, SubnetRow, SwUpdateRow, SystemRow};
use crate::{DATABASE_FILE, Database, Write};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::path::Path;

/// A directory with a complete, closed database.
fn closed(writes: &[Write]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.apply(writes).unwrap();
    database.close().unwrap();
    directory
}

fn sql(directory: &Path, statements: &str) {
    let path = directory.join(DATABASE_FILE);
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(statements).unwrap();
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The one finding that says this.
fn says(check: &Check, severity: Severity, part: &str) {
    let found: Vec<_> = check.findings.iter().filter(|finding| finding.what.contains(part)).collect();
    assert_eq!(found.len(), 1, "{part:?} in {:#?}", check.findings);
    assert_eq!(found[0].severity, severity, "{part}");
    assert!(!found[0].advice.is_empty());
}

fn system() -> Write {
    Write::PutSystem(SystemRow { name: "lab".to_owned(), description: String::new() })
}

#[test]
fn a_sound_database_gives_no_findings_and_stays_as_it_is() {
    let directory = closed(&[system()]);
    let before = std::fs::read(directory.path().join(DATABASE_FILE)).unwrap();
    let check = check(directory.path()).unwrap();
    assert_eq!(check.findings, []);
    assert_eq!(check.log, WriteAheadLog::Closed);
    assert!(check.tables.contains(&("systems".to_owned(), 1)));
    assert_eq!(check.snapshot.systems.len(), 1);
    assert_eq!(files(directory.path()), [DATABASE_FILE]);
    assert_eq!(std::fs::read(directory.path().join(DATABASE_FILE)).unwrap(), before);
}

#[test]
fn an_open_database_is_checked_with_what_is_in_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.apply(&[system()]).unwrap();
    let found = check(directory.path()).unwrap();
    // the lock is asked about from another open file, as from another process
    assert!(matches!(found.log, WriteAheadLog::InUse(size) if size > 0), "{:?}", found.log);
    assert_eq!((found.findings.len(), found.snapshot.systems.len()), (0, 1));
    // and it does not disturb the one that writes
    database.apply(&[system()]).unwrap();
    database.close().unwrap();
    assert_eq!(files(directory.path()), [DATABASE_FILE]);
}

#[test]
fn a_log_that_was_left_is_told_and_read_and_kept() {
    let whole = tempfile::tempdir().unwrap();
    let mut database = Database::open(whole.path()).unwrap();
    database.apply(&[system()]).unwrap();
    // as a kill leaves it
    let directory = tempfile::tempdir().unwrap();
    for name in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
        std::fs::copy(whole.path().join(&name), directory.path().join(&name)).unwrap();
    }
    for _ in 0..2 {
        let check = check(directory.path()).unwrap();
        assert!(matches!(check.log, WriteAheadLog::LeftOver(_)));
        says(&check, Severity::Warning, "left in the write-ahead log");
        assert_eq!(check.snapshot.systems.len(), 1);
    }
    assert_eq!(Database::open(directory.path()).unwrap().load().unwrap().systems.len(), 1);
}

#[test]
fn what_is_no_database_is_said() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(check(directory.path()), Err(CheckError::Absent(_))));
    assert_eq!(files(directory.path()), [""; 0]);
    let path = directory.path().join(DATABASE_FILE);
    for (content, what) in
        [("", "empty"), ("short", "too short"), ("this is some text of ours", "begins otherwise")]
    {
        std::fs::write(&path, content).unwrap();
        let error = check(directory.path()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn damage_tables_and_versions_are_told() {
    let directory = closed(&[system()]);
    sql(
        directory.path(),
        "PRAGMA user_version=2; DROP TABLE tenants; CREATE TABLE hosts_v4 (name TEXT); INSERT INTO hosts_v4 VALUES ('x');
         ALTER TABLE networks DROP COLUMN mtu",
    );
    let check = check(directory.path()).unwrap();
    says(&check, Severity::Warning, "the file has version 2");
    says(&check, Severity::Warning, "no table tenants");
    says(&check, Severity::Error, "table networks has no column mtu");
    says(&check, Severity::Note, "table hosts_v4 holds rows (1): not of this release");
    assert_eq!(check.worst(), Some(Severity::Error));
}

#[test]
fn a_damaged_page_is_told() {
    let rows: Vec<Write> = (0..500)
        .map(|number| {
            Write::PutSystem(SystemRow { name: format!("system-{number}"), description: "x".repeat(200) })
        })
        .collect();
    let directory = closed(&rows);
    let path = directory.path().join(DATABASE_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len() - 8192;
    bytes[end..end + 2048].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let told = match check(directory.path()) {
        Ok(check) => check.findings.iter().any(|finding| finding.severity == Severity::Error),
        Err(CheckError::Database(error)) => error.to_string().contains("malformed"),
        Err(error) => panic!("{error}"),
    };
    assert!(told);
}

#[test]
fn rows_json_and_references_are_told() {
    let hypervisor = HypervisorRow {
        uuid: "1".to_owned(),
        admin_state: "unlocked".to_owned(),
        oper_state: "enabled".to_owned(),
        host_name: "compute-9".to_owned(),
        stats_available: false,
        vcpus_used: 0,
        vcpus_max: 0,
        mem_used_mb: 0,
        mem_free_mb: 0,
        mem_max_mb: 0,
        disk_used_gb: 0,
        disk_max_gb: 0,
        running_instances: 0,
        nfvi_hypervisor_data: "[]".to_owned(),
    };
    let update = |uuid: &str| {
        Write::PutSwUpdate(SwUpdateRow {
            uuid: uuid.to_owned(),
            sw_update_type: "sw-patch".to_owned(),
            strategy_data: "{".to_owned(),
        })
    };
    let directory = closed(&[
        Write::PutHypervisor(hypervisor),
        Write::PutSubnet(SubnetRow {
            uuid: "s".to_owned(),
            name: "sn".to_owned(),
            ip_version: "4".to_owned(),
            subnet_ip: "10.0.0.0".to_owned(),
            subnet_prefix: 24,
            gateway_ip: None,
            network_uuid: "gone".to_owned(),
            is_dhcp_enabled: true,
        }),
        Write::PutInstanceGroup(InstanceGroupRow {
            uuid: "g".to_owned(),
            name: "grp".to_owned(),
            member_uuids: "[\"gone\"]".to_owned(),
            policies: "[]".to_owned(),
            nfvi_instance_group_data: "{}".to_owned(),
        }),
        update("u1"),
        update("u2"),
        Write::PutState(StateRow {
            kind: "instance".to_owned(),
            key: "gone".to_owned(),
            data: "{}".to_owned(),
        }),
    ]);
    sql(directory.path(), "INSERT INTO tenants VALUES ('t', x'ff', NULL, '1')");
    let check = check(directory.path()).unwrap();
    says(&check, Severity::Error, "row t of table tenants left out");
    says(&check, Severity::Error, "row 1 of table hypervisors: column nfvi_hypervisor_data is not an object");
    says(&check, Severity::Error, "row u1 of table sw_updates: column strategy_data cannot be read as JSON");
    says(&check, Severity::Warning, "hypervisor 1 is on host compute-9");
    says(&check, Severity::Warning, "subnet sn (s) is of network gone");
    says(&check, Severity::Note, "instance group grp has the member gone");
    says(&check, Severity::Warning, "sw_updates holds 2 rows");
    says(&check, Severity::Note, "nfv_state remembers instance gone");
}
