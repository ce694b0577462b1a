//! The tree of names: the archive's directories under those that the program changed.
//!
//! A directory remembers what was looked up, made and removed in it, so a name leads to the same [`Node`] for as long as somebody
//! holds it. What is as archived and held by nobody is forgotten when a directory remembers much.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::archive::Mounted;
use super::directory::{Beneath, Found, directory};
use super::erofs::{ErofsError, Nid};
use super::make::{archived_node, descriptor_node, view_node};
use super::node::{Attributes, Kind, Location, Mount, Node, entry_type};
use super::view::{Folder, View};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::memory::budget;
use crate::time::Timestamp;

/// Where the numbers of nodes that the archive doesn't have begin.
const FIRST_NUMBER: u64 = 1 << 32;

/// The place of the first name behind `.` and `..` in a listing.
const FIRST_PLACE: u64 = 2;

/// All names, from the root.
pub(crate) struct Tree {
    root: Rc<Node>,
    /// Nodes of the archive with several names.
    linked: RefCell<BTreeMap<Nid, Rc<Node>>>,
    next_number: Cell<u64>,
    /// How many names were made.
    made: Cell<usize>,
    /// When the views were there first.
    started: Timestamp,
}

/// One name of a directory, as `getdents64(2)` tells it.
pub(crate) struct Listed {
    /// The name.
    pub(crate) name: Box<[u8]>,
    /// The inode's number.
    pub(crate) number: u64,
    /// `DT_*`.
    pub(crate) entry_type: u8,
    /// The place behind it.
    pub(crate) next: u64,
}

impl Tree {
    /// The tree over an archive, or one with views alone; they are as old as `now`.
    pub(crate) fn new(
        archive: Option<&'static Mounted>,
        now: Timestamp,
    ) -> Result<Self, ErofsError> {
        let root = match archive {
            Some(archive) => {
                let inode = archive.root()?;
                archived_node(archive, &inode).map_err(|_| ErofsError::Directory)?
            }
            None => {
                let kind = directory(Beneath::default());
                Node::new(1, Mount::Root, kind, linux::S_IFDIR | 0o755, now)
            }
        };
        if let Kind::Directory(directory) = &root.kind {
            directory.borrow_mut().beneath.views = Some(Folder::ROOT);
        }
        Ok(Self {
            root,
            linked: RefCell::new(BTreeMap::new()),
            next_number: Cell::new(FIRST_NUMBER),
            made: Cell::new(0),
            started: now,
        })
    }

    /// The root directory.
    pub(crate) fn root(&self) -> &Rc<Node> {
        &self.root
    }

