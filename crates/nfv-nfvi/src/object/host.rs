//! Hosts. Contract: southbound 5.1, 5.1.2; vim-behaviour 4.1.

use super::{AdminState, OperState};
use crate::text::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Availability of a host. Contract: vim-behaviour 4.1.
    HostAvailStatus {
        Unknown = "unknown",
        None = "none",
        Available = "available",
        Degraded = "degraded",
        Failed = "failed",
        Intest = "intest",
        Offduty = "offduty",
        Offline = "offline",
        Online = "online",
        PowerOff = "power-off",
        /// Only the data ports failed; the host itself runs.
        FailedComponent = "failed (component)",
    }
}

text_enum! {
    /// The action the platform says is going on for a host (`ihost_action`).
    HostAction {
        Unknown = "unknown",
        /// The leading space is part of the word.
        None = " none",
        Lock = "lock",
        LockForce = "lock-force",
        Unlock = "unlock",
        Delete = "delete",
    }
}

/// What names a host in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRef {
    /// sysinv uuid.
    pub uuid: String,
    /// Host name.
    pub name: String,
    /// Sub-functions text such as `controller,worker`; decides which services the host can have.
    pub personality: String,
}

impl HostRef {
    /// True when the sub-functions text contains `worker`.
    pub fn is_worker(&self) -> bool {
        self.personality.contains("worker")
    }

    /// True when the sub-functions text contains `controller`.
    pub fn is_controller(&self) -> bool {
        self.personality.contains("controller")
    }
}

/// A host as the platform shows it. Its serde form is the column `nfvi_host_data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// sysinv uuid.
    pub uuid: String,
    /// Host name.
    pub name: String,
    /// Sub-functions text such as `controller,worker`.
    pub personality: String,
    /// Always the host's own administrative state.
    pub admin_state: AdminState,
    /// As seen for hosting instances (southbound 5.1.2).
    pub oper_state: OperState,
    /// As seen for hosting instances (southbound 5.1.2).
    pub avail_status: HostAvailStatus,
    /// What the platform is doing with the host.
    pub action: HostAction,
    /// Seconds since the host booted.
    #[serde(default)]
    pub uptime: Seconds,
    /// Software release running.
    #[serde(default)]
    pub software_load: Option<String>,
    /// Software release wanted.
    #[serde(default)]
    pub target_load: Option<String>,
    /// Label `openstack-compute-node=enabled`.
    #[serde(default)]
    pub openstack_compute: bool,
    /// Label `openstack-control-plane=enabled`.
    #[serde(default)]
    pub openstack_control: bool,
    /// Raw states behind the three above, kept for the API and the database.
    #[serde(default)]
    pub nfvi_data: serde_json::Value,
}

impl Host {
    /// The host's name in calls.
    pub fn to_ref(&self) -> HostRef {
        HostRef { uuid: self.uuid.clone(), name: self.name.clone(), personality: self.personality.clone() }
    }
}

/// Whole seconds that some neighbours send as a number and some as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(d)?;
        let seconds = match &value {
            serde_json::Value::Number(n) => n.as_u64().or_else(|| n.as_f64().map(|f| f.max(0.0) as u64)),
            serde_json::Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        Ok(Self(seconds.unwrap_or(0)))
    }
}

/// Storage hosts that replicate each other. Its serde form is `nfvi_host_group_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroup {
    /// Group name, for instance `group-0`.
    pub name: String,
    /// Host names.
    pub member_names: Vec<String>,
    /// `storage-replication`.
    pub policies: Vec<String>,
}

/// A host aggregate of Nova. Its serde form is `nfvi_host_aggregate_data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAggregate {
    /// Aggregate name.
    pub name: String,
    /// Host names.
    pub host_names: Vec<String>,
    /// Availability zone, if it makes one.
    pub availability_zone: Option<String>,
}

/// A host with its uptime as maintenance knows it (`GET /v1/systems`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostUptime {
    /// sysinv uuid.
    pub uuid: String,
    /// Host name.
    pub hostname: String,
    /// Seconds since boot.
    pub uptime: Seconds,
}

/// States of a host as maintenance sends them, before they are computed into what the VIM looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostStates {
    /// Administrative state.
    pub administrative: String,
    /// Operational state.
    pub operational: String,
    /// Availability.
    pub availability: String,
    /// Operational state of the worker sub-function of a combined host.
    #[serde(default)]
    pub subfunction_oper: Option<String>,
    /// Availability of the worker sub-function.
    #[serde(default)]
    pub subfunction_avail: Option<String>,
    /// Operational state of the data ports.
    #[serde(default)]
    pub data_ports_oper: Option<String>,
    /// Availability of the data ports.
    #[serde(default)]
    pub data_ports_avail: Option<String>,
}

