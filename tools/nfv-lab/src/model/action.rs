//! Server actions: taken or refused, carried on by the agenda, ended.
//!
//! A request that is taken (202) sets the first task state. When the host that works on it is dead, nothing more
//! happens, as with the real Nova, until its compute service starts again. What a dead source or target means for the
//! three kinds of migration is said in [`super::breakage`].

use std::sync::Arc;

use serde::Serialize;

use super::compute::Flavor;
use super::rules::ServerAction;
use super::scheduler::Wanted;
use super::server::{Failure, Resized, Server, VmState};
use super::{Cloud, Due};

/// Why Nova refuses an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NovaFault {
    /// 404
    NotFound(String),
    /// 409
    Conflict(String),
    /// 400
    BadRequest(String),
}

/// The action under way on a server.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What.
    pub action: ServerAction,
    /// Index into its phases.
    pub phase: usize,
    /// Where the server goes.
    pub target: Option<String>,
    /// Flavor it will have.
    pub flavor: Option<Arc<Flavor>>,
    /// Index into [`Cloud::history`].
    pub record: usize,
    /// Stands still because the host that works on it is dead.
    pub stuck: bool,
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not yet.
    Running,
    /// As wanted.
    Done,
    /// In failure.
    Failed,
    /// Something else took its place.
    Replaced,
}

/// One action from its request to its end, for expectations and reports.
#[derive(Debug, Clone, Serialize)]
pub struct ActionRecord {
    /// Server id.
    pub server: String,
    /// Server name.
    pub name: String,
    /// Action.
    pub action: &'static str,
    /// Host at the request.
    pub host: Option<String>,
    /// Host it goes to.
    pub target: Option<String>,
    /// Seconds since the lab's start.
    pub started: f64,
    /// The same.
    pub ended: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a request was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Migrations to a host that does not exist or fit are refused at once (microversions before 2.34).
    pub checks_first: bool,
}

impl Cloud {
    /// A request for an action.
    ///
    /// # Errors
    /// Nova's refusals: unknown server, conflicting state, bad request.
    pub fn server_action(&mut self, id: &str, action: ServerAction, how: Taken) -> Result<(), NovaFault> {
        let Some(server) = self.servers.get(id).filter(|server| server.state != VmState::Deleted) else {
            return Err(NovaFault::NotFound(format!("Instance {id} could not be found.")));
        };
        let word = action.refusal_word();
        if let Some(states) = action.states()
            && !states.contains(&server.state)
        {
            let state = server.state.as_str();
            return Err(NovaFault::Conflict(format!(
                "Cannot '{word}' instance {id} while it is in vm_state {state}"
            )));
        }
        if !action.allows_task(server.task) {
            let task = server.task.unwrap_or("None");
            return Err(NovaFault::Conflict(format!(
                "Cannot '{word}' instance {id} while it is in task_state {task}"
            )));
        }
        match action {
            ServerAction::ResetState { active } => {
                self.reset_state(id, active);
                Ok(())
            }
            ServerAction::Delete => {
                self.delete_server(id);
                Ok(())
            }
            action => self.begin(id, action, how),
        }
    }

    fn reset_state(&mut self, id: &str, active: bool) {
        self.replace_progress(id);
        let record = self.open_record(id, &ServerAction::ResetState { active }, None);
        let server = self.servers.get_mut(id).expect("looked up");
        server.state = if active { VmState::Active } else { VmState::Error };
        server.task = None;
        self.close_record(record, Outcome::Done);
        self.changed(id);
    }

    fn delete_server(&mut self, id: &str) {
        self.replace_progress(id);
        let here = self.servers[id].host.clone();
        let alive = here.as_ref().is_some_and(|host| self.host_compute_is_up(host));
        let record = self.open_record(id, &ServerAction::Delete, None);
        self.start_progress(id, ServerAction::Delete, None, None, record);
        if !alive {
            // With the compute service down the API deletes the record by itself.
            self.finish(id);
        }
    }

