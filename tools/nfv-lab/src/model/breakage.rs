//! What breaks: hosts that die under their servers, servers that fail, what a restarted compute service makes of it.

use super::Cloud;
use super::action::NovaFault;
use super::rules::ServerAction;
use super::server::{Power, VmState};

impl Cloud {
    /// What the death of a host does to the actions under way. A live migration whose source dies leaves the server in
    /// error, one whose target dies is rolled back; an evacuation or build whose target dies, and a resize or cold
    /// migration with a dead end, leave it in error. Everything else stands still.
    pub(super) fn servers_of_dead_host(&mut self, host: &str) {
        let hit: Vec<_> = self
            .servers
            .values()
            .filter(|server| server.progress.is_some() && server.claims().any(|claim| claim == host))
            .map(|server| server.id.clone())
            .collect();
        for id in hit {
            if let Some(state) = self.action_broken_by(&id, host) {
                self.fail_action(&id, state, &format!("Compute host {host} died during the operation."));
            }
        }
    }

    #[allow(clippy::option_option)]
    fn action_broken_by(&self, id: &str, host: &str) -> Option<Option<VmState>> {
        let server = &self.servers[id];
        let progress = server.progress.as_ref()?;
        let is_target = progress.target.as_deref() == Some(host);
        let is_source = server.host.as_deref() == Some(host);
        match progress.action {
            ServerAction::LiveMigrate { .. } if is_source => Some(Some(VmState::Error)),
            ServerAction::LiveMigrate { .. } if is_target => Some(None),
            ServerAction::ColdMigrate { .. } | ServerAction::Resize { .. } if is_source || is_target => {
                Some(Some(VmState::Error))
            }
            ServerAction::Evacuate { .. } | ServerAction::Build if is_target => Some(Some(VmState::Error)),
            _ => None,
        }
    }

    /// A compute service starts: it drops what it had begun; a deletion is carried out.
    pub(super) fn servers_of_restarted_compute(&mut self, host: &str) {
        let here: Vec<_> = self
            .servers
            .values()
            .filter(|server| {
                server.host.as_deref() == Some(host)
                    && server.progress.as_ref().is_some_and(|progress| progress.stuck)
            })
            .map(|server| server.id.clone())
            .collect();
        for id in here {
            match self.servers[&id].progress.as_ref().map(|progress| progress.action.clone()) {
                Some(ServerAction::Delete) => self.finish(&id),
                Some(ServerAction::SoftReboot | ServerAction::HardReboot) => {
                    // Nova takes an interrupted reboot up again.
                    if let Some(progress) =
                        self.servers.get_mut(&id).and_then(|server| server.progress.as_mut())
                    {
                        progress.stuck = false;
                    }
                    self.plan_phase(&id);
                }
                Some(ServerAction::Rebuild { .. }) => {
                    self.fail_action(&id, Some(VmState::Error), "Rebuild was interrupted.");
                }
                _ => self.fail_action(&id, None, "Interrupted by a restart of the compute service."),
            }
        }
    }

    /// Servers that Nova believes to run on a restarted host, and that do not, are stopped.
    pub(super) fn power_sync(&mut self, host: &str) {
        let booted = self.hosts.get(host).map_or(0.0, |host| host.booted_at);
        let lost: Vec<_> = self
            .servers
            .values()
            .filter(|server| {
                server.host.as_deref() == Some(host)
                    && server.progress.is_none()
                    && matches!(server.state, VmState::Active | VmState::Paused | VmState::Suspended)
                    && server.running_since < booted
            })
            .map(|server| server.id.clone())
            .collect();
        for id in lost {
            let server = self.servers.get_mut(&id).expect("just listed");
            server.state = VmState::Stopped;
            server.power = Power::Shutdown;
            self.changed(&id);
        }
    }

    /// A fault of the server itself: in error, with the guest gone or (crashed) seen by the hypervisor.
    ///
    /// # Errors
    /// Unknown server.
    pub fn break_server(&mut self, id: &str, crashed: bool) -> Result<(), NovaFault> {
        if !self.servers.contains_key(id) {
            return Err(NovaFault::NotFound(format!("Instance {id} could not be found.")));
        }
        self.replace_progress(id);
        let failure = self.failure(500, "The instance failed.");
        let server = self.servers.get_mut(id).expect("looked up");
        server.state = VmState::Error;
        server.task = None;
        server.power = if crashed { Power::Crashed } else { Power::Shutdown };
        server.failure = Some(failure);
        self.changed(id);
        Ok(())
    }
}
