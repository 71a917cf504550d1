//! Which instances are on which host: an index of the instance table.

use super::Instance;
use crate::core::Vim;
use std::collections::{BTreeMap, BTreeSet};

/// Uuids by host. Hosts are looked at far more often than instances move.
#[derive(Debug, Default)]
pub(in crate::core) struct Residents(BTreeMap<String, BTreeSet<String>>);

impl Residents {
    /// An instance is on another host than before, or new, or gone.
    pub(in crate::core) fn moved(&mut self, uuid: &str, from: Option<&str>, to: Option<&str>) {
        if from == to {
            return;
        }
        if let Some(from) = from
            && let Some(there) = self.0.get_mut(from)
        {
            there.remove(uuid);
            if there.is_empty() {
                self.0.remove(from);
            }
        }
        if let Some(to) = to {
            self.0.entry(to.to_owned()).or_default().insert(uuid.to_owned());
        }
    }
}

impl<'a> FromIterator<&'a Instance> for Residents {
    fn from_iter<I: IntoIterator<Item = &'a Instance>>(instances: I) -> Self {
        let mut residents = Self::default();
        for instance in instances {
            residents.moved(instance.uuid(), None, instance.host());
        }
        residents
    }
}

impl Vim {
    /// The instances on a host, in table order.
    pub fn instances_on<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a Instance> + use<'a> {
        self.residents.0.get(host).into_iter().flatten().filter_map(|uuid| self.instances.get(uuid))
    }

    /// Uuids of the instances on a host that fit, in table order.
    pub(in crate::core) fn uuids_on(&self, host: &str, fits: impl Fn(&Instance) -> bool) -> Vec<String> {
        self.instances_on(host).filter(|i| fits(i)).map(|i| i.uuid().to_owned()).collect()
    }
}
