//! What neighbours tell the VIM on 30001 to 30004 and over AMQP, and what they get back.
//! Contract: southbound 7 to 11.

use crate::object::*;
use serde::{Deserialize, Serialize};

/// Names a neighbour's request that waits for its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// What an operator (through sysinv) wants of a host. Contract: southbound 7.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostOrder {
    /// Take it out of service.
    Lock,
    /// Take it out of service whatever it runs.
    ForceLock,
    /// Bring it back.
    Unlock,
}

/// Heartbeat failure or health failure. Contract: southbound 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestFailure {
    /// The heartbeat stopped.
    Failed,
    /// The guest says it is not well.
    Unhealthy,
}

/// What the guest wants done about its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestRepair {
    /// Reboot it.
    Reboot,
    /// Stop it.
    Stop,
    /// Nothing but a log.
    Log,
}

/// The guest's word on a vote or notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestResponse {
    /// It may happen.
    Allow,
    /// It must not happen.
    Reject,
    /// Go on.
    Proceed,
}

/// A message of a neighbour. Those that want a reply come with a [`RequestId`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notification {
    /// 30001 POST: a host was added. Reply: `Ok`.
    HostAdd {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// 30001 PATCH action. Reply: `Ok`, also for an unknown host.
    HostOrder {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
        /// What is wanted.
        order: HostOrder,
    },
    /// 30001 PATCH state-change, already computed (southbound 5.1.2). Reply: `Ok`.
    HostStateChange {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
        /// Administrative state.
        admin_state: AdminState,
        /// As seen for hosting instances.
        oper_state: OperState,
        /// As seen for hosting instances.
        avail_status: HostAvailStatus,
        /// Raw states.
        nfvi_data: serde_json::Value,
    },
    /// 30001 PATCH upgrade. Reply: `Ok`.
    HostUpgrade {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
        /// An upgrade is under way.
        inprogress: bool,
        /// Instances may be recovered meanwhile.
        recover_instances: bool,
    },
    /// 30001 PATCH without more: read the host again. Reply: `Ok`.
    HostUpdate {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// 30001 DELETE. Reply: `Ok`.
    HostDelete {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// 30001 GET: how many instances a host has. Reply: `InstanceCounts` or `NotFound`.
    HostInstanceCounts {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// 30004: a host boots. Reply: `HostBooting`.
    HostBooting {
        /// Host name.
        name: String,
    },
    /// 30003: a user's action. Replies: `InstanceActionRejected`, `NotFound`, `NovaAnswer`, or none.
    InstanceActionRequest {
        /// Instance.
        uuid: String,
        /// What is wanted.
        action: ActionType,
        /// With what.
        parameters: ActionParameters,
        /// By whom, and the request itself.
        context: RequestContext,
    },
    /// AMQP `compute.instance.update`; fields that notifications lack are none.
    InstanceStateChange {
        /// The instance as far as the notification tells.
        instance: Box<Instance>,
    },
    /// AMQP action start and end.
    InstanceActionChange {
        /// Instance.
        uuid: String,
        /// Action; none when the notification has no VIM counterpart.
        action: Option<ActionType>,
        /// Started or completed.
        state: ActionState,
        /// Exception text.
        reason: String,
    },
    /// AMQP `compute.instance.delete.start`.
    InstanceDelete {
        /// Instance.
        uuid: String,
    },
    /// 30002 GET host state. Reply: `GuestHostState` or `NotFound`.
    GuestHostQuery {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// 30002 GET instances of a host. Reply: `GuestInstances` or `NotFound`.
    GuestInstancesQuery {
        /// sysinv uuid.
        host_uuid: String,
    },
    /// 30002 GET instance. Reply: `GuestInstances` with one entry or `NotFound`.
    GuestInstanceQuery {
        /// Instance.
        uuid: String,
    },
    /// 30002 PATCH service. Reply: `Ok`.
    GuestServicesState {
        /// Services as reported.
        services: GuestServices,
    },
    /// 30002 PATCH alarm. Reply: `GuestInstances` with one entry, or `NotFound`.
    GuestAlarm {
        /// Instance.
        uuid: String,
        /// What happened.
        failure: GuestFailure,
        /// What to do.
        repair: GuestRepair,
    },
    /// 30002 PATCH action. Reply: `Ok` or `NotFound`.
    GuestActionResponse {
        /// Instance.
        uuid: String,
        /// Action the guest speaks of.
        action: ActionType,
        /// Its word.
        response: GuestResponse,
        /// Its reason.
        reason: String,
    },
}

/// What the host listener answers. Contract: southbound 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BootingStatus {
    /// Nothing to do.
    Okay,
    /// Instances were failed.
    Accepted,
}

/// Guest services of an instance for the guest agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestInstance {
    /// Instance.
    pub uuid: String,
    /// Host.
    pub hostname: Option<String>,
    /// Service and administrative state.
    pub services: Vec<(String, AdminState)>,
}

/// What a neighbour gets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Taken.
    Ok,
    /// The host or instance is not known.
    NotFound,
    /// Counts for 30001 GET.
    InstanceCounts {
        /// Not deleting and not deleted.
        instances: u64,
        /// Failed ones.
        failed: u64,
        /// Locked ones.
        stopped: u64,
    },
    /// For 30004.
    HostBooting(BootingStatus),
    /// For 30002.
    GuestHostState {
        /// Host may run guests.
        enabled: bool,
    },
    /// For 30002.
    GuestInstances(Vec<GuestInstance>),
    /// For 30003: 409 with these details.
    InstanceActionRejected {
        /// Details text.
        message: String,
    },
}
