//! Opening files: open(2), openat2(2).

use alloc::rc::{Rc, Weak};
use core::cell::RefCell;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::{Base, PathArg};
use crate::driver::streams::Stream;
use crate::errno::{Errno, SysResult};
use crate::fs::contents::Contents;
use crate::fs::descriptors::{Descriptor, OnExec};
use crate::fs::device::Device;
use crate::fs::node::{Kind, Location, Mount, Node, PERMISSIONS};
use crate::fs::open::{OpenFile, Target};
use crate::fs::path::Remaining;
use crate::fs::view::View;
use crate::fs::walk::{LastLink, Limits, Scope, Walked};
use crate::kernel::Kernel;

/// Flags that only count while the file is opened, and `O_ASYNC`, which has no effect.
const OPENING: u32 = linux::O_CREAT
    | linux::O_EXCL
    | linux::O_NOCTTY
    | linux::O_TRUNC
    | linux::O_CLOEXEC
    | linux::FASYNC;

/// `__O_TMPFILE`: the bit of `O_TMPFILE` that is no `O_DIRECTORY`.
const UNNAMED: u32 = linux::O_TMPFILE & !linux::O_DIRECTORY;

/// Flags that count with `O_PATH`.
const WITH_PATH: u32 = linux::O_PATH | linux::O_DIRECTORY | linux::O_NOFOLLOW | linux::O_CLOEXEC;

/// All flags that there are.
const KNOWN: u32 = OPENING
    | WITH_PATH
    | UNNAMED
    | linux::O_ACCMODE
    | linux::O_APPEND
    | linux::O_NONBLOCK
    | linux::O_SYNC
    | linux::O_DIRECT
    | linux::O_LARGEFILE
    | linux::O_NOATIME;

/// The limits on a walk by their bits, `RESOLVE_CACHED` (nothing has to be read from anywhere) and `RESOLVE_IN_ROOT` left out.
const LIMITS: [(u32, Limits); 4] = [
    (linux::RESOLVE_NO_XDEV, Limits::ONE_MOUNT),
    (linux::RESOLVE_NO_MAGICLINKS, Limits::NO_MAGIC),
    (linux::RESOLVE_NO_SYMLINKS, Limits::NO_LINKS),
    (linux::RESOLVE_BENEATH, Limits::BENEATH),
];

/// How a file shall be opened.
struct How {
    flags: u32,
    mode: u32,
    limits: Limits,
    /// Whether where the path starts is its root.
    in_root: bool,
}

pub(super) fn open(kernel: &mut Kernel, path: PathArg, flags: u32, mode: u32) -> SysResult {
    openat(kernel, Base::Working, path, flags, mode)
}

pub(super) fn creat(kernel: &mut Kernel, path: PathArg, mode: u32) -> SysResult {
    let flags = linux::O_CREAT | linux::O_WRONLY | linux::O_TRUNC;
    openat(kernel, Base::Working, path, flags, mode)
}

pub(super) fn openat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    flags: u32,
    mode: u32,
) -> SysResult {
    let flags = if flags & linux::O_PATH != 0 {
        flags & WITH_PATH
    } else {
        flags & KNOWN | linux::O_LARGEFILE
    };
    let how = How {
        flags,
        mode: mode & PERMISSIONS,
        limits: Limits::empty(),
        in_root: false,
    };
    open_as(kernel, base, path, &how)
}

pub(super) fn openat2(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    how: UserAddr,
    len: usize,
) -> SysResult {
    /// `struct open_how`: flags, mode, limits, 8 bytes each.
    const HOW: usize = 24;
    if len < HOW {
        return Err(Errno::EINVAL);
    }
    // A program that knows of more may ask for nothing of it.
    let mut rest = [0; 64];
    let rest = rest
        .get_mut(..len.saturating_sub(HOW))
        .ok_or(Errno::E2BIG)?;
    kernel
        .memory
        .read(how.checked_add(HOW as u64).ok_or(Errno::EFAULT)?, rest)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Errno::E2BIG);
    }
    let mut word = |at| {
        let at = how.checked_add(at).ok_or(Errno::EFAULT)?;
        let word = kernel.memory.read_u64(at)?;
        u32::try_from(word).map_err(|_| Errno::EINVAL)
    };
    let (flags, mode, resolve) = (word(0)?, word(8)?, word(16)?);
    let how = How::checked(flags, mode, resolve)?;
    open_as(kernel, base, path, &how)
}

