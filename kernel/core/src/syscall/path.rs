//! How paths are read from the program and walked, and how a node is put where a walk ended.

use alloc::rc::Rc;

use linux_raw_sys::general as linux;

use super::arg::{Base, Fd, PathArg};
use crate::errno::Errno;
use crate::fs::node::{Kind, Mount, Node};
use crate::fs::path::Remaining;
use crate::fs::walk::{LastLink, LastName, Limits, Scope, Walked};
use crate::kernel::Kernel;

impl Base {
    /// The descriptor, where it is one.
    pub(super) fn descriptor(self) -> Option<Result<Fd, Errno>> {
        match self {
            Self::Working => None,
            Self::Open(number) => Some(usize::try_from(number).map(Fd).map_err(|_| Errno::EBADF)),
        }
    }
}

impl Kernel {
    /// Reads a path of the program's and walks it.
    pub(super) fn walk(
        &mut self,
        base: Base,
        path: PathArg,
        last: LastLink,
    ) -> Result<Walked, Errno> {
        let path = self.memory.read_text(path.0)?;
        self.walk_text(base, Remaining::new(path)?, last)
    }

    fn walk_text(&self, base: Base, path: Remaining, last: LastLink) -> Result<Walked, Errno> {
        let start = self.start_of(base, &path)?;
        let scope = Scope {
            root: &self.root,
            start,
            limits: Limits::empty(),
            kernel: Some(self),
        };
        self.tree.walk(&scope, path, last)
    }

    /// The node that a path names; with `AT_EMPTY_PATH` and no path the one that is open.
    pub(super) fn node_at(
        &mut self,
        base: Base,
        path: PathArg,
        flags: u32,
    ) -> Result<Rc<Node>, Errno> {
        let text = self.memory.read_text(path.0)?;
        if text.is_empty() && flags & linux::AT_EMPTY_PATH != 0 {
            return self.node_of(base).cloned();
        }
        let last = if flags & linux::AT_SYMLINK_NOFOLLOW != 0 {
            LastLink::Keep
        } else {
            LastLink::Follow
        };
        self.walk_text(base, Remaining::new(text)?, last)?
            .existing()
    }

    /// Where a path starts when it is relative; an absolute one does not look at the descriptor.
    pub(super) fn start_of(&self, base: Base, path: &Remaining) -> Result<&Rc<Node>, Errno> {
        match base {
            Base::Open(_) if !path.is_absolute() => self.node_of(base),
            _ => Ok(&self.working_directory),
        }
    }

    /// The node that relative paths start at.
    pub(super) fn node_of(&self, base: Base) -> Result<&Rc<Node>, Errno> {
        match base {
            Base::Working => Ok(&self.working_directory),
            Base::Open(number) => {
                let number = usize::try_from(number).map_err(|_| Errno::EBADF)?;
                Ok(self.descriptors.get(number)?.file.node())
            }
        }
    }

    /// Makes a node where a walk ended without one.
    pub(super) fn add_node(
        &self,
        walked: &Walked,
        kind: Kind,
        mode: u32,
    ) -> Result<Rc<Node>, Errno> {
        let LastName::Named(name) = &walked.name else {
            return Err(Errno::EEXIST);
        };
        let node = self.new_node(&walked.parent, kind, mode);
        self.tree
            .add(&walked.parent, name.to_name(), &node, self.clock.now())?;
        Ok(node)
    }

    /// Makes a node for a directory: one with the set-group-id bit hands its group on (inode(7)).
    pub(super) fn new_node(&self, parent: &Node, kind: Kind, mode: u32) -> Rc<Node> {
        let above = *parent.attributes.borrow();
        let inherits = above.mode & linux::S_ISGID != 0;
        let is_directory = mode & linux::S_IFMT == linux::S_IFDIR;
        let inherited = if inherits && is_directory {
            linux::S_ISGID
        } else {
            0
        };
        let node = self
            .tree
            .create(Mount::Root, kind, mode | inherited, self.clock.now());
        if inherits {
            node.attributes.borrow_mut().gid = above.gid;
        }
        node
    }
}
