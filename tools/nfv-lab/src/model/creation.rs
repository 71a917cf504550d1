//! How a server comes into being.

use super::Cloud;
use super::action::{NovaFault, Outcome};
use super::rules::ServerAction;
use super::scheduler::Wanted;
use super::server::{Power, Server, VmState};

impl Cloud {
    /// Makes a server and lets Nova build it.
    ///
    /// # Errors
    /// The id exists already.
    pub fn create_server(&mut self, mut server: Server) -> Result<(), NovaFault> {
        let id = server.id.clone();
        if self.servers.contains_key(&id) {
            return Err(NovaFault::Conflict(format!("Instance {id} already exists.")));
        }
        server.state = VmState::Building;
        server.power = Power::NoState;
        let group = server.group.as_ref().and_then(|group| self.groups.get(group));
        let target = self.schedule(&Wanted {
            server: Some(&id),
            flavor: &server.flavor,
            local_disk: server.image.is_some(),
            group,
            zone: server.zone.as_deref(),
            except: &[],
        });
        self.servers.insert(id.clone(), server);
        let record = self.open_record(&id, &ServerAction::Build, target.clone());
        if target.is_some() {
            self.start_progress(&id, ServerAction::Build, target, None, record);
        } else {
            self.close_record(record, Outcome::Failed);
            let failure = self.failure(500, "No valid host was found. There are not enough hosts available.");
            let server = self.servers.get_mut(&id).expect("just made");
            server.state = VmState::Error;
            server.failure = Some(failure);
            self.changed(&id);
        }
        Ok(())
    }
}
