//! Calls of the infrastructure plugin. Contract: southbound 5.1.

use crate::fm;
use crate::mtc;
use crate::openstack::caller::Caller;
use crate::openstack::catalog::Service;
use crate::sysinv::{self, InventoryHost, Labels, UpgradeStep};
use crate::unsupported;
use nfv_nfvi::call::{HostServicesNotice, HostServicesOperation, InfrastructureCall};
use nfv_nfvi::object::{Host, HostAction, HostGroup, HostRef, HostStates};
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind};

/// Maintenance that lets so many hosts in a row wait, and answered for none before, is not there at all.
const SILENT_HOSTS: usize = 3;

/// Makes a call of the infrastructure plugin.
pub(crate) async fn perform(caller: &mut Caller<'_>, call: InfrastructureCall) -> CallResult {
    match call {
        InfrastructureCall::GetSystemInfo => sysinv::system_info(caller).await.map(Answer::System),
        InfrastructureCall::GetSystemState => mtc::system_query(caller).await.map(Answer::SystemState),
        InfrastructureCall::GetHosts => hosts(caller).await,
        InfrastructureCall::GetHost { uuid, .. } => {
            let host = sysinv::host(caller, &uuid).await?;
            complete(caller, host).await
        }
        InfrastructureCall::NotifyHostServices { host, notice } => {
            notify_services(caller, &host, &notice).await
        }
        InfrastructureCall::NotifyHostFailed { host } => {
            if host.is_worker() && caller.neighbours.is_registered(Service::Nova) {
                mtc::notify_failed(caller, &host.uuid, &host.name).await?;
            }
            Ok(Answer::Done)
        }
        InfrastructureCall::RequestHost { host, request } => {
            sysinv::request_host(caller, &host.uuid, request).await.map(|()| Answer::Done)
        }
        InfrastructureCall::ContainerHostServices { host, operation } => {
            container_services(caller, &host, operation).await
        }
        InfrastructureCall::GetUpgrade => sysinv::upgrade(caller).await.map(Answer::Upgrade),
        InfrastructureCall::UpgradeStart => step_upgrade(caller, UpgradeStep::Start).await,
        InfrastructureCall::UpgradeActivate => step_upgrade(caller, UpgradeStep::Activate).await,
        InfrastructureCall::UpgradeComplete => step_upgrade(caller, UpgradeStep::Complete).await,
        InfrastructureCall::GetAlarms => fm::alarms(caller).await.map(Answer::Alarms),
    }
}

async fn step_upgrade(caller: &mut Caller<'_>, step: UpgradeStep) -> CallResult {
    sysinv::step_upgrade(caller, step).await.map(|upgrade| Answer::Upgrade(Some(upgrade)))
}

/// What only maintenance and the labels know about a host.
async fn states_and_labels(
    caller: &mut Caller<'_>,
    host: &InventoryHost,
) -> Result<(HostStates, Labels), CallError> {
    let states = mtc::host_query(caller, &host.uuid, &host.name).await?;
    let labels = sysinv::labels(caller, &host.uuid).await?;
    Ok((states, labels))
}

fn assemble(host: InventoryHost, states: &HostStates, labels: Labels, data_port_faults: bool) -> Host {
    let (admin_state, oper_state, avail_status) =
        states.for_hosting(&host.personality, &host.subfunctions, data_port_faults);
    Host {
        nfvi_data: states.nfvi_data(&host.uuid, &host.name, &host.personality, &host.subfunctions),
        uuid: host.uuid,
        name: host.name,
        personality: host.subfunctions,
        admin_state,
        oper_state,
        avail_status,
        action: HostAction::from(host.action.trim_end_matches('-')),
        uptime: host.uptime,
        software_load: host.software_load,
        target_load: host.target_load,
        openstack_compute: labels.openstack_compute,
        openstack_control: labels.openstack_control,
    }
}

async fn complete(caller: &mut Caller<'_>, host: InventoryHost) -> CallResult {
    let (states, labels) = states_and_labels(caller, &host).await?;
    let faults = caller.neighbours.config.data_port_fault_handling;
    Ok(Answer::Host(Box::new(assemble(host, &states, labels, faults))))
}

/// All hosts, one after another. A host that cannot be read becomes an incomplete one; the listing fails only
/// when it cannot go on for any host: no maintenance, no inventory, no token.
async fn hosts(caller: &mut Caller<'_>) -> CallResult {
    let faults = caller.neighbours.config.data_port_fault_handling;
    let (mut hosts, mut incomplete, mut groups) = (Vec::new(), Vec::new(), Vec::<HostGroup>::new());
    let mut silent = 0;
    for host in sysinv::hosts(caller).await? {
        let (states, labels) = match states_and_labels(caller, &host).await {
            Ok(both) => both,
            Err(error) => {
                silent = if error.kind == ErrorKind::TimedOut { silent + 1 } else { 0 };
                if ends_listing(error.kind) || (hosts.is_empty() && silent >= SILENT_HOSTS) {
                    return Err(error);
                }
                tracing::error!("Host {} could not be read: {error}", host.name);
                incomplete.push(host.name);
                continue;
            }
        };
        silent = 0;
        if let Some(group) = host.peers.as_ref().filter(|_| host.subfunctions.contains("storage")) {
            match groups.iter_mut().find(|known| known.name == *group) {
                Some(known) => known.member_names.push(host.name.clone()),
                None => groups.push(HostGroup {
                    name: group.clone(),
                    member_names: vec![host.name.clone()],
                    policies: vec!["storage-replication".to_owned()],
                }),
            }
        }
        hosts.push(assemble(host, &states, labels, faults));
    }
    Ok(Answer::Hosts { hosts, incomplete, groups })
}

/// The error would be the same for every other host.
fn ends_listing(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NoToken | ErrorKind::TokenExpired | ErrorKind::Unreachable => true,
        ErrorKind::NotFound
        | ErrorKind::Refused
        | ErrorKind::TimedOut
        | ErrorKind::BadAnswer
        | ErrorKind::Unsupported => false,
    }
}

async fn notify_services(caller: &mut Caller<'_>, host: &HostRef, notice: &HostServicesNotice) -> CallResult {
    match sysinv::notify_services(caller, &host.uuid, notice).await? {
        Some(host) => complete(caller, host).await,
        None => Ok(Answer::Done),
    }
}

/// Kubernetes applies when its configuration exists. Contract: southbound 5.1.1.
async fn container_services(
    caller: &mut Caller<'_>,
    host: &HostRef,
    operation: HostServicesOperation,
) -> CallResult {
    let kubernetes = &caller.neighbours.kubernetes;
    let applies = kubernetes.is_there() && (host.is_worker() || host.is_controller());
    let (result, reason) = match operation {
        HostServicesOperation::Create | HostServicesOperation::Query => {
            return unsupported("infrastructure create or query of container host services");
        }
        // by contract nothing is done, with or without Kubernetes
        HostServicesOperation::Disable => return Ok(Answer::Done),
        HostServicesOperation::Enable | HostServicesOperation::Delete if !applies => return Ok(Answer::Done),
        HostServicesOperation::Enable => {
            (kubernetes.untaint_node(caller, &host.name).await, "failed to enable kubernetes services")
        }
        HostServicesOperation::Delete => {
            (kubernetes.delete_node(caller, &host.name).await, "failed to delete kubernetes services")
        }
    };
    result.map(|()| Answer::Done).map_err(|error| error.with_reason(reason))
}
