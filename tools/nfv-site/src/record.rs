//! The records that the file handlers write. Contract: deployment 8.2.

use std::collections::BTreeMap;
use std::path::Path;

/// One record: its fields, and for alarms whether it was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Raise (true) or clear (false); none for event logs.
    pub raised: Option<bool>,
    /// Fields by label.
    pub fields: BTreeMap<String, String>,
}

impl Record {
    /// A field, empty if it is not there.
    pub fn get(&self, label: &str) -> &str {
        self.fields.get(label).map_or("", String::as_str)
    }
}

/// Reads all whole records of a file; one that does not exist has none.
pub fn read(path: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut records = Vec::new();
    let mut open: Option<Record> = None;
    for line in text.lines() {
        if line.len() == 84 && line.bytes().all(|byte| byte == b'=') {
            match open.take() {
                Some(record) => records.push(record),
                None => open = Some(Record { raised: None, fields: BTreeMap::new() }),
            }
        } else if let Some(record) = &mut open {
            match line.split_once(" = ").or_else(|| line.strip_suffix(" =").map(|label| (label, ""))) {
                Some((label, value)) => {
                    record.fields.insert(label.trim_end().to_owned(), value.trim_end().to_owned());
                }
                None => record.raised = Some(line == "Raise-Alarm"),
            }
        }
    }
    records
}

/// The alarms of a file that are raised and not cleared: type and entity, sorted.
pub fn standing_alarms(path: &Path) -> Vec<(String, String)> {
    let mut standing = BTreeMap::new();
    for record in read(path) {
        let uuid = record.get("alarm-uuid").to_owned();
        if record.raised == Some(true) {
            let what = (record.get("alarm-type").to_owned(), record.get("alarm-entity").to_owned());
            standing.insert(uuid, what);
        } else {
            standing.remove(&uuid);
        }
    }
    let mut alarms: Vec<_> = standing.into_values().collect();
    alarms.sort();
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_alarms_balanced() {
        let bar = "=".repeat(84);
        let text = format!(
            "{bar}\nRaise-Alarm\nalarm-uuid               = a\nalarm-type               = instance-failed\n\
             additional-text          = \nalarm-entity             = instance=1\n{bar}\n\
             {bar}\nRaise-Alarm\nalarm-uuid               = b\n{bar}\n{bar}\nClear-Alarm\nalarm-uuid               = b\n{bar}\n"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let records = read(file.path());
        assert_eq!(records.len(), 3);
        assert_eq!((records[0].raised, records[0].get("additional-text")), (Some(true), ""));
        assert_eq!(standing_alarms(file.path()), [("instance-failed".to_owned(), "instance=1".to_owned())]);
        assert!(read(Path::new("/nowhere")).is_empty());
    }
}
