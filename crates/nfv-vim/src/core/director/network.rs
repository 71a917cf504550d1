//! Networks and subnets for users of the API. Contract: vim-behaviour 5.5, vim-api 2.3.

use crate::core::Vim;
use crate::core::nfvi_call::{ApiCall, Then};
use nfv_nfvi::call::NetworkCall;
use nfv_nfvi::object::{Network, Subnet};
use nfv_nfvi::{Answer, Call, CallResult, RequestId};
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork, UpdateNetwork};
use nfv_vim_rpc::subnet::{CreateSubnet, DeleteSubnet, SubnetOfNetwork, UpdateSubnet};
use nfv_vim_rpc::{Nothing, Response, ResponseBody as Body, ResultCode};

/// A network without segments.
const FLAT: &str = "flat";

impl Vim {
    /// The first network of this name.
    pub(in crate::core) fn network_named(&self, name: Option<&str>) -> Option<&Network> {
        self.networks.values().find(|network| Some(network.name.as_str()) == name)
    }

    /// The subnet with this address on a network. Addresses of both families differ in letter case only.
    fn subnet_at(&self, network: &str, ip: Option<&str>, prefix: Option<&str>) -> Option<&Subnet> {
        let (ip, prefix) = (ip?, prefix?);
        self.subnets.values().find(|subnet| {
            subnet.network_uuid == network
                && subnet.subnet_ip.eq_ignore_ascii_case(ip)
                && subnet.subnet_prefix == prefix
        })
    }

