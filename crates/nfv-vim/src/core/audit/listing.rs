//! Comparing what a neighbour lists with what is known. Contract: vim-behaviour 6.1.

use nfv_vim_db::Write;
use std::collections::{BTreeMap, BTreeSet};

/// A listing that comes in pages.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Where it goes on; none at its beginning.
    pub(super) next: Option<String>,
    /// What its pages have shown so far.
    listed: BTreeSet<String>,
    /// What was known when it began. Only that can be missing from it: what the VIM met since may simply be newer
    /// than the page on which it would stand.
    known: BTreeSet<String>,
    /// It has been through once since the start.
    complete_once: bool,
}

/// A listing that is through.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) struct Listed {
    /// Known when it began, and not in it.
    pub(super) missing: BTreeSet<String>,
    /// Nothing at all is in it.
    pub(super) is_empty: bool,
}

impl Listing {
    /// A page is about to be asked for: the first one fixes what can be missing.
    pub(super) fn ask(&mut self, known: impl Iterator<Item = String>) {
        if self.next.is_none() {
            self.listed.clear();
            self.known = known.collect();
        }
    }

    /// Takes a page in; the whole listing, once the last page is there.
    pub(super) fn page(&mut self, keys: Vec<String>, next: Option<String>) -> Option<Listed> {
        self.listed.extend(keys);
        self.next = next;
        if self.next.is_some() {
            return None;
        }
        self.complete_once = true;
        let listed = std::mem::take(&mut self.listed);
        let missing = std::mem::take(&mut self.known);
        Some(Listed {
            is_empty: listed.is_empty(),
            missing: missing.into_iter().filter(|key| !listed.contains(key)).collect(),
        })
    }

    /// Begins anew with its next turn.
    pub(super) fn restart(&mut self) {
        self.next = None;
        self.listed.clear();
        self.known.clear();
    }

    /// It has begun, and never been through since the start.
    pub(super) fn is_first_and_goes_on(&self) -> bool {
        self.next.is_some() && !self.complete_once
    }
}

/// Brings a table in line with a listing that came whole: only what differs is written.
pub(in crate::core) fn reconcile<T: PartialEq>(
    table: &mut BTreeMap<String, T>,
    listed: Vec<T>,
    key: impl Fn(&T) -> &String,
    put: impl Fn(&T) -> Write,
    delete: impl Fn(String) -> Write,
    writes: &mut Vec<Write>,
) {
    let keep: BTreeSet<String> = listed.iter().map(|object| key(object).clone()).collect();
    for object in listed {
        let key = key(&object).clone();
        if table.get(&key) != Some(&object) {
            writes.push(put(&object));
            table.insert(key, object);
        }
    }
    let gone: Vec<_> = table.keys().filter(|key| !keep.contains(*key)).cloned().collect();
    for key in gone {
        table.remove(&key);
        writes.push(delete(key));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_was_known_when_a_listing_began_can_be_missing_from_it() {
        let mut listing = Listing::default();
        listing.ask(keys(&["a", "b", "c"]).into_iter());
        assert_eq!(listing.page(keys(&["b"]), Some("b".to_owned())), None);
        assert!(listing.is_first_and_goes_on());
        // met while the listing goes on; it would stand on the first page
        listing.ask(keys(&["a", "b", "c", "new"]).into_iter());
        let through = listing.page(keys(&["c"]), None).unwrap();
        assert_eq!(through, Listed { missing: keys(&["a"]).into_iter().collect(), is_empty: false });
        listing.ask(keys(&["b", "c", "new"]).into_iter());
        let through = listing.page(keys(&["b", "c"]), None).unwrap();
        assert_eq!(through.missing.into_iter().collect::<Vec<_>>(), ["new"]);
        listing.ask(keys(&["b"]).into_iter());
        assert!(listing.page(Vec::new(), None).unwrap().is_empty);
    }

    #[test]
    fn a_listing_that_failed_begins_anew_and_forgets_its_pages() {
        let mut listing = Listing::default();
        listing.ask(keys(&["a"]).into_iter());
        listing.page(keys(&["a"]), Some("a".to_owned()));
        listing.restart();
        listing.ask(keys(&["a"]).into_iter());
        assert_eq!(listing.page(Vec::new(), None).unwrap().missing.len(), 1);
    }

    #[test]
    fn a_table_follows_a_whole_listing_and_only_differences_are_written() {
        let mut table: BTreeMap<String, (String, u8)> =
            [("a", 1), ("b", 2), ("c", 3)].map(|(k, v)| (k.to_owned(), (k.to_owned(), v))).into();
        let listed = vec![("b".to_owned(), 2), ("c".to_owned(), 4), ("d".to_owned(), 5)];
        let mut writes = Vec::new();
        let row =
            |name: &str| nfv_vim_db::row::SystemRow { name: name.to_owned(), description: String::new() };
        reconcile(
            &mut table,
            listed,
            |object| &object.0,
            |object| Write::PutSystem(row(&object.0)),
            |name| Write::DeleteSystem { name },
            &mut writes,
        );
        assert_eq!(
            writes,
            [
                Write::PutSystem(row("c")),
                Write::PutSystem(row("d")),
                Write::DeleteSystem { name: "a".to_owned() }
            ]
        );
        assert_eq!(table.values().map(|object| object.1).collect::<Vec<_>>(), [2, 4, 5]);
    }
}
