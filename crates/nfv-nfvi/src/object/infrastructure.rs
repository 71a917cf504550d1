//! System, tenants and upgrades. Contract: southbound 5.1, 5.7.

use serde::{Deserialize, Serialize};

/// The system as sysinv names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// System name.
    pub name: String,
    /// Description, empty when none.
    pub description: String,
}

/// A project of Keystone (VIM: tenant).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Project id as a dashed uuid.
    pub uuid: String,
    /// Project name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// May be used.
    pub enabled: bool,
}

/// A software upgrade under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// sysinv's word.
    pub state: String,
    /// Release it comes from.
    pub from_release: String,
    /// Release it goes to.
    pub to_release: String,
}
