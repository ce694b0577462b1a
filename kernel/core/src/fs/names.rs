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
    /// How many names left the list since the map was searched for what can be had again.
    unlisted: usize,
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

    /// Empties the list. The map is searched once as many names went as it has, so that this takes no longer than looking them up.
    fn forget(&mut self) {
        for (name, node) in mem::take(&mut self.looked_up) {
            let node = Some(node);
            let entry = Entry { node, place: None };
            if entry.is_needed() {
                self.map.insert(name, entry);
            }
        }
        self.unlisted = self.unlisted.saturating_add(LISTED);
        if self.unlisted >= self.map.len() {
            self.map.retain(|_, entry| entry.is_needed());
            self.unlisted = 0;
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

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use linux_raw_sys::general as linux;

    use super::super::node::{Kind, Mount};
    use super::*;
    use crate::time::Timestamp;

    /// A node that can be had again.
    fn node() -> Rc<Node> {
        let mode = linux::S_IFIFO | 0o600;
        Node::new(1, Mount::Root, Kind::Other, mode, Timestamp::default())
    }

    #[test]
    fn what_is_held_or_changed_is_known_whatever_else_is_looked_up() {
        let mut names = Names::default();
        let (held, changed) = (node(), node());
        changed.changed.set(true);
        names.list(b"held".as_slice().into(), held.clone());
        names.list(b"changed".as_slice().into(), changed);
        for index in 0..10 * LISTED {
            names.list(index.to_string().as_bytes().into(), node());
        }
        let known = names.known(b"held").flatten().unwrap();
        assert!(Rc::ptr_eq(known, &held));
        assert!(names.known(b"changed").is_some());
        assert!(names.known(b"0").is_none());
        assert!(names.looked_up.len() <= LISTED && names.map.len() == 2);
    }

    #[test]
    fn what_was_held_is_forgotten_in_the_end() {
        let mut names = Names::default();
        let mut held = Vec::new();
        for index in 0..10 * LISTED {
            held.push(node());
            let node = held[index].clone();
            names.list(index.to_string().as_bytes().into(), node);
        }
        assert!(names.known(b"0").is_some());
        held.clear();
        for index in 0..20 * LISTED {
            names.list((index + 10_000).to_string().as_bytes().into(), node());
        }
        assert!(names.known(b"0").is_none() && names.map.is_empty());
    }

    #[test]
    fn what_was_removed_stays_known_as_that() {
        let mut names = Names::default();
        names.list(b"a".as_slice().into(), node());
        let (node, place) = (None, None);
        names.set(b"a".as_slice().into(), Entry { node, place });
        assert!(matches!(names.known(b"a"), Some(None)));
        names.remove(b"a");
        assert!(names.is_empty());
    }
}
