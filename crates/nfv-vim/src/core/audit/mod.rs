//! Asking the cloud regularly. Contract: vim-behaviour 6.
//!
//! - `cycle`: the listings, one after another (6.1).
//! - `detail`: instances, hypervisors and flavors one by one (6.2).
//! - `guest`: guest services of instances (6.2).

mod cycle;
mod detail;
mod guest;

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
    /// Hosts that were known when they were asked for last: only these can be missing from the answer.
    hosts_known: BTreeSet<String>,
    /// Instances to be asked for, oldest first.
    instances: VecDeque<String>,
    /// The same, to look one up.
    queued: BTreeSet<String>,
    /// All hosts have been listed since the start.
    pub(super) hosts_listed: bool,
    /// Instances asked for and not answered.
    pub(super) asked: BTreeSet<String>,
    /// Hypervisors to be asked for.
    hypervisors: VecDeque<String>,
    /// Flavors to be asked for.
    instance_types: VecDeque<String>,
    /// Instances whose guest services are to be asked for.
    guests: VecDeque<String>,
    /// How many such questions are open.
    guests_asked: usize,
}

/// A listing that comes in pages.
#[derive(Debug, Default)]
struct Listing {
    /// Where it goes on; none at its beginning.
    next: Option<String>,
    /// What its pages have shown so far.
    listed: BTreeSet<String>,
    /// What was known when it began. Only that can be missing from it: what the VIM met since may simply be newer
    /// than the page on which it would stand.
    known: BTreeSet<String>,
    /// It has been through once since the start.
    complete_once: bool,
}

impl Listing {
    /// A page is about to be asked for: the first one fixes what can be missing.
    fn ask<'a>(&mut self, known: impl Iterator<Item = &'a String>) {
        if self.next.is_none() {
            self.known = known.cloned().collect();
        }
    }

    /// Takes a page in; what the whole listing does not have, once the last page is there.
    fn page(&mut self, keys: impl Iterator<Item = String>, next: Option<String>) -> Option<BTreeSet<String>> {
        self.listed.extend(keys);
        self.next = next;
        if self.next.is_some() {
            return None;
        }
        self.complete_once = true;
        let mut missing = std::mem::take(&mut self.known);
        for key in std::mem::take(&mut self.listed) {
            missing.remove(&key);
        }
        Some(missing)
    }

    /// Begins anew with its next turn.
    fn restart(&mut self) {
        self.next = None;
        self.listed.clear();
        self.known.clear();
    }

    /// The first listing after a start goes on at once, so that a large cloud is known soon; later ones take one
    /// page a cycle, as the contract says (docs/differences.md).
    fn goes_on_at_once(&self) -> bool {
        self.next.is_some() && !self.complete_once
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_was_known_when_a_listing_began_can_be_missing_from_it() {
        let mut listing = Listing::default();
        listing.ask(keys(&["a", "b", "c"]).iter());
        assert_eq!(listing.page(keys(&["b"]).into_iter(), Some("b".to_owned())), None);
        // met while the listing goes on; it would stand on the first page
        listing.ask(keys(&["a", "b", "c", "new"]).iter());
        let missing = listing.page(keys(&["c"]).into_iter(), None).unwrap();
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["a"]);
        listing.ask(keys(&["b", "c", "new"]).iter());
        let missing = listing.page(keys(&["b", "c"]).into_iter(), None).unwrap();
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), ["new"]);
    }
}
