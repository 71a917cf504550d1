//! Expectations: what must be true of the cloud, of its history and of the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::glob;
use crate::journal::{Direction, Entry, Journal};
use crate::model::Cloud;
use crate::model::action::ActionRecord;

/// An expectation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expectation {
    /// Name in the report; made of the content when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Seconds since the scenario's start before which it is not looked at. Requests and actions before it do not count.
    #[serde(default)]
    pub from: f64,
    /// Seconds since the scenario's start by which it must be true.
    pub by: f64,
    /// What.
    #[serde(flatten)]
    pub that: That,
}

/// What is expected. Names may hold `*`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "that", rename_all = "kebab-case")]
pub enum That {
    /// All servers of that name are in the state, with no task.
    Vm {
        /// Name.
        vm: String,
        /// `vm_state`.
        #[serde(default = "active")]
        state: String,
        /// On this host.
        #[serde(default)]
        host: Option<String>,
        /// On any host but this.
        #[serde(default)]
        not_host: Option<String>,
    },
    /// The host is in these states.
    Host {
        /// Name.
        host: String,
        /// Administrative.
        #[serde(default)]
        administrative: Option<String>,
        /// Operational.
        #[serde(default)]
        operational: Option<String>,
        /// Availability.
        #[serde(default)]
        availability: Option<String>,
        /// What the VIM told sysinv last.
        #[serde(default)]
        vim_progress: Option<String>,
    },
    /// No server is on the host.
    HostEmpty {
        /// Name.
        host: String,
    },
    /// Nova's compute service of the host.
    Compute {
        /// Host name.
        host: String,
        /// `enabled` or `disabled`.
        #[serde(default)]
        status: Option<String>,
        /// Declared down.
        #[serde(default)]
        forced_down: Option<bool>,
    },
    /// The number of requests. Without `at_least` it is looked at when its time is over.
    Requests {
        /// Service.
        service: String,
        /// Method.
        #[serde(default)]
        method: Option<String>,
        /// Path.
        #[serde(default)]
        path: Option<String>,
        /// A text in the body (as JSON without blanks).
        #[serde(default)]
        body_contains: Option<String>,
        /// At least so many.
        #[serde(default)]
        at_least: Option<usize>,
        /// At most so many.
        #[serde(default)]
        at_most: Option<usize>,
    },
    /// All servers of the first name had the action before any of the second, and so on.
    Order {
        /// Action, as in the history: `evacuate`, `live-migrate`, ...
        action: String,
        /// Names.
        vms: Vec<String>,
    },
    /// Servers had the action in order of their `sw:wrs:recovery_priority` (1 first; without one last).
    PriorityOrder {
        /// Action.
        action: String,
        /// Only those that were on this host.
        #[serde(default)]
        host: Option<String>,
    },
    /// Never more than so many servers had the action at once.
    InFlight {
        /// Action.
        action: String,
        /// Only those that were on this host.
        #[serde(default)]
        host: Option<String>,
        /// At most so many.
        at_most: usize,
    },
    /// The number of actions that were taken.
    Actions {
        /// Action.
        action: String,
        /// Server name.
        #[serde(default)]
        vm: Option<String>,
        /// At least so many.
        #[serde(default)]
        at_least: Option<usize>,
        /// At most so many.
        #[serde(default)]
        at_most: Option<usize>,
    },
}

fn active() -> String {
    "active".into()
}

/// When an expectation is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// True now.
    Met,
    /// Not true now; what is.
    Not(String),
}