    /// What `name` names in `parent`. Without a kernel nothing is open.
    pub(crate) fn lookup(
        &self,
        parent: &Rc<Node>,
        name: &[u8],
        kernel: Option<&Kernel>,
    ) -> Result<Option<Rc<Node>>, Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        let mut directory = directory.borrow_mut();
        if let Some(known) = directory.known(name) {
            return Ok(known.cloned());
        }
        let node = match directory.beneath.find(name)? {
            Some(Found::Archived(archive, nid)) => self.archived(archive, nid)?,
            Some(Found::View(number, line)) => view_node(number, line, parent.mount, self.started),
            None => {
                let folder = directory.beneath.views;
                let node = folder.and_then(|it| descriptor_node(it, name, kernel, self.started));
                return Ok(node.inspect(|node| node.locate(parent, name.into())));
            }
        };
        let name: Rc<[u8]> = name.into();
        node.locate(parent, name.clone());
        directory.remember(name, node.clone());
        Ok(Some(node))
    }

    /// The node for an inode of the archive; the same one for all names of a file.
    fn archived(&self, archive: &'static Mounted, nid: Nid) -> Result<Rc<Node>, Errno> {
        let inode = archive.inode(nid).map_err(|_| Errno::EIO)?;
        if inode.links <= 1 || inode.is_directory() {
            return archived_node(archive, &inode);
        }
        let mut linked = self.linked.borrow_mut();
        if let Some(node) = linked.get(&nid) {
            return Ok(node.clone());
        }
        let node = archived_node(archive, &inode)?;
        linked.insert(nid, node.clone());
        Ok(node)
    }

    /// Makes a node that no path names yet. `mode` holds type and permissions.
    pub(crate) fn create(&self, mount: Mount, kind: Kind, mode: u32, now: Timestamp) -> Rc<Node> {
        let number = self.next_number.get();
        self.next_number.set(number.wrapping_add(1));
        let node = Node::new(number, mount, kind, mode, now);
        node.changed.set(true);
        node
    }

    /// Gives `node` a name in `parent`, in place of what had it.
    pub(crate) fn put(
        &self,
        parent: &Rc<Node>,
        name: Rc<[u8]>,
        node: &Rc<Node>,
    ) -> Result<(), Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        let mut directory = directory.borrow_mut();
        let before = directory.new_names();
        directory.put(name.clone(), node)?;
        self.count(before, directory.new_names());
        node.locate(parent, name);
        Ok(())
    }

    /// Adds a new name, and notes the change of the directory.
    pub(crate) fn add(
        &self,
        parent: &Rc<Node>,
        name: Rc<[u8]>,
        node: &Rc<Node>,
        now: Timestamp,
    ) -> Result<(), Errno> {
        budget::allow_file()?;
        if self.names_left() == 0 {
            return Err(Errno::ENOSPC);
        }
        self.put_at(parent, name, node, now)
    }

    /// Gives a node a name for which another goes, in place of what had it.
    pub(crate) fn put_at(
        &self,
        parent: &Rc<Node>,
        name: Rc<[u8]>,
        node: &Rc<Node>,
        now: Timestamp,
    ) -> Result<(), Errno> {
        budget::allow_kernel_memory().map_err(|_| Errno::ENOSPC)?;
        // As Linux answers there.
        match parent.mount {
            Mount::Root => {}
            Mount::Sys => return Err(Errno::EPERM),
            Mount::Proc | Mount::Streams | Mount::Unnamed => return Err(Errno::ENOENT),
        }
        if parent.attributes.borrow().links == 0 {
            return Err(Errno::ENOENT);
        }
        self.put(parent, name, node)?;
        parent.touch_contents(now);
        Ok(())
    }

    fn count(&self, before: usize, now: usize) {
        let made = self.made.get().saturating_add(now);
        self.made.set(made.saturating_sub(before));
    }

    /// How many more names can be made.
    pub(crate) fn names_left(&self) -> usize {
        budget::names().saturating_sub(self.made.get())
    }

    /// Takes a name away. The node lives on while somebody holds it.
    pub(crate) fn remove(
        &self,
        parent: &Rc<Node>,
        name: &[u8],
        now: Timestamp,
    ) -> Result<(), Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        if parent.mount != Mount::Root {
            return Err(Errno::EPERM);
        }
        let mut directory = directory.borrow_mut();
        let before = directory.new_names();
        directory.remove(name)?;
        self.count(before, directory.new_names());
        parent.touch_contents(now);
        Ok(())
    }

    /// The first name of `parent` at `place` or behind it: `.` and `..` at 0 and 1.
    pub(crate) fn next(
        &self,
        parent: &Rc<Node>,
        place: u64,
        kernel: Option<&Kernel>,
    ) -> Result<Option<Listed>, Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        let Some(place) = place.checked_sub(FIRST_PLACE) else {
            let (name, node) = if place == 0 {
                (&b"."[..], parent.clone())
            } else {
                (&b".."[..], parent.parent())
            };
            return Ok(Some(Listed::new(name, node.number, node.mode(), place)));
        };
        let directory = directory.borrow();
        if let Some(Folder::Descriptors(folder, view)) = directory.beneath.views {
            return Ok(next_descriptor(folder, view, place, kernel));
        }
        let mut next = place;
        while let Some(below) = directory.beneath.at_or_behind(next)? {
            next = below.place.saturating_add(1);
            let (number, entry_type) = match directory.known(below.name) {
                None => (below.number, below.entry_type),
                Some(Some(node)) => (node.number, node.entry_type()),
                // It was removed.
                Some(None) => continue,
            };
            return Ok(Some(Listed {
                name: below.name.into(),
                number,
                entry_type,
                next: next.saturating_add(FIRST_PLACE),
            }));
        }
        let new = directory.new_at_or_behind(place);
        Ok(new.map(|(new, node)| {
            let at = new.place.saturating_add(FIRST_PLACE);
            Listed::new(new.name, node.number, node.mode(), at)
        }))
    }

    /// Whether a directory has no names.
    pub(crate) fn is_empty(&self, node: &Rc<Node>) -> Result<bool, Errno> {
        Ok(self.next(node, FIRST_PLACE, None)?.is_none())
    }
}

impl Listed {
    fn new(name: &[u8], number: u64, mode: u32, place: u64) -> Self {
        Self {
            name: name.into(),
            number,
            entry_type: entry_type(mode),
            next: place.saturating_add(1),
        }
    }
}

/// The inode's number for a line of the table of views with this number.
pub(super) fn view_number(line: u64) -> u64 {
    const FIRST: u64 = 1 << 40;
    FIRST.saturating_add(line)
}

/// The inode's number for a descriptor in the folder with this number.
pub(super) fn descriptor_number(folder: u64, descriptor: usize) -> u64 {
    const FIRST: u64 = 1 << 41;
    FIRST
        .saturating_add(folder << 32)
        .saturating_add(descriptor as u64)
}

fn next_descriptor(
    folder: u64,
    view: fn(usize) -> View,
    place: u64,
    kernel: Option<&Kernel>,
) -> Option<Listed> {
    let first = usize::try_from(place).ok()?;
    let number = kernel?.descriptors.first_open(first)?;
    Some(Listed::new(
        alloc::format!("{number}").as_bytes(),
        descriptor_number(folder, number),
        super::make::descriptor_mode(view(number)),
        (number as u64).saturating_add(FIRST_PLACE),
    ))
}

impl Node {
    /// Root's, with one name (a directory: two), changed just now; no path names it yet, and it can be had again as it is.
    pub(super) fn new(
        number: u64,
        mount: Mount,
        kind: Kind,
        mode: u32,
        now: Timestamp,
    ) -> Rc<Self> {
        let is_directory = mode & linux::S_IFMT == linux::S_IFDIR;
        Rc::new(Self {
            number,
            mount,
            kind,
            attributes: RefCell::new(Attributes {
                mode,
                uid: 0,
                gid: 0,
                links: if is_directory { 2 } else { 1 },
                accessed: now,
                modified: now,
                changed: now,
            }),
            location: RefCell::new(None),
            changed: Cell::new(false),
            locks: RefCell::new(None),
        })
    }

    /// Notes where it was found or put.
    fn locate(&self, parent: &Rc<Self>, name: Rc<[u8]>) {
        *self.location.borrow_mut() = Some(Location {
            parent: Rc::downgrade(parent),
            name,
        });
    }
}
