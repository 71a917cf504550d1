//! Calls and notifications as short lines of the journal.

use nfv_nfvi::call::{
    ComputeCall, GuestCall, HostServicesOperation, InfrastructureCall, NetworkCall, NovaAction,
};
use nfv_nfvi::{Call, Notification};

/// The call changes something; all others are routine.
pub fn is_change(call: &Call) -> bool {
    !matches!(
        call,
        Call::Identity(_)
            | Call::Image(_)
            | Call::BlockStorage(_)
            | Call::Network(NetworkCall::GetSubnets { .. } | NetworkCall::GetNetworks { .. })
            | Call::Infrastructure(
                InfrastructureCall::GetHosts
                    | InfrastructureCall::GetHost { .. }
                    | InfrastructureCall::GetSystemInfo
                    | InfrastructureCall::GetSystemState
            )
            | Call::Compute(
                ComputeCall::GetHostAggregates
                    | ComputeCall::GetHypervisors
                    | ComputeCall::GetHypervisor { .. }
                    | ComputeCall::GetInstanceTypes { .. }
                    | ComputeCall::GetInstanceType { .. }
                    | ComputeCall::GetInstanceGroups
                    | ComputeCall::GetInstances { .. }
                    | ComputeCall::GetInstance { .. }
                    | ComputeCall::HostServices { operation: HostServicesOperation::Query, .. }
            )
            | Call::Network(NetworkCall::HostServices { operation: HostServicesOperation::Query, .. })
            | Call::Guest(
                GuestCall::HostServices { operation: HostServicesOperation::Query, .. }
                    | GuestCall::QueryServices { .. }
            )
    )
}

/// A call.
pub fn describe_call(call: &Call) -> String {
    match call {
        Call::Compute(ComputeCall::InstanceAction { uuid, action, .. }) => {
            let action = match action {
                NovaAction::LiveMigrate { .. } => "LiveMigrate".to_owned(),
                other => format!("{other:?}"),
            };
            format!("{action} of {}", uuid.trim_start_matches("22222222-0000-0000-0000-0000000000"))
        }
        Call::Compute(ComputeCall::HostServices { host, operation }) => {
            format!("nova: {operation:?} services of {}", host.name)
        }
        Call::Compute(ComputeCall::NotifyHost { host, enabled }) => {
            format!("nova: {} is {}", host.name, if *enabled { "up" } else { "forced down" })
        }
        Call::Infrastructure(InfrastructureCall::NotifyHostServices { host, notice }) => {
            format!("sysinv: services of {} {notice:?}", host.name)
        }
        Call::Network(NetworkCall::HostServices { host, operation }) => {
            format!("neutron: {operation:?} services of {}", host.name)
        }
        Call::Network(NetworkCall::NotifyHostDisabled { host }) => format!("neutron: {} is down", host.name),
        Call::Guest(GuestCall::HostServices { host, operation }) => {
            format!("guest: {operation:?} services of {}", host.name)
        }
        other => format!("{other:?}"),
    }
}

/// A notification.
pub fn describe_notification(body: &Notification) -> String {
    match body {
        Notification::InstanceStateChange { instance } => {
            let data = &instance.nfvi_data;
            format!("{} {}/{}/{}", instance.name, data.vm_state, data.task_state, data.power_state)
        }
        Notification::HostStateChange { name, admin_state, oper_state, avail_status, .. } => {
            format!("{name} {admin_state}/{oper_state}/{avail_status}")
        }
        other => format!("{other:?}"),
    }
}
