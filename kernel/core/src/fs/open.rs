//! An open file: what an `open(2)` made, shared by all descriptors that were duplicated from it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::device::Device;
use super::node::Node;
use crate::driver::streams::Stream;

/// The status flags that `F_SETFL` can change and that have an effect here.
pub(crate) const CHANGEABLE: u32 = linux::O_APPEND | linux::O_NONBLOCK;

/// An open file description (open(2)).
pub(crate) struct OpenFile {
    /// What is open.
    pub(crate) target: Target,
    /// Access mode and status flags, as `F_GETFL` tells them.
    pub(crate) flags: Cell<u32>,
    /// The file offset; for a directory how many names were listed.
    pub(crate) position: Cell<u64>,
    /// The name that a directory's listing has come to.
    pub(crate) listed: RefCell<Box<[u8]>>,
}

/// What is open.
pub(crate) enum Target {
    /// A regular file or a directory.
    Node(Rc<Node>),
    /// A character device, and its node.
    Device(Device, Rc<Node>),
    /// A file whose bytes were made when it was opened, and its node.
    Text(Box<[u8]>, Rc<Node>),
    /// A standard stream.
    Stream(Stream),
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
            listed: RefCell::default(),
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

    /// The node that is open; none for a stream.
    pub(crate) fn node(&self) -> Option<&Rc<Node>> {
        match &self.target {
            Target::Node(node)
            | Target::Device(_, node)
            | Target::Text(_, node)
            | Target::Name(node) => Some(node),
            Target::Stream(_) => None,
        }
    }
}
