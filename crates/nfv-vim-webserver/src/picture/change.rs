//! What differs between two pictures: for the event streams, and in words for the feed.

use super::{HeldAlarm, HostView, InstanceView, Picture, StrategyView, SystemView};
use crate::feed::{Entry, Source, Subject};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of so many changes at once each is told; of more, only how many they were.
const TOLD_SINGLY: usize = 200;

/// What differs. On the wire, what is empty is left out.
#[derive(Debug, Default, Serialize)]
pub struct Change {
    /// The picture before.
    pub from: u64,
    /// The picture now.
    pub revision: u64,
    /// New and changed hosts.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "shared")]
    pub hosts: Vec<Arc<HostView>>,
    /// Names of hosts that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts_gone: Vec<String>,
    /// New and changed instances.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "shared")]
    pub instances: Vec<Arc<InstanceView>>,
    /// Ids of instances that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances_gone: Vec<String>,
    /// All strategies, if any of them differs.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shared_option")]
    pub strategies: Option<Vec<Arc<StrategyView>>>,
    /// The system, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemView>,
    /// Names of the other tables that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<&'static str>,
    /// Alarms that the VIM holds, if they differ.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shared_option")]
    pub held_alarms: Option<Vec<Arc<HeldAlarm>>>,
    /// Rows that cannot be read, if their number differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<usize>,
}

fn shared<T: Serialize, S: serde::Serializer>(items: &[Arc<T>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(Arc::as_ref))
}

fn shared_option<T: Serialize, S: serde::Serializer>(
    items: &Option<Vec<Arc<T>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().flatten().map(Arc::as_ref))
}

/// A change in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Observed {
    /// Of what.
    pub subject: Subject,
    /// `high` when something has failed, `low` otherwise.
    pub weight: &'static str,
    /// What.
    pub text: String,
}

impl Observed {
    /// As an entry of the feed, seen at this time.
    pub fn entry(self, time: &str) -> Entry {
        Entry {
            id: 0,
            time: time.to_owned(),
            source: Source::State,
            kind: "state-change".to_owned(),
            weight: self.weight.to_owned(),
            subject: self.subject,
            text: self.text,
            more: String::new(),
        }
    }
}

/// New and changed values, and keys that are gone.
fn differing<K: Ord + Clone, T>(
    before: &BTreeMap<K, Arc<T>>,
    now: &BTreeMap<K, Arc<T>>,
) -> (Vec<Arc<T>>, Vec<K>) {
    let same = |key: &K, value: &Arc<T>| before.get(key).is_some_and(|known| Arc::ptr_eq(known, value));
    let changed = now.iter().filter(|(key, value)| !same(key, value)).map(|(_, value)| Arc::clone(value));
    let gone = before.keys().filter(|key| !now.contains_key(key)).cloned();
    (changed.collect(), gone.collect())
}

fn same_list<T>(before: &[Arc<T>], now: &[Arc<T>]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(before, now)| Arc::ptr_eq(before, now))
}

impl Change {
    /// What differs; none when nothing does. Both pictures come from the same builder, so what is the same is shared.
    pub fn between(before: &Picture, now: &Picture) -> Option<Self> {
        let (hosts, hosts_gone) = differing(&before.hosts, &now.hosts);
        let (instances, instances_gone) = differing(&before.instances, &now.instances);
        let strategies = (!same_list(&before.strategies, &now.strategies)).then(|| now.strategies.clone());
        let (alarms, alarms_gone) = differing(&before.alarms, &now.alarms);
        let alarms_differ = !alarms.is_empty() || !alarms_gone.is_empty();
        let stock: Vec<_> = now
            .stock
            .iter()
            .filter(|table| !before.stock.iter().any(|known| Arc::ptr_eq(known, table)))
            .map(|table| table.name)
            .collect();
        let change = Self {
            from: before.revision,
            revision: before.revision + 1,
            hosts,
            hosts_gone,
            instances,
            instances_gone,
            strategies,
            system: now.system.clone().filter(|_| before.system != now.system),
            stock,
            held_alarms: alarms_differ.then(|| now.alarms.values().cloned().collect()),
            unreadable: (before.unreadable != now.unreadable).then_some(now.unreadable),
        };
        (!change.is_empty()).then_some(change)
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty()
            && self.hosts_gone.is_empty()
            && self.instances.is_empty()
            && self.instances_gone.is_empty()
            && self.strategies.is_none()
            && self.system.is_none()
            && self.stock.is_empty()
            && self.held_alarms.is_none()
            && self.unreadable.is_none()
    }

