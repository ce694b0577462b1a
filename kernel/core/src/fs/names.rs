//! The names that a directory knows something of.
//!
//! Most names are looked up and never changed: those looked up last are in a short list. What was made, removed or changed is in
//! a map, and so is what somebody held when the list was full.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;

use super::node::Node;

/// Names that are listed before those are forgotten that can be had again.
const LISTED: usize = 128;

/// What is known of a name that is in the map.
pub(crate) struct Entry {
    /// What it names; none when it was removed and would else be seen beneath.
    pub(crate) node: Option<Rc<Node>>,
    /// Its place in the listing, when it is not one that lies beneath.
    pub(crate) place: Option<u64>,
}

/// Names, and what they name.
#[derive(Default)]
pub(crate) struct Names {
    /// What lies beneath and was looked up.
    looked_up: Vec<(Rc<[u8]>, Rc<Node>)>,
    map: BTreeMap<Rc<[u8]>, Entry>,
    /// How long the map gets before it is searched for what can be had again.
    search_at: usize,
}

impl Names {
    /// What `name` names, if that is known; nothing when it was removed.
    pub(crate) fn known(&self, name: &[u8]) -> Option<Option<&Rc<Node>>> {
        let listed = self.looked_up.iter();
        if let Some((_, node)) = listed.rev().find(|(listed, _)| **listed == *name) {
            return Some(Some(node));
        }
        self.in_map(name).map(|entry| entry.node.as_ref())
    }

    /// What was made, removed or kept with `name`.
    pub(crate) fn in_map(&self, name: &[u8]) -> Option<&Entry> {
        self.map.get(name)
    }

    /// Whether nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.looked_up.is_empty() && self.map.is_empty()
    }

    /// Lists what a name that nothing is known of names beneath.
    pub(crate) fn list(&mut self, name: Rc<[u8]>, node: Rc<Node>) {
        if self.looked_up.len() >= LISTED {
            self.forget();
        }
        self.looked_up.push((name, node));
    }

    /// Puts what became of a name into the map.
    pub(crate) fn set(&mut self, name: Rc<[u8]>, entry: Entry) {
        self.unlist(&name);
        self.map.insert(name, entry);
    }

    /// Knows nothing of a name any more.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        self.unlist(name);
        self.map.remove(name);
    }

    /// Takes one of the nodes out.
    pub(crate) fn pop(&mut self) -> Option<Rc<Node>> {
        if let Some((_, node)) = self.looked_up.pop() {
            return Some(node);
        }
        while let Some((_, entry)) = self.map.pop_first() {
            if entry.node.is_some() {
                return entry.node;
            }
        }
        None
    }

    fn unlist(&mut self, name: &[u8]) {
        self.looked_up.retain(|(listed, _)| **listed != *name);
    }

    /// Empties the list. The map is searched when it is twice as long as it was then: that takes no more time than to fill it.
    fn forget(&mut self) {
        for (name, node) in mem::take(&mut self.looked_up) {
            let node = Some(node);
            let entry = Entry { node, place: None };
            if entry.is_needed() {
                self.map.insert(name, entry);
            }
        }
        if self.map.len() >= self.search_at {
            self.map.retain(|_, entry| entry.is_needed());
            self.search_at = self.map.len().saturating_mul(2).max(LISTED);
        }
    }
}

impl Entry {
    /// Whether looking beneath again would not give the same.
    fn is_needed(&self) -> bool {
        let can_be_had = |node: &Rc<Node>| Rc::strong_count(node) == 1 && node.is_as_archived();
        self.place.is_some() || !self.node.as_ref().is_some_and(can_be_had)
    }
}
