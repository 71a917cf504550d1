//! Calls in words.

use super::*;

/// A refusal of a neighbour.
pub fn refused(reason: &str) -> CallResult {
    Err(CallError::new(ErrorKind::Refused, reason).with_reason(reason))
}

/// A question that audits put about all objects of a kind.
pub(super) fn is_listing(call: &Call) -> bool {
    matches!(
        call,
        Call::Identity(_)
            | Call::Infrastructure(InfrastructureCall::GetHosts | InfrastructureCall::GetSystemInfo)
            | Call::Compute(
                ComputeCall::GetHostAggregates
                    | ComputeCall::GetHypervisors
                    | ComputeCall::GetInstanceTypes { .. }
                    | ComputeCall::GetInstanceGroups
                    | ComputeCall::GetInstances { .. }
            )
            | Call::Guest(GuestCall::QueryServices { .. })
            | Call::Image(nfv_nfvi::call::ImageCall::GetImages { .. })
            | Call::BlockStorage(
                nfv_nfvi::call::BlockStorageCall::GetVolumes { .. }
                    | nfv_nfvi::call::BlockStorageCall::GetVolumeSnapshots
            )
            | Call::Network(NetworkCall::GetNetworks { .. } | NetworkCall::GetSubnets { .. })
    )
}

/// A call that a case may speak of; none for the questions of audits.
pub(super) fn describe(call: &Call) -> Option<String> {
    let question = matches!(
        call,
        Call::Infrastructure(InfrastructureCall::GetSystemState | InfrastructureCall::GetHost { .. })
            | Call::Compute(ComputeCall::GetInstanceType { .. } | ComputeCall::GetInstance { .. })
    );
    (!question && !is_listing(call)).then(|| describe_all(call))
}

/// Any call in a few words.
pub(super) fn describe_all(call: &Call) -> String {
    let operation = |operation: &HostServicesOperation| format!("{operation:?}").to_lowercase();
    match call {
        Call::Compute(ComputeCall::HostServices { host, operation: o }) => {
            format!("nova: {} services of {}", operation(o), host.name)
        }
        Call::Compute(ComputeCall::NotifyHost { host, enabled }) => {
            format!("nova: {} forced_down {}", host.name, !enabled)
        }
        Call::Compute(ComputeCall::GetHypervisor { uuid }) => format!("nova: hypervisor {uuid}"),
        Call::Compute(ComputeCall::InstanceAction { uuid, action, .. }) => {
            format!("{uuid}: {}", nova_action(action))
        }
        Call::Compute(ComputeCall::GetInstance { uuid }) => format!("instance {uuid}"),
        Call::Network(NetworkCall::HostServices { host, operation: o }) => {
            format!("neutron: {} services of {}", operation(o), host.name)
        }
        Call::Network(NetworkCall::NotifyHostDisabled { host }) => format!("neutron: {} is down", host.name),
        Call::Guest(GuestCall::HostServices { host, operation: o }) => {
            format!("guest: {} services of {}", operation(o), host.name)
        }
        Call::Guest(GuestCall::CreateServices { uuid, host_name, services }) => {
            format!("guest: create {uuid} on {host_name} {}", services.join(","))
        }
        Call::Guest(GuestCall::SetServices { uuid, host_name, services }) => {
            let unlocked = services.iter().any(|service| service.admin_state == AdminState::Unlocked);
            format!("guest: {} {uuid} on {host_name}", if unlocked { "enabled" } else { "disabled" })
        }
        Call::Guest(GuestCall::DeleteServices { uuid }) => format!("guest: delete {uuid}"),
        Call::Guest(GuestCall::QueryServices { uuid }) => format!("guest: query {uuid}"),
        Call::Guest(GuestCall::Vote { uuid, action, .. }) => {
            format!("guest: vote {uuid} {}", object::guest_event(action, true))
        }
        Call::Guest(GuestCall::Notify { uuid, action, pre, .. }) => {
            format!("guest: notify {uuid} {}", object::guest_event(action, *pre))
        }
        Call::Compute(ComputeCall::RejectInstanceAction { uuid, message, .. }) => {
            format!("{uuid}: 409 {message}")
        }
        Call::Infrastructure(InfrastructureCall::ContainerHostServices { host, operation: o }) => {
            format!("kubernetes: {} services of {}", operation(o), host.name)
        }
        Call::Infrastructure(InfrastructureCall::NotifyHostServices { host, notice }) => {
            let (what, reason) = match notice {
                HostServicesNotice::Enabled => ("services-enabled", None),
                HostServicesNotice::Disabled => ("services-disabled", None),
                HostServicesNotice::DisableExtend => ("services-disable-extend", None),
                HostServicesNotice::DisableFailed { reason } => ("services-disable-failed", Some(reason)),
                HostServicesNotice::Deleted => ("delete", None),
                HostServicesNotice::DeleteFailed { reason } => ("services-delete-failed", Some(reason)),
            };
            let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
            format!("sysinv: {} {what}{reason}", host.name)
        }
        Call::Infrastructure(InfrastructureCall::RequestHost { host, request }) => {
            format!("sysinv: {} {}", format!("{request:?}").to_lowercase(), host.name)
        }
        Call::Infrastructure(InfrastructureCall::GetHost { name, .. }) => format!("host {name}"),
        Call::Infrastructure(InfrastructureCall::GetSystemState) => "system state".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(super) fn nova_action(action: &NovaAction) -> String {
    match action {
        NovaAction::LiveMigrate { block_migration, host } => {
            let block = block_migration.as_str().map_or(block_migration.to_string(), str::to_owned);
            let host = host.as_ref().map_or(String::new(), |host| format!(" to {host}"));
            format!("live-migrate block {block}{host}")
        }
        NovaAction::ColdMigrate => "cold-migrate".to_owned(),
        NovaAction::ConfirmResize => "confirm-resize".to_owned(),
        NovaAction::RevertResize => "revert-resize".to_owned(),
        NovaAction::Resize { flavor } => format!("resize to {flavor}"),
        NovaAction::Evacuate => "evacuate".to_owned(),
        NovaAction::Reboot { graceful } => format!("reboot {}", if *graceful { "SOFT" } else { "HARD" }),
        NovaAction::Rebuild { name, image } => format!("rebuild {name} from {image}"),
        NovaAction::Pause => "pause".to_owned(),
        NovaAction::Unpause => "unpause".to_owned(),
        NovaAction::Suspend => "suspend".to_owned(),
        NovaAction::Resume => "resume".to_owned(),
        NovaAction::Start => "start".to_owned(),
        NovaAction::Stop => "stop".to_owned(),
        NovaAction::ResetStateToError => "reset-state error".to_owned(),
    }
}
