//! What neighbours say, and the replies they get. Contract: vim-behaviour 3.10, 9; southbound 7 to 11.

use super::instance::{log_text, start::ActionRequest, update::Source};
use super::{Effect, Level, Vim};
use nfv_common::TextParams;
use nfv_common::event_log::{EventId, InitiatedBy};
use nfv_nfvi::notification::BootingStatus;
use nfv_nfvi::object::{ActionParameters, ActionType, RequestContext};
use nfv_nfvi::{Notification, Reply, RequestId};
use std::time::Duration;

const LOGGER: &str = "nfv_vim.vim_nfvi_events";
const FILE: &str = "_vim_nfvi_events.py";

/// No host is down and boots again in a shorter time (docs/differences.md).
const FASTEST_BOOT: Duration = Duration::from_secs(20);

impl Vim {
    pub(super) fn notified(&mut self, request: Option<RequestId>, body: Notification) {
        let reply = self.notification(body);
        if let Some(request) = request {
            self.out.effects.push(match reply {
                Some(reply) => Effect::Reply { request, reply },
                None => Effect::Release(request),
            });
        }
    }

    /// Handles a notification; none when the neighbour is answered later or not at all.
    fn notification(&mut self, body: Notification) -> Option<Reply> {
        match body {
            Notification::HostAdd { uuid, name } => self.host_add(&uuid, &name),
            Notification::HostOrder { name, order, .. } => {
                let text = format!("Host {name} order {order:?}.");
                self.log(Level::Info, LOGGER, FILE, text);
                self.host_order(&name, order);
            }
            Notification::HostStateChange {
                uuid,
                name,
                admin_state,
                oper_state,
                avail_status,
                nfvi_data,
            } => {
                if let Some(host) = self.hosts.get_mut(&name) {
                    host.nfvi.nfvi_data = nfvi_data;
                    host.version += 1;
                    self.host_state_change(&name, (admin_state, oper_state, avail_status));
                } else {
                    self.read_host(&uuid, &name);
                }
            }
            Notification::HostUpgrade { name, inprogress, recover_instances, .. } => {
                self.host_upgrade(&name, inprogress, recover_instances);
            }
            Notification::HostUpdate { uuid, name } => self.read_host(&uuid, &name),
            Notification::HostDelete { name, .. } => self.host_delete(&name),
            Notification::HostInstanceCounts { name, .. } => return Some(self.host_instance_counts(&name)),
            Notification::HostBooting { name } => return Some(Reply::HostBooting(self.host_booting(&name))),
            Notification::InstanceActionRequest { uuid, action, parameters, context } => {
                self.log_event(log_text::action_request(&uuid, &action, &parameters));
                return self.instance_action_request(&uuid, action, parameters, context);
            }
            Notification::InstanceStateChange { instance } => {
                self.log_event(log_text::state_change(&instance));
                self.instance_notified(*instance);
            }
            Notification::InstanceActionChange { uuid, action, state, reason } => {
                self.instance_action_change(&uuid, action, &state, &reason);
            }
            Notification::InstanceDelete { uuid } => self.instance_delete_started(&uuid),
            Notification::GuestHostQuery { name, .. } => {
                let enabled = self.hosts.get(&name).map(super::host::Host::nfvi_is_enabled);
                return Some(enabled.map_or(Reply::NotFound, |enabled| Reply::GuestHostState { enabled }));
            }
            Notification::GuestInstancesQuery { host_uuid } => return Some(self.guests_of_host(&host_uuid)),
            Notification::GuestInstanceQuery { uuid } => return Some(self.guest(&uuid)),
            Notification::GuestAlarm { uuid, failure, repair } => {
                return Some(self.guest_alarm(&uuid, failure, repair));
            }
            Notification::GuestActionResponse { uuid, action, response, reason } => {
                return Some(self.guest_responded(&uuid, &action, response, &reason));
            }
            Notification::GuestServicesState { services } => {
                self.log_event(log_text::guest_services_notified(&services));
                let uuid = services.instance_uuid.clone();
                self.guest_services_update(&uuid, services);
            }
        }
        Some(Reply::Ok)
    }

    /// What came in, for tools that read the log.
    fn log_event(&mut self, text: String) {
        self.log(Level::Debug, LOGGER, FILE, text);
    }

    fn host_instance_counts(&self, host: &str) -> Reply {
        if !self.hosts.contains_key(host) {
            return Reply::NotFound;
        }
        let mut counts = (0, 0, 0);
        for instance in self.instances_on(host).filter(|i| !i.is_going()) {
            counts.0 += 1;
            counts.1 += u64::from(instance.is_failed());
            counts.2 += u64::from(instance.is_locked());
        }
        Reply::InstanceCounts { instances: counts.0, failed: counts.1, stopped: counts.2 }
    }

    /// A host boots: nothing that was running there runs any more, except what came up so short a time ago that it can
    /// only have been started after the boot. Contract: 9.2.
    fn host_booting(&mut self, host: &str) -> BootingStatus {
        let now = self.now.mono;
        let victims = self.uuids_on(host, |i| {
            !i.is_going()
                && !i.is_failed()
                && !i.is_locked()
                && !i.is_rebuilding()
                && !i.is_migrating()
                && !i.is_rebooting()
                && i.came_up.is_none_or(|since| now.since(since) >= FASTEST_BOOT)
        });
        for uuid in &victims {
            self.fail_instance(uuid, Some("host booting"));
        }
        if victims.is_empty() { BootingStatus::Okay } else { BootingStatus::Accepted }
    }

    /// A notification about an instance; one that is not known is read completely first.
    fn instance_notified(&mut self, instance: nfv_nfvi::object::Instance) {
        if self.instances.contains_key(&instance.uuid) {
            self.instance_update(instance, Source::Notification);
        } else if !instance.avail_status.contains(&nfv_nfvi::object::InstanceAvailStatus::Deleted) {
            self.ask_for_instance(&instance.uuid);
        }
    }

    /// A user's action from the compute API. Contract: 3.10.
    fn instance_action_request(
        &mut self,
        uuid: &str,
        action: ActionType,
        parameters: ActionParameters,
        context: RequestContext,
    ) -> Option<Reply> {
        let Some(instance) = self.instances.get(uuid) else { return Some(Reply::NotFound) };
        if instance.deleted {
            return None;
        }
        let current = instance.action_data.action_type();
        let may_replace = matches!(current, ActionType::Unknown | ActionType::None | ActionType::Delete);
        if !may_replace && !instance.action_data.is_over() {
            let message = format!("Cannot '{action}' instance {uuid} action '{current}' is in progress");
            return Some(Reply::InstanceActionRejected { message });
        }
        if action == ActionType::Start
            && let Some(host) = instance.host().and_then(|host| self.hosts.get(host))
            && host.state() != super::host::HostState::Enabled
        {
            let message = format!("Cannot 'start' instance {uuid} host '{}' is disabled", host.name());
            let params = TextParams { reason: "host is disabled", ..TextParams::default() };
            self.issue_instance_log(uuid, EventId::InstanceStartRejected, &params);
            return Some(Reply::InstanceActionRejected { message });
        }
        let request = ActionRequest { parameters, context: Some(context), skip_guest: false };
        self.new_action_data(uuid, action.clone(), request.clone(), true);
        self.do_action(uuid, action, Some(request), InitiatedBy::Tenant, "");
        None
    }
}
