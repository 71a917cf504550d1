//! Calls of the compute plugin. Contract: southbound 5.2.

use crate::listener::waiting::{LateAnswer, WaitingActions};
use crate::openstack::caller::{Caller, ExchangeError, is_404};
use crate::openstack::catalog::Service;
use crate::openstack::nova::{self, NewFlavor};
use crate::openstack::nova_action;
use crate::openstack::nova_server::{self, NewServer};
use crate::openstack::rest::RestError;
use nfv_nfvi::call::{ComputeCall, HostServicesOperation, NovaAction};
use nfv_nfvi::object::{HostRef, RequestContext};
use nfv_nfvi::{Answer, CallError, CallResult};

/// Makes a call of the compute plugin.
pub(crate) async fn perform(
    caller: &mut Caller<'_>,
    waiting: &WaitingActions,
    call: ComputeCall,
) -> CallResult {
    match call {
        ComputeCall::GetHostAggregates => nova::host_aggregates(caller).await.map(Answer::HostAggregates),
        ComputeCall::GetHypervisors => nova::hypervisors(caller).await.map(Answer::Hypervisors),
        ComputeCall::GetHypervisor { uuid } => nova::hypervisor(caller, &uuid).await.map(Answer::Hypervisor),
        ComputeCall::GetInstanceTypes { page } => {
            nova::flavors(caller, &page).await.map(Answer::InstanceTypes)
        }
        ComputeCall::GetInstanceType { uuid } => nova::flavor(caller, &uuid).await.map(Answer::InstanceType),
        ComputeCall::CreateInstanceType {
            uuid,
            name,
            vcpus,
            mem_mb,
            disk_gb,
            ephemeral_gb,
            swap_gb,
            extra_specs,
        } => {
            let (uuid, name, extra_specs) = (&uuid, &name, &extra_specs);
            let new = NewFlavor { uuid, name, vcpus, mem_mb, disk_gb, ephemeral_gb, swap_gb, extra_specs };
            nova::create_flavor(caller, &new).await.map(Answer::InstanceType)
        }
        ComputeCall::DeleteInstanceType { uuid } => {
            nova::delete_flavor(caller, &uuid).await.map(|()| Answer::Done)
        }
        ComputeCall::GetInstanceGroups => nova::server_groups(caller).await.map(Answer::InstanceGroups),
        ComputeCall::GetInstances { page } => nova_server::list(caller, &page).await.map(Answer::InstanceIds),
        ComputeCall::GetInstance { uuid } => {
            nova_server::get(caller, &uuid).await.map(|instance| Answer::Instance(Box::new(instance)))
        }
        ComputeCall::CreateInstance { name, instance_type_uuid, image_uuid, block_devices, networks } => {
            let new = NewServer {
                name: &name,
                flavor: &instance_type_uuid,
                image: image_uuid.as_deref(),
                block_devices: block_devices.as_ref(),
                networks: networks.as_ref(),
            };
            nova_server::create(caller, &new).await.map(|instance| Answer::Instance(Box::new(instance)))
        }
        ComputeCall::DeleteInstance { uuid } => {
            nova_server::delete(caller, &uuid).await.map(|()| Answer::Done)
        }
        ComputeCall::InstanceAction { uuid, action, context } => {
            instance_action(caller, waiting, &uuid, &action, context.as_ref()).await
        }
        ComputeCall::RejectInstanceAction { message, context, .. } => {
            if let Some(request) = &context.request_uuid {
                waiting.answer(request, LateAnswer::Rejected { message });
            }
            Ok(Answer::Done)
        }
        ComputeCall::HostServices { host, operation } => host_services(caller, &host, operation).await,
        ComputeCall::NotifyHost { host, enabled } => notify_host(caller, &host, enabled).await,
    }
}

async fn instance_action(
    caller: &mut Caller<'_>,
    waiting: &WaitingActions,
    uuid: &str,
    action: &NovaAction,
    context: Option<&RequestContext>,
) -> CallResult {
    let result = nova_action::act(caller, uuid, action, context).await;
    // a reset to the error state is the VIM's own doing, no user waits for it
    let user = context.filter(|_| !matches!(action, NovaAction::ResetStateToError));
    if let Some(request) = user.and_then(|context| context.request_uuid.as_ref()) {
        let answer = match &result {
            Ok(response) => LateAnswer::nova(response),
            Err(ExchangeError::Rest(RestError::Status { response, .. })) => LateAnswer::nova(response),
            Err(ExchangeError::Rest(_) | ExchangeError::NoToken(_)) => LateAnswer::Failed,
        };
        waiting.answer(request, answer);
    }
    result.map(|_| Answer::Done).map_err(ExchangeError::into_call_error)
}

/// Only workers have Nova services, if there is a Nova.
fn applies(caller: &Caller<'_>, host: &HostRef) -> bool {
    host.is_worker() && caller.neighbours.is_registered(Service::Nova)
}

async fn host_services(
    caller: &mut Caller<'_>,
    host: &HostRef,
    operation: HostServicesOperation,
) -> CallResult {
    if !applies(caller, host) {
        let query = operation == HostServicesOperation::Query;
        return Ok(if query { Answer::HostServicesEnabled(true) } else { Answer::Done });
    }
    caller.token().await.map_err(|error| error.with_reason("failed to get openstack token from keystone"))?;
    let because = |reason: &'static str| move |error: CallError| error.with_reason(reason);
    let name = &host.name;
    match operation {
        HostServicesOperation::Create => {
            nova::create_service(caller, name).await.map_err(because("failed to create nova services"))?;
            nova::disable_service(caller, name).await.map_err(because("failed to disable nova services"))?;
        }
        HostServicesOperation::Enable => {
            nova::enable_service(caller, name).await.map_err(because("failed to enable nova services"))?;
        }
        HostServicesOperation::Disable => {
            done_or_absent(nova::disable_service(caller, name).await)
                .map_err(because("failed to disable nova services"))?;
        }
        HostServicesOperation::Delete => {
            nova::delete_service(caller, name).await.map_err(because("failed to delete nova services"))?;
        }
        HostServicesOperation::Query => {
            return nova::service_is_enabled(caller, name).await.map(Answer::HostServicesEnabled);
        }
    }
    Ok(Answer::Done)
}

async fn notify_host(caller: &mut Caller<'_>, host: &HostRef, enabled: bool) -> CallResult {
    if !applies(caller, host) {
        return Ok(Answer::Done);
    }
    caller.token().await.map_err(|error| error.with_reason("failed to get token from keystone"))?;
    let result = nova::force_down(caller, &host.name, !enabled).await;
    let (result, reason) = if enabled {
        (result, "failed to notify nova that host is enabled")
    } else {
        (done_or_absent(result), "failed to notify nova that host is disabled")
    };
    result.map(|()| Answer::Done).map_err(|error| error.with_reason(reason))
}

/// A 404 of the service itself; a host without a record has no status and stays an error.
fn done_or_absent(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if is_404(&error) => Ok(()),
        other => other,
    }
}
