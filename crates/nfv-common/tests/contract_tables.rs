//! The tables of alarm types, event ids and FM values against the contract's own tables.
//!
//! Contract: vim-behaviour 8.2, 8.5; southbound 12.2-12.4.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use nfv_common::alarm::{
    AlarmEventType, AlarmProbableCause, AlarmSeverity, AlarmType, FmValue, LOG_PROBABLE_CAUSE,
};
use nfv_common::event_log::{EventId, EventImportance, EventType};

/// The cells (without back-quotes) of the rows of the table whose head line is `head`.
fn table(document: &str, head: &str) -> Vec<Vec<String>> {
    let path = format!("{}/../../docs/contract/{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.split_once(head).unwrap_or_else(|| panic!("{document} has no table '{head}'")).1;
    let cell = |c: &str| c.replace(['`', '*'], "").trim().to_owned();
    let rows: Vec<Vec<String>> = rows
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').skip(1).map(cell).collect::<Vec<_>>())
        .map(|mut row| {
            row.pop();
            row
        })
        .collect();
    assert!(!rows.is_empty(), "{document}: table '{head}' is empty");
    rows
}

/// Tables that hold several `name | id` pairs per row, as one map.
fn pairs(rows: &[Vec<String>]) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for pair in rows.iter().flat_map(|row| row.chunks_exact(2)) {
        if !pair[0].is_empty() {
            assert!(map.insert(pair[0].clone(), pair[1].clone()).is_none(), "{} twice", pair[0]);
        }
    }
    map
}

#[test]
fn alarm_types_carry_the_facts_of_their_row() {
    let rows =
        table("vim-behaviour.md", "| Alarm type | FM id | Severity | FM type | Probable cause | Entity |");
    assert_eq!(rows.len(), 25);
    assert_eq!(AlarmType::ALL.len(), 26, "the rows and `unknown`");
    for row in rows {
        let t = AlarmType::parse(&row[0]).unwrap_or_else(|| panic!("{}", row[0]));
        assert_eq!(t.as_str(), row[0]);
        assert_eq!(t.fm_id(), Some(row[1].as_str()), "{t}");
        assert_eq!(t.severity().fm().unwrap().text, row[2], "{t}");
        assert_eq!(t.event_type().fm().unwrap().text, row[3], "{t}");
        assert_eq!(t.probable_cause().fm().unwrap().text, row[4], "{t}");
    }
}

#[test]
fn alarm_types_map_to_the_fm_ids_of_the_southbound_table() {
    let rows = table("southbound.md", "| VIM alarm type | FM id | VIM alarm type | FM id |");
    let ours: BTreeMap<String, String> =
        AlarmType::ALL.iter().filter_map(|t| Some((t.to_string(), t.fm_id()?.to_owned()))).collect();
    assert_eq!(ours, pairs(&rows));
    assert_eq!(AlarmType::Unknown.fm_id(), None);
    let sharing: Vec<_> = AlarmType::with_fm_id("700.001").collect();
    assert_eq!(sharing, [AlarmType::InstanceFailed, AlarmType::InstanceSchedulingFailed]);
}

#[test]
fn event_ids_map_to_the_fm_ids_of_both_tables() {
    let ours: BTreeMap<String, String> =
        EventId::ALL.iter().map(|id| (id.to_string(), id.fm_id().to_owned())).collect();
    let southbound = table("southbound.md", "| Event id | FM id | Event id | FM id | Event id | FM id |");
    assert_eq!(ours, pairs(&southbound));
    let behaviour: BTreeMap<String, String> = table("vim-behaviour.md", "| Event id | FM id | Text |")
        .into_iter()
        .map(|row| (row[0].trim_end_matches([' ', '†']).to_owned(), row[1].clone()))
        .collect();
    assert_eq!(ours, behaviour);
}