    fn begin(&mut self, id: &str, action: ServerAction, how: Taken) -> Result<(), NovaFault> {
        let flavor = match &action {
            ServerAction::Resize { flavor } => Some(self.flavor_for_resize(id, flavor)?),
            _ => None,
        };
        if let ServerAction::Rebuild { image, .. } = &action
            && !self.images.contains_key(image)
        {
            return Err(NovaFault::BadRequest(format!("Cannot find image {image} for rebuild")));
        }
        let target = self.choose_target(id, &action, flavor.as_ref(), how)?;
        if matches!(action, ServerAction::HardReboot) {
            self.replace_progress(id);
        }
        let record = self.open_record(id, &action, target.clone().flatten());
        if target == Some(None) {
            self.no_valid_host(id, &action, record);
            return Ok(());
        }
        self.start_progress(id, action, target.flatten(), flavor, record);
        Ok(())
    }

    fn flavor_for_resize(&self, id: &str, wanted: &str) -> Result<Arc<Flavor>, NovaFault> {
        let flavor = self
            .flavors
            .get(wanted)
            .ok_or_else(|| NovaFault::BadRequest("Unable to locate requested flavor.".into()))?;
        if *flavor == self.servers[id].flavor {
            return Err(NovaFault::BadRequest("When resizing, instances must change flavor!".into()));
        }
        Ok(Arc::clone(flavor))
    }

    /// None: the action needs no target. `Some(None)`: there is no valid host, and this shows only later.
    fn choose_target(
        &self,
        id: &str,
        action: &ServerAction,
        flavor: Option<&Arc<Flavor>>,
        how: Taken,
    ) -> Result<Option<Option<String>>, NovaFault> {
        let server = &self.servers[id];
        let source = server.host.as_deref().unwrap_or_default();
        let named = match action {
            ServerAction::LiveMigrate { host }
            | ServerAction::ColdMigrate { host }
            | ServerAction::Evacuate { host } => host.as_deref(),
            ServerAction::Resize { .. } => None,
            _ => return Ok(None),
        };
        if matches!(action, ServerAction::Evacuate { .. }) && self.host_compute_is_up(source) {
            return Err(NovaFault::BadRequest(format!("Compute service of {source} is still in use.")));
        }
        if let Some(named) = named {
            if self.hosts.get(named).is_none_or(|host| host.compute.is_none()) {
                return Err(NovaFault::BadRequest(format!("Compute host {named} could not be found.")));
            }
            if named == source {
                return Err(NovaFault::BadRequest(match action {
                    ServerAction::Evacuate { .. } => "The target host can't be the same one.".to_owned(),
                    _ => format!("Unable to migrate instance ({id}) to current host ({source})."),
                }));
            }
        }
        if matches!(action, ServerAction::LiveMigrate { .. }) && !self.host_compute_is_up(source) {
            return Err(NovaFault::BadRequest(format!(
                "Compute service of {source} is unavailable at this time."
            )));
        }
        let wanted = Wanted {
            server: Some(id),
            flavor: flavor.map_or(&server.flavor, |flavor| flavor),
            local_disk: server.image.is_some(),
            group: server.group.as_ref().and_then(|group| self.groups.get(group)),
            zone: server.zone.as_deref(),
            except: &[source],
        };
        let target = match named {
            Some(named) => self.fits(&wanted, named).then(|| named.to_owned()),
            None => self.schedule(&wanted),
        };
        match (target, action) {
            (None, ServerAction::ColdMigrate { .. }) => Err(NovaFault::BadRequest(
                "No valid host was found. No valid host found for cold migrate".into(),
            )),
            (None, ServerAction::Resize { .. }) => {
                Err(NovaFault::BadRequest("No valid host was found. No valid host found for resize".into()))
            }
            (None, ServerAction::LiveMigrate { .. }) if how.checks_first => Err(NovaFault::BadRequest(
                "No valid host was found. There are not enough hosts available.".into(),
            )),
            (target, _) => Ok(Some(target)),
        }
    }

    /// A live migration leaves the server as it was; an evacuation leaves it in error.
    fn no_valid_host(&mut self, id: &str, action: &ServerAction, record: usize) {
        let failure = self.failure(500, "No valid host was found. There are not enough hosts available.");
        let server = self.servers.get_mut(id).expect("looked up");
        server.failure = Some(failure);
        if matches!(action, ServerAction::Evacuate { .. }) {
            server.state = VmState::Error;
        }
        self.close_record(record, Outcome::Failed);
        self.changed(id);
    }

