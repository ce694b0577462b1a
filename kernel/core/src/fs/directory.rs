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

use super::archive::Mounted;
use super::contents::Lower;
use super::erofs::Nid;
use super::make::{entry_type_of_archive, number_of};
use super::names::{Entry, Names};
use super::node::{Kind, Node, entry_type};
use super::tree::view_number;
use super::view::{Folder, Line, Shows};
use crate::errno::Errno;

/// The first place of a view: behind each that a name of the archive can have.
const FIRST_VIEW: u64 = 1 << 47;

/// The first place of a new name: behind each that something beneath can have.
const FIRST_NEW: u64 = 1 << 48;

/// What a directory shows where nothing was changed in it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beneath {
    /// A folder of [`TABLE`](crate::view::TABLE), or one whose names are numbers: they cover names of the archive.
    pub(crate) views: Option<Folder>,
    /// A directory of the archive.
    pub(crate) archive: Option<Lower>,
}

/// What a name from beneath is.
pub(crate) enum Found {
    /// A line of the table, with its number.
    View(u64, &'static Line),
    /// A file of the archive.
    Archived(&'static Mounted, Nid),
}

/// A name from beneath in a listing.
pub(crate) struct Below {
    /// Its place there.
    pub(crate) place: u64,
    /// The name.
    pub(crate) name: &'static [u8],
    /// The inode's number.
    pub(crate) number: u64,
    /// `DT_*`.
    pub(crate) entry_type: u8,
}

impl Beneath {
    /// What `name` is; descriptors are not found.
    pub(crate) fn find(&self, name: &[u8]) -> Result<Option<Found>, Errno> {
        let view = self.views.and_then(|folder| folder.child(name));
        let archived = match &self.archive {
            Some(lower) if !covers(view) => lower
                .archive
                .find(&lower.extent, name)
                .map_err(|_| Errno::EIO)?
                .map(|entry| Found::Archived(lower.archive, entry.nid)),
            _ => None,
        };
        Ok(archived.or(view.map(|(number, line)| Found::View(number, line))))
    }

    /// The first name at `place` or behind it: those of the archive, then the views'. Descriptors are not listed.
    pub(crate) fn at_or_behind(&self, place: u64) -> Result<Option<Below>, Errno> {
        let mut next = place;
        while let Some(lower) = &self.archive {
            let found = lower.archive.at_or_behind(&lower.extent, next);
            let Some((place, entry)) = found.map_err(|_| Errno::EIO)? else {
                break;
            };
            let name = entry.name;
            let view = self.views.and_then(|folder| folder.child(name));
            if name != b"." && name != b".." && !covers(view) {
                return Ok(Some(Below {
                    place,
                    name,
                    number: number_of(entry.nid),
                    entry_type: entry_type_of_archive(entry.kind),
                }));
            }
            next = place.saturating_add(1);
        }
        let mut next = place.saturating_sub(FIRST_VIEW);
        while let Some((number, line)) = self.views.and_then(|folder| folder.at(next)) {
            let name = line.name.as_bytes();
            if matches!(self.find(name)?, Some(Found::View(..))) {
                return Ok(Some(Below {
                    place: FIRST_VIEW.saturating_add(next),
                    name,
                    number: view_number(number),
                    entry_type: entry_type(line.mode),
                }));
            }
            next = next.saturating_add(1);
        }
        Ok(None)
    }
}

/// Whether a line that a name has is seen in place of what the archive has there.
fn covers(view: Option<(u64, &Line)>) -> bool {
    view.is_some_and(|(_, line)| !matches!(line.shows, Shows::Empty))
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
    names: Names,
    /// New names by place.
    order: BTreeMap<u64, Rc<[u8]>>,
    next_place: u64,
}

/// An empty directory over something.
pub(crate) fn directory(beneath: Beneath) -> Kind {
    Kind::Directory(RefCell::new(Directory {
        beneath,
        names: Names::default(),
        order: BTreeMap::new(),
        next_place: FIRST_NEW,
    }))
}

impl Directory {
    /// What `name` names, if that is known; nothing when it was removed.
    pub(crate) fn known(&self, name: &[u8]) -> Option<Option<&Rc<Node>>> {
        self.names.known(name)
    }

    /// Whether nothing was looked up, made or removed that is still remembered.
    pub(crate) fn is_untouched(&self) -> bool {
        self.names.is_empty()
    }

    /// Remembers what a name from beneath names; forgets others when there are many.
    pub(crate) fn remember(&mut self, name: Rc<[u8]>, node: Rc<Node>) {
        self.names.list(name, node);
    }

    /// How many names are new.
    pub(crate) fn new_names(&self) -> usize {
        self.order.len()
    }

    /// Gives `node` a name, in place of what had it.
    pub(crate) fn put(&mut self, name: Rc<[u8]>, node: &Rc<Node>) -> Result<(), Errno> {
        let place = match self.names.in_map(&name) {
            Some(known) => known.place,
            None if self.beneath.find(&name)?.is_some() => None,
            None => {
                let place = self.next_place;
                self.next_place = place.saturating_add(1);
                self.order.insert(place, name.clone());
                Some(place)
            }
        };
        let node = Some(node.clone());
        self.names.set(name, Entry { node, place });
        Ok(())
    }

    /// Takes a name away.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Result<(), Errno> {
        if let Some(place) = self.names.in_map(name).and_then(|known| known.place) {
            self.order.remove(&place);
            self.names.remove(name);
        } else if self.beneath.find(name)?.is_some() {
            let (node, place) = (None, None);
            self.names.set(name.into(), Entry { node, place });
        } else {
            self.names.remove(name);
        }
        Ok(())
    }

    /// The first new name at `place` or behind it, and what it names.
    pub(crate) fn new_at_or_behind(&self, place: u64) -> Option<(NewName<'_>, &Rc<Node>)> {
        self.order.range(place..).find_map(|(place, name)| {
            let node = self.names.in_map(name)?.node.as_ref()?;
            Some((
                NewName {
                    place: *place,
                    name,
                },
                node,
            ))
        })
    }
}

/// Lets go what it alone holds, directory by directory: programs make trees that are deeper than the kernel's stack.
impl Drop for Directory {
    fn drop(&mut self) {
        let mut left = Vec::new();
        let mut names = mem::take(&mut self.names);
        loop {
            while let Some(node) = names.pop() {
                let Some(below) = own_names(node) else {
                    continue;
                };
                let rest = mem::replace(&mut names, below);
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
                Some(rest) => names = rest,
                None => return,
            }
        }
    }
}

/// What is below a directory that nobody else holds, which goes.
fn own_names(node: Rc<Node>) -> Option<Names> {
    match Rc::into_inner(node)?.kind {
        Kind::Directory(directory) => Some(mem::take(&mut directory.into_inner().names)),
        _ => None,
    }
}
