//! Every request the core can make of the cloud. Contract: southbound 5 (methods), 13.3 (pools, priorities).

use crate::object::{ActionType, GuestService, HostRef, RequestContext};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names one call from its start to its answer. Never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

/// The plugin a call belongs to; calls of one pool share its workers. Contract: southbound 13.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pool {
    /// Keystone projects.
    Identity,
    /// Glance.
    Image,
    /// Cinder.
    BlockStorage,
    /// Nova.
    Compute,
    /// Neutron.
    Network,
    /// sysinv, maintenance, Kubernetes, FM queries.
    Infrastructure,
    /// Guest agent.
    Guest,
    /// Patching.
    SwMgmt,
}

impl Pool {
    /// All pools, in the order in which the original starts them.
    pub const ALL: [Pool; 8] = [
        Pool::Identity,
        Pool::Image,
        Pool::BlockStorage,
        Pool::Compute,
        Pool::Network,
        Pool::Infrastructure,
        Pool::Guest,
        Pool::SwMgmt,
    ];

    /// How many outbound requests of this pool may be in flight.
    pub const fn workers(self) -> usize {
        match self {
            Pool::Compute => 2,
            Pool::Identity
            | Pool::Image
            | Pool::BlockStorage
            | Pool::Network
            | Pool::Infrastructure
            | Pool::Guest
            | Pool::SwMgmt => 1,
        }
    }

    /// Name of the pool in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pool::Identity => "Identity",
            Pool::Image => "Image",
            Pool::BlockStorage => "BlockStorage",
            Pool::Compute => "Compute",
            Pool::Network => "Network",
            Pool::Infrastructure => "Infrastructure",
            Pool::Guest => "Guest",
            Pool::SwMgmt => "Sw-Mgmt",
        }
    }
}

/// Which waiting call a free worker takes first. Contract: southbound 13.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Actions that a director started: they heal.
    Medium,
    /// All else.
    Low,
}

/// One page of a paged listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Entries wanted.
    pub limit: u32,
    /// Where the last page said the next one is; none for the first page.
    pub next: Option<String>,
}

/// A request to the cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// See [`IdentityCall`].
    Identity(IdentityCall),
    /// See [`InfrastructureCall`].
    Infrastructure(InfrastructureCall),
    /// See [`ComputeCall`].
    Compute(ComputeCall),
    /// See [`NetworkCall`].
    Network(NetworkCall),
    /// See [`GuestCall`].
    Guest(GuestCall),
    /// See [`ImageCall`].
    Image(ImageCall),
    /// See [`BlockStorageCall`].
    BlockStorage(BlockStorageCall),
    /// See [`SwMgmtCall`].
    SwMgmt(SwMgmtCall),
}

impl Call {
    /// The pool whose workers make the call.
    pub fn pool(&self) -> Pool {
        match self {
            Call::Identity(_) => Pool::Identity,
            Call::Infrastructure(_) => Pool::Infrastructure,
            Call::Compute(_) => Pool::Compute,
            Call::Network(_) => Pool::Network,
            Call::Guest(_) => Pool::Guest,
            Call::Image(_) => Pool::Image,
            Call::BlockStorage(_) => Pool::BlockStorage,
            Call::SwMgmt(_) => Pool::SwMgmt,
        }
    }

    /// Medium for the instance actions that heal and have no user behind them. Contract: vim-behaviour 1.3.
    pub fn priority(&self) -> Priority {
        let Call::Compute(ComputeCall::InstanceAction { action, context: None, .. }) = self else {
            return Priority::Low;
        };
        match action {
            NovaAction::LiveMigrate { .. }
            | NovaAction::ColdMigrate
            | NovaAction::ConfirmResize
            | NovaAction::Evacuate
            | NovaAction::Reboot { .. }
            | NovaAction::Rebuild { .. }
            | NovaAction::ResetStateToError => Priority::Medium,
            NovaAction::RevertResize
            | NovaAction::Resize { .. }
            | NovaAction::Pause
            | NovaAction::Unpause
            | NovaAction::Suspend
            | NovaAction::Resume
            | NovaAction::Start
            | NovaAction::Stop => Priority::Low,
        }
    }
}

/// Calls of the identity plugin. Contract: southbound 5.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentityCall {
    /// All projects. Answer: `Tenants`.
    GetTenants,
}

