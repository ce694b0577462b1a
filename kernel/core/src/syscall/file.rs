//! The length of files and the memory for them: truncate(2), fallocate(2).

use alloc::rc::Rc;

use linux_raw_sys::general as linux;

use super::arg::{Base, Fd, PathArg};
use super::io::open_for;
use super::transfer::Way;
use crate::errno::{Errno, SysResult};
use crate::fs::contents::MAX_SIZE;
use crate::fs::node::{Kind, Node};
use crate::fs::walk::LastLink;
use crate::kernel::Kernel;

pub(super) fn truncate(kernel: &mut Kernel, path: PathArg, len: i64) -> SysResult {
    if len < 0 {
        return Err(Errno::EINVAL);
    }
    let node = kernel
        .walk(Base::Working, path, LastLink::Follow)?
        .existing()?;
    kernel.check_not_running(&node)?;
    set_len(kernel, &node, len)
}

pub(super) fn ftruncate(kernel: &mut Kernel, fd: Fd, len: i64) -> SysResult {
    if len < 0 {
        return Err(Errno::EINVAL);
    }
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    if !file.is_writable() {
        return Err(Errno::EINVAL);
    }
    set_len(kernel, file.node(), len)
}

fn set_len(kernel: &Kernel, node: &Rc<Node>, len: i64) -> SysResult {
    let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
    match &node.kind {
        Kind::File(contents) => contents.borrow_mut().truncate(len)?,
        Kind::Directory(_) => return Err(Errno::EISDIR),
        _ => return Err(Errno::EINVAL),
    }
    node.touch_contents(kernel.clock.now());
    Ok(0)
}

/// Takes memory ahead, or gives it back. Collapsing and inserting ranges is not supported, as on most file systems.
pub(super) fn fallocate(
    kernel: &mut Kernel,
    fd: Fd,
    mode: u32,
    offset: i64,
    len: i64,
) -> SysResult {
    const KEEP: u32 = linux::FALLOC_FL_KEEP_SIZE;
    const PUNCH: u32 = linux::FALLOC_FL_PUNCH_HOLE;
    const ZERO: u32 = linux::FALLOC_FL_ZERO_RANGE;
    let start = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    let len = u64::try_from(len)
        .ok()
        .filter(|len| *len > 0)
        .ok_or(Errno::EINVAL)?;
    let effect = mode & !KEEP;
    let is_possible = match effect {
        0 | ZERO => true,
        PUNCH => mode & KEEP != 0,
        _ => false,
    };
    if !is_possible {
        return Err(Errno::EOPNOTSUPP);
    }
    let file = open_for(kernel, fd, Way::Write)?;
    let node = file.node();
    let Kind::File(contents) = &node.kind else {
        return Err(match node.kind {
            Kind::Stream(_) => Errno::ESPIPE,
            Kind::Directory(_) => Errno::EISDIR,
            _ => Errno::ENODEV,
        });
    };
    let end = start
        .checked_add(len)
        .filter(|end| *end <= MAX_SIZE)
        .ok_or(Errno::EFBIG)?;
    let mut contents = contents.borrow_mut();
    if effect != 0 {
        contents.punch(start..end)?;
    }
    if effect != PUNCH {
        contents.allocate(start..end)?;
        if mode & KEEP == 0 {
            contents.extend(end)?;
        }
    }
    drop(contents);
    node.touch_contents(kernel.clock.now());
    Ok(0)
}
