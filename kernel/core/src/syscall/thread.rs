//! Threads: what a program asks about the one that it has; futex(2), prctl(2), arch_prctl(2).

use linux_raw_sys::general as linux;
use linux_raw_sys::prctl as option;
use unikernel_machine::address::{USER_END, UserAddr};

use super::time::{read_timespec, to_nanos};
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::thread::{MAX_NAME, PROCESS_ID};
use crate::process::wait::Unmet;

pub(super) fn set_tid_address(kernel: &mut Kernel, address: UserAddr) -> SysResult {
    kernel.thread.clear_at_exit = address;
    Ok(PROCESS_ID as usize)
}

pub(super) fn set_robust_list(kernel: &mut Kernel, head: u64, len: u64) -> SysResult {
    /// The length of `struct robust_list_head`.
    const HEAD: u64 = 24;
    if len != HEAD {
        return Err(Errno::EINVAL);
    }
    kernel.thread.robust_list = (head, len);
    Ok(0)
}

pub(super) fn get_robust_list(
    kernel: &mut Kernel,
    tid: u32,
    head: UserAddr,
    len: UserAddr,
) -> SysResult {
    if tid != 0 && tid != PROCESS_ID {
        return Err(Errno::ESRCH);
    }
    let (list, list_len) = kernel.thread.robust_list;
    kernel.memory.write(len, &list_len.to_le_bytes())?;
    kernel.memory.write(head, &list.to_le_bytes())?;
    Ok(0)
}

/// No restartable sequences; the C library then does without (rseq(2)).
pub(super) fn rseq(_kernel: &mut Kernel) -> SysResult {
    Err(Errno::ENOSYS)
}

pub(super) fn sched_yield(_kernel: &mut Kernel) -> SysResult {
    Ok(0)
}

pub(super) fn getcpu(kernel: &mut Kernel, cpu: UserAddr, node: UserAddr) -> SysResult {
    for to in [cpu, node] {
        if to.0 != 0 {
            kernel.memory.write(to, &0_u32.to_le_bytes())?;
        }
    }
    Ok(0)
}

/// The set of processors: one.
pub(super) fn sched_getaffinity(
    kernel: &mut Kernel,
    pid: u32,
    len: usize,
    to: UserAddr,
) -> SysResult {
    const SET: usize = 8;
    if pid != 0 && pid != PROCESS_ID {
        return Err(Errno::ESRCH);
    }
    if len < SET || !len.is_multiple_of(SET) {
        return Err(Errno::EINVAL);
    }
    kernel.memory.write(to, &1_u64.to_le_bytes())?;
    Ok(SET)
}

pub(super) fn prctl(
    kernel: &mut Kernel,
    command: u32,
    arg: u64,
    third: u64,
    fourth: u64,
    fifth: u64,
) -> SysResult {
    match command {
        option::PR_SET_NAME => {
            let name = read_name(kernel, UserAddr(arg))?;
            kernel.thread.set_name(&name);
            Ok(0)
        }
        option::PR_GET_NAME => {
            let name = kernel.thread.name;
            kernel.memory.write(UserAddr(arg), &name)?;
            Ok(0)
        }
        // There are no core dumps.
        option::PR_GET_DUMPABLE => Ok(0),
        // Nothing is ever executed that could give privileges.
        option::PR_SET_NO_NEW_PRIVS if arg == 1 && third == 0 && fourth == 0 && fifth == 0 => Ok(0),
        option::PR_GET_NO_NEW_PRIVS if arg == 0 && third == 0 && fourth == 0 && fifth == 0 => Ok(1),
        _ => Err(Errno::EINVAL),
    }
}

/// Reads up to [`MAX_NAME`] bytes, not beyond a NUL: what lies behind it may not be readable.
fn read_name(kernel: &mut Kernel, from: UserAddr) -> Result<[u8; MAX_NAME], Errno> {
    let mut name = [0; MAX_NAME];
    for (offset, slot) in name.iter_mut().enumerate() {
        let mut byte = [0];
        kernel.memory.read(
            from.checked_add(offset as u64).ok_or(Errno::EFAULT)?,
            &mut byte,
        )?;
        [*slot] = byte;
        if *slot == 0 {
            break;
        }
    }
    Ok(name)
}

pub(super) fn arch_prctl(kernel: &mut Kernel, command: u32, address: u64) -> SysResult {
    // Of asm/prctl.h.
    const SET_GS: u32 = 0x1001;
    const SET_FS: u32 = 0x1002;
    const GET_FS: u32 = 0x1003;
    const GET_GS: u32 = 0x1004;
    let context = &mut kernel.thread.context;
    match command {
        SET_FS | SET_GS if address >= USER_END => Err(Errno::EPERM),
        SET_FS => {
            context.fs_base = address;
            Ok(0)
        }
        SET_GS => {
            context.gs_base = address;
            Ok(0)
        }
        GET_FS | GET_GS => {
            let base = if command == GET_FS {
                context.fs_base
            } else {
                context.gs_base
            };
            kernel
                .memory
                .write(UserAddr(address), &base.to_le_bytes())?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

/// With one thread nobody waits when it wakes, and nobody wakes it when it waits.
pub(super) fn futex(
    kernel: &mut Kernel,
    address: UserAddr,
    operation: u32,
    value: u32,
    timeout: UserAddr,
) -> SysResult {
    const WAIT: u32 = linux::FUTEX_WAIT;
    const WAIT_BITSET: u32 = linux::FUTEX_WAIT_BITSET;
    if !address.0.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    let command = operation & !(linux::FUTEX_PRIVATE_FLAG | linux::FUTEX_CLOCK_REALTIME);
    match command {
        linux::FUTEX_WAKE | linux::FUTEX_WAKE_BITSET => {
            kernel.memory.read_u32(address)?;
            Ok(0)
        }
        WAIT | WAIT_BITSET => {
            let deadline = futex_deadline(kernel, operation, timeout)?;
            if kernel.memory.read_u32(address)? != value {
                return Err(Errno::EAGAIN);
            }
            let unmet = kernel.wait_until::<()>(deadline, |_| None).err();
            Err(match unmet {
                // A wait that ends by itself is not begun again (signal(7)).
                Some(Unmet::Interrupted) if deadline.is_some() => Errno::EINTR,
                unmet => unmet.map_or(Errno::EAGAIN, Errno::from),
            })
        }
        _ => super::missing(kernel),
    }
}

/// When a wait ends, on the monotonic clock: WAIT has a length of time, WAIT_BITSET a point in time (futex(2)).
fn futex_deadline(
    kernel: &mut Kernel,
    operation: u32,
    timeout: UserAddr,
) -> Result<Option<u64>, Errno> {
    if timeout.0 == 0 {
        return Ok(None);
    }
    let nanos = to_nanos(read_timespec(kernel, timeout)?).ok_or(Errno::EINVAL)?;
    let is_relative = operation & linux::FUTEX_WAIT_BITSET != linux::FUTEX_WAIT_BITSET;
    Ok(Some(if is_relative {
        kernel.clock.monotonic().saturating_add(nanos)
    } else if operation & linux::FUTEX_CLOCK_REALTIME != 0 {
        nanos.saturating_sub(kernel.clock.unix_at_entry())
    } else {
        nanos
    }))
}
