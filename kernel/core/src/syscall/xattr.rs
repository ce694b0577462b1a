//! Extended attributes (xattr(7)): this file system has none, and says so as others without them do.

use alloc::rc::Rc;

use linux_raw_sys::general as linux;

use super::arg::{Base, Fd, PathArg};
use crate::errno::{Errno, SysResult};
use crate::fs::node::Node;
use crate::kernel::Kernel;

pub(super) fn setxattr(
    kernel: &mut Kernel,
    path: PathArg,
    name: PathArg,
    _value: u64,
    len: usize,
    flags: u32,
) -> SysResult {
    check_set(len, flags)?;
    at(kernel, path, 0)?;
    none(kernel, name)
}

pub(super) fn lsetxattr(
    kernel: &mut Kernel,
    path: PathArg,
    name: PathArg,
    _value: u64,
    len: usize,
    flags: u32,
) -> SysResult {
    check_set(len, flags)?;
    at(kernel, path, linux::AT_SYMLINK_NOFOLLOW)?;
    none(kernel, name)
}

pub(super) fn fsetxattr(
    kernel: &mut Kernel,
    fd: Fd,
    name: PathArg,
    _value: u64,
    len: usize,
    flags: u32,
) -> SysResult {
    check_set(len, flags)?;
    open(kernel, fd)?;
    none(kernel, name)
}

pub(super) fn getxattr(kernel: &mut Kernel, path: PathArg, name: PathArg) -> SysResult {
    at(kernel, path, 0)?;
    none(kernel, name)
}

pub(super) fn lgetxattr(kernel: &mut Kernel, path: PathArg, name: PathArg) -> SysResult {
    at(kernel, path, linux::AT_SYMLINK_NOFOLLOW)?;
    none(kernel, name)
}

pub(super) fn fgetxattr(kernel: &mut Kernel, fd: Fd, name: PathArg) -> SysResult {
    open(kernel, fd)?;
    none(kernel, name)
}

pub(super) fn removexattr(kernel: &mut Kernel, path: PathArg, name: PathArg) -> SysResult {
    getxattr(kernel, path, name)
}

pub(super) fn lremovexattr(kernel: &mut Kernel, path: PathArg, name: PathArg) -> SysResult {
    lgetxattr(kernel, path, name)
}

pub(super) fn fremovexattr(kernel: &mut Kernel, fd: Fd, name: PathArg) -> SysResult {
    fgetxattr(kernel, fd, name)
}

/// The list of what is there is empty.
pub(super) fn listxattr(kernel: &mut Kernel, path: PathArg) -> SysResult {
    at(kernel, path, 0)?;
    Ok(0)
}

pub(super) fn llistxattr(kernel: &mut Kernel, path: PathArg) -> SysResult {
    at(kernel, path, linux::AT_SYMLINK_NOFOLLOW)?;
    Ok(0)
}

pub(super) fn flistxattr(kernel: &mut Kernel, fd: Fd) -> SysResult {
    open(kernel, fd)?;
    Ok(0)
}

fn at(kernel: &mut Kernel, path: PathArg, flags: u32) -> Result<Rc<Node>, Errno> {
    kernel.node_at(Base::Working, path, flags)
}

fn open(kernel: &Kernel, fd: Fd) -> Result<(), Errno> {
    if kernel.open_file(fd)?.is_name() {
        return Err(Errno::EBADF);
    }
    Ok(())
}

fn check_set(len: usize, flags: u32) -> Result<(), Errno> {
    if flags & !(linux::XATTR_CREATE | linux::XATTR_REPLACE) != 0 {
        return Err(Errno::EINVAL);
    }
    if len > linux::XATTR_SIZE_MAX as usize {
        return Err(Errno::E2BIG);
    }
    Ok(())
}

/// What asking for a name gives.
fn none(kernel: &mut Kernel, name: PathArg) -> SysResult {
    let name = kernel.memory.read_text(name.0);
    let len = name.map(|name| name.len());
    match len {
        Ok(1..=255) => Err(Errno::EOPNOTSUPP),
        Ok(_) | Err(Errno::ENAMETOOLONG) => Err(Errno::ERANGE),
        Err(errno) => Err(errno),
    }
}
