//! A new instance for a user of the API: a flavor of its own, then the instance. Contract: vim-behaviour 5.5.

use crate::core::Vim;
use crate::core::instance::update::Source;
use crate::core::nfvi_call::{ApiCall, Then};
use nfv_nfvi::call::ComputeCall;
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind, RequestId};
use nfv_vim_rpc::instance::{CreateInstance, CreatedInstance};
use nfv_vim_rpc::{Response, ResponseBody as Body, ResultCode};
use std::collections::BTreeMap;

impl Vim {
    /// Asks Nova for the flavor.
    pub(in crate::core) fn instance_create(&mut self, id: RequestId, asked: CreateInstance) {
        let (Some(name), Some(uuid), Some(vcpus), Some(mem_mb), Some(disk_gb)) = (
            asked.name.clone(),
            asked.instance_type_uuid.clone(),
            asked.vcpus,
            asked.memory_mb,
            asked.disk_gb,
        ) else {
            return self.refuse(id, ResultCode::Failed, Body::CreateInstance);
        };
        let extra_specs = [
            ("sw:wrs:auto_recovery", asked.auto_recovery.clone()),
            ("hw:wrs:live_migration_timeout", asked.live_migration_timeout.clone()),
            ("hw:wrs:live_migration_max_downtime", asked.live_migration_max_downtime.clone()),
        ];
        let call = ComputeCall::CreateInstanceType {
            uuid,
            name: format!("{name}-type"),
            vcpus,
            mem_mb,
            disk_gb,
            ephemeral_gb: asked.ephemeral_gb,
            swap_gb: asked.swap_gb,
            extra_specs: extra_specs
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                .collect::<BTreeMap<_, _>>(),
        };
        let asked = Box::new(asked);
        self.call(Call::Compute(call), Then::Api { id, call: ApiCall::CreateFlavor { asked } });
    }

    /// Nova made the flavor, or did not: then the instance.
    pub(in crate::core) fn flavor_made(&mut self, id: RequestId, asked: CreateInstance, result: CallResult) {
        let Ok(Answer::InstanceType(flavor)) = result else {
            return self.refuse(id, ResultCode::Failed, Body::CreateInstance);
        };
        let instance_type_uuid = flavor.uuid.clone();
        self.instance_type_update(flavor);
        let networks = asked.network_uuid.map(|uuid| serde_json::json!([{ "uuid": uuid }]));
        let call = ComputeCall::CreateInstance {
            name: asked.name.unwrap_or_default(),
            instance_type_uuid: instance_type_uuid.clone(),
            image_uuid: asked.image_uuid,
            block_devices: None,
            networks,
        };
        let then = ApiCall::CreateInstance { flavor: instance_type_uuid };
        self.call(Call::Compute(call), Then::Api { id, call: then });
    }

    /// Nova made the instance, or did not. A flavor that nothing came of goes again: its name would keep another try
    /// from succeeding (docs/differences.md).
    pub(in crate::core) fn instance_made(&mut self, id: RequestId, flavor: String, result: CallResult) {
        match result {
            Ok(Answer::Instance(made)) => {
                let uuid = made.uuid.clone();
                self.instance_update(*made, Source::Answer);
                let Some(instance) = self.instances.get(&uuid) else {
                    return self.refuse(id, ResultCode::Failed, Body::CreateInstance);
                };
                let created = CreatedInstance { instance: self.instance_shown(instance), network_uuid: None };
                self.respond(id, Response::success(Body::CreateInstance(created)));
            }
            other => {
                // what was not answered in time may still come into being, and needs its flavor
                if other.is_err_and(|error| error.kind != ErrorKind::TimedOut) {
                    let call = ComputeCall::DeleteInstanceType { uuid: flavor.clone() };
                    self.call(Call::Compute(call), Then::Nobody);
                    self.instance_type_removed(&flavor);
                }
                self.refuse(id, ResultCode::Failed, Body::CreateInstance);
            }
        }
    }
}
