//! Descriptors: close(2), dup(2), fcntl(2), close_range(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use crate::errno::{Errno, SysResult};
use crate::fs::descriptors::{Descriptor, OnExec};
use crate::fs::open::CHANGEABLE;
use crate::kernel::Kernel;

pub(super) fn close(kernel: &mut Kernel, fd: Fd) -> SysResult {
    kernel.descriptors.close(fd.0)?;
    Ok(0)
}

pub(super) fn dup(kernel: &mut Kernel, fd: Fd) -> SysResult {
    duplicate(kernel, fd, 0, OnExec::Keep)
}

pub(super) fn dup2(kernel: &mut Kernel, old: Fd, new: Fd) -> SysResult {
    if old == new {
        kernel.descriptors.get(old.0)?;
        return Ok(new.0);
    }
    replace(kernel, old, new, OnExec::Keep)
}

pub(super) fn dup3(kernel: &mut Kernel, old: Fd, new: Fd, flags: u32) -> SysResult {
    if old == new || flags & !linux::O_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    replace(kernel, old, new, OnExec::from_flag(flags))
}

fn replace(kernel: &mut Kernel, old: Fd, new: Fd, on_exec: OnExec) -> SysResult {
    let file = kernel.open_file(old)?;
    kernel
        .descriptors
        .set(new.0, Descriptor { file, on_exec })?;
    Ok(new.0)
}

fn duplicate(kernel: &mut Kernel, fd: Fd, lowest: usize, on_exec: OnExec) -> SysResult {
    let file = kernel.open_file(fd)?;
    kernel.descriptors.add(Descriptor { file, on_exec }, lowest)
}

pub(super) fn fcntl(kernel: &mut Kernel, fd: Fd, command: u32, arg: u64) -> SysResult {
    let file = kernel.open_file(fd)?;
    match command {
        linux::F_DUPFD | linux::F_DUPFD_CLOEXEC => {
            let limit = kernel.descriptors.limit;
            let lowest = usize::try_from(arg)
                .ok()
                .filter(|lowest| *lowest < limit)
                .ok_or(Errno::EINVAL)?;
            duplicate(
                kernel,
                fd,
                lowest,
                if command == linux::F_DUPFD {
                    OnExec::Keep
                } else {
                    OnExec::Close
                },
            )
        }
        linux::F_GETFD => Ok(usize::from(
            kernel.descriptors.get(fd.0)?.on_exec == OnExec::Close,
        )),
        linux::F_SETFD => {
            let flag = u32::try_from(arg & u64::from(linux::FD_CLOEXEC)).unwrap_or(0);
            kernel.descriptors.get_mut(fd.0)?.on_exec = OnExec::from_flag(flag);
            Ok(0)
        }
        linux::F_GETFL => usize::try_from(file.flags.get()).map_err(|_| Errno::EINVAL),
        linux::F_SETFL => {
            let wanted = u32::try_from(arg & u64::from(CHANGEABLE)).unwrap_or(0);
            file.flags.set(file.flags.get() & !CHANGEABLE | wanted);
            Ok(0)
        }
        linux::F_GETLK | linux::F_SETLK | linux::F_SETLKW => {
            lock(kernel, fd, command, UserAddr(arg))
        }
        _ => Err(Errno::EINVAL),
    }
}

/// Record locks (F_SETLK in fcntl(2)). They only ever stand in other processes' way, and there are none: each is granted.
fn lock(kernel: &mut Kernel, fd: Fd, command: u32, record: UserAddr) -> SysResult {
    let file = kernel.open_file(fd)?;
    let mut kind = [0; 2];
    kernel.memory.read(record, &mut kind)?;
    let kind = u32::from(u16::from_le_bytes(kind));
    let allowed = match kind {
        linux::F_RDLCK => command == linux::F_GETLK || file.is_readable(),
        linux::F_WRLCK => command == linux::F_GETLK || file.is_writable(),
        linux::F_UNLCK => command != linux::F_GETLK,
        _ => return Err(Errno::EINVAL),
    };
    if !allowed {
        return Err(if command == linux::F_GETLK {
            Errno::EINVAL
        } else {
            Errno::EBADF
        });
    }
    if command == linux::F_GETLK {
        let unlocked = u16::try_from(linux::F_UNLCK).unwrap_or(0);
        kernel.memory.write(record, &unlocked.to_le_bytes())?;
    }
    Ok(0)
}

pub(super) fn close_range(kernel: &mut Kernel, first: u32, last: u32, flags: u32) -> SysResult {
    /// `CLOSE_RANGE_UNSHARE`: nobody shares the table.
    const UNSHARE: u32 = 2;
    const CLOEXEC: u32 = 4;
    if first > last || flags & !(UNSHARE | CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    let bound = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    for number in kernel.descriptors.open_between(bound(first), bound(last)) {
        if flags & CLOEXEC != 0 {
            kernel.descriptors.get_mut(number)?.on_exec = OnExec::Close;
        } else {
            kernel.descriptors.close(number)?;
        }
    }
    Ok(0)
}
