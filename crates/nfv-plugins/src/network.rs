//! Calls of the network plugin. Contract: southbound 5.4.

use crate::openstack::caller::{Caller, is_404};
use crate::openstack::catalog::Service;
use crate::openstack::neutron;
use crate::openstack::neutron_network::{self as resource, Kind};
use crate::unsupported;
use nfv_nfvi::call::{HostServicesOperation, NetworkCall};
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Answer, CallError, CallResult};
use serde_json::{Value, json};
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
        NetworkCall::GetNetworks { page } => resource::list(caller, &page).await.map(Answer::Networks),
        NetworkCall::GetNetwork { uuid } => resource::get(caller, &uuid).await.map(Answer::Network),
        NetworkCall::CreateNetwork { name, network_type, segmentation_id, physical_network, is_shared } => {
            let mut wanted = json!({
                "name": name,
                "shared": is_shared,
                "provider:network_type": network_type,
                "provider:physical_network": physical_network,
            });
            if let Some(id) = segmentation_id.filter(|_| network_type != "flat") {
                wanted["provider:segmentation_id"] = id.into();
            }
            resource::create(caller, wanted).await.map(Answer::Network)
        }
        NetworkCall::UpdateNetwork { uuid, is_shared } => {
            let wanted = is_shared.map_or_else(|| json!({}), |shared| json!({"shared": shared}));
            resource::update(caller, &uuid, wanted).await.map(Answer::Network)
        }
        NetworkCall::DeleteNetwork { uuid } => {
            resource::delete(caller, Kind::Network, &uuid).await.map(|()| Answer::Done)
        }
        NetworkCall::GetSubnets { page } => resource::list(caller, &page).await.map(Answer::Subnets),
        NetworkCall::GetSubnet { uuid } => resource::get(caller, &uuid).await.map(Answer::Subnet),
        NetworkCall::CreateSubnet { network_uuid, name, ip_version, cidr, gateway_ip, dhcp_enabled } => {
            let mut wanted = json!({
                "network_id": network_uuid, "ip_version": ip_version, "cidr": cidr, "enable_dhcp": dhcp_enabled,
            });
            if let Some(name) = name {
                wanted["name"] = name.into();
            }
            if let Some(gateway) = gateway_ip {
                wanted["gateway_ip"] = gateway.into();
            }
            resource::create(caller, wanted).await.map(Answer::Subnet)
        }
        NetworkCall::UpdateSubnet { uuid, gateway_ip, delete_gateway, dhcp_enabled } => {
            let mut wanted = json!({});
            match gateway_ip {
                Some(gateway) => wanted["gateway_ip"] = gateway.into(),
                None if delete_gateway => wanted["gateway_ip"] = Value::Null,
                None => {}
            }
            if let Some(dhcp) = dhcp_enabled {
                wanted["enable_dhcp"] = dhcp.into();
            }
            resource::update(caller, &uuid, wanted).await.map(Answer::Subnet)
        }
        NetworkCall::DeleteSubnet { uuid } => {
            resource::delete(caller, Kind::Subnet, &uuid).await.map(|()| Answer::Done)
        }
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
