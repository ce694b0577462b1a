//! A file, directory, symbolic link or device of the tree.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::contents::Contents;
use super::device::Device;
use super::directory::Directory;
use super::locks::Locks;
use super::path::MAX_PATH;
use super::view::View;
use crate::driver::streams::Stream;
use crate::time::Timestamp;

/// What stands behind the path of something that was unlinked.
pub(crate) const DELETED: &[u8] = b" (deleted)";

/// The bits of a mode that `chmod(2)` can change.
pub(crate) const PERMISSIONS: u32 = 0o7777;

/// Something that a path can name. Having it by an [`Rc`] keeps its bytes, whether a path still names it or not.
pub(crate) struct Node {
    /// Its inode number.
    pub(crate) number: u64,
    /// Which file system it belongs to.
    pub(crate) mount: Mount,
    /// What it holds.
    pub(crate) kind: Kind,
    /// What `stat(2)` tells about it.
    pub(crate) attributes: RefCell<Attributes>,
    /// Where it was last found or put; none for the root and for what was unlinked.
    pub(crate) location: RefCell<Option<Location>>,
    /// Whether its attributes or contents differ from those that it can be had again with.
    pub(crate) changed: Cell<bool>,
    /// The locks on it, once there was one.
    pub(crate) locks: RefCell<Option<Box<Locks>>>,
}

/// A file system: what `stat(2)` tells apart by device number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mount {
    /// The archive and the changes over it, with `/dev`.
    Root,
    /// `/proc`: nothing can be made or removed.
    Proc,
    /// `/sys`: nothing can be made or removed.
    Sys,
    /// The standard streams.
    Streams,
    /// Files that never had a name (memfd_create(2)).
    Unnamed,
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
    /// A file or link that is made when it is asked for.
    View(View),
    /// A standard stream.
    Stream(Stream),
    /// A device, FIFO or socket of the archive that this kernel has no driver for.
    Other,
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
            Kind::Device(_) | Kind::View(_) | Kind::Stream(_) | Kind::Other => 0,
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

    /// Its path from `root` as `/proc` shows it: with ` (deleted)` behind it when it (or a directory above it) was unlinked;
    /// `None` when it does not lie below `root`.
    pub(crate) fn path(self: &Rc<Self>, root: &Rc<Self>) -> Option<Vec<u8>> {
        // From the end to the root, and back to front.
        let mut path = Vec::new();
        let mut node = self.clone();
        let mut is_gone = self.attributes.borrow().links == 0;
        // Of a path that is too long for all who ask only the end is made.
        while !Rc::ptr_eq(&node, root) && path.len() <= MAX_PATH {
            let parent = {
                let location = node.location.borrow();
                let location = location.as_ref()?;
                path.extend(location.name.iter().rev());
                path.push(b'/');
                let Some(parent) = location.parent.upgrade() else {
                    break;
                };
                is_gone |= !parent.holds(&location.name, &node);
                parent
            };
            node = parent;
        }
        if path.is_empty() {
            path.push(b'/');
        }
        path.reverse();
        if is_gone {
            path.extend_from_slice(DELETED);
        }
        Some(path)
    }

    /// Whether a name in it that led to `node` still does.
    fn holds(&self, name: &[u8], node: &Rc<Self>) -> bool {
        let Kind::Directory(directory) = &self.kind else {
            return false;
        };
        match directory.borrow().known(name) {
            Some(known) => known.is_some_and(|known| Rc::ptr_eq(known, node)),
            None => !node.changed.get(),
        }
    }

    /// Whether a link leads elsewhere from it.
    pub(crate) fn is_link(&self) -> bool {
        matches!(
            self.kind,
            Kind::Link(_) | Kind::View(View::Magic(_) | View::Descriptor(_))
        )
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

    /// Whether what lies beneath can give it back as it is: nothing was changed, and nothing beneath it is remembered.
    pub(crate) fn is_as_archived(&self) -> bool {
        !self.changed.get()
            && match &self.kind {
                Kind::File(contents) => contents.borrow().is_unchanged(),
                Kind::Directory(directory) => directory.borrow().is_untouched(),
                Kind::Link(_) | Kind::Device(_) | Kind::View(_) | Kind::Other => true,
                Kind::Stream(_) => false,
            }
    }
}

/// The type in a directory entry for a mode: its type bits, as readdir(3) has it.
pub(crate) fn entry_type(mode: u32) -> u8 {
    u8::try_from((mode & linux::S_IFMT) >> 12).unwrap_or(0)
}
