//! Strategies of other releases and damaged ones: they load, or are refused with the reason, and are in nobody's way.
#![allow(clippy::unwrap_used)] // in helpers of tests

use nfv_common::time::{Mono, Now};
use nfv_vim::core::{CoreConfig, Effect, StartFacts, Vim};
use nfv_vim_db::row::SwUpdateRow;
use nfv_vim_db::{Snapshot, Write};
use serde_json::{Value, json};

fn row(kind: &str, data: &str) -> SwUpdateRow {
    SwUpdateRow { uuid: "u".to_owned(), sw_update_type: kind.to_owned(), strategy_data: data.to_owned() }
}

fn start(rows: Vec<SwUpdateRow>) -> (Vim, Vec<Write>, String) {
    let now = Now { mono: Mono::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
    let snapshot = Snapshot { sw_updates: rows, ..Snapshot::default() };
    let (vim, outcome) = Vim::start(CoreConfig::default(), StartFacts::default(), snapshot, now);
    let lines = outcome.effects.iter().filter_map(|effect| match effect {
        Effect::Log(line) => Some(line.text.clone()),
        _ => None,
    });
    (vim, outcome.writes, lines.collect::<Vec<_>>().join("\n"))
}

/// A strategy as the recorded cases store it.
fn stored(id: &str) -> Value {
    let file = include_str!("data/strategy-cases.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let dicts = file["full_dicts"].as_array().unwrap();
    dicts.iter().find(|dict| dict["id"] == id).unwrap()["persisted"].clone()
}

#[test]
fn a_strategy_of_a_release_that_said_compute_and_knew_no_swift_loads() {
    let mut strategy = stored("patch-ready");
    let keys = strategy.as_object_mut().unwrap();
    let worker = keys.remove("worker_apply_type").unwrap();
    keys.insert("compute_apply_type".to_owned(), worker.clone());
    let most = keys.remove("max_parallel_worker_hosts").unwrap();
    keys.insert("max_parallel_compute_hosts".to_owned(), most.clone());
    keys.remove("swift_apply_type");
    keys.remove("single_controller");
    keys.insert("of_a_later_release".to_owned(), json!([1]));
    let (vim, _, _) = start(vec![row("sw-patch", &strategy.to_string())]);
    let update = vim.sw_update().unwrap();
    let again = serde_json::to_value(update.to_stored().unwrap()).unwrap();
    assert_eq!((&again["worker_apply_type"], &again["max_parallel_worker_hosts"]), (&worker, &most));
    assert_eq!((&again["swift_apply_type"], &again["single_controller"]), (&json!("ignore"), &json!(false)));
    assert_eq!(again["of_a_later_release"], json!([1]), "kept");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason_and_stays_in_the_file() {
    let mut unknown_state = stored("patch-ready");
    unknown_state["state"] = json!("dreaming");
    let mut no_hosts = stored("patch-ready");
    let steps = no_hosts["apply_phase"]["stages"][0]["steps"].as_array_mut().unwrap();
    let lock = steps.iter_mut().find(|step| step["name"] == "lock-hosts").unwrap();
    lock.as_object_mut().unwrap().remove("entity_names");
    let mut another = stored("patch-ready");
    another["name"] = json!("fw-update");
    for (data, why) in [
        ("{", "EOF"),
        ("[]", "invalid type"),
        (&unknown_state.to_string(), "dreaming"),
        (&no_hosts.to_string(), "entity_names is missing"),
        (&another.to_string(), "strategy of kind fw-update is not known"),
    ] {
        let (vim, writes, lines) = start(vec![row("sw-patch", data)]);
        assert!(vim.sw_update().is_none(), "{why}");
        assert!(lines.contains(why), "{why} is not in {lines}");
        assert!(!writes.iter().any(|write| matches!(write, Write::DeleteSwUpdate { .. })), "{why}");
    }
}

#[test]
fn a_strategy_that_was_being_deleted_is_removed_and_other_types_are_left_alone() {
    let (vim, writes, _) = start(vec![row("sw-patch", "{}"), row("fw-update", "{}")]);
    assert!(vim.sw_update().is_none());
    let removed = writes.iter().filter(|write| matches!(write, Write::DeleteSwUpdate { .. }));
    assert_eq!(removed.count(), 1);
}

#[test]
fn of_several_the_last_counts() {
    let rows = vec![
        row("sw-upgrade", &stored("upgrade-ready").to_string()),
        row("sw-patch", &stored("patch-aborting").to_string()),
    ];
    let (vim, _, lines) = start(rows);
    assert_eq!(vim.sw_update().unwrap().kind.as_str(), "sw-patch");
    assert!(lines.contains("More than one software update found"), "{lines}");
}

/// The strategies of real databases, where a directory of their dumps is named.
#[test]
fn strategies_of_the_dumps_load_or_say_why_not() {
    let Some(dumps) = std::env::var_os("NFV_DB_DUMPS") else { return };
    let mut found = 0;
    for file in std::fs::read_dir(dumps).unwrap() {
        let path = file.unwrap().path();
        let Ok(dump) = serde_json::from_str::<Value>(&std::fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        for entry in dump["tables"]["sw_updates"].as_array().into_iter().flatten() {
            found += 1;
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            let (vim, _, lines) = start(vec![row(&text("sw_update_type"), &text("strategy_data"))]);
            let empty = text("strategy_data") == "{}";
            assert!(empty || vim.sw_update().is_some() || lines.contains("sw_updates"), "{path:?}: {lines}");
        }
    }
    println!("{found} strategies in the dumps");
}
