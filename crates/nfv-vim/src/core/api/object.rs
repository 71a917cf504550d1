//! Images, volumes, networks and subnets, as the API shows them. Contract: vim-api 2.3 (sets M, V, N, S).

use crate::core::Vim;
use nfv_common::pyjson;
use nfv_nfvi::RequestId;
use nfv_nfvi::object::{Image, Network, Subnet, Volume};
use nfv_vim_rpc::instance::Get;
use nfv_vim_rpc::network::GetNetwork;
use nfv_vim_rpc::subnet::GetSubnet;
use nfv_vim_rpc::volume::GetVolume;
use nfv_vim_rpc::{Response, ResponseBody as Body, ResultCode, image, network, subnet, volume};

impl Vim {
    pub(super) fn get_images(&mut self, id: RequestId, get: &Get) {
        let body = |image: &Image| Body::GetImage(Self::image_shown(image));
        if get.get_all {
            return self.respond_all(id, each(self.images.values(), body));
        }
        match get.filter_by_uuid.as_ref().and_then(|uuid| self.images.get(uuid)).map(body) {
            Some(body) => self.respond(id, Response::success(body)),
            None => self.refuse(id, ResultCode::NotFound, Body::GetImage),
        }
    }

    pub(super) fn get_volumes(&mut self, id: RequestId, get: &GetVolume) {
        let body = |volume: &Volume| Body::GetVolume(Self::volume_shown(volume));
        if get.get_all {
            return self.respond_all(id, each(self.volumes.values(), body));
        }
        match get.filter_by_uuid.as_ref().and_then(|uuid| self.volumes.get(uuid)).map(body) {
            Some(body) => self.respond(id, Response::success(body)),
            None => self.refuse(id, ResultCode::NotFound, Body::GetVolume),
        }
    }

    pub(super) fn get_networks(&mut self, id: RequestId, get: &GetNetwork) {
        let body = |network: &Network| Body::GetNetwork(Self::network_shown(network));
        if get.get_all {
            return self.respond_all(id, each(self.networks.values(), body));
        }
        let found = match &get.filter_by_uuid {
            Some(uuid) => self.networks.get(uuid),
            None => self.network_named(get.filter_by_name.as_deref()),
        };
        match found.map(body) {
            Some(body) => self.respond(id, Response::success(body)),
            None => self.refuse(id, ResultCode::NotFound, Body::GetNetwork),
        }
    }

    /// All subnets of one network, none if it is not known; or one subnet.
    pub(super) fn get_subnets(&mut self, id: RequestId, get: &GetSubnet) {
        let body = |subnet: &Subnet| Body::GetSubnet(Self::subnet_shown(subnet));
        if get.get_all {
            let named = || self.network_named(get.filter_by_network_name.as_deref());
            let network =
                get.filter_by_network_uuid.clone().or_else(|| named().map(|network| network.uuid.clone()));
            let on_it = self.subnets.values().filter(|subnet| Some(&subnet.network_uuid) == network.as_ref());
            return self.respond_all(id, each(on_it, body));
        }
        match get.filter_by_uuid.as_ref().and_then(|uuid| self.subnets.get(uuid)).map(body) {
            Some(body) => self.respond(id, Response::success(body)),
            None => self.refuse(id, ResultCode::NotFound, Body::GetSubnet),
        }
    }

    /// Set M.
    pub(in crate::core) fn image_shown(image: &Image) -> image::Image {
        image::Image {
            uuid: Some(image.uuid.clone()),
            name: Some(image.name.clone()),
            description: Some(image.description.clone()),
            container_format: image.container_format.clone(),
            disk_format: image.disk_format.clone(),
            min_disk_size_gb: Some(image.min_disk_size_gb),
            min_memory_size_mb: Some(image.min_memory_size_mb),
            visibility: image.visibility.clone(),
            protected: Some(image.protected.clone()),
            avail_status: Some(image.avail_status.clone()),
            action: Some(image.action.clone()),
            properties: Some(pyjson::to_string(&image.properties)),
        }
    }

    /// Set V.
    pub(in crate::core) fn volume_shown(volume: &Volume) -> volume::Volume {
        volume::Volume {
            uuid: Some(volume.uuid.clone()),
            name: Some(volume.name.clone()),
            description: Some(volume.description.clone()),
            bootable: Some(volume.bootable.clone()),
            encrypted: Some(volume.encrypted.clone()),
            avail_status: Some(volume.avail_status.clone()),
            action: Some(volume.action.clone()),
        }
    }

    /// Set N.
    pub(in crate::core) fn network_shown(network: &Network) -> network::Network {
        let provider = &network.provider_data;
        network::Network {
            uuid: Some(network.uuid.clone()),
            name: Some(network.name.clone()),
            admin_state: Some(network.admin_state.to_string()),
            oper_state: Some(network.oper_state.to_string()),
            avail_status: Some(network.avail_status.clone()),
            network_type: provider.network_type.clone(),
            segmentation_id: provider.segmentation_id.clone(),
            mtu: Some(network.mtu),
            physical_network: provider.physical_network.clone(),
            is_shared: Some(network.is_shared),
        }
    }

    /// Set S.
    pub(in crate::core) fn subnet_shown(subnet: &Subnet) -> subnet::Subnet {
        subnet::Subnet {
            uuid: Some(subnet.uuid.clone()),
            name: Some(subnet.name.clone()),
            ip_version: Some(u64::from(subnet.ip_version)),
            subnet_ip: Some(subnet.subnet_ip.clone()),
            subnet_prefix: Some(subnet.subnet_prefix.clone()),
            gateway_ip: subnet.gateway_ip.clone(),
            network_uuid: Some(subnet.network_uuid.clone()),
            is_dhcp_enabled: Some(subnet.is_dhcp_enabled),
        }
    }
}

/// Each in its own message.
fn each<'a, T: 'a>(all: impl Iterator<Item = &'a T>, body: impl Fn(&T) -> Body) -> Vec<Response> {
    all.map(|one| Response::success(body(one))).collect()
}
