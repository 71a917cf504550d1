//! An open page of the dashboard: what it is told, and whether that is the story of the time line.

use crate::time_line::{Source, TimeLine};
use crate::verdicts::Found;
use anyhow::Context;
use nfv_site::{Site, Web, record};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Places of values in the row of an instance.
const UUID: usize = 0;
const NAME: usize = 1;
const HOST: usize = 2;
const CONDITION: usize = 3;

/// More entries than a demonstration makes.
const ENTRIES: &str = "/console/api/entries?limit=2000";
const STATE: &str = "/console/api/state";

/// What the page shows.
#[derive(Debug, Default)]
struct Shown {
    entries: Vec<Value>,
    revision: u64,
    /// Rows by uuid.
    instances: BTreeMap<String, Value>,
    /// Hosts by name.
    hosts: BTreeMap<String, Value>,
    held_alarms: Value,
    /// Why nothing more comes.
    broken: Option<String>,
}

/// The page.
#[derive(Debug)]
pub struct Page {
    shown: Arc<Mutex<Shown>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn rows<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of[key].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Shown {
    /// A whole state, or what has changed.
    fn take(&mut self, news: &Value) {
        // a change that is part of the state already is older
        let revision = news["revision"].as_u64().unwrap_or(0);
        if revision <= self.revision {
            return;
        }
        self.revision = revision;
        self.instances.extend(rows(news, "instances").map(|row| (text(&row[UUID]), row.clone())));
        self.hosts.extend(rows(news, "hosts").map(|host| (text(&host["name"]), host.clone())));
        for uuid in rows(news, "instances_gone") {
            self.instances.remove(&text(uuid));
        }
        for name in rows(news, "hosts_gone") {
            self.hosts.remove(&text(name));
        }
        if news["held_alarms"].is_array() {
            self.held_alarms = news["held_alarms"].clone();
        }
    }
}

impl Page {
    /// Opens it: the stream first, so that nothing is missed between the state and the changes.
    pub async fn open(web: &Web) -> anyhow::Result<Self> {
        let mut stream = web.stream().await?;
        let mut first = Shown::default();
        first.take(&web.json(STATE).await?);
        let shown = Arc::new(Mutex::new(first));
        let written = Arc::clone(&shown);
        let task = tokio::spawn(async move {
            loop {
                let event = stream.event().await;
                let mut shown = written.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Ok((name, entry)) if name == "entry" => shown.entries.push(entry),
                    Ok((name, change)) if name == "change" => shown.take(&change),
                    Ok((name, _)) if name == "behind" => {
                        shown.broken = Some("the page was told to load anew".to_owned());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        shown.broken = Some(format!("{error:#}"));
                        return;
                    }
                }
            }
        });
        Ok(Self { shown, task })
    }

