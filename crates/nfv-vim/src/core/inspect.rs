//! Looking at the VIM without changing it: for operators' views, and for the simulator's invariants.

use super::Vim;
use super::director::Operation;
use super::host::Host;
use super::instance::Instance;

impl Vim {
    /// All hosts by name.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// All instances by uuid.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    /// The host operations under way, by host name.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.operations.iter().map(|(host, operation)| (host.as_str(), operation))
    }

    /// How many calls run or wait for a worker.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }
}
