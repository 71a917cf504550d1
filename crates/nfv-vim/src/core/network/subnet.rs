//! Subnets of Neutron. Contract: vim-behaviour 4.3, 6.1 step 12; deployment 1.5.

use crate::core::Vim;
use crate::core::audit::{Heard, Step};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::Subnet;
use nfv_vim_db::Write;
use nfv_vim_db::row::SubnetRow;

fn put(subnet: &Subnet) -> Write {
    Write::PutSubnet(SubnetRow {
        uuid: subnet.uuid.clone(),
        name: subnet.name.clone(),
        ip_version: subnet.ip_version.to_string(),
        subnet_ip: subnet.subnet_ip.clone(),
        subnet_prefix: subnet.subnet_prefix.trim().parse().unwrap_or(0),
        gateway_ip: subnet.gateway_ip.clone(),
        network_uuid: subnet.network_uuid.clone(),
        is_dhcp_enabled: subnet.is_dhcp_enabled,
    })
}

pub(in crate::core) fn from_row(row: SubnetRow) -> Result<Subnet, String> {
    let ip_version = row.ip_version.trim().parse();
    Ok(Subnet {
        ip_version: ip_version.map_err(|_| format!("ip_version {:?} is no number", row.ip_version))?,
        uuid: row.uuid,
        name: row.name,
        subnet_ip: row.subnet_ip,
        subnet_prefix: row.subnet_prefix.to_string(),
        gateway_ip: row.gateway_ip,
        network_uuid: row.network_uuid,
        is_dhcp_enabled: row.is_dhcp_enabled,
    })
}

impl Vim {
    /// A subnet as Neutron shows it. Of a known one only the DHCP flag is taken over. Contract: 4.3.
    pub(in crate::core) fn subnet_update(&mut self, subnet: Subnet) {
        match self.subnets.get_mut(&subnet.uuid) {
            Some(known) if known.is_dhcp_enabled == subnet.is_dhcp_enabled => {}
            Some(known) => {
                known.is_dhcp_enabled = subnet.is_dhcp_enabled;
                self.out.writes.push(put(known));
            }
            None => {
                self.out.writes.push(put(&subnet));
                self.subnets.insert(subnet.uuid.clone(), subnet);
            }
        }
    }

    /// The subnet is not there any more.
    pub(in crate::core) fn subnet_removed(&mut self, uuid: &str) {
        if self.subnets.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteSubnet { uuid: uuid.to_owned() });
        }
    }

    /// A page of subnets.
    pub(in crate::core) fn audit_subnets(&mut self, page: Paged<Subnet>) -> Heard {
        let mut there = Vec::new();
        for subnet in page.entries {
            there.push(subnet.uuid.clone());
            self.subnet_update(subnet);
        }
        let Some(missing) = self.audit_page(Step::Subnets, there, page.next) else { return Heard::Taken };
        self.each_missing(Step::Subnets, missing, Self::subnet_removed)
    }
}