    pub(super) fn failure(&self, code: u16, message: &str) -> Failure {
        Failure { code, message: message.into(), created: self.wall_text() }
    }

    pub(super) fn start_progress(
        &mut self,
        id: &str,
        action: ServerAction,
        target: Option<String>,
        flavor: Option<Arc<Flavor>>,
        record: usize,
    ) {
        let first = action.phases().first().copied();
        let (start, _) = action.notices();
        let server = self.servers.get_mut(id).expect("looked up");
        server.generation += 1;
        server.task = first;
        server.progress = Some(Progress { action, phase: 0, target, flavor, record, stuck: false });
        // The deletion is told before the change of state. Contract: vim-behaviour 10.7.
        let deletes = start == Some("compute.instance.delete.start");
        if let Some(event) = start.filter(|_| deletes) {
            self.nova_notice(event, id, None);
        }
        self.changed(id);
        if let Some(event) = start.filter(|_| !deletes) {
            self.nova_notice(event, id, None);
        }
        self.plan_phase(id);
    }

    pub(super) fn plan_phase(&mut self, id: &str) {
        let server = &self.servers[id];
        let Some(progress) = &server.progress else { return };
        #[allow(clippy::cast_precision_loss)]
        let seconds = progress.action.seconds(&self.timings) / progress.action.phases().len().max(1) as f64;
        let due = Due::Server { server: id.to_owned(), generation: server.generation };
        self.plan(seconds, due);
    }

    pub(super) fn server_step(&mut self, id: &str) {
        let Some(progress) = self.servers[id].progress.as_ref() else { return };
        if !self.can_work(id) {
            if let Some(progress) = self.servers.get_mut(id).and_then(|server| server.progress.as_mut()) {
                progress.stuck = true;
            }
            return;
        }
        let phases = progress.action.phases();
        let next = progress.phase + 1;
        if next >= phases.len() {
            self.finish(id);
            return;
        }
        let server = self.servers.get_mut(id).expect("looked up");
        server.task = Some(phases[next]);
        if let Some(progress) = &mut server.progress {
            progress.phase = next;
        }
        self.changed(id);
        self.plan_phase(id);
    }

    /// Whether the host whose turn it is can do its part.
    fn can_work(&self, id: &str) -> bool {
        let server = &self.servers[id];
        let Some(progress) = &server.progress else { return false };
        match &progress.action {
            ServerAction::Evacuate { .. } | ServerAction::Build => {
                progress.target.as_deref().is_some_and(|host| self.host_works(host))
            }
            _ => server.host.as_deref().is_some_and(|host| self.host_works(host)),
        }
    }

