//! How long steps let the system settle, by configuration. Contract: strategies 2.

use super::step::{MAINTENANCE_DELAY, NO_REBOOT_DELAY, STABILIZE, Task};
use std::time::Duration;

/// Waits of steps; the defaults are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepWaits {
    /// A lock of the own host counts as done only after this time.
    pub own_lock: Duration,
    /// From the first audit on until a swact counts as done.
    pub swact: Duration,
    /// The same for a reboot.
    pub reboot: Duration,
    /// From the first audit on until hosts that are upgraded are looked at.
    pub upgrade_hosts: Duration,
    /// The same for the state of the upgrade.
    pub upgrade_state: Duration,
    /// The same for the alarms of storage that is being synchronized.
    pub data_sync: Duration,
    /// After a patch with reboot, until maintenance has found out.
    pub maintenance: Duration,
    /// After a patch without reboot.
    pub no_reboot: Duration,
    /// At the end of a stage with reboot.
    pub stabilize: Duration,
}

impl Default for StepWaits {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            own_lock: secs(16),
            swact: secs(120),
            reboot: secs(60),
            upgrade_hosts: secs(120),
            upgrade_state: secs(60),
            data_sync: secs(120),
            maintenance: secs(MAINTENANCE_DELAY),
            no_reboot: secs(NO_REBOOT_DELAY),
            stabilize: secs(STABILIZE),
        }
    }
}

impl StepWaits {
    /// The same task with the configured length, if it is one that only waits.
    pub(super) fn adjust(&self, task: &mut Task) {
        if let Task::SystemStabilize { secs } = task {
            let wait = match *secs {
                MAINTENANCE_DELAY => self.maintenance,
                NO_REBOOT_DELAY => self.no_reboot,
                STABILIZE => self.stabilize,
                _ => return,
            };
            // a step without a limit would never end
            *secs = wait.as_secs().max(1);
        }
    }
}
