//! From a path to a node: path_resolution(7).

use alloc::rc::Rc;

use bitflags::bitflags;

use super::node::{Kind, Node};
use super::path::{LastPart, Remaining, Then};
use super::tree::Tree;
use crate::errno::Errno;
use crate::kernel::Kernel;

/// More symbolic links than this on one path are a loop (path_resolution(7)).
const MAX_LINKS: u32 = 40;

/// What to do with a symbolic link that is the last name of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastLink {
    /// Go where it leads.
    Follow,
    /// It is meant itself. A slash behind it still leads on.
    Keep,
    /// The name itself is meant, to be made, moved or removed, whatever is behind it.
    Name,
}

bitflags! {
    /// What a walk may not do (`RESOLVE_*` of openat2(2)).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Limits: u8 {
        /// Go into another file system.
        const ONE_MOUNT = 1;
        /// Follow what leads to a node whatever its path is.
        const NO_MAGIC = 2;
        /// Follow links.
        const NO_LINKS = 4;
        /// Leave what is below its start.
        const BENEATH = 8;
    }
}

/// How to walk.
pub(crate) struct Scope<'a> {
    /// Where absolute paths start, and `..` does not lead out of.
    pub(crate) root: &'a Rc<Node>,
    /// Where relative paths start.
    pub(crate) start: &'a Rc<Node>,
    /// What is not allowed.
    pub(crate) limits: Limits,
    /// The process that walks; without one nothing is open.
    pub(crate) kernel: Option<&'a Kernel>,
}

/// Where a path leads.
pub(crate) struct Walked {
    /// The directory that holds the last name; for `.`, `..` and `/` the directory itself.
    pub(crate) parent: Rc<Node>,
    /// The last name.
    pub(crate) name: LastName,
    /// What it names, if anything.
    pub(crate) node: Option<Rc<Node>>,
    /// Whether a slash followed the name.
    pub(crate) slash: bool,
}

/// The last name of a path.
#[derive(Debug, Clone)]
pub(crate) enum LastName {
    /// A name in the directory.
    Named(LastPart),
    /// The path ends in `.`.
    Dot,
    /// The path ends in `..`.
    DotDot,
    /// The path is `/`, or ended where a link leads to a node.
    Root,
}

impl Walked {
    /// What the path names, or `ENOENT`.
    pub(crate) fn existing(self) -> Result<Rc<Node>, Errno> {
        self.node.ok_or(Errno::ENOENT)
    }
}

impl<'a> Scope<'a> {
    /// The whole tree, from its root, without a process.
    pub(crate) fn of_tree(tree: &'a Tree) -> Self {
        Self {
            root: tree.root(),
            start: tree.root(),
            limits: Limits::empty(),
            kernel: None,
        }
    }

    /// Goes to the root, where an absolute path starts.
    fn root(&self, from: &Node) -> Result<Rc<Node>, Errno> {
        if self.limits.contains(Limits::BENEATH) {
            return Err(Errno::EXDEV);
        }
        self.check_mounts(from, self.root)?;
        Ok(self.root.clone())
    }

    /// Whether it is allowed to go from one node to another.
    fn check_mounts(&self, from: &Node, to: &Node) -> Result<(), Errno> {
        if from.mount != to.mount && self.limits.contains(Limits::ONE_MOUNT) {
            return Err(Errno::EXDEV);
        }
        Ok(())
    }

    /// Goes up.
    fn up(&self, from: &Rc<Node>) -> Result<Rc<Node>, Errno> {
        if Rc::ptr_eq(from, self.start) && self.limits.contains(Limits::BENEATH) {
            return Err(Errno::EXDEV);
        }
        if Rc::ptr_eq(from, self.root) {
            return Ok(from.clone());
        }
        let parent = from.parent();
        self.check_mounts(from, &parent)?;
        Ok(parent)
    }

    /// What a link leads to that is not followed by its path.
    fn magic(&self, link: &Node) -> Result<Rc<Node>, Errno> {
        let found = match (&link.kind, self.kernel) {
            (Kind::View(view), Some(kernel)) => kernel.node_behind(*view),
            _ => Err(Errno::ENOENT),
        };
        if self.limits.intersects(Limits::NO_MAGIC | Limits::NO_LINKS) {
            return Err(Errno::ELOOP);
        }
        if self.limits.contains(Limits::BENEATH) {
            return Err(Errno::EXDEV);
        }
        let found = found?;
        self.check_mounts(link, found)?;
        Ok(found.clone())
    }
}

impl Tree {
    /// Walks a path.
    pub(crate) fn walk(
        &self,
        scope: &Scope<'_>,
        mut path: Remaining,
        last: LastLink,
    ) -> Result<Walked, Errno> {
        let mut links = 0_u32;
        let mut directory = scope.start.clone();
        let mut name = LastName::Root;
        while let Some(step) = path.step()? {
            if !directory.is_directory() {
                return Err(Errno::ENOTDIR);
            }
            match step.name {
                b"" => {
                    directory = scope.root(&directory)?;
                    name = LastName::Root;
                    continue;
                }
                b"." => {
                    name = LastName::Dot;
                    continue;
                }
                b".." => {
                    directory = scope.up(&directory)?;
                    name = LastName::DotDot;
                    continue;
                }
                _ => {}
            }
            let (len, then) = (step.name.len(), step.then);
            let found = self.lookup(&directory, step.name, scope.kernel)?;
            let is_followed = match then {
                Then::More => true,
                Then::SlashEnd => last != LastLink::Name,
                Then::End => last == LastLink::Follow,
            };
            if is_followed
                && let Some(link) = &found
                && link.is_link()
            {
                links = links.saturating_add(1);
                if links > MAX_LINKS || scope.limits.contains(Limits::NO_LINKS) {
                    return Err(Errno::ELOOP);
                }
                name = LastName::Root;
                if let Kind::Link(target) = &link.kind {
                    path.insert(target)?;
                } else {
                    directory = scope.magic(link)?;
                }
                continue;
            }
            if let Some(node) = &found {
                scope.check_mounts(&directory, node)?;
                if then == Then::SlashEnd && is_followed && !node.is_directory() {
                    return Err(Errno::ENOTDIR);
                }
            }
            if then != Then::More {
                return Ok(Walked {
                    parent: directory,
                    name: LastName::Named(path.into_last(len)),
                    node: found,
                    slash: then == Then::SlashEnd,
                });
            }
            directory = found.ok_or(Errno::ENOENT)?;
        }
        Ok(Walked {
            parent: directory.clone(),
            name,
            node: Some(directory),
            slash: false,
        })
    }
}
