//! Reading and writing: read(2), write(2), readv(2), pread(2), preadv2(2), lseek(2).

use alloc::rc::Rc;
use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use super::transfer::{At, MAX_TRANSFER, Way, check_memory, transfer};
use crate::errno::{Errno, SysResult};
use crate::fs::contents::MAX_SIZE;
use crate::fs::node::Kind;
use crate::fs::open::{OpenFile, Target};
use crate::fs::space::Holds;
use crate::kernel::Kernel;

/// Most buffers of one call (`UIO_MAXIOV`).
const MAX_BUFFERS: usize = 1024;

pub(super) fn read(kernel: &mut Kernel, fd: Fd, to: UserAddr, len: usize) -> SysResult {
    let file = open_for(kernel, fd, Way::Read)?;
    transfer(kernel, &file, Way::Read, At::Position, to, len)
}

pub(super) fn write(kernel: &mut Kernel, fd: Fd, from: UserAddr, len: usize) -> SysResult {
    let file = open_for(kernel, fd, Way::Write)?;
    transfer(kernel, &file, Way::Write, At::Position, from, len)
}

pub(super) fn pread64(
    kernel: &mut Kernel,
    fd: Fd,
    to: UserAddr,
    len: usize,
    offset: i64,
) -> SysResult {
    let (file, at) = positioned(kernel, fd, Way::Read, offset)?;
    transfer(kernel, &file, Way::Read, at, to, len)
}

pub(super) fn pwrite64(
    kernel: &mut Kernel,
    fd: Fd,
    from: UserAddr,
    len: usize,
    offset: i64,
) -> SysResult {
    let (file, at) = positioned(kernel, fd, Way::Write, offset)?;
    transfer(kernel, &file, Way::Write, at, from, len)
}

pub(super) fn readv(kernel: &mut Kernel, fd: Fd, buffers: UserAddr, count: usize) -> SysResult {
    let file = open_for(kernel, fd, Way::Read)?;
    transfer_all(kernel, &file, Way::Read, At::Position, buffers, count)
}

pub(super) fn writev(kernel: &mut Kernel, fd: Fd, buffers: UserAddr, count: usize) -> SysResult {
    let file = open_for(kernel, fd, Way::Write)?;
    transfer_all(kernel, &file, Way::Write, At::Position, buffers, count)
}

pub(super) fn preadv(
    kernel: &mut Kernel,
    fd: Fd,
    buffers: UserAddr,
    count: usize,
    offset: i64,
) -> SysResult {
    let (file, at) = positioned(kernel, fd, Way::Read, offset)?;
    transfer_all(kernel, &file, Way::Read, at, buffers, count)
}

pub(super) fn pwritev(
    kernel: &mut Kernel,
    fd: Fd,
    buffers: UserAddr,
    count: usize,
    offset: i64,
) -> SysResult {
    let (file, at) = positioned(kernel, fd, Way::Write, offset)?;
    transfer_all(kernel, &file, Way::Write, at, buffers, count)
}

pub(super) fn preadv2(
    kernel: &mut Kernel,
    fd: Fd,
    buffers: UserAddr,
    count: usize,
    offset: i64,
    _upper: u64,
    flags: u32,
) -> SysResult {
    if flags & linux::RWF_APPEND != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let (file, at) = flagged(kernel, fd, Way::Read, offset, flags)?;
    transfer_all(kernel, &file, Way::Read, at, buffers, count)
}

pub(super) fn pwritev2(
    kernel: &mut Kernel,
    fd: Fd,
    buffers: UserAddr,
    count: usize,
    offset: i64,
    _upper: u64,
    flags: u32,
) -> SysResult {
    let (file, mut at) = flagged(kernel, fd, Way::Write, offset, flags)?;
    if flags & linux::RWF_APPEND != 0 {
        let end = file.node().size();
        at = match at {
            At::Offset(_) => At::Offset(end),
            At::Position => {
                file.position.set(end);
                At::Position
            }
        };
    }
    transfer_all(kernel, &file, Way::Write, at, buffers, count)
}

/// What to transfer and where: at the file's own offset for -1. Files never make wait, and have nothing to write back; a stream
/// that might make wait does not support `RWF_NOWAIT`.
fn flagged(
    kernel: &Kernel,
    fd: Fd,
    way: Way,
    offset: i64,
    flags: u32,
) -> Result<(Rc<OpenFile>, At), Errno> {
    let harmless = linux::RWF_HIPRI | linux::RWF_DSYNC | linux::RWF_SYNC;
    if flags & !(harmless | linux::RWF_NOWAIT | linux::RWF_APPEND) != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let (file, at) = if offset == -1 {
        (open_for(kernel, fd, way)?, At::Position)
    } else {
        positioned(kernel, fd, way, offset)?
    };
    if flags & linux::RWF_NOWAIT != 0 && !matches!(file.target, Target::Node(_)) {
        return Err(Errno::EOPNOTSUPP);
    }
    Ok((file, at))
}

