//! Payloads about decisions: what was decided about a host or an instance, and why. Not in the original; docs/extensions.md.

use crate::lenient;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Of what a decision is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectType {
    /// A host, by its name.
    Host,
    /// An instance, by its uuid.
    Instance,
}

impl ObjectType {
    /// As stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Instance => "instance",
        }
    }
}

/// `get-history-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GetHistory {
    /// Host or instance.
    pub object_type: Option<ObjectType>,
    /// Name of the host, uuid of the instance.
    #[serde(deserialize_with = "lenient::text")]
    pub object: Option<String>,
    /// At most so many, the latest; all that are kept when left out.
    #[serde(deserialize_with = "lenient::whole")]
    pub limit: Option<u64>,
}

/// `get-history-response`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Host or instance.
    pub object_type: Option<ObjectType>,
    /// Name of the host, uuid of the instance.
    pub object: Option<String>,
    /// The decisions, the latest first.
    pub decisions: Vec<Decision>,
}

/// One decision. All times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Grows with each decision of the system.
    pub id: u64,
    /// When it was made.
    pub time: String,
    /// What was decided: `reboot`, `live-migrate`, `disable`, `none`, ...
    pub decision: String,
    /// Why.
    pub cause: String,
    /// Who wanted it: `tenant`, `instance`, `instance-director`, `vim`, ...
    pub initiated_by: String,
    /// What was known of the object at that moment: states, its host, what was tried before.
    pub evidence: BTreeMap<String, String>,
    /// What it waits for now, or waited for last.
    pub wait: Option<Wait>,
    /// By when the whole must be over, whatever happens.
    pub deadline: Option<String>,
    /// How it ended: `completed`, `accepted` (by Nova), `failed`, `timed-out`, `cancelled`, `replaced`, `interrupted`, `rejected`, `held-back`;
    /// null while it is under way.
    pub outcome: Option<String>,
    /// What there is to say about the end.
    pub outcome_reason: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// How often the same was decided for the same reason in a row, because it failed or was held back.
    pub count: u64,
}

/// What a decision waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wait {
    /// For what.
    pub what: String,
    /// Since when.
    pub since: String,
    /// Until when at the latest.
    pub until: String,
}
