//! Asking the cloud regularly. Contract: vim-behaviour 6.
//!
//! - `cycle`: the listings, one after another (6.1).
//! - `listing`: what a listing that comes in pages has shown so far.
//! - `detail`: instances, hypervisors, flavors and volumes one by one (6.2), and when that is slow (6.3).
//! - `guest`: guest services of instances (6.2).
//!
//! What a listing changes stands with the objects: `host`, `instance`, `image` and so on.

mod cycle;
mod detail;
mod guest;
mod listing;

pub(super) use cycle::{AuditAnswer, Heard, Step};
use detail::{Questions, SlowReport};
use listing::Listing;
pub(super) use listing::reconcile;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What the audits remember.
#[derive(Debug, Default)]
pub(super) struct Audits {
    /// The step of the cycle that is next or under way.
    step: usize,
    /// The cycle waits for the answer of that step.
    waiting: bool,
    /// The listings that come in pages.
    listings: BTreeMap<Step, Listing>,
    /// Listings that came empty where something was known; the next one is believed.
    doubted: BTreeSet<Step>,
    /// Hosts that were known when they were asked for last, with their versions: only these can be missing from the
    /// answer, and what changed since is newer than it.
    hosts_known: BTreeMap<String, u64>,
    /// Instances to be asked for, oldest first.
    instances: VecDeque<String>,
    /// The same, to look one up.
    queued: BTreeSet<String>,
    /// All hosts have been listed since the start.
    pub(super) hosts_listed: bool,
    /// Instances asked for and not answered.
    pub(super) asked: BTreeSet<String>,
    /// Hypervisors to be asked for.
    pub(super) hypervisors: Questions,
    /// Flavors to be asked for.
    pub(super) instance_types: Questions,
    /// Volumes to be asked for.
    pub(super) volumes: Questions,
    /// When it was told last that answers about instances are slow.
    slow: SlowReport,
    /// Instances whose guest services are to be asked for.
    guests: VecDeque<String>,
    /// How many such questions are open.
    guests_asked: usize,
}
