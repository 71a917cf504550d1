//! Starting from any database: rows of older releases, damaged rows, rows of the side table that cannot be read.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use nfv_common::time::{Mono, Now};
use nfv_vim::core::{CoreConfig, Effect, Input, Level, Outcome, StartFacts, Vim};
use nfv_vim_db::row::{HostAggregateRow, HostGroupRow, ServiceHostRow, StateRow};
use nfv_vim_db::{Quarantined, Snapshot, Write};
use serde_json::Value;
use sim::store::Store;
use sim::world::World;
use sim::{scenario, secs, stock};

fn at(seconds: u64) -> Now {
    Now { mono: Mono::at(secs(1000 + seconds)), wall: jiff::Timestamp::UNIX_EPOCH }
}

fn start(snapshot: Snapshot) -> (Vim, Outcome) {
    Vim::start(CoreConfig::default(), StartFacts::default(), snapshot, at(0))
}

/// Rows in every table, as the core writes them.
fn everything() -> Snapshot {
    let mut cloud = scenario::cluster(1, 3, 6, 20);
    cloud.steady = true;
    let mut rng = fastrand::Rng::with_seed(7);
    let servers: Vec<_> = cloud.servers.keys().cloned().collect();
    for kind in stock::KINDS {
        for _ in 0..3 {
            cloud.stock.add(kind, &servers, &mut rng);
        }
    }
    let mut world = World::new(1, cloud, Store::memory());
    world.run_for(secs(150)).map_err(|failure| failure.what).unwrap();
    world.cloud.crash_server(&servers[0]);
    world.settle_cloud();
    world.run_for(secs(60)).map_err(|failure| failure.what).unwrap();
    let mut rows = world.store.rows().clone();
    let text = |text: &str| text.to_owned();
    rows.host_groups.push(HostGroupRow {
        name: text("group-0"),
        member_names: text(r#"["storage-0"]"#),
        policies: text(r#"["storage-replication"]"#),
        nfvi_host_group_data: text(
            r#"{"name": "group-0", "member_names": ["storage-0"], "policies": ["storage-replication"]}"#,
        ),
    });
    rows.host_aggregates.push(HostAggregateRow {
        name: text("a"),
        host_names: text(r#"["compute-0"]"#),
        availability_zone: Some(text("nova")),
        nfvi_host_aggregate_data: text(
            r#"{"name": "a", "host_names": ["compute-0"], "availability_zone": "nova"}"#,
        ),
    });
    rows.service_hosts.push(ServiceHostRow { name: text("h"), service: text("s"), zone: text("z") });
    rows
}

/// Objects of each table of the original.
fn sizes(vim: &Vim) -> Vec<(&'static str, usize)> {
    vec![
        ("images", vim.images().count()),
        ("volumes_v1", vim.volumes().count()),
        ("volume_snapshots", vim.volume_snapshots().count()),
        ("tenants", vim.tenants().count()),
        ("subnets", vim.subnets().count()),
        ("networks", vim.networks().count()),
        ("systems", usize::from(vim.system().is_some())),
        ("hosts_v6", vim.hosts().count()),
        ("host_groups", vim.host_groups().count()),
        ("hypervisors", vim.hypervisors().count()),
        ("instance_types_v5", vim.instance_types().count()),
        ("instances_v5", vim.instances().count()),
        ("instance_groups", vim.instance_groups().count()),
        ("service_hosts", vim.service_hosts().count()),
        ("host_aggregates", vim.host_aggregates().count()),
    ]
}

/// Every text column of every row but those of our own tables: table, column, text.
fn each_text(snapshot: &mut Value, mut change: impl FnMut(&str, &str, &mut String)) {
    for (table, rows) in snapshot.as_object_mut().unwrap() {
        if matches!(table.as_str(), "quarantined" | "state" | "decisions" | "last_decision") {
            continue;
        }
        for row in rows.as_array_mut().unwrap() {
            for (column, value) in row.as_object_mut().unwrap() {
                if let Value::String(text) = value {
                    change(table, column, text);
                }
            }
        }
    }
}

/// Changes the JSON objects among the columns.
fn each_object(snapshot: &Snapshot, mut change: impl FnMut(&mut serde_json::Map<String, Value>)) -> Snapshot {
    let mut all = serde_json::to_value(snapshot).unwrap();
    each_text(&mut all, |_, column, text| {
        if column.starts_with("nfvi_")
            && let Ok(Value::Object(mut object)) = serde_json::from_str(text)
        {
            change(&mut object);
            *text = Value::Object(object).to_string();
        }
    });
    serde_json::from_value(all).unwrap()
}

fn loads_completely(rows: Snapshot, wanted: &[(&'static str, usize)], what: &str) -> Vim {
    let (vim, _) = start(rows);
    assert_eq!(vim.quarantined(), [], "{what}");
    assert_eq!(sizes(&vim), wanted, "{what}");
    vim
}

#[test]
fn every_table_has_rows_to_try_with() {
    let (vim, _) = start(everything());
    for (table, size) in sizes(&vim) {
        assert!(size > 0, "{table}");
    }
}

/// Lessons 21 and 38: any field may be missing, null, or one that this release does not know.
#[test]
fn rows_that_lack_fields_load_with_defaults() {
    let rows = everything();
    let (vim, _) = start(rows.clone());
    let wanted = sizes(&vim);
    let mut keys = std::collections::BTreeSet::new();
    each_object(&rows, |object| keys.extend(object.keys().cloned()));
    assert!(keys.len() > 40, "{keys:?}");
    for key in &keys {
        let without = each_object(&rows, |object| {
            object.remove(key);
        });
        loads_completely(without, &wanted, &format!("without {key}"));
        let null = each_object(&rows, |object| {
            if let Some(value) = object.get_mut(key) {
                *value = Value::Null;
            }
        });
        loads_completely(null, &wanted, &format!("{key} is null"));
    }
    loads_completely(each_object(&rows, serde_json::Map::clear), &wanted, "without any field");
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let changed = each_object(&rows, |object| {
            object.retain(|_, _| rng.u32(0..3) > 0);
            object.insert("of_a_later_release".to_owned(), Value::Bool(true));
        });
        loads_completely(changed, &wanted, &format!("seed {seed}"));
    }
}

/// What columns tell is not lost with the JSON.
#[test]
fn what_the_json_lacks_comes_from_the_columns() {
    let rows = everything();
    let (full, _) = start(rows.clone());
    let (bare, _) = start(each_object(&rows, serde_json::Map::clear));
    assert!(full.images().eq(bare.images()));
    assert!(full.volumes().eq(bare.volumes()));
    assert!(full.volume_snapshots().eq(bare.volume_snapshots()));
    assert!(full.host_groups().eq(bare.host_groups()));
    assert!(full.host_aggregates().eq(bare.host_aggregates()));
    assert!(full.hypervisors().eq(bare.hypervisors()));
    for (full, bare) in full.instances().zip(bare.instances()) {
        assert_eq!(full.nfvi.host_name, bare.nfvi.host_name);
        assert_eq!(full.nfvi.oper_state, bare.nfvi.oper_state);
        assert_eq!(full.nfvi.avail_status, bare.nfvi.avail_status);
    }
    for (full, bare) in full.hosts().zip(bare.hosts()) {
        assert_eq!((full.name(), full.state()), (bare.name(), bare.state()));
        // its states are in the JSON only: unknown is no evidence that the host is down
        assert_eq!(bare.nfvi.oper_state.as_str(), "unknown");
        assert!(!bare.is_offline() && !bare.is_wholly_failed());
    }
}

fn damage(text: &mut String, rng: &mut fastrand::Rng) {
    let cut = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
    let at = cut[rng.usize(0..cut.len())];
    match rng.u32(0..7) {
        0 => text.truncate(at),
        1 => text.insert(at, ['"', '{', ']', '\\', '0', 'é', '\u{0}'][rng.usize(0..7)]),
        2 => *text = "null".to_owned(),
        3 => *text = "[[[[".to_owned(),
        4 => *text = text.replace(['0', '1', '2'], "-99999999999999999999"),
        5 => *text = text.replace('"', ""),
        _ => text.clear(),
    }
}

/// Whatever stands in a column: the process starts, all other rows load, and it works on.
#[test]
fn no_damage_of_a_column_keeps_the_rest_from_loading() {
    let rows = everything();
    let (vim, _) = start(rows.clone());
    let wanted = sizes(&vim);
    let all = serde_json::to_value(&rows).unwrap();
    let mut texts = 0;
    each_text(&mut all.clone(), |_, _, _| texts += 1);
    for seed in 0..1500_u64 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut damaged, mut index) = (all.clone(), 0);
        let victims: Vec<usize> = (0..rng.usize(1..4)).map(|_| rng.usize(0..texts)).collect();
        each_text(&mut damaged, |_, _, text| {
            if victims.contains(&index) {
                damage(text, &mut rng);
            }
            index += 1;
        });
        let (mut vim, _) = start(serde_json::from_value(damaged).unwrap());
        for ((table, size), (_, wanted)) in sizes(&vim).into_iter().zip(&wanted) {
            let bad = vim.quarantined().iter().filter(|row| row.table == table).count();
            // two rows whose keys became the same are one
            assert!(
                size + bad + victims.len() >= *wanted,
                "seed {seed}: {table} has {size} and {bad} bad ones"
            );
            assert!(bad <= victims.len(), "seed {seed}: {:?}", vim.quarantined());
        }
        for second in [1, 5, 20] {
            vim.handle(at(second), Input::Tick);
        }
    }
}

fn errors(outcome: &Outcome) -> Vec<&str> {
    let errors = outcome.effects.iter().filter_map(|effect| match effect {
        Effect::Log(line) if line.level == Level::Error => Some(line.text.as_str()),
        _ => None,
    });
    errors.collect()
}

fn bad_image(rows: &mut Snapshot) -> String {
    rows.images[0].nfvi_image_data = "{".to_owned();
    rows.images[0].uuid.clone()
}

#[test]
fn a_row_that_cannot_be_read_is_told_with_its_reason_and_kept() {
    let mut rows = everything();
    let uuid = bad_image(&mut rows);
    rows.quarantined.push(Quarantined {
        table: "subnets".to_owned(),
        key: "s".to_owned(),
        reason: "column subnet_prefix is NULL".to_owned(),
    });
    let (vim, outcome) = start(rows);
    let told = errors(&outcome);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "row s of table subnets left out: column subnet_prefix is NULL");
    assert!(
        told[1].starts_with(&format!("row {uuid} of table images left out: nfvi_image_data: ")),
        "{told:?}"
    );
    assert!(
        told[2].starts_with("2 rows of the database cannot be read and are kept as they are"),
        "{told:?}"
    );
    assert_eq!(vim.quarantined().len(), 2);
    let removed = |write: &&Write| matches!(write, Write::DeleteImage { .. } | Write::DeleteSubnet { .. });
    assert_eq!(outcome.writes.iter().filter(removed).count(), 0);
    assert_eq!(vim.raised_alarms().filter(|alarm| alarm.entity.contains("images")).count(), 0);
}

#[test]
fn a_row_of_the_side_table_that_cannot_be_read_is_told_once_and_goes() {
    let mut rows = everything();
    rows.state.retain(|row| row.kind != "alarm");
    let row = |kind: &str, key: &str, data: &str| StateRow {
        kind: kind.to_owned(),
        key: key.to_owned(),
        data: data.to_owned(),
    };
    rows.state.push(row("alarm", "1", "{\"alarm_type\": 5}"));
    rows.state.push(row("instance", "2", "["));
    rows.state.push(row("of a later release", "3", "whatever"));
    rows.quarantined.push(Quarantined {
        table: "nfv_state".to_owned(),
        key: "alarm/4".to_owned(),
        reason: "column data is NULL".to_owned(),
    });
    let (vim, outcome) = start(rows);
    assert_eq!(vim.quarantined(), []);
    let deleted: Vec<_> = outcome
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::DeleteState { kind, key } => Some((kind.as_str(), key.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        deleted,
        [("alarm", "4"), ("alarm", "1"), ("instance", "2")],
        "what is not known is not touched"
    );
    assert_eq!(errors(&outcome).len(), 4);
}
