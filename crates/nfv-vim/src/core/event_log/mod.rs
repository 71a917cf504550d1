//! Issuing event logs. Contract: vim-behaviour 8.1, 8.5.

pub mod text;

use super::{Effect, Vim};
use nfv_common::TextParams;
use nfv_common::event_log::{EventId, EventLogData, LogId};

impl Vim {
    pub(super) fn issue_log(
        &mut self,
        id: EventId,
        entity_type: &str,
        entity: &str,
        params: &TextParams<'_>,
    ) {
        self.last_log_id += 1;
        let text = text::event_text(id, params);
        let mut log =
            EventLogData::new(LogId(self.last_log_id), id, entity_type, entity, text, self.now.wall);
        log.additional_text = params.additional_text.to_owned();
        self.out.effects.push(Effect::EventLog(Box::new(log)));
    }

    /// A log about a host's services.
    pub(super) fn issue_host_log(&mut self, id: EventId, host: &str, params: &TextParams<'_>) {
        self.issue_log(id, "host.services", &format!("host={host}.services=compute"), params);
    }

    /// A log about an instance; it becomes the instance's last event. Name, tenant and hosts are filled in.
    pub(super) fn issue_instance_log(&mut self, uuid: &str, id: EventId, params: &TextParams<'_>) {
        self.issue_log_about(uuid, id, params);
        if let Some(instance) = self.instances.get_mut(uuid) {
            instance.last_events = vec![id];
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// A log about an instance's guest, with the repair that it wants; the instance's last event stays.
    /// Contract: vim-behaviour 8.6 ("guest-heartbeat logs keep their own list").
    pub(super) fn issue_guest_log(&mut self, uuid: &str, id: EventId, repair: &str) {
        self.issue_log_about(uuid, id, &TextParams { repair, ..TextParams::default() });
    }

    fn issue_log_about(&mut self, uuid: &str, id: EventId, params: &TextParams<'_>) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let (tenant_uuid, tenant) = self.tenant_of(instance);
        let name = instance.name().to_owned();
        let host = instance.nfvi.host_name.clone();
        let from_host = instance.from_host.clone();
        let entity = format!("tenant={tenant_uuid}.instance={uuid}");
        let params = TextParams {
            instance: &name,
            tenant: &tenant,
            host: host.as_deref(),
            from_host: from_host.as_deref(),
            ..*params
        };
        self.issue_log(id, "tenant.instance", &entity, &params);
    }
}
