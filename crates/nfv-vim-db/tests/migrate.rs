//! From the previous release's tables to the present ones. Contract: deployment 1.4.
#![allow(clippy::unwrap_used)] // a test may

mod support;

use nfv_vim_db::Quarantined;
use serde_json::Value;
use support::{ask, content, directory, execute, json, loaded, open, own_dump};

fn rows(content: &Value, table: &str) -> Vec<Value> {
    content["tables"][table].as_array().unwrap_or_else(|| panic!("no table {table}")).clone()
}

#[test]
fn hosts_gain_the_two_openstack_facts_and_instance_types_lose_their_storage() {
    let directory = loaded("release-4.json");
    let before = content(directory.path());
    let mut database = open(directory.path());
    assert_eq!(database.migrate().unwrap(), []);
    let snapshot = database.load().unwrap();
    database.close().unwrap();
    let after = content(directory.path());

    let mut expected = rows(&before, "hosts_v5");
    assert_eq!(expected.len(), 2);
    for host in &mut expected {
        let mut data: Value = serde_json::from_str(host["nfvi_host_data"].as_str().unwrap()).unwrap();
        assert!(data.get("openstack_compute").is_none());
        data["openstack_compute"] = false.into();
        data["openstack_control"] = false.into();
        host["nfvi_host_data"] = data;
    }
    let mut found = rows(&after, "hosts_v6");
    for host in &mut found {
        host["nfvi_host_data"] = serde_json::from_str(host["nfvi_host_data"].as_str().unwrap()).unwrap();
    }
    assert_eq!(found, expected);
    assert!(rows(&after, "hosts_v5").is_empty());

    let mut expected = rows(&before, "instance_types_v4");
    expected.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("storage_type")));
    assert_eq!(rows(&after, "instance_types_v5"), expected);
    assert!(rows(&after, "instance_types_v4").is_empty());

    assert_eq!(rows(&after, "instances_v4"), rows(&before, "instances_v4"), "never read, never removed");
    assert!(snapshot.instances.is_empty());
    assert_eq!((snapshot.hosts.len(), snapshot.instance_types.len()), (2, 3));

    let mut database = open(directory.path());
    assert_eq!(database.migrate().unwrap(), []);
    assert_eq!(database.load().unwrap(), snapshot, "a second start finds nothing to do");
}

#[test]
fn where_the_present_table_is_not_empty_the_old_rows_are_only_deleted() {
    let directory = loaded("between.json");
    let dump = json(&own_dump("between.json"));
    let mut database = open(directory.path());
    assert_eq!(database.migrate().unwrap(), []);
    database.close().unwrap();
    let after = content(directory.path());
    for table in ["hosts_v6", "instance_types_v5", "instances_v5", "instances_v4"] {
        assert_eq!(rows(&after, table), rows(&dump, table), "{table}");
    }
    for table in ["hosts_v5", "instance_types_v4"] {
        assert!(rows(&after, table).is_empty(), "{table}");
    }
}

#[test]
fn a_host_that_cannot_be_brought_over_stays_until_it_is_known_again() {
    let directory = loaded("release-4.json");
    let uuid = ask(directory.path(), "SELECT uuid AS answer FROM hosts_v5 WHERE name = 'compute-1'").join("");
    for (broken, reason) in [
        ("not json", "column nfvi_host_data is no JSON: expected ident at line 1 column 2"),
        ("[]", "column nfvi_host_data is no JSON object"),
    ] {
        execute(
            directory.path(),
            &format!("UPDATE hosts_v5 SET nfvi_host_data = '{broken}' WHERE name = 'compute-1'"),
        );
        let mut database = open(directory.path());
        let quarantined = Quarantined { table: "hosts_v5".into(), key: uuid.clone(), reason: reason.into() };
        assert_eq!(database.migrate().unwrap(), [quarantined]);
        assert_eq!(database.load().unwrap().hosts.len(), 1, "the other host came over");
    }
    assert_eq!(ask(directory.path(), "SELECT name AS answer FROM hosts_v5"), ["compute-1"]);
    // An audit finds the host again, with a new uuid even.
    execute(directory.path(), "UPDATE hosts_v6 SET name = 'compute-1'");
    assert_eq!(open(directory.path()).migrate().unwrap(), []);
    assert!(ask(directory.path(), "SELECT name AS answer FROM hosts_v5").is_empty());
}

#[test]
fn odd_values_arrive_as_they_were() {
    let directory = loaded("release-4.json");
    execute(
        directory.path(),
        "UPDATE instance_types_v4 SET disk_gb = 0.5, vcpus = 'many' WHERE name = 'flavor-2'",
    );
    let mut database = open(directory.path());
    assert_eq!(database.migrate().unwrap(), []);
    let query = "SELECT disk_gb || vcpus AS answer FROM instance_types_v5 WHERE name = 'flavor-2'";
    assert_eq!(ask(directory.path(), query), ["0.5many"]);
    let snapshot = database.load().unwrap();
    assert_eq!((snapshot.instance_types.len(), snapshot.quarantined.len()), (2, 1));
}

#[test]
fn an_empty_database_has_nothing_to_migrate() {
    let directory = directory();
    let mut database = open(directory.path());
    assert_eq!(database.migrate().unwrap(), []);
    assert_eq!(database.load().unwrap(), nfv_vim_db::Snapshot::default());
}
