//! An open file: what an `open(2)` made, shared by all descriptors that were duplicated from it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::device::Device;
use super::locks::{Locks, Owner};
use super::node::Node;
use super::view::View;
use crate::driver::streams::Stream;

/// The status flags that `F_SETFL` can change and that have an effect here.
pub(crate) const CHANGEABLE: u32 = linux::O_APPEND | linux::O_NONBLOCK | linux::O_NOATIME;

/// An open file description (open(2)).
pub(crate) struct OpenFile {
    /// What is open.
    pub(crate) target: Target,
    /// Access mode and status flags, as `F_GETFL` tells them.
    pub(crate) flags: Cell<u32>,
    /// The file offset; for a directory the place that its listing has come to.
    pub(crate) position: Cell<u64>,
}

/// What is open.
pub(crate) enum Target {
    /// A regular file or a directory.
    Node(Rc<Node>),
    /// A character device, and its node.
    Device(Device, Rc<Node>),
    /// A file whose bytes are made when it is read from its start, what they were then, and its node.
    View(View, RefCell<Option<Rc<[u8]>>>, Rc<Node>),
    /// A standard stream, and its node.
    Stream(Stream, Rc<Node>),
    /// Any node, opened only to be named (`O_PATH`).
    Name(Rc<Node>),
}

impl OpenFile {
    /// Opens a target.
    pub(crate) fn new(target: Target, flags: u32) -> Rc<Self> {
        Rc::new(Self {
            target,
            flags: Cell::new(flags),
            position: Cell::new(0),
        })
    }

    /// Whether it was opened for reading.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(
            self.flags.get() & linux::O_ACCMODE,
            linux::O_RDONLY | linux::O_RDWR
        ) && !self.is_name()
    }

    /// Whether it was opened for writing.
    pub(crate) fn is_writable(&self) -> bool {
        matches!(
            self.flags.get() & linux::O_ACCMODE,
            linux::O_WRONLY | linux::O_RDWR
        ) && !self.is_name()
    }

    /// Whether a flag is set.
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    /// Whether it only names something.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.target, Target::Name(_))
    }

    /// The node that is open.
    pub(crate) fn node(&self) -> &Rc<Node> {
        match &self.target {
            Target::Node(node)
            | Target::Device(_, node)
            | Target::View(_, _, node)
            | Target::Stream(_, node)
            | Target::Name(node) => node,
        }
    }

    /// What tells this open file from others while it is open.
    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// The owner of its own locks.
    pub(crate) fn owner(&self) -> Owner {
        Owner::File(self.address())
    }

    /// Does something with the locks on the file.
    pub(crate) fn with_locks<T>(&self, act: impl FnOnce(&mut Locks, usize) -> T) -> T {
        let mut slot = self.node().locks.borrow_mut();
        let locks = slot.get_or_insert_with(Box::default);
        let result = act(locks, self.address());
        if locks.is_empty() {
            *slot = None;
        }
        result
    }
}

impl Drop for OpenFile {
    /// The last descriptor of an open file takes its locks along.
    fn drop(&mut self) {
        if self.node().locks.borrow().is_some() {
            self.with_locks(|locks, file| {
                locks.free(Owner::File(file), 0, u64::MAX);
                locks.free_whole(file);
            });
        }
    }
}