/// What the VIM tells sysinv about a host's services. Contract: southbound 3.8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostServicesNotice {
    /// They are up.
    Enabled,
    /// They are down; the host may be locked.
    Disabled,
    /// Still at it; wait longer.
    DisableExtend,
    /// They could not be taken down.
    DisableFailed {
        /// Shown to the operator.
        reason: String,
    },
    /// They are removed; the host may be deleted.
    Deleted,
    /// They could not be removed.
    DeleteFailed {
        /// Shown to the operator.
        reason: String,
    },
}

/// What the VIM asks sysinv to do with a host. Contract: southbound 3.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostRequest {
    /// Lock.
    Lock,
    /// Unlock.
    Unlock,
    /// Reboot.
    Reboot,
    /// Upgrade its software.
    Upgrade,
    /// Move the controller role away from it.
    Swact,
}

/// What is done to a host service. Contract: southbound 5.1 to 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostServicesOperation {
    /// Make it known.
    Create,
    /// Take it into service.
    Enable,
    /// Take it out of service.
    Disable,
    /// Remove it.
    Delete,
    /// Ask for its state. Answer: `HostServicesEnabled`.
    Query,
}

/// Calls of the infrastructure plugin. Contract: southbound 5.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InfrastructureCall {
    /// Name of the system. Answer: `System`.
    GetSystemInfo,
    /// Uptimes of all hosts, from maintenance. Answer: `SystemState`.
    GetSystemState,
    /// All hosts with their states and labels. Answer: `Hosts`.
    GetHosts,
    /// One host. Answer: `Host`.
    GetHost {
        /// sysinv uuid.
        uuid: String,
        /// Host name.
        name: String,
    },
    /// Tell sysinv about a host's services. Answer: `Host`, or `Done` for `Deleted`.
    NotifyHostServices {
        /// Host.
        host: HostRef,
        /// What to tell.
        notice: HostServicesNotice,
    },
    /// Tell maintenance that a host failed. Answer: `Done`.
    NotifyHostFailed {
        /// Host.
        host: HostRef,
    },
    /// Ask sysinv for an action on a host. Answer: `Done`.
    RequestHost {
        /// Host.
        host: HostRef,
        /// What to do.
        request: HostRequest,
    },
    /// Container (Kubernetes) services: Enable, Disable or Delete. Answer: `Done`.
    ContainerHostServices {
        /// Host.
        host: HostRef,
        /// What to do; Create and Query are answered with an error.
        operation: HostServicesOperation,
    },
    /// Upgrade under way. Answer: `Upgrade`.
    GetUpgrade,
    /// Start an upgrade. Answer: `Upgrade`.
    UpgradeStart,
    /// Activate an upgrade. Answer: `Upgrade`.
    UpgradeActivate,
    /// Complete an upgrade. Answer: `Upgrade`.
    UpgradeComplete,
    /// All alarms. Answer: `Alarms`.
    GetAlarms,
}

/// One action of Nova on a server. Contract: southbound 3.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NovaAction {
    /// `os-migrateLive`.
    LiveMigrate {
        /// true, false or `"auto"`.
        block_migration: serde_json::Value,
        /// Where to; none lets Nova choose.
        host: Option<String>,
    },
    /// `migrate`.
    ColdMigrate,
    /// `confirmResize`, of a resize or a cold migration.
    ConfirmResize,
    /// `revertResize`, of a resize or a cold migration.
    RevertResize,
    /// `resize`.
    Resize {
        /// Flavor id.
        flavor: String,
    },
    /// `evacuate`, Nova chooses the host.
    Evacuate,
    /// `reboot`.
    Reboot {
        /// SOFT when true, else HARD.
        graceful: bool,
    },
    /// `rebuild`.
    Rebuild {
        /// New name.
        name: String,
        /// Image id.
        image: String,
    },
    /// `pause`.
    Pause,
    /// `unpause`.
    Unpause,
    /// `suspend`.
    Suspend,
    /// `resume`.
    Resume,
    /// `os-start`.
    Start,
    /// `os-stop`.
    Stop,
    /// `os-resetState` to `error`.
    ResetStateToError,
}

