//! What was known of an object at the moment of a decision.

use crate::core::Vim;
use crate::core::host::Host;
use crate::core::instance::Instance;
use std::collections::BTreeMap;

/// Facts by name; what there is nothing to say about is left out.
#[derive(Default)]
struct Facts(BTreeMap<String, String>);

impl Facts {
    fn put(&mut self, name: &str, value: impl ToString) -> &mut Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value);
        }
        self
    }
}

/// The states of a host as the platform shows them.
pub(super) fn platform_states(host: &Host) -> String {
    let nfvi = &host.nfvi;
    format!("{}-{}-{}", nfvi.admin_state, nfvi.oper_state, nfvi.avail_status)
}

/// The states of a host as platform and VIM see them.
fn host_states(host: &Host) -> String {
    format!("{}, {} for the VIM", platform_states(host), host.state().as_str())
}

impl Vim {
    /// Of an instance: its states, Nova's own words, its host, what was tried before.
    pub(super) fn instance_evidence(&self, instance: &Instance) -> BTreeMap<String, String> {
        let nfvi = &instance.nfvi;
        let words: Vec<_> = nfvi.avail_status.iter().map(ToString::to_string).collect();
        let mut facts = Facts::default();
        facts
            .put("admin_state", &nfvi.admin_state)
            .put("oper_state", &nfvi.oper_state)
            .put("avail_status", words.join(", "))
            .put("action", &nfvi.action)
            .put("vm_state", &nfvi.nfvi_data.vm_state)
            .put("task_state", &nfvi.nfvi_data.task_state)
            .put("power_state", &nfvi.nfvi_data.power_state)
            .put("host", nfvi.host_name.as_deref().unwrap_or_default());
        if let Some(host) = instance.host() {
            match self.hosts.get(host) {
                Some(host) => facts.put("host_states", host_states(host)),
                None => facts.put("host_states", "not known to the VIM"),
            };
            if let Some(hypervisor) = self.hypervisor_on(host) {
                facts.put("hypervisor", &hypervisor.oper_state);
            }
        }
        let reboots = self.recovery.reboots_of(instance.uuid());
        if reboots > 0 {
            facts.put("reboots_since_it_was_well", reboots);
        }
        if instance.heartbeat_alarm.is_some() {
            facts.put("guest_heartbeat", "failed");
        }
        facts.0
    }

    /// Of a host: its states, what is done with it, its instances, services that are not as wanted.
    pub(super) fn host_evidence(&self, host: &Host) -> BTreeMap<String, String> {
        let mut facts = Facts::default();
        facts
            .put("states", host_states(host))
            .put("platform_action", &host.nfvi.action)
            .put("vim_action", host.action.as_str())
            .put("reason", &host.reason);
        let instances = self.instances_on(host.name()).filter(|instance| !instance.is_going()).count();
        if instances > 0 {
            facts.put("instances", instances);
        }
        if let Some(hypervisor) = self.hypervisor_on(host.name()) {
            facts.put("hypervisor", &hypervisor.oper_state);
        }
        for (service, state) in &host.services {
            facts.put(&format!("service_{}", service.as_str()), state.as_str());
        }
        if host.upgrade_inprogress {
            let recovered = if host.recover_instances { "are" } else { "are not" };
            facts.put("upgrade", format!("under way; instances {recovered} recovered"));
        }
        facts.0
    }
}