impl That {
    /// Whether it can only be judged when its time is over (it could become false later).
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Vm { .. } | Self::Host { .. } | Self::HostEmpty { .. } | Self::Compute { .. } => false,
            Self::Requests { at_most, .. } | Self::Actions { at_most, .. } => at_most.is_some(),
            Self::Order { .. } | Self::PriorityOrder { .. } | Self::InFlight { .. } => true,
        }
    }

    /// Looks. `from` is in seconds since the lab's start.
    #[must_use]
    pub fn judge(&self, cloud: &Cloud, journal: &Journal, from: f64) -> Verdict {
        let actions = |action: &str, host: Option<&str>| -> Vec<&ActionRecord> {
            cloud
                .history
                .iter()
                .filter(|record| record.started >= from && glob::matches(action, record.action))
                .filter(|record| host.is_none_or(|host| record.host.as_deref() == Some(host)))
                .collect()
        };
        match self {
            Self::Vm { vm, state, host, not_host } => {
                judge_vms(cloud, vm, state, host.as_deref(), not_host.as_deref())
            }
            Self::Host { host, administrative, operational, availability, vim_progress } => {
                let Some(found) = cloud.hosts.get(host) else {
                    return Verdict::Not(format!("no host {host}"));
                };
                let is = |wanted: &Option<String>, real: &str| {
                    wanted.as_deref().is_none_or(|wanted| wanted == real)
                };
                verdict(
                    is(administrative, found.admin.as_str())
                        && is(operational, found.oper.as_str())
                        && is(availability, found.avail.as_str())
                        && is(vim_progress, &found.vim_progress),
                    || {
                        format!(
                            "{host} is {} {} {}, VIM: {}",
                            found.admin.as_str(),
                            found.oper.as_str(),
                            found.avail.as_str(),
                            found.vim_progress
                        )
                    },
                )
            }
            Self::HostEmpty { host } => {
                let left =
                    cloud.servers.values().filter(|server| server.host.as_deref() == Some(host)).count();
                verdict(left == 0, || format!("{left} servers on {host}"))
            }
            Self::Compute { host, status, forced_down } => {
                let Some(compute) = cloud.hosts.get(host).and_then(|host| host.compute.as_ref()) else {
                    return Verdict::Not(format!("no compute service on {host}"));
                };
                let real = if compute.enabled { "enabled" } else { "disabled" };
                verdict(
                    status.as_deref().is_none_or(|wanted| wanted == real)
                        && forced_down.is_none_or(|wanted| wanted == compute.forced_down),
                    || format!("{host}: {real}, forced down {}", compute.forced_down),
                )
            }
            Self::Requests { service, method, path, body_contains, at_least, at_most } => {
                let count = requests(journal, from, service, method, path, body_contains).len();
                in_range(count, *at_least, *at_most, "requests")
            }
            Self::Actions { action, vm, at_least, at_most } => {
                let count = actions(action, None)
                    .iter()
                    .filter(|record| vm.as_deref().is_none_or(|vm| glob::matches(vm, &record.name)))
                    .count();
                in_range(count, *at_least, *at_most, "actions")
            }
            Self::Order { action, vms } => {
                let order = first_by_name(&actions(action, None));
                judge_order(&order, vms)
            }
            Self::PriorityOrder { action, host } => {
                let order = first_by_name(&actions(action, host.as_deref()));
                judge_priorities(cloud, &order)
            }
            Self::InFlight { action, host, at_most } => {
                let most = most_at_once(&actions(action, host.as_deref()));
                verdict(most <= *at_most, || format!("{most} at once"))
            }
        }
    }
}

fn verdict(met: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if met { Verdict::Met } else { Verdict::Not(otherwise()) }
}

fn in_range(count: usize, least: Option<usize>, most: Option<usize>, what: &str) -> Verdict {
    // Without any bound there has to be one.
    let least = least.unwrap_or(usize::from(most.is_none()));
    verdict(count >= least && most.is_none_or(|most| count <= most), || format!("{count} {what}"))
}

fn judge_vms(cloud: &Cloud, vm: &str, state: &str, host: Option<&str>, not_host: Option<&str>) -> Verdict {
    let mut found = 0;
    for server in cloud.servers.values().filter(|server| glob::matches(vm, &server.name)) {
        found += 1;
        let here = server.host.as_deref();
        let good = server.state.as_str() == state
            && server.task.is_none()
            && host.is_none_or(|host| here == Some(host))
            && not_host.is_none_or(|host| here != Some(host));
        if !good {
            let task = server.task.unwrap_or("no task");
            let here = here.unwrap_or("no host");
            return Verdict::Not(format!("{} is {} ({task}) on {here}", server.name, server.state.as_str()));
        }
    }
    let gone = state == "deleted";
    verdict((found > 0) != gone, || format!("{found} servers named {vm}"))
}

