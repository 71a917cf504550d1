//! Calls of the network plugin. Contract: southbound 5.4.

use crate::openstack::caller::{Caller, is_404};
use crate::openstack::catalog::Service;
use crate::openstack::neutron;
use crate::unsupported;
use nfv_nfvi::call::{HostServicesOperation, NetworkCall};
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Answer, CallError, CallResult};
use std::sync::Mutex;

/// Whether Neutron has the host extension, once it said so. It stays for the life of the process.
#[derive(Debug, Default)]
pub(crate) struct HostExtension(Mutex<Option<bool>>);

impl HostExtension {
    async fn is_there(&self, caller: &mut Caller<'_>) -> Result<bool, CallError> {
        let known = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = known {
            return Ok(known);
        }
        let found = neutron::has_host_extension(caller)
            .await
            .map_err(|error| error.with_reason("failed to get neutron extensions"))?;
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(found);
        Ok(found)
    }
}

/// Makes a call of the network plugin.
pub(crate) async fn perform(
    caller: &mut Caller<'_>,
    extension: &HostExtension,
    call: NetworkCall,
) -> CallResult {
    match call {
        NetworkCall::HostServices { host, operation } => {
            host_services(caller, extension, &host, operation).await
        }
        NetworkCall::NotifyHostDisabled { host } => {
            if !applies(caller, &host) {
                return Ok(Answer::Done);
            }
            get_token(caller, "failed to get token from keystone").await?;
            if extension.is_there(caller).await? {
                neutron::set_host(caller, &host, false)
                    .await
                    .map_err(|error| error.with_reason("failed to disable neutron services"))?;
            }
            Ok(Answer::Done)
        }
        NetworkCall::GetNetworks { .. } => unsupported("network get_networks"),
        NetworkCall::GetNetwork { .. } => unsupported("network get_network"),
        NetworkCall::CreateNetwork { .. } => unsupported("network create_network"),
        NetworkCall::UpdateNetwork { .. } => unsupported("network update_network"),
        NetworkCall::DeleteNetwork { .. } => unsupported("network delete_network"),
        NetworkCall::GetSubnets { .. } => unsupported("network get_subnets"),
        NetworkCall::GetSubnet { .. } => unsupported("network get_subnet"),
        NetworkCall::CreateSubnet { .. } => unsupported("network create_subnet"),
        NetworkCall::UpdateSubnet { .. } => unsupported("network update_subnet"),
        NetworkCall::DeleteSubnet { .. } => unsupported("network delete_subnet"),
    }
}

/// Workers and controllers have Neutron services, if there is a Neutron.
fn applies(caller: &Caller<'_>, host: &HostRef) -> bool {
    (host.is_worker() || host.is_controller()) && caller.neighbours.is_registered(Service::Neutron)
}

async fn get_token(caller: &mut Caller<'_>, reason: &str) -> Result<(), CallError> {
    caller.token().await.map(drop).map_err(|error| error.with_reason(reason))
}

async fn host_services(
    caller: &mut Caller<'_>,
    extension: &HostExtension,
    host: &HostRef,
    operation: HostServicesOperation,
) -> CallResult {
    let nothing = match operation {
        HostServicesOperation::Query => Answer::HostServicesEnabled(true),
        HostServicesOperation::Create | HostServicesOperation::Enable | HostServicesOperation::Delete => {
            Answer::Done
        }
        HostServicesOperation::Disable => return unsupported("network disable_host_services"),
    };
    if !applies(caller, host) {
        return Ok(nothing);
    }
    get_token(caller, "failed to get openstack token from keystone").await?;
    if !extension.is_there(caller).await? {
        return Ok(nothing);
    }
    let because = |reason: &'static str| move |error: CallError| error.with_reason(reason);
    match operation {
        HostServicesOperation::Create => {
            neutron::delete_hosts_replaced(caller, host)
                .await
                .map_err(because("failed to delete existing neutron services"))?;
            match neutron::create_host(caller, host).await {
                // it is there under this id already: a VIM with an empty database meets a cloud that is not
                Err(error) if error.status == Some(409) => {}
                other => other.map_err(because("failed to create neutron services"))?,
            }
            neutron::set_host(caller, host, false)
                .await
                .map_err(because("failed to disable neutron services"))?;
        }
        HostServicesOperation::Delete => match neutron::delete_host(caller, host).await {
            Err(error) if !is_404(&error) => {
                return Err(error.with_reason("failed to delete neutron services"));
            }
            _ => {}
        },
        HostServicesOperation::Enable => {
            neutron::set_host(caller, host, true)
                .await
                .map_err(because("failed to enable neutron services"))?;
        }
        HostServicesOperation::Query => {
            return neutron::host_is_up(caller, host).await.map(Answer::HostServicesEnabled);
        }
        HostServicesOperation::Disable => {}
    }
    Ok(Answer::Done)
}