impl HostStates {
    /// The triple that counts for hosting instances. Contract: southbound 5.1.2.
    ///
    /// `personality` is the host's main function, `subfunctions` the comma text, `data_port_faults` the
    /// setting `data_port_fault_handling_enabled`.
    pub fn for_hosting(
        &self,
        personality: &str,
        subfunctions: &str,
        data_port_faults: bool,
    ) -> (AdminState, OperState, HostAvailStatus) {
        let admin = AdminState::from(self.administrative.as_str());
        let own =
            (OperState::from(self.operational.as_str()), HostAvailStatus::from(self.availability.as_str()));
        let combined = personality != "worker" && subfunctions.contains("worker");
        let worker = personality == "worker" || subfunctions.contains("worker");
        let (oper, avail) = if own.0 != OperState::Enabled {
            own
        } else if combined && self.subfunction_oper.as_deref().is_some_and(|oper| oper != "enabled") {
            (text_or_unknown(&self.subfunction_oper), avail_or_unknown(&self.subfunction_avail))
        } else if worker && data_port_faults {
            match (&self.data_ports_oper, &self.data_ports_avail) {
                (Some(oper), Some(avail)) => {
                    let avail = match HostAvailStatus::from(avail.as_str()) {
                        HostAvailStatus::Failed | HostAvailStatus::Offline => {
                            HostAvailStatus::FailedComponent
                        }
                        other => other,
                    };
                    (OperState::from(oper.as_str()), avail)
                }
                _ => (OperState::Unknown, HostAvailStatus::Unknown),
            }
        } else {
            own
        };
        (admin, oper, avail)
    }

    /// The raw states as kept in `nfvi_data`; what is absent reads `n/a`. Contract: southbound 5.1.2.
    pub fn nfvi_data(
        &self,
        uuid: &str,
        name: &str,
        personality: &str,
        subfunctions: &str,
    ) -> serde_json::Value {
        let na = || "n/a".to_owned();
        let combined = personality != "worker" && subfunctions.contains("worker");
        let sub = combined && self.subfunction_oper.is_some();
        let ports = self.data_ports_oper.is_some();
        let pick = |known: bool, value: &Option<String>| {
            if known { value.clone().unwrap_or_else(na) } else { na() }
        };
        serde_json::json!({
            "uuid": uuid,
            "name": name,
            "personality": personality,
            "subfunctions": subfunctions,
            "admin_state": self.administrative,
            "oper_state": self.operational,
            "avail_status": self.availability,
            "subfunction_name": if sub { "worker".to_owned() } else { na() },
            "subfunction_oper": pick(sub, &self.subfunction_oper),
            "subfunction_avail": pick(sub, &self.subfunction_avail),
            "data_ports_name": if ports { "data-ports".to_owned() } else { na() },
            "data_ports_oper": pick(ports, &self.data_ports_oper),
            "data_ports_avail": pick(ports, &self.data_ports_avail),
        })
    }
}

fn text_or_unknown(text: &Option<String>) -> OperState {
    text.as_deref().map_or(OperState::Unknown, OperState::from)
}

fn avail_or_unknown(text: &Option<String>) -> HostAvailStatus {
    text.as_deref().map_or(HostAvailStatus::Unknown, HostAvailStatus::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(own: (&str, &str), sub: Option<(&str, &str)>, ports: Option<(&str, &str)>) -> HostStates {
        HostStates {
            administrative: "unlocked".into(),
            operational: own.0.into(),
            availability: own.1.into(),
            subfunction_oper: sub.map(|s| s.0.into()),
            subfunction_avail: sub.map(|s| s.1.into()),
            data_ports_oper: ports.map(|s| s.0.into()),
            data_ports_avail: ports.map(|s| s.1.into()),
        }
    }

    #[test]
    fn each_row_of_the_host_state_table() {
        let up = Some(("enabled", "available"));
        let rows: &[(&str, HostStates, &str, &str, bool, &str, &str)] = &[
            (
                "own not enabled",
                states(("disabled", "failed"), up, up),
                "worker",
                "worker",
                true,
                "disabled",
                "failed",
            ),
            (
                "combined, worker part down",
                states(("enabled", "available"), Some(("disabled", "offline")), up),
                "controller",
                "controller,worker",
                true,
                "disabled",
                "offline",
            ),
            (
                "data ports failed",
                states(("enabled", "available"), None, Some(("disabled", "failed"))),
                "worker",
                "worker",
                true,
                "disabled",
                "failed (component)",
            ),
            (
                "data ports offline",
                states(("enabled", "available"), None, Some(("disabled", "offline"))),
                "worker",
                "worker",
                true,
                "disabled",
                "failed (component)",
            ),
            (
                "data ports unknown",
                states(("enabled", "available"), None, None),
                "worker",
                "worker",
                true,
                "unknown",
                "unknown",
            ),
            (
                "fault handling off",
                states(("enabled", "available"), None, None),
                "worker",
                "worker",
                false,
                "enabled",
                "available",
            ),
            (
                "plain controller",
                states(("enabled", "degraded"), None, None),
                "controller",
                "controller",
                true,
                "enabled",
                "degraded",
            ),
        ];
        for (what, states, personality, subfunctions, flag, oper, avail) in rows {
            let got = states.for_hosting(personality, subfunctions, *flag);
            assert_eq!((got.1.as_str(), got.2.as_str()), (*oper, *avail), "{what}");
            assert_eq!(got.0, AdminState::Unlocked, "{what}");
        }
    }

    #[test]
    fn uptime_is_read_from_number_text_or_null() {
        for (text, want) in [("12", 12), ("\"12\"", 12), ("null", 0), ("12.5", 12), ("\"x\"", 0), ("-3", 0)] {
            assert_eq!(serde_json::from_str::<Seconds>(text).unwrap(), Seconds(want), "{text}");
        }
    }
}
