//! What comes back from a call: data, or an error that keeps its reason. Contract: southbound 4.

use crate::object::*;
use serde::{Deserialize, Serialize};

/// The end of a call.
pub type CallResult = Result<Answer, CallError>;

/// The data of a call that went well. Which variant belongs to which call stands at the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing but success.
    Done,
    /// The system; none when sysinv has none.
    System(Option<System>),
    /// Uptimes; none while maintenance is not ready.
    SystemState(Option<Vec<HostUptime>>),
    /// The listing of all hosts.
    Hosts {
        /// Hosts read completely.
        hosts: Vec<Host>,
        /// Names of hosts that exist but could not be read: they must not be deleted.
        incomplete: Vec<String>,
        /// Storage groups.
        groups: Vec<HostGroup>,
    },
    /// One host.
    Host(Box<Host>),
    /// Upgrade under way, if any.
    Upgrade(Option<Upgrade>),
    /// Alarms of Fault Management.
    Alarms(Vec<FmAlarm>),
    /// Projects.
    Tenants(Vec<Tenant>),
    /// Host aggregates.
    HostAggregates(Vec<HostAggregate>),
    /// Hypervisors without statistics.
    Hypervisors(Vec<Hypervisor>),
    /// One hypervisor.
    Hypervisor(Hypervisor),
    /// A page of flavors.
    InstanceTypes(Paged<InstanceType>),
    /// One flavor.
    InstanceType(InstanceType),
    /// Server groups.
    InstanceGroups(Vec<InstanceGroup>),
    /// A page of instances: id and name.
    InstanceIds(Paged<(String, String)>),
    /// One instance.
    Instance(Box<Instance>),
    /// A host service's state.
    HostServicesEnabled(bool),
    /// A page of networks.
    Networks(Paged<Network>),
    /// One network.
    Network(Network),
    /// A page of subnets.
    Subnets(Paged<Subnet>),
    /// One subnet.
    Subnet(Subnet),
    /// Guest services of an instance.
    GuestServices(GuestServices),
    /// Answer to vote and notify.
    GuestVote(GuestVote),
    /// A page of images.
    Images(Paged<Image>),
    /// One image.
    Image(Image),
    /// A page of volumes: id and name.
    VolumeIds(Paged<(String, String)>),
    /// One volume.
    Volume(Volume),
    /// Volume snapshots.
    VolumeSnapshots(Vec<VolumeSnapshot>),
    /// Patches.
    SwPatches(Vec<SwPatch>),
    /// Patch states of hosts.
    HostSwPatches(Vec<HostSwPatch>),
}

/// One page and where the next one is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paged<T> {
    /// Entries of this page.
    pub entries: Vec<T>,
    /// Pass it in the next call's page; none on the last page.
    pub next: Option<String>,
}

/// Why a call did not go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorKind {
    /// No token could be had.
    NoToken,
    /// The service refused the token; the next call gets a new one.
    TokenExpired,
    /// The thing asked for does not exist.
    NotFound,
    /// The service refused or failed (any other error status).
    Refused,
    /// The service could not be reached.
    Unreachable,
    /// No answer in time; it may still take effect.
    TimedOut,
    /// The answer could not be understood.
    BadAnswer,
    /// The plugin is switched off or has no such method.
    Unsupported,
}

/// An error as plain data, with its reason kept for logs, events and operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct CallError {
    /// Kind.
    pub kind: ErrorKind,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Fixed text or response reason that reaches operators (southbound 2.4, 4.2); may be empty.
    pub reason: String,
    /// Full story for the log: what was tried, on what, what failed. Never a secret.
    pub detail: String,
}

impl CallError {
    /// An error of `kind` whose `detail` is for the log; `reason` stays empty.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, status: None, reason: String::new(), detail: detail.into() }
    }

    /// The same error with the reason that operators see.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same error with the HTTP status that was answered.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}
