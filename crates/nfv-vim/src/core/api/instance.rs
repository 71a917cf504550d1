//! Instances, as the API asks for them. Contract: vim-behaviour 9.6, vim-api 2.3 (set I).

use crate::core::Vim;
use crate::core::instance::Instance;
use nfv_common::event_log::InitiatedBy;
use nfv_nfvi::RequestId;
use nfv_nfvi::object::{ActionType, InstanceAvailStatus};
use nfv_vim_rpc::instance::{self as rpc, Get};
use nfv_vim_rpc::{ByUuid, Response, ResponseBody as Body, ResultCode};

impl Vim {
    /// An action on an instance: answered when it is begun, or refused because of an upgrade, which is not told.
    pub(super) fn act_on_instance(
        &mut self,
        id: RequestId,
        by: ByUuid,
        action: ActionType,
        body: fn(ByUuid) -> Body,
    ) {
        let Some(uuid) = by.uuid.filter(|uuid| self.instances.contains_key(uuid)) else {
            return self.refuse(id, ResultCode::NotFound, body);
        };
        if self.instances.get(&uuid).is_some_and(|instance| !instance.deleted) {
            self.do_action(&uuid, action, None, InitiatedBy::Unknown, "");
        }
        self.respond(id, Response::success(body(ByUuid::new(uuid))));
    }

    /// One instance, or all, each in its own message.
    pub(super) fn get_instances(&mut self, id: RequestId, get: &Get) {
        if get.get_all {
            let all = self.instances.values();
            let all = all.map(|instance| Response::success(Body::GetInstance(self.instance_shown(instance))));
            let all = all.collect();
            return self.respond_all(id, all);
        }
        let found = get.filter_by_uuid.as_ref().and_then(|uuid| self.instances.get(uuid));
        match found.map(|instance| self.instance_shown(instance)) {
            Some(shown) => self.respond(id, Response::success(Body::GetInstance(shown))),
            None => self.refuse(id, ResultCode::NotFound, Body::GetInstance),
        }
    }

    /// Set I.
    pub(in crate::core) fn instance_shown(&self, instance: &Instance) -> rpc::Instance {
        let nfvi = &instance.nfvi;
        let flavor = nfvi.instance_type.as_ref();
        let host = instance.host().and_then(|host| self.hosts.get(host));
        let words = nfvi.avail_status.iter().map(InstanceAvailStatus::as_str);
        rpc::Instance {
            uuid: Some(nfvi.uuid.clone()),
            name: Some(nfvi.name.clone()),
            admin_state: Some(nfvi.admin_state.to_string()),
            oper_state: Some(nfvi.oper_state.to_string()),
            avail_status: Some(words.map(str::to_owned).collect()),
            action: Some(nfvi.action.to_string()),
            host_uuid: host.map(|host| host.nfvi.uuid.clone()),
            host_name: nfvi.host_name.clone(),
            instance_type_original_name: flavor.map(|flavor| flavor.original_name.clone()),
            image_uuid: nfvi.image_uuid.clone(),
            vcpus: flavor.map(|flavor| flavor.vcpus),
            memory_mb: flavor.map(|flavor| flavor.ram),
            disk_gb: flavor.map(|flavor| flavor.disk),
            ephemeral_gb: flavor.map(|flavor| flavor.ephemeral),
            swap_gb: flavor.map(|flavor| flavor.swap),
            auto_recovery: Some(self.auto_recovery(instance)),
            live_migration_timeout: Some(self.live_migrate_wait(instance).map_or(0, |wait| wait.as_secs())),
            live_migration_max_downtime: Some(self.max_live_migration_downtime_ms(instance)),
        }
    }
}
