//! An instance's guest services over its life: when they are created, set and deleted, what the guest agent says of
//! them, and what the guest wants done when it fails. Contract: vim-behaviour 6.2, 7.2 to 7.4, 9.3.

use super::Instance;
use super::action::ActionKind;
use super::guest_services::GuestServiceState as S;
use super::start::ActionRequest;
use super::state::InstanceEvent;
use crate::core::{Level, Vim};
use nfv_common::event_log::{EventId, InitiatedBy};
use nfv_nfvi::Reply;
use nfv_nfvi::notification::{GuestFailure, GuestInstance, GuestRepair};
use nfv_nfvi::object::{ActionParameters, ActionType, GuestServices, InstanceAction};

const LOGGER: &str = "nfv_vim.objects.instance";
const FILE: &str = "_instance.py";

impl Instance {
    /// What Nova does with it lets a guest be heard.
    fn may_be_heard(&self) -> bool {
        !matches!(
            self.nfvi.action,
            InstanceAction::Rebuilding
                | InstanceAction::Resizing
                | InstanceAction::Migrating
                | InstanceAction::Pausing
                | InstanceAction::Suspending
                | InstanceAction::Rebooting
                | InstanceAction::PoweringOff
        )
    }

    /// As the guest agent wants to see it.
    fn for_guest_agent(&self) -> GuestInstance {
        GuestInstance {
            uuid: self.uuid().to_owned(),
            hostname: self.nfvi.host_name.clone(),
            services: self.guest_services.wanted(),
        }
    }
}

