//! Images, volumes, networks and subnets that are made, changed and deleted because the VIM asks for it.

use super::cloud::Cloud;
use super::stock::Kind;
use nfv_nfvi::call::{BlockStorageCall, ImageCall, NetworkCall};
use nfv_nfvi::{Answer, Call, CallError, CallResult, ErrorKind};

fn gone<T>() -> Result<T, CallError> {
    Err(CallError::new(ErrorKind::NotFound, "404 Not Found").with_status(404))
}

impl Cloud {
    /// Serves what changes something; none for every other call.
    pub(super) fn serve_order(&mut self, call: &Call) -> Option<CallResult> {
        match call {
            Call::Image(call) => self.order_image(call),
            Call::BlockStorage(call) => self.order_volume(call),
            Call::Network(call) => self.order_network(call),
            _ => None,
        }
    }

    fn order_image(&mut self, call: &ImageCall) -> Option<CallResult> {
        Some(match call {
            ImageCall::CreateImage { name, .. } => {
                let uuid = self.stock.add(Kind::Image, &[], &mut self.rng);
                let image = self.stock.images.get_mut(&uuid).unwrap();
                image.name.clone_from(name);
                Ok(Answer::Image(image.clone()))
            }
            ImageCall::UpdateImage { uuid, attributes } => match self.stock.images.get_mut(uuid) {
                Some(image) => {
                    image.description = attributes.description.clone().unwrap_or_default();
                    Ok(Answer::Image(image.clone()))
                }
                None => gone(),
            },
            ImageCall::DeleteImage { uuid } => {
                self.stock.images.remove(uuid).map_or_else(gone, |_| Ok(Answer::Done))
            }
            ImageCall::GetImages { .. } | ImageCall::GetImage { .. } => return None,
        })
    }

    fn order_volume(&mut self, call: &BlockStorageCall) -> Option<CallResult> {
        Some(match call {
            BlockStorageCall::CreateVolume { name, size_gb, .. } => {
                let uuid = self.stock.add(Kind::Volume, &[], &mut self.rng);
                let volume = self.stock.volumes.get_mut(&uuid).unwrap();
                volume.name.clone_from(name);
                volume.size_gb = *size_gb;
                Ok(Answer::Volume(volume.clone()))
            }
            BlockStorageCall::UpdateVolume { uuid, description } => match self.stock.volumes.get_mut(uuid) {
                Some(volume) => {
                    volume.description.clone_from(description);
                    Ok(Answer::Volume(volume.clone()))
                }
                None => gone(),
            },
            BlockStorageCall::DeleteVolume { uuid } => {
                self.stock.volumes.remove(uuid).map_or_else(gone, |_| Ok(Answer::Done))
            }
            BlockStorageCall::GetVolumes { .. }
            | BlockStorageCall::GetVolume { .. }
            | BlockStorageCall::GetVolumeSnapshots => return None,
        })
    }

    fn order_network(&mut self, call: &NetworkCall) -> Option<CallResult> {
        Some(match call {
            NetworkCall::CreateNetwork { name, .. } => {
                let uuid = self.stock.add(Kind::Network, &[], &mut self.rng);
                let network = self.stock.networks.get_mut(&uuid).unwrap();
                network.name.clone_from(name);
                Ok(Answer::Network(network.clone()))
            }
            NetworkCall::UpdateNetwork { uuid, is_shared } => match self.stock.networks.get_mut(uuid) {
                Some(network) => {
                    network.is_shared = is_shared.unwrap_or(network.is_shared);
                    Ok(Answer::Network(network.clone()))
                }
                None => gone(),
            },
            NetworkCall::DeleteNetwork { uuid } => {
                self.stock.subnets.retain(|_, subnet| subnet.network_uuid != *uuid);
                self.stock.networks.remove(uuid).map_or_else(gone, |_| Ok(Answer::Done))
            }
            NetworkCall::CreateSubnet { network_uuid, .. } => {
                if !self.stock.networks.contains_key(network_uuid) {
                    return Some(gone());
                }
                let uuid = self.stock.add(Kind::Subnet, &[], &mut self.rng);
                let subnet = self.stock.subnets.get_mut(&uuid).unwrap();
                subnet.network_uuid.clone_from(network_uuid);
                Ok(Answer::Subnet(subnet.clone()))
            }
            NetworkCall::UpdateSubnet { uuid, dhcp_enabled, .. } => match self.stock.subnets.get_mut(uuid) {
                Some(subnet) => {
                    subnet.is_dhcp_enabled = dhcp_enabled.unwrap_or(subnet.is_dhcp_enabled);
                    Ok(Answer::Subnet(subnet.clone()))
                }
                None => gone(),
            },
            NetworkCall::DeleteSubnet { uuid } => {
                self.stock.subnets.remove(uuid).map_or_else(gone, |_| Ok(Answer::Done))
            }
            NetworkCall::GetNetworks { .. }
            | NetworkCall::GetNetwork { .. }
            | NetworkCall::GetSubnets { .. }
            | NetworkCall::GetSubnet { .. }
            | NetworkCall::HostServices { .. }
            | NetworkCall::NotifyHostDisabled { .. } => return None,
        })
    }
}