    /// The changes of hosts, instances and strategies in words.
    pub fn observed(&self, before: &Picture) -> Vec<Observed> {
        let mut told = Vec::new();
        for host in &self.hosts {
            told.extend(host_change(before.hosts.get(&host.name), host));
        }
        for name in &self.hosts_gone {
            let subject = Subject::Host(name.clone());
            told.push(Observed { subject, weight: "low", text: format!("{name} was removed") });
        }
        let mut instances = Vec::new();
        for instance in &self.instances {
            instances.extend(instance_change(before.instances.get(&instance.uuid), instance));
        }
        for uuid in &self.instances_gone {
            let name = before.instances.get(uuid).map_or(uuid.as_str(), |known| known.name.as_str());
            let subject = Subject::Instance(uuid.clone());
            instances.push(Observed { subject, weight: "low", text: format!("{name} was removed") });
        }
        if instances.len() > TOLD_SINGLY {
            let text = format!("{} instances changed at once", instances.len());
            instances =
                vec![Observed { subject: Subject::Other("instances".to_owned()), weight: "low", text }];
        }
        told.extend(instances);
        for strategy in self.strategies.iter().flatten() {
            let known = before.strategies.iter().find(|known| known.uuid == strategy.uuid);
            let (from, to) = (known.map(|known| known.state.as_str()), strategy.state.as_str());
            if from != Some(to) {
                let text = match from {
                    Some(from) => format!("{} strategy: {from} → {to}", strategy.kind),
                    None => format!("{} strategy: {to}", strategy.kind),
                };
                let subject = Subject::Other("strategy".to_owned());
                let weight = if to.ends_with("failed") || to.ends_with("timeout") { "high" } else { "low" };
                told.push(Observed { subject, weight, text });
            }
        }
        told
    }
}

fn host_change(before: Option<&Arc<HostView>>, now: &HostView) -> Option<Observed> {
    use super::HostCondition::{Failed, Offline};
    let subject = Subject::Host(now.name.clone());
    let text = match before {
        None => format!("{} was added: {}", now.name, now.states()),
        Some(before) if before.states() != now.states() => {
            format!("{}: {} → {}", now.name, before.states(), now.states())
        }
        Some(before) if before.action != now.action && !now.action.is_empty() => {
            format!("{}: {}", now.name, now.action)
        }
        Some(_) => return None,
    };
    let weight = if matches!(now.condition, Failed | Offline) { "high" } else { "low" };
    Some(Observed { subject, weight, text })
}

fn instance_change(before: Option<&Arc<InstanceView>>, now: &InstanceView) -> Option<Observed> {
    use super::InstanceCondition::Failed;
    let shown = |view: &InstanceView| match view.detail.as_str() {
        "" => view.condition.as_str().to_owned(),
        detail if detail == view.condition.as_str() => detail.to_owned(),
        detail => format!("{} ({detail})", view.condition.as_str()),
    };
    let subject = Subject::Instance(now.uuid.clone());
    let weight = if now.condition == Failed { "high" } else { "low" };
    let text = match before {
        None => format!("{} was added: {}", now.name, shown(now)),
        Some(before) if before.host != now.host => {
            let place = |host: &str| if host.is_empty() { "no host".to_owned() } else { host.to_owned() };
            format!("{}: {} → {}, {}", now.name, place(&before.host), place(&now.host), shown(now))
        }
        Some(before) if shown(before) != shown(now) => {
            format!("{}: {} → {}", now.name, shown(before), shown(now))
        }
        Some(_) => return None,
    };
    Some(Observed { subject, weight, text })
}
