//! Descriptors: close(2), dup(2), fcntl(2), close_range(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use super::memfd;
use crate::errno::{Errno, SysResult};
use crate::fs::descriptors::{Descriptor, OnExec};
use crate::fs::open::CHANGEABLE;
use crate::kernel::Kernel;

pub(super) fn close(kernel: &mut Kernel, fd: Fd) -> SysResult {
    let file = kernel.descriptors.close(fd.0)?.file;
    kernel.free_records(&file);
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
    let replaced = kernel
        .descriptors
        .set(new.0, Descriptor { file, on_exec })?;
    if let Some(replaced) = replaced {
        kernel.free_records(&replaced.file);
    }
    Ok(new.0)
}

fn duplicate(kernel: &mut Kernel, fd: Fd, lowest: usize, on_exec: OnExec) -> SysResult {
    let file = kernel.open_file(fd)?;
    kernel.descriptors.add(Descriptor { file, on_exec }, lowest)
}

pub(super) fn fcntl(kernel: &mut Kernel, fd: Fd, command: u32, arg: u64) -> SysResult {
    /// `F_ADD_SEALS` and `F_GET_SEALS`.
    const ADD_SEALS: u32 = 1033;
    const GET_SEALS: u32 = 1034;
    const SET_PIPE_SIZE: u32 = 1031;
    let file = kernel.open_file(fd)?;
    let is_about_descriptor = matches!(
        command,
        linux::F_DUPFD | linux::F_DUPFD_CLOEXEC | linux::F_GETFD | linux::F_SETFD | linux::F_GETFL
    );
    if file.is_name() && !is_about_descriptor {
        return Err(Errno::EBADF);
    }
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
        linux::F_GETLK
        | linux::F_SETLK
        | linux::F_SETLKW
        | linux::F_OFD_GETLK
        | linux::F_OFD_SETLK
        | linux::F_OFD_SETLKW => super::lock::record(kernel, &file, command, UserAddr(arg)),
        // Nobody was made the owner; nobody has a lease.
        linux::F_GETOWN => Ok(0),
        linux::F_GETOWN_EX => {
            kernel.memory.write(UserAddr(arg), &[0; 8])?;
            Ok(0)
        }
        linux::F_GETLEASE => Ok(linux::F_UNLCK as usize),
        ADD_SEALS => memfd::add_seals(
            kernel,
            &file,
            u32::try_from(arg).map_err(|_| Errno::EINVAL)?,
        ),
        GET_SEALS => memfd::get_seals(&file),
        linux::F_GETPIPE_SZ | SET_PIPE_SIZE => Err(Errno::EBADF),
        _ => Err(Errno::EINVAL),
    }
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
            close(kernel, Fd(number))?;
        }
    }
    Ok(0)
}
