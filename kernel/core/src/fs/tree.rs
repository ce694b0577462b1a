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
use super::contents::Lower;
use super::directory::{Beneath, directory};
use super::erofs::{ErofsError, Inode, Nid};
use super::make::{archived_node, entry_type_of_archive, number_of, view_node};
use super::node::{Attributes, Kind, Location, Mount, Node, entry_type};
use super::view::{Folder, Shows};
use crate::errno::Errno;
use crate::kernel::Kernel;
use crate::memory::budget;
use crate::time::Timestamp;
use crate::view::TABLE;

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
    /// The tree over an archive, or an empty one.
    pub(crate) fn new(archive: Option<Rc<Mounted>>) -> Result<Self, ErofsError> {
        let root = match archive {
            Some(archive) => {
                let inode = archive.root()?;
                Rc::new(archived_node(Lower { archive, inode }).map_err(|_| ErofsError::Directory)?)
            }
            None => {
                let attributes = Attributes::new(linux::S_IFDIR | 0o755, Timestamp::default());
                let kind = directory(Beneath::Nothing);
                Rc::new(Node::new(1, Mount::Root, kind, attributes))
            }
        };
        Ok(Self {
            root,
            linked: RefCell::new(BTreeMap::new()),
            next_number: Cell::new(FIRST_NUMBER),
            made: Cell::new(0),
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
        if let Some(known) = directory.borrow().known(name) {
            return Ok(known.node.clone());
        }
        let beneath = directory.borrow().beneath.clone();
        let node = match beneath {
            Beneath::Nothing => None,
            Beneath::Archive(lower) => {
                let found = lower.archive.find(&lower.inode, name);
                match found.map_err(|_| Errno::EIO)? {
                    Some(entry) => {
                        let inode = lower.archive.inode(entry.nid).map_err(|_| Errno::EIO)?;
                        let archive = lower.archive;
                        Some(self.archived(Lower { archive, inode })?)
                    }
                    None => None,
                }
            }
            Beneath::Views(folder) => {
                let now = parent.attributes.borrow().changed;
                view_node(folder, name, kernel, now).map(Rc::new)
            }
        };
        if let Some(node) = &node {
            node.locate(parent, name.into());
            if !matches!(
                directory.borrow().beneath,
                Beneath::Views(Folder::Descriptors(..))
            ) {
                directory.borrow_mut().remember(name.into(), node);
            }
        }
        Ok(node)
    }

    /// The node for an inode of the archive; the same one for all names of a file.
    fn archived(&self, lower: Lower) -> Result<Rc<Node>, Errno> {
        let Inode { nid, links, .. } = lower.inode;
        let is_linked = links > 1 && !lower.inode.is_directory();
        if is_linked && let Some(node) = self.linked.borrow().get(&nid) {
            return Ok(node.clone());
        }
        let node = Rc::new(archived_node(lower)?);
        if is_linked {
            self.linked.borrow_mut().insert(nid, node.clone());
        }
        Ok(node)
    }

    /// Makes a node that no path names yet. `mode` holds type and permissions.
    pub(crate) fn create(&self, mount: Mount, kind: Kind, mode: u32, now: Timestamp) -> Rc<Node> {
        let number = self.next_number.get();
        self.next_number.set(number.wrapping_add(1));
        let node = Node::new(number, mount, kind, Attributes::new(mode, now));
        node.changed.set(true);
        Rc::new(node)
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
        let shown = |name: &[u8]| match directory.known(name) {
            // Whether it is still there, and as what.
            Some(known) => (known.node.is_some(), known.node.clone()),
            None => (true, None),
        };
        match &directory.beneath {
            Beneath::Nothing => {}
            Beneath::Archive(lower) => {
                let mut place = place;
                loop {
                    let found = lower.archive.at_or_behind(&lower.inode, place);
                    let Some((at, entry)) = found.map_err(|_| Errno::EIO)? else {
                        break;
                    };
                    place = at.saturating_add(1);
                    let (is_there, node) = shown(entry.name);
                    if !is_there || entry.name == b"." || entry.name == b".." {
                        continue;
                    }
                    let number = node
                        .as_ref()
                        .map_or_else(|| number_of(entry.nid), |node| node.number);
                    let mut listed =
                        Listed::new(entry.name, number, 0, at.saturating_add(FIRST_PLACE));
                    listed.entry_type = node.map_or_else(
                        || entry_type_of_archive(entry.kind),
                        |node| node.entry_type(),
                    );
                    return Ok(Some(listed));
                }
            }
            Beneath::Views(Folder::Descriptors(line, _)) => {
                return Ok(next_descriptor(*line, place, kernel));
            }
            Beneath::Views(folder) => {
                let mut place = place;
                while let Some((at, name)) = folder.at_or_behind(place) {
                    place = (at as u64).saturating_add(1);
                    let (is_there, node) = shown(name.as_bytes());
                    let line_mode = TABLE.get(at).map_or(0, |line| line.mode);
                    if is_there {
                        let mode = node.as_ref().map_or(line_mode, |node| node.mode());
                        let number = node.map_or_else(|| view_number(at), |node| node.number);
                        let place = (at as u64).saturating_add(FIRST_PLACE);
                        return Ok(Some(Listed::new(name.as_bytes(), number, mode, place)));
                    }
                }
            }
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

/// The number of the node for a line of the table of views.
pub(super) fn view_number(line: usize) -> u64 {
    const FIRST: u64 = 1 << 40;
    FIRST.saturating_add(line as u64)
}

/// The number of the node for a descriptor in the folder with this line.
pub(super) fn descriptor_number(line: usize, descriptor: usize) -> u64 {
    const FIRST: u64 = 1 << 41;
    FIRST
        .saturating_add((line as u64) << 32)
        .saturating_add(descriptor as u64)
}

fn next_descriptor(line: usize, place: u64, kernel: Option<&Kernel>) -> Option<Listed> {
    let first = usize::try_from(place).ok()?;
    let number = kernel?.descriptors.first_open(first)?;
    let Shows::Descriptors(view) = TABLE.get(line)?.shows else {
        return None;
    };
    Some(Listed::new(
        alloc::format!("{number}").as_bytes(),
        descriptor_number(line, number),
        super::make::descriptor_mode(view(number)),
        (number as u64).saturating_add(FIRST_PLACE),
    ))
}

impl Attributes {
    /// Root's, with one name (a directory: two), changed just now.
    pub(crate) fn new(mode: u32, now: Timestamp) -> Self {
        Self {
            mode,
            uid: 0,
            gid: 0,
            links: if mode & linux::S_IFMT == linux::S_IFDIR {
                2
            } else {
                1
            },
            accessed: now,
            modified: now,
            changed: now,
        }
    }
}

impl Node {
    /// A node that no path names yet, as it can be had again.
    pub(super) fn new(number: u64, mount: Mount, kind: Kind, attributes: Attributes) -> Self {
        Self {
            number,
            mount,
            kind,
            attributes: RefCell::new(attributes),
            location: RefCell::new(None),
            changed: Cell::new(false),
            locks: RefCell::new(None),
        }
    }

    /// Notes where it was found or put.
    fn locate(&self, parent: &Rc<Self>, name: Rc<[u8]>) {
        *self.location.borrow_mut() = Some(Location {
            parent: Rc::downgrade(parent),
            name,
        });
    }
}
