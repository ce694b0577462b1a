//! Changing attributes: chmod(2), chown(2), umask(2), utimensat(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::{Base, Fd, PathArg};
use super::time::read_timespec;
use crate::errno::{Errno, SysResult};
use crate::fs::node::{Mount, Node, PERMISSIONS};
use crate::kernel::Kernel;
use crate::time::Timestamp;

/// An owner or group that stays as it is.
const UNCHANGED: u32 = u32::MAX;

pub(super) fn umask(kernel: &mut Kernel, mask: u32) -> SysResult {
    let old = core::mem::replace(&mut kernel.umask, mask & 0o777);
    usize::try_from(old).map_err(|_| Errno::EINVAL)
}

pub(super) fn chmod(kernel: &mut Kernel, path: PathArg, mode: u32) -> SysResult {
    fchmodat(kernel, Base::Working, path, mode)
}

pub(super) fn fchmodat(kernel: &mut Kernel, base: Base, path: PathArg, mode: u32) -> SysResult {
    fchmodat2(kernel, base, path, mode, 0)
}

pub(super) fn fchmodat2(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    mode: u32,
    flags: u32,
) -> SysResult {
    if flags & !(linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let node = kernel.node_at(base, path, flags)?;
    set_mode(kernel, &node, mode)
}

pub(super) fn fchmod(kernel: &mut Kernel, fd: Fd, mode: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    set_mode(kernel, file.node(), mode)
}

fn set_mode(kernel: &Kernel, node: &Node, mode: u32) -> SysResult {
    check_changeable(node)?;
    if node.is_link() {
        return Err(Errno::EOPNOTSUPP);
    }
    let mut attributes = node.attributes.borrow_mut();
    attributes.mode = attributes.mode & !PERMISSIONS | mode & PERMISSIONS;
    drop(attributes);
    node.touch_attributes(kernel.clock.now());
    Ok(0)
}

pub(super) fn chown(kernel: &mut Kernel, path: PathArg, uid: u32, gid: u32) -> SysResult {
    fchownat(kernel, Base::Working, path, uid, gid, 0)
}

pub(super) fn lchown(kernel: &mut Kernel, path: PathArg, uid: u32, gid: u32) -> SysResult {
    fchownat(
        kernel,
        Base::Working,
        path,
        uid,
        gid,
        linux::AT_SYMLINK_NOFOLLOW,
    )
}

pub(super) fn fchownat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    uid: u32,
    gid: u32,
    flags: u32,
) -> SysResult {
    if flags & !(linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let node = kernel.node_at(base, path, flags)?;
    set_owner(kernel, &node, uid, gid)
}

pub(super) fn fchown(kernel: &mut Kernel, fd: Fd, uid: u32, gid: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    set_owner(kernel, file.node(), uid, gid)
}

/// What is made when it is asked for stays as it is.
fn check_changeable(node: &Node) -> Result<(), Errno> {
    match node.mount {
        Mount::Proc | Mount::Sys => Err(Errno::EPERM),
        Mount::Root | Mount::Streams | Mount::Unnamed => Ok(()),
    }
}

fn set_owner(kernel: &Kernel, node: &Node, uid: u32, gid: u32) -> SysResult {
    check_changeable(node)?;
    let mut attributes = node.attributes.borrow_mut();
    if uid != UNCHANGED {
        attributes.uid = uid;
    }
    if gid != UNCHANGED {
        attributes.gid = gid;
    }
    // An executable with a new owner no longer runs as its owner (chown(2)).
    if !node.is_directory() {
        attributes.mode &= !linux::S_ISUID;
        if attributes.mode & linux::S_IXGRP != 0 {
            attributes.mode &= !linux::S_ISGID;
        }
    }
    drop(attributes);
    node.touch_attributes(kernel.clock.now());
    Ok(0)
}

pub(super) fn utimensat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    times: UserAddr,
    flags: u32,
) -> SysResult {
    if flags & !(linux::AT_SYMLINK_NOFOLLOW | linux::AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let now = kernel.clock.now();
    let accessed = chosen_time(kernel, times, 0, now)?;
    let modified = chosen_time(kernel, times, 16, now)?;
    if accessed.is_none() && modified.is_none() {
        return Ok(0);
    }
    // Without a path the descriptor itself is meant, which is how futimens(3) calls it.
    let node = match (path.0.0, base.descriptor()) {
        (0, Some(_)) if flags != 0 => return Err(Errno::EINVAL),
        (0, Some(fd)) => {
            let file = kernel.open_file(fd?)?;
            if file.is_name() {
                return Err(Errno::EBADF);
            }
            file.node().clone()
        }
        _ => kernel.node_at(base, path, flags)?,
    };
    set_times(&node, accessed, modified, now)
}

pub(super) fn utime(kernel: &mut Kernel, path: PathArg, times: UserAddr) -> SysResult {
    let now = kernel.clock.now();
    let mut second = |at: u64| -> Result<_, Errno> {
        if times.0 == 0 {
            return Ok(now);
        }
        let place = times.checked_add(at).ok_or(Errno::EFAULT)?;
        let seconds = kernel.memory.read_u64(place)?.cast_signed();
        Ok(Timestamp::from_seconds(seconds))
    };
    let (accessed, modified) = (second(0)?, second(8)?);
    let node = kernel.node_at(Base::Working, path, 0)?;
    set_times(&node, Some(accessed), Some(modified), now)
}

pub(super) fn utimes(kernel: &mut Kernel, path: PathArg, times: UserAddr) -> SysResult {
    futimesat(kernel, Base::Working, path, times)
}

pub(super) fn futimesat(
    kernel: &mut Kernel,
    base: Base,
    path: PathArg,
    times: UserAddr,
) -> SysResult {
    let now = kernel.clock.now();
    let mut exact = |at: u64| -> Result<_, Errno> {
        if times.0 == 0 {
            return Ok(now);
        }
        let place = times.checked_add(at).ok_or(Errno::EFAULT)?;
        let seconds = kernel.memory.read_u64(place)?.cast_signed();
        let micros = kernel
            .memory
            .read_u64(place.checked_add(8).ok_or(Errno::EFAULT)?)?;
        let nanos = micros
            .checked_mul(1000)
            .and_then(|nanos| u32::try_from(nanos).ok())
            .filter(|nanos| *nanos < 1_000_000_000)
            .ok_or(Errno::EINVAL)?;
        Ok(Timestamp { seconds, nanos })
    };
    let (accessed, modified) = (exact(0)?, exact(16)?);
    let node = match (path.0.0, base.descriptor()) {
        (0, Some(fd)) => kernel.open_file(fd?)?.node().clone(),
        _ => kernel.node_at(base, path, 0)?,
    };
    set_times(&node, Some(accessed), Some(modified), now)
}

fn set_times(
    node: &Node,
    accessed: Option<Timestamp>,
    modified: Option<Timestamp>,
    now: Timestamp,
) -> SysResult {
    check_changeable(node)?;
    let mut attributes = node.attributes.borrow_mut();
    attributes.accessed = accessed.unwrap_or(attributes.accessed);
    attributes.modified = modified.unwrap_or(attributes.modified);
    drop(attributes);
    node.touch_attributes(now);
    Ok(0)
}

/// One of the two times, or `None` for the one that stays (`UTIME_OMIT`).
fn chosen_time(
    kernel: &mut Kernel,
    times: UserAddr,
    at: u64,
    now: Timestamp,
) -> Result<Option<Timestamp>, Errno> {
    const NOW: u64 = 0x3fff_ffff;
    const OMIT: u64 = 0x3fff_fffe;
    if times.0 == 0 {
        return Ok(Some(now));
    }
    let place = times.checked_add(at).ok_or(Errno::EFAULT)?;
    match kernel
        .memory
        .read_u64(place.checked_add(8).ok_or(Errno::EFAULT)?)?
    {
        NOW => Ok(Some(now)),
        OMIT => Ok(None),
        _ => read_timespec(kernel, place).map(Some),
    }
}