/// Calls of the compute plugin. Contract: southbound 5.2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ComputeCall {
    /// Answer: `HostAggregates`.
    GetHostAggregates,
    /// Answer: `Hypervisors`.
    GetHypervisors,
    /// Answer: `Hypervisor`.
    GetHypervisor {
        /// Nova's id.
        uuid: String,
    },
    /// Answer: `InstanceTypes`.
    GetInstanceTypes {
        /// Page.
        page: Page,
    },
    /// Answer: `InstanceType`.
    GetInstanceType {
        /// Flavor id.
        uuid: String,
    },
    /// Make a flavor. Answer: `InstanceType`.
    CreateInstanceType {
        /// Flavor id.
        uuid: String,
        /// Name.
        name: String,
        /// Virtual CPUs.
        vcpus: u64,
        /// MiB.
        mem_mb: u64,
        /// GB.
        disk_gb: u64,
        /// GB.
        ephemeral_gb: Option<u64>,
        /// GB.
        swap_gb: Option<u64>,
        /// Extra specs.
        extra_specs: BTreeMap<String, String>,
    },
    /// Answer: `Done`.
    DeleteInstanceType {
        /// Flavor id.
        uuid: String,
    },
    /// Answer: `InstanceGroups`.
    GetInstanceGroups,
    /// Answer: `InstanceIds`.
    GetInstances {
        /// Page.
        page: Page,
    },
    /// Answer: `Instance`.
    GetInstance {
        /// Instance.
        uuid: String,
    },
    /// Make a server. Answer: `Instance`.
    CreateInstance {
        /// Name.
        name: String,
        /// Flavor id.
        instance_type_uuid: String,
        /// Image id.
        image_uuid: Option<String>,
        /// `block_device_mapping_v2` as Nova takes it.
        block_devices: Option<serde_json::Value>,
        /// `networks` as Nova takes it.
        networks: Option<serde_json::Value>,
    },
    /// Answer: `Done`; an unknown instance counts as deleted.
    DeleteInstance {
        /// Instance.
        uuid: String,
    },
    /// One action on an instance. Answer: `Done`; with a context the user's request is answered as well.
    InstanceAction {
        /// Instance.
        uuid: String,
        /// What to do.
        action: NovaAction,
        /// The user behind it, if any: Nova then gets the user's own request.
        context: Option<RequestContext>,
    },
    /// Answer a waiting user with 409. Answer: `Done`.
    RejectInstanceAction {
        /// Instance.
        uuid: String,
        /// Details text.
        message: String,
        /// The user.
        context: RequestContext,
    },
    /// nova-compute service of a host. Answer: `Done`, `HostServicesEnabled` for a query.
    HostServices {
        /// Host.
        host: HostRef,
        /// What to do.
        operation: HostServicesOperation,
    },
    /// Set `forced_down` of a host's nova-compute. Answer: `Done`.
    NotifyHost {
        /// Host.
        host: HostRef,
        /// False: forced down.
        enabled: bool,
    },
}

/// Calls of the network plugin. Contract: southbound 5.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkCall {
    /// Answer: `Networks`.
    GetNetworks {
        /// Page.
        page: Page,
    },
    /// Answer: `Network`.
    GetNetwork {
        /// Id.
        uuid: String,
    },
    /// Answer: `Network`.
    CreateNetwork {
        /// Name.
        name: String,
        /// `provider:network_type`.
        network_type: String,
        /// `provider:segmentation_id`, left out for flat networks.
        segmentation_id: Option<u64>,
        /// `provider:physical_network`.
        physical_network: String,
        /// Shared.
        is_shared: bool,
    },
    /// Answer: `Network`.
    UpdateNetwork {
        /// Id.
        uuid: String,
        /// Shared.
        is_shared: Option<bool>,
    },
    /// Answer: `Done`.
    DeleteNetwork {
        /// Id.
        uuid: String,
    },
    /// Answer: `Subnets`.
    GetSubnets {
        /// Page.
        page: Page,
    },
    /// Answer: `Subnet`.
    GetSubnet {
        /// Id.
        uuid: String,
    },
    /// Answer: `Subnet`.
    CreateSubnet {
        /// Network.
        network_uuid: String,
        /// Name.
        name: Option<String>,
        /// 4 or 6.
        ip_version: u8,
        /// Address and prefix.
        cidr: String,
        /// Gateway.
        gateway_ip: Option<String>,
        /// DHCP.
        dhcp_enabled: bool,
    },
    /// Answer: `Subnet`.
    UpdateSubnet {
        /// Id.
        uuid: String,
        /// New gateway.
        gateway_ip: Option<String>,
        /// Remove the gateway.
        delete_gateway: bool,
        /// DHCP.
        dhcp_enabled: Option<bool>,
    },
    /// Answer: `Done`.
    DeleteSubnet {
        /// Id.
        uuid: String,
    },
    /// Neutron's host extension: Create, Enable, Delete or Query. Answer: `Done`, `HostServicesEnabled`.
    HostServices {
        /// Host.
        host: HostRef,
        /// What to do; Disable is answered with an error.
        operation: HostServicesOperation,
    },
    /// Set a host's availability in Neutron to down. Answer: `Done`.
    NotifyHostDisabled {
        /// Host.
        host: HostRef,
    },
}