fn requests(
    journal: &Journal,
    from: f64,
    service: &str,
    method: &Option<String>,
    path: &Option<String>,
    body: &Option<String>,
) -> Vec<Arc<Entry>> {
    journal.matching(|entry| {
        entry.direction == Direction::In
            && entry.at >= from
            && entry.service == service
            && method.as_deref().is_none_or(|method| entry.method.eq_ignore_ascii_case(method))
            && path.as_deref().is_none_or(|path| glob::matches(path, &entry.path))
            && body.as_deref().is_none_or(|text| entry.body.to_string().contains(text))
    })
}

/// Names and ids in the order of their first action.
fn first_by_name<'a>(records: &[&'a ActionRecord]) -> Vec<(&'a str, &'a str)> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    for record in records {
        if !order.iter().any(|(_, id)| *id == record.server) {
            order.push((&record.name, &record.server));
        }
    }
    order
}

fn judge_order(order: &[(&str, &str)], patterns: &[String]) -> Verdict {
    let mut reached = 0;
    for pattern in patterns {
        let places: Vec<_> = order
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| glob::matches(pattern, name))
            .map(|(place, _)| place)
            .collect();
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else {
            return Verdict::Not(format!("no such action on {pattern}"));
        };
        if first < reached {
            return Verdict::Not(format!("{} came too early", order[first].0));
        }
        reached = last + 1;
    }
    Verdict::Met
}

fn judge_priorities(cloud: &Cloud, order: &[(&str, &str)]) -> Verdict {
    const LAST: u32 = 11;
    let priority = |id: &str| {
        let server = cloud.servers.get(id)?;
        server.metadata.get("sw:wrs:recovery_priority")?.parse().ok()
    };
    let mut before: Option<(u32, &str)> = None;
    for (name, id) in order {
        let this = priority(id).unwrap_or(LAST);
        if let Some((earlier, earlier_name)) = before
            && earlier > this
        {
            return Verdict::Not(format!("{earlier_name} ({earlier}) came before {name} ({this})"));
        }
        before = Some((this, name));
    }
    verdict(before.is_some(), || "no such action".into())
}

fn most_at_once(records: &[&ActionRecord]) -> usize {
    // An end at the same moment as a start comes first.
    let mut changes: BTreeMap<(u64, bool), i64> = BTreeMap::new();
    for record in records {
        *changes.entry((record.started.to_bits(), true)).or_default() += 1;
        if let Some(ended) = record.ended {
            *changes.entry((ended.to_bits(), false)).or_default() -= 1;
        }
    }
    let (mut now, mut most) = (0_i64, 0);
    for change in changes.values() {
        now += change;
        most = most.max(now);
    }
    usize::try_from(most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::Outcome;

    fn record(name: &str, started: f64, ended: f64) -> ActionRecord {
        ActionRecord {
            server: name.into(),
            name: name.into(),
            action: "evacuate",
            host: Some("h".into()),
            target: None,
            started,
            ended: Some(ended),
            outcome: Outcome::Done,
        }
    }

    #[test]
    fn actions_at_once_are_counted_and_a_hand_over_is_not_an_overlap() {
        let records = [record("a", 1.0, 3.0), record("b", 2.0, 4.0), record("c", 3.0, 5.0)];
        let all: Vec<_> = records.iter().collect();
        assert_eq!(most_at_once(&all), 2);
        assert_eq!(most_at_once(&all[..1]), 1);
        assert_eq!(most_at_once(&[]), 0);
    }

    #[test]
    fn order_is_by_groups_of_names() {
        let order = [("a1", "1"), ("a2", "2"), ("b1", "3")];
        let judge = |patterns: &[&str]| {
            let patterns: Vec<_> = patterns.iter().map(|text| (*text).to_owned()).collect();
            judge_order(&order, &patterns) == Verdict::Met
        };
        assert!(judge(&["a*", "b*"]));
        assert!(judge(&["a1", "a2", "b1"]));
        assert!(!judge(&["b*", "a*"]));
        assert!(!judge(&["a*", "c*"]));
    }
}
