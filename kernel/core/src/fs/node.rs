//! A file, directory, symbolic link or device of the tree.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::contents::{Contents, Lower};
use super::device::Device;
use crate::time::Timestamp;

/// The bits of a mode that `chmod(2)` can change.
pub(crate) const PERMISSIONS: u32 = 0o7777;

/// Something that a path can name. Having it by an [`Rc`] keeps its bytes, whether a path still names it or not.
pub(crate) struct Node {
    /// Its inode number.
    pub(crate) number: u64,
    /// What it holds.
    pub(crate) kind: Kind,
    /// What `stat(2)` tells about it.
    pub(crate) attributes: RefCell<Attributes>,
    /// Where it was last found or put; none for the root and for what was unlinked.
    pub(crate) location: RefCell<Option<Location>>,
    /// Whether its attributes or contents differ from the archive's.
    pub(crate) changed: Cell<bool>,
}

/// What a node holds.
pub(crate) enum Kind {
    /// A regular file.
    File(RefCell<Contents>),
    /// A directory.
    Directory(RefCell<Directory>),
    /// A symbolic link to a path.
    Link(Cow<'static, [u8]>),
    /// A character device.
    Device(Device),
    /// A file of `/proc` whose bytes are made when it is opened.
    Generated(Generated),
    /// A device, FIFO or socket of the archive that this kernel has no driver for.
    Other,
}

/// A file whose bytes are made when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generated {
    /// `/proc/self/maps` (proc_pid_maps(5)).
    Maps,
}

/// A directory: the archive's names, and over them those that were looked up, made (both `Some`) or removed (`None`).
pub(crate) struct Directory {
    /// The archive's directory beneath.
    pub(crate) lower: Option<Lower>,
    /// Names over it.
    pub(crate) entries: BTreeMap<Rc<[u8]>, Option<Rc<Node>>>,
}

/// What `stat(2)` tells beside type and length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes {
    /// Type and permissions (inode(7)).
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Number of names.
    pub(crate) links: u32,
    /// Last access.
    pub(crate) accessed: Timestamp,
    /// Last change of the contents.
    pub(crate) modified: Timestamp,
    /// Last change of contents or attributes.
    pub(crate) changed: Timestamp,
}

/// A name in a directory.
pub(crate) struct Location {
    /// The directory.
    pub(crate) parent: Weak<Node>,
    /// The name in it.
    pub(crate) name: Rc<[u8]>,
}

impl Node {
    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory(_))
    }

    /// Type and permissions.
    pub(crate) fn mode(&self) -> u32 {
        self.attributes.borrow().mode
    }

    /// Its length in bytes, as `stat(2)` tells it.
    pub(crate) fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(contents) => contents.borrow().size(),
            Kind::Link(target) => target.len() as u64,
            Kind::Directory(_) => 4096,
            Kind::Device(_) | Kind::Generated(_) | Kind::Other => 0,
        }
    }

    /// Its parent directory; the root is its own.
    pub(crate) fn parent(self: &Rc<Self>) -> Rc<Self> {
        let location = self.location.borrow();
        location
            .as_ref()
            .and_then(|location| location.parent.upgrade())
            .unwrap_or_else(|| self.clone())
    }

    /// Its path from the root, or `None` when it (or a directory above it) was unlinked.
    pub(crate) fn path(self: &Rc<Self>, root: &Rc<Self>) -> Option<Vec<u8>> {
        let mut names = Vec::new();
        let mut node = self.clone();
        while !Rc::ptr_eq(&node, root) {
            let parent = {
                let location = node.location.borrow();
                let location = location.as_ref()?;
                names.push(location.name.clone());
                location.parent.upgrade()?
            };
            node = parent;
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Some(path)
    }

    /// Its type as a directory entry tells it (`DT_*` of readdir(3)).
    pub(crate) fn entry_type(&self) -> u8 {
        entry_type(self.mode())
    }

    /// Notes a change of contents.
    pub(crate) fn touch_contents(&self, now: Timestamp) {
        let mut attributes = self.attributes.borrow_mut();
        attributes.modified = now;
        attributes.changed = now;
        self.changed.set(true);
    }

    /// Notes a change of attributes.
    pub(crate) fn touch_attributes(&self, now: Timestamp) {
        self.attributes.borrow_mut().changed = now;
        self.changed.set(true);
    }

    /// Whether the archive alone can give it back as it is: nothing was changed, and nothing beneath it is remembered.
    pub(crate) fn is_as_archived(&self) -> bool {
        !self.changed.get()
            && match &self.kind {
                Kind::File(contents) => contents.borrow().is_unchanged(),
                Kind::Directory(directory) => directory.borrow().entries.is_empty(),
                Kind::Link(_) | Kind::Other => true,
                Kind::Device(_) | Kind::Generated(_) => false,
            }
    }
}

/// The type in a directory entry for a mode: its type bits, as readdir(3) has it.
pub(crate) fn entry_type(mode: u32) -> u8 {
    u8::try_from((mode & linux::S_IFMT) >> 12).unwrap_or(0)
}
