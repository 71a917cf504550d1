//! The services and their ports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A service of the simulated cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Keystone v3.
    Keystone,
    /// Nova 2.1.
    Nova,
    /// Neutron 2.0.
    Neutron,
    /// Cinder v2 and v3.
    Cinder,
    /// Glance v2.
    Glance,
    /// The platform's inventory.
    Sysinv,
    /// The maintenance agent's command port.
    Mtc,
    /// The patching controller.
    Patching,
    /// The REST interface of the fault management.
    Fm,
    /// The guest agent's command port.
    Guest,
    /// The lab's own control API.
    Control,
}

impl Service {
    /// All of them, in the order used with a port base.
    pub const ALL: [Self; 11] = [
        Self::Keystone,
        Self::Nova,
        Self::Neutron,
        Self::Cinder,
        Self::Glance,
        Self::Sysinv,
        Self::Mtc,
        Self::Patching,
        Self::Fm,
        Self::Guest,
        Self::Control,
    ];

    /// The name in files and in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keystone => "keystone",
            Self::Nova => "nova",
            Self::Neutron => "neutron",
            Self::Cinder => "cinder",
            Self::Glance => "glance",
            Self::Sysinv => "sysinv",
            Self::Mtc => "mtc",
            Self::Patching => "patching",
            Self::Fm => "fm",
            Self::Guest => "guest",
            Self::Control => "control",
        }
    }
}

/// The fixed ports of the services (0 = any free port).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Ports {
    pub keystone: u16,
    pub nova: u16,
    pub neutron: u16,
    pub cinder: u16,
    pub glance: u16,
    pub sysinv: u16,
    pub mtc: u16,
    pub patching: u16,
    pub fm: u16,
    pub guest: u16,
    pub control: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            keystone: 5000,
            nova: 18774,
            neutron: 9696,
            cinder: 8776,
            glance: 9292,
            sysinv: 6385,
            mtc: 2112,
            patching: 5491,
            fm: 18002,
            guest: 2410,
            control: 7000,
        }
    }
}

impl Ports {
    /// The port that a service asks for.
    #[must_use]
    pub fn wanted(&self, service: Service, base: Option<u16>) -> u16 {
        match base {
            Some(0) => 0,
            Some(base) => base.saturating_add(service as u16),
            None => match service {
                Service::Keystone => self.keystone,
                Service::Nova => self.nova,
                Service::Neutron => self.neutron,
                Service::Cinder => self.cinder,
                Service::Glance => self.glance,
                Service::Sysinv => self.sysinv,
                Service::Mtc => self.mtc,
                Service::Patching => self.patching,
                Service::Fm => self.fm,
                Service::Guest => self.guest,
                Service::Control => self.control,
            },
        }
    }
}

/// The ports that the services really listen on.
pub type BoundPorts = BTreeMap<Service, u16>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_base_moves_all_and_zero_picks_free_ones() {
        let ports = Ports::default();
        assert_eq!(ports.wanted(Service::Nova, None), 18774);
        assert_eq!(ports.wanted(Service::Keystone, Some(21000)), 21000);
        assert_eq!(ports.wanted(Service::Control, Some(21000)), 21010);
        assert!(Service::ALL.iter().all(|&service| ports.wanted(service, Some(0)) == 0));
    }
}
