//! Opening files and cutting them off: open(2), truncate(2). And how paths are read from the program.

use alloc::rc::Rc;
use core::cell::RefCell;

use linux_raw_sys::general as linux;

use super::arg::{Base, Fd, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::contents::Contents;
use crate::fs::descriptors::{Descriptor, OnExec};
use crate::fs::device::Device;
use crate::fs::node::{Generated, Kind, Node, PERMISSIONS};
use crate::fs::open::{OpenFile, Target};
use crate::fs::path::Remaining;
use crate::fs::walk::{LastLink, LastName, Walked};
use crate::kernel::Kernel;

/// Flags that only count while the file is opened.
const OPENING: u32 =
    linux::O_CREAT | linux::O_EXCL | linux::O_NOCTTY | linux::O_TRUNC | linux::O_CLOEXEC;

pub(super) fn open(kernel: &mut Kernel, path: PathArg, flags: u32, mode: u32) -> SysResult {
    openat(kernel, Base::Working, path, flags, mode)
}

pub(super) fn creat(kernel: &mut Kernel, path: PathArg, mode: u32) -> SysResult {
    openat(
        kernel,
        Base::Working,
        path,
        linux::O_CREAT | linux::O_WRONLY | linux::O_TRUNC,
        mode,
    )
}

pub(super) fn openat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    flags: u32,
    mode: u32,
) -> SysResult {
    if flags & linux::O_TMPFILE == linux::O_TMPFILE {
        return Err(Errno::EOPNOTSUPP);
    }
    if flags & linux::O_DIRECT != 0
        || (flags & linux::O_ACCMODE == linux::O_ACCMODE && flags & linux::O_PATH == 0)
    {
        return Err(Errno::EINVAL);
    }
    let exclusive = flags & (linux::O_CREAT | linux::O_EXCL) == linux::O_CREAT | linux::O_EXCL;
    let last = if exclusive || flags & linux::O_NOFOLLOW != 0 {
        LastLink::Keep
    } else {
        LastLink::Follow
    };
    let walked = kernel.walk(base, path, last)?;
    let node = match (walked.node.clone(), flags & linux::O_CREAT != 0) {
        (Some(_), true) if exclusive => return Err(Errno::EEXIST),
        (Some(node), create) => {
            if create && node.is_directory() {
                return Err(Errno::EISDIR);
            }
            node
        }
        (None, true) => create_file(kernel, &walked, mode)?,
        (None, false) => return Err(Errno::ENOENT),
    };
    let target = target(kernel, node, flags)?;
    let kept = flags & !OPENING;
    let descriptor = Descriptor {
        file: OpenFile::new(target, kept),
        on_exec: OnExec::from_flag(flags & linux::O_CLOEXEC),
    };
    kernel.descriptors.add(descriptor, 0)
}

fn create_file(kernel: &Kernel, walked: &Walked, mode: u32) -> Result<Rc<Node>, Errno> {
    if walked.slash {
        return Err(Errno::EISDIR);
    }
    let mode = linux::S_IFREG | mode & PERMISSIONS & !kernel.umask;
    kernel.add_node(walked, Kind::File(RefCell::new(Contents::new())), mode)
}

/// What opening `node` gives.
fn target(kernel: &Kernel, node: Rc<Node>, flags: u32) -> Result<Target, Errno> {
    if flags & linux::O_DIRECTORY != 0 && !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if flags & linux::O_PATH != 0 {
        return Ok(Target::Name(node));
    }
    let writes = flags & linux::O_ACCMODE != linux::O_RDONLY;
    match &node.kind {
        Kind::Directory(_) if writes => Err(Errno::EISDIR),
        Kind::Directory(_) => Ok(Target::Node(node)),
        Kind::File(contents) => {
            if flags & linux::O_TRUNC != 0 && contents.borrow().size() > 0 {
                contents.borrow_mut().truncate(0)?;
                node.touch_contents(kernel.clock.now());
            }
            Ok(Target::Node(node))
        }
        Kind::Link(_) => Err(Errno::ELOOP),
        Kind::Device(Device::Terminal) | Kind::Other => Err(Errno::ENXIO),
        Kind::Device(device) => Ok(Target::Device(*device, node)),
        Kind::Generated(_) if writes => Err(Errno::EACCES),
        Kind::Generated(Generated::Maps) => Ok(Target::Text(kernel.maps().into(), node)),
    }
}

pub(super) fn truncate(kernel: &mut Kernel, path: PathArg, len: i64) -> SysResult {
    let node = kernel
        .walk(Base::Working, path, LastLink::Follow)?
        .existing()?;
    set_len(kernel, &node, len)
}

pub(super) fn ftruncate(kernel: &mut Kernel, fd: Fd, len: i64) -> SysResult {
    let file = kernel.open_file(fd)?;
    if !file.is_writable() {
        return Err(if file.is_name() {
            Errno::EBADF
        } else {
            Errno::EINVAL
        });
    }
    let node = file.node().ok_or(Errno::EINVAL)?;
    set_len(kernel, node, len)
}

fn set_len(kernel: &Kernel, node: &Node, len: i64) -> SysResult {
    let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
    match &node.kind {
        Kind::File(contents) => contents.borrow_mut().truncate(len)?,
        Kind::Directory(_) => return Err(Errno::EISDIR),
        _ => return Err(Errno::EINVAL),
    }
    node.touch_contents(kernel.clock.now());
    Ok(0)
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
        let remaining = Remaining::new(path)?;
        let start = self.start_of(base, &remaining)?;
        self.tree.walk(&start, remaining, last)
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
            return match base {
                Base::Working => Ok(self.working_directory.clone()),
                Base::Open(fd) => {
                    let file =
                        self.open_file(Fd(usize::try_from(fd).map_err(|_| Errno::EBADF)?))?;
                    file.node().cloned().ok_or(Errno::EBADF)
                }
            };
        }
        let remaining = Remaining::new(text)?;
        let start = self.start_of(base, &remaining)?;
        let last = if flags & linux::AT_SYMLINK_NOFOLLOW != 0 {
            LastLink::Keep
        } else {
            LastLink::Follow
        };
        self.tree.walk(&start, remaining, last)?.existing()
    }

    fn start_of(&self, base: Base, path: &Remaining) -> Result<Rc<Node>, Errno> {
        match base {
            Base::Open(fd) if !path.is_absolute() => {
                let file = self.open_file(Fd(usize::try_from(fd).map_err(|_| Errno::EBADF)?))?;
                file.node().cloned().ok_or(Errno::ENOTDIR)
            }
            Base::Working | Base::Open(_) => Ok(self.working_directory.clone()),
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
        let now = self.clock.now();
        let node = self.tree.create(kind, mode, now);
        self.tree.add(&walked.parent, name.clone(), &node, now)?;
        Ok(node)
    }
}