    pub(super) fn finish(&mut self, id: &str) {
        let Some(progress) = self.servers.get_mut(id).and_then(|server| server.progress.take()) else {
            return;
        };
        let now = self.wall_text();
        let seconds = self.now.as_secs_f64();
        let server = self.servers.get_mut(id).expect("looked up");
        let was = server.state;
        server.task = None;
        match &progress.action {
            ServerAction::Pause => server.state = VmState::Paused,
            ServerAction::Suspend => server.state = VmState::Suspended,
            ServerAction::Stop => server.state = VmState::Stopped,
            ServerAction::Unpause
            | ServerAction::Resume
            | ServerAction::Start
            | ServerAction::SoftReboot
            | ServerAction::HardReboot => server.state = VmState::Active,
            ServerAction::Rebuild { name, image } => {
                if let Some(name) = name {
                    server.name.clone_from(name);
                }
                if server.image.is_some() {
                    server.image = Some(image.clone());
                }
                server.state = if was == VmState::Stopped { VmState::Stopped } else { VmState::Active };
            }
            ServerAction::LiveMigrate { .. } => server.host.clone_from(&progress.target),
            ServerAction::Evacuate { .. } => {
                server.host.clone_from(&progress.target);
                server.resized = None;
                server.state = if was == VmState::Stopped { VmState::Stopped } else { VmState::Active };
            }
            ServerAction::ColdMigrate { .. } | ServerAction::Resize { .. } => {
                server.resized = Some(Resized {
                    host: server.host.clone().unwrap_or_default(),
                    flavor: Arc::clone(&server.flavor),
                    state: was,
                    resize: progress.flavor.is_some(),
                });
                server.host.clone_from(&progress.target);
                if let Some(flavor) = &progress.flavor {
                    server.flavor = Arc::clone(flavor);
                }
                server.state = VmState::Resized;
            }
            ServerAction::ConfirmResize => {
                let stopped = server.resized.take().is_some_and(|old| old.state == VmState::Stopped);
                server.state = if stopped { VmState::Stopped } else { VmState::Active };
            }
            ServerAction::RevertResize => {
                if let Some(old) = server.resized.take() {
                    server.host = Some(old.host);
                    server.flavor = old.flavor;
                    server.state = old.state;
                }
            }
            ServerAction::Build => {
                server.host.clone_from(&progress.target);
                server.state = VmState::Active;
            }
            ServerAction::Delete => server.state = VmState::Deleted,
            ServerAction::ResetState { .. } => {}
        }
        server.power = Server::power_for(server.state);
        server.running_since = seconds;
        server.boots += u64::from(progress.action.starts_guest());
        if was == VmState::Error && server.state != VmState::Error {
            server.failure = None;
        }
        server.updated = now;
        self.close_record(progress.record, Outcome::Done);
        self.changed(id);
        if let (_, Some(event)) = progress.action.notices() {
            self.nova_notice(event, id, None);
        }
        if self.servers[id].state == VmState::Deleted {
            self.drop_server(id);
        }
    }

    fn drop_server(&mut self, id: &str) {
        if let Some(server) = self.servers.remove(id) {
            for volume in &server.volumes {
                if let Some(volume) = self.volumes.get_mut(volume) {
                    volume.status = "available".into();
                }
            }
        }
    }

    /// Ends an action without its wanted result.
    pub(super) fn fail_action(&mut self, id: &str, state: Option<VmState>, reason: &str) {
        let failure = self.failure(500, reason);
        let server = self.servers.get_mut(id).expect("looked up");
        server.generation += 1;
        let progress = server.progress.take();
        server.task = None;
        if let Some(state) = state {
            server.state = state;
            server.failure = Some(failure);
        }
        if let Some(progress) = progress {
            self.close_record(progress.record, Outcome::Failed);
            if matches!(progress.action, ServerAction::LiveMigrate { .. }) && state.is_none() {
                self.nova_notice("compute.instance.live_migration._rollback.start", id, Some(reason));
                self.nova_notice("compute.instance.live_migration.rollback.dest.end", id, Some(reason));
            }
        }
        self.changed(id);
    }

    pub(super) fn replace_progress(&mut self, id: &str) {
        let server = self.servers.get_mut(id).expect("looked up");
        server.generation += 1;
        if let Some(progress) = server.progress.take() {
            self.close_record(progress.record, Outcome::Replaced);
        }
    }

    pub(super) fn open_record(&mut self, id: &str, action: &ServerAction, target: Option<String>) -> usize {
        let server = &self.servers[id];
        self.history.push(ActionRecord {
            server: id.to_owned(),
            name: server.name.clone(),
            action: action.name(),
            host: server.host.clone(),
            target,
            started: self.now.as_secs_f64(),
            ended: None,
            outcome: Outcome::Running,
        });
        self.history.len() - 1
    }

    pub(super) fn close_record(&mut self, record: usize, outcome: Outcome) {
        let now = self.now.as_secs_f64();
        if let Some(record) = self.history.get_mut(record) {
            record.ended = Some(now);
            record.outcome = outcome;
        }
    }

    /// The server's states have changed: said to people and to listeners.
    pub(super) fn changed(&mut self, id: &str) {
        let now = self.wall_text();
        let Some(server) = self.servers.get_mut(id) else { return };
        server.updated = now;
        let host = server.host.as_deref().unwrap_or("no host");
        let text = match server.task {
            Some(task) => format!("{} ({task}) on {host}", server.state.as_str()),
            None => format!("{} on {host}", server.state.as_str()),
        };
        let name = server.name.clone();
        self.happened("vm", &name, text);
        self.nova_notice("compute.instance.update", id, None);
    }
}
