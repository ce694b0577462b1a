//! A directory's names: what lies beneath, and over it what was looked up, made and removed.
//!
//! Each name has a place in the listing that it keeps for as long as it is there: names from beneath have the place that they
//! have there, new ones come behind all of those in the order in which they were made. So a listing that goes on where it was
//! sees each name that stays exactly once, whatever is made and removed meanwhile (telldir(3)).

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::mem;

use super::contents::Lower;
use super::node::{Kind, Node};
use super::view::Folder;
use crate::errno::Errno;

/// The first place of a new name: behind each that something beneath can have.
const FIRST_NEW: u64 = 1 << 48;

/// Names that a directory remembers before it forgets those that it can get again.
const REMEMBERED: usize = 256;

/// What a directory shows where nothing was changed in it.
#[derive(Clone)]
pub(crate) enum Beneath {
    /// No names.
    Nothing,
    /// A directory of the archive.
    Archive(Lower),
    /// A folder of [`TABLE`](crate::view::TABLE), or one whose names are numbers.
    Views(Folder),
}

/// What is known of a name.
pub(crate) struct Entry {
    /// What it names; none when it was removed and would else be seen beneath.
    pub(crate) node: Option<Rc<Node>>,
    /// Its place in the listing, when it is not one that lies beneath.
    pub(crate) place: Option<u64>,
}

/// A name that does not lie beneath.
pub(crate) struct NewName<'a> {
    /// Its place in the listing.
    pub(crate) place: u64,
    /// The name.
    pub(crate) name: &'a [u8],
}

/// A directory.
pub(crate) struct Directory {
    /// What lies beneath.
    pub(crate) beneath: Beneath,
    entries: BTreeMap<Rc<[u8]>, Entry>,
    /// New names by place.
    order: BTreeMap<u64, Rc<[u8]>>,
    next_place: u64,
}

/// An empty directory over something.
pub(crate) fn directory(beneath: Beneath) -> Kind {
    Kind::Directory(RefCell::new(Directory {
        beneath,
        entries: BTreeMap::new(),
        order: BTreeMap::new(),
        next_place: FIRST_NEW,
    }))
}

impl Directory {
    /// What is known of `name`, if anything.
    pub(crate) fn known(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Whether nothing was looked up, made or removed that is still remembered.
    pub(crate) fn is_untouched(&self) -> bool {
        self.entries.is_empty()
    }

    /// Remembers what a name from beneath names; forgets others when there are many.
    pub(crate) fn remember(&mut self, name: Rc<[u8]>, node: &Rc<Node>) {
        if self.entries.len() >= REMEMBERED {
            self.entries.retain(|_, entry| match &entry.node {
                Some(node) => {
                    entry.place.is_some() || Rc::strong_count(node) > 1 || !node.is_as_archived()
                }
                None => true,
            });
        }
        let node = Some(node.clone());
        self.entries.insert(name, Entry { node, place: None });
    }

    /// How many names are new.
    pub(crate) fn new_names(&self) -> usize {
        self.order.len()
    }

    /// Gives `node` a name, in place of what had it.
    pub(crate) fn put(&mut self, name: Rc<[u8]>, node: &Rc<Node>) -> Result<(), Errno> {
        let place = match self.entries.get(&name) {
            Some(known) => known.place,
            None if self.is_beneath(&name)? => None,
            None => {
                let place = self.next_place;
                self.next_place = place.saturating_add(1);
                self.order.insert(place, name.clone());
                Some(place)
            }
        };
        let node = Some(node.clone());
        self.entries.insert(name, Entry { node, place });
        Ok(())
    }

    /// Takes a name away.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Result<(), Errno> {
        if let Some(place) = self.known(name).and_then(|known| known.place) {
            self.order.remove(&place);
            self.entries.remove(name);
        } else if self.is_beneath(name)? {
            let gone = Entry {
                node: None,
                place: None,
            };
            self.entries.insert(name.into(), gone);
        } else {
            self.entries.remove(name);
        }
        Ok(())
    }

    /// The first new name at `place` or behind it, and what it names.
    pub(crate) fn new_at_or_behind(&self, place: u64) -> Option<(NewName<'_>, &Rc<Node>)> {
        self.order.range(place..).find_map(|(place, name)| {
            let node = self.entries.get(name)?.node.as_ref()?;
            Some((
                NewName {
                    place: *place,
                    name,
                },
                node,
            ))
        })
    }

    fn is_beneath(&self, name: &[u8]) -> Result<bool, Errno> {
        Ok(match &self.beneath {
            Beneath::Nothing => false,
            Beneath::Archive(lower) => lower
                .archive
                .find(&lower.inode, name)
                .map_err(|_| Errno::EIO)?
                .is_some(),
            Beneath::Views(folder) => folder.child(name).is_some(),
        })
    }
}

/// Lets go what it alone holds, directory by directory: programs make trees that are deeper than the kernel's stack.
impl Drop for Directory {
    fn drop(&mut self) {
        let mut left = Vec::new();
        let mut entries = mem::take(&mut self.entries);
        loop {
            while let Some((_, entry)) = entries.pop_first() {
                let Some(below) = entry.node.and_then(own_entries) else {
                    continue;
                };
                let rest = mem::replace(&mut entries, below);
                if rest.is_empty() {
                    continue;
                }
                if left.try_reserve(1).is_ok() {
                    left.push(rest);
                } else {
                    // Without memory to remember them, they stay; that is better than to end the kernel.
                    mem::forget(rest);
                }
            }
            match left.pop() {
                Some(rest) => entries = rest,
                None => return,
            }
        }
    }
}

/// What is below a directory that nobody else holds, which goes.
fn own_entries(node: Rc<Node>) -> Option<BTreeMap<Rc<[u8]>, Entry>> {
    match Rc::into_inner(node)?.kind {
        Kind::Directory(directory) => Some(mem::take(&mut directory.into_inner().entries)),
        _ => None,
    }
}
