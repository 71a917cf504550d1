//! Payloads about previews: what a lock or a strategy would do. Not in the original; docs/extensions.md.

use crate::lenient;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What may happen to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostPreviewAction {
    /// An operator locks it.
    #[default]
    Lock,
    /// An operator locks it by force.
    LockForce,
    /// It fails and goes offline.
    Fail,
}

impl HostPreviewAction {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Lock, Self::LockForce, Self::Fail];

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// As shown and asked for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::LockForce => "lock-force",
            Self::Fail => "fail",
        }
    }
}

/// `preview-host-request`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PreviewHost {
    /// Name of the host.
    #[serde(deserialize_with = "lenient::text")]
    pub host_name: Option<String>,
    /// What would happen to it.
    pub action: HostPreviewAction,
}

/// The answer to both previews.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Preview {
    /// `host compute-0`, `strategy <uuid>`.
    pub subject: Option<String>,
    /// `lock`, `lock-force`, `fail`, `apply`.
    pub action: Option<String>,
    /// Why it would be refused or fail as things are, in the words in which the operator would be told; null when nothing
    /// speaks against it.
    pub refused: Option<String>,
    /// What is good to know, each a sentence.
    pub notes: Vec<String>,
    /// One for a host; those of the apply phase that are still to be done for a strategy.
    pub stages: Vec<PreviewStage>,
    /// About how long all of it takes.
    pub estimate: Option<Estimate>,
}

/// Hosts that are done at the same time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PreviewStage {
    /// Number of the stage.
    pub stage_id: u64,
    /// Name of the stage; empty for a host.
    pub name: String,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// Its steps in order.
    pub steps: Vec<PreviewStep>,
    /// What happens to the instances, in the order in which it begins.
    pub moves: Vec<InstanceMove>,
    /// Why the stage would fail as things are.
    pub refused: Option<String>,
    /// About how long it takes.
    pub estimate: Estimate,
}

/// A step of a stage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PreviewStep {
    /// Name of the step.
    pub name: String,
    /// Hosts or instances it is about.
    pub entities: Vec<String>,
    /// About how long it takes.
    pub estimate: Estimate,
    /// After so many seconds it counts as failed.
    pub deadline_secs: u64,
}

/// What happens to one instance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceMove {
    /// The instance.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub host: String,
    /// `live-migrate`, `cold-migrate`, `evacuate`, `stop`, `fail`, `stay`.
    pub action: String,
    /// Why nothing, or something worse than a move, happens to it.
    pub reason: Option<String>,
    /// What follows later: `evacuate` after `fail`, `start` after `stop`.
    pub then: Option<String>,
    /// Where it could go; null where it does not leave.
    pub destinations: Option<Destinations>,
    /// About how long it takes.
    pub estimate: Estimate,
}

impl InstanceMove {
    /// The same, with the reason said.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }
}

/// Where an instance could go, as far as the VIM knows; the choice is Nova's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Destinations {
    /// How many hosts could take it.
    pub count: u64,
    /// The roomiest of them, at most ten.
    pub hosts: Vec<String>,
    /// Why others could not, and how many for each reason.
    pub excluded: BTreeMap<String, u64>,
}

/// About how long something takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Estimate {
    /// Seconds.
    pub seconds: u64,
    /// It rests on what this system took for the like before; otherwise on assumptions.
    pub measured: bool,
}