    /// Asks Neutron for a new network; one of that name is a conflict.
    pub(in crate::core) fn network_create(&mut self, id: RequestId, asked: CreateNetwork) {
        if self.network_named(asked.name.as_deref()).is_some() {
            return self.refuse(id, ResultCode::Conflict, Body::CreateNetwork);
        }
        let flat = asked.network_type.as_deref() == Some(FLAT);
        let segmentation_id = asked.segmentation_id.filter(|_| !flat).map(|text| text.trim().parse());
        let (Some(name), Some(network_type), Some(physical_network), Ok(segmentation_id)) =
            (asked.name, asked.network_type, asked.physical_network, segmentation_id.transpose())
        else {
            return self.refuse(id, ResultCode::Failed, Body::CreateNetwork);
        };
        let is_shared = asked.is_shared.unwrap_or_default();
        let call =
            NetworkCall::CreateNetwork { name, network_type, segmentation_id, physical_network, is_shared };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::CreateNetwork });
    }

    /// Asks Neutron to change a network.
    pub(in crate::core) fn network_change(&mut self, id: RequestId, asked: &UpdateNetwork) {
        let Some(network) = self.network_named(asked.name.as_deref()) else {
            return self.refuse(id, ResultCode::NotFound, Body::UpdateNetwork);
        };
        let call = NetworkCall::UpdateNetwork { uuid: network.uuid.clone(), is_shared: asked.is_shared };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::UpdateNetwork });
    }

    /// Asks Neutron to delete a network.
    pub(in crate::core) fn network_delete(&mut self, id: RequestId, asked: &DeleteNetwork) {
        let found = match &asked.by_uuid {
            Some(uuid) => self.networks.get(uuid),
            None => self.network_named(asked.by_name.as_deref()),
        };
        let Some(uuid) = found.map(|network| network.uuid.clone()) else {
            return self.refuse(id, ResultCode::NotFound, Body::DeleteNetwork);
        };
        let call = NetworkCall::DeleteNetwork { uuid: uuid.clone() };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::DeleteNetwork { uuid } });
    }

    /// Neutron made or changed a network, or did not.
    pub(in crate::core) fn network_made(
        &mut self,
        id: RequestId,
        result: CallResult,
        body: fn(nfv_vim_rpc::network::Network) -> Body,
    ) {
        let Ok(Answer::Network(made)) = result else { return self.refuse(id, ResultCode::Failed, body) };
        let shown = Self::network_shown(&made);
        self.network_update(made);
        self.respond(id, Response::success(body(shown)));
    }

    /// Neutron deleted a network, or did not. Its subnets go first.
    pub(in crate::core) fn network_delete_answered(
        &mut self,
        id: RequestId,
        uuid: &str,
        result: &CallResult,
    ) {
        if result.is_err() {
            return self.refuse(id, ResultCode::Failed, Body::DeleteNetwork);
        }
        let on_it = self.subnets.values().filter(|subnet| subnet.network_uuid == uuid);
        let on_it: Vec<_> = on_it.map(|subnet| subnet.uuid.clone()).collect();
        for subnet in on_it {
            self.subnet_removed(&subnet);
        }
        self.network_removed(uuid);
        self.respond(id, Response::success(Body::DeleteNetwork(Nothing {})));
    }

    /// Asks Neutron for a new subnet of a network. One that exists is a conflict, told by the answer to the creation of
    /// a network (quirk of vim-api 2.3).
    pub(in crate::core) fn subnet_create(&mut self, id: RequestId, asked: CreateSubnet) {
        let Some(network) = self.network_named(asked.network_name.as_deref()) else {
            return self.refuse(id, ResultCode::NotFound, Body::CreateSubnet);
        };
        let network_uuid = network.uuid.clone();
        let (ip, prefix) = (asked.subnet_ip.as_deref(), asked.subnet_prefix.as_deref());
        if self.subnet_at(&network_uuid, ip, prefix).is_some() {
            return self.refuse(id, ResultCode::Conflict, Body::CreateNetwork);
        }
        let ip_version = asked.ip_version.as_deref().and_then(|text| text.trim().parse().ok());
        let (Some(ip), Some(prefix), Some(ip_version)) = (ip, prefix, ip_version) else {
            return self.refuse(id, ResultCode::Failed, Body::CreateSubnet);
        };
        let call = NetworkCall::CreateSubnet {
            network_uuid,
            name: None,
            ip_version,
            cidr: format!("{ip}/{prefix}"),
            gateway_ip: asked.gateway_ip.clone(),
            dhcp_enabled: asked.is_dhcp_enabled.unwrap_or_default(),
        };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::CreateSubnet });
    }

    /// Asks Neutron to change a subnet.
    pub(in crate::core) fn subnet_change(&mut self, id: RequestId, asked: UpdateSubnet) {
        let (ip, prefix) = (asked.subnet_ip.as_deref(), asked.subnet_prefix.as_deref());
        let found = self
            .network_named(asked.network_name.as_deref())
            .and_then(|network| self.subnet_at(&network.uuid, ip, prefix));
        let Some(uuid) = found.map(|subnet| subnet.uuid.clone()) else {
            return self.refuse(id, ResultCode::NotFound, Body::UpdateSubnet);
        };
        let call = NetworkCall::UpdateSubnet {
            uuid,
            gateway_ip: asked.gateway_ip,
            delete_gateway: asked.delete_gateway.unwrap_or_default(),
            dhcp_enabled: asked.is_dhcp_enabled,
        };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::UpdateSubnet });
    }

    /// Asks Neutron to delete a subnet.
    pub(in crate::core) fn subnet_delete(&mut self, id: RequestId, asked: DeleteSubnet) {
        let prefix = asked.subnet_prefix.map(|prefix| prefix.to_string());
        let found = self
            .network_named(asked.network_name.as_deref())
            .and_then(|network| self.subnet_at(&network.uuid, asked.subnet_ip.as_deref(), prefix.as_deref()));
        let Some(uuid) = found.map(|subnet| subnet.uuid.clone()) else {
            return self.refuse(id, ResultCode::NotFound, Body::DeleteSubnet);
        };
        let call = NetworkCall::DeleteSubnet { uuid: uuid.clone() };
        self.call(Call::Network(call), Then::Api { id, call: ApiCall::DeleteSubnet { uuid, asked } });
    }

    /// Neutron made or changed a subnet, or did not. The answer shows it as the table has it now.
    pub(in crate::core) fn subnet_made(
        &mut self,
        id: RequestId,
        result: CallResult,
        body: fn(SubnetOfNetwork) -> Body,
    ) {
        let Ok(Answer::Subnet(made)) = result else { return self.refuse(id, ResultCode::Failed, body) };
        let uuid = made.uuid.clone();
        self.subnet_update(made);
        let known = self.subnets.get(&uuid);
        let both = known.and_then(|subnet| Some((subnet, self.networks.get(&subnet.network_uuid)?)));
        let Some((subnet, network)) = both else { return self.refuse(id, ResultCode::NotFound, body) };
        let shown =
            SubnetOfNetwork { subnet: Self::subnet_shown(subnet), network_name: Some(network.name.clone()) };
        self.respond(id, Response::success(body(shown)));
    }

    /// Neutron deleted a subnet, or did not.
    pub(in crate::core) fn subnet_delete_answered(
        &mut self,
        id: RequestId,
        uuid: &str,
        asked: DeleteSubnet,
        result: &CallResult,
    ) {
        if result.is_err() {
            return self.refuse(id, ResultCode::Failed, Body::DeleteSubnet);
        }
        self.subnet_removed(uuid);
        self.respond(id, Response::success(Body::DeleteSubnet(asked)));
    }
}
