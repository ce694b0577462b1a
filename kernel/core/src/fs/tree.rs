//! The tree of names: the archive's directories under those that the program changed.
//!
//! A directory remembers what was looked up, made and removed in it, so a name leads to the same [`Node`] for as long as somebody
//! holds it. What is as archived and held by nobody is forgotten when a directory remembers much.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use linux_raw_sys::general as linux;

use super::archive::Mounted;
use super::contents::{Contents, Lower};
use super::erofs::{ErofsError, Inode, Nid};
use super::node::{Attributes, Directory, Kind, Location, Node};
use super::path::MAX_PATH;
use crate::errno::Errno;
use crate::memory::budget;
use crate::time::Timestamp;

/// Names that a directory remembers before it forgets those that the archive has.
const REMEMBERED: usize = 256;

/// Where the numbers of nodes that the archive doesn't have begin.
const FIRST_NUMBER: u64 = 1 << 32;

/// All names, from the root.
pub(crate) struct Tree {
    root: Rc<Node>,
    /// Nodes of the archive with several names.
    linked: RefCell<BTreeMap<Nid, Rc<Node>>>,
    next_number: Cell<u64>,
}

/// One name of a directory, as `getdents64(2)` tells it.
pub(crate) struct Listed {
    /// The name.
    pub(crate) name: Box<[u8]>,
    /// The inode's number.
    pub(crate) number: u64,
    /// `DT_*`.
    pub(crate) entry_type: u8,
}

impl Tree {
    /// The tree over an archive, or an empty one.
    pub(crate) fn new(archive: Option<Rc<Mounted>>) -> Result<Self, ErofsError> {
        let root = match archive {
            Some(archive) => {
                let inode = archive.root()?;
                Rc::new(archived_node(Lower { archive, inode }).map_err(|_| ErofsError::Directory)?)
            }
            None => Rc::new(Node {
                number: 1,
                kind: directory(None),
                attributes: RefCell::new(Attributes::new(
                    linux::S_IFDIR | 0o755,
                    Timestamp::default(),
                )),
                location: RefCell::new(None),
                changed: Cell::new(true),
            }),
        };
        Ok(Self {
            root,
            linked: RefCell::new(BTreeMap::new()),
            next_number: Cell::new(FIRST_NUMBER),
        })
    }

    /// The root directory.
    pub(crate) fn root(&self) -> &Rc<Node> {
        &self.root
    }

    /// What `name` names in `parent`.
    pub(crate) fn lookup(&self, parent: &Rc<Node>, name: &[u8]) -> Result<Option<Rc<Node>>, Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        if let Some(known) = directory.borrow().entries.get(name) {
            return Ok(known.clone());
        }
        let Some(lower) = directory.borrow().lower.clone() else {
            return Ok(None);
        };
        let found = lower
            .archive
            .find(&lower.inode, name)
            .map_err(|_| Errno::EIO)?;
        let Some(entry) = found else {
            return Ok(None);
        };
        let inode = lower.archive.inode(entry.nid).map_err(|_| Errno::EIO)?;
        let node = self.archived(Lower {
            archive: lower.archive,
            inode,
        })?;
        make_room(&mut directory.borrow_mut());
        self.put(parent, name.into(), &node)?;
        Ok(Some(node))
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
    pub(crate) fn create(&self, kind: Kind, mode: u32, now: Timestamp) -> Rc<Node> {
        let number = self.next_number.get();
        self.next_number.set(number.wrapping_add(1));
        Rc::new(Node {
            number,
            kind,
            attributes: RefCell::new(Attributes::new(mode, now)),
            location: RefCell::new(None),
            changed: Cell::new(true),
        })
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
        *node.location.borrow_mut() = Some(Location {
            parent: Rc::downgrade(parent),
            name: name.clone(),
        });
        directory
            .borrow_mut()
            .entries
            .insert(name, Some(node.clone()));
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
        budget::allow_kernel_memory().map_err(|_| Errno::ENOSPC)?;
        if parent.attributes.borrow().links == 0 {
            return Err(Errno::ENOENT);
        }
        self.put(parent, name, node)?;
        parent.touch_contents(now);
        Ok(())
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
        let mut directory = directory.borrow_mut();
        let in_archive = match &directory.lower {
            Some(lower) => lower
                .archive
                .find(&lower.inode, name)
                .map_err(|_| Errno::EIO)?
                .is_some(),
            None => false,
        };
        if in_archive {
            directory.entries.insert(name.into(), None);
        } else {
            directory.entries.remove(name);
        }
        drop(directory);
        parent.touch_contents(now);
        Ok(())
    }