#[test]
fn values_map_to_the_texts_and_numbers_of_fault_management() {
    let number = |cell: &str| cell.split([' ', '(']).next().unwrap().parse::<u8>().unwrap();

    let mut seen = 0;
    for row in table("southbound.md", "| VIM event type | FM alarm_type text | wire |") {
        for name in row[0].split(", ") {
            let fm = AlarmEventType::parse(name).unwrap().fm().unwrap();
            assert_eq!((fm.text, fm.wire), (row[1].as_str(), number(&row[2])), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, AlarmEventType::ALL.iter().filter(|t| t.fm().is_some()).count());

    let mut seen = 0;
    for row in table("southbound.md", "| VIM probable cause | FM text | wire |") {
        let fm = if row[0] == "(logs)" {
            LOG_PROBABLE_CAUSE
        } else {
            seen += 1;
            AlarmProbableCause::parse(&row[0]).unwrap().fm().unwrap()
        };
        assert_eq!((fm.text, fm.wire), (row[1].as_str(), number(&row[2])), "{}", row[0]);
    }
    assert_eq!(seen, AlarmProbableCause::ALL.iter().filter(|c| c.fm().is_some()).count());

    let (mut severities, mut importances) = (0, 0);
    for row in table("southbound.md", "| VIM severity / importance | FM text | wire |") {
        let expected = (row[1].as_str(), number(&row[2]));
        let mut names = row[0].split(" / ");
        let fm = AlarmSeverity::parse(names.next().unwrap()).unwrap().fm().unwrap();
        assert_eq!((fm.text, fm.wire), expected, "{}", row[0]);
        severities += 1;
        if let Some(name) = names.next() {
            let fm = EventImportance::parse(name).unwrap().fm().unwrap();
            assert_eq!((fm.text, fm.wire), expected, "{}", row[0]);
            importances += 1;
        }
    }
    assert_eq!(severities, AlarmSeverity::ALL.iter().filter(|s| s.fm().is_some()).count());
    assert_eq!(importances, EventImportance::ALL.iter().filter(|i| i.fm().is_some()).count());

    let mut seen = 0;
    for row in table("southbound.md", "| VIM log event type | FM alarm_type |") {
        for name in row[0].split(", ") {
            let FmValue { text, wire } = EventType::parse(name).unwrap().fm().unwrap();
            assert_eq!(row[1], format!("{text} ({wire})"), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, EventType::ALL.iter().filter(|t| t.fm().is_some()).count());
}

#[test]
fn only_the_hypervisor_log_is_a_state_event_and_only_two_logs_are_of_medium_importance() {
    let state: Vec<_> = EventId::ALL.iter().filter(|id| id.event_type() == EventType::StateEvent).collect();
    assert_eq!(state, [&EventId::HypervisorStateChange]);
    let medium: Vec<_> = EventId::ALL
        .iter()
        .filter(|id| id.importance() == EventImportance::Medium)
        .map(|id| id.as_str())
        .collect();
    assert_eq!(medium, ["instance-guest-heartbeat-established", "instance-guest-heartbeat-disconnected"]);
}

#[test]
fn texts_and_json_read_back_as_the_same_value() {
    for t in AlarmType::ALL {
        assert_eq!(AlarmType::parse(t.as_str()), Some(*t));
        let json = serde_json::to_string(t).unwrap();
        assert_eq!(json, format!("\"{t}\""));
        assert_eq!(serde_json::from_str::<AlarmType>(&json).unwrap(), *t);
    }
    for id in EventId::ALL {
        let json = serde_json::to_string(id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), *id);
    }
    assert_eq!(
        "nonsense".parse::<AlarmType>().unwrap_err().to_string(),
        "'nonsense' is not a known alarm type"
    );
}

/// The operators' page names every alarm with its id, and every log that asks for something.
#[test]
fn the_operators_page_names_every_alarm() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/troubleshoot.md");
    let page = std::fs::read_to_string(page).unwrap();
    for alarm in AlarmType::ALL {
        let Some(id) = alarm.fm_id() else { continue };
        let row = format!("| {id} | {} |", alarm.as_str());
        assert_eq!(page.matches(&row).count(), 1, "{row}");
    }
    for event in EventId::ALL {
        let (id, name) = (event.fm_id(), event.as_str());
        let asks = ["-failed", "-disconnected", "-rejected"].iter().any(|end| name.ends_with(end));
        // those that nothing issues are not there
        if asks && !NEVER_ISSUED.contains(&name) {
            assert!(page.contains(id), "{id} {name}");
        }
    }
}

/// Logs of the contract that no situation leads to, or that the page tells under another id. Contract: vim-behaviour 8.5.
const NEVER_ISSUED: [&str; 10] = [
    "instance-create-rejected",
    "instance-create-failed",
    "instance-delete-rejected",
    "instance-unpause-rejected",
    "instance-resume-rejected",
    "instance-cold-migrate-confirm-rejected",
    "instance-cold-migrate-revert-rejected",
    "instance-resize-confirm-rejected",
    "instance-resize-revert-rejected",
    "instance-rebuild-rejected",
];
