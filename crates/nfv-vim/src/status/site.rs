//! What the database says of the site.

use nfv_common::alarm::AlarmData;
use nfv_vim_db::Snapshot;
use nfv_vim_db::row::InstanceRow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Kind of the side table's rows that keep raised alarms.
const ALARM_KIND: &str = "alarm";

/// Adds hosts and instances by state, alarms, and the software update.
pub(super) fn tell(snapshot: &Snapshot, text: &mut String) {
    counted(text, "Hosts", snapshot.hosts.iter().map(|row| row.state.clone()));
    counted(text, "Instances", snapshot.instances.iter().map(instance_state));
    let rows = snapshot.state.iter().filter(|row| row.kind == ALARM_KIND);
    let alarms: Vec<AlarmData> = rows.filter_map(|row| serde_json::from_str(&row.data).ok()).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Alarms: {}", alarms.len());
    for alarm in alarms {
        let since = alarm.raised_timestamp.unwrap_or_default();
        let _ = writeln!(
            text,
            "  {} {} since {since} UTC: {}",
            alarm.perceived_severity, alarm.entity, alarm.specific_problem_text
        );
    }
    if let Some(update) = snapshot.sw_updates.last()
        && update.strategy_data != "{}"
    {
        let _ = writeln!(text, "Software update: {} strategy, see sw-manager", update.sw_update_type);
    }
}

/// One word for how an instance is.
fn instance_state(row: &InstanceRow) -> String {
    let words: Vec<String> = serde_json::from_str(&row.avail_status).unwrap_or_default();
    let has = |word: &str| words.iter().any(|known| known == word);
    for word in ["failed", "crashed", "paused", "suspended", "resized"] {
        if has(word) {
            return word.to_owned();
        }
    }
    match (row.admin_state.as_str(), row.oper_state.as_str()) {
        ("locked", _) => "stopped".to_owned(),
        (_, oper) => oper.to_owned(),
    }
}

fn counted(text: &mut String, what: &str, states: impl Iterator<Item = String>) {
    let mut counts = BTreeMap::<String, usize>::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let each: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    // Writing to a String cannot fail.
    let _ = if each.is_empty() {
        writeln!(text, "{what}: none")
    } else {
        writeln!(text, "{what}: {total} ({})", each.join(", "))
    };
}