impl How {
    /// As openat2(2) has it: nothing unknown, nothing without effect.
    fn checked(flags: u32, mode: u32, resolve: u32) -> Result<Self, Errno> {
        let makes = flags & (linux::O_CREAT | UNNAMED) != 0;
        let without_effect = !makes && mode != 0
            || flags & linux::O_PATH != 0 && flags & !WITH_PATH != 0
            || resolve & linux::RESOLVE_BENEATH != 0 && resolve & linux::RESOLVE_IN_ROOT != 0;
        let known = LIMITS.iter().fold(
            linux::RESOLVE_IN_ROOT | linux::RESOLVE_CACHED,
            |known, (bit, _)| known | bit,
        );
        if without_effect
            || flags & !KNOWN != 0
            || mode & !PERMISSIONS != 0
            || resolve & !known != 0
        {
            return Err(Errno::EINVAL);
        }
        let asked = LIMITS.iter().filter(|(bit, _)| resolve & bit != 0);
        let in_root = resolve & linux::RESOLVE_IN_ROOT != 0;
        let mut limits: Limits = asked.map(|(_, limit)| *limit).collect();
        if in_root {
            limits |= Limits::NO_MAGIC;
        }
        if resolve & linux::RESOLVE_CACHED != 0 && (makes || flags & linux::O_TRUNC != 0) {
            return Err(Errno::EAGAIN);
        }
        Ok(Self {
            flags,
            mode,
            limits,
            in_root,
        })
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

fn open_as(kernel: &mut Kernel, base: Base, path: PathArg, how: &How) -> SysResult {
    let writes = how.flags & linux::O_ACCMODE != linux::O_RDONLY;
    let unnamed = how.flags & (linux::O_TMPFILE | linux::O_CREAT);
    if how.has(UNNAMED) && (unnamed != linux::O_TMPFILE || !writes)
        || how.has(linux::O_CREAT) && how.has(linux::O_DIRECTORY)
        || how.has(linux::O_DIRECT)
    {
        return Err(Errno::EINVAL);
    }
    let path = Remaining::new(kernel.memory.read_text(path.0)?)?;
    kernel.descriptors.free(0)?;
    let exclusive = how.has(linux::O_CREAT) && how.has(linux::O_EXCL);
    let last = if exclusive || how.has(linux::O_NOFOLLOW) {
        LastLink::Keep
    } else {
        LastLink::Follow
    };
    let (root, start) = if how.in_root {
        let start = kernel.node_of(base)?;
        (start, start)
    } else {
        (&kernel.root, kernel.start_of(base, &path)?)
    };
    let scope = Scope {
        root,
        start,
        limits: how.limits,
        kernel: Some(kernel),
    };
    let walked = kernel.tree.walk(&scope, path, last)?;
    if walked.slash && how.has(linux::O_CREAT) {
        return Err(Errno::EISDIR);
    }
    let target = match (walked.node.clone(), how.has(linux::O_CREAT)) {
        (Some(_), true) if exclusive => return Err(Errno::EEXIST),
        (Some(node), true) if node.is_directory() => return Err(Errno::EISDIR),
        (Some(node), _) if how.has(UNNAMED) => Target::Node(unnamed_file(kernel, &node, how)?),
        (Some(node), _) => target(kernel, node, how)?,
        // What was just made may be opened for anything (open(2)).
        (None, true) => Target::Node(create_file(kernel, &walked, how.mode)?),
        (None, false) => return Err(Errno::ENOENT),
    };
    let descriptor = Descriptor {
        file: OpenFile::new(target, how.flags & !OPENING),
        on_exec: OnExec::from_flag(how.flags & linux::O_CLOEXEC),
    };
    kernel.descriptors.add(descriptor, 0)
}

fn create_file(kernel: &Kernel, walked: &Walked, mode: u32) -> Result<Rc<Node>, Errno> {
    if walked.parent.mount == Mount::Sys {
        return Err(Errno::EACCES);
    }
    let mode = linux::S_IFREG | mode & !kernel.umask;
    kernel.add_node(walked, Kind::File(RefCell::new(Contents::new())), mode)
}

/// A file without a name (`O_TMPFILE`). Unless `O_EXCL` forbids it, linkat(2) may give it one: until then it lies nowhere.
fn unnamed_file(kernel: &Kernel, parent: &Rc<Node>, how: &How) -> Result<Rc<Node>, Errno> {
    if !parent.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if parent.mount != Mount::Root {
        return Err(Errno::EOPNOTSUPP);
    }
    crate::memory::budget::allow_file()?;
    let mode = linux::S_IFREG | how.mode & !kernel.umask;
    let node = kernel.new_node(parent, Kind::File(RefCell::new(Contents::new())), mode);
    node.attributes.borrow_mut().links = 0;
    if how.has(linux::O_EXCL) {
        *node.location.borrow_mut() = Some(Location {
            parent: Weak::new(),
            name: alloc::format!("#{}", node.number).as_bytes().into(),
        });
    }
    Ok(node)
}

/// What opening `node` gives.
fn target(kernel: &Kernel, node: Rc<Node>, how: &How) -> Result<Target, Errno> {
    if how.has(linux::O_DIRECTORY) && !node.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if how.has(linux::O_PATH) {
        return Ok(Target::Name(node));
    }
    let writes = how.flags & linux::O_ACCMODE != linux::O_RDONLY;
    match &node.kind {
        Kind::Directory(_) if writes || how.has(linux::O_TRUNC) => Err(Errno::EISDIR),
        Kind::Directory(_) => Ok(Target::Node(node)),
        Kind::File(contents) => {
            if writes || how.has(linux::O_TRUNC) {
                kernel.check_not_running(&node)?;
            }
            if how.has(linux::O_TRUNC) {
                contents.borrow_mut().truncate(0)?;
                node.touch_contents(kernel.clock.now());
            }
            Ok(Target::Node(node))
        }
        Kind::Link(_) | Kind::View(View::Magic(_) | View::Descriptor(_)) => Err(Errno::ELOOP),
        Kind::View(_) if writes => Err(Errno::EACCES),
        Kind::View(view) => Ok(Target::View(*view, RefCell::new(None), node)),
        Kind::Device(Device::Terminal) if kernel.terminal().is_none() => Err(Errno::ENXIO),
        Kind::Device(device) => Ok(Target::Device(*device, node)),
        Kind::Stream(stream) => stream_target(kernel, *stream, node.clone(), how),
        Kind::Other => Err(Errno::ENXIO),
    }
}

/// A stream that is opened again (`/dev/stdin`): in its own direction, or as the terminal that it is.
fn stream_target(
    kernel: &Kernel,
    stream: Stream,
    node: Rc<Node>,
    how: &How,
) -> Result<Target, Errno> {
    let own = if stream == Stream::Stdin {
        linux::O_RDONLY
    } else {
        linux::O_WRONLY
    };
    if how.flags & linux::O_ACCMODE == own {
        return Ok(Target::Stream(stream, node));
    }
    if kernel.streams.borrow().is_terminal(stream) {
        return Ok(Target::Device(Device::Terminal, node));
    }
    Err(Errno::EACCES)
}

impl Kernel {
    /// A program that runs can't be written to.
    pub(super) fn check_not_running(&self, node: &Rc<Node>) -> Result<(), Errno> {
        if Rc::ptr_eq(node, &self.program) {
            return Err(Errno::ETXTBSY);
        }
        Ok(())
    }

    /// The stream by which the host's terminal is written to, if it has one.
    pub(super) fn terminal(&self) -> Option<Stream> {
        let streams = self.streams.borrow();
        let all = [Stream::Stdout, Stream::Stderr, Stream::Stdin];
        all.into_iter().find(|stream| streams.is_terminal(*stream))
    }
}