/// Calls of the guest plugin. Contract: southbound 5.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestCall {
    /// Guest services of a host. Answer: `Done`, `HostServicesEnabled` for a query.
    HostServices {
        /// Host.
        host: HostRef,
        /// What to do.
        operation: HostServicesOperation,
    },
    /// Answer: `Done`.
    CreateServices {
        /// Instance.
        uuid: String,
        /// Host it is on.
        host_name: String,
        /// Service names.
        services: Vec<String>,
    },
    /// Answer: `GuestServices`.
    SetServices {
        /// Instance.
        uuid: String,
        /// Host it is on.
        host_name: String,
        /// Services with the administrative state wanted.
        services: Vec<GuestService>,
    },
    /// Answer: `Done`.
    DeleteServices {
        /// Instance.
        uuid: String,
    },
    /// Answer: `GuestServices`.
    QueryServices {
        /// Instance.
        uuid: String,
    },
    /// Ask the guest whether an action may happen. Answer: `GuestVote`.
    Vote {
        /// Instance.
        uuid: String,
        /// Host it is on.
        host_name: String,
        /// The action.
        action: ActionType,
    },
    /// Tell the guest that an action will happen or has happened. Answer: `GuestVote`.
    Notify {
        /// Instance.
        uuid: String,
        /// Host it is on.
        host_name: String,
        /// The action.
        action: ActionType,
        /// Before it.
        pre: bool,
    },
}

/// Calls of the image plugin. Contract: southbound 5.6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ImageCall {
    /// Answer: `Images`.
    GetImages {
        /// Page.
        page: Page,
    },
    /// Answer: `Image`.
    GetImage {
        /// Id.
        uuid: String,
    },
    /// Answer: `Image`.
    CreateImage {
        /// Name.
        name: String,
        /// The rest of the fields.
        attributes: ImageAttributes,
        /// Where the data is.
        image_data_url: Option<String>,
    },
    /// Answer: `Image`.
    UpdateImage {
        /// Id.
        uuid: String,
        /// What to change.
        attributes: ImageAttributes,
    },
    /// Answer: `Done`.
    DeleteImage {
        /// Id.
        uuid: String,
    },
}

/// The fields of an image that can be given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ImageAttributes {
    /// Description.
    pub description: Option<String>,
    /// For instance `bare`.
    pub container_format: Option<String>,
    /// For instance `qcow2`.
    pub disk_format: Option<String>,
    /// GB.
    pub min_disk_size_gb: Option<u64>,
    /// MiB.
    pub min_memory_size_mb: Option<u64>,
    /// `public`, `private`.
    pub visibility: Option<String>,
    /// Protected.
    pub protected: Option<bool>,
    /// Extra properties.
    pub properties: BTreeMap<String, serde_json::Value>,
}

/// Calls of the block storage plugin. Contract: southbound 5.5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockStorageCall {
    /// Answer: `VolumeIds`.
    GetVolumes {
        /// Page.
        page: Page,
    },
    /// Answer: `Volume`.
    GetVolume {
        /// Id.
        uuid: String,
    },
    /// Answer: `VolumeSnapshots`.
    GetVolumeSnapshots,
    /// Answer: `Volume`.
    CreateVolume {
        /// Name.
        name: String,
        /// Description.
        description: String,
        /// GB.
        size_gb: u64,
        /// Image to fill it from.
        image_uuid: Option<String>,
        /// Bootable.
        bootable: Option<bool>,
    },
    /// Answer: `Volume`.
    UpdateVolume {
        /// Id.
        uuid: String,
        /// Description.
        description: String,
    },
    /// Answer: `Done`.
    DeleteVolume {
        /// Id.
        uuid: String,
    },
}

/// Calls of the software management plugin. Contract: southbound 5.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SwMgmtCall {
    /// Answer: `SwPatches`.
    QueryUpdates,
    /// Answer: `HostSwPatches`.
    QueryHosts,
    /// Install patches on hosts, one after another. Answer: `Done`.
    UpdateHosts {
        /// Host names.
        host_names: Vec<String>,
    },
}
