//! Patches and the patch state of hosts. Contract: southbound 5.7.

use serde::{Deserialize, Serialize};

/// A software patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwPatch {
    /// Patch name.
    pub name: String,
    /// Release it is for.
    pub sw_version: String,
    /// State in the repository.
    pub repo_state: String,
    /// State on the hosts.
    pub patch_state: String,
}

/// How far a host is patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSwPatch {
    /// Host name.
    pub name: String,
    /// Sub-functions.
    pub personality: String,
    /// Release.
    pub sw_version: String,
    /// A reboot is needed to take the patch in.
    pub requires_reboot: bool,
    /// All patches are in.
    pub patch_current: bool,
    /// Patch agent's word.
    pub state: String,
    /// The last installation failed.
    pub patch_failed: bool,
    /// Between two states.
    pub interim_state: bool,
}
