//! From a path to a node: path_resolution(7).

use alloc::rc::Rc;

use super::node::{Kind, Node};
use super::path::{Remaining, Then};
use super::tree::Tree;
use crate::errno::Errno;

/// More symbolic links than this on one path are a loop (path_resolution(7)).
const MAX_LINKS: u32 = 40;

/// What to do with a symbolic link that is the last name of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastLink {
    /// Go where it leads.
    Follow,
    /// It is meant itself. A slash behind it still leads on.
    Keep,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LastName {
    /// A name in the directory.
    Named(Rc<[u8]>),
    /// The path ends in `.`.
    Dot,
    /// The path ends in `..`.
    DotDot,
    /// The path is `/`.
    Root,
}

impl Walked {
    /// What the path names, or `ENOENT`.
    pub(crate) fn existing(self) -> Result<Rc<Node>, Errno> {
        self.node.ok_or(Errno::ENOENT)
    }
}

impl Tree {
    /// Walks `path`, from `start` when it is relative.
    pub(crate) fn walk(
        &self,
        start: &Rc<Node>,
        mut path: Remaining,
        last: LastLink,
    ) -> Result<Walked, Errno> {
        let mut links = 0_u32;
        let mut directory = start.clone();
        if path.is_absolute() {
            directory = self.root().clone();
        }
        let mut name = LastName::Root;
        while let Some(step) = path.step()? {
            if !directory.is_directory() {
                return Err(Errno::ENOTDIR);
            }
            name = LastName::Dot;
            if step.name == b"." {
                continue;
            }
            if step.name == b".." {
                directory = directory.parent();
                name = LastName::DotDot;
                continue;
            }
            let found = self.lookup(&directory, step.name)?;
            let is_link = found
                .as_ref()
                .is_some_and(|node| matches!(node.kind, Kind::Link(_)));
            let is_last = step.then != Then::More;
            if is_last && !(is_link && (last == LastLink::Follow || step.then == Then::SlashEnd)) {
                return last_step(directory, step.name, step.then, found);
            }
            let node = found.ok_or(Errno::ENOENT)?;
            if let Kind::Link(target) = &node.kind {
                links = links.saturating_add(1);
                if links > MAX_LINKS {
                    return Err(Errno::ELOOP);
                }
                path.insert(target)?;
                if path.is_absolute() {
                    directory = self.root().clone();
                }
                name = LastName::Root;
            } else {
                directory = node;
            }
        }
        Ok(Walked {
            parent: directory.clone(),
            name,
            node: Some(directory),
            slash: false,
        })
    }
}

fn last_step(
    parent: Rc<Node>,
    name: &[u8],
    then: Then,
    node: Option<Rc<Node>>,
) -> Result<Walked, Errno> {
    let slash = then == Then::SlashEnd;
    if slash && node.as_ref().is_some_and(|node| !node.is_directory()) {
        return Err(Errno::ENOTDIR);
    }
    Ok(Walked {
        parent,
        name: LastName::Named(name.into()),
        node,
        slash,
    })
}
