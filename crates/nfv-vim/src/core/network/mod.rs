//! Networks of Neutron. Contract: vim-behaviour 4.3, 6.1 step 13; deployment 1.5.
//!
//! - `subnet`: their subnets.

pub(super) mod subnet;

use super::Vim;
use super::audit::{Heard, Step};
use super::stored::size;
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::{Network, NetworkProviderData};
use nfv_vim_db::Write;
use nfv_vim_db::row::NetworkRow;

fn put(network: &Network) -> Write {
    let provider = &network.provider_data;
    Write::PutNetwork(NetworkRow {
        uuid: network.uuid.clone(),
        name: network.name.clone(),
        admin_state: network.admin_state.to_string(),
        oper_state: network.oper_state.to_string(),
        avail_status: json(&network.avail_status),
        is_shared: network.is_shared,
        mtu: network.mtu as i64,
        physical_network: provider.physical_network.clone(),
        network_type: provider.network_type.clone().unwrap_or_default(),
        segmentation_id: provider.segmentation_id.clone(),
    })
}

pub(super) fn from_row(row: NetworkRow) -> Result<Network, String> {
    Ok(Network {
        avail_status: serde_json::from_str(&row.avail_status)
            .map_err(|error| format!("avail_status: {error}"))?,
        uuid: row.uuid,
        name: row.name,
        admin_state: row.admin_state.into(),
        oper_state: row.oper_state.into(),
        is_shared: row.is_shared,
        mtu: size(row.mtu),
        provider_data: NetworkProviderData {
            physical_network: row.physical_network,
            network_type: Some(row.network_type).filter(|kind| !kind.is_empty()),
            segmentation_id: row.segmentation_id,
        },
    })
}

impl Vim {
    /// A network as Neutron shows it.
    pub(super) fn network_update(&mut self, network: Network) {
        if self.networks.get(&network.uuid) != Some(&network) {
            self.out.writes.push(put(&network));
            self.networks.insert(network.uuid.clone(), network);
        }
    }

    /// The network is not there any more.
    pub(super) fn network_removed(&mut self, uuid: &str) {
        if self.networks.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteNetwork { uuid: uuid.to_owned() });
        }
    }

    /// A page of networks.
    pub(super) fn audit_networks(&mut self, page: Paged<Network>) -> Heard {
        let mut there = Vec::new();
        for network in page.entries {
            there.push(network.uuid.clone());
            self.network_update(network);
        }
        let Some(missing) = self.audit_page(Step::Networks, there, page.next) else { return Heard::Taken };
        self.each_missing(Step::Networks, missing, Self::network_removed)
    }
}
