//! Dumps of every release go in and come out as the contract says. Contract: deployment 2.2, 2.3.
#![allow(clippy::unwrap_used)] // a test may

mod support;

use nfv_vim_db::transfer::{dump, load};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::{ask, content, directory, json as read_json, loaded, open, own_dump};

/// The tables that the program knows: those of the original's schema.
fn known_tables() -> BTreeSet<String> {
    let golden = include_str!("golden/schema.sql");
    let names = golden.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")?.strip_suffix(" ("));
    names.map(str::to_owned).collect()
}

/// What a dump after a load into an empty directory must be: every known table, with the rows of the dump if it has
/// any, and nothing else.
fn expected(dump: &Value) -> Value {
    let tables = known_tables().into_iter().map(|table| {
        let rows = dump["tables"].get(&table).cloned().unwrap_or_else(|| json!([]));
        (table, rows)
    });
    json!({"version": 1, "tables": tables.collect::<Map<String, Value>>()})
}

/// Loads, dumps, compares; loads that dump elsewhere, dumps, compares the texts; migrates and reads.
fn check(file: &Path) {
    let name = file.display();
    let given = read_json(file);
    let (first, second) = (directory(), directory());
    load(first.path(), file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (once, twice) = (first.path().join("once"), second.path().join("twice"));
    dump(first.path(), &once).unwrap();
    assert_eq!(read_json(&once), expected(&given), "{name}");
    load(second.path(), &once).unwrap();
    dump(second.path(), &twice).unwrap();
    assert_eq!(std::fs::read(&twice).unwrap(), std::fs::read(&once).unwrap(), "{name}");

    let mut database = open(first.path());
    assert_eq!(database.migrate().unwrap(), [], "{name}");
    let snapshot = database.load().unwrap();
    assert_eq!(snapshot.quarantined, [], "{name}");
    let count = |tables: &[&str]| -> usize {
        tables
            .iter()
            .filter_map(|table| given["tables"].get(table)?.as_array())
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    };
    // The present table wins where it has rows at all.
    let hosts = match count(&["hosts_v6"]) {
        0 => count(&["hosts_v5"]),
        present => present,
    };
    let kinds = match count(&["instance_types_v5"]) {
        0 => count(&["instance_types_v4"]),
        present => present,
    };
    assert_eq!(snapshot.hosts.len(), hosts, "{name}");
    assert_eq!(snapshot.instance_types.len(), kinds, "{name}");
    assert_eq!(snapshot.instances.len(), count(&["instances_v5"]), "{name}");
    assert_eq!(snapshot.volumes.len(), count(&["volumes_v1"]), "{name}");
    assert_eq!(snapshot.networks.len(), count(&["networks"]), "{name}");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

#[test]
fn our_own_dumps_of_every_release_load() {
    let files = files(own_dump("").as_path());
    assert_eq!(files.len(), 6);
    files.iter().for_each(|file| check(file));
}

#[test]
fn our_own_dumps_have_rows_for_every_table_old_and_new() {
    let mut filled = BTreeSet::new();
    for file in files(own_dump("").as_path()) {
        let dump = read_json(&file);
        let tables = dump["tables"].as_object().unwrap();
        filled.extend(tables.iter().filter(|(_, rows)| rows != &&json!([])).map(|(name, _)| name.clone()));
    }
    let old = [
        "hosts_v4",
        "instances_v1",
        "instances_v2",
        "instances_v3",
        "instance_types_v1",
        "volumes",
        "sw_patches",
    ];
    let mut wanted = known_tables();
    wanted.extend(old.map(str::to_owned));
    assert!(filled.is_superset(&wanted), "{:?}", wanted.difference(&filled));
}

#[test]
fn real_dumps_load_where_there_are_any() {
    let Some(directory) = std::env::var_os("NFV_DB_DUMPS") else {
        println!("NOTICE: NFV_DB_DUMPS is not set, real dumps are not tested");
        return;
    };
    let files = files(Path::new(&directory));
    assert!(!files.is_empty(), "no dumps in {}", directory.display());
    for file in files {
        println!("checking {}", file.display());
        check(&file);
    }
}

#[test]
fn a_dump_is_one_line_of_ascii_in_pythons_hand() {
    let directory = loaded("present.json");
    let file = directory.path().join("dump");
    std::fs::write(&file, "x".repeat(1_000_000)).unwrap();
    dump(directory.path(), &file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.is_ascii() && !text.contains('\n'));
    assert!(text.starts_with("{\"tables\": {\"host_aggregates\": [{\"name\": \"agg-nova\", "));
    assert!(text.ends_with("}]}, \"version\": 1}"));
    assert!(text.contains("\"name\": \"net-\\u00e9\\u4e2d\\ud83d\\ude00\""));
}

#[test]
fn tables_that_nobody_knows_are_listed_empty() {
    let directory = loaded("present.json");
    open(directory.path()).close().unwrap();
    support::execute(
        directory.path(),
        "CREATE TABLE hosts_v8 (uuid TEXT); INSERT INTO hosts_v8 VALUES ('x')",
    );
    let content = content(directory.path());
    assert_eq!(content["tables"]["hosts_v8"], json!([]));
    assert_eq!(content["tables"]["nfv_state"], json!([]));
    assert_eq!(content["tables"]["nfv_history"], json!([]));
    assert_eq!(content["tables"].as_object().unwrap().len(), 22);
}

#[test]
fn missing_columns_of_statistics_have_defaults_and_others_are_ignored() {
    let directory = directory();
    let file = directory.path().join("dump");
    let given = json!({"tables": {
        "hypervisors": [{"uuid": "1", "admin_state": "", "oper_state": "", "host_name": "h", "nfvi_hypervisor_data": "{}",
            "colour": "red"}],
        "instance_types_v5": [{"uuid": "2", "name": "n"}],
        "instance_types_v4": [{"uuid": "3", "name": "n"}],
        "tenants": [{"uuid": "4", "name": "n", "enabled": true}],
    }});
    std::fs::write(&file, given.to_string()).unwrap();
    load(directory.path(), &file).unwrap();
    let content = content(directory.path());
    let kind = json!({"name": "n", "have_details": false, "vcpus": 0, "mem_mb": 0, "disk_gb": 0, "ephemeral_gb": 0,
        "swap_gb": 0, "guest_services": "{}", "auto_recovery": null, "live_migration_timeout": null,
        "live_migration_max_downtime": null});
    let with = |uuid: &str| {
        let mut kind = kind.clone();
        kind["uuid"] = uuid.into();
        kind
    };
    assert_eq!(content["tables"]["instance_types_v5"], json!([with("2")]));
    let mut old = with("3");
    old["storage_type"] = Value::Null;
    assert_eq!(content["tables"]["instance_types_v4"], json!([old]));
    assert_eq!(content["tables"]["hypervisors"][0]["vcpus_max"], json!(0));
    assert_eq!(content["tables"]["hypervisors"][0]["stats_available"], json!(false));
    // A truth value in a text column: SQLite's affinity makes it the text of a number, as in the original's files.
    assert_eq!(content["tables"]["tenants"][0]["enabled"], json!("1"));
}

#[test]
fn rows_that_are_there_are_kept_and_a_collision_undoes_the_whole_load() {
    let directory = loaded("present.json");
    let before = content(directory.path());
    let file = directory.path().join("dump");
    let more = json!({"tables": {"systems": [{"name": "new", "description": ""}, {"name": "lab", "description": "x"}]}});
    std::fs::write(&file, more.to_string()).unwrap();
    let error = load(directory.path(), &file).unwrap_err();
    assert_eq!(
        error.to_string(),
        "(sqlite3.IntegrityError) UNIQUE constraint failed: systems.name \
         [SQL: u'INSERT INTO systems (name, description) VALUES (?, ?)'] [parameters: (u'lab', u'x')]"
    );
    assert_eq!(content(directory.path()), before);
    let more = json!({"tables": {"systems": [{"name": "new", "description": ""}]}});
    std::fs::write(&file, more.to_string()).unwrap();
    load(directory.path(), &file).unwrap();
    assert_eq!(ask(directory.path(), "SELECT name AS answer FROM systems"), ["lab", "new"]);
}

#[test]
fn what_is_no_dump_is_refused_with_the_reason_and_changes_nothing() {
    let directory = loaded("present.json");
    let before = content(directory.path());
    let file = directory.path().join("dump");
    let path = file.display();
    let not_null = |column: &str, sql: &str, parameters: &str| {
        format!(
            "(sqlite3.IntegrityError) NOT NULL constraint failed: {column} [SQL: u'{sql}'] [parameters: {parameters}]"
        )
    };
    let damaged = |what: &str| format!("dump {path} is damaged: {what}");
    let good = "{\"name\": \"new\", \"description\": \"\"}";
    let cases = [
        (String::new(), "No JSON object could be decoded".to_owned()),
        (format!("{{\"tables\": {{\"systems\": [{good}"), "No JSON object could be decoded".to_owned()),
        ("[]".to_owned(), damaged("it is no JSON object")),
        ("{\"version\": 1}".to_owned(), "'tables'".to_owned()),
        ("{\"tables\": []}".to_owned(), damaged("its \"tables\" is no JSON object")),
        ("{\"tables\": {\"systems\": {}}}".to_owned(), damaged("table systems is no list")),
        (
            format!("{{\"tables\": {{\"systems\": [{good}, \"x\"]}}}}"),
            damaged("table systems, row 2: it is no JSON object"),
        ),
        (
            "{\"tables\": {\"systems\": [{\"name\": []}]}}".to_owned(),
            damaged("table systems, row 1: column name holds a list"),
        ),
        (
            "{\"tables\": {\"systems\": [{\"name\": 18446744073709551615}]}}".to_owned(),
            damaged("table systems, row 1: column name holds a number beyond 64 bits"),
        ),
        (
            format!("{{\"tables\": {{\"systems\": [{good}, {{\"name\": \"\\u00e9\"}}]}}}}"),
            not_null(
                "systems.description",
                "INSERT INTO systems (name, description) VALUES (?, ?)",
                "(u'\\xe9', None)",
            ),
        ),
        (
            format!("{{\"tables\": {{\"systems\": [{good}, {{\"description\": \"d\"}}]}}}}"),
            not_null("systems.name", "INSERT INTO systems (description) VALUES (?)", "(u'd',)"),
        ),
        (
            format!("{{\"version\": 2, \"tables\": {{\"systems\": [{good}]}}}}"),
            format!("dump {path} has version 2, only version 1 can be loaded"),
        ),
        (
            format!("{{\"version\": \"1\", \"tables\": {{\"systems\": [{good}]}}}}"),
            format!("dump {path} has version \"1\", only version 1 can be loaded"),
        ),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, &text).unwrap();
        assert_eq!(load(directory.path(), &file).unwrap_err().to_string(), expected, "{text}");
        assert_eq!(content(directory.path()), before, "{text}");
    }
}

#[test]
fn nothing_to_load_is_a_success() {
    let directory = loaded("present.json");
    let before = content(directory.path());
    let file = directory.path().join("dump");
    for text in
        ["{\"tables\": {}}", "{\"version\": 1.0, \"tables\": {\"hosts_v4\": [{\"uuid\": 1}], \"x\": 7}}"]
    {
        std::fs::write(&file, text).unwrap();
        load(directory.path(), &file).unwrap();
        assert_eq!(content(directory.path()), before);
    }
}