impl Vim {
    /// The flavor decides whether there are guest services. A flavor that is not known decides nothing.
    pub(super) fn provision_guest_services(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        if instance.deleted || instance.nfvi_is_deleted() {
            return;
        }
        if let Some(heartbeat) = instance.wants_heartbeat()
            && instance.guest_services.provision(heartbeat)
        {
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// Brings guest services in line with the instance, unless an action is under way. Contract: 7.2.
    pub(super) fn manage_guest_services(&mut self, uuid: &str, enabling: bool) {
        let Some(instance) = self.instances.get(uuid) else { return };
        if !self.has_guest_services(instance) || instance.running.is_some() || instance.deleted {
            return;
        }
        let services = &instance.guest_services;
        let wanted = instance.may_be_heard() && (instance.is_enabled() || enabling);
        let (state, kind) = if instance.is_deleting() {
            if !services.are_configured() || services.are(S::Disabled) {
                return;
            }
            (Some(S::Disabling), ActionKind::GuestServicesSet)
        } else if services.are(S::Deleting) {
            (None, ActionKind::GuestServicesDelete)
        } else if !services.are_configured() {
            if instance.host().is_none() {
                return;
            }
            (None, ActionKind::GuestServicesCreate)
        } else if wanted && !services.are(S::Enabling) && !services.are(S::Enabled) {
            (Some(S::Enabling), ActionKind::GuestServicesSet)
        } else if !wanted && !services.are(S::Disabling) && !services.are(S::Disabled) {
            (Some(S::Disabling), ActionKind::GuestServicesSet)
        } else {
            return;
        };
        let text = format!("Managing guest-services for instance {}, {}.", instance.name(), kind.as_str());
        self.log(Level::Info, LOGGER, FILE, text);
        if let Some(state) = state {
            self.set_guest_services(uuid, state);
        }
        self.start_action(uuid, kind, InitiatedBy::Unknown, "");
    }

    /// The guest agent showed the guest services of an instance. Contract: 7.3.
    pub(in crate::core) fn guest_services_update(&mut self, uuid: &str, report: GuestServices) {
        let Some(instance) = self.instances.get(uuid).filter(|instance| !instance.deleted) else { return };
        let provisioned = self.has_guest_services(instance);
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let before = instance.guest_services.clone();
        instance.guest_services.update(report.services);
        if instance.guest_services != before {
            self.dirty_instances.insert(uuid.to_owned());
        }
        if !provisioned {
            return;
        }
        let established = instance.guest_services.communication_established();
        let differs = report.host_name != instance.nfvi.host_name || instance.guest_services.disagree();
        if established != before.communication_established() {
            let id = if established {
                self.post_instance(uuid, InstanceEvent::GuestCommunicationEstablished);
                EventId::InstanceGuestHeartbeatEstablished
            } else {
                EventId::InstanceGuestHeartbeatDisconnected
            };
            self.issue_guest_log(uuid, id, "");
        }
        self.manage_heartbeat_alarm(uuid);
        if differs {
            self.start_action(uuid, ActionKind::GuestServicesSet, InitiatedBy::Unknown, "");
        }
    }

    /// The guest agent does not know an instance that it was told of: it is told again (docs/differences.md).
    pub(in crate::core) fn guest_unknown(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let lost = instance.guest_services.are_configured()
            && !instance.guest_services.are(S::Deleting)
            && instance.running.is_none()
            && !instance.is_deleting()
            && !instance.nfvi_is_deleted();
        if lost && self.has_guest_services(instance) {
            let established = instance.guest_services.communication_established();
            self.set_guest_services(uuid, S::NotConfigured);
            if established {
                self.issue_guest_log(uuid, EventId::InstanceGuestHeartbeatDisconnected, "");
            }
            self.manage_guest_services(uuid, false);
        }
    }

    /// The guest failed, and says what it wants done about that. Contract: 7.4.
    fn guest_failed(&mut self, uuid: &str, failure: GuestFailure, repair: GuestRepair) {
        let Some(instance) = self.instances.get(uuid) else { return };
        let (name, healing, failed) =
            (instance.name().to_owned(), self.auto_recovery(instance), instance.is_failed());
        let (action, words) = match repair {
            GuestRepair::Reboot => (Some(ActionType::Reboot), "soft-reboot repair action requested"),
            GuestRepair::Stop => (Some(ActionType::Stop), "stop repair action requested"),
            GuestRepair::Log => (None, ""),
        };
        let under_way = action.as_ref().is_some_and(|action| instance.is_under_way(action));
        let text = format!("Guest-Services have failed for instance {name}, {failure:?}, repair={repair:?}.");
        self.log(Level::Info, LOGGER, FILE, text);
        let but = if healing || action.is_none() { "" } else { " but auto-recovery disabled" };
        let id = match failure {
            GuestFailure::Failed => EventId::InstanceGuestHeartbeatFailed,
            GuestFailure::Unhealthy => EventId::InstanceGuestHealthCheckFailed,
        };
        self.issue_guest_log(uuid, id, &format!("{words}{but}"));
        let Some(action) = action else { return };
        if !healing {
            if !failed {
                self.fail_instance(uuid, None);
            }
            return;
        }
        // told again while it is done already; or an upgrade forbids it (docs/differences.md)
        if under_way || self.upgrade_blocks_instances() {
            let text = format!("Repair action {action} of instance {name} is not started.");
            self.log(Level::Info, LOGGER, FILE, text);
            return;
        }
        self.repair_guest(uuid, action);
    }

    /// An earlier process ended before Nova had answered what the guest wanted done.
    pub(super) fn resume_repair(&mut self, uuid: &str) {
        let Some(instance) = self.instances.get_mut(uuid) else { return };
        let Some(action) = instance.repair.take() else { return };
        self.dirty_instances.insert(uuid.to_owned());
        if !instance.is_under_way(&action) && !instance.is_locked() && !instance.is_going() {
            self.repair_guest(uuid, action);
        }
    }

    fn repair_guest(&mut self, uuid: &str, action: ActionType) {
        let graceful_shutdown = (action == ActionType::Reboot).then_some(true);
        let parameters = ActionParameters { graceful_shutdown, ..ActionParameters::default() };
        let request = ActionRequest { parameters, context: None, skip_guest: true };
        self.new_action_data(uuid, action.clone(), request.clone(), false);
        if self.do_action(uuid, action.clone(), Some(request), InitiatedBy::Instance, "")
            && let Some(instance) = self.instances.get_mut(uuid)
        {
            instance.repair = Some(action);
            self.dirty_instances.insert(uuid.to_owned());
        }
    }

    /// 30002: the guests of a host. Contract: 9.3.
    pub(in crate::core) fn guests_of_host(&self, host_uuid: &str) -> Reply {
        let Some(host) = self.hosts.values().find(|host| host.nfvi.uuid == host_uuid) else {
            return Reply::NotFound;
        };
        let guests = self.instances.values().filter(|instance| {
            instance.on_host(host.name()) && !instance.deleted && self.has_guest_services(instance)
        });
        Reply::GuestInstances(guests.map(Instance::for_guest_agent).collect())
    }

    /// 30002: one guest; its list of services is empty when it has none.
    pub(in crate::core) fn guest(&self, uuid: &str) -> Reply {
        let guest = self.instances.get(uuid).map(Instance::for_guest_agent);
        guest.map_or(Reply::NotFound, |guest| Reply::GuestInstances(vec![guest]))
    }

    /// 30002: a guest failed. The answer shows the states after what was begun because of it.
    pub(in crate::core) fn guest_alarm(
        &mut self,
        uuid: &str,
        failure: GuestFailure,
        repair: GuestRepair,
    ) -> Reply {
        if self.instances.get(uuid).is_some_and(|instance| !instance.deleted) {
            self.guest_failed(uuid, failure, repair);
        }
        self.guest(uuid)
    }
}

impl Instance {
    /// The running action ends; if it is what the guest wanted, nothing is owed to it any more.
    pub(super) fn repair_is_over(&mut self) {
        let running = self.running.as_ref().map(|running| running.kind.action_type());
        if running.is_some() && self.repair == running {
            self.repair = None;
        }
    }

    /// The action is under way or waits its turn, or Nova does it.
    fn is_under_way(&self, action: &ActionType) -> bool {
        let same = |kind: ActionKind| kind.action_type() == *action;
        let by_nova = match action {
            ActionType::Reboot => self.is_rebooting(),
            ActionType::Stop => self.nfvi.action == InstanceAction::PoweringOff,
            _ => false,
        };
        by_nova
            || self.running.as_ref().is_some_and(|running| same(running.kind))
            || self.pending.iter().any(|pending| same(pending.kind))
    }
}
