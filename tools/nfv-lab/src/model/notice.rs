//! What the neighbours tell the VIM. Contract: southbound 7, 8, 10, 11.

use serde_json::{Value, json};

use super::host::Host;

/// Who sends a notice. Each sender has one queue, in which a notice waits for the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The inventory, to the infrastructure port: one try, 5 s.
    Sysinv,
    /// The maintenance agent, to the infrastructure port: 20 s, repeated.
    Mtc,
    /// The guest agent, to the guest port: 20 s, repeated.
    Guest,
    /// A host that boots, to the host listener: one try, 5 s.
    Host,
    /// Nova, to the broker.
    Nova,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sysinv, Self::Mtc, Self::Guest, Self::Host, Self::Nova];

    /// The name in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sysinv => "sysinv",
            Self::Mtc => "mtc",
            Self::Guest => "guest",
            Self::Host => "host",
            Self::Nova => "nova",
        }
    }
}

/// A notice.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Who sends it.
    pub sender: Sender,
    /// HTTP method, or `SEND` (host listener), `PUBLISH` (broker).
    pub method: &'static str,
    /// HTTP path, notify type or event type.
    pub path: String,
    /// Body, notify data or payload.
    pub body: Value,
}

const HOSTS: &str = "/nfvi-plugins/v1/hosts";
const INSTANCES: &str = "/nfvi-plugins/v1/instances";

impl Notice {
    /// sysinv: an operator's action. Contract: southbound 7.2.1.
    #[must_use]
    pub fn host_action(host: &Host, action: &str) -> Self {
        let body = json!({"uuid": host.uuid, "hostname": host.name, "action": action});
        Self::new(Sender::Sysinv, "PATCH", format!("{HOSTS}/{}", host.uuid), body)
    }

    /// sysinv: the host is to be deleted. Contract: southbound 7.7.
    #[must_use]
    pub fn host_delete(host: &Host) -> Self {
        let body = json!({"uuid": host.uuid, "hostname": host.name, "action": "delete"});
        Self::new(Sender::Sysinv, "DELETE", format!("{HOSTS}/{}", host.uuid), body)
    }

    /// sysinv: a new host. Contract: southbound 7.6.
    #[must_use]
    pub fn host_add(host: &Host) -> Self {
        let (sub_oper, sub_avail) = host.subfunction_states().unwrap_or((host.oper, host.avail));
        let body = json!({
            "uuid": host.uuid, "hostname": host.name, "subfunctions": host.subfunctions,
            "administrative": host.admin.as_str(), "operational": host.oper.as_str(),
            "availability": host.avail.as_str(), "subfunction_oper": sub_oper.as_str(),
            "subfunction_avail": sub_avail.as_str(),
        });
        Self::new(Sender::Sysinv, "POST", HOSTS.into(), body)
    }

    /// sysinv: labels or other data changed. Contract: southbound 7.5.
    #[must_use]
    pub fn host_update(host: &Host) -> Self {
        let body = json!({"uuid": host.uuid, "hostname": host.name});
        Self::new(Sender::Sysinv, "PATCH", format!("{HOSTS}/{}", host.uuid), body)
    }

    /// sysinv: upgrade state of a host. Contract: southbound 7.4.
    #[must_use]
    pub fn host_upgrade(host: &Host, in_progress: bool) -> Self {
        let body = json!({
            "uuid": host.uuid, "hostname": host.name,
            "upgrade": {"inprogress": in_progress, "recover-instances": !in_progress},
        });
        Self::new(Sender::Sysinv, "PATCH", format!("{HOSTS}/{}", host.uuid), body)
    }

    /// mtc: states of a host. Contract: southbound 7.3.
    #[must_use]
    pub fn state_change(host: &Host) -> Self {
        let body = json!({
            "uuid": host.uuid, "hostname": host.name,
            "subfunctions": host.subfunctions, "personality": host.personality,
            "state-change": host.state_json(),
        });
        Self::new(Sender::Mtc, "PATCH", format!("{HOSTS}/{}", host.uuid), body)
    }

    /// A host says that it boots. Contract: southbound 10.
    #[must_use]
    pub fn booting(host: &Host) -> Self {
        Self::new(Sender::Host, "SEND", "booting".into(), json!({"hostname": host.name}))
    }

    /// Guest agent: an event of an instance. Contract: southbound 8.
    #[must_use]
    pub fn guest_event(instance: &str, host: &str, event_type: &str, data: Value) -> Self {
        let body = json!({"uuid": instance, "hostname": host, "event-type": event_type, "event-data": data});
        Self::new(Sender::Guest, "PATCH", format!("{INSTANCES}/{instance}"), body)
    }

    /// Nova: an unversioned notification. Contract: southbound 11.
    #[must_use]
    pub fn nova(event_type: &str, payload: Value) -> Self {
        Self::new(Sender::Nova, "PUBLISH", event_type.into(), payload)
    }

    fn new(sender: Sender, method: &'static str, path: String, body: Value) -> Self {
        Self { sender, method, path, body }
    }
}
