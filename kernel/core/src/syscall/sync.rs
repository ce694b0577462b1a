//! Writing back and reading ahead: fsync(2), sync(2), sync_file_range(2), posix_fadvise(2), readahead(2).
//!
//! Files live in memory: there is nothing to write back, and nothing to read ahead.

use linux_raw_sys::general as linux;

use super::arg::Fd;
use super::io::open_for;
use super::transfer::Way;
use crate::errno::{Errno, SysResult};
use crate::fs::node::Kind;
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;

pub(super) fn fsync(kernel: &mut Kernel, fd: Fd) -> SysResult {
    match kernel.open_file(fd)?.target {
        Target::Node(_) => Ok(0),
        Target::Name(_) => Err(Errno::EBADF),
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn fdatasync(kernel: &mut Kernel, fd: Fd) -> SysResult {
    fsync(kernel, fd)
}

pub(super) fn sync(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn syncfs(kernel: &mut Kernel, fd: Fd) -> SysResult {
    not_a_name(kernel, fd)?;
    Ok(0)
}

pub(super) fn sync_file_range(
    kernel: &mut Kernel,
    fd: Fd,
    offset: i64,
    len: i64,
    flags: u32,
) -> SysResult {
    let file = not_a_name(kernel, fd)?;
    let known = linux::SYNC_FILE_RANGE_WAIT_BEFORE
        | linux::SYNC_FILE_RANGE_WRITE
        | linux::SYNC_FILE_RANGE_WAIT_AFTER;
    if flags & !known != 0 || offset < 0 || len < 0 || offset.checked_add(len).is_none() {
        return Err(Errno::EINVAL);
    }
    match file.node().kind {
        Kind::File(_) | Kind::Directory(_) | Kind::Link(_) => Ok(0),
        _ => Err(Errno::ESPIPE),
    }
}

pub(super) fn fadvise64(
    kernel: &mut Kernel,
    fd: Fd,
    _offset: i64,
    len: i64,
    advice: u32,
) -> SysResult {
    let file = not_a_name(kernel, fd)?;
    if matches!(file.node().kind, Kind::Stream(_)) {
        return Err(Errno::ESPIPE);
    }
    if len < 0 || advice > linux::POSIX_FADV_NOREUSE {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}

pub(super) fn readahead(kernel: &mut Kernel, fd: Fd, _offset: i64, _len: usize) -> SysResult {
    match open_for(kernel, fd, Way::Read)?.node().kind {
        Kind::File(_) => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

fn not_a_name(kernel: &Kernel, fd: Fd) -> Result<alloc::rc::Rc<OpenFile>, Errno> {
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    Ok(file)
}
