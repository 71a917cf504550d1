//! sysinv's upgrade of the platform. Contract: southbound 3.8.

use serde_json::{Value, json};

use super::notice::Notice;
use super::platform::HostFault;
use super::{Cloud, Due};
use crate::config::UpgradeSpec;
use crate::{Error, Result};

/// State of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpgradeState {
    /// Being prepared.
    Starting,
    /// Hosts can be upgraded.
    Started,
    /// The first controller has the new release.
    UpgradingControllers,
    /// Both controllers have it.
    UpgradingHosts,
    /// An operator or the VIM wants it active.
    ActivationRequested,
    /// Under way.
    Activating,
    /// Active.
    ActivationComplete,
    /// Being tidied up.
    Completing,
}

impl UpgradeState {
    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Started => "started",
            Self::UpgradingControllers => "upgrading-controllers",
            Self::UpgradingHosts => "upgrading-hosts",
            Self::ActivationRequested => "activation-requested",
            Self::Activating => "activating",
            Self::ActivationComplete => "activation-complete",
            Self::Completing => "completing",
        }
    }
}

impl UpgradeState {
    /// Hosts can be upgraded now, and when all are, the upgrade can be activated.
    fn takes_hosts(self) -> bool {
        matches!(self, Self::Started | Self::UpgradingControllers | Self::UpgradingHosts)
    }
}

/// An upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Id.
    pub uuid: String,
    /// State.
    pub state: UpgradeState,
    /// Release before.
    pub from: String,
    /// Release after.
    pub to: String,
}

impl Upgrade {
    /// As sysinv shows it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"uuid": self.uuid, "state": self.state.as_str(), "from_release": self.from, "to_release": self.to})
    }
}

impl Cloud {
    /// Starts an upgrade.
    ///
    /// # Errors
    /// There is one already.
    pub fn upgrade_start(&mut self) -> Result<Upgrade, HostFault> {
        if self.upgrade.is_some() {
            return Err(HostFault::Refused("Upgrade in progress".into()));
        }
        let from = self.features.software_load.clone();
        let upgrade = Upgrade {
            uuid: self.fresh_id(),
            state: UpgradeState::Starting,
            to: format!("{from}.next"),
            from,
        };
        self.upgrade = Some(upgrade.clone());
        self.plan(self.timings.upgrade_step, Due::Upgrade);
        self.tell_upgrade(true);
        Ok(upgrade)
    }

    /// sysinv wants the VIM to leave instances alone from the start of an upgrade until both controllers have it.
    fn tell_upgrade(&mut self, in_progress: bool) {
        if let Some(controller) = self.hosts.get("controller-0") {
            let notice = Notice::host_upgrade(controller, in_progress);
            self.notify(notice);
        }
    }

    /// Asks for the activation.
    ///
    /// # Errors
    /// There is no started upgrade, or a host still runs the old release.
    pub fn upgrade_activate(&mut self) -> Result<Upgrade, HostFault> {
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.state.takes_hosts()) else {
            return Err(HostFault::Refused("An upgrade is not in a state to be activated".into()));
        };
        if self.hosts.values().any(|host| host.software_load != upgrade.to) {
            return Err(HostFault::Refused("All hosts must be upgraded before activation".into()));
        }
        upgrade.state = UpgradeState::ActivationRequested;
        let upgrade = upgrade.clone();
        self.plan(self.timings.upgrade_step, Due::Upgrade);
        Ok(upgrade)
    }

    /// Ends the upgrade.
    ///
    /// # Errors
    /// There is no activated upgrade.
    pub fn upgrade_complete(&mut self) -> Result<Upgrade, HostFault> {
        let Some(upgrade) =
            self.upgrade.as_mut().filter(|upgrade| upgrade.state == UpgradeState::ActivationComplete)
        else {
            return Err(HostFault::Refused("Upgrade is not in a state to be completed".into()));
        };
        upgrade.state = UpgradeState::Completing;
        let upgrade = upgrade.clone();
        self.plan(self.timings.upgrade_step, Due::Upgrade);
        Ok(upgrade)
    }

    /// Upgrades one locked host.
    ///
    /// # Errors
    /// Unknown host, not locked, or no upgrade under way.
    pub fn upgrade_host(&mut self, id: &str) -> Result<(), HostFault> {
        let to = match &self.upgrade {
            Some(upgrade) if upgrade.state.takes_hosts() => upgrade.to.clone(),
            _ => return Err(HostFault::Refused("No upgrade in progress".into())),
        };
        let Some(name) = self.host_by(id).map(|host| host.name.clone()) else {
            return Err(HostFault::NotFound(format!("Server {id} could not be found.")));
        };
        self.reboot_host(&name)?;
        if let Some(host) = self.hosts.get_mut(&name) {
            host.software_load.clone_from(&to);
            host.target_load = to;
        }
        self.upgrade_goes_on();
        Ok(())
    }

    /// The state follows the controllers' releases.
    fn upgrade_goes_on(&mut self) {
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.state.takes_hosts()) else {
            return;
        };
        let mut controllers = self.hosts.values().filter(|host| host.personality == "controller");
        let (all, any) = (
            controllers.clone().all(|host| host.software_load == upgrade.to),
            controllers.any(|host| host.software_load == upgrade.to),
        );
        if all && upgrade.state != UpgradeState::UpgradingHosts {
            upgrade.state = UpgradeState::UpgradingHosts;
            self.tell_upgrade(false);
        } else if any && upgrade.state == UpgradeState::Started {
            upgrade.state = UpgradeState::UpgradingControllers;
        }
    }

    /// An upgrade that is under way when the lab starts.
    ///
    /// # Errors
    /// An unknown host or state.
    pub(super) fn add_upgrade(&mut self, spec: &UpgradeSpec) -> Result<()> {
        let from = self.features.software_load.clone();
        let state = [
            UpgradeState::Started,
            UpgradeState::UpgradingControllers,
            UpgradeState::UpgradingHosts,
            UpgradeState::ActivationComplete,
        ]
        .into_iter()
        .find(|state| state.as_str() == spec.state)
        .ok_or_else(|| Error::Cluster(format!("upgrade state {} is not known", spec.state)))?;
        for name in &spec.upgraded {
            let host = self.hosts.get_mut(name);
            let host = host.ok_or_else(|| Error::Cluster(format!("upgraded host {name} is not defined")))?;
            host.software_load.clone_from(&spec.to);
            host.target_load.clone_from(&spec.to);
        }
        self.upgrade = Some(Upgrade { uuid: self.fresh_id(), state, from, to: spec.to.clone() });
        Ok(())
    }

    pub(super) fn upgrade_step(&mut self) {
        let Some(upgrade) = &mut self.upgrade else { return };
        match upgrade.state {
            UpgradeState::Starting => upgrade.state = UpgradeState::Started,
            UpgradeState::ActivationRequested => {
                upgrade.state = UpgradeState::Activating;
                self.plan(self.timings.upgrade_step, Due::Upgrade);
            }
            UpgradeState::Activating => upgrade.state = UpgradeState::ActivationComplete,
            UpgradeState::Completing => {
                self.features.software_load = upgrade.to.clone();
                self.upgrade = None;
            }
            UpgradeState::Started
            | UpgradeState::UpgradingControllers
            | UpgradeState::UpgradingHosts
            | UpgradeState::ActivationComplete => {}
        }
    }
}
