//! Asking the cloud regularly. Contract: vim-behaviour 6.
//!
//! - `cycle`: the listings, one after another (6.1).
//! - `detail`: instances, hypervisors and flavors one by one (6.2).

mod cycle;
mod detail;

pub(super) use cycle::AuditAnswer;
use std::collections::{BTreeSet, VecDeque};

/// What the audits remember.
#[derive(Debug, Default)]
pub(super) struct Audits {
    /// The step of the cycle that is next or under way.
    step: usize,
    /// The paged listing of flavors.
    instance_type_listing: Listing,
    /// The paged listing of instances.
    instance_listing: Listing,
    /// Instances to be asked for, oldest first.
    instances: VecDeque<String>,
    /// The same, to look one up.
    queued: BTreeSet<String>,
    /// Instances asked for and not answered.
    pub(super) asked: BTreeSet<String>,
    /// Hypervisors to be asked for.
    hypervisors: VecDeque<String>,
    /// Flavors to be asked for.
    instance_types: VecDeque<String>,
}

/// A listing that comes in pages.
#[derive(Debug, Default)]
struct Listing {
    /// Where it goes on; none at its beginning.
    next: Option<String>,
    /// What its pages have shown so far.
    listed: BTreeSet<String>,
    /// It has been through once since the start.
    complete_once: bool,
}

impl Listing {
    /// Takes a page in; the keys of the whole listing once the last page is there.
    fn page(&mut self, keys: impl Iterator<Item = String>, next: Option<String>) -> Option<BTreeSet<String>> {
        self.listed.extend(keys);
        self.next = next;
        if self.next.is_some() {
            return None;
        }
        self.complete_once = true;
        Some(std::mem::take(&mut self.listed))
    }

    /// Begins anew with its next turn.
    fn restart(&mut self) {
        self.next = None;
        self.listed.clear();
    }

    /// The first listing after a start goes on at once, so that a large cloud is known soon; later ones take one
    /// page a cycle, as the contract says (docs/differences.md).
    fn goes_on_at_once(&self) -> bool {
        self.next.is_some() && !self.complete_once
    }
}