    /// How it shows an instance: `running`, `stopped`, ...
    pub fn condition(&self, name: &str) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let row = shown.instances.values().find(|row| row[NAME] == name);
        row.map(|row| text(&row[CONDITION])).unwrap_or_default()
    }

    /// Whether its lists, logs and alarms are what the cloud is and what the time line told.
    pub async fn tells_the_same(&self, site: &Site, web: &Web, line: &TimeLine) -> anyhow::Result<Found> {
        let entries = web.json(ENTRIES).await?;
        let entries = entries.as_array().context("the feed is no list")?;
        for (source, word) in [(Source::Log, "log"), (Source::Raise, "raise"), (Source::Clear, "clear")] {
            let theirs: Vec<_> =
                entries.iter().filter(|entry| entry["source"] == word).map(as_told).collect();
            let ours: Vec<_> = line.told(source).collect();
            if let Some(different) = difference(&ours, &theirs) {
                return Ok(Found::Not(format!("of its entries ({word}) {different}")));
            }
        }
        let (vms, hosts) = (site.cloud().vms().await?, site.cloud().hosts().await?);
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &shown.broken {
            return Ok(Found::Not(why.clone()));
        }
        // the feed may hold more: what was before the page was opened
        let heard = &shown.entries;
        let tail = &entries[entries.len().saturating_sub(heard.len())..];
        if tail != heard.as_slice() {
            return Ok(Found::Not("the open page was not told every entry of the feed".to_owned()));
        }
        let ours = vms.iter().map(|vm| {
            let condition = if vm.vm_state == "active" { "running" } else { "not running" };
            format!("{} {condition} on {}", vm.name, vm.host.as_deref().unwrap_or_default())
        });
        let theirs = shown.instances.values().map(|row| {
            let condition = if row[CONDITION] == "running" { "running" } else { "not running" };
            format!("{} {condition} on {}", text(&row[NAME]), text(&row[HOST]))
        });
        if let Some(different) = difference_of_sets(ours, theirs) {
            return Ok(Found::Not(format!("of its instances {different}")));
        }
        let ours = hosts.iter().map(|host| {
            let well =
                (host.administrative.as_str(), host.availability.as_str()) == ("unlocked", "available");
            format!("{} {}", host.name, if well { "in service" } else { "not in service" })
        });
        let theirs = shown.hosts.values().map(|host| {
            let well = host["condition"] == "in-service";
            format!("{} {}", text(&host["name"]), if well { "in service" } else { "not in service" })
        });
        if let Some(different) = difference_of_sets(ours, theirs) {
            return Ok(Found::Not(format!("of its hosts {different}")));
        }
        let ours =
            record::standing_alarms(&site.alarm_file()).into_iter().map(|(kind, of)| format!("{kind} {of}"));
        let held = shown.held_alarms.as_array().into_iter().flatten();
        let theirs = held.map(|alarm| format!("{} {}", text(&alarm["kind"]), text(&alarm["entity"])));
        Ok(match difference_of_sets(ours, theirs) {
            Some(different) => Found::Not(format!("of its alarms {different}")),
            None => Found::Met,
        })
    }
}

/// An entry of the feed in the words of the time line.
fn as_told(entry: &Value) -> String {
    let words = text(&entry["text"]);
    if entry["source"] == "log" {
        return words;
    }
    let kind = text(&entry["kind"]);
    format!("{}: {words}", kind.split('#').next().unwrap_or_default())
}

fn difference(ours: &[&str], theirs: &[String]) -> Option<String> {
    let at = (0..ours.len().max(theirs.len()))
        .find(|at| ours.get(*at).copied() != theirs.get(*at).map(String::as_str))?;
    let shown = |line: Option<&str>| line.map_or("nothing".to_owned(), |line| format!("{line:?}"));
    let (one, other) = (shown(ours.get(at).copied()), shown(theirs.get(at).map(String::as_str)));
    Some(format!("number {} is {other}, in the time line {one}", at + 1))
}

fn difference_of_sets(
    ours: impl Iterator<Item = String>,
    theirs: impl Iterator<Item = String>,
) -> Option<String> {
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let (ours, theirs) = (sorted(ours.collect()), sorted(theirs.collect()));
    let ours: Vec<_> = ours.iter().map(String::as_str).collect();
    difference(&ours, &theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_named_with_its_place() {
        let theirs = ["a".to_owned(), "c".to_owned()];
        assert_eq!(difference(&["a", "c"], &theirs), None);
        assert_eq!(
            difference(&["a", "b"], &theirs).as_deref(),
            Some("number 2 is \"c\", in the time line \"b\"")
        );
        assert_eq!(
            difference(&["a"], &theirs).as_deref(),
            Some("number 2 is \"c\", in the time line nothing")
        );
        let set = |names: [&str; 2]| names.map(str::to_owned).into_iter();
        assert_eq!(difference_of_sets(set(["b", "a"]), set(["a", "b"])), None);
        assert!(difference_of_sets(set(["b", "a"]), set(["a", "a"])).is_some());
    }

    #[test]
    fn an_open_page_follows_changes_and_passes_over_older_ones() {
        let mut shown = Shown::default();
        let row = |host: &str| json!({"revision": 1, "instances": [["u", "vm", host, "running"]]});
        let at = |mut news: Value, revision: u64| {
            news["revision"] = json!(revision);
            news
        };
        shown.take(&at(row("one"), 5));
        shown.take(&at(row("two"), 5));
        assert_eq!(shown.instances["u"][HOST], "one");
        shown.take(&at(row("two"), 6));
        assert_eq!(shown.instances["u"][HOST], "two");
        shown.take(&at(json!({"instances_gone": ["u"], "held_alarms": [1]}), 7));
        assert!(shown.instances.is_empty());
        assert_eq!(shown.held_alarms, json!([1]));
    }
}