    /// The first name behind `after` in `parent`.
    pub(crate) fn next(&self, parent: &Rc<Node>, after: &[u8]) -> Result<Option<Listed>, Errno> {
        let Kind::Directory(directory) = &parent.kind else {
            return Err(Errno::ENOTDIR);
        };
        let directory = directory.borrow();
        let mut after = Box::<[u8]>::from(after);
        loop {
            let over = directory.entries.range::<[u8], _>((
                core::ops::Bound::Excluded(&*after),
                core::ops::Bound::Unbounded,
            ));
            let over = over.into_iter().next();
            let under = match &directory.lower {
                Some(lower) => lower
                    .archive
                    .next(&lower.inode, &after)
                    .map_err(|_| Errno::EIO)?,
                None => None,
            };
            match (over, under) {
                (None, None) => return Ok(None),
                (Some((name, node)), under) if under.is_none_or(|under| **name <= *under.name) => {
                    if let Some(node) = node {
                        return Ok(Some(Listed {
                            name: (**name).into(),
                            number: node.number,
                            entry_type: node.entry_type(),
                        }));
                    }
                    after = (**name).into();
                }
                (_, Some(under)) if under.name == b"." || under.name == b".." => {
                    after = under.name.into();
                }
                (_, Some(under)) => {
                    return Ok(Some(Listed {
                        name: under.name.into(),
                        number: number_of(under.nid),
                        entry_type: entry_type_of_archive(under.kind),
                    }));
                }
                (Some(_), None) => return Ok(None),
            }
        }
    }

    /// Whether a directory has no names.
    pub(crate) fn is_empty(&self, node: &Rc<Node>) -> Result<bool, Errno> {
        Ok(self.next(node, b"")?.is_none())
    }
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

/// An empty directory over the archive's.
pub(crate) fn directory(lower: Option<Lower>) -> Kind {
    Kind::Directory(RefCell::new(Directory {
        lower,
        entries: BTreeMap::new(),
    }))
}

fn archived_node(lower: Lower) -> Result<Node, Errno> {
    let inode = lower.inode;
    let kind = match inode.mode & linux::S_IFMT {
        linux::S_IFREG => Kind::File(RefCell::new(Contents::of_archive(lower))),
        linux::S_IFDIR => directory(Some(lower)),
        linux::S_IFLNK => {
            let target = lower.archive.contents(&inode, 0, inode.size);
            if target.len() as u64 != inode.size || target.is_empty() || target.len() >= MAX_PATH {
                return Err(Errno::EIO);
            }
            Kind::Link(Cow::Borrowed(target))
        }
        _ => Kind::Other,
    };
    let time = Timestamp::from_seconds(inode.mtime);
    Ok(Node {
        number: number_of(inode.nid),
        kind,
        attributes: RefCell::new(Attributes {
            mode: inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            links: inode.links,
            accessed: time,
            modified: time,
            changed: time,
        }),
        location: RefCell::new(None),
        changed: Cell::new(false),
    })
}

/// The number of an inode of the archive: never 0, which readdir(3) takes for a removed entry.
fn number_of(nid: Nid) -> u64 {
    nid.0.saturating_add(1)
}

/// The type in a directory entry (`DT_*`) for the archive's (`EROFS_FT_*`).
fn entry_type_of_archive(kind: u8) -> u8 {
    let kinds = [0, 8, 4, 2, 6, 1, 12, 10];
    kinds.get(usize::from(kind)).copied().unwrap_or(0)
}

/// Forgets what the archive can give back and nobody holds, when much is remembered.
fn make_room(directory: &mut Directory) {
    if directory.entries.len() >= REMEMBERED {
        directory.entries.retain(|_, node| match node {
            Some(node) => Rc::strong_count(node) > 1 || !node.is_as_archived(),
            None => true,
        });
    }
}
