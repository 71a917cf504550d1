//! Flavors of Nova. Contract: vim-behaviour 4.3, 6.1 step 6, 6.2; deployment 1.5.

use super::Vim;
use super::audit::{Heard, Step};
use super::stored::{lenient, size};
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::{InstanceType, InstanceTypeDetails};
use nfv_nfvi::{Answer, CallResult};
use nfv_vim_db::Write;
use nfv_vim_db::row::InstanceTypeRow;

fn put(instance_type: &InstanceType) -> Write {
    let details = instance_type.details.clone().unwrap_or_default();
    Write::PutInstanceType(InstanceTypeRow {
        uuid: instance_type.uuid.clone(),
        name: instance_type.name.clone(),
        have_details: instance_type.details.is_some(),
        vcpus: details.vcpus as i64,
        mem_mb: details.mem_mb as i64,
        disk_gb: details.disk_gb as i64,
        ephemeral_gb: details.ephemeral_gb as i64,
        swap_gb: details.swap_gb as i64,
        guest_services: json(&details.guest_services),
        auto_recovery: details.auto_recovery,
        live_migration_timeout: details.live_migration_timeout.map(|seconds| seconds as i64),
        live_migration_max_downtime: details.live_migration_max_downtime.map(|ms| ms as i64),
    })
}

pub(super) fn from_row(row: InstanceTypeRow) -> InstanceType {
    let details = row.have_details.then(|| InstanceTypeDetails {
        vcpus: size(row.vcpus),
        mem_mb: size(row.mem_mb),
        disk_gb: size(row.disk_gb),
        ephemeral_gb: size(row.ephemeral_gb),
        swap_gb: size(row.swap_gb),
        guest_services: lenient(&row.guest_services),
        auto_recovery: row.auto_recovery,
        live_migration_timeout: row.live_migration_timeout.map(size),
        live_migration_max_downtime: row.live_migration_max_downtime.map(size),
    });
    InstanceType { uuid: row.uuid, name: row.name, details }
}

impl Vim {
    /// A flavor as Nova shows it.
    pub(super) fn instance_type_update(&mut self, instance_type: InstanceType) {
        if self.instance_types.get(&instance_type.uuid) != Some(&instance_type) {
            self.out.writes.push(put(&instance_type));
            self.instance_types.insert(instance_type.uuid.clone(), instance_type);
        }
    }

    /// The flavor is not there any more; an answer about it that is still on its way does not bring it back.
    pub(super) fn instance_type_removed(&mut self, uuid: &str) {
        self.audits.instance_types.forget(uuid);
        if self.instance_types.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteInstanceType { uuid: uuid.to_owned() });
        }
    }

    /// A page of flavors, each of which is asked for.
    pub(super) fn audit_instance_types(&mut self, page: Paged<InstanceType>) -> Heard {
        let mut there = Vec::new();
        for instance_type in page.entries {
            there.push(instance_type.uuid.clone());
            self.audits.instance_types.queue(&instance_type.uuid);
            if !self.instance_types.contains_key(&instance_type.uuid) || instance_type.details.is_some() {
                self.instance_type_update(instance_type);
            }
        }
        let Some(missing) = self.audit_page(Step::InstanceTypes, there, page.next) else {
            return Heard::Taken;
        };
        self.each_missing(Step::InstanceTypes, missing, Self::instance_type_removed)
    }

    /// Nova showed a flavor, or not.
    pub(super) fn instance_type_answered(&mut self, uuid: &str, result: CallResult) {
        if self.audits.instance_types.answered(uuid)
            && let Ok(Answer::InstanceType(instance_type)) = result
        {
            self.instance_type_update(instance_type);
        }
    }
}