pub(super) fn lseek(kernel: &mut Kernel, fd: Fd, offset: i64, whence: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    let node = match &file.target {
        Target::Node(node) => node,
        Target::View(_, _, node) if whence != linux::SEEK_END => node,
        Target::View(..) => return Err(Errno::EINVAL),
        Target::Device(..) => return Ok(0),
        Target::Stream(..) => return Err(Errno::ESPIPE),
        Target::Name(_) => return Err(Errno::EBADF),
    };
    let base = match whence {
        linux::SEEK_SET => 0,
        linux::SEEK_CUR => file.position.get(),
        linux::SEEK_END => node.size(),
        linux::SEEK_DATA => return seek_to(&file, offset, Holds::Data),
        linux::SEEK_HOLE => return seek_to(&file, offset, Holds::Hole),
        _ => return Err(Errno::EINVAL),
    };
    let position = base.checked_add_signed(offset).ok_or(Errno::EINVAL)?;
    if position > MAX_SIZE {
        return Err(Errno::EINVAL);
    }
    file.position.set(position);
    usize::try_from(position).map_err(|_| Errno::EOVERFLOW)
}

/// `SEEK_DATA` and `SEEK_HOLE`.
fn seek_to(file: &OpenFile, offset: i64, sought: Holds) -> SysResult {
    let Kind::File(contents) = &file.node().kind else {
        return Err(Errno::EINVAL);
    };
    let offset = u64::try_from(offset).map_err(|_| Errno::ENXIO)?;
    let found = contents.borrow().find(offset, sought).ok_or(Errno::ENXIO)?;
    file.position.set(found);
    usize::try_from(found).map_err(|_| Errno::EOVERFLOW)
}

pub(super) fn open_for(kernel: &Kernel, fd: Fd, way: Way) -> Result<Rc<OpenFile>, Errno> {
    let file = kernel.open_file(fd)?;
    let allowed = match way {
        Way::Read => file.is_readable(),
        Way::Write => file.is_writable(),
    };
    if allowed { Ok(file) } else { Err(Errno::EBADF) }
}

fn positioned(kernel: &Kernel, fd: Fd, way: Way, offset: i64) -> Result<(Rc<OpenFile>, At), Errno> {
    let offset = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    let file = open_for(kernel, fd, way)?;
    match file.target {
        Target::Stream(..) => Err(Errno::ESPIPE),
        _ => Ok((file, At::Offset(offset))),
    }
}

/// Transfers to or from a list of buffers (readv(2)); stops at the first that is not filled.
fn transfer_all(
    kernel: &mut Kernel,
    file: &OpenFile,
    way: Way,
    at: At,
    buffers: UserAddr,
    count: usize,
) -> SysResult {
    if count > MAX_BUFFERS {
        return Err(Errno::EINVAL);
    }
    let mut list = Vec::with_capacity(count);
    let mut left = MAX_TRANSFER;
    for index in 0..count as u64 {
        let entry = buffers
            .checked_add(index.saturating_mul(16))
            .ok_or(Errno::EFAULT)?;
        let address = UserAddr(kernel.memory.read_u64(entry)?);
        let len = kernel
            .memory
            .read_u64(entry.checked_add(8).ok_or(Errno::EFAULT)?)?;
        let len = usize::try_from(len.cast_signed()).map_err(|_| Errno::EINVAL)?;
        list.push((address, len));
    }
    for (address, len) in &mut list {
        check_memory(*address, *len)?;
        *len = (*len).min(left);
        left = left.saturating_sub(*len);
    }
    let mut done: usize = 0;
    for (address, len) in list {
        let at = match at {
            At::Position => At::Position,
            At::Offset(offset) => At::Offset(offset.saturating_add(done as u64)),
        };
        if len == 0 {
            continue;
        }
        match transfer(kernel, file, way, at, address, len) {
            Ok(count) => {
                done = done.saturating_add(count);
                if count < len {
                    break;
                }
            }
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

impl Kernel {
    /// What descriptor `fd` has open.
    pub(crate) fn open_file(&self, fd: Fd) -> Result<Rc<OpenFile>, Errno> {
        Ok(self.descriptors.get(fd.0)?.file.clone())
    }
}
